"""What a customer is to the retailer decides by which rules their orders are routed."""

from shared.customers import service as customers
from shared.customers.model import keyring_of
from shared.flows.link_customer import link_customer
from shared.orders.model import Order
from tests.builders import TENANT, Shop, an_order


async def a_gold_customer(shop: Shop) -> None:
    first = await shop.place(an_order(reference="first"))
    customer_id = await link_customer(
        shop.world.flows, shop.caller, first.order_id, shop.clock.now()
    )
    assert customer_id is not None
    known = await shop.world.flows.knowledge.of(TENANT, shop.clock.now())
    stored = await customers.get_customer(shop.world.store, TENANT, customer_id)
    assert stored is not None
    await customers.change_customer(
        shop.world.store,
        TENANT,
        customer_id,
        {"tier": "gold"},
        ring=keyring_of(known.settings),
        if_match=stored.etag,
        now=shop.clock.now(),
    )


async def linked(shop: Shop, order: Order) -> Order:
    await link_customer(shop.world.flows, shop.caller, order.order_id, shop.clock.now())
    return await shop.order(order.order_id)


async def test_an_order_is_routed_by_its_known_customers_tier_from_the_start(shop: Shop) -> None:
    await a_gold_customer(shop)
    order = await shop.place(an_order(reference="second"))
    assert (order.customer_id, order.customer_tier) == (None, "gold")
    assert (await linked(shop, order)).customer_tier == "gold"


async def test_an_order_of_a_customer_whom_nobody_knows_has_no_tier(shop: Shop) -> None:
    order = await shop.place()
    assert (await linked(shop, order)).customer_tier is None


async def test_the_tier_comes_with_the_link_where_the_order_came_before_it(shop: Shop) -> None:
    early = await shop.place(an_order(reference="early"))
    await a_gold_customer(shop)
    assert (await linked(shop, early)).customer_tier == "gold"
