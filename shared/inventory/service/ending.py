"""Do stock tasks: each is one batch, whenever and however often it comes (design 3)."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeAlias

from shared.contracts.stock import (
    DivideReservation,
    Ending,
    EndReservation,
    Move,
    Queue,
    Restore,
    StockTask,
    Unqueue,
)
from shared.inventory.decide import ending as decide
from shared.inventory.decide.amounts import Sight
from shared.inventory.decide.recording import delta_operations, restore_operations
from shared.inventory.decide.waiting import wait_operations
from shared.inventory.model import (
    ENDS,
    RESERVATIONS,
    NotReserved,
    NotYetReserved,
    Outcome,
    ReservationDocument,
    end_id,
    reservation_doc,
    stamp,
)
from shared.inventory.service.commit import ATTEMPTS_MAX, Build, commit, look_at_level
from shared.inventory.service.queueing import queue
from shared.inventory.service.reading import happened_after, open_softs
from shared.kernel.documents import Documents, Operation
from shared.kernel.errors import Exists, Unavailable

Facts: TypeAlias = EndReservation | DivideReservation
_Build: TypeAlias = Callable[[Sight, decide.Emptied | None], Sequence[Operation]]


async def perform(store: Documents, tenant_id: str, task: StockTask, at: datetime) -> Outcome:
    """Do one stock task of an event; the same task may come twice, late or out of order.

    `at` is when the event occurred: a newer count has seen what happened to the goods then.

    Raises:
        NotYetReserved: it overtook the task that makes its reservation; try again later.
        Unavailable: too many writers of this SKU; try again later.
        SharesDiffer: a division gives out more than there is.
    """
    match task:
        case EndReservation():
            return await end(store, tenant_id, task, at)
        case DivideReservation():
            return await divide(store, tenant_id, task, at)
        case Queue():
            return await queue(store, tenant_id, task.wait.sku, [task])
        case Unqueue():
            return await queue(store, tenant_id, task.sku, [task])
        case Move():
            return await _once(store, tenant_id, task.sku, lambda s: delta_operations(task, s)[1])
        case Restore():
            return await restore(store, tenant_id, task)


async def carry_out(store: Documents, tenant_id: str, task: StockTask, at: datetime) -> None:
    """Do one stock task as `perform` does, for a caller who does not ask what it came to.

    How a reservation had ended is read only where the task still has something to do then.
    """
    if not isinstance(task, EndReservation):
        await perform(store, tenant_id, task, at)
        return
    done = await _end(store, tenant_id, task, at)
    if done is None and (task.wait or task.ending is Ending.CONSUMED):
        await _ended_before(store, tenant_id, task, at)


async def end(store: Documents, tenant_id: str, task: EndReservation, at: datetime) -> Outcome:
    """End a reservation; exactly one ending wins. One that has not come is voided."""
    done = await _end(store, tenant_id, task, at)
    return done or await _ended_before(store, tenant_id, task, at)


async def _end(
    store: Documents, tenant_id: str, task: EndReservation, at: datetime
) -> Outcome | None:
    """End a reservation; None when it has ended before, by this task or otherwise."""
    own = end_id(task.reservation_id)
    for _ in range(ATTEMPTS_MAX):
        found = await _reservation(store, tenant_id, task.sku, task.reservation_id)
        if found is None and task.ending is Ending.CONSUMED:
            raise NotYetReserved(task.reservation_id)
        try:
            await _write(store, tenant_id, task, at, _end_build(task, found, stamp(at)))
        except Exists as taken:
            if taken.document_id == own:
                return None
            continue  # the reservation came meanwhile, or a soft one there ended by itself
        return Outcome.DONE if found else Outcome.VOIDED
    raise Unavailable(f"{task.sku}: {task.reservation_id} is contended")


def _end_build(task: EndReservation, found: ReservationDocument | None, at: str) -> _Build:
    if found is None:
        return lambda sight, empty: decide.void_operations(task, at, sight, empty)
    return lambda sight, empty: decide.end_operations(task, found, at, sight, empty)


async def _ended_before(
    store: Documents, tenant_id: str, task: EndReservation, at: datetime
) -> Outcome:
    ended = await store.get(tenant_id, ENDS, task.sku, end_id(task.reservation_id))
    if ended is None or ended.body.ending is task.ending:
        return Outcome.REPEATED
    if task.ending is Ending.CONSUMED:
        return await _consumed_anyway(store, tenant_id, task, at)
    wait = task.wait
    if wait:
        await commit(store, tenant_id, task.sku, lambda s: wait_operations(s, [wait]))
    return Outcome.LOST


async def _consumed_anyway(
    store: Documents, tenant_id: str, task: EndReservation, at: datetime
) -> Outcome:
    found = await _reservation(store, tenant_id, task.sku, task.reservation_id)
    if found and not found.tracked:
        return Outcome.LOST  # of an unlimited SKU there is nothing to count
    done = await _once(
        store, tenant_id, task.sku, lambda s: decide.consumed_anyway(task, stamp(at), s)
    )
    return Outcome.LOST if done is Outcome.DONE else done


async def divide(
    store: Documents, tenant_id: str, task: DivideReservation, at: datetime
) -> Outcome:
    """Divide a reservation, in one write; shares that later tasks have voided hold nothing."""
    own, taken = end_id(task.reservation_id), frozenset[str]()
    ids = {share.reservation_id for share in task.shares}
    found = await _reservation(store, tenant_id, task.sku, task.reservation_id)
    if found is None:
        raise NotYetReserved(task.reservation_id)
    for _ in range(ATTEMPTS_MAX + len(ids)):
        try:
            await _write(store, tenant_id, task, at, _divide_build(task, found, at), taken)
        except Exists as lost:
            if lost.document_id == own:
                return await _divided_before(store, tenant_id, task, at)
            taken |= ids & {lost.document_id.partition(":")[2]}
        else:
            return Outcome.DONE
    raise Unavailable(f"{task.sku}: {task.reservation_id} is contended")


def _divide_build(task: DivideReservation, found: ReservationDocument, at: datetime) -> _Build:
    return lambda sight, empty: decide.divide_operations(task, found, stamp(at), sight, empty)


async def _divided_before(
    store: Documents, tenant_id: str, task: DivideReservation, at: datetime
) -> Outcome:
    """It has ended: as this task did it; or otherwise, and its shares hold nothing."""
    outcome = Outcome.REPEATED
    for share in task.shares:
        if await _reservation(store, tenant_id, task.sku, share.reservation_id):
            continue
        outcome = Outcome.LOST
        how = share.ending or Ending.RELEASED
        own_task = decide.as_end(share, task, how)
        if how is Ending.CONSUMED:
            await _consumed_anyway(store, tenant_id, own_task, at)
        else:
            await carry_out(store, tenant_id, own_task, at)
    return outcome


async def restore(store: Documents, tenant_id: str, task: Restore) -> Outcome:
    """Bring a voided shipment's goods back under a new reservation."""
    was = await _reservation(store, tenant_id, task.sku, task.was)
    tracked = was.tracked if was else True
    sight = Sight()
    for _ in range(2):
        try:
            await commit(
                store,
                tenant_id,
                task.sku,
                lambda seen: restore_operations(task, seen, tracked=tracked),
                sight,
            )
        except Exists as lost:
            if lost.document_id != reservation_doc(task.reservation_id):
                return Outcome.REPEATED
            sight.taken = frozenset({task.reservation_id})
        else:
            return Outcome.DONE
    raise Unavailable(f"{task.sku}: {task.reservation_id} is contended")


