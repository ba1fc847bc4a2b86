"""The composition root: everything that a process stands on, built once and replaceable whole.

Adapters are imported inside the factories (design 1.7), so that importing the app stays cheap.
Tests and the simulator build worlds of their own and put them in with `use`.
"""

import random
import secrets as randomness
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from shared.flows.context import Flows
from shared.flows.knowledge import Knowledge
from shared.flows.telling import Telling
from shared.kernel.bus import Bus
from shared.kernel.claims import Claims
from shared.kernel.clock import Clock, SystemClock
from shared.kernel.documents import Documents
from shared.kernel.ids import Ids, SortableIds
from shared.kernel.meter import Meter, NoMeter
from shared.kernel.vault import Vault
from shared.tenants.directory import Directory
from shared.tenants.service import Office
from shared.wiring.databases import Closer, Parts, databases_of
from shared.wiring.gate import Gate
from shared.wiring.secrets import Secrets, secrets_of
from shared.wiring.settings import Settings, settings_of_process

if TYPE_CHECKING:
    from shared.adapters.embedded.faults import Faults

VAULT_FILE: Final = "vault.json"


@dataclass(slots=True)
class World:
    """One process's clock, randomness, store, bus and what hangs on them."""

    settings: Settings
    clock: Clock
    ids: Ids
    random: random.Random
    store: Documents
    bus: Bus
    claims: Claims
    secrets: Secrets
    vault: Vault
    tenants: Directory
    gate: Gate
    flows: Flows
    meter: Meter
    outbox: Path | None  # folder of customer messages; None keeps none
    scrub: Callable[[], Awaitable[bool]]  # empties files of old pages; Cosmos DB has none
    telling: Telling | None = None  # made when first asked for (wiring.telling)
    closers: list[Closer] = field(default_factory=list)

    async def close(self) -> None:
        """Close what was opened, last first."""
        while self.closers:
            done = self.closers.pop()()
            if done is not None:
                await done


class _Current:
    """The process's world; built from the environment when first asked for."""

    world: World | None = None


def world() -> World:
    """Return the world in use, building the embedded one from the settings if there is none.

    Raises:
        WrongSettings: a setting is unknown or unusable.
    """
    if _Current.world is None:
        _Current.world = embedded_world(settings=settings_of_process())
    return _Current.world


@contextmanager
def use(replacement: World) -> Iterator[World]:
    """Put another world in for a while: one process is in one world at a time."""
    before, _Current.world = _Current.world, replacement
    try:
        yield replacement
    finally:
        _Current.world = before


def embedded_world(
    data: Path | None = None,
    *,
    settings: Settings | None = None,
    in_memory: bool = False,
    clock: Clock | None = None,
    rng: random.Random | None = None,
    faults: "Faults | None" = None,
    meter: Meter | None = None,
    threaded: bool = True,
) -> World:
    """Build a world on the embedded adapters.

    Args:
        data: the folder of its files; by default that of the settings.
        settings: by default the defaults, whatever the environment says.
        in_memory: nothing is kept; implies not threaded.
        clock: by default the system's.
        rng: with one, ids (and in memory secrets) are drawn from it: one seed, one history.
        faults: what goes wrong around each call of store and bus.
        meter: what the store's calls are charged to.
        threaded: False runs writes in the caller, for simulations.
    """
    parts = Parts(
        settings=_settings(settings, data),
        clock=clock or SystemClock(),
        faults=faults,
        meter=meter or NoMeter(),
        rng=rng,
        in_memory=in_memory,
        threaded=threaded and not in_memory,
    )
    return _assembled(parts)


def memory_world(
    *,
    settings: Settings,
    clock: Clock,
    rng: random.Random,
    faults: "Faults | None" = None,
) -> World:
    """Build a world on plain memory: what `embedded_world(in_memory=True)` is, without SQLite.

    One seed has one history on both (docs/adr/0013); this one costs a fraction.
    """
    return _assembled(
        Parts(
            settings=settings,
            clock=clock,
            faults=faults,
            meter=NoMeter(),
            rng=rng,
            in_memory=True,
            is_plain=True,
            threaded=False,
        )
    )


def _assembled(parts: Parts) -> World:
    chosen, clock = parts.settings, parts.clock
    source = parts.rng or randomness.SystemRandom()
    opened = databases_of(parts)
    store = opened.store
    # On disk they are never drawn from a seed: whoever knows it would know them.
    secrets = _made_up(source) if parts.in_memory else secrets_of(chosen)
    ids = SortableIds(clock, source)
    return World(
        settings=chosen,
        clock=clock,
        ids=ids,
        random=source,
        store=store,
        bus=opened.bus,
        claims=_claims(parts),
        secrets=secrets,
        vault=_vault(parts),
        tenants=Directory(
            store,
            environment=chosen.environment,
            pepper=secrets.pepper,
            platform_key=secrets.platform_key,
        ),
        gate=Gate(
            rate_per_s=chosen.rate_per_s,
            burst=chosen.rate_burst,
            in_flight_max=chosen.in_flight_max,
        ),
        flows=Flows(store, Knowledge(store), ids),
        meter=parts.meter,
        outbox=None if parts.in_memory else chosen.outbox_folder,
        scrub=opened.scrub,
        closers=opened.closers,
    )


def _settings(settings: Settings | None, data: Path | None) -> Settings:
    chosen = settings or Settings()
    return chosen if data is None else replace(chosen, data=data)


def _claims(parts: Parts) -> Claims:
    from shared.adapters.embedded.claims import FolderClaims, MemoryClaims

    if parts.in_memory:
        return MemoryClaims(parts.clock)
    return FolderClaims(parts.settings.data / "claims", parts.clock)


def _vault(parts: Parts) -> Vault:
    from shared.adapters.embedded.vault import FileVault, MemoryVault

    return MemoryVault() if parts.in_memory else FileVault(parts.settings.data / VAULT_FILE)


def _made_up(source: random.Random) -> Secrets:
    return Secrets(
        source.getrandbits(256).to_bytes(32, "big"), f"olp_{source.getrandbits(256):064x}"
    )


def store() -> Documents:
    """Return the document store."""
    return world().store


def bus() -> Bus:
    """Return the bus."""
    return world().bus


def clock() -> Clock:
    """Return the clock."""
    return world().clock


def ids() -> Ids:
    """Return the source of ids."""
    return world().ids


def flows() -> Flows:
    """Return what the flows of this process stand on."""
    return world().flows


def vault() -> Vault:
    """Return the secrets of tenants' connections."""
    return world().vault


def claims() -> Claims:
    """Return where large bodies wait."""
    return world().claims


def tenants() -> Directory:
    """Return the directory of tenants, with its caches."""
    return world().tenants


def office() -> Office:
    """Return what managing tenants needs."""
    current = world()
    return Office(current.store, current.ids, current.tenants)
