"""What one turn of an event loop asks to be written, and whether the loop may write it itself."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Final

from shared.adapters.embedded.jobs import Job

QUICK_S: Final = 0.005  # a disk that takes longer for each commit holds the loop up too much
LATEST: Final = 32  # commits that are looked at: other programs' work makes some of them slow
TRIED_AGAIN_AFTER: Final = 500  # writes that went to the thread
MOMENT_S: Final = 0.005  # how long a write that can wait does


class DiskPace:
    """How long commits take that the event loop waits for; a slow disk is tried now and then."""

    def __init__(self) -> None:
        self._latest: deque[float] = deque(maxlen=LATEST)
        self._left_out = 0

    def is_quick(self) -> bool:
        """Tell whether the loop may wait for the next commit itself."""
        if len(self._latest) < LATEST or min(self._latest) <= QUICK_S:
            return True
        self._left_out += 1
        if self._left_out < TRIED_AGAIN_AFTER:
            return False
        self._left_out = 0
        return True

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Take the time of a commit."""
        began = perf_counter()
        try:
            yield
        finally:
            self._latest.append(perf_counter() - began)


class _Turn:
    """The writes that an event loop has gathered, and what will write them."""

    __slots__ = ("handle", "is_soon", "jobs", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.jobs: list[Job] = []
        self.handle: asyncio.Handle | None = None
        self.is_soon = False


class Turns:
    """Gathers writes by event loop; hands those of a turn over together, on their loop."""

    def __init__(self, write: Callable[[list[Job]], None]) -> None:
        self._write = write
        self._local = threading.local()

    def gather(self, loop: asyncio.AbstractEventLoop, job: Job, *, can_wait: bool) -> None:
        """Write at the end of this turn; what can wait waits for that of a later one."""
        # A turn is kept with its loop: one that was closed meanwhile will never write it.
        turn: _Turn | None = getattr(self._local, "turn", None)
        if turn is None or turn.loop is not loop:
            turn = self._local.turn = _Turn(loop)
        turn.jobs.append(job)
        if turn.is_soon or (can_wait and turn.handle is not None):
            return
        if turn.handle is not None:
            turn.handle.cancel()
        turn.is_soon = not can_wait
        turn.handle = (
            loop.call_later(MOMENT_S, self._end, turn)
            if can_wait
            else loop.call_soon(self._end, turn)
        )

    def end_now(self) -> None:
        """Write what this thread has gathered."""
        turn: _Turn | None = getattr(self._local, "turn", None)
        if turn is not None and turn.handle is not None:
            turn.handle.cancel()
            self._end(turn)

    def _end(self, turn: _Turn) -> None:
        jobs, turn.jobs = turn.jobs, []
        turn.handle, turn.is_soon = None, False
        self._write(jobs)
