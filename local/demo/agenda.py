"""What happens when: entries by time, each run to its end before the clock moves on."""

import heapq
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final, TypeAlias

from local.host.host import Host
from shared.kernel.clock import SteppedClock

ENTRIES_MAX: Final = 20_000
Act: TypeAlias = Callable[[], Awaitable[None]]
Told: TypeAlias = Callable[[int, int, datetime], None]


class Agenda:
    """Entries in the order of their times, and of their writing where times are equal.

    After each the world is let come to rest, so that one seed gives one history.
    """

    def __init__(self, clock: SteppedClock, host: Host, told: Told) -> None:
        self._clock, self._host, self._told = clock, host, told
        self._entries: list[tuple[datetime, int, Act]] = []
        self._written = 0
        self._done = 0

    @property
    def now(self) -> datetime:
        return self._clock.now()

    def at(self, instant: datetime, act: Act) -> None:
        """Write an entry; one for a time that is over happens next."""
        self._written += 1
        heapq.heappush(self._entries, (max(instant, self.now), self._written, act))

    async def run(self) -> None:
        """Do everything, also what entries write down meanwhile.

        Raises:
            RuntimeError: more entries than a day can have: something writes itself.
        """
        for _ in range(ENTRIES_MAX):
            if not self._entries:
                return
            instant, _, act = heapq.heappop(self._entries)
            if instant > self.now:
                self._clock.move_to(instant)
                await self._host.settled()
            await act()
            await self._host.settled()
            self._done += 1
            self._told(self._done, self._done + len(self._entries), instant)
        raise RuntimeError(f"the day does not end: {ENTRIES_MAX} entries were done")
