"""Everything that a tenant's partitions hold, read once while nobody writes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from shared.catalog.model import (
    CAPACITY,
    CAPACITY_TAKES,
    LOCATIONS,
    CapacityDay,
    CapacityTake,
)
from shared.couriers.tender import SHIPMENTS, Shipment
from shared.fulfillment.model import FULFILLMENTS, Fulfillment
from shared.inventory import service as inventory
from shared.inventory.decide.ledger import Entry
from shared.inventory.model import (
    LEVELS,
    WAITS,
    EndDocument,
    Level,
    MovementDocument,
    ReservationDocument,
    WaitDocument,
)
from shared.inventory.service import Reconciliation
from shared.kernel.documents import (
    EVENT_KINDS,
    Container,
    Document,
    Documents,
    EventDocument,
    Kind,
    Stored,
    pages,
)
from shared.orders.model import EXCEPTIONS, ORDERS, RESERVED, ExceptionDocument, Line, Order, Part
from shared.returns.model import RETURNS, Return

PAGE: Final = 500
PAGES_MAX: Final = 4_000  # two million documents of a kind
D = TypeVar("D", bound=Document)
E = TypeVar("E", bound=Entry)


@dataclass(frozen=True, slots=True)
class Books:
    """One tenant's documents; those of stock by SKU, events by order, capacity by location."""

    tenant_id: str
    now: datetime
    orders: tuple[Order, ...]
    works: tuple[Fulfillment, ...]
    returns: tuple[Return, ...]
    shipments: tuple[Shipment, ...]
    exceptions: tuple[ExceptionDocument, ...]
    events: Mapping[str, Mapping[str, EventDocument]]
    levels: Mapping[str, tuple[Level, ...]]
    reservations: Mapping[str, tuple[ReservationDocument, ...]]
    ends: Mapping[str, tuple[EndDocument, ...]]
    movements: Mapping[str, tuple[MovementDocument, ...]]
    waits: Mapping[str, tuple[WaitDocument, ...]]
    found: Mapping[str, Reconciliation]
    days: Mapping[str, tuple[CapacityDay, ...]]
    takes: Mapping[str, tuple[CapacityTake, ...]]

    def parts(self) -> Iterable[tuple[Order, Line, Part]]:
        """Return every part of every order."""
        for order in self.orders:
            for line in order.lines:
                for part in line.parts:
                    yield order, line, part


async def read_books(store: Documents, tenant_id: str, now: datetime) -> Books:
    """Read a tenant's books; nobody writes meanwhile.

    Raises:
        Unavailable: somebody does, and a SKU changes faster than it can be read.
    """
    orders = await _bodies(store, tenant_id, ORDERS)
    found = await _reconciled(store, tenant_id, orders)
    return Books(
        tenant_id=tenant_id,
        now=now,
        orders=orders,
        works=await _bodies(store, tenant_id, FULFILLMENTS),
        returns=await _bodies(store, tenant_id, RETURNS),
        shipments=await _bodies(store, tenant_id, SHIPMENTS),
        exceptions=await _bodies(store, tenant_id, EXCEPTIONS),
        events=await _events(store, tenant_id, orders),
        levels={sku: _levels(each) for sku, each in found.items()},
        reservations=_entries(found, ReservationDocument),
        ends=_entries(found, EndDocument),
        movements=_entries(found, MovementDocument),
        waits={sku: each.snapshot.waits for sku, each in found.items()},
        found=found,
        days=await _by_location(store, tenant_id, CAPACITY),
        takes=await _by_location(store, tenant_id, CAPACITY_TAKES),
    )


async def _all(
    store: Documents, tenant_id: str, kind: Kind[D], key: str | None = None
) -> list[Stored[D]]:
    walk = pages(store, tenant_id, kind, pages_max=PAGES_MAX, key=key, limit=PAGE)
    return [item async for item in walk]


async def _bodies(store: Documents, tenant_id: str, kind: Kind[D]) -> tuple[D, ...]:
    return tuple(item.body for item in await _all(store, tenant_id, kind))


async def _by_location(store: Documents, tenant_id: str, kind: Kind[D]) -> dict[str, tuple[D, ...]]:
    places = [item.body.location_id for item in await _all(store, tenant_id, LOCATIONS)]
    return {
        place: tuple(item.body for item in await _all(store, tenant_id, kind, f"location:{place}"))
        for place in places
    }


async def _events(
    store: Documents, tenant_id: str, orders: Iterable[Order]
) -> dict[str, dict[str, EventDocument]]:
    found: dict[str, dict[str, EventDocument]] = {order.order_id: {} for order in orders}
    for item in await _all(store, tenant_id, EVENT_KINDS[Container.ORDERS]):
        found.setdefault(item.key, {})[item.id] = item.body
    return found


async def _reconciled(
    store: Documents, tenant_id: str, orders: Iterable[Order]
) -> dict[str, Reconciliation]:
    """Compare each SKU that has a level or a wait, or that an order names, with the orders."""
    expected: dict[str, dict[str, int]] = defaultdict(dict)
    for order in orders:
        for line in order.lines:
            for part in line.parts if line.sku else ():
                held = expected[line.sku or ""]
                if part.state in RESERVED:
                    held[part.reservation_id or ""] = part.quantity
    held_somewhere = {item.key for item in await _all(store, tenant_id, LEVELS)}
    queued = {item.key for item in await _all(store, tenant_id, WAITS)}
    return {
        sku: await inventory.reconcile(store, tenant_id, sku, expected[sku])
        for sku in sorted(held_somewhere | queued | expected.keys())
    }


def _levels(found: Reconciliation) -> tuple[Level, ...]:
    return tuple(item.body for item in found.snapshot.levels)


def _entries(found: Mapping[str, Reconciliation], model: type[E]) -> dict[str, tuple[E, ...]]:
    return {
        sku: tuple(entry for entry in each.snapshot.entries if isinstance(entry, model))
        for sku, each in found.items()
    }
