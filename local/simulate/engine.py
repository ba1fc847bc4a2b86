"""A scheduler over coroutines in virtual time: no threads, no event loop, one seed one history.

A task runs until it awaits a `Pause`; then another may run. Every call of store and bus pauses at
its fault points, so that tasks interleave exactly there, as processes do. Time stands still while
anybody is ready, and jumps to the next who wakes when nobody is.
"""

import hashlib
import random
from collections import defaultdict, deque
from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass, field
from enum import StrEnum
from heapq import heappop, heappush
from operator import attrgetter
from typing import Any, Final, cast

from shared.wiring.simulated import Crash

FOREVER_S: Final = 1e12
HASHED_AT_ONCE: Final = 256  # lines
STALL_CHANCE: Final = 0.004
STALL_S_MAX: Final = 150.0  # longer than a message's lock
SHUFFLE_CHANCE: Final = 0.02  # how often a task gets another priority


class TooManySteps(Exception):
    """The history does not come to rest within its bound."""


class Mode(StrEnum):
    """Who runs next: uniform misses deep races that stalls and priorities find."""

    UNIFORM = "uniform"
    STALLED = "stalled"
    PRIORITIES = "priorities"


@dataclass(frozen=True, slots=True)
class Pause:
    """Awaited to let others run, for some virtual seconds or until its bell rings."""

    seconds: float = 0.0
    bell: str = ""

    def __await__(self) -> Generator["Pause", None, None]:
        # As `yield self`, without a generator's frame to be made and resumed: once at each call.
        return cast('Generator["Pause", None, None]', iter((self,)))


STEP: Final = Pause()  # lets others run


@dataclass(slots=True, eq=False)
class Task:
    """A coroutine on its way; `enter` puts its process's world in before each of its steps."""

    name: str
    coroutine: Coroutine[Any, Any, Any]
    enter: Callable[[], object]
    on_end: Callable[["Task", BaseException | None], None] | None
    priority: float
    turn: int = 0  # of its last falling asleep; an older entry of the heap is void
    send: Callable[[None], Pause] = field(init=False)

    def __post_init__(self) -> None:
        self.send = self.coroutine.send


_priority: Final = attrgetter("priority")


@dataclass(slots=True)
class Trace:
    """A hash over everything that happened, and the last lines of it when asked for."""

    keep: int = 0
    lines: list[str] = field(default_factory=list)
    _new: list[str] = field(default_factory=list)
    _hash: hashlib.blake2b = field(default_factory=lambda: hashlib.blake2b(digest_size=12))

    def add(self, line: str) -> None:
        self._new.append(line)
        if len(self._new) == HASHED_AT_ONCE:
            self._take_in()

    def _take_in(self) -> None:
        self._hash.update("".join(f"{line}\n" for line in self._new).encode())
        if self.keep:
            self.lines = [*self.lines, *self._new][-self.keep :]
        self._new.clear()

    @property
    def digest(self) -> str:
        self._take_in()
        return self._hash.hexdigest()


