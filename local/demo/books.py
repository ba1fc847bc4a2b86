"""What the store holds of a tenant after the day, read once for the summary."""

from dataclasses import dataclass
from typing import Final, TypeVar

from shared.couriers.tender import SHIPMENTS, Shipment
from shared.fulfillment.model import FULFILLMENTS, Fulfillment
from shared.kernel.documents import Document, Documents, Kind, pages
from shared.orders.model import (
    DECISIONS,
    EXCEPTIONS,
    ORDERS,
    Decision,
    ExceptionDocument,
    Order,
)
from shared.returns.model import RETURNS, Return

PAGE: Final = 500
PAGES_MAX: Final = 400
D = TypeVar("D", bound=Document)


@dataclass(frozen=True, slots=True)
class Books:
    """Orders in the order of their acceptance, and what belongs to them."""

    tenant_id: str
    orders: tuple[Order, ...]
    works: tuple[Fulfillment, ...]
    shipments: tuple[Shipment, ...]
    returns: tuple[Return, ...]
    decisions: tuple[Decision, ...]
    exceptions: tuple[ExceptionDocument, ...]


async def read_books(store: Documents, tenant_id: str) -> Books:
    """Read what a summary needs."""
    orders = await _all(store, tenant_id, ORDERS)
    return Books(
        tenant_id=tenant_id,
        orders=tuple(sorted(orders, key=lambda order: (order.accepted_at, order.order_id))),
        works=await _all(store, tenant_id, FULFILLMENTS),
        shipments=await _all(store, tenant_id, SHIPMENTS),
        returns=await _all(store, tenant_id, RETURNS),
        decisions=await _all(store, tenant_id, DECISIONS),
        exceptions=await _all(store, tenant_id, EXCEPTIONS),
    )


async def _all(store: Documents, tenant_id: str, kind: Kind[D]) -> tuple[D, ...]:
    walk = pages(store, tenant_id, kind, pages_max=PAGES_MAX, limit=PAGE)
    return tuple([stored.body async for stored in walk])
