"""Goods that leave a location which had given its work away."""

from dataclasses import replace

from shared.contracts.stock import Move
from shared.orders import decide
from shared.orders.decide import Item, Parcels
from tests.unit.orders.samples import ACT, done, sourced, states, work_of


def test_what_leaves_another_location_than_the_parts_own_is_a_conflict() -> None:
    order = sourced()
    elsewhere = replace(work_of(order), fulfillment_id=f"{order.order_id}.f9", location_id="mars")
    left = Parcels(f"{order.order_id}.f9.s1", "mars")
    change = done(decide.ship(order, elsewhere, left, [Item("1", 1, 3)], ACT))
    assert states(change.order) == states(order)
    assert [row.code for row in change.opened] == ["fact-conflict"]
    (move,) = change.event.stock
    assert isinstance(move, Move)
    assert (move.location_id, move.on_hand) == ("mars", -3)
