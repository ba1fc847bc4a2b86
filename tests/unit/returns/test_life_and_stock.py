from typing import Any

import pytest

from shared.contracts.returns import Disposition
from shared.kernel.errors import NotAllowed, NotFound
from shared.returns import decide
from shared.returns.decide import Named, Worth
from shared.returns.model import PARCELS_MAX, NotAllInspected, NotInReturn, Return, TooMany
from tests.unit.returns.samples import NOON, a_receipt, a_return, an_inspection

WORTH = {"1": Worth(5000, 950)}


def received(**changes: Any) -> Return:
    return decide.receive(a_return(**changes), a_receipt(), WORTH)


def test_a_return_is_approved_once() -> None:
    done = decide.approve(a_return(status="requested"))
    assert done is not None
    assert (done.status, done.version) == ("approved", 2)
    assert decide.approve(done) is None
    with pytest.raises(NotAllowed):
        decide.approve(a_return(status="closed"))


def test_a_return_is_declined_or_called_off_with_a_reason() -> None:
    declined = decide.decline(a_return(status="requested"), "worn")
    cancelled = decide.cancel(a_return(status="in-transit"), "lost")
    assert declined is not None
    assert cancelled is not None
    assert (declined.status, declined.reason) == ("declined", "worn")
    assert (cancelled.status, cancelled.reason) == ("cancelled", "lost")
    assert decide.decline(declined, "worn") is None
    assert decide.cancel(cancelled, "lost") is None
    with pytest.raises(NotAllowed):
        decide.decline(a_return(status="approved"), "late")
    with pytest.raises(NotAllowed) as refused:
        decide.cancel(a_return(status="received"), "late")
    assert refused.value.legal == ("inspect", "inspect-units", "receive")


@pytest.mark.parametrize("status", ["in-transit", "received", "inspected"])
def test_a_departure_told_late_is_old_news(status: str) -> None:
    assert decide.depart(a_return(status=status)) is None


def test_only_an_approved_return_departs() -> None:
    gone = decide.depart(a_return())
    assert gone is not None
    assert gone.status == "in-transit"
    with pytest.raises(NotAllowed):
        decide.depart(a_return(status="requested"))


def test_a_return_closes_after_its_inspection() -> None:
    done = decide.close(a_return(status="inspected"), NOON)
    assert done is not None
    assert (done.status, done.closed_at) == ("closed", NOON)
    assert decide.close(done, NOON) is None
    with pytest.raises(NotAllowed):
        decide.close(a_return(status="received"), NOON)


def test_parcels_add_up_with_their_worth() -> None:
    first = decide.receive(a_return(), a_receipt(("1", 1)), {"1": Worth(2500, 475)})
    assert decide.is_received(first, "p1")
    assert not decide.is_received(first, "p2")
    both = decide.receive(first, a_receipt(("1", 1), parcel="p2"), {"1": Worth(2499, 474)})
    (line,) = both.lines
    assert (line.received, line.goods_minor, line.tax_minor) == (2, 4999, 949)
    assert decide.expected(both) == ()


def test_units_without_worth_are_received_all_the_same() -> None:
    after = decide.receive(a_return(), a_receipt(), {})
    assert (after.lines[0].received, after.lines[0].goods_minor) == (2, 0)


def test_lines_that_did_not_come_stay_as_they_are() -> None:
    lines = [
        {"line_id": "1", "quantity": 1, "reason": "x"},
        {"line_id": "2", "quantity": 1, "reason": "x"},
    ]
    after = decide.receive(a_return(lines=lines), a_receipt(("2", 1)), {})
    assert [line.received for line in after.lines] == [0, 1]


@pytest.mark.parametrize("units", [[("1", 3)], [("1", 2), ("1", 1)], [("9", 1)]])
def test_more_than_is_expected_is_not_in_the_return(units: list[tuple[str, int]]) -> None:
    with pytest.raises(NotInReturn):
        decide.check_receivable(a_return(), a_receipt(*units))


def test_a_parcel_of_nothing_is_not_in_the_return() -> None:
    with pytest.raises(NotInReturn):
        decide.check_receivable(a_return(), a_receipt(lines=[]))


def test_a_return_has_so_many_parcels_and_batches() -> None:
    receipts = [a_receipt(("1", 1), parcel=f"p{n}") for n in range(PARCELS_MAX)]
    with pytest.raises(TooMany):
        decide.check_receivable(a_return(receipts=receipts), a_receipt(("1", 1)))
    batches = [an_inspection(batch=f"b{n}") for n in range(PARCELS_MAX)]
    full = received().model_copy(update={"inspections": tuple(batches)})
    with pytest.raises(TooMany):
        decide.inspect(full, an_inspection(("1", "resell", 1)), {})


def test_the_last_batch_moves_the_return_on() -> None:
    some = decide.inspect(received(), an_inspection(("1", "resell", 1)), {})
    assert (some.status, decide.uninspected(some)) == ("received", 1)
    assert decide.is_looked_at(some, "b1")
    done = decide.inspect(some, an_inspection(("1", "damaged", 1), batch="b2"), {})
    assert (done.status, done.inspected_at) == ("inspected", NOON)


