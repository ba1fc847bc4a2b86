"""The store and the bus of a world: files, SQLite in memory, or plain memory."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from shared.kernel.bus import Bus
from shared.kernel.clock import Clock
from shared.kernel.documents import Documents
from shared.kernel.meter import Meter
from shared.wiring.settings import Settings, WrongSettings

if TYPE_CHECKING:
    from shared.adapters.embedded.bus_topology import Topology
    from shared.adapters.embedded.faults import Faults

DOCUMENTS_FILE: Final = "orderloom.db"
BUS_FILE: Final = "bus.db"
Closer = Callable[[], Awaitable[None] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a world is assembled of. `is_plain`: no SQLite, for simulations (docs/adr/0013)."""

    settings: Settings
    clock: Clock
    faults: "Faults | None"
    meter: Meter
    rng: random.Random | None
    in_memory: bool
    is_plain: bool = False
    threaded: bool

    def path(self, name: str) -> str:
        """Return where a database is; in memory it has no file."""
        return ":memory:" if self.in_memory else str(self.settings.data / name)


class Databases(NamedTuple):
    """A world's store and bus, what empties their files of old pages, and what closes them."""

    store: Documents
    bus: Bus
    scrub: Callable[[], Awaitable[bool]]
    closers: list[Closer]


def databases_of(parts: Parts) -> Databases:
    """Open the store and the bus.

    Raises:
        WrongSettings: a file is unreadable, or the topology is.
    """
    from shared.adapters.embedded.bus_topology import TopologyError, load_topology
    from shared.adapters.embedded.opening import UnreadableDatabase

    try:
        topology = load_topology(parts.settings.topology)
        return (_plain if parts.is_plain else _embedded)(parts, topology)
    except (UnreadableDatabase, TopologyError) as error:
        raise WrongSettings([str(error)]) from error


def _embedded(parts: Parts, topology: "Topology") -> Databases:
    from shared.adapters.embedded.bus import EmbeddedBus
    from shared.adapters.embedded.documents import EmbeddedDocuments
    from shared.adapters.embedded.faults import NO_FAULTS
    from shared.adapters.embedded.scrubbing import Scrubber

    settings = parts.settings
    if not parts.in_memory:
        settings.data.mkdir(parents=True, exist_ok=True)
    common: dict[str, Any] = {
        "clock": parts.clock,
        "faults": parts.faults or NO_FAULTS,
        "synchronous": settings.synchronous,
        "threaded": parts.threaded,
    }
    drawn = _drawn(parts.rng)
    documents_file, bus_file = parts.path(DOCUMENTS_FILE), parts.path(BUS_FILE)
    store = EmbeddedDocuments(documents_file, meter=parts.meter, **common, **drawn.store)
    bus = EmbeddedBus(bus_file, topology, **common, **drawn.bus)
    scrub = Scrubber([(documents_file, store.checkpoint), (bus_file, bus.checkpoint)])
    return Databases(store, bus, scrub, [store.close, bus.close])


def _plain(parts: Parts, topology: "Topology") -> Databases:
    from shared.adapters.embedded.faults import NO_FAULTS
    from shared.adapters.memory.bus import MemoryBus
    from shared.adapters.memory.documents import MemoryDocuments

    clock, faults = parts.clock, parts.faults or NO_FAULTS
    drawn = _drawn(parts.rng)
    store = MemoryDocuments(clock=clock, faults=faults, meter=parts.meter, **drawn.store)
    bus = MemoryBus(topology, clock=clock, faults=faults)
    return Databases(store, bus, _nothing_to_scrub, [store.close, bus.close])


async def _nothing_to_scrub() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class _Drawn:
    store: dict[str, Any] = field(default_factory=dict)
    bus: dict[str, Any] = field(default_factory=dict)


def _drawn(rng: random.Random | None) -> _Drawn:
    """Name the holders of leases and locks by chance drawn from the seed, not by process ids.

    A seed draws the same for each kind of adapter, so that its history is the same on all.
    """
    if rng is None:
        return _Drawn()
    from shared.adapters.embedded.bus_owners import Owner

    return _Drawn(
        store={"new_owner": lambda: f"{rng.getrandbits(64):016x}"},
        bus={"owner": Owner(f"{rng.getrandbits(64):016x}", 0, "")},
    )
