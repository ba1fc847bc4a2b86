"""Record facts about the goods: adjustments, receipts, sales and counts, once each."""

from collections.abc import Sequence
from datetime import datetime

from shared.contracts.inventory import Adjustment, Count, Receipt, Sale, StockMessage
from shared.inventory.decide import recording as decide
from shared.inventory.decide.amounts import NOTHING, Sight
from shared.inventory.model import (
    MOVEMENTS,
    MovementDocument,
    Outcome,
    Recorded,
    move_id,
    stamp,
)
from shared.inventory.service.commit import ATTEMPTS_MAX, Build, commit, look_at_level
from shared.inventory.service.reading import happened_after, held_at
from shared.kernel.documents import Documents, Operation
from shared.kernel.errors import Exists, Unavailable


async def record(
    store: Documents, tenant_id: str, message: StockMessage, now: datetime
) -> Recorded:
    """Record a fact about the goods; never refused, once by its movement id, in any order.

    Raises:
        Unavailable: too many writers of this SKU; the same call may succeed later.
    """
    try:
        match message:
            case Count():
                return await _count(store, tenant_id, message, now)
            case Adjustment() | Receipt() | Sale():
                return await _delta(store, tenant_id, message)
    except Exists:
        stored = await store.get(tenant_id, MOVEMENTS, message.sku, move_id(message.movement_id))
        if stored is None:
            raise
        return _recorded(stored.body, Outcome.REPEATED)


def _recorded(body: MovementDocument, outcome: Outcome) -> Recorded:
    return Recorded(outcome, body.effective, body.short)


async def _delta(
    store: Documents, tenant_id: str, message: Adjustment | Receipt | Sale
) -> Recorded:
    written: list[MovementDocument] = []

    def build(sight: Sight) -> list[Operation]:
        body, operations = decide.delta_operations(message, sight)
        written.append(body)
        return operations

    await commit(store, tenant_id, message.sku, build)
    return _recorded(written[-1], Outcome.DONE)


async def _count(store: Documents, tenant_id: str, message: Count, now: datetime) -> Recorded:
    """Replace the level by what was counted and what happened since, under its etag."""
    as_of = stamp(min(message.as_of, now))  # nobody has counted what is still to come
    sku, location_id = message.sku, message.location_id
    for _ in range(ATTEMPTS_MAX):
        sight = Sight()
        await look_at_level(store, tenant_id, sku, location_id, sight)
        stored = sight.levels[location_id]
        later, withheld = NOTHING, 0
        if stored is not None:  # whatever happens to goods makes the level where there was none
            later = await happened_after(store, tenant_id, sku, location_id, as_of)
        if message.net_of_reservations and stored is not None:
            withheld = await held_at(store, tenant_id, stored.body, as_of)
        body, operations = decide.count_operations(message, as_of, stored, later, withheld)
        if await commit(store, tenant_id, sku, _while_seen(operations), sight):
            return _recorded(body, Outcome.DONE)
    raise Unavailable(f"{sku}: {ATTEMPTS_MAX} writes lost to others")


def _while_seen(operations: Sequence[Operation]) -> Build:
    """Write only on the level that the operations were reckoned from."""
    return lambda sight: operations if sight.levels else None
