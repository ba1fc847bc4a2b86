"""Deliveries of one event that overlap while others change the order."""

from collections.abc import Awaitable, Callable

import pytest

from shared.adapters.embedded.faults import Crash
from shared.contracts.intake import PlaceOrder
from shared.flows.place_order import place_order
from shared.flows.steer_order import hold, release
from shared.orders.model import PartState
from tests.builders import states
from tests.flows.counter import Counter, a_counter, a_line

Act = Callable[[], Awaitable[None]]


class SlowPlan:
    """Whoever plans waits before the plan is written, and dies when it has taken a first unit."""

    def __init__(self) -> None:
        self.meanwhile: Act | None = None
        self.is_armed = False

    async def before(self, call: str, detail: object) -> None:
        act = self.meanwhile
        if act is not None and call == "documents.batch" and "decision:1" in str(detail):
            self.meanwhile, self.is_armed = None, True
            await act()

    async def after(self, call: str, detail: object) -> None:
        if self.is_armed and call == "documents.batch" and "'reservation:" in str(detail):
            self.is_armed = False
            raise Crash


async def an_order_held_while_it_is_planned(slow: SlowPlan) -> tuple[Counter, str]:
    """Return an order whose event another delivery has met held, before the plan was written."""
    counter = await a_counter(faults=slow)
    intake = PlaceOrder.model_validate(
        {
            "connection": "web",
            "reference": "#1002",
            "channel": "web",
            "placed_at": counter.now,
            "currency": "EUR",
            "ship_to": {"country": "DE", "postcode": "10115"},
            "lines": [a_line(taken_at=None)],
        },
        strict=False,
    )
    placed = await place_order(counter.world.flows, counter.caller(), intake, counter.now)
    order_id = placed.order.order_id

    async def held_and_met() -> None:
        await hold(counter.world.flows, counter.caller(), order_id, "fraud", None, counter.now)
        await counter.settle(order_id)

    slow.meanwhile = held_and_met
    return counter, order_id


async def test_a_plan_that_was_slower_than_a_hold_takes_nothing_even_if_it_dies() -> None:
    slow = SlowPlan()
    counter, order_id = await an_order_held_while_it_is_planned(slow)
    await counter.settle(order_id)
    assert slow.meanwhile is None
    assert await counter.stock() == (10, 0, 0, 10)
    assert (await counter.order(order_id)).attempts == 1


async def test_what_was_held_while_it_was_planned_is_sourced_when_it_is_released() -> None:
    counter, order_id = await an_order_held_while_it_is_planned(SlowPlan())
    await counter.settle(order_id)
    await release(counter.world.flows, counter.caller(), order_id, None, counter.now)
    with pytest.raises(Crash):  # dies at the first unit taken, and the event comes again
        await counter.settle(order_id)
    counter.seen.clear()
    await counter.settle(order_id)
    order = await counter.order(order_id)
    assert [state for _, _, state in states(order)] == [PartState.SOURCED]
    assert await counter.stock() == (10, 0, 0, 8)
