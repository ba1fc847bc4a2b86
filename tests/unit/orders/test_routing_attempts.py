from datetime import timedelta
from typing import Any

import pytest

from shared.contracts.intake import Method
from shared.contracts.stock import Queue, Unqueue
from shared.orders import decide
from shared.orders.decide import Act, Outcome, Units
from shared.orders.model import TAKES_KEPT, Address
from tests.unit.orders.samples import (
    ACT,
    NOW,
    a_decision,
    a_line,
    a_pick,
    a_short,
    an_order,
    backordered,
    closed,
    done,
    eur,
    part_of,
    sourced,
    states,
    told,
)


def test_a_part_that_was_won_is_sourced_with_its_fulfillment_and_dates() -> None:
    order = an_order()
    pick = a_pick(order, ship_by=NOW + timedelta(days=1))
    closing = closed(order, a_decision(order, pick))
    part = part_of(closing.change.order)
    assert (part.state, part.location_id, part.fulfillment_id, part.reservation_id) == (
        "sourced", "berlin", f"{order.order_id}.f1", f"{order.order_id}.1.1.1",
    )  # fmt: skip
    assert part.ship_by == NOW + timedelta(days=1)
    assert (closing.sourced, closing.ended) == ((pick,), ())
    assert (told(closing.change), closing.change.event.route) == (
        "orders.order-routed.v1", False,
    )  # fmt: skip
    assert (closing.change.order.attempts, closing.change.order.fulfillments) == (1, 1)
    assert closing.change.order.status == "open"


def test_an_attempt_is_closed_once() -> None:
    order = an_order()
    decision = a_decision(order, a_pick(order))
    after = closed(order, decision).change.order
    assert decide.close_attempt(after, decision, Outcome(frozenset()), ACT) is None


def test_a_plan_is_executed_while_the_order_wants_any_of_it() -> None:
    order = an_order(a_line(), a_line(line_id="2"))
    decision = a_decision(order, a_pick(order), a_pick(order, "2"))
    assert decide.may_execute(order, decision, ACT)
    assert not decide.may_execute(closed(order, decision).change.order, decision, ACT)
    held = decide.hold(order, "fraud", None, ACT)
    assert held is not None
    assert not decide.may_execute(held.order, decision, ACT)


def test_a_lost_part_is_queued_and_pending_for_the_next_attempt() -> None:
    order = an_order()
    closing = closed(order, a_decision(order, a_pick(order)), won=frozenset())
    assert states(closing.change.order) == [(1, 3, "pending")]
    (task,) = closing.change.event.stock
    assert isinstance(task, Queue)
    assert (task.wait.pool_id, task.wait.generation, task.wait.quantity) == ("web", 3, 3)


def test_a_queued_part_that_is_sourced_leaves_the_queue_for_this_attempt() -> None:
    order = backordered()
    (task,) = closed(order, a_decision(order, a_pick(order))).change.event.stock
    assert isinstance(task, Unqueue)
    assert task.generation == 4


@pytest.mark.parametrize(
    ("action", "state"),
    [
        ("queue", "unfillable"),
        ("unfillable", "unfillable"),
        ("backorder", "backordered"),
        ("exception", "exception"),
        ("customer-care", "exception"),
        ("something-new", "exception"),
        ("next", "pending"),
    ],
)
def test_a_short_part_does_what_the_rule_says(action: str, state: str) -> None:
    order = an_order()
    closing = closed(order, a_decision(order, a_short(order, action=action)))
    assert states(closing.change.order) == [(1, 3, state)]
    assert part_of(closing.change.order).queued


def test_what_waits_as_that_already_is_queued_again_under_the_next_generation() -> None:
    order = backordered()
    change = closed(order, a_decision(order, a_short(order))).change
    assert states(change.order) == [(1, 3, "backordered")]
    (task,) = change.event.stock
    assert isinstance(task, Queue)
    assert task.wait.generation == 5


def test_a_rule_may_cancel_and_pay_back() -> None:
    order = an_order(shipping=eur(490))
    change = closed(order, a_decision(order, a_short(order, action="cancel"))).change
    assert (change.order.status, change.order.refunded_minor) == ("cancelled", 3490)
    (advice,) = change.also
    assert advice.model_dump()["refund_minor"] == 3490


def test_a_rule_may_hold_the_order() -> None:
    order = an_order()
    change = closed(order, a_decision(order, a_short(order, action="hold"))).change
    assert [(hold.reason, hold.note) for hold in change.order.holds] == [("routing", "no-stock")]
    assert change.order.status == "on-hold"


def test_an_unfillable_part_stands_before_a_person_with_its_reason() -> None:
    order = an_order()
    change = closed(order, a_decision(order, a_short(order, action="exception"))).change
    assert [(row.code, row.detail) for row in change.opened] == [
        ("unfillable", {"reason": "no-stock"})
    ]


def test_a_short_pickup_has_its_own_ways_out() -> None:
    order = an_order(a_line(method=Method.PICKUP, pickup_location="munich"))
    decision = a_decision(order, a_pick(order))
    change = closed(order, decision, won=frozenset(), lost_action="exception").change
    (opened,) = change.opened
    assert opened.code == "pickup-short"
    assert "another-store" in opened.actions


