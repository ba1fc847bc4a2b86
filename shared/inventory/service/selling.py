"""What may be sold: availability by location, ATS by channel, pickup at a store, and who waits."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from shared.inventory.decide import availability as decide
from shared.inventory.decide.freshness import WINDOW, expected_sold, is_stale
from shared.inventory.decide.rules import SHIP, Item, Site, pools_containing
from shared.inventory.decide.waiting import is_awaited, is_eligible
from shared.inventory.model import WAITS, Demand, Level, StockRules, WaitDocument
from shared.inventory.service.reading import demand, level, levels, moved_since
from shared.inventory.service.stockrules import stock_rules
from shared.kernel.conditions import Condition
from shared.kernel.documents import Documents, Order, pages

WAITERS_MAX: Final = 100
SCAN_PAGE: Final = 100
SCAN_PAGES_MAX: Final = 10  # waiters looked at to find those that a location may serve


async def availability(
    store: Documents,
    tenant_id: str,
    item: Item,
    sites: Mapping[str, Site],
    now: datetime,
    *,
    method: str = SHIP,
    channel: str | None = None,
    rules: StockRules | None = None,
) -> tuple[decide.Sellable, ...]:
    """Return what each location may sell of an item, with the steps of the formula.

    `rules`: where the caller has them at hand.
    """
    rules = rules or await stock_rules(store, tenant_id)
    found = await levels(store, tenant_id, item.sku, now)
    known = await _as_fed(store, tenant_id, found, sites, now)
    return decide.availability(rules, found, item, known, method, channel)


async def ats(
    store: Documents,
    tenant_id: str,
    item: Item,
    sites: Sequence[Site],
    now: datetime,
    *,
    channel: str,
    inbound: int = 0,
    rules: StockRules | None = None,
) -> decide.Ats:
    """Return what a channel may show of an item now, with the steps of the formula."""
    rules = rules or await stock_rules(store, tenant_id)
    found = await levels(store, tenant_id, item.sku, now)
    queued = await demand(store, tenant_id, item.sku)
    known = await _as_fed(store, tenant_id, found, {s.location_id: s for s in sites}, now)
    around = tuple(known.values())
    return decide.ats(rules, found, item, around, queued, channel=channel, inbound=inbound)


async def pickup(
    store: Documents,
    tenant_id: str,
    item: Item,
    site: Site,
    now: datetime,
    *,
    channel: str | None = None,
    rules: StockRules | None = None,
) -> decide.Pickup:
    """Return what the named store may promise for pickup."""
    rules = rules or await stock_rules(store, tenant_id)
    found = await level(store, tenant_id, item.sku, site.location_id, now)
    queued = await demand(store, tenant_id, item.sku)
    there = found or decide.nothing_at(item.sku, site.location_id)
    known = await _as_fed(store, tenant_id, (there,), {site.location_id: site}, now)
    return decide.pickup(rules, there, item, known[site.location_id], queued, channel=channel)


async def _as_fed(
    store: Documents,
    tenant_id: str,
    found: Sequence[Level],
    sites: Mapping[str, Site],
    now: datetime,
) -> Mapping[str, Site]:
    """Return the sites, those whose figures are older than their limit with what they sold since.

    Only such a level costs a read of its movements.
    """
    stale: dict[str, Site] = {}
    for body in found:
        site = sites.get(body.location_id)
        if site is not None and is_stale(body.counted_as_of, site.fresh_minutes, now):
            moved = await moved_since(store, tenant_id, body, now - WINDOW)
            stale[site.location_id] = replace(site, expected_sold=expected_sold(body, moved, now))
    return {**sites, **stale} if stale else sites


async def waiters(
    store: Documents,
    tenant_id: str,
    sku: str,
    *,
    site: Site | None = None,
    limit: int = 20,
    rules: StockRules | None = None,
) -> tuple[WaitDocument, ...]:
    """Return who waits for a SKU, in serving order; see `waiting_for`."""
    limit = max(1, min(limit, WAITERS_MAX))
    found: list[WaitDocument] = []
    async for wait in waiting_for(store, tenant_id, sku, site=site, rules=rules):
        found.append(wait)
        if len(found) == limit:
            break
    return tuple(found)


async def waiting_for(
    store: Documents,
    tenant_id: str,
    sku: str,
    *,
    site: Site | None = None,
    rules: StockRules | None = None,
    queued: Demand | None = None,
) -> AsyncIterator[WaitDocument]:
    """Walk who waits for a SKU, in serving order: priority, promise, acceptance.

    `site`: only those that this location may serve, by pool or as their pickup location. `rules`
    and `queued`, the SKU's demand: where the caller has them at hand.
    """
    pools = frozenset[str]()
    if site:
        pools = pools_containing(rules or await stock_rules(store, tenant_id), site)
        # Mostly nobody waits, and the sums say so: one document, where the waits are a query.
        queued = queued or await demand(store, tenant_id, sku)
        if not is_awaited(queued, site.location_id, pools):
            return
    async for item in pages(
        store,
        tenant_id,
        WAITS,
        pages_max=SCAN_PAGES_MAX,
        key=sku,
        where=(Condition("open", "eq", value=True),),
        order=Order("rank"),
        limit=SCAN_PAGE,
    ):
        if site is None or is_eligible(item.body, site.location_id, pools):
            yield item.body
