from datetime import timedelta

import pytest

from shared.contracts.stock import (
    GENERATION_LAST,
    DivideReservation,
    Ending,
    EndReservation,
    Queue,
    RejectReason,
    Unqueue,
)
from shared.kernel.errors import NotAllowed, NotFound
from shared.orders import decide
from shared.orders.decide import Act, Change, Divided, Item, Parcels, Removed, Stage, Units
from shared.orders.model import PARTS_MAX, Order
from shared.orders.refusals import NotSoMany, TooManyParts
from tests.unit.orders.samples import (
    ACT,
    NOW,
    a_decision,
    a_line,
    a_short,
    accepted,
    an_intake,
    an_order,
    backordered,
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


def cancelled(
    order: Order, *units: Units, stage: Stage = Stage.IN_STORE, is_refunded: bool = True
) -> Change | None:
    return decide.cancel(
        order, units, stages(order, stage), "customer", ACT, is_refunded=is_refunded
    )


def test_waiting_units_are_cancelled_without_touching_stock() -> None:
    change = done(cancelled(an_order(), Units("1", 3)))
    assert states(change.order) == [(1, 3, "cancelled")]
    assert (told(change), change.event.stock) == ("orders.parts-cancelled.v1", ())
    assert change.order.status == "cancelled"


def test_queued_demand_leaves_the_queue_for_good() -> None:
    order = backordered()
    change = done(cancelled(order, Units("1")))
    assert change.event.stock == (
        Unqueue(
            sku="BOOT-42", order_id=order.order_id, line_id="1", part=1, generation=GENERATION_LAST
        ),
    )


def test_a_part_of_queued_demand_is_queued_anew_under_its_new_number() -> None:
    change = done(cancelled(backordered(), Units("1", 1)))
    assert states(change.order) == [(2, 1, "cancelled"), (3, 2, "backordered")]
    out, back = change.event.stock
    assert isinstance(out, Unqueue)
    assert isinstance(back, Queue)
    assert (out.part, back.wait.part, back.wait.quantity) == (1, 3, 2)


def test_a_store_that_picked_nothing_lets_go_at_once() -> None:
    order = sourced()
    change = done(cancelled(order))
    assert change.event.stock == (
        EndReservation(
            reservation_id=f"{order.order_id}.1.1.1", sku="BOOT-42", location_id="berlin",
            quantity=3, ending=Ending.RELEASED,
        ),
    )  # fmt: skip
    assert change.removed == (Removed(f"{order.order_id}.f1", "1", 1, 3),)
    assert change.order.cancelled_at == NOW


def test_a_part_of_a_reservation_is_released_and_the_rest_keeps_one_of_its_own() -> None:
    order = sourced()
    change = done(cancelled(order, Units("1", 1)))
    assert states(change.order) == [(2, 1, "cancelled"), (3, 2, "sourced")]
    (task,) = change.event.stock
    assert isinstance(task, DivideReservation)
    assert [(s.part, s.quantity, s.ending) for s in task.shares] == [
        (2, 1, Ending.RELEASED), (3, 2, None),
    ]  # fmt: skip
    kept = f"{order.order_id}.1.3.d{change.order.version}"
    assert part_of(change.order, index=1).reservation_id == kept
    assert change.divided == (Divided(f"{order.order_id}.f1", "1", 1, ((3, 2, kept),)),)


@pytest.mark.parametrize("stage", [Stage.COMMITTED, None])
def test_hands_on_the_goods_are_asked_first(stage: Stage | None) -> None:
    order = sourced()
    known = stages(order, stage) if stage else {}
    change = done(decide.cancel(order, [Units("1", 1)], known, "customer", ACT))
    assert states(change.order) == [(2, 1, "cancel-requested"), (3, 2, "sourced")]
    assert told(change) == "orders.cancel-requested.v1"
    assert change.order.refunded_minor == 0


def test_what_costs_least_goes_first() -> None:
    order = an_order(a_line(quantity=4))
    decision = a_decision(
        order,
        a_short(order, part=2, quantity=1, action="next"),
        a_short(order, part=3, quantity=1),
        a_short(order, part=4, quantity=2, action="exception"),
    )
    order = closed(order, decision).change.order
    change = done(cancelled(order, Units("1", 3)))
    assert states(change.order) == [(2, 1, "pending"), (3, 1, "cancelled"), (4, 2, "cancelled")]


def test_only_the_named_part_is_cancelled() -> None:
    order = done(cancelled(sourced(), Units("1", 1))).order
    with pytest.raises(NotSoMany):
        cancelled(order, Units("1", 1, part=2))
    assert states(done(cancelled(order, Units("1", None, part=3))).order)[1][2] == "cancelled"


def test_rows_of_one_line_are_counted_together() -> None:
    with pytest.raises(NotSoMany) as refused:
        cancelled(an_order(), Units("1", 2), Units("1", 2))
    assert (refused.value.asked, refused.value.possible) == (4, 3)
    change = done(cancelled(an_order(), Units("1", 1), Units("1")))
    assert change.order.status == "cancelled"


def test_cancelling_all_twice_is_done_already() -> None:
    order = done(cancelled(sourced())).order
    assert cancelled(order) is None
    requested = done(cancelled(sourced(), stage=Stage.COMMITTED)).order
    assert cancelled(requested) is None


def test_an_order_without_lines_can_be_cancelled() -> None:
    order = decide.accept(an_intake().model_copy(update={"lines": ()}), {}, ACT).order
    assert done(cancelled(order)).order.status == "cancelled"


def test_what_has_left_is_returned_and_not_cancelled() -> None:
    with pytest.raises(NotAllowed) as refused:
        cancelled(an_order(a_line(fulfilled=3)))
    assert refused.value.legal == ("return",)


def test_an_unknown_line_is_not_found() -> None:
    with pytest.raises(NotFound):
        cancelled(an_order(), Units("9", 1))


def test_the_refund_of_single_units_adds_up_to_the_line() -> None:
    order = an_order(a_line(discount=eur(1), tax=eur(100)), a_line(line_id="2"))
    amounts = []
    for _ in range(3):
        before = order.refunded_minor
        order = done(cancelled(order, Units("1", 1))).order
        amounts.append(order.refunded_minor - before)
    assert amounts == [1000 + 34, 1000 + 33, 999 + 33]


def test_tax_inside_the_price_is_not_paid_back_twice() -> None:
    order = an_order(a_line(tax=eur(479), tax_included=True))
    assert done(cancelled(order)).order.refunded_minor == 3000


def test_the_last_unit_takes_the_shipping_with_it() -> None:
    order = an_order(shipping=eur(490), shipping_tax=eur(10), tip=eur(100))
    change = done(cancelled(order, Units("1", 2)))
    assert change.order.refunded_minor == 2000
    assert done(cancelled(change.order)).order.refunded_minor == 3600


def test_never_more_is_paid_back_than_was_paid() -> None:
    order = an_order(tenders=({"kind": "gift-card", "amount": eur(700)},))
    assert done(cancelled(order)).order.refunded_minor == 700
    assert done(cancelled(an_order(payment="unpaid"))).order.refunded_minor == 0


def test_a_channel_that_pays_back_itself_is_given_no_advice() -> None:
    assert done(cancelled(an_order(), is_refunded=False)).order.refunded_minor == 0


def test_a_confirmed_cancel_releases_the_units() -> None:
    order = done(cancelled(sourced(), stage=Stage.COMMITTED)).order
    change = done(decide.confirm_cancel(order, [Units("1", None, 1)], ACT))
    assert states(change.order) == [(1, 3, "cancelled")]
    (task,) = change.event.stock
    assert isinstance(task, EndReservation)
    assert (task.ending, task.effect) == (Ending.RELEASED, None)
    assert decide.confirm_cancel(change.order, [Units("1", None, 1)], ACT) is None


def test_a_location_may_find_cancelled_units_damaged() -> None:
    order = done(cancelled(sourced(), stage=Stage.COMMITTED)).order
    units = [Units("1", 3, 1)]
    change = done(decide.confirm_cancel(order, units, ACT, effect=RejectReason.DAMAGED))
    (task,) = change.event.stock
    assert isinstance(task, EndReservation)
    assert task.effect is RejectReason.DAMAGED


def test_a_refused_cancel_goes_on() -> None:
    order = done(cancelled(sourced(), stage=Stage.COMMITTED)).order
    change = done(decide.refuse_cancel(order, [Units("1", None, 1)], ACT))
    assert states(change.order) == [(1, 3, "sourced")]
    assert (told(change), change.event.stock) == ("orders.cancel-refused.v1", ())
    assert decide.refuse_cancel(change.order, [Units("1", None, 1)], ACT) is None


def test_only_a_request_can_be_answered() -> None:
    with pytest.raises(NotAllowed):
        decide.confirm_cancel(an_order(), [Units("1", 1, 1)], ACT)
    with pytest.raises(NotFound):
        decide.confirm_cancel(an_order(), [Units("1", 1)], ACT)


def test_a_request_that_ships_meanwhile_has_shipped() -> None:
    order = done(cancelled(sourced(), stage=Stage.COMMITTED)).order
    parcels = Parcels(f"{order.order_id}.f1.s1", "berlin")
    change = done(decide.ship(order, work_of(order), parcels, [Item("1", 1, 3)], ACT))
    assert states(change.order) == [(1, 3, "shipped")]


def test_the_auto_cancel_date_cancels_what_still_waits() -> None:
    order = an_order(a_line(), a_line(line_id="2"))
    shorts = [a_short(order), a_short(order, "2")]
    due = NOW + timedelta(days=2)
    order = closed(order, a_decision(order, *shorts), auto_cancel_at=due).change.order
    assert decide.auto_cancel(order, ACT) is None
    change = done(decide.auto_cancel(order, Act("acme", due, "system:timer")))
    assert (change.order.status, change.event.reason) == ("cancelled", "auto-cancel-date")
    assert change.order.refunded_minor == 6000


def test_a_line_is_not_divided_without_end() -> None:
    order = an_order(a_line(quantity=200))
    for _ in range(PARTS_MAX - 1):
        order = done(cancelled(order, Units("1", 1))).order
    with pytest.raises(TooManyParts):
        cancelled(order, Units("1", 1))
    assert len(order.lines[0].parts) == PARTS_MAX
    left = order.lines[0].parts[-1]
    assert done(cancelled(order, Units("1", left.quantity, left.part))).order.status == "cancelled"


def test_pending_rest_of_a_division_is_routed_again() -> None:
    assert done(cancelled(an_order(), Units("1", 1))).event.route
    assert not accepted(payment="unpaid").event.route


def test_a_cancel_that_nobody_answers_in_time_stands_before_a_person_once() -> None:
    due = NOW + timedelta(hours=4)
    order = sourced()
    known = stages(order, Stage.COMMITTED)
    order = done(decide.cancel(order, (), known, "customer", ACT, reply_by=due)).order
    assert (order.due_at, decide.cancel_unanswered(order, ACT)) == (due, None)
    late = Act("acme", due, "system:sweep")
    change = done(decide.cancel_unanswered(order, late))
    (opened,) = change.opened
    assert (opened.code, opened.line_id, opened.location_id) == (
        "cancel-unanswered", "1", "berlin",
    )  # fmt: skip
    assert states(change.order) == [(1, 3, "cancel-requested")]
    assert (change.event.stock, change.order.due_at) == ((), None)
    assert decide.cancel_unanswered(change.order, late) is None


def test_a_cancel_that_was_answered_is_not_waited_for() -> None:
    due = NOW + timedelta(hours=4)
    order = sourced()
    known = stages(order, Stage.COMMITTED)
    order = done(decide.cancel(order, (), known, "customer", ACT, reply_by=due)).order
    order = done(decide.refuse_cancel(order, [Units("1", part=1)], ACT)).order
    assert order.due_at is None
    assert decide.cancel_unanswered(order, Act("acme", due, "system:sweep")) is None
