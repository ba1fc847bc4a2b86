"""Reads of one SKU's partition; expired soft reservations count as free."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar

from shared.inventory.decide.amounts import Deltas, changed, held_by, total
from shared.inventory.decide.recording import held_then, sum_after
from shared.inventory.decide.reserving import is_expired
from shared.inventory.model import (
    DEMAND,
    DEMAND_ID,
    ENDS,
    LEVELS,
    LOCATIONS_MAX,
    MOVEMENTS,
    RESERVATIONS,
    Demand,
    EndDocument,
    Level,
    MovementDocument,
    ReservationDocument,
    end_id,
    level_id,
    stamp,
)
from shared.kernel.conditions import Condition, Increment
from shared.kernel.documents import Document, Documents, Kind, Order, Patch, Stored, pages
from shared.kernel.errors import GuardFailed, Missing

SOFTS_MAX: Final = 200  # soft reservations of a level that a read looks at
LOOK_BACK: Final = timedelta(hours=1)  # what expired before, the sweep has ended
PAGE: Final = 200
D = TypeVar("D", bound=Document)


async def levels(store: Documents, tenant_id: str, sku: str, now: datetime) -> tuple[Level, ...]:
    """Return a SKU's levels, by location; soft reservations whose time is over are free."""
    page = await store.query(tenant_id, LEVELS, key=sku, limit=LOCATIONS_MAX)
    return tuple(
        [
            await _as_of(store, tenant_id, item.body, now) if item.body.soft_reserved else item.body
            for item in page.items
        ]
    )


async def level(
    store: Documents, tenant_id: str, sku: str, location_id: str, now: datetime
) -> Level | None:
    """Return one level as a reader should see it now."""
    stored = await store.get(tenant_id, LEVELS, sku, level_id(location_id))
    return await _as_of(store, tenant_id, stored.body, now) if stored else None


async def overcommitted(
    store: Documents, tenant_id: str, sku: str, location_id: str, now: datetime
) -> Level | None:
    """Return a level whose free is below 0 now; None when it is not.

    A guarded write that changes nothing asks: a read alone may be answered by an old replica, and
    after a write it no longer is.
    """
    probe = Patch(
        LEVELS,
        level_id(location_id),
        (Increment("free", 0),),
        (Condition("free", "lt", 0),),
    )
    try:
        await store.batch(tenant_id, LEVELS.container, sku, (probe,))
    except (GuardFailed, Missing):
        return None
    found = await level(store, tenant_id, sku, location_id, now)
    return found if found and found.free < 0 else None


async def levels_at(
    store: Documents, tenant_id: str, location_id: str, limit: int, cursor: str | None = None
) -> tuple[tuple[Level, ...], str | None]:
    """Return a page of what a location has, by SKU, as stored."""
    page = await store.query(
        tenant_id,
        LEVELS,
        where=(Condition("location_id", "eq", location_id),),
        order=Order("sku"),
        limit=limit,
        cursor=cursor,
    )
    return tuple(item.body for item in page.items), page.cursor


async def _as_of(store: Documents, tenant_id: str, body: Level, now: datetime) -> Level:
    if not body.soft_reserved:
        return body
    softs = await open_softs(store, tenant_id, body.sku, body.location_id, now)
    at = stamp(now)
    return changed(body, -total(held_by(soft) for soft in softs if is_expired(soft, at)))


async def open_softs(
    store: Documents, tenant_id: str, sku: str, location_id: str, now: datetime
) -> tuple[ReservationDocument, ...]:
    """Return the soft reservations of a level that have not ended, expired ones included."""
    where = (
        Condition("location_id", "eq", location_id),
        Condition("expires_at", "gt", stamp(now - LOOK_BACK)),
    )
    page = await store.query(
        tenant_id,
        RESERVATIONS,
        key=sku,
        where=where,
        order=Order("expires_at"),
        limit=SOFTS_MAX,
    )
    bodies = [item.body for item in page.items if not item.body.void]
    ended = [await store.get(tenant_id, ENDS, sku, end_id(body.reservation_id)) for body in bodies]
    return tuple(body for body, end in zip(bodies, ended, strict=True) if end is None)


