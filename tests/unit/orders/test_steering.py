from datetime import timedelta

import pytest

from shared.contracts.intake import ItemKind, Method
from shared.contracts.stock import Queue, Unqueue
from shared.kernel.errors import NotAllowed
from shared.orders import decide
from shared.orders.decide import Act, Change, Edit, ProductFacts, Stage, Units
from shared.orders.model import Address, Contact, ExceptionDocument
from shared.orders.refusals import ExceptionClosed, NoSuchHold, NotALegalAction, TooManyHolds
from tests.unit.orders.samples import (
    ACT,
    BOOT,
    NOW,
    a_decision,
    a_line,
    a_short,
    accepted,
    an_order,
    backordered,
    closed,
    done,
    part_of,
    sourced,
    stages,
    states,
    told,
)

ELSEWHERE = Edit(ship_to=Address(postcode="10115", country="DE"))


def in_exception(**changes: object) -> Change:
    order = an_order(a_line(**changes))
    return closed(order, a_decision(order, a_short(order, action="exception"))).change


def test_a_hold_stops_the_order_and_keeps_its_reservations() -> None:
    order = sourced()
    change = done(decide.hold(order, "fraud", "looks odd", ACT))
    assert (change.order.status, change.event.stock) == ("on-hold", ())
    assert states(change.order) == [(1, 3, "sourced")]
    assert decide.hold(change.order, "fraud", None, ACT) is None
    released = done(decide.release(change.order, "fraud", ACT))
    assert (released.order.status, released.event.route) == ("open", False)


def test_releasing_the_last_hold_routes_what_is_pending() -> None:
    order = done(decide.hold(an_order(payment="unpaid"), "fraud", None, ACT)).order
    first = done(decide.release(order, "payment", ACT))
    assert (first.order.status, first.event.route) == ("on-hold", False)
    assert done(decide.release(first.order, None, ACT)).event.route
    with pytest.raises(NoSuchHold):
        decide.release(first.order, "payment", ACT)
    assert decide.release(an_order(), "payment", ACT) is None


def test_paid_digital_goods_are_delivered() -> None:
    order = an_order(a_line(sku=None, kind=ItemKind.SERVICE), a_line(line_id="2"), payment="unpaid")
    order = done(decide.cancel(order, [Units("1", 1)], {}, "customer", ACT)).order
    change = done(decide.release(order, "payment", ACT))
    assert states(change.order) == [(2, 1, "cancelled"), (3, 2, "delivered")]
    assert states(change.order, "2") == [(1, 3, "pending")]


def test_a_hold_that_comes_too_late_is_an_intercept() -> None:
    change = done(decide.hold(an_order(a_line(fulfilled=3)), "fraud", None, ACT))
    assert ([row.code for row in change.opened], change.order.holds) == (["intercept"], ())


def test_holds_have_a_bound() -> None:
    order = an_order()
    for number in range(10):
        order = done(decide.hold(order, f"r{number}", None, ACT)).order
    with pytest.raises(TooManyHolds):
        decide.hold(order, "one-more", None, ACT)


def test_another_address_takes_back_what_is_not_picked() -> None:
    order = sourced()
    change = done(decide.edit(order, ELSEWHERE, stages(order, Stage.IN_STORE), ACT))
    assert states(change.order) == [(1, 3, "pending")]
    assert (change.order.replan_after, change.event.route) == (3, True)
    assert change.order.ship_to == ELSEWHERE.ship_to
    assert decide.edit(change.order, ELSEWHERE, {}, ACT) is None


def test_what_is_picked_for_the_old_address_stands_before_a_person() -> None:
    order = sourced()
    change = done(decide.edit(order, ELSEWHERE, stages(order, Stage.COMMITTED), ACT))
    assert states(change.order) == [(1, 3, "sourced")]
    assert [row.code for row in change.opened] == ["address-changed-after-pick"]


def test_an_order_that_has_left_is_sent_nowhere_else() -> None:
    with pytest.raises(NotAllowed):
        decide.edit(an_order(a_line(fulfilled=3)), ELSEWHERE, {}, ACT)


def test_other_edits_leave_the_work_alone() -> None:
    order = sourced()
    change = done(decide.edit(order, Edit(customer=Contact(name="Ada"), priority=5), {}, ACT))
    assert (states(change.order), change.order.priority) == ([(1, 3, "sourced")], 5)
    assert change.order.replan_after == 0


