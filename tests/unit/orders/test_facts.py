from datetime import timedelta
from typing import Any

import pytest

from shared.contracts.intake import Method
from shared.contracts.stock import (
    DivideReservation,
    Ending,
    EndReservation,
    Move,
    RejectReason,
    Restore,
)
from shared.kernel.errors import NotAllowed, NotFound
from shared.orders import decide
from shared.orders.decide import (
    Change,
    Item,
    Parcels,
    Receipt,
    Rejected,
    RejectPolicy,
    Removed,
    Stage,
    Units,
    Work,
)
from shared.orders.model import PARTS_MAX, Order
from shared.orders.refusals import NotSoMany
from tests.unit.orders.samples import (
    ACT,
    NOW,
    a_decision,
    a_line,
    a_pick,
    an_order,
    closed,
    done,
    eur,
    part_of,
    sourced,
    stages,
    states,
    told,
    work_of,
)

POLICY = RejectPolicy(max_rejects=2, rejection_period_days=3)


def parcels(order: Order, status: str = "booked") -> Parcels:
    return Parcels(f"{order.order_id}.f1.s1", "berlin", status, "dhl", "express", ("JD01",))


def shipped(order: Order, *items: Item) -> Change | None:
    return decide.ship(order, work_of(order), parcels(order), items or [Item("1", 1, 3)], ACT)


def an_order_on_its_way(**changes: Any) -> Order:
    return done(shipped(sourced(**changes))).order


def rejected(order: Order, *rows: Rejected, **more: Any) -> Change:
    return decide.reject(order, work_of(order), rows, POLICY, ACT, **more)


def a_reject(**changes: Any) -> Rejected:
    usual: dict[str, Any] = {
        "line_id": "1", "part": 1, "quantity": 3, "reason": RejectReason.NOT_IN_STOCK,
    }  # fmt: skip
    return Rejected(**(usual | changes))


# --- rejections -------------------------------------------------------------------------------


def test_a_rejection_frees_queues_and_carries_its_effect_in_one_task() -> None:
    order = sourced()
    change = rejected(order, a_reject(), picked_units={"BOOT-42": 2})
    part = part_of(change.order)
    assert (part.state, part.rejects, part.excluded) == ("pending", 1, ("berlin",))
    assert part.excluded_until == NOW + timedelta(days=3)
    assert (part.location_id, part.reservation_id, part.queued) == (None, None, True)
    (task,) = change.event.stock
    assert isinstance(task, EndReservation)
    assert (task.ending, task.effect, task.picked_units) == (
        Ending.RELEASED, RejectReason.NOT_IN_STOCK, 2,
    )  # fmt: skip
    assert task.wait is not None
    assert task.wait.generation == 3
    assert (told(change), change.event.route) == ("fulfillment.parts-rejected.v1", True)
    assert change.removed == (Removed(f"{order.order_id}.f1", "1", 1, 3),)


def test_two_reasons_for_one_part_are_one_division() -> None:
    change = rejected(
        sourced(), a_reject(quantity=1), a_reject(quantity=1, reason=RejectReason.DAMAGED)
    )
    assert states(change.order) == [(2, 1, "pending"), (3, 1, "pending"), (4, 1, "sourced")]
    (task,) = change.event.stock
    assert isinstance(task, DivideReservation)
    assert [(s.effect, s.ending) for s in task.shares] == [
        (RejectReason.NOT_IN_STOCK, Ending.RELEASED),
        (RejectReason.DAMAGED, Ending.RELEASED),
        (None, None),
    ]


def test_after_the_most_rejects_a_person_decides() -> None:
    order = rejected(sourced(), a_reject()).order
    order = closed(order, a_decision(order, a_pick(order))).change.order
    change = rejected(order, a_reject())
    assert states(change.order) == [(1, 3, "exception")]
    assert [(row.code, row.detail) for row in change.opened] == [("max-rejects", {"rejects": 2})]
    assert not change.event.route