class Engine:
    """Runs tasks in turns that chance decides."""

    def __init__(self, chance: random.Random, trace: Trace) -> None:
        self._chance, self.trace = chance, trace
        self.mode = chance.choice(list(Mode))
        self.seconds = 0.0
        self.steps = 0
        self.is_calm = False
        self._stalls = self.mode is Mode.STALLED
        self.current: Task | None = None
        self._bells: dict[str, deque[tuple[int, Task]]] = defaultdict(deque)
        self._ready: list[Task] = []
        self._asleep: list[tuple[float, int, Task]] = []
        self._turns = 0

    def start(
        self,
        name: str,
        coroutine: Coroutine[Any, Any, Any],
        enter: Callable[[], object] = lambda: None,
        on_end: Callable[[Task, BaseException | None], None] | None = None,
        *,
        after_s: float = 0.0,
    ) -> Task:
        """Add a task; `on_end` is told of its end, with the crash that ended it."""
        task = Task(name, coroutine, enter, on_end, self._chance.random())
        self._sleep(task, Pause(after_s))
        return task

    def ring(self, bell: str) -> None:
        """Wake who waits for a bell, now."""
        for turn, task in self._bells.pop(bell, ()):
            if turn == task.turn:
                task.turn = 0
                self._ready.append(task)

    def ring_for_one(self, bell: str) -> None:
        """Wake the one who has waited longest for a bell, now."""
        waiting = self._bells[bell]
        while waiting:
            turn, task = waiting.popleft()
            if turn == task.turn:
                task.turn = 0
                self._ready.append(task)
                return

    def run(self, until: Callable[[], bool], steps_max: int) -> None:
        """Run until nobody is ready and `until` holds, or nobody is left.

        Raises:
            TooManySteps: it does not end.
        """
        last, ready = self.steps + steps_max, self._ready
        while ready or (not until() and self._wake()):
            if self.steps >= last:
                raise TooManySteps(f"{steps_max} steps in {self.seconds:.0f} s")
            self._step(ready.pop() if len(ready) == 1 else self._choose())
        self.current = None

    def calm(self) -> None:
        """Let nobody stall any more."""
        self.is_calm, self._stalls = True, False

    def close(self) -> None:
        """End everybody who is still on the way, and forget them."""
        for task in [*self._ready, *(entry[2] for entry in self._asleep)]:
            task.coroutine.close()
        self._ready.clear()
        self._asleep.clear()
        self._bells.clear()
        self.current = None

    def next_wake_s(self) -> float | None:
        """Return when the next sleeper wakes; None when nobody sleeps."""
        while self._asleep and self._asleep[0][1] != self._asleep[0][2].turn:
            heappop(self._asleep)
        return self._asleep[0][0] if self._asleep else None

    def _wake(self) -> bool:
        due = self.next_wake_s()
        if due is None:
            return False
        self.seconds = max(self.seconds, due)
        while (due := self.next_wake_s()) is not None and due <= self.seconds:
            task = heappop(self._asleep)[2]
            task.turn = 0
            self._ready.append(task)
        return True

    def _choose(self) -> Task:
        ready, draw = self._ready, self._chance.random
        if self.mode is not Mode.PRIORITIES:
            return ready.pop(int(draw() * len(ready)))
        if draw() > SHUFFLE_CHANCE:
            task = max(ready, key=_priority)
            ready.remove(task)
            return task
        task = ready.pop(int(draw() * len(ready)))
        task.priority = draw()
        return task

    def _step(self, task: Task) -> None:
        self.steps += 1
        self.current = task
        task.enter()
        try:
            pause = task.send(None)
        except StopIteration:
            self._end(task, None)
        except Crash as crash:
            self.trace.add(f"{task.name} crashed")
            self._end(task, crash)
        else:
            if pause is STEP and not self._stalls:
                self._ready.append(task)
            else:
                self._sleep(task, pause)

    def _end(self, task: Task, crash: BaseException | None) -> None:
        if task.on_end is not None:
            task.on_end(task, crash)

    def _sleep(self, task: Task, pause: Pause) -> None:
        seconds = pause.seconds
        if self._stalls and not pause.bell and self._chance.random() < STALL_CHANCE:
            seconds += self._chance.uniform(1.0, STALL_S_MAX)
            self.trace.add(f"{task.name} stalls {seconds:.3f}")
        if not seconds and not pause.bell:
            self._ready.append(task)
            return
        self._turns += 1
        task.turn = self._turns
        if pause.bell:
            self._bells[pause.bell].append((self._turns, task))
        due = self.seconds + (seconds or FOREVER_S)
        heappush(self._asleep, (due, self._turns, task))


def run_now(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that has nothing to wait for.

    Raises:
        AssertionError: it wanted to wait.
    """
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waits, and nobody is there to wake it")