def test_of_very_many_notes_the_oldest_are_let_go() -> None:
    order = an_order()
    for number in range(51):
        order = decide.note(order, f"n{number}", ACT).order
    assert (len(order.notes), order.notes[0].text) == (50, "n1")


def test_a_customer_is_linked_once() -> None:
    change = done(decide.link_customer(an_order(), "c_1", "gold", ["h1", "h1"], ACT))
    assert (change.order.customer_id, change.order.lookups) == ("c_1", ("h1",))
    assert decide.link_customer(change.order, "c_1", "gold", [], ACT) is None
    assert decide.link_customer(change.order, "c_2", None, [], ACT) is None


def test_an_erased_order_is_linked_to_nobody() -> None:
    erased = an_order().model_copy(update={"erased_at": NOW})
    assert decide.link_customer(erased, "c_1", None, [], ACT) is None


def test_a_refund_paid_by_the_channel_is_counted_in() -> None:
    change = decide.record_refund(an_order(), 2500, ACT)
    assert (change.order.refunded_minor, told(change)) == (2500, "orders.refund-recorded.v1")
    assert decide.refundable(change.order) == 500
    over = decide.record_refund(change.order, 501, ACT)
    assert [(row.code, row.detail) for row in over.opened] == [
        ("refunded-above-paid", {"refunded_minor": 3001, "paid_minor": 3000})
    ]
    assert decide.refundable(over.order) == 0


def test_a_fulfilled_order_closes_with_its_return_window() -> None:
    change = done(decide.close_window(an_order(a_line(fulfilled=3)), ACT))
    assert change.order.status == "closed"
    assert decide.close_window(change.order, ACT) is None
    with pytest.raises(NotAllowed):
        decide.close_window(an_order(), ACT)


def test_something_about_an_order_can_be_put_before_a_person() -> None:
    change = decide.open_exception(an_order(), "address-unclear", ACT, {"field": "postcode"})
    (opened,) = change.opened
    assert change.event.model_dump()["exception_id"] == opened.exception_id
    assert opened.actions == ("reset", "cancel", "acknowledge")


def test_a_reset_gives_waiting_parts_a_clean_slate() -> None:
    order = in_exception().order
    change = done(decide.reset(order, ACT))
    part = part_of(change.order)
    assert (part.state, part.reason, part.queued) == ("pending", None, True)
    assert (change.event.route, change.event.stock) == (True, ())
    assert decide.reset(change.order, ACT) is None
    assert decide.reset(change.order, ACT, only=[("1", 1)]) is None


def test_only_the_named_parts_are_reset() -> None:
    order = backordered(a_line(), a_line(line_id="2"))
    change = done(decide.reset(order, ACT, only=[("2", 1)]))
    assert states(change.order) == [(1, 3, "backordered")]
    assert states(change.order, "2") == [(1, 3, "pending")]


def test_a_part_of_an_unknown_sku_cannot_be_reset() -> None:
    with pytest.raises(NotAllowed) as refused:
        decide.reset(an_order(a_line(sku="NOPE")), ACT, only=[("1", 1)])
    assert refused.value.legal == ("assign-sku", "cancel")


def test_an_assigned_sku_sends_the_line_to_routing() -> None:
    order = an_order(a_line(sku="NOPE", cancelled=1))
    change = done(decide.assign_sku(order, "1", BOOT, ACT))
    assert states(change.order) == [(1, 1, "cancelled"), (2, 2, "pending")]
    assert (change.order.skus, change.event.route) == (("BOOT-42",), True)
    assert decide.assign_sku(change.order, "1", BOOT, ACT) is None
    with pytest.raises(NotAllowed):
        decide.assign_sku(change.order, "1", ProductFacts("OTHER"), ACT)


def test_an_assigned_sku_waits_for_its_release_date_as_other_preorders_do() -> None:
    due = NOW + timedelta(days=3)
    order = an_order(a_line(sku="NOPE", release_at=due))
    change = done(decide.assign_sku(order, "1", BOOT, ACT))
    assert states(change.order) == [(1, 3, "preordered")]
    assert (change.order.due_at, change.event.route, change.event.stock) == (due, True, ())
    assert decide.parts_to_route(change.order) == ()
    queued = done(decide.queue_preorders(change.order, ACT))
    assert [type(task) for task in queued.event.stock] == [Queue]


