"""What a location does with its work."""

from datetime import timedelta

import pytest

from shared.fulfillment import decide
from shared.fulfillment.model import (
    CodeLocked,
    NotInFulfillment,
    Parcel,
    Status,
    WrongMethod,
)
from shared.kernel.errors import NotAllowed
from tests.unit.fulfillment.samples import NOON, a_fulfillment, an_item


def test_open_work_stands_in_its_locations_queue_and_ended_work_does_not() -> None:
    assert decide.queue_of("berlin", Status.OPEN) == decide.todo_queue("berlin")
    assert decide.queue_of("berlin", Status.SHIPPED) != decide.todo_queue("berlin")


def test_scheduled_work_opens() -> None:
    assert decide.open_up(a_fulfillment(status="scheduled"), NOON).status is Status.OPEN


def test_accepting_moves_on_one_version_and_stops_the_acceptance_clock() -> None:
    work = decide.accept(a_fulfillment(accept_by=NOON), NOON)
    assert work is not None
    assert (work.status, work.version, work.accepted_at, work.accept_by) == (
        Status.ACCEPTED,
        2,
        NOON,
        None,
    )


def test_work_falls_due_when_nobody_accepts_or_fetches_it_and_not_between() -> None:
    work = decide.resume(a_fulfillment(status="on-hold", left="open", accept_by=NOON), NOON)
    assert work is not None
    assert work.due_at == NOON
    accepted = decide.accept(work, NOON)
    assert accepted is not None
    assert accepted.due_at is None
    last = NOON + timedelta(days=7)
    packed = a_fulfillment(status="packed", method="pickup")
    ready = decide.ready(packed, "k7", last, NOON)
    assert ready.due_at == last
    assert decide.hand_over(ready, None, NOON).due_at is None


def test_accepting_twice_changes_nothing() -> None:
    assert decide.accept(a_fulfillment(status="accepted"), NOON) is None


def test_shipped_work_cannot_be_accepted_and_the_refusal_says_what_can_be_done() -> None:
    with pytest.raises(NotAllowed) as refused:
        decide.accept(a_fulfillment(status="shipped"), NOON)
    assert refused.value.legal == ("close", "void")


def test_picking_fills_the_tote_item_by_item() -> None:
    work = a_fulfillment(an_item(), an_item(line_id="2", sku="HAT", quantity=1), status="accepted")
    some = decide.pick(work, {"BOOT-42": 1}, NOON)
    assert (some.status, decide.in_tote(some)) == (Status.PICKING, {"BOOT-42": 1})
    assert [item.line_id for item in decide.shortages(some)] == ["1", "2"]
    whole = decide.pick(some, {"BOOT-42": 1, "HAT": 1}, NOON)
    assert (whole.status, decide.shortages(whole)) == (Status.PICKED, ())


def test_one_sku_on_two_lines_fills_the_first_line_first() -> None:
    work = a_fulfillment(an_item(), an_item(line_id="2"), status="accepted")
    assert [item.picked for item in decide.pick(work, {"BOOT-42": 3}, NOON).items] == [2, 1]


@pytest.mark.parametrize("picks", [{"BOOT-42": 3}, {"HAT": 1}])
def test_what_is_not_asked_for_is_not_picked(picks: dict[str, int]) -> None:
    with pytest.raises(NotInFulfillment):
        decide.pick(a_fulfillment(status="accepted"), picks, NOON)


def test_a_total_is_turned_into_what_is_still_to_add() -> None:
    work = decide.pick(a_fulfillment(status="accepted"), {"BOOT-42": 1}, NOON)
    assert decide.additional(work, {"BOOT-42": 2}) == {"BOOT-42": 1}
    with pytest.raises(NotInFulfillment):
        decide.additional(work, {"BOOT-42": 0})


def test_picking_ends_when_the_short_units_are_gone() -> None:
    work = a_fulfillment(an_item(quantity=1, picked=1), status="picking")
    assert decide.finish_pick(work, NOON).status is Status.PICKED


def test_without_parcels_everything_is_in_one() -> None:
    work = decide.pack(a_fulfillment(status="picked"), (), NOON)
    assert work.parcels == (Parcel(parcel=1, contents=(("1", 2),)),)
    assert work.packed_at == NOON


