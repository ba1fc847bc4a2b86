"""Every night stock is held against the orders."""

from shared.flows.reconcile_night import reconcile_tenant
from shared.insights import service as insights
from tests.builders import TENANT, Shop, an_order


async def test_a_night_over_stock_that_agrees_counts_its_skus_and_nothing_oversold(
    shop: Shop,
) -> None:
    await shop.receive("BOOT", "berlin", 3)
    await shop.place(an_order())
    await shop.settle_all()
    now = shop.clock.now()
    assert await reconcile_tenant(shop.world.flows, TENANT, now) == 0
    totals = await insights.totals(shop.world.store, TENANT, now.date(), now.date())
    assert totals["oversold_units"] == 0
    assert totals["skus_reconciled"] > 0


async def test_a_second_run_in_one_night_counts_nothing_twice(shop: Shop) -> None:
    now = shop.clock.now()
    await reconcile_tenant(shop.world.flows, TENANT, now)
    once = await insights.totals(shop.world.store, TENANT, now.date(), now.date())
    await reconcile_tenant(shop.world.flows, TENANT, now)
    assert await insights.totals(shop.world.store, TENANT, now.date(), now.date()) == once
