"""Read, decide, write unless another was first; then again, a bounded number of times."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from shared.kernel.documents import Container, D, Documents, Operation, Stored
from shared.kernel.errors import GuardFailed, Unavailable

ATTEMPTS_MAX: Final = 5


async def revised(
    store: Documents,
    tenant_id: str,
    container: Container,
    load: Callable[[], Awaitable[Stored[D]]],
    decided: Callable[[D], D | None],
    operations_of: Callable[[Stored[D], D], Sequence[Operation]],
) -> D:
    """Return a document as a pure decision leaves it; None from it means: done already.

    `operations_of` gives the one batch that writes the change; its guard is the etag as read.

    Raises:
        Refused: as loading and the decision say.
        Unavailable: others changed it each time.
    """
    stored = await load()
    for _ in range(ATTEMPTS_MAX):
        changed = decided(stored.body)
        if changed is None:
            return stored.body
        try:
            await store.batch(tenant_id, container, stored.key, operations_of(stored, changed))
        except GuardFailed:
            stored = await load()
        else:
            return changed
    raise Unavailable(f"{stored.id} is being changed by others")
