"""Reading orders, their timelines and their exceptions, page by page."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from shared.kernel.conditions import Condition
from shared.kernel.documents import (
    EVENT_KINDS,
    Container,
    Documents,
    EventDocument,
    Page,
    Stored,
)
from shared.kernel.documents import Order as Sorting
from shared.kernel.errors import NotFound
from shared.orders.model import ORDERS, ExceptionDocument, Order, OrderStatus
from shared.orders.work import DECISIONS, EXCEPTIONS, Decision, ExceptionStatus

ORDER: Final = "order"


async def find(store: Documents, tenant_id: str, order_id: str) -> Stored[Order] | None:
    return await store.get(tenant_id, ORDERS, order_id, ORDER)


async def load(store: Documents, tenant_id: str, order_id: str) -> Stored[Order]:
    """Return an order with its etag.

    Raises:
        NotFound: there is none, or it is another tenant's.
    """
    stored = await find(store, tenant_id, order_id)
    if stored is None:
        raise NotFound("order")
    return stored


async def get_order(store: Documents, tenant_id: str, order_id: str) -> Order:
    return (await load(store, tenant_id, order_id)).body


async def timeline(
    store: Documents, tenant_id: str, order_id: str, *, limit: int = 50, cursor: str | None = None
) -> Page[EventDocument]:
    """Return what happened to an order, its fulfillments, shipments and returns, oldest first.

    Raises:
        NotFound: no such order.
    """
    await load(store, tenant_id, order_id)
    return await store.query(
        tenant_id,
        EVENT_KINDS[Container.ORDERS],
        key=order_id,
        order=Sorting("at"),
        limit=limit,
        cursor=cursor,
    )


async def decisions(
    store: Documents, tenant_id: str, order_id: str, *, limit: int = 50, cursor: str | None = None
) -> Page[Decision]:
    """Return the routing decisions of an order, the first attempt first.

    Raises:
        NotFound: no such order.
    """
    await load(store, tenant_id, order_id)
    return await store.query(
        tenant_id,
        DECISIONS,
        key=order_id,
        order=Sorting("attempt"),
        limit=limit,
        cursor=cursor,
    )


@dataclass(frozen=True, slots=True)
class OrderSearch:
    """Filters that all must hold; `lookup` is the hash of an e-mail, phone or loyalty id."""

    reference: str | None = None
    number: str | None = None
    lookup: str | None = None
    sku: str | None = None
    status: OrderStatus | None = None
    connection: str | None = None
    customer_id: str | None = None
    from_day: date | None = None
    to_day: date | None = None


def _conditions(search: OrderSearch) -> tuple[Condition, ...]:
    rows = (
        Condition("reference", "eq", search.reference),
        Condition("number", "eq", search.number),
        Condition("lookups", "contains", search.lookup),
        Condition("skus", "contains", search.sku),
        Condition("status", "eq", search.status.value if search.status else None),
        Condition("connection", "eq", search.connection),
        Condition("customer_id", "eq", search.customer_id),
        Condition("day", "ge", search.from_day.isoformat() if search.from_day else None),
        Condition("day", "le", search.to_day.isoformat() if search.to_day else None),
    )
    return tuple(row for row in rows if row.value is not None)


async def search(
    store: Documents,
    tenant_id: str,
    wanted: OrderSearch,
    *,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Order]:
    """Return a page of the tenant's orders, the latest first."""
    return await store.query(
        tenant_id,
        ORDERS,
        where=_conditions(wanted),
        order=Sorting("accepted_at", descending=True),
        limit=limit,
        cursor=cursor,
    )


async def exceptions(
    store: Documents,
    tenant_id: str,
    *,
    status: ExceptionStatus = ExceptionStatus.OPEN,
    code: str | None = None,
    location_id: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[ExceptionDocument]:
    """Return a page of what a person must decide, the oldest first."""
    where = [Condition("status", "eq", status.value)]
    if code is not None:
        where.append(Condition("code", "eq", code))
    if location_id is not None:
        where.append(Condition("location_id", "eq", location_id))
    return await store.query(
        tenant_id, EXCEPTIONS, where=where, order=Sorting("opened_at"), limit=limit, cursor=cursor
    )