async def quote_softs(
    store: Documents, tenant_id: str, sku: str, quote_id: str, now: datetime
) -> tuple[ReservationDocument, ...]:
    """Return what a quote still holds of a SKU; nothing once its time is over."""
    page = await store.query(
        tenant_id,
        RESERVATIONS,
        key=sku,
        where=(Condition("order_id", "eq", quote_id), Condition("expires_at", "gt", stamp(now))),
        order=Order("expires_at"),
        limit=SOFTS_MAX,
    )
    bodies = [item.body for item in page.items if not item.body.void]
    ended = [await store.get(tenant_id, ENDS, sku, end_id(body.reservation_id)) for body in bodies]
    return tuple(body for body, end in zip(bodies, ended, strict=True) if end is None)


async def open_reservations(
    store: Documents, tenant_id: str, sku: str, location_id: str
) -> tuple[ReservationDocument, ...]:
    """Return the open hard reservations of a level, newest first.

    Reads back until those found add up to what the level says is reserved, so that what ended
    long ago is not read.
    """
    stored = await store.get(tenant_id, LEVELS, sku, level_id(location_id))
    left = stored.body.reserved if stored else 0
    found: list[ReservationDocument] = []
    where = (Condition("location_id", "eq", location_id),)
    newest = Order("at", descending=True)
    async for item in pages(
        store, tenant_id, RESERVATIONS, key=sku, where=where, order=newest, limit=PAGE
    ):
        if left <= 0:
            break
        body = item.body
        units = held_by(body).reserved
        if units and not await store.get(tenant_id, ENDS, sku, end_id(body.reservation_id)):
            found.append(body)
            left -= units
    return tuple(found)


async def happened_after(
    store: Documents, tenant_id: str, sku: str, location_id: str, at: str
) -> Deltas:
    """Return what happened to the goods of a level after a time, by their own times."""
    where = (Condition("location_id", "eq", location_id), Condition("at", "gt", at))
    bodies: list[EndDocument | MovementDocument] = []
    bodies += [item.body async for item in _all(store, tenant_id, MOVEMENTS, sku, where)]
    bodies += [item.body async for item in _all(store, tenant_id, ENDS, sku, where)]
    return sum_after(bodies, location_id, at)


async def held_at(store: Documents, tenant_id: str, level: Level, at: str) -> int:
    """Return the units of a level that were reserved for orders at a time."""
    where = (Condition("location_id", "eq", level.location_id), Condition("at", "gt", at))
    bodies: list[ReservationDocument | EndDocument] = []
    bodies += [item.body async for item in _all(store, tenant_id, RESERVATIONS, level.sku, where)]
    bodies += [item.body async for item in _all(store, tenant_id, ENDS, level.sku, where)]
    return held_then(level, bodies, at)


async def moved_since(
    store: Documents, tenant_id: str, level: Level, since: datetime
) -> tuple[MovementDocument, ...]:
    """Return the newest movements of a level since a time, a bounded number."""
    page = await store.query(
        tenant_id,
        MOVEMENTS,
        key=level.sku,
        where=(
            Condition("location_id", "eq", level.location_id),
            Condition("at", "gt", stamp(since)),
        ),
        order=Order("at", descending=True),
        limit=PAGE,
    )
    return tuple(item.body for item in page.items)


def _all(
    store: Documents, tenant_id: str, kind: Kind[D], sku: str, where: Sequence[Condition]
) -> AsyncIterator[Stored[D]]:
    return pages(store, tenant_id, kind, key=sku, where=where, order=Order("at"), limit=PAGE)


async def demand(store: Documents, tenant_id: str, sku: str) -> Demand:
    """Return a SKU's queued units by pool and by pickup location."""
    stored = await store.get(tenant_id, DEMAND, sku, DEMAND_ID)
    return stored.body if stored else Demand()
