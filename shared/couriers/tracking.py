"""Shipments as they are stored: found by id or by the carrier's number, written by etag."""

from datetime import datetime
from typing import Final

from shared.contracts.orders import ShipmentEvent
from shared.contracts.outbox import record
from shared.couriers.shipment import ShipmentStatus
from shared.couriers.tender import SHIPMENTS, Shipment
from shared.kernel.conditions import Condition
from shared.kernel.documents import Container, Documents, Order, Page, Replace, Stored
from shared.kernel.errors import NotFound
from shared.tenants.model import Caller

SAME_NUMBER_MAX: Final = 20  # carriers use a number again after a year or two
_OVER: Final = frozenset(
    {
        ShipmentStatus.DELIVERED,
        ShipmentStatus.LOST,
        ShipmentStatus.RETURNED_TO_SENDER,
        ShipmentStatus.VOIDED,
    }
)


async def get_shipment(store: Documents, tenant_id: str, shipment_id: str) -> Stored[Shipment]:
    """Return one shipment.

    Raises:
        NotFound: there is none of this id in this tenant.
    """
    key = shipment_id.partition(".")[0]
    found = await store.get(tenant_id, SHIPMENTS, key, f"shipment:{shipment_id}")
    if found is None:
        raise NotFound("shipment")
    return found


async def find_shipments(
    store: Documents, tenant_id: str, tracking: str
) -> tuple[Stored[Shipment], ...]:
    """Return the shipments that a parcel of this number left in, the latest first."""
    page = await store.query(
        tenant_id,
        SHIPMENTS,
        where=(Condition("tracking", "contains", tracking),),
        order=Order("shipped_at", descending=True),
        limit=SAME_NUMBER_MAX,
    )
    return page.items


async def find_shipment(
    store: Documents, tenant_id: str, tracking: str, carrier: str | None = None
) -> Stored[Shipment]:
    """Return the latest shipment that a parcel of this number left in.

    Raises:
        NotFound: no parcel of ours has the number.
    """
    for stored in await find_shipments(store, tenant_id, tracking):
        if carrier is None or stored.body.carrier in {None, carrier}:
            return stored
    raise NotFound("shipment")


async def shipments_of(
    store: Documents, tenant_id: str, order_id: str, *, limit: int, cursor: str | None
) -> Page[Shipment]:
    """Return a page of an order's shipments."""
    return await store.query(tenant_id, SHIPMENTS, key=order_id, limit=limit, cursor=cursor)


def in_status(shipment: Shipment, status: ShipmentStatus, at: datetime) -> Shipment:
    """Return the shipment in another state, one version on (pure)."""
    ended = at if status in _OVER else None
    changes = {"status": status, "version": shipment.version + 1, "ended_at": ended}
    return shipment.model_copy(update=changes)


def replacement(stored: Stored[Shipment], changed: Shipment) -> Replace[Shipment]:
    """Return the write of a changed shipment."""
    return Replace(SHIPMENTS, stored.id, changed, stored.etag)


async def save_shipment(
    store: Documents, caller: Caller, stored: Stored[Shipment], changed: Shipment, now: datetime
) -> Shipment:
    """Write a shipment whose order is not concerned, with its event.

    Raises:
        GuardFailed: it was changed meanwhile.
    """
    event = ShipmentEvent(
        tenant_id=caller.tenant_id,
        occurred_at=now,
        order_id=changed.order_id,
        order_version=changed.version,
        shipment_id=changed.shipment_id,
        status=changed.status,
    )
    written = record(
        Container.ORDERS,
        changed.shipment_id,
        changed.version,
        event,
        actor=caller.name,
        correlation_id=caller.correlation_id,
    )
    await store.batch(
        caller.tenant_id, Container.ORDERS, stored.key, (replacement(stored, changed), written)
    )
    return changed
