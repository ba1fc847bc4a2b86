"""Units that leave a location's work."""

import pytest

from shared.fulfillment import decide
from shared.fulfillment import model as m
from shared.fulfillment.decide import ItemNow
from shared.fulfillment.model import Status
from shared.kernel.errors import NotAllowed
from tests.unit.fulfillment.samples import NOON, a_fulfillment, an_item


def left(part: int, quantity: int, *, was: int = 1, is_asked: bool = False) -> ItemNow:
    return ItemNow("1", part, was, quantity, f"o_7k2.1.{part}.d2", is_asked)


def test_a_part_rejected_leaves_the_rest_of_the_work_under_its_new_number() -> None:
    work = a_fulfillment(an_item(quantity=3, picked=3), status="picking")
    rest = decide.reshaped(work, (left(3, 2),), m.Reject, NOON)
    assert rest is not None
    assert (rest.status, rest.version) == (Status.PICKING, 2)
    assert [(i.part, i.quantity, i.picked, i.reservation_id) for i in rest.items] == [
        (3, 2, 2, "o_7k2.1.3.d2")
    ]


def test_what_is_in_the_tote_stays_with_what_is_not_to_be_cancelled() -> None:
    work = a_fulfillment(an_item(quantity=3, picked=2), status="picking")
    both = decide.reshaped(work, (left(2, 1, is_asked=True), left(3, 2)), m.Cancel, NOON)
    assert both is not None
    assert [(i.part, i.picked, i.cancel_asked) for i in both.items] == [
        (3, 2, False),
        (2, 0, True),
    ]
    assert [item.part for item in decide.asked_items(both)] == [2]


@pytest.mark.parametrize(
    ("event", "status", "before"),
    [
        (m.Reject, Status.REJECTED, "open"),
        (m.Cancel, Status.CANCELLED, "picked"),
        (m.Ship, Status.SHIPPED, "packed"),
        (m.Expire, Status.EXPIRED, "ready-for-pickup"),
    ],
)
def test_work_of_which_nothing_is_left_ends_as_it_was_taken(
    event: type, status: Status, before: str
) -> None:
    ended = decide.reshaped(a_fulfillment(status=before), (), event, NOON)
    assert ended is not None
    assert (ended.status, ended.ended_at) == (status, NOON)
    assert ended.items == a_fulfillment().items


def test_work_that_nothing_changed_stays_as_it_is() -> None:
    item = ItemNow("1", 1, 1, 2, "o_7k2.1.1.1")
    assert decide.reshaped(a_fulfillment(), (item,), m.Cancel, NOON) is None


def test_an_item_that_the_work_never_had_is_not_added() -> None:
    work = decide.reshaped(a_fulfillment(), (left(1, 2), left(7, 1, was=7)), m.Cancel, NOON)
    assert work is not None
    assert [item.part for item in work.items] == [1]


def test_shipped_work_is_not_rejected() -> None:
    with pytest.raises(NotAllowed):
        decide.reshaped(a_fulfillment(status="shipped"), (), m.Reject, NOON)


def test_picked_units_are_those_in_totes_of_work_that_is_not_over() -> None:
    works = [
        a_fulfillment(an_item(picked=1), an_item(sku="HAT", picked=2), status="picking"),
        a_fulfillment(an_item(picked=2), status="shipped"),
    ]
    assert decide.picked_units(works, ["BOOT-42", "SCARF"]) == {"BOOT-42": 1, "SCARF": 0}


def test_the_legal_commands_are_those_of_the_methods_own_paths() -> None:
    packed = {"status": "packed"}
    assert decide.legal_commands(a_fulfillment(**packed)) == ("reject", "ship")
    assert decide.legal_commands(a_fulfillment(**packed, method="pickup")) == ("ready", "reject")
    assert decide.legal_commands(a_fulfillment(status="accepted")) == ("pick", "reject")
    asked = a_fulfillment(an_item(cancel_asked=True), status="picked")
    assert {"confirm-cancel", "refuse-cancel"} <= set(decide.legal_commands(asked))
    ready = a_fulfillment(status="ready-for-pickup", method="pickup")
    assert decide.legal_commands(ready) == ("handover", "ready", "resend-code")