@pytest.mark.parametrize("contents", [(("1", 3),), (("9", 1),)])
def test_a_parcel_holds_no_more_than_the_work(contents: tuple[tuple[str, int], ...]) -> None:
    with pytest.raises(NotInFulfillment):
        decide.pack(a_fulfillment(status="picked"), (Parcel(parcel=1, contents=contents),), NOON)


def test_a_pickup_is_ready_with_a_code_and_an_expiry() -> None:
    expires = NOON + timedelta(days=7)
    work = decide.ready(a_fulfillment(status="packed", method="pickup"), "abcd2345", expires, NOON)
    assert (work.status, work.pickup_expires_at, work.ready_at) == (
        Status.READY_FOR_PICKUP,
        expires,
        NOON,
    )
    assert decide.code_fits(work, " ABCD-2345 ", 5)
    assert not decide.code_fits(work, "abcd2346", 5)


def test_a_parcel_is_not_made_ready_for_pickup_nor_a_pickup_shipped() -> None:
    with pytest.raises(WrongMethod):
        decide.ready(a_fulfillment(status="packed"), "c", NOON, NOON)
    with pytest.raises(WrongMethod):
        decide.ship(a_fulfillment(status="packed", method="pickup"), (), NOON)


def test_wrong_codes_are_counted_until_the_code_locks_and_a_new_one_unlocks_it() -> None:
    work = decide.ready(a_fulfillment(status="packed", method="pickup"), "abcd2345", NOON, NOON)
    for left in (2, 1, 0):
        assert decide.wrong_code(work, 3).tries_left == left
        work = decide.wrong_try(work, NOON)
    with pytest.raises(CodeLocked):
        decide.code_fits(work, "abcd2345", 3)
    assert decide.code_fits(decide.resend_code(work, "wxyz6789", NOON), "wxyz6789", 3)


def test_only_a_waiting_pickup_gets_a_new_code() -> None:
    with pytest.raises(NotAllowed):
        decide.resend_code(a_fulfillment(), "c", NOON)


def test_a_collected_pickup_forgets_its_code() -> None:
    waiting = a_fulfillment(status="ready-for-pickup", method="pickup", pickup_code="c")
    work = decide.hand_over(waiting, "Zoë Müller", NOON)
    assert (work.status, work.collector, work.pickup_code, work.ended_at) == (
        Status.HANDED_OVER,
        "Zoë Müller",
        None,
        NOON,
    )


def test_shipped_work_keeps_its_parcels_and_can_be_voided() -> None:
    sent = decide.ship(a_fulfillment(status="packed"), (Parcel(parcel=1, tracking="1Z"),), NOON)
    assert (sent.status, sent.shipments, sent.ended_at) == (Status.SHIPPED, 1, NOON)
    back = decide.void_shipment(sent, (an_item(reservation_id="new"),), NOON)
    assert (back.status, back.ended_at, back.items[0].reservation_id) == (
        Status.PACKED,
        None,
        "new",
    )


def test_a_hold_stops_work_where_it_stands_and_its_release_goes_on_there() -> None:
    held = decide.hold(a_fulfillment(status="picked"), NOON)
    assert held is not None
    assert (held.status, held.left) == (Status.ON_HOLD, Status.PICKED)
    resumed = decide.resume(held, NOON)
    assert resumed is not None
    assert (resumed.status, resumed.left, resumed.version) == (Status.PICKED, None, 3)


def test_a_hold_leaves_ended_work_alone_and_only_held_work_resumes() -> None:
    assert decide.hold(a_fulfillment(status="shipped"), NOON) is None
    assert decide.resume(a_fulfillment(), NOON) is None


def test_an_uncollected_pickup_expires() -> None:
    waiting = a_fulfillment(status="ready-for-pickup", method="pickup", pickup_code="c")
    assert decide.expire(waiting, NOON).status is Status.EXPIRED


def test_a_tote_with_nothing_in_it_holds_nothing() -> None:
    work = a_fulfillment(an_item(picked=1), an_item(line_id="2", sku="HAT"), status="picking")
    assert decide.in_tote(work) == {"BOOT-42": 1}
    assert decide.additional(work, {"HAT": 2}) == {"HAT": 2}
