"""Units that leave a location's work."""

import pytest

from shared.fulfillment import decide
from shared.fulfillment import model as m
from shared.fulfillment.model import NotInFulfillment, Status
from shared.kernel.errors import NotAllowed
from tests.unit.fulfillment.samples import NOON, a_fulfillment, an_item


def test_a_part_rejected_leaves_the_rest_of_the_work() -> None:
    work = a_fulfillment(an_item(quantity=3, picked=3), status="picking")
    left = decide.without(work, {("1", 1): 1}, m.Reject, NOON)
    assert (left.status, left.items[0].quantity, left.items[0].picked) == (Status.PICKING, 2, 2)


def test_work_of_which_nothing_remains_ends_as_it_was_taken() -> None:
    rejected = decide.without(a_fulfillment(), {("1", 1): 2}, m.Reject, NOON)
    cancelled = decide.without(a_fulfillment(), {("1", 1): 2}, m.Cancel, NOON)
    assert (rejected.status, cancelled.status) == (Status.REJECTED, Status.CANCELLED)
    assert rejected.items == a_fulfillment().items


def test_one_of_two_items_goes_whole() -> None:
    work = a_fulfillment(an_item(), an_item(line_id="2"))
    left = decide.without(work, {("2", 1): 2}, m.Cancel, NOON)
    assert [item.line_id for item in left.items] == ["1"]


@pytest.mark.parametrize("gone", [{("1", 1): 3}, {("9", 1): 1}])
def test_no_more_leaves_than_there_is(gone: dict[tuple[str, int], int]) -> None:
    with pytest.raises(NotInFulfillment):
        decide.without(a_fulfillment(), gone, m.Reject, NOON)


def test_shipped_work_is_not_rejected() -> None:
    with pytest.raises(NotAllowed):
        decide.without(a_fulfillment(status="shipped"), {("1", 1): 1}, m.Reject, NOON)


def test_divided_items_take_their_new_part_and_reservation() -> None:
    work = a_fulfillment(an_item(), an_item(line_id="2"))
    renamed = decide.renamed(work, {("1", 1): (3, "o_7k2.1.3.d4")})
    assert [(i.line_id, i.part, i.reservation_id) for i in renamed.items] == [
        ("1", 3, "o_7k2.1.3.d4"),
        ("2", 1, "o_7k2.1.1.1"),
    ]


def test_picked_units_are_those_in_totes_of_work_that_is_not_over() -> None:
    works = [
        a_fulfillment(an_item(picked=1), an_item(sku="HAT", picked=2), status="picking"),
        a_fulfillment(an_item(picked=2), status="shipped"),
    ]
    assert decide.picked_units(works, "BOOT-42") == 1


def test_a_location_is_asked_to_confirm_a_cancel_and_may_refuse() -> None:
    asked = decide.ask_cancel(a_fulfillment(status="picked"), frozenset({("1", 1)}), NOON)
    assert decide.has_cancel_asked(asked)
    assert [item.line_id for item in decide.asked_items(asked)] == ["1"]
    assert {"confirm-cancel", "refuse-cancel"} <= set(decide.legal_commands(asked))
    refused = decide.refuse_cancel(asked, frozenset({("1", 1)}), NOON)
    assert not decide.has_cancel_asked(refused)


def test_a_refused_cancel_of_one_item_leaves_the_others_asked() -> None:
    both = frozenset({("1", 1), ("2", 1)})
    asked = decide.ask_cancel(a_fulfillment(an_item(), an_item(line_id="2")), both, NOON)
    left = decide.refuse_cancel(asked, frozenset({("1", 1)}), NOON)
    assert [item.line_id for item in decide.asked_items(left)] == ["2"]


def test_the_legal_commands_are_those_of_the_methods_own_paths() -> None:
    packed = {"status": "packed"}
    assert decide.legal_commands(a_fulfillment(**packed)) == ("reject", "ship")
    assert decide.legal_commands(a_fulfillment(**packed, method="pickup")) == ("ready", "reject")
    assert decide.legal_commands(a_fulfillment(status="accepted")) == ("pick", "reject")
