"""Write a batch; when a document turns it away, read that one and build the batch again.

Every protocol of stock is a pure builder of operations from what is in sight. The first try is
blind and holds for the usual case, so that buyers of a hot SKU do not retry each other.
"""

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from shared.inventory.decide.amounts import Sight
from shared.inventory.model import DEMAND_ID, LEVELS, WAITS, level_id
from shared.kernel.documents import Container, Documents, Operation
from shared.kernel.errors import Unavailable, WriteLost

ATTEMPTS_MAX: Final = 8  # a hot level loses a write to five writers in the worst hour; then later
STOCK: Final = Container.STOCK
Build: TypeAlias = Callable[[Sight], Sequence[Operation] | None]


async def commit(
    store: Documents, tenant_id: str, sku: str, build: Build, sight: Sight | None = None
) -> bool:
    """Write what `build` asks for; False when, with more in sight, it asks for nothing.

    Raises:
        WriteLost: one of the batch's own ids is taken; the caller knows what that means.
        Unavailable: too many writers; the same call may succeed later.
    """
    sight = sight or Sight()
    for _ in range(ATTEMPTS_MAX):
        operations = build(sight)
        if not operations:
            return False
        try:
            await store.batch(tenant_id, STOCK, sku, operations)
        except WriteLost as lost:
            if not await look(store, tenant_id, sku, lost.document_id, sight):
                raise
        else:
            return True
    raise Unavailable(f"{sku}: {ATTEMPTS_MAX} writes lost to others")


async def look(store: Documents, tenant_id: str, sku: str, document_id: str, sight: Sight) -> bool:
    """Put the document that turned the batch away in sight; False: many writers share no such."""
    if document_id.startswith("level:"):
        await look_at_level(store, tenant_id, sku, document_id.removeprefix("level:"), sight)
    elif document_id.startswith("wait:"):
        sight.waits[document_id] = await store.get(tenant_id, WAITS, sku, document_id)
    elif document_id == DEMAND_ID:
        sight.has_demand = not sight.has_demand
    else:
        return False
    return True


async def look_at_level(
    store: Documents, tenant_id: str, sku: str, location_id: str, sight: Sight
) -> None:
    """Read a level, or trust the guard again when another writer changed what was read."""
    if location_id in sight.levels:
        del sight.levels[location_id]
    else:
        stored = await store.get(tenant_id, LEVELS, sku, level_id(location_id))
        sight.levels[location_id] = stored