def test_an_assigned_sku_whose_release_date_is_over_is_routed() -> None:
    order = an_order(a_line(sku="NOPE", release_at=NOW))
    change = done(decide.assign_sku(order, "1", BOOT, ACT))
    assert states(change.order) == [(1, 3, "pending")]


def test_a_line_that_proves_digital_is_delivered() -> None:
    product = ProductFacts("EBOOK", kind=ItemKind.DIGITAL)
    change = done(decide.assign_sku(an_order(a_line(sku="NOPE")), "1", product, ACT))
    assert states(change.order) == [(1, 3, "delivered")]


def test_a_short_pickup_can_be_shipped_instead() -> None:
    order = in_exception(method=Method.PICKUP, pickup_location="munich").order
    change = decide.redirect(order, "1", Method.SHIP, None, ACT)
    assert (change.order.lines[0].method, change.order.lines[0].pickup_location) == ("ship", None)
    assert states(change.order) == [(2, 3, "pending")]
    out, back = change.event.stock
    assert isinstance(out, Unqueue)
    assert isinstance(back, Queue)
    assert back.wait.pickup_location is None


def test_a_pending_line_can_be_collected_at_another_store() -> None:
    change = decide.redirect(an_order(), "1", Method.PICKUP, "munich", ACT)
    assert change.order.lines[0].pickup_location == "munich"
    assert states(change.order) == [(2, 3, "pending")]


def test_a_line_that_is_worked_on_keeps_its_way() -> None:
    with pytest.raises(NotAllowed):
        decide.redirect(sourced(), "1", Method.PICKUP, "munich", ACT)


def test_an_exception_is_closed_once_by_a_legal_action() -> None:
    (opened,) = accepted(a_line(sku="NOPE")).opened
    with pytest.raises(NotALegalAction):
        decide.close_exception(opened, "reset", ACT)
    finished = decide.close_exception(opened, "cancel", ACT)
    assert finished is not None
    assert (finished.status, finished.closed_by, finished.closed_at) == ("closed", "key:k1", NOW)
    assert decide.close_exception(finished, "cancel", ACT) is None
    with pytest.raises(ExceptionClosed):
        decide.close_exception(finished, "assign-sku", ACT)
    assert decide.closed_event(finished, an_order(), ACT).reason == "unknown-sku"


def test_an_exception_is_settled_when_its_part_goes_on() -> None:
    change = in_exception()
    found: list[ExceptionDocument] = list(change.opened)
    assert decide.settled_by(change.order, found, "reset", ACT) == ()
    after = done(decide.reset(change.order, ACT)).order
    (settled,) = decide.settled_by(after, found, "reset", ACT)
    assert settled.detail["action"] == "reset"
    assert decide.settled_by(after, [settled], "reset", ACT) == ()


def test_a_closed_order_stays_closed_when_something_comes_back() -> None:
    order = done(decide.close_window(an_order(a_line(fulfilled=3)), ACT)).order
    receipt = decide.Receipt(f"{order.order_id}.r1", "received", "berlin")
    later = Act("acme", NOW + timedelta(days=40), "key:k1")
    change = done(decide.receive_return(order, receipt, [("1", 1)], later))
    assert change.order.status == "closed"


def test_an_order_follows_its_channel_version_by_version() -> None:
    later = NOW + timedelta(hours=1)
    change = done(decide.reach_version(an_order(), later, (), ACT))
    assert (change.order.source_version, change.opened) == (later, ())
    assert decide.reach_version(change.order, later, ("line-added:7",), ACT) is None
    assert decide.reach_version(change.order, None, (), ACT) is None
    newer = later + timedelta(hours=1)
    unapplied = done(
        decide.reach_version(change.order, newer, ("line-added:7", "uncancelled"), ACT)
    )
    assert [(row.code, row.detail) for row in unapplied.opened] == [
        ("channel-change-not-applied", {"unapplied": "line-added:7; uncancelled"})
    ]


def test_digital_goods_wait_while_the_payment_hold_stands() -> None:
    order = an_order(a_line(sku=None, kind=ItemKind.GIFT_CARD), payment="unpaid")
    order = done(decide.hold(order, "fraud", None, ACT)).order
    change = done(decide.release(order, "fraud", ACT))
    assert states(change.order) == [(1, 3, "pending")]
