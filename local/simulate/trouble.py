"""What goes wrong at the fault points: crashes, throttling, answers that never come.

Every call of the embedded store, feed and bus passes `before` and `after`; both let other tasks
run. What may happen there is drawn from the seed. `Points` counts which calls were crashed on
which side, so that a test can demand them all.
"""

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from local.simulate.engine import STEP, Engine
from shared.kernel.bus import Message, Received
from shared.kernel.errors import Unavailable
from shared.wiring.simulated import Crash

BEFORE: Final = "before"
AFTER: Final = "after"
READS: Final = frozenset({"documents.get", "documents.query", "feed.read"})


@dataclass(frozen=True, slots=True)
class Rates:
    """Chances for each call; a crash comes before it or after it with half of its chance each."""

    crash: float = 0.02
    throttle: float = 0.03
    unknown: float = 0.02
    stale: float = 0.03  # of reads: see `staleness`
    lost: float = 0.02  # of received messages: not looked at until their lock has run out


CALM: Final = Rates(0.0, 0.0, 0.0, 0.0, 0.0)


@dataclass(slots=True)
class Points:
    """How often each kind of fault happened, and where tasks crashed: (call, side)."""

    faults: Counter[str] = field(default_factory=Counter)
    crashed: Counter[tuple[str, str]] = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)


class Trouble:
    """The `Faults` of simulated adapters."""

    def __init__(self, engine: Engine, chance: random.Random, rates: Rates) -> None:
        self._engine, self._draw = engine, chance.random
        self._second = -1.0, ""
        self.rates = rates
        self.points = Points()
        self.is_on = False  # before the play begins nobody is there to be interrupted

    async def before(self, call: str, detail: object) -> None:
        """Let others run; then perhaps crash, or refuse for being busy."""
        if not self.is_on:
            return
        await STEP
        passed, rates = self.points.passed, self.rates
        passed[call] = passed.get(call, 0) + 1
        drawn = self._draw()
        if drawn < rates.crash / 2 + rates.throttle:
            if drawn < rates.crash / 2:
                self._crash(call, BEFORE, detail)
            self._note("throttle", call, detail)
            raise Unavailable(f"{call} is throttled")
        self._trace(call, detail, "")

    async def after(self, call: str, detail: object) -> None:
        """Let others run; then perhaps crash, or lose the answer of a write."""
        if not self.is_on:
            return
        drawn, rates = self._draw(), self.rates
        if drawn < rates.crash / 2 + rates.unknown:
            if drawn < rates.crash / 2:
                self._crash(call, AFTER, detail)
            self._note("unknown", call, detail)
            raise Unavailable(f"the answer of {call} is lost")
        if call not in READS:  # what follows a read pauses by itself
            await STEP

    def _crash(self, call: str, side: str, detail: object) -> None:
        self.points.crashed[call, side] += 1
        self._note(f"crash {side}", call, detail)
        raise Crash(call)

    def _note(self, kind: str, call: str, detail: object) -> None:
        self.points.faults[kind.partition(" ")[0]] += 1
        self._trace(call, detail, f" {kind}")

    def _trace(self, call: str, detail: object, outcome: str) -> None:
        engine = self._engine
        if self._second[0] != engine.seconds:
            self._second = engine.seconds, f"{engine.seconds:.3f}"
        name = engine.current.name if engine.current else "-"
        engine.trace.add(f"{self._second[1]} {name} {call} {shown(detail)}{outcome}")


def shown(detail: object) -> str:
    """Return what a call is about, in text that is the same in every process."""
    match detail:
        case str():
            return detail
        case Message():
            return detail.message_id
        case Received():
            return f"{detail.message.message_id}/{detail.delivery_count}"
        case tuple() | list():
            return " ".join([each if type(each) is str else shown(each) for each in detail])
        case _:
            return str(detail) if isinstance(detail, int | float) else type(detail).__name__
