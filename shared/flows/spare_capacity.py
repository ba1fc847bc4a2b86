"""Capacity goes back to its day when no work needs it any more (semantics 5).

A take stands for a fulfillment that a decision minted. It is given back once the attempt is closed
and that fulfillment did not come to be, or was rejected, cancelled or never collected. Looked at
whenever the order's stock is given back and whenever its sourcing begins anew: so what a crash left
is found by the delivery that repeats it, and whatever was given back already stays so.
"""

from typing import Final

from shared.catalog import capacity
from shared.flows.context import Flows
from shared.flows.knowledge import TenantKnowledge
from shared.fulfillment import service as work_service
from shared.fulfillment.model import Status
from shared.kernel.errors import Unavailable
from shared.orders import service as order_service

DECISIONS_READ_MAX: Final = 50
NOT_DONE: Final = frozenset({Status.REJECTED, Status.CANCELLED, Status.EXPIRED})


async def give_back_capacity(
    flows: Flows, known: TenantKnowledge, order_id: str, *, seen: int = 0
) -> None:
    """Give back what closed attempts took for work that is not there, or is over undone.

    Raises:
        Unavailable: the order is read older than the version `seen`; try again later.
    """
    if all(location.capacity_per_day is None for location in known.locations.values()):
        return
    store, tenant_id = flows.store, known.tenant_id
    order = await order_service.find(store, tenant_id, order_id)
    if (order.body.version if order else 0) < seen:
        raise Unavailable(f"{order_id} is not read in version {seen} yet")
    if order is None or not order.body.attempts:
        return
    # The order is read first: work of an attempt that it has closed is there to be read.
    works = await work_service.of_order(store, tenant_id, order_id)
    needed = {work.body.fulfillment_id for work in works if work.body.status not in NOT_DONE}
    page = await order_service.decisions(
        store, tenant_id, order_id, limit=DECISIONS_READ_MAX, cursor=None
    )
    spare = {
        pick.fulfillment_id: pick.location_id
        for row in page.items
        for pick in row.body.picks
        if row.body.attempt <= order.body.attempts
        and pick.capacity_day is not None
        and pick.fulfillment_id not in needed
    }
    for fulfillment_id, location_id in spare.items():
        await capacity.give_back(store, tenant_id, location_id, fulfillment_id)
