"""Load, decide, save: the commands that touch only a location's own work."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final

from shared.contracts.orders import FulfillmentMoved, OrderEvent, ReadyForPickup
from shared.contracts.outbox import record
from shared.fulfillment import decide
from shared.fulfillment.model import FULFILLMENTS, Fulfillment, Parcel, Status
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
from shared.kernel.errors import NotFound
from shared.kernel.revise import revised
from shared.tenants.model import Caller

WORK_PAGE: Final = 200
WORK_PAGES_MAX: Final = 20  # of one location's open work


def order_of(fulfillment_id: str) -> str:
    """Return the partition of a fulfillment or shipment: its id begins with the order's."""
    return fulfillment_id.partition(".")[0]


async def get(store: Documents, tenant_id: str, fulfillment_id: str) -> Stored[Fulfillment]:
    """Return one fulfillment.

    Raises:
        NotFound: there is none of this id in this tenant.
    """
    found = await store.get(
        tenant_id, FULFILLMENTS, order_of(fulfillment_id), f"fulfillment:{fulfillment_id}"
    )
    if found is None:
        raise NotFound("fulfillment")
    return found


async def of_order(
    store: Documents, tenant_id: str, order_id: str
) -> tuple[Stored[Fulfillment], ...]:
    """Return all fulfillments of an order, at most a page of them."""
    page = await store.query(tenant_id, FULFILLMENTS, key=order_id, limit=200)
    return page.items


async def work_queue(
    store: Documents,
    tenant_id: str,
    location_id: str,
    *,
    status: Status | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Fulfillment]:
    """Return a location's open work, most urgent first."""
    where = [Condition("queue", "eq", decide.todo_queue(location_id))]
    if status is not None:
        where = [
            Condition("status", "eq", status.value),
            Condition("location_id", "eq", location_id),
        ]
    return await store.query(
        tenant_id, FULFILLMENTS, where=where, order=Order("due_by"), limit=limit, cursor=cursor
    )


async def open_work(store: Documents, tenant_id: str, location_id: str) -> tuple[Fulfillment, ...]:
    """Return all of a location's open work, bounded."""
    works: list[Fulfillment] = []
    cursor: str | None = None
    for _ in range(WORK_PAGES_MAX):
        page = await work_queue(store, tenant_id, location_id, limit=WORK_PAGE, cursor=cursor)
        works += [stored.body for stored in page.items]
        cursor = page.cursor
        if cursor is None:
            break
    return tuple(works)


def replacement(work: Stored[Fulfillment], changed: Fulfillment) -> Replace[Fulfillment]:
    return Replace(FULFILLMENTS, work.id, changed, work.etag)


def creation(work: Fulfillment) -> Create[Fulfillment]:
    return Create(FULFILLMENTS, f"fulfillment:{work.fulfillment_id}", work)


def moved_event(
    work: Fulfillment, caller: Caller, now: datetime, reason: str | None = None
) -> FulfillmentMoved:
    """Return the event of a change that touched the fulfillment only."""
    return FulfillmentMoved(
        tenant_id=caller.tenant_id,
        occurred_at=now,
        order_id=work.order_id,
        order_version=work.version,
        fulfillment_id=work.fulfillment_id,
        location_id=work.location_id,
        status=work.status,
        reason=reason,
    )


async def change(
    store: Documents,
    caller: Caller,
    fulfillment_id: str,
    decided: Callable[[Fulfillment], Fulfillment | None],
    now: datetime,
    *,
    event_of: Callable[[Fulfillment], OrderEvent] | None = None,
) -> Fulfillment:
    """Apply a pure decision to one fulfillment; None from it means that it was done already.

    Raises:
        NotFound, Refused: as the decision says.
        Unavailable: five others changed it meanwhile.
    """

    def operations(work: Stored[Fulfillment], changed: Fulfillment) -> tuple[Operation, ...]:
        event = event_of(changed) if event_of else moved_event(changed, caller, now)
        return replacement(work, changed), event_operation(changed, event, caller)

    async def load() -> Stored[Fulfillment]:
        return await get(store, caller.tenant_id, fulfillment_id)

    return await revised(store, caller.tenant_id, Container.ORDERS, load, decided, operations)


