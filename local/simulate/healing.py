"""The end of trouble: relays and consumers go on, timers run, parked messages are replayed.

Whatever is still open must come to rest within a bound; what has not by then never will.
"""

from datetime import timedelta
from typing import Any, Final

from local.simulate.engine import TooManySteps, run_now
from local.simulate.pumps import RELAYED, WORKED, Pumps, feed_bell
from local.simulate.stage import TENANTS, Stage
from shared.flows.sweeps import sweep_tenant
from shared.inventory import service as inventory
from shared.tenants import parking
from shared.tenants.parking import ParkedStatus
from shared.wiring import use

DEAD: Final = "$deadletterqueue"
ROUNDS_MAX: Final = 30
QUIET_ROUNDS: Final = 2  # one after every lock, lease and delay is over
REPLAYS_MAX: Final = 3  # a message that is refused as often is not to be done as it is
ROUND: Final = timedelta(minutes=6)  # locks and the longest delay of a retry copy are over then
DAY: Final = timedelta(days=1)
STEPS_MAX: Final = 60_000


def heal(stage: Stage, pumps: Pumps) -> None:
    """Go on without trouble until nothing moves any more.

    Raises:
        TooManySteps: it does not become quiet.
    """
    stage.calm()
    pumps.calm()
    quiet, is_next_day = 0, False
    for _ in range(ROUNDS_MAX):
        before = _writes(stage)
        stage.engine.run(lambda: _is_idle(stage), STEPS_MAX)
        _operate(stage)
        stage.engine.run(lambda: _is_idle(stage), STEPS_MAX)
        is_quiet = _writes(stage) == before and _is_empty(stage)
        quiet = quiet + 1 if is_quiet else 0
        if quiet == QUIET_ROUNDS:
            return
        if quiet and not is_next_day:
            is_next_day = True
            _sweep_of_next_day(stage)
        stage.clock.jump(ROUND)
        for path in WORKED:
            stage.engine.ring(path)
        for container in RELAYED:
            stage.engine.ring(feed_bell(container))
    raise TooManySteps(f"not quiet after {ROUNDS_MAX} rounds")


def _writes(stage: Stage) -> int:
    """Return how much was written so far, but for leases and locks."""
    passed = stage.trouble.points.passed
    return passed["documents.batch"] + passed["bus.send"] + passed["bus.complete"]


def _is_idle(stage: Stage) -> bool:
    """Tell whether only those sleep who wait for a bell."""
    due = stage.engine.next_wake_s()
    return due is None or due - stage.engine.seconds > ROUND.total_seconds()


def _is_empty(stage: Stage) -> bool:
    backlog: dict[str, int] = run_now(getattr(stage.base.bus, "backlog")())  # noqa: B009
    return not any(backlog.values())


def _operate(stage: Stage) -> None:
    """Do what timers and operators do: sweep, and replay what was parked or died."""
    stage.trouble.is_on = False
    process = stage.processes["web"]
    with use(process.world):
        for tenant_id in TENANTS:
            run_now(sweep_tenant(process.world.flows, tenant_id, stage.clock.now()))
        for tenant_id in (*TENANTS, "_platform"):
            run_now(_replay_parked(stage, tenant_id))
        run_now(_replay_dead(stage))
    stage.trouble.is_on = True


def _sweep_of_next_day(stage: Stage) -> None:
    """Let quotes be swept as on the next day, when it looks farther back."""
    stage.trouble.is_on = False
    world = stage.processes["web"].world
    with use(world):
        for tenant_id in TENANTS:
            run_now(inventory.expire(world.store, tenant_id, stage.clock.now() + DAY))
    stage.trouble.is_on = True


async def _replay_parked(stage: Stage, tenant_id: str) -> None:
    page = await parking.list_parked(stage.store, tenant_id, limit=100, cursor=None)
    for row in page.items:
        if row.body.status is ParkedStatus.PARKED and row.body.replays < REPLAYS_MAX:
            await parking.replay(stage.store, stage.base.bus, tenant_id, row.body.parked_id)


async def _replay_dead(stage: Stage) -> None:
    bus = stage.base.bus
    for path in WORKED:
        dead: Any = await bus.peek(f"{path}/{DEAD}", 200)
        if dead:
            await bus.replay(path, [each.sequence_number for each in dead])
