"""Capacity goes back to its day when no work needs it any more (semantics 5).

A take stands for a fulfillment that a decision minted. It is given back once the attempt is closed
and that fulfillment did not come to be, or was rejected, cancelled or never collected. Looked at
whenever the order's stock is given back and whenever its sourcing begins anew: so what a crash left
is found by the delivery that repeats it, and whatever was given back already stays so.
"""

from typing import Final

from shared.catalog import capacity
from shared.flows.context import Flows
from shared.fulfillment import service as work_service
from shared.fulfillment.model import Status
from shared.orders import decide as orders
from shared.orders.model import Order

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
    needed = {work.body.fulfillment_id for work in works if work.body.status not in NOT_DONE}
    spent = [name for name in loose if name not in needed]
    for fulfillment_id in spent:
        at = loose[fulfillment_id]
        await capacity.give_back(flows.store, tenant_id, at, fulfillment_id)
    return frozenset(spent)
