"""One seed from its first order to its last: the drama with trouble, the healing, the audit."""

import gc
import logging
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from time import process_time
from typing import Final

from local.simulate import carriers, customers, floor, returning, stockroom, webshop
from local.simulate.audit import audit
from local.simulate.engine import Pause, TooManySteps
from local.simulate.healing import heal
from local.simulate.people import Act, Memory, Troupe
from local.simulate.pumps import FaultsOfOurs, Pumps
from local.simulate.stage import TENANTS, Adapters, Stage, set_stage
from local.simulate.trouble import Points, Rates
from shared.wiring import use

STEPS_MAX: Final = 4_000  # of the drama, for each order and once more: it never comes near
SALE_CHANCE: Final = 0.35
WEBHOOK_EVERY: Final = 4  # orders: one of so many comes from the web shop
JUMPS: Final = (
    timedelta(hours=1),
    timedelta(days=1),
    timedelta(minutes=-5),
    timedelta(hours=-1),
    timedelta(seconds=-20),
)


@dataclass(frozen=True, slots=True)
class Result:
    """How a seed ended: `failures` are broken invariants, each with its facts."""

    seed: int
    orders: int
    digest: str
    failures: tuple[str, ...]
    points: Points
    cpu_s: float
    steps: int
    trace: tuple[str, ...] = ()
    refusals: dict[str, int] = field(default_factory=dict)


def play(
    seed: int,
    orders: int,
    rates: Rates | None = None,
    *,
    keep: int = 0,
    adapters: Adapters = "memory",
) -> Result:
    """Play one seed; `keep` is how many last lines of its trace are kept.

    On either kind of `adapters` it is the same history, to the last line of the trace.
    """
    begun = process_time()
    stage = set_stage(seed, rates or Rates(), keep=keep, adapters=adapters)
    memory = Memory()
    with listening() as ours, use(stage.base), undisturbed():
        try:
            failures = _through(stage, memory, orders)
        finally:
            stage.close()
    _let_lie()
    failures += [f"fault of ours: {line}" for line in (*ours.seen, *memory.faults)]
    return Result(
        seed,
        orders,
        stage.engine.trace.digest,
        tuple(failures),
        stage.trouble.points,
        process_time() - begun,
        stage.engine.steps,
        tuple(stage.engine.trace.lines),
        memory.refusals,
    )


@cache
def _let_lie() -> None:
    """After its first seed a process has built what all seeds share: garbage is elsewhere."""
    gc.collect()
    gc.freeze()


@contextmanager
def undisturbed() -> Iterator[None]:
    """Keep the garbage collector away: a seed is over before it matters."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def listening() -> Iterator[FaultsOfOurs]:
    """Hear of faults of ours for a while, and keep them off the screen."""
    log, handler = logging.getLogger("orderloom"), FaultsOfOurs()
    propagates, log.propagate = log.propagate, False
    log.addHandler(handler)
    try:
        yield handler
    finally:
        log.removeHandler(handler)
        log.propagate = propagates


def _through(stage: Stage, memory: Memory, orders: int) -> list[str]:
    troupe, pumps = Troupe(stage, memory), Pumps(stage)
    pumps.open()
    stage.trouble.is_on = True
    pumps.start()
    cast(troupe, orders)
    try:
        stage.engine.run(lambda: troupe.open_roles == 0, STEPS_MAX * (orders + 1))
        heal(stage, pumps)
    except TooManySteps as error:
        return [f"never quiet: {error}"]
    stage.trouble.is_on = False
    return audit(stage, memory)


def cast(troupe: Troupe, orders: int) -> None:
    """Hand out the roles."""
    stage = troupe.stage
    season = customers.SALE if stage.chance.random() < SALE_CHANCE else customers.QUIET
    for tenant_id in TENANTS:
        own = _own(stage)
        count = orders // 2 + (orders % 2 if tenant_id == TENANTS[0] else 0)
        for number in range(count):
            if number % WEBHOOK_EVERY == WEBHOOK_EVERY - 1:
                webshop.tell(troupe, tenant_id, number, season, _own(stage))
            else:
                customers.arrive(troupe, tenant_id, number, season, _own(stage))
        for index in range(2):
            acts = floor.shift(troupe, tenant_id, 2 * count, own)
            troupe.play(f"{tenant_id}/floor-{index}", stage.processes["shop"], acts, own)
        acts = stockroom.facts(troupe, tenant_id, 1 + count // 2, own)
        troupe.play(f"{tenant_id}/stockroom", stage.processes["shop"], acts, own)
        acts = stockroom.quotes(troupe, tenant_id, 1 + count // 4, own)
        troupe.play(f"{tenant_id}/quotes", stage.processes["web"], acts, own)
        acts = returning.counter(troupe, tenant_id, 1 + count // 4, own)
        troupe.play(f"{tenant_id}/counter", stage.processes["shop"], acts, own)
        acts = carriers.reports(troupe, tenant_id, 1 + count // 2, own)
        troupe.play(f"{tenant_id}/carriers", stage.processes["web"], acts, own)
        acts = stockroom.sweeps(troupe, tenant_id, 8)
        troupe.play(f"{tenant_id}/sweep", stage.processes["worker-2"], acts, own)
    troupe.play("clock", stage.processes["web"], _jumps(stage), _own(stage))


def _own(stage: Stage) -> random.Random:
    return random.Random(stage.chance.getrandbits(64))


def _jumps(stage: Stage) -> list[Act]:
    chance = _own(stage)

    def jump() -> Act:
        by, after_s = chance.choice(JUMPS), chance.uniform(20.0, 150.0)

        async def act() -> None:
            await Pause(after_s)
            stage.clock.jump(by)
            stage.trouble.points.faults["clock jump"] += 1
            stage.engine.trace.add(f"clock jumps {by}")

        return act

    return [jump() for _ in range(chance.choice((0, 0, 1, 2)))]