def test_a_rejection_that_is_not_counted_never_reaches_the_most() -> None:
    order = rejected(sourced(), a_reject()).order
    order = closed(order, a_decision(order, a_pick(order))).change.order
    change = rejected(order, a_reject(is_counted=False))
    assert states(change.order) == [(1, 3, "pending")]


def test_a_rejected_pickup_stands_before_a_person_at_once() -> None:
    order = sourced(a_line(method=Method.PICKUP, pickup_location="berlin"))
    change = rejected(order, a_reject())
    assert [row.code for row in change.opened] == ["pickup-short"]


def test_rejecting_what_was_to_be_cancelled_cancels_it() -> None:
    order = sourced()
    asked = decide.cancel(order, (), stages(order, Stage.COMMITTED), "customer", ACT)
    change = rejected(done(asked).order, a_reject())
    assert states(change.order) == [(1, 3, "cancelled")]
    (task,) = change.event.stock
    assert isinstance(task, EndReservation)
    assert (task.effect, task.wait) == (RejectReason.NOT_IN_STOCK, None)


def test_only_work_can_be_rejected() -> None:
    with pytest.raises(NotFound):
        rejected(sourced(), a_reject(part=9))
    with pytest.raises(NotAllowed):
        rejected(an_order(), a_reject())
    assert rejected(sourced()).event.reason is None


def test_no_more_units_are_rejected_than_a_part_has() -> None:
    with pytest.raises(NotSoMany):
        rejected(sourced(), a_reject(quantity=4))


def test_work_nobody_picked_is_taken_back_without_being_counted() -> None:
    order = sourced(a_line(), a_line(line_id="2", method=Method.PICKUP, pickup_location="berlin"))
    change = done(decide.reroute(order, stages(order, Stage.IN_STORE), ACT))
    assert (part_of(change.order).state, part_of(change.order).rejects) == ("pending", 0)
    assert part_of(change.order, "2").state == "sourced"
    assert change.order.replan_after == change.order.version
    assert decide.reroute(order, stages(order, Stage.COMMITTED), ACT) is None


def test_work_that_is_taken_back_can_be_kept_from_its_location() -> None:
    order = sourced()
    until = NOW + timedelta(days=1)
    change = decide.reroute(order, stages(order, Stage.IN_STORE), ACT, excluded_until=until)
    part = part_of(done(change).order)
    assert (part.excluded, part.excluded_until) == (("berlin",), until)


def test_overcommitted_parts_are_named_and_carry_the_effect() -> None:
    order = sourced(a_line(), a_line(line_id="2"))
    change = done(
        decide.reroute(
            order, stages(order, Stage.NOT_ACCEPTED), ACT, only=[("2", 1)],
            effect=RejectReason.OVERCOMMITTED,
        )
    )  # fmt: skip
    assert part_of(change.order).state == "sourced"
    (task,) = change.event.stock
    assert isinstance(task, EndReservation)
    assert task.effect is RejectReason.OVERCOMMITTED


def test_a_pickup_that_expires_is_cancelled_and_paid_back() -> None:
    order = sourced(a_line(), a_line(line_id="2"), a_line(line_id="3", cancelled=3))
    asked = done(
        decide.cancel(
            order, [Units("2", 3)], stages(order, Stage.COMMITTED), "customer", ACT
        )
    ).order  # fmt: skip
    change = done(decide.expire(asked, work_of(order), ACT))
    assert change.order.status == "cancelled"
    endings = [task.ending for task in change.event.stock if isinstance(task, EndReservation)]
    assert endings == [Ending.EXPIRED, Ending.RELEASED]
    (advice,) = change.also
    assert advice.model_dump()["refund_minor"] == 6000
    assert decide.expire(change.order, work_of(order), ACT) is None


def test_an_expired_gift_needs_no_refund() -> None:
    order = sourced(a_line(unit_price=eur(0)))
    assert done(decide.expire(order, work_of(order), ACT)).also == ()


# --- leaving ----------------------------------------------------------------------------------