def test_units_are_inspected_where_they_came() -> None:
    half = decide.receive(a_return(), a_receipt(("1", 1)), WORTH)
    both = decide.receive(half, a_receipt(("1", 1), parcel="p2", location_id="munich"), {})
    assert decide.waiting_at(both, "munich") == {"1": 1}
    with pytest.raises(NotInReturn):
        decide.inspect(both, an_inspection(("1", "resell", 2)), {})
    done = decide.inspect(both, an_inspection(("1", "resell", 1), location_id="munich"), {})
    assert decide.waiting_at(done, "munich") == {"1": 0}


def test_kept_units_need_no_receipt() -> None:
    keep = an_inspection(("1", "keep", 2))
    done = decide.inspect(a_return(), keep, WORTH)
    assert (done.status, done.lines[0].received, done.lines[0].goods_minor) == (
        "inspected",
        2,
        5000,
    )
    with pytest.raises(NotInReturn):
        decide.inspect(done.model_copy(update={"status": "received"}), keep, WORTH)
    with pytest.raises(NotAllowed):
        decide.inspect(a_return(status="requested"), keep, WORTH)


def test_some_units_are_kept_and_others_come() -> None:
    some = decide.inspect(a_return(), an_inspection(("1", "keep", 1)), {"1": Worth(2500, 0)})
    assert some.status == "received"
    came = decide.receive(some, a_receipt(("1", 1)), {"1": Worth(2500, 0)})
    done = decide.inspect(came, an_inspection(("1", "resell", 1), batch="b2"), {})
    assert (done.status, done.lines[0].goods_minor) == ("inspected", 5000)
    mixed = an_inspection(("1", "keep", 1), ("1", "resell", 1))
    with pytest.raises(NotAllowed):
        decide.inspect(a_return(), mixed, {})
    half = decide.receive(a_return(), a_receipt(("1", 1)), {})
    assert decide.inspect(half, mixed, {}).status == "inspected"


def test_what_is_missing_is_let_go_only_when_all_that_came_was_looked_at() -> None:
    half = decide.receive(a_return(), a_receipt(("1", 1)), {})
    with pytest.raises(NotAllInspected):
        decide.inspect(half, an_inspection(), {}, is_last=True)
    some = decide.inspect(half, an_inspection(("1", "resell", 1)), {})
    assert some.status == "received"
    assert decide.inspect(some, an_inspection(batch="b2"), {}, is_last=True).status == "inspected"


def test_nothing_is_inspected_before_it_came() -> None:
    with pytest.raises(NotAllowed):
        decide.inspect(a_return(), an_inspection(("1", "resell", 1)), {})


TWICE = a_return(
    lines=[
        {"line_id": "1", "sku": "BOOT-42", "quantity": 1, "reason": "x"},
        {"line_id": "2", "sku": "BOOT-42", "quantity": 2, "reason": "x"},
        {"line_id": "3", "quantity": 1, "reason": "x"},
    ]
)


def test_scanned_units_go_to_the_lines_that_expect_them() -> None:
    assert decide.named_in(TWICE, [Named(None, "BOOT-42", 2)]) == [("1", 1), ("2", 1)]
    rows = [Named("2", None, 2), Named(None, "BOOT-42", 2)]
    assert decide.named_in(TWICE, rows) == [("2", 2), ("1", 1), ("2", 1)]
    for row in (Named(None, None, 1), Named(None, "HAT-7", 1), Named("9", None, 1)):
        with pytest.raises(NotFound):
            decide.named_in(TWICE, [row])


def test_each_line_and_disposition_stands_once() -> None:
    (line,) = decide.received_lines([("1", 1), ("1", 2)])
    assert (line.line_id, line.quantity) == ("1", 3)
    rows = [("1", Disposition.RESELL, 1), ("1", Disposition.KEEP, 1), ("1", Disposition.RESELL, 2)]
    assert [(r.disposition, r.quantity) for r in decide.inspected_lines(rows)] == [
        ("resell", 3),
        ("keep", 1),
    ]


def test_a_receipt_adds_on_hand_and_holds_it() -> None:
    (move,) = decide.receipt_moves(TWICE, a_receipt(("2", 2), ("3", 1), ("9", 1)))
    assert (move.sku, move.location_id, move.reason) == ("BOOT-42", "berlin", "returned")
    assert (move.on_hand, move.quality_hold, move.damaged) == (2, 2, 0)
    (again,) = decide.receipt_moves(TWICE, a_receipt(("2", 2)))
    (other,) = decide.receipt_moves(TWICE, a_receipt(("2", 2), parcel="p2"))
    assert move.movement_id == again.movement_id != other.movement_id


@pytest.mark.parametrize(
    ("disposition", "on_hand", "damaged"),
    [("resell", 0, 0), ("damaged", 0, 2), ("return-to-vendor", -2, 0), ("write-off", -2, 0)],
)
def test_inspection_takes_the_hold_off_and_does_what_it_found(
    disposition: str, on_hand: int, damaged: int
) -> None:
    inspection = an_inspection(("2", disposition, 2), ("1", "keep", 1), ("3", "resell", 1))
    (move,) = decide.inspection_moves(TWICE, inspection)
    assert (move.on_hand, move.damaged, move.quality_hold) == (on_hand, damaged, -2)
    assert move.reason == disposition


def test_goods_never_moved_later_than_now() -> None:
    later = NOON.replace(hour=13)
    assert decide.movement_time(None, NOON) == NOON
    assert decide.movement_time(later, NOON) == NOON
    assert decide.movement_time(NOON, later) == NOON
