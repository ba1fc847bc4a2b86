"""Change feed triggers: read, invoke once for all that is new, checkpoint after it returned."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from local.host.bell import Pace, Patience, gather
from local.host.change_documents import documents_of
from local.host.host_json import seconds_of
from local.host.index import Indexed, RefusedFunction
from local.host.invoke import LOGGER, Runner
from local.host.pump import Pump
from shared.kernel.documents import ChangeBatch, Container, Documents
from shared.kernel.errors import Outside

ITEMS_MAX: Final = 100
WITHOUT_END: Final = "-1"

_log = logging.getLogger(LOGGER)


def container_of(function: Indexed) -> Container:
    """Return the container that a trigger follows.

    Raises:
        RefusedFunction: there is no such container.
    """
    try:
        return Container(function.setting("container_name"))
    except ValueError as error:
        raise RefusedFunction(function.name, str(error)) from error


def retry_delay_s(function: Indexed) -> float:
    """Return the delay of a trigger's retry policy.

    Raises:
        RefusedFunction: it has no policy without end: Azure would pass a failed batch over.
    """
    policy = function.retry or {}
    is_endless = str(policy.get("max_retry_count")) == WITHOUT_END
    if not is_endless or policy.get("strategy") != "fixed_delay":
        raise RefusedFunction(
            function.name,
            'a change feed needs @retry(strategy="fixed_delay", max_retry_count="-1", ...):'
            " without it Azure passes a failed batch over",
        )
    try:
        return seconds_of(str(policy.get("delay_interval")))
    except ValueError as error:
        raise RefusedFunction(function.name, f"delay_interval: {error}") from error


class FeedPump(Pump):
    """Feeds one function with the changes of one container.

    What fails is read and given again, without end: nothing is ever passed over.
    """

    def __init__(self, store: Documents, runner: Runner, function: Indexed, pace: Pace) -> None:
        super().__init__(function)
        self._runner, self._pace = runner, pace
        self.container = container_of(function)
        prefix = function.setting("lease_container_prefix") or function.name
        self._feed = store.feed(self.container, prefix)
        self._limit = int(function.setting("max_items_per_invocation") or ITEMS_MAX)
        most_s = min(pace.retry_max_s, retry_delay_s(function))
        self._retries = Patience(min(pace.retry_min_s, most_s), most_s)
        self._is_busy = False

    @property
    def is_busy(self) -> bool:
        """Whether changes are being worked on, or wait for their repetition."""
        return self._is_busy

    async def run(self) -> None:
        """Read and invoke until stopped, then give the leases back."""
        polls = Patience(self._pace.poll_min_s, self._pace.poll_max_s)
        try:
            while not self._is_stopping:
                if await self._follow():
                    polls.reset()
                elif await self._bell.wait(polls.next()):
                    # A work unit commits several times in a row: one invocation takes them all.
                    await gather(self._pace, is_stopping=self._is_stopping)
        finally:
            await self._give_back()

    async def _follow(self) -> bool:
        """Deliver what is new; False when there is nothing to do but wait."""
        try:
            batches = await self._feed.read(self._limit)
            if not batches:
                self._is_busy = False
                self._empty_polls += 1
                return False
            self._is_busy = True
            is_done = await self._deliver(batches)
        except Outside as error:
            fields = {"function": self._function.name, "code": error.code}
            _log.warning("feed_unavailable", extra=fields)
            is_done = False
        if is_done:
            self._retries.reset()
        elif not self._is_stopping:
            await self._pause(self._retries.next())
        return True

    async def _pause(self, seconds: float) -> None:
        """Wait before a repetition; new commits do not shorten it, a stop does."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while not self._is_stopping and (left := until - loop.time()) > 0:
            await self._bell.wait(left)

    async def _deliver(self, batches: Sequence[ChangeBatch]) -> bool:
        changes = [change for batch in batches for change in batch.changes]
        if not await self._runner.succeeds(self._function, documents_of(changes)):
            return False
        # A lease that was lost meanwhile means that another process gives these changes again.
        await asyncio.gather(*(self._feed.checkpoint(batch) for batch in batches))
        return True

    async def _give_back(self) -> None:
        self._is_busy = False
        try:
            await self._feed.close()
        except Outside as error:
            fields = {"function": self._function.name, "code": error.code}
            _log.warning("leases_not_given_back", extra=fields)