def test_shipping_consumes_the_reservation() -> None:
    order = sourced()
    change = done(shipped(order))
    assert (states(change.order), change.order.status) == ([(1, 3, "shipped")], "fulfilled")
    (task,) = change.event.stock
    assert isinstance(task, EndReservation)
    assert task.ending is Ending.CONSUMED
    assert change.event.model_dump()["tracking"] == ("JD01",)
    assert shipped(change.order) is None


def test_a_partial_shipment_divides_the_part() -> None:
    change = done(shipped(sourced(), Item("1", 1, 1)))
    assert states(change.order) == [(2, 1, "shipped"), (3, 2, "sourced")]
    assert change.order.status == "partially-fulfilled"
    (task,) = change.event.stock
    assert isinstance(task, DivideReservation)
    assert [share.ending for share in task.shares] == [Ending.CONSUMED, None]


def test_handing_over_consumes_the_reservation() -> None:
    order = sourced(a_line(method=Method.PICKUP, pickup_location="berlin"))
    items = [Item("1", 1, 3)]
    change = done(decide.hand_over(order, work_of(order), items, ACT))
    assert states(change.order) == [(1, 3, "handed-over")]
    assert told(change) == "fulfillment.parts-handed-over.v1"
    assert decide.hand_over(change.order, work_of(order), items, ACT) is None


def test_shipping_what_was_cancelled_is_recorded_and_contradicted() -> None:
    order = done(decide.cancel(an_order(), (), {}, "customer", ACT)).order
    change = done(shipped(order))
    assert states(change.order) == [(1, 3, "cancelled")]
    (opened,) = change.opened
    assert (opened.code, opened.detail["state"], opened.detail["fact"]) == (
        "fact-conflict", "cancelled", "ship",
    )  # fmt: skip
    (task,) = change.event.stock
    assert isinstance(task, Move)
    assert (task.on_hand, task.location_id, task.reason) == (-3, "berlin", "fact-conflict")


@pytest.mark.parametrize("item", [Item("1", 7, 1), Item("9", 1, 1), Item("1", 1, 4)])
def test_shipping_what_the_order_does_not_know_is_contradicted(item: Item) -> None:
    change = done(shipped(sourced(), item))
    assert [row.code for row in change.opened] == ["fact-conflict"]
    assert states(change.order) == [(1, 3, "sourced")]
    assert len(change.event.stock) == (0 if item.line_id == "9" else 1)


def test_a_line_in_too_many_parts_is_contradicted_and_not_divided() -> None:
    order = an_order(a_line(quantity=200))
    for _ in range(PARTS_MAX - 1):
        order = done(decide.cancel(order, [Units("1", 1)], {}, "customer", ACT)).order
    left = order.lines[0].parts[-1]
    change = done(shipped(order, Item("1", left.part, 1)))
    assert [row.code for row in change.opened] == ["fact-conflict"]


# --- on the way -------------------------------------------------------------------------------


def test_delivered_parts_touch_no_stock() -> None:
    order = an_order_on_its_way()
    change = done(decide.deliver(order, parcels(order, "delivered"), [Item("1", 1, 3)], ACT))
    assert (states(change.order), change.event.stock) == ([(1, 3, "delivered")], ())
    assert change.event.model_dump()["status"] == "delivered"


def test_delivery_of_what_never_left_is_contradicted_and_moves_no_stock() -> None:
    order = sourced()
    change = done(decide.deliver(order, parcels(order, "delivered"), [Item("1", 1, 3)], ACT))
    assert [row.detail["fact"] for row in change.opened] == ["deliver"]
    assert (states(change.order), change.event.stock) == ([(1, 3, "sourced")], ())


