"""Service Bus triggers: receive, invoke, complete on return, abandon on an exception."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from local.host.bell import Pace, Patience, gather
from local.host.host_json import HostSettings
from local.host.index import Indexed
from local.host.invoke import LOGGER, Runner
from local.host.locks import LockKeeper
from local.host.messages import message_of, messages_of
from local.host.pump import Pump
from shared.kernel.bus import Bus, LockLost, Received
from shared.kernel.clock import Clock
from shared.kernel.errors import Outside

SETTLE_ATTEMPTS_MAX: Final = 3

_log = logging.getLogger(LOGGER)


@dataclass(frozen=True, slots=True)
class Station:
    """What every bus pump works with."""

    bus: Bus
    clock: Clock
    runner: Runner
    settings: HostSettings
    pace: Pace


def path_of(function: Indexed) -> str:
    """Return the path a Service Bus trigger listens on: `orders-in`, `events/routing`."""
    topic = function.setting("topic_name")
    return (
        f"{topic}/{function.setting('subscription_name')}"
        if topic
        else function.setting("queue_name")
    )


def takes_many(function: Indexed) -> bool:
    """Tell whether one invocation takes a list of messages."""
    return function.setting("cardinality").lower().endswith("many")


async def process(
    station: Station, function: Indexed, path: str, batch: Sequence[Received]
) -> bool:
    """Invoke a function with messages under lock and settle them all alike.

    Returns whether it succeeded. A message whose lock was lost meanwhile comes again by itself.
    """
    keepers = [_keep(station, path, received) for received in batch]
    trigger = messages_of(batch) if takes_many(function) else message_of(batch[0])
    try:
        is_done = await station.runner.succeeds(function, trigger)
    finally:
        for keeper in keepers:
            keeper.let_go()
    if len(batch) == 1:
        await _settle(station.bus, path, batch[0], is_done=is_done)
    else:
        await asyncio.gather(
            *(_settle(station.bus, path, received, is_done=is_done) for received in batch)
        )
    return is_done


def _keep(station: Station, path: str, received: Received) -> LockKeeper:
    keeper = LockKeeper(station.bus, path, station.clock, until_s=station.settings.renewal_max_s)
    keeper.keep(received)
    return keeper


async def _settle(bus: Bus, path: str, received: Received, *, is_done: bool) -> None:
    settle = bus.complete if is_done else bus.abandon
    for _ in range(SETTLE_ATTEMPTS_MAX):
        try:
            await settle(path, received)
        except LockLost:
            break
        except Outside:
            continue
        return
    fields = {"entity": path, "message_id": received.message.message_id}
    _log.warning("message_not_settled", extra=fields)


class QueuePump(Pump):
    """Feeds one function from a queue or subscription without sessions."""

    def __init__(self, station: Station, function: Indexed) -> None:
        super().__init__(function)
        self._station, self.path = station, path_of(function)
        self._is_many = takes_many(function)
        self._sends = 0  # since the last look
        self._is_hurried = False
        self._running: set[asyncio.Task[object]] = set()
        self._left_some = False  # there may be more than could be taken on

    @property
    def is_busy(self) -> bool:
        """Whether an invocation runs."""
        return bool(self._running)

    def ring(self) -> None:
        """Look at once: there may be more."""
        self._is_hurried = True
        super().ring()

    def ring_sent(self) -> None:
        """Look soon: something was sent."""
        self._sends += 1
        self._bell.ring()

    async def run(self) -> None:
        """Receive and invoke until stopped, then wait for what runs."""
        pace = self._station.pace
        polls = Patience(pace.poll_min_s, pace.poll_max_s)
        try:
            while not self._is_stopping:
                if await self._receive():
                    polls.reset()
                    if self._left_some:
                        continue
                if await self._bell.wait(polls.next()):
                    await self._gather()
        finally:
            await _finish(self._running)

    async def _gather(self) -> None:
        """Wait for what belongs together: what one work unit sends comes in several messages.

        A function of many messages waits as host.json says, for so many or so long.
        """
        settings = self._station.settings
        if not self._is_many or settings.batch_min == 1:
            await gather(self._station.pace, is_stopping=self._is_stopping)
            return
        loop = asyncio.get_running_loop()
        until = loop.time() + settings.batch_wait_s
        while not self._is_hurried and not self._is_stopping and self._sends < settings.batch_min:
            if (left := until - loop.time()) <= 0:
                break
            await self._bell.wait(left)

    async def _receive(self) -> bool:
        """Begin what can be received; False when there is nothing to do but wait."""
        settings, is_many = self._station.settings, self._is_many
        self._is_hurried, self._sends = False, 0
        room = settings.calls_max - len(self._running)
        self._left_some = room <= 0
        if room <= 0:
            return False  # whoever finishes rings
        limit = settings.batch_max if is_many else room
        try:
            found = await self._station.bus.receive(self.path, limit)
        except Outside as error:
            _log.warning("receive_failed", extra={"entity": self.path, "code": error.code})
            return False
        self._left_some = len(found) == limit
        if found:
            for batch in [found] if is_many else [[received] for received in found]:
                self._begin(batch)
        elif not self._running:
            self._empty_polls += 1
        return bool(found)

    def _begin(self, batch: Sequence[Received]) -> None:
        work = process(self._station, self._function, self.path, batch)
        task: asyncio.Task[object] = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[object]) -> None:
        self._running.discard(task)
        if self._left_some:
            self._bell.ring()


async def _finish(running: set[asyncio.Task[object]]) -> None:
    """Wait for what runs; when the wait itself is cancelled, what runs is cancelled too."""
    try:
        if running:
            await asyncio.wait(running)
    finally:
        for task in list(running):
            task.cancel()