def test_a_plan_may_divide_a_part() -> None:
    order = an_order()
    decision = a_decision(
        order, a_pick(order, part=2, quantity=2), a_short(order, part=3, quantity=1)
    )
    change = closed(order, decision).change
    assert states(change.order) == [(2, 2, "sourced"), (3, 1, "backordered")]
    assert [type(task).__name__ for task in change.event.stock] == ["Queue"]


def test_lines_that_travel_together_fail_together() -> None:
    order = an_order(a_line(), a_line(line_id="2"))
    decision = a_decision(
        order, a_pick(order), a_short(order, "2"), all_or_nothing=(("1", "2"), ("3",))
    )
    closing = closed(order, decision)
    assert (closing.sourced, closing.ended) == ((), (f"{order.order_id}.1.1.1",))
    assert states(closing.change.order) == [(1, 3, "pending")]


def test_a_part_that_was_cancelled_meanwhile_gives_its_reservation_back() -> None:
    order = an_order()
    decision = a_decision(order, a_pick(order))
    later = done(decide.cancel(order, (), {}, "customer", ACT)).order
    closing = closed(later, decision)
    assert (closing.sourced, closing.ended) == ((), (f"{order.order_id}.1.1.1",))
    assert closing.change.order.status == "cancelled"


def test_a_part_that_was_divided_meanwhile_gives_its_reservation_back() -> None:
    order = an_order()
    decision = a_decision(order, a_pick(order))
    later = done(decide.cancel(order, [Units("1", 1)], {}, "customer", ACT)).order
    closing = closed(later, decision)
    assert closing.ended == (f"{order.order_id}.1.1.1",)
    assert states(closing.change.order) == [(2, 1, "cancelled"), (3, 2, "pending")]


@pytest.mark.parametrize("what", ["hold", "edit"])
def test_an_order_held_or_sent_elsewhere_meanwhile_gives_everything_back(what: str) -> None:
    order = backordered()
    decision = a_decision(order, a_pick(order))
    edit = decide.Edit(ship_to=Address(postcode="10115"))
    changed = (
        decide.hold(order, "fraud", None, ACT)
        if what == "hold"
        else decide.edit(order, edit, {}, ACT)
    )
    closing = closed(done(changed).order, decision)
    assert closing.ended == (f"{order.order_id}.1.1.2",)
    assert states(closing.change.order) == [(1, 3, "backordered")]
    (task,) = closing.change.event.stock  # its reservation had closed the wait
    assert isinstance(task, Queue)
    assert task.wait.generation == 5


def test_a_plan_for_other_numbers_of_units_or_taken_part_numbers_is_void() -> None:
    order = an_order()
    assert closed(order, a_decision(order, a_pick(order, quantity=2))).sourced == ()
    divided = done(decide.cancel(order, [Units("1", 1)], {}, "customer", ACT)).order
    pick = a_pick(order, source_part=3, part=2, quantity=2)
    assert closed(divided, a_decision(divided, pick)).sourced == ()


def test_preordered_demand_is_queued_by_the_flow_once() -> None:
    order = an_order(a_line(release_at=NOW + timedelta(days=9)))
    change = done(decide.queue_preorders(order, ACT))
    assert states(change.order) == [(1, 3, "preordered")]
    (task,) = change.event.stock
    assert isinstance(task, Queue)
    assert task.wait.generation == 1
    assert decide.queue_preorders(change.order, ACT) is None


def test_a_release_date_sends_preordered_parts_to_routing() -> None:
    due = NOW + timedelta(days=9)
    order = done(decide.queue_preorders(an_order(a_line(release_at=due)), ACT)).order
    assert decide.reach_release_date(order, ACT) is None
    assert decide.parts_to_route(order) == ()
    change = done(decide.reach_release_date(order, Act("acme", due, "system:timer")))
    assert states(change.order) == [(1, 3, "pending")]
    assert (change.event.route, change.event.stock) == (True, ())


def test_a_released_part_is_routed_though_the_clock_was_set_back_since() -> None:
    due = NOW + timedelta(days=9)
    order = done(decide.queue_preorders(an_order(a_line(release_at=due)), ACT)).order
    released = done(decide.reach_release_date(order, Act("acme", due, "system:timer"))).order
    assert len(decide.parts_to_route(released)) == 1


def test_only_a_freed_unit_gives_backordered_parts_their_turn() -> None:
    order = backordered()
    assert decide.parts_to_route(order) == ()
    assert len(decide.parts_to_route(order, is_freed=True)) == 1
    assert decide.preorders_to_queue(order) == ()


def test_the_parts_of_a_fulfillment_are_found() -> None:
    order = sourced()
    ((line, part),) = decide.parts_of(order, f"{order.order_id}.f1")
    assert (line.line_id, part.part) == ("1", 1)
    assert decide.parts_of(order, "f9") == ()


def test_a_hold_beyond_the_most_is_not_added() -> None:
    order = an_order()
    for reason in range(10):
        order = done(decide.hold(order, f"r{reason}", None, ACT)).order
    decision = a_decision(order, a_short(order, action="hold"))
    assert len(closed(order, decision).change.order.holds) == 10


