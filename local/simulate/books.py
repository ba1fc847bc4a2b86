"""Everything that a tenant's partitions hold once a history has come to rest, read once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from local.simulate.furniture import LOCATIONS, SKUS
from shared.catalog.model import CAPACITY, CAPACITY_TAKES, CapacityDay, CapacityTake
from shared.fulfillment.model import FULFILLMENTS, Fulfillment
from shared.inventory import service as inventory
from shared.inventory.model import (
    ENDS,
    LEVELS,
    MOVEMENTS,
    RESERVATIONS,
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
    D,
    Documents,
    EventDocument,
    Kind,
    pages,
)
from shared.orders.model import EXCEPTIONS, ORDERS, RESERVED, ExceptionDocument, Line, Order, Part

PAGES_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Books:
    """One tenant's documents; those of stock by SKU, events by order."""

    tenant_id: str
    now: datetime
    orders: tuple[Order, ...]
    works: tuple[Fulfillment, ...]
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
    """Read a tenant's books; nobody writes meanwhile."""

    async def of(kind: Kind[D], key: str | None = None) -> tuple[D, ...]:
        return tuple([item.body for item in await _all(store, tenant_id, kind, key)])

    async def by_sku(kind: Kind[D]) -> dict[str, tuple[D, ...]]:
        return {sku: await of(kind, sku) for sku in SKUS}

    async def by_location(kind: Kind[D]) -> dict[str, tuple[D, ...]]:
        return {name: await of(kind, f"location:{name}") for name in LOCATIONS}

    orders = await of(ORDERS)
    return Books(
        tenant_id=tenant_id,
        now=now,
        orders=orders,
        works=await of(FULFILLMENTS),
        exceptions=await of(EXCEPTIONS),
        events=await _events(store, tenant_id, orders),
        levels=await by_sku(LEVELS),
        reservations=await by_sku(RESERVATIONS),
        ends=await by_sku(ENDS),
        movements=await by_sku(MOVEMENTS),
        waits=await by_sku(WAITS),
        found=await _reconciled(store, tenant_id, orders),
        days=await by_location(CAPACITY),
        takes=await by_location(CAPACITY_TAKES),
    )


async def _all(store: Documents, tenant_id: str, kind: Kind[D], key: str | None) -> list[Any]:
    query = {"key": key, "limit": 500, "pages_max": PAGES_MAX}
    return [item async for item in pages(store, tenant_id, kind, **query)]


async def _events(
    store: Documents, tenant_id: str, orders: Iterable[Order]
) -> dict[str, dict[str, EventDocument]]:
    kind = EVENT_KINDS[Container.ORDERS]
    found: dict[str, dict[str, EventDocument]] = {order.order_id: {} for order in orders}
    for item in await _all(store, tenant_id, kind, None):
        found.setdefault(item.key, {})[item.id] = item.body
    return found


async def _reconciled(
    store: Documents, tenant_id: str, orders: Iterable[Order]
) -> dict[str, Reconciliation]:
    expected: dict[str, dict[str, int]] = {sku: {} for sku in SKUS}
    for order in orders:
        for line in order.lines:
            for part in line.parts:
                if part.state in RESERVED and line.sku in expected:
                    expected[line.sku][part.reservation_id or ""] = part.quantity
    return {sku: await inventory.reconcile(store, tenant_id, sku, expected[sku]) for sku in SKUS}
