"""Put order parts in a SKU's queue and take them off it: all of one event in one batch."""

from collections.abc import Iterable, Sequence
from typing import Final

from shared.contracts.stock import Queue, Unqueue
from shared.inventory.decide.amounts import Sight
from shared.inventory.decide.waiting import (
    WaitChange,
    changed_wait_id,
    latest,
    unqueued,
    wait_operations,
)
from shared.inventory.model import WAITS, Outcome
from shared.inventory.service.commit import ATTEMPTS_MAX, STOCK, look
from shared.kernel.documents import Documents
from shared.kernel.errors import Unavailable, WriteLost

FIRST_GENERATION: Final = 3  # of what the first plan leaves short: nothing is known of it yet
AT_ONCE: Final = 40  # parts of one batch, which has room for their sums as well


async def queue(
    store: Documents, tenant_id: str, sku: str, tasks: Sequence[Queue | Unqueue]
) -> Outcome:
    """Queue parts of a SKU, or take them off; what has seen a later generation stays as it is.

    Raises:
        Unavailable: too many writers of this SKU; try again later.
    """
    changes = latest(task.wait if isinstance(task, Queue) else unqueued(task) for task in tasks)
    outcome = Outcome.REPEATED
    for start in range(0, len(changes), AT_ONCE):
        if await _queue(store, tenant_id, sku, changes[start : start + AT_ONCE]):
            outcome = Outcome.DONE
    return outcome


async def _queue(store: Documents, tenant_id: str, sku: str, changes: Sequence[WaitChange]) -> bool:
    """Write blindly what is queued for the first time; what was queued before is read first."""
    sight = Sight()
    known = [change for change in changes if change.generation > FIRST_GENERATION]
    await _look_at_waits(store, tenant_id, sku, known, sight)
    for _ in range(ATTEMPTS_MAX):
        operations = wait_operations(sight, changes)
        if not operations:
            return False
        try:
            await store.batch(tenant_id, STOCK, sku, operations)
        except WriteLost as lost:
            if lost.document_id.startswith("wait:"):  # others may have been queued with it
                await _look_at_waits(store, tenant_id, sku, changes, sight)
            elif not await look(store, tenant_id, sku, lost.document_id, sight):
                raise
        else:
            return True
    raise Unavailable(f"{sku}: {ATTEMPTS_MAX} writes lost to others")


async def _look_at_waits(
    store: Documents, tenant_id: str, sku: str, changes: Iterable[WaitChange], sight: Sight
) -> None:
    for change in changes:
        name = changed_wait_id(change)
        sight.waits[name] = await store.get(tenant_id, WAITS, sku, name)