def test_a_rule_names_the_queue_of_a_short_part_and_when_it_is_given_up() -> None:
    order = an_order()
    short = a_short(order, queue="big parcels", auto_cancel_days=30)
    tenants = NOW + timedelta(days=7)
    part = part_of(closed(order, a_decision(order, short), auto_cancel_at=tenants).change.order)
    assert (part.queue, part.auto_cancel_at) == ("big parcels", NOW + timedelta(days=30))


def test_waiting_longer_does_not_put_off_when_a_part_is_given_up() -> None:
    order = an_order()
    first = a_short(order, auto_cancel_days=30)
    order = closed(order, a_decision(order, first)).change.order
    again = a_short(order, auto_cancel_days=60)
    part = part_of(closed(order, a_decision(order, again)).change.order)
    assert part.auto_cancel_at == NOW + timedelta(days=30)


def test_a_part_that_is_planned_again_at_once_does_not_wait_by_the_tenants_days() -> None:
    order = an_order()
    tenants = NOW + timedelta(days=7)
    lost = closed(order, a_decision(order, a_pick(order)), won=frozenset(), auto_cancel_at=tenants)
    assert part_of(lost.change.order).auto_cancel_at is None


def test_a_part_that_is_sourced_leaves_its_rules_queue() -> None:
    order = an_order()
    short = a_short(order, queue="big parcels", auto_cancel_days=30)
    order = closed(order, a_decision(order, short)).change.order
    part = part_of(closed(order, a_decision(order, a_pick(order))).change.order)
    assert (part.state, part.queue, part.auto_cancel_at) == ("sourced", None, None)


def test_an_order_knows_whose_capacity_its_closed_attempts_took() -> None:
    order = an_order(a_line(), a_line(line_id="2"))
    limited = a_pick(order, capacity_day="2026-11-02", capacity_limit=9)
    plan = a_decision(order, limited, a_pick(order, "2", fulfillment_id=f"{order.order_id}.f2"))
    assert closed(order, plan).change.order.takes == {f"{order.order_id}.f1": "berlin"}


def test_capacity_is_loose_while_no_part_waits_for_its_work() -> None:
    order = an_order()
    plan = a_decision(order, a_pick(order, capacity_day="2026-11-02", capacity_limit=9))
    assert decide.loose_takes(closed(order, plan).change.order) == {}
    lost = closed(order, plan, won=frozenset()).change.order
    assert decide.loose_takes(lost) == {f"{order.order_id}.f1": "berlin"}


def test_what_has_gone_back_of_capacity_is_not_asked_for_again() -> None:
    order = an_order().model_copy(update={"takes": {"f1": "berlin", "f2": "paris"}})
    assert decide.without_takes(order, {"f2"}).takes == {"f1": "berlin"}
    assert decide.without_takes(order, {"f3"}) is order


def test_an_order_remembers_the_latest_takes_only() -> None:
    full = {f"f{number}": "berlin" for number in range(TAKES_KEPT)}
    order = an_order().model_copy(update={"takes": full})
    plan = a_decision(order, a_pick(order, capacity_day="2026-11-02", capacity_limit=9))
    takes = list(closed(order, plan).change.order.takes)
    assert (len(takes), takes[0], takes[-1]) == (TAKES_KEPT, "f1", f"{order.order_id}.f1")


def test_capacity_that_is_held_is_remembered_however_much_was_given_back_since() -> None:
    order = an_order(a_line(), a_line(line_id="2"))
    held = a_pick(order, capacity_day="2026-11-02", capacity_limit=9)
    order = closed(order, a_decision(order, held)).change.order
    loose = {f"x{number}": "berlin" for number in range(TAKES_KEPT)}
    order = order.model_copy(update={"takes": order.takes | loose})
    again = a_pick(
        order,
        "2",
        fulfillment_id=f"{order.order_id}.f2",
        capacity_day="2026-11-02",
        capacity_limit=9,
    )
    takes = list(closed(order, a_decision(order, again)).change.order.takes)
    assert (len(takes), takes[:2]) == (TAKES_KEPT, [held.fulfillment_id, "x2"])
    assert takes[-1] == again.fulfillment_id


def test_capacity_that_was_taken_in_vain_is_remembered_beside_all_that_is_held() -> None:
    lines = [a_line(line_id=str(number)) for number in range(TAKES_KEPT)]
    order = an_order(*lines)
    limited: dict[str, Any] = {"capacity_day": "2026-11-02", "capacity_limit": 999}
    picks = [
        a_pick(order, line.line_id, fulfillment_id=f"{order.order_id}.f{number}", **limited)
        for number, line in enumerate(order.lines, 1)
    ]
    order = closed(order, a_decision(order, *picks)).change.order
    late = a_pick(order, fulfillment_id=f"{order.order_id}.f999", **limited)
    order = order.model_copy(update={"takes": {"given-back": "berlin"} | order.takes})
    takes = list(closed(order, a_decision(order, late)).change.order.takes)
    assert takes == [*(pick.fulfillment_id for pick in picks), late.fulfillment_id]