def test_a_voided_tender_brings_stock_and_reservation_back() -> None:
    order = an_order_on_its_way()
    change = done(decide.void(order, parcels(order, "voided"), [Item("1", 1, 3)], ACT))
    part = part_of(change.order)
    assert (part.state, part.reservation_id) == ("sourced", f"{order.order_id}.1.1.d4")
    (task,) = change.event.stock
    assert isinstance(task, Restore)
    assert (task.was, task.reservation_id) == (f"{order.order_id}.1.1.1", part.reservation_id)
    assert decide.void(change.order, parcels(order), [Item("1", 1, 3)], ACT) is None


def test_a_tender_that_is_voided_in_part_restores_that_part() -> None:
    order = an_order_on_its_way()
    change = done(decide.void(order, parcels(order), [Item("1", 1, 1)], ACT))
    assert states(change.order) == [(2, 1, "sourced"), (3, 2, "shipped")]
    (task,) = change.event.stock
    assert isinstance(task, Restore)
    assert (task.part, task.quantity) == (2, 1)


def test_lost_parts_stand_before_a_person() -> None:
    order = an_order_on_its_way()
    change = done(decide.lose(order, parcels(order, "lost"), [Item("1", 1, 3)], ACT))
    assert [row.code for row in change.opened] == ["shipment-lost"]
    assert decide.lose(change.order, parcels(order), [Item("1", 1, 3)], ACT) is None


def test_what_comes_back_undelivered_is_received_and_held() -> None:
    order = an_order_on_its_way()
    change = done(decide.return_to_sender(order, parcels(order), [Item("1", 1, 3)], ACT))
    assert states(change.order) == [(1, 3, "returned")]
    (task,) = change.event.stock
    assert isinstance(task, Move)
    assert (task.on_hand, task.quality_hold, task.reason) == (3, 3, "returned-to-sender")


# --- returns ----------------------------------------------------------------------------------


def a_receipt(order: Order) -> Receipt:
    return Receipt(f"{order.order_id}.r1", "received", "munich")


def test_returned_units_are_received_into_quality_hold() -> None:
    order = an_order_on_its_way()
    change = done(decide.receive_return(order, a_receipt(order), [("1", 2)], ACT))
    assert states(change.order) == [(2, 2, "returned"), (3, 1, "shipped")]
    (task,) = change.event.stock
    assert isinstance(task, Move)
    assert (task.location_id, task.on_hand, task.quality_hold) == ("munich", 2, 2)
    assert task.movement_id == f"{order.order_id}.r1.1.1"


def test_units_that_never_left_do_not_come_back() -> None:
    order = an_order(a_line(quantity=3, fulfilled=1, cancelled=1), a_line(line_id="2"))
    change = done(decide.receive_return(order, a_receipt(order), [("1", 1)], ACT))
    assert states(change.order) == [(1, 1, "returned"), (2, 1, "cancelled"), (3, 1, "pending")]


def test_a_return_may_say_itself_what_stock_must_do() -> None:
    order = an_order_on_its_way()
    change = decide.receive_return(order, a_receipt(order), [("1", 3)], ACT, has_stock=False)
    assert done(change).event.stock == ()


def test_more_units_than_are_out_are_a_contradiction() -> None:
    order = an_order_on_its_way()
    change = done(decide.receive_return(order, a_receipt(order), [("1", 4), ("9", 1)], ACT))
    assert states(change.order) == [(1, 3, "returned")]
    assert [(row.code, row.detail["quantity"]) for row in change.opened] == [
        ("fact-conflict", 1), ("fact-conflict", 1),
    ]  # fmt: skip
    assert [task.on_hand for task in change.event.stock if isinstance(task, Move)] == [4]


def test_nothing_returned_is_nothing_done() -> None:
    order = an_order_on_its_way()
    assert decide.receive_return(order, a_receipt(order), [], ACT) is None


def test_a_place_that_is_not_known_moves_no_stock() -> None:
    order = an_order(a_line(sku="NOPE"))
    work = Work("f9", "berlin", "shipped")
    change = done(decide.ship(order, work, parcels(order), [Item("1", 1, 3)], ACT))
    assert change.event.stock == ()
    assert [row.code for row in change.opened] == ["fact-conflict"]
