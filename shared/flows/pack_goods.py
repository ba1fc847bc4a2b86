"""Parcels are closed; one that nobody weighed weighs what its products do."""

from collections.abc import Sequence
from datetime import datetime

from shared.flows.context import Flows
from shared.fulfillment import service as work_service
from shared.fulfillment.model import Fulfillment, Parcel
from shared.tenants.model import Caller


async def pack(
    flows: Flows, caller: Caller, fulfillment_id: str, parcels: Sequence[Parcel], now: datetime
) -> Fulfillment:
    """Close the parcels; without any, everything is in one.

    Raises:
        NotFound: there is no such work.
        NotInFulfillment: a parcel names a line or a number of units that is not in this work.
        NotAllowed: it is not picked.
    """
    work = (await work_service.get(flows.store, caller.tenant_id, fulfillment_id)).body
    skus = sorted({item.sku for item in work.items})
    products = await flows.knowledge.products(caller.tenant_id, skus, now)
    weights = {i.line_id: products[i.sku].weight_g for i in work.items if i.sku in products}
    return await work_service.pack(
        flows.store, caller, fulfillment_id, parcels, now, weights_g=weights
    )