async def release(
    store: Documents, tenant_id: str, sku: str, reservation_id: str, now: datetime
) -> Outcome:
    """Release a reservation for a caller; again: nothing.

    Raises:
        NotReserved: it never was, or it has ended otherwise.
    """
    found = await _reservation(store, tenant_id, sku, reservation_id)
    if found is None or found.void:
        raise NotReserved(reservation_id)
    task = EndReservation(
        reservation_id=reservation_id,
        sku=sku,
        location_id=found.location_id,
        quantity=found.quantity,
        ending=Ending.RELEASED,
    )
    outcome = await end(store, tenant_id, task, now)
    if outcome is Outcome.LOST:
        raise NotReserved(reservation_id)
    return outcome


async def _reservation(
    store: Documents, tenant_id: str, sku: str, reservation_id: str
) -> ReservationDocument | None:
    stored = await store.get(tenant_id, RESERVATIONS, sku, reservation_doc(reservation_id))
    return stored.body if stored else None


async def _once(store: Documents, tenant_id: str, sku: str, build: Build) -> Outcome:
    try:
        await commit(store, tenant_id, sku, build)
    except Exists:
        return Outcome.REPEATED
    return Outcome.DONE


async def _write(
    store: Documents,
    tenant_id: str,
    task: Facts,
    at: datetime,
    build: _Build,
    taken: frozenset[str] = frozenset(),
) -> None:
    """Write an ending or a division; one that empties the location under the level's etag."""
    if not decide.empties(task):
        await commit(store, tenant_id, task.sku, lambda s: build(s, None), Sight(taken=taken))
        return
    for _ in range(ATTEMPTS_MAX):
        sight = Sight(taken=taken)
        await look_at_level(store, tenant_id, task.sku, task.location_id, sight)
        empty = await _emptied(store, tenant_id, task, at, sight)
        if await commit(store, tenant_id, task.sku, _while_seen(task, build, empty), sight):
            return
    raise Unavailable(f"{task.sku}: {ATTEMPTS_MAX} writes lost to others")


def _while_seen(task: Facts, build: _Build, empty: decide.Emptied | None) -> Build:
    """Build only on the level that the emptying was reckoned from."""
    return lambda sight: build(sight, empty) if task.location_id in sight.levels else None


async def _emptied(
    store: Documents, tenant_id: str, task: Facts, at: datetime, sight: Sight
) -> decide.Emptied | None:
    stored, now = sight.levels[task.location_id], stamp(at)
    if stored and stored.body.counted_as_of >= now:
        return None  # a newer count has seen what is there
    later = await happened_after(store, tenant_id, task.sku, task.location_id, now)
    softs: Sequence[ReservationDocument] = ()
    if stored and stored.body.soft_reserved:
        softs = await open_softs(store, tenant_id, task.sku, task.location_id, at)
    return decide.emptied(sight, task.location_id, task.picked_units, later, softs)
