"""Capacity goes back to its day when no work needs it any more (semantics 5).

A take stands for a fulfillment that a decision minted. It is given back once the attempt is closed
and that fulfillment did not come to be, or was rejected, cancelled or never collected; what left
of it before keeps its share. Looked at
whenever the order's stock is given back and whenever its sourcing begins anew: so what a crash left
is found by the delivery that repeats it, and whatever was given back already stays so.
"""

from typing import Final

from shared.catalog import capacity
from shared.catalog import service as catalog
from shared.catalog.model import CapacityUnit
from shared.couriers.shipment import ShipmentStatus
from shared.couriers.tender import SHIPMENTS
from shared.flows.context import Flows
from shared.fulfillment import service as work_service
from shared.fulfillment.model import Fulfillment, Status
from shared.kernel.documents import pages
from shared.orders import decide as orders
from shared.orders.model import Order

PAGE: Final = 100
NOT_DONE: Final = frozenset({Status.REJECTED, Status.CANCELLED, Status.EXPIRED})


async def give_back_capacity(flows: Flows, tenant_id: str, order: Order) -> frozenset[str]:
    """Give back what closed attempts took for work that is not there, or is over undone.

    Of an order that took none, or whose parts stand for all of it, nothing is read. Returns the
    fulfillments whose takes are spent now, here or before, and for good.
    """
    loose = orders.loose_takes(order)
    if not loose:
        return frozenset()
    # The order was read first: work of an attempt that it has closed is there to be read.
    works = await work_service.of_order(flows.store, tenant_id, order.order_id)
    known = {row.body.fulfillment_id: row.body for row in works}
    spent = set()
    for fulfillment_id, at in loose.items():
        work = known.get(fulfillment_id)
        if work is not None and work.status not in NOT_DONE:
            continue
        share = await _used(flows, tenant_id, work) if work and work.shipments else 0
        await capacity.give_back(flows.store, tenant_id, at, fulfillment_id, keep=share)
        if not share:
            spent.add(fulfillment_id)
    return frozenset(spent)


async def _used(flows: Flows, tenant_id: str, work: Fulfillment) -> int:
    """Return the capacity of what left in tenders that stand."""
    location = await catalog.get_location(flows.store, tenant_id, work.location_id)
    left = [
        item
        async for row in pages(flows.store, tenant_id, SHIPMENTS, key=work.order_id, limit=PAGE)
        if row.body.fulfillment_id == work.fulfillment_id
        and row.body.status is not ShipmentStatus.VOIDED
        for item in row.body.items
    ]
    match location.body.capacity_unit if location else CapacityUnit.FULFILLMENTS:
        case CapacityUnit.FULFILLMENTS:
            return min(1, len(left))
        case CapacityUnit.LINES:
            return len({item.line_id for item in left})
        case CapacityUnit.UNITS:
            return sum(item.quantity for item in left)
