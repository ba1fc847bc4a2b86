"""Every night each SKU's stock is held against the orders; what was oversold is counted."""

from datetime import datetime
from typing import Final

from shared.catalog.model import PRODUCTS, StockMode
from shared.flows.context import Flows
from shared.flows.follow import system
from shared.flows.reconcile_stock import ReconciliationView, reconcile
from shared.insights import service as insights
from shared.insights.model import Tally
from shared.kernel.documents import pages
from shared.kernel.errors import Outside
from shared.orders import service as orders

PAGE: Final = 500
PAGES_MAX: Final = 400


async def reconcile_tenant(flows: Flows, tenant_id: str, now: datetime) -> int:
    """Reconcile all SKUs of a tenant, repairing by compensation; returns how many differed."""
    differing = 0
    walk = pages(flows.store, tenant_id, PRODUCTS, limit=PAGE, pages_max=PAGES_MAX)
    async for stored in walk:
        if stored.body.stock_mode is StockMode.UNLIMITED:
            continue
        differing += not await _reconcile(flows, tenant_id, stored.body.sku, now)
    return differing


async def _reconcile(flows: Flows, tenant_id: str, sku: str, now: datetime) -> bool:
    caller = system(tenant_id, "reconciler")
    try:
        before = await reconcile(flows, caller, sku, now, is_repairing=False)
        if not before.clean:
            await reconcile(flows, caller, sku, now, is_repairing=True)
    except Outside:
        return False  # it sells faster than it can be read: the next night looks again
    day = now.date().isoformat()
    counts = {"skus_reconciled": 1, "oversold_units": await _oversold(flows, tenant_id, before)}
    await insights.count(flows.store, tenant_id, day, f"reconciled:{day}:{sku}", Tally(counts), now)
    return before.clean


async def _oversold(flows: Flows, tenant_id: str, view: ReconciliationView) -> int:
    """Return the units that orders were promised without a reservation to cover them."""
    units = 0
    for reservation_id in view.missing:
        order = await orders.get_order(flows.store, tenant_id, reservation_id.partition(".")[0])
        units += sum(
            part.quantity
            for line in order.lines
            for part in line.parts
            if part.reservation_id == reservation_id
        )
    return units
