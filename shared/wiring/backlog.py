"""How much the adapters on this machine still have to do: what audits and tools wait for."""

from typing import Final

from shared.wiring.world import World

DEAD: Final = "/$deadletterqueue"


async def backlog(world: World) -> dict[str, int]:
    """Return what still moves: changes by feed, messages by path; empty when all is at rest.

    Messages that died move no more and are not counted (see `dead`). Who holds other adapters than
    ours asks the platform instead.
    """
    paths = {path: n for path, n in (await _messages(world)).items() if not path.endswith(DEAD)}
    return await _changes(world) | paths


async def dead(world: World) -> dict[str, int]:
    """Return how many messages died, by path."""
    return {path: n for path, n in (await _messages(world)).items() if path.endswith(DEAD)}


async def _changes(world: World) -> dict[str, int]:
    from shared.adapters.embedded.documents import EmbeddedDocuments
    from shared.adapters.memory.documents import MemoryDocuments

    if isinstance(world.store, EmbeddedDocuments | MemoryDocuments):
        return await world.store.backlog()
    return {}


async def _messages(world: World) -> dict[str, int]:
    from shared.adapters.embedded.bus import EmbeddedBus
    from shared.adapters.memory.bus import MemoryBus

    if isinstance(world.bus, EmbeddedBus | MemoryBus):
        return await world.bus.backlog()
    return {}
