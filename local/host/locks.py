"""Keeping the lock of what is in work: renewed at half its time, up to a bound."""

import asyncio
import logging
from typing import Final

from local.host.invoke import LOGGER
from shared.kernel.bus import Bus, Received
from shared.kernel.clock import Clock
from shared.kernel.errors import Outside

RENEW_LEAST_S: Final = 0.05

_log = logging.getLogger(LOGGER)


class LockKeeper:
    """Renews the lock of one message (or of its session) until it is let go."""

    __slots__ = (
        *("_bus", "_clock", "_held", "_path", "_renewal", "_spent_s", "_timer", "_until_s"),
        "renewals",
    )

    def __init__(self, bus: Bus, path: str, clock: Clock, *, until_s: float) -> None:
        self._bus, self._path, self._clock, self._until_s = bus, path, clock, until_s
        self._held: Received | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._renewal: asyncio.Task[None] | None = None
        self._spent_s = 0.0
        self.renewals = 0

    @property
    def is_pending(self) -> bool:
        """Whether a renewal is to come."""
        return self._timer is not None

    def keep(self, received: Received) -> None:
        """Begin with a message that was just received."""
        self._held, self._spent_s = received, 0.0
        if received.locked_until is not None:
            self._schedule((received.locked_until - self._clock.now()).total_seconds())

    def let_go(self) -> None:
        """End: the message is about to be settled."""
        self._held = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _schedule(self, left_s: float) -> None:
        delay_s = max(RENEW_LEAST_S, left_s / 2)
        self._spent_s += delay_s
        if self._spent_s <= self._until_s:
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._begin)

    def _begin(self) -> None:
        self._renewal = asyncio.get_running_loop().create_task(self._renew())

    async def _renew(self) -> None:
        if self._held is None:
            return
        try:
            until = await self._bus.renew(self._path, self._held)
        except Outside as error:
            # The work goes on: its inbox makes a second delivery harmless.
            _log.warning("lock_not_renewed", extra={"entity": self._path, "code": error.code})
            return
        self.renewals += 1
        if self._held is not None:
            self._schedule((until - self._clock.now()).total_seconds())
