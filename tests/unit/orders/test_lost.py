"""What a carrier lost is paid back once, and never above what was paid."""

import pytest

from shared.contracts.orders import RefundAdvised
from shared.kernel.errors import NotAllowed, NotFound
from shared.orders import decide
from shared.orders.decide import Item, Parcels
from shared.orders.decide.change import Change
from shared.orders.decide.lost import refund_lost, replace_lost
from shared.orders.model import Order
from tests.unit.orders.samples import ACT, a_line, done, eur, sourced, states, told, work_of


def parcels(order: Order, status: str) -> Parcels:
    return Parcels(f"{order.order_id}.f1.s1", "berlin", status, "dhl", "express", ("JD01",))


def part_in(order: Order, state: str) -> int:
    return next(part.part for part in order.lines[0].parts if part.state.value == state)


def lost(order: Order, *quantities: int) -> Order:
    """Return an order of 3 boots whose parcels of these sizes left and were lost."""
    for quantity in quantities:
        items = [Item("1", part_in(order, "sourced"), quantity)]
        way = decide.ship(order, work_of(order), parcels(order, "booked"), items, ACT)
        items = [Item("1", part_in(done(way).order, "shipped"), quantity)]
        gone = decide.lose(done(way).order, parcels(order, "lost"), items, ACT)
        order = done(gone).order
    return order


def advised(change: Change) -> list[int]:
    return [row.refund_minor for row in change.also if isinstance(row, RefundAdvised)]


def test_a_lost_parcel_is_paid_back_in_full() -> None:
    change = done(refund_lost(lost(sourced(), 3), "1", 1, ACT))
    assert advised(change) == [3000]
    assert change.order.refunded_minor == 3000
    assert states(change.order) == [(1, 3, "lost")]
    assert told(change) == "orders.order-noted.v1"


def test_what_was_paid_back_already_is_not_paid_twice() -> None:
    once = done(refund_lost(lost(sourced(), 3), "1", 1, ACT)).order
    assert refund_lost(once, "1", 1, ACT) is None


def test_what_is_sent_again_is_not_paid_back_nor_the_other_way_round() -> None:
    order = lost(sourced(), 3)
    sent = done(replace_lost(order, "1", 1, ACT))
    assert told(sent) == "orders.order-noted.v1"
    assert replace_lost(sent.order, "1", 1, ACT) is None
    with pytest.raises(NotAllowed, match="lost-replaced"):
        refund_lost(sent.order, "1", 1, ACT)
    paid = done(refund_lost(order, "1", 1, ACT)).order
    with pytest.raises(NotAllowed, match="lost-refunded"):
        replace_lost(paid, "1", 1, ACT)
    with pytest.raises(NotAllowed, match="sourced"):
        replace_lost(sourced(), "1", 1, ACT)


def test_lost_parcels_of_a_line_add_up_to_what_was_paid_for_it() -> None:
    order = lost(sourced(a_line(discount=eur(1001))), 1, 2)
    assert states(order) == [(2, 1, "lost"), (3, 2, "lost")]
    first = done(refund_lost(order, "1", 2, ACT))
    second = done(refund_lost(first.order, "1", 3, ACT))
    assert (advised(first), advised(second)) == ([667], [1332])
    assert second.order.refunded_minor == 1999


def test_only_lost_goods_are_paid_back_so() -> None:
    with pytest.raises(NotAllowed) as refused:
        refund_lost(sourced(), "1", 1, ACT)
    assert "sourced" in str(refused.value)


def test_a_part_that_is_not_there_is_not_paid_back() -> None:
    with pytest.raises(NotAllowed) as refused:
        refund_lost(sourced(), "1", 7, ACT)
    assert "unknown" in str(refused.value)


def test_a_line_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound):
        refund_lost(sourced(), "9", 1, ACT)
