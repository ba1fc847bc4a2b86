"""Units that come free while a line is on its way to the queue."""

from shared.contracts.inventory import StockFreed
from shared.flows.follow import follow
from shared.flows.place_order import place_order
from shared.flows.promise_order import promise_order
from shared.orders.model import PartState
from tests.builders import TENANT, Shop, an_order, states


async def test_units_that_come_free_before_the_line_is_queued_serve_it(shop: Shop) -> None:
    flows = shop.world.flows
    placed = await place_order(flows, shop.caller, an_order(), shop.clock.now())
    name = placed.order.order_id
    await promise_order(flows, TENANT, name, shop.clock.now())
    await shop.receive("BOOT", "berlin", 5)
    news = await shop._news()
    for asked in sorted(news, key=lambda n: not isinstance(n, StockFreed)):
        await follow(flows, asked, shop.clock.now())
    await shop.settle_all()
    assert states(await shop.order(name)) == [("1", 1, PartState.SOURCED)]
