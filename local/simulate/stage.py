"""The world of one seed: two tenants in one store, processes with caches of their own, a clock."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from local.simulate.engine import Engine, Trace, run_now
from local.simulate.furniture import SKUS, furnish
from local.simulate.staleness import Past, StaleDocuments
from local.simulate.trouble import CALM, Rates, Trouble
from shared.flows.context import Flows
from shared.flows.knowledge import Knowledge
from shared.kernel.documents import Documents
from shared.tenants.model import Caller, Role
from shared.wiring import Settings, World, embedded_world, use
from shared.wiring.simulated import memory_world, put_in

Adapters: TypeAlias = Literal["memory", "embedded"]

WORKERS: Final = ("worker-1", "worker-2", "worker-3", "worker-4")
TOPOLOGY: Final = Path(__file__).with_name("topology.json")
A_PLAY: Final = timedelta(days=30)  # longer than any
LISTENED: Final = (("store", "on_commit"), ("store", "on_news"), ("bus", "on_send"))
TENANTS: Final = ("acme", "zenith")  # with the same SKUs, locations and order numbers on purpose
# An ordinary day, the nights on which Europe's clocks change, and the day before a leap day.
STARTS: Final = (
    datetime(2026, 6, 3, 9, 0, tzinfo=UTC),
    datetime(2026, 3, 28, 23, 30, tzinfo=UTC),
    datetime(2026, 10, 24, 23, 30, tzinfo=UTC),
    datetime(2028, 2, 28, 21, 0, tzinfo=UTC),
)


class PlayClock:
    """The wall clock of all processes: virtual time, plus what it was set off by."""

    def __init__(self, engine: Engine, start: datetime) -> None:
        self._engine, self._start = engine, start
        self._shown = engine.seconds, start + timedelta(seconds=engine.seconds)

    def now(self) -> datetime:
        seconds = self._engine.seconds
        if self._shown[0] != seconds:
            self._shown = seconds, self._start + timedelta(seconds=seconds)
        return self._shown[1]

    def jump(self, by: timedelta) -> None:
        """Set the clock off; backwards too."""
        self._start += by
        self._shown = -1.0, self._start


@dataclass(slots=True)
class Process:
    """A process that dies and comes back: its caches go, the store and the bus stay.

    What is known of the tenants stays as well, and is read once for all processes: nobody changes
    that in a play.
    """

    name: str
    base: World
    store: StaleDocuments
    knowledge: Knowledge
    world: World = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Come back with nothing in mind."""
        flows = Flows(self.store, self.knowledge, self.base.ids)
        self.world = replace(self.base, store=self.store, flows=flows)

    def enter(self) -> None:
        """Put this process's world in for a step of one of its tasks."""
        put_in(self.world)


@dataclass(slots=True)
class Stage:
    """Everything that a play needs; `chance` is the workload's own."""

    seed: int
    chance: random.Random
    engine: Engine
    trouble: Trouble
    clock: PlayClock
    base: World
    past: Past
    processes: dict[str, Process]

    @property
    def store(self) -> Documents:
        """The store itself: never stale."""
        return self.base.store

    def close(self) -> None:
        """Close the store and the bus; nothing of them is kept.

        Whoever listens to them knows the stage: unless they are told to stop, only the garbage
        collector could end the play, at the cost of a tenth of it.
        """
        self.trouble.is_on = False
        self.engine.close()
        run_now(self.base.close())
        for listeners in self.listeners():
            listeners.clear()

    def listeners(self) -> Iterator[list[Any]]:
        """Return who hears of commits, of news in the store, and of messages on the bus."""
        for part, name in LISTENED:
            yield getattr(getattr(self.base, part), name, [])

    def calm(self) -> None:
        """End all trouble: from now on everything heals or is broken for good."""
        self.trouble.rates = CALM
        self.engine.calm()
        for process in self.processes.values():
            process.store.rates = CALM


def set_stage(seed: int, rates: Rates, *, keep: int = 0, adapters: Adapters = "memory") -> Stage:
    """Build the world of a seed: its tenants, locations, products, rules and first stock."""
    root = random.Random(seed)
    engine = Engine(random.Random(root.getrandbits(64)), Trace(keep))
    trouble = Trouble(engine, random.Random(root.getrandbits(64)), rates)
    clock = PlayClock(engine, root.choice(STARTS))
    base = _world(adapters, clock, random.Random(root.getrandbits(64)), trouble)
    past = Past(lambda: engine.seconds)
    commits: list[Any] = getattr(base.store, "on_commit", [])
    commits.append(past.advance)
    stage = Stage(
        seed,
        random.Random(root.getrandbits(64)),
        engine,
        trouble,
        clock,
        base,
        past,
        {},
    )
    with use(base):
        for tenant_id in TENANTS:
            run_now(furnish(base, tenant_id, root, clock.now()))
    knowledge = Knowledge(base.store, kept_for=A_PLAY)
    for name in ("web", "shop", "relay", *WORKERS):
        chance = random.Random(root.getrandbits(64))
        stale = StaleDocuments(base.store, past, chance, trouble.points)
        stale.rates = rates
        stage.processes[name] = Process(name, base, stale, knowledge)
    return stage


def person(tenant_id: str, name: str = "key:play") -> Caller:
    """Return who gives a command in a play."""
    return Caller(tenant_id, name, Role.OPERATOR, correlation_id="play")


__all__ = ["SKUS", "TENANTS", "PlayClock", "Process", "Stage", "person", "set_stage"]


def _world(adapters: Adapters, clock: PlayClock, rng: random.Random, faults: Trouble) -> World:
    settings = Settings(topology=TOPOLOGY)
    if adapters == "memory":
        return memory_world(settings=settings, clock=clock, rng=rng, faults=faults)
    return embedded_world(settings=settings, in_memory=True, clock=clock, rng=rng, faults=faults)