def event_operation(work: Fulfillment, event: OrderEvent, caller: Caller) -> Operation:
    """Return the event document of a fulfillment's new version."""
    return record(
        Container.ORDERS,
        work.fulfillment_id,
        work.version,
        event,
        actor=caller.name,
        correlation_id=caller.correlation_id,
    )


async def accept(
    store: Documents, caller: Caller, fulfillment_id: str, now: datetime
) -> Fulfillment:
    """Take the work on; a second time changes nothing."""
    return await change(store, caller, fulfillment_id, lambda w: decide.accept(w, now), now)


async def pick(
    store: Documents,
    caller: Caller,
    fulfillment_id: str,
    picks: Mapping[str, int],
    now: datetime,
    *,
    is_total: bool = False,
    command_id: str = "",
) -> Fulfillment:
    """Add scanned units (by SKU) to the tote; `is_total`: `picks` is what is in it in all.

    A command that was heard before adds nothing.
    """

    def decided(work: Fulfillment) -> Fulfillment | None:
        if command_id in work.heard:
            return None
        if work.status is Status.PICKED and is_total and decide.in_tote(work) == dict(picks):
            return None
        more = decide.additional(work, picks) if is_total else picks
        return decide.heard(decide.pick(work, more, now), command_id)

    return await change(store, caller, fulfillment_id, decided, now)


async def pack(
    store: Documents,
    caller: Caller,
    fulfillment_id: str,
    parcels: Sequence[Parcel],
    now: datetime,
    *,
    weights_g: Mapping[str, int] = MappingProxyType({}),
) -> Fulfillment:
    """Close the parcels; packing again as it was packed changes nothing.

    `weights_g`: of one unit of each line, for parcels that nobody weighed.
    """
    told = decide.weighed(parcels, weights_g)

    def decided(work: Fulfillment) -> Fulfillment | None:
        if work.status is Status.PACKED and (not parcels or work.parcels == told):
            return None
        return decide.pack(work, parcels, now, weights_g)

    return await change(store, caller, fulfillment_id, decided, now)


async def ready(
    store: Documents,
    caller: Caller,
    fulfillment_id: str,
    code: str,
    expires_at: datetime,
    now: datetime,
) -> Fulfillment:
    """Announce that the goods can be collected; the customer is told the code by message."""

    def decided(work: Fulfillment) -> Fulfillment | None:
        if work.status is Status.READY_FOR_PICKUP:
            return None
        return decide.ready(work, code, expires_at, now)

    return await change(
        store, caller, fulfillment_id, decided, now, event_of=lambda w: ready_event(w, caller, now)
    )


async def resend_code(
    store: Documents, caller: Caller, fulfillment_id: str, code: str, now: datetime
) -> Fulfillment:
    """Send a new code and unlock it."""
    return await change(
        store,
        caller,
        fulfillment_id,
        lambda w: decide.resend_code(w, code, now),
        now,
        event_of=lambda w: ready_event(w, caller, now, is_resent=True),
    )


def ready_event(
    work: Fulfillment, caller: Caller, now: datetime, *, is_resent: bool = False
) -> ReadyForPickup:
    return ReadyForPickup(
        tenant_id=caller.tenant_id,
        occurred_at=now,
        order_id=work.order_id,
        order_version=work.version,
        fulfillment_id=work.fulfillment_id,
        location_id=work.location_id,
        status=work.status,
        expires_at=work.pickup_expires_at,
        resend=is_resent,
    )


async def check_code(
    store: Documents,
    caller: Caller,
    fulfillment_id: str,
    code: str,
    now: datetime,
    *,
    tries_max: int,
) -> None:
    """Count a wrong code before it is refused.

    Raises:
        WrongCode, CodeLocked: it does not fit, or `tries_max` did not.
    """
    work = (await get(store, caller.tenant_id, fulfillment_id)).body
    if work.status is Status.READY_FOR_PICKUP and not decide.code_fits(work, code, tries_max):
        await change(store, caller, fulfillment_id, lambda w: decide.wrong_try(w, now), now)
        raise decide.wrong_code(work, tries_max)
