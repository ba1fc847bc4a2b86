"""Load, decide, save: what touches a return alone. Receipts and refunds change the order too."""

from collections.abc import Callable, Sequence
from datetime import datetime

from shared.contracts.orders import ReturnEvent
from shared.contracts.outbox import record
from shared.contracts.stock import StockTask
from shared.kernel.conditions import Condition
from shared.kernel.documents import (
    Container,
    Create,
    Documents,
    Operation,
    Order,
    Page,
    Replace,
    Stored,
)
from shared.kernel.errors import NotFound, Unavailable
from shared.kernel.revise import revised
from shared.returns import decide
from shared.returns.model import (
    RETURNS,
    RETURNS_MAX,
    Return,
    ReturnDetails,
    ReturnStatus,
)
from shared.tenants.model import Caller


def order_of(return_id: str) -> str:
    """Return the partition of a return: its id begins with the order's."""
    return return_id.partition(".")[0]


async def get(store: Documents, tenant_id: str, return_id: str) -> Stored[Return]:
    """Return one return.

    Raises:
        NotFound: there is none of this id in this tenant.
    """
    found = await store.get(tenant_id, RETURNS, order_of(return_id), f"return:{return_id}")
    if found is None:
        raise NotFound("return")
    return found


async def of_order(
    store: Documents, tenant_id: str, order_id: str, count: int
) -> tuple[Stored[Return], ...]:
    """Return all returns of an order, which says that it has `count`.

    Raises:
        Unavailable: fewer are to be seen yet: what they name must not be given back twice.
    """
    if not count:
        return ()
    page = await store.query(tenant_id, RETURNS, key=order_id, limit=RETURNS_MAX)
    if len(page.items) < count:
        raise Unavailable(f"the returns of {order_id} are not all to be seen yet")
    return page.items


async def search(
    store: Documents,
    tenant_id: str,
    *,
    order_id: str | None = None,
    status: ReturnStatus | None = None,
    location_id: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Return]:
    """Return a page of returns, the latest first."""
    asked = (
        ("order_id", order_id),
        ("status", status.value if status else None),
        ("location_id", location_id),
    )
    return await store.query(
        tenant_id,
        RETURNS,
        key=order_id,
        where=[Condition(field, "eq", value) for field, value in asked if value is not None],
        order=Order("requested_at", descending=True),
        limit=limit,
        cursor=cursor,
    )


def creation(made: Return) -> Create[Return]:
    return Create(RETURNS, f"return:{made.return_id}", made)


def replacement(stored: Stored[Return], changed: Return) -> Replace[Return]:
    return Replace(RETURNS, stored.id, changed, stored.etag)


def event_operation(
    changed: Return, caller: Caller, now: datetime, stock: Sequence[StockTask] = ()
) -> Operation:
    """Return the event document of a change that touched the return only."""
    event = ReturnEvent(
        tenant_id=caller.tenant_id,
        occurred_at=now,
        order_id=changed.order_id,
        order_version=changed.version,
        return_id=changed.return_id,
        status=changed.status,
        reason=changed.reason,
        stock=tuple(stock),
    )
    return record(
        Container.ORDERS,
        changed.return_id,
        changed.version,
        event,
        actor=caller.name,
        correlation_id=caller.correlation_id,
    )


async def change(
    store: Documents,
    caller: Caller,
    return_id: str,
    decided: Callable[[Return], Return | None],
    now: datetime,
) -> Return:
    """Apply a pure decision to one return; None from it means that it was done already.

    Raises:
        NotFound, Refused: as the decision says.
        Unavailable: five others changed it meanwhile.
    """

    def operations(stored: Stored[Return], changed: Return) -> tuple[Operation, ...]:
        return replacement(stored, changed), event_operation(changed, caller, now)

    async def load() -> Stored[Return]:
        return await get(store, caller.tenant_id, return_id)

    return await revised(store, caller.tenant_id, Container.ORDERS, load, decided, operations)


async def approve(store: Documents, caller: Caller, return_id: str, now: datetime) -> Return:
    """Let the goods come; a second time changes nothing."""
    return await change(store, caller, return_id, decide.approve, now)


async def decline(
    store: Documents, caller: Caller, return_id: str, reason: str, now: datetime
) -> Return:
    """Refuse it; its units may be named by another return."""
    return await change(store, caller, return_id, lambda r: decide.decline(r, reason), now)


async def cancel(
    store: Documents, caller: Caller, return_id: str, reason: str, now: datetime
) -> Return:
    """Call it off before anything came."""
    return await change(store, caller, return_id, lambda r: decide.cancel(r, reason), now)


async def depart(store: Documents, caller: Caller, return_id: str, now: datetime) -> Return:
    """Record that the carrier has the goods."""
    return await change(store, caller, return_id, decide.depart, now)


async def close(store: Documents, caller: Caller, return_id: str, now: datetime) -> Return:
    """End an inspected return."""
    return await change(store, caller, return_id, lambda r: decide.close(r, now), now)


def shown(found: Return) -> ReturnDetails:
    """Return a return as it is shown."""
    return ReturnDetails(**{name: getattr(found, name) for name in ReturnDetails.model_fields})
