"""Reserve, harden, move and expire: one batch each (design 3)."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from shared.contracts.stock import Ending
from shared.inventory.decide import reserving as decide
from shared.inventory.decide.amounts import Sight
from shared.inventory.decide.waiting import changed_wait_id, closed_by
from shared.inventory.model import (
    CONFIG,
    ENDS,
    NEVER,
    RESERVATIONS,
    SWEEPS,
    WAITS,
    ReservationDocument,
    Reserve,
    Reserved,
    Short,
    SweepCursor,
    Won,
    end_id,
    reservation_doc,
    stamp,
)
from shared.inventory.service.commit import ATTEMPTS_MAX, STOCK, commit, look
from shared.kernel.conditions import Condition
from shared.kernel.documents import Create, Documents, Operation, Order, Replace, Stored, pages
from shared.kernel.errors import Exists, GuardFailed, Unavailable, WriteLost

EXPIRED_MAX: Final = 20  # soft reservations that one reserve may end
SWEEP_PAGE: Final = 250
SWEEP_PAGES_MAX: Final = 20
SWEEP_OVERLAP: Final = timedelta(minutes=1)  # clocks of writers differ by less
SWEEP_LOOK_BACK: Final = timedelta(hours=1)  # what is older, the sweep has ended
SWEEP_LOOK_BACK_DAILY: Final = timedelta(days=2)  # a writer was stopped for a day at most
SWEEP_ID: Final = "expirysweep"
DAY: Final = len("2026-06-03")  # parts of a stamp
HOUR: Final = len("2026-06-03T09")


async def reserve(store: Documents, tenant_id: str, wanted: Reserve, now: datetime) -> Reserved:
    """Take units of one SKU at one location, in one guarded write with no read before it.

    The same call may come twice, or after the id was voided. Expired soft reservations of the
    level end in the same write when the units are needed.

    Returns:
        Won; Lost (the id is spent: plan again with a new one); Short with what is available.

    Raises:
        Unavailable: too many writers of this SKU; the same call may succeed later.
    """
    at, sight = stamp(now), await _sight_of_wait(store, tenant_id, wanted)
    expired: tuple[ReservationDocument, ...] = ()
    for _ in range(ATTEMPTS_MAX):
        short = decide.shortfall(wanted, sight, expired)
        if short and not expired and decide.may_hold_soft(wanted, sight):
            expired = await expired_at(store, tenant_id, wanted.sku, wanted.location_id, now)
            short = decide.shortfall(wanted, sight, expired)
        if short:
            return await _known(store, tenant_id, wanted) or short
        operations = decide.reserve_operations(wanted, at, sight, expired)
        try:
            await store.batch(tenant_id, STOCK, wanted.sku, operations)
        except WriteLost as lost:
            known = await _after_loss(store, tenant_id, wanted, lost, sight)
            if known:
                return known
            expired = ()
        else:
            return Won(wanted.reservation_id)
    raise Unavailable(f"{wanted.sku}: {ATTEMPTS_MAX} writes lost to others")


async def _sight_of_wait(store: Documents, tenant_id: str, wanted: Reserve) -> Sight:
    sight = Sight()
    for close in closed_by(wanted):
        document_id = changed_wait_id(close)
        sight.waits[document_id] = await store.get(tenant_id, WAITS, wanted.sku, document_id)
    return sight


async def _after_loss(
    store: Documents, tenant_id: str, wanted: Reserve, lost: WriteLost, sight: Sight
) -> Reserved | None:
    if lost.document_id == reservation_doc(wanted.reservation_id):
        return await _known(store, tenant_id, wanted)
    if not await look(store, tenant_id, wanted.sku, lost.document_id, sight):
        raise lost
    return None


async def _known(store: Documents, tenant_id: str, wanted: Reserve) -> Reserved | None:
    """Return what an earlier call with this id came to."""
    name, sku = wanted.reservation_id, wanted.sku
    found = await store.get(tenant_id, RESERVATIONS, sku, reservation_doc(name))
    if found is None:
        return None
    end = await store.get(tenant_id, ENDS, sku, end_id(name))
    return decide.earlier(wanted, found.body, end.body if end else None)


async def expired_at(
    store: Documents, tenant_id: str, sku: str, location_id: str, now: datetime
) -> tuple[ReservationDocument, ...]:
    """Return soft reservations of a level whose time is over and that have not ended yet."""
    page = await store.query(
        tenant_id,
        RESERVATIONS,
        key=sku,
        where=(
            Condition("location_id", "eq", location_id),
            Condition("expires_at", "le", stamp(now)),
            Condition("expires_at", "gt", stamp(now - SWEEP_LOOK_BACK)),
        ),
        order=Order("expires_at", descending=True),
        limit=EXPIRED_MAX,
    )
    open_ones = []
    for item in page.items:
        end = await store.get(tenant_id, ENDS, sku, end_id(item.body.reservation_id))
        if end is None and item.body.tracked:
            open_ones.append(item.body)
    return tuple(open_ones)


async def harden(
    store: Documents, tenant_id: str, soft_id: str, wanted: Reserve, now: datetime
) -> Reserved:
    """Turn a quote's soft reservation into an order's hard one, in one write.

    Where the soft one never was, has ended or is over, this is a plain reserve.
    """
    return await exchange(store, tenant_id, soft_id, Ending.HARDENED, wanted, now=now)


async def move(
    store: Documents, tenant_id: str, old_id: str, wanted: Reserve, now: datetime
) -> Reserved:
    """Move a reservation to another location of the SKU: end old and create new in one write.

    Short leaves the old one open. Where the old one is not open, this is a plain reserve.
    """
    return await exchange(store, tenant_id, old_id, Ending.MOVED, wanted, now=now)


async def exchange(
    store: Documents, tenant_id: str, old_id: str, how: Ending, wanted: Reserve, *, now: datetime
) -> Reserved:
    """End one reservation and open another in one write."""
    at = stamp(now)
    found = await store.get(tenant_id, RESERVATIONS, wanted.sku, reservation_doc(old_id))
    if found is None or found.body.void or decide.is_expired(found.body, at):
        return await reserve(store, tenant_id, wanted, now)
    swap = decide.Exchange(found.body, how, wanted)
    sight = await _sight_of_wait(store, tenant_id, wanted)
    try:
        written = await commit(
            store,
            tenant_id,
            wanted.sku,
            lambda seen: (
                None
                if decide.exchange_shortfall(swap, seen)
                else decide.exchange_operations(swap, at, seen)
            ),
            sight,
        )
    except Exists:  # it ended, or this call came before
        return await _known(store, tenant_id, wanted) or await reserve(
            store, tenant_id, wanted, now
        )
    if written:
        return Won(wanted.reservation_id)
    known = await _known(store, tenant_id, wanted)
    return known or decide.exchange_shortfall(swap, sight) or Short(wanted.reservation_id, 0)


async def expire(store: Documents, tenant_id: str, now: datetime) -> tuple[str, ...]:
    """End the soft reservations whose time is over, from a stored cursor on; returns their ids.

    Bounded; called by a timer. A run begins where the one before it began to look, less a minute,
    so that a reservation is met whose writer was stopped until its time was swept.
    """
    cursor = await store.get(tenant_id, SWEEPS, CONFIG, SWEEP_ID)
    start = _start(cursor.body, now) if cursor else ""
    ended, reached = [], stamp(now)
    seen = 0
    async for item in pages(
        store,
        tenant_id,
        RESERVATIONS,
        pages_max=SWEEP_PAGES_MAX,
        where=(Condition("expires_at", "ge", start), Condition("expires_at", "le", stamp(now))),
        order=Order("expires_at"),
        limit=SWEEP_PAGE,
    ):
        seen += 1
        reached = item.body.expires_at or reached
        if await expire_one(store, tenant_id, item.body, now):
            ended.append(item.body.reservation_id)
    if cursor and not seen and not _is_ahead(cursor.body, now):
        return ()  # the next run begins there again and meets no more for it
    is_whole = seen < SWEEP_PAGE * SWEEP_PAGES_MAX
    position = _position(cursor, stamp(now) if is_whole else reached, is_whole=is_whole)
    await _keep_cursor(store, tenant_id, cursor, position)
    return tuple(ended)


def _start(cursor: SweepCursor, now: datetime) -> str:
    """Return where a run begins.

    A cursor that lies ahead says that the clock was set back, and not when. One that was put right
    again between two runs leaves no trace, nor does a writer that was stopped for long: so the
    first run of an hour looks back farther, and the first of a day still farther.
    """
    if _is_ahead(cursor, now):
        return stamp(now - SWEEP_LOOK_BACK)
    at = stamp(now - SWEEP_OVERLAP)
    if cursor.reached == NEVER or cursor.reached[:HOUR] == at[:HOUR]:
        return cursor.expires_at
    is_next_day = cursor.reached[:DAY] != at[:DAY]
    farther = SWEEP_LOOK_BACK_DAILY if is_next_day else SWEEP_LOOK_BACK
    back = stamp(datetime.fromisoformat(cursor.reached) - farther)
    return min(cursor.expires_at, back)


def _is_ahead(cursor: SweepCursor, now: datetime) -> bool:
    return cursor.expires_at > stamp(now - SWEEP_OVERLAP)


def _position(cursor: Stored[SweepCursor] | None, reached: str, *, is_whole: bool) -> SweepCursor:
    """Return where the next run begins: where the last one came to, if this one met all."""
    back = stamp(datetime.fromisoformat(reached) - SWEEP_OVERLAP)
    before = cursor.body.reached if cursor else ""
    return SweepCursor(expires_at=min(before, back) if is_whole else back, reached=back)


async def _keep_cursor(
    store: Documents, tenant_id: str, cursor: Stored[SweepCursor] | None, position: SweepCursor
) -> None:
    write: Operation = Create(SWEEPS, SWEEP_ID, position)
    if cursor:
        write = Replace(SWEEPS, SWEEP_ID, position, cursor.etag)
    with suppress(Exists, GuardFailed):  # another sweep was as fast: its cursor stands
        await store.batch(tenant_id, SWEEPS.container, CONFIG, (write,))


async def expire_one(
    store: Documents, tenant_id: str, body: ReservationDocument, now: datetime
) -> bool:
    """End one soft reservation as expired; False when it was hardened or ended before."""
    at = stamp(now)
    try:
        return await commit(
            store,
            tenant_id,
            body.sku,
            lambda sight: decide.expire_operations(body, at, sight),
        )
    except Exists:
        return False
