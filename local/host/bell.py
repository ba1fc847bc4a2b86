"""How the pumps wait: for a bell that this process rings, or for the next poll of what others did.

What happens in this process rings at once. What other processes commit or send is found by polls
that read only; they come often after work and ever more seldom when there is none.
"""

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient the pumps are, in seconds.

    Attributes:
        poll_min_s: between two polls right after there was something.
        poll_max_s: between two polls when nothing happens.
        gather_s: after a bell a pump waits this long, so that what belongs together comes at once.
        retry_min_s: before the first repetition of what failed; doubled each time.
        retry_max_s: before later ones; a function's own retry policy may say less.
        stop_s: what runs may take this long to finish when the host stops.
    """

    poll_min_s: float = 0.02
    poll_max_s: float = 0.25
    gather_s: float = 0.005
    retry_min_s: float = 0.05
    retry_max_s: float = 5.0
    stop_s: float = 10.0


async def gather(pace: Pace, *, is_stopping: bool) -> None:
    """Wait for what comes along with what rang."""
    if pace.gather_s > 0 and not is_stopping:
        await asyncio.sleep(pace.gather_s)


class Bell:
    """Wakes the one task that waits for it; a ring that comes before the wait is kept."""

    def __init__(self) -> None:
        self._is_rung = False
        self._waiter: asyncio.Future[None] | None = None

    @property
    def is_rung(self) -> bool:
        """Whether a ring has not been heard yet."""
        return self._is_rung

    def ring(self) -> None:
        """Wake who waits, or who waits next."""
        self._is_rung = True
        _release(self._waiter)

    async def wait(self, timeout_s: float) -> bool:
        """Wait for a ring; False when the time ran out first."""
        if not self._is_rung:
            loop = asyncio.get_running_loop()
            waiter = self._waiter = loop.create_future()
            timer = loop.call_later(timeout_s, _release, waiter)
            try:
                await waiter
            finally:
                timer.cancel()
                self._waiter = None
        was_rung, self._is_rung = self._is_rung, False
        return was_rung


def _release(waiter: "asyncio.Future[None] | None") -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)


class Patience:
    """A delay that doubles from its least to its most, and begins again after a success."""

    def __init__(self, least_s: float, most_s: float) -> None:
        self._least_s, self._most_s = least_s, max(least_s, most_s)
        self._next_s = least_s

    def next(self) -> float:
        """Return the delay to wait now; the next one is twice as long."""
        delay, self._next_s = self._next_s, min(self._most_s, self._next_s * 2)
        return delay

    def reset(self) -> None:
        """Begin with the least again."""
        self._next_s = self._least_s
