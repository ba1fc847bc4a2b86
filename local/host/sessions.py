"""Service Bus triggers with sessions: one message of a session at a time, many sessions at once."""

import asyncio
import logging

from local.host.bell import Bell, Patience, gather
from local.host.index import Indexed
from local.host.invoke import LOGGER
from local.host.pump import Pump
from local.host.service_bus import Station, path_of, process
from shared.kernel.errors import Outside

_log = logging.getLogger(LOGGER)


class SessionPump(Pump):
    """Feeds one function from a queue or subscription with sessions.

    An empty session is held for the idle time of host.json, since most have more to say soon; when
    all places are taken, an idle one is given back early so that others can be served.
    """

    def __init__(self, station: Station, function: Indexed) -> None:
        super().__init__(function)
        self._station, self.path = station, path_of(function)
        self._sessions: dict[asyncio.Task[None], tuple[str, Bell]] = {}
        self._last_work: dict[str, float] = {}
        self._at_work = 0

    @property
    def is_busy(self) -> bool:
        """Whether an invocation runs or a session is being emptied, or is about to be."""
        return self._at_work > 0 or any(bell.is_rung for _, bell in self._sessions.values())

    def ring(self) -> None:
        """Look at once, for new sessions and in those that are held."""
        super().ring()
        for _, bell in self._sessions.values():
            bell.ring()

    def ring_for(self, paths: frozenset[str]) -> None:
        """Look for new sessions at once, and in those held ones that were named."""
        self._bell.ring()
        named = {name for name in paths if name.startswith(f"{self.path}\n")}
        for session_id, bell in self._sessions.values():
            if not named or f"{self.path}\n{session_id}" in named:
                bell.ring()

    async def run(self) -> None:
        """Accept sessions until stopped, then wait until all are given back."""
        pace = self._station.pace
        polls = Patience(pace.poll_min_s, pace.poll_max_s)
        try:
            while not self._is_stopping:
                if await self._accept():
                    polls.reset()
                elif await self._bell.wait(polls.next()):
                    await gather(pace, is_stopping=self._is_stopping)
        finally:
            await self._finish()

    async def _accept(self) -> bool:
        """Take on a session; False when there is nothing to do but wait."""
        if self._is_full():
            for _, bell in self._sessions.values():
                bell.ring()  # those that are idle give theirs back
            return False
        try:
            session_id = await self._station.bus.accept_session(self.path)
        except Outside as error:
            _log.warning("accept_failed", extra={"entity": self.path, "code": error.code})
            return False
        if session_id is None:
            self._empty_polls += 1
            return False
        bell = Bell()
        self._at_work += 1
        task = asyncio.get_running_loop().create_task(self._serve(session_id, bell))
        self._sessions[task] = session_id, bell
        task.add_done_callback(lambda done: self._ended(done, session_id))
        return True

    def _ended(self, task: asyncio.Task[None], session_id: str) -> None:
        del self._sessions[task]
        self._last_work.pop(session_id, None)
        self._bell.ring()

    async def _serve(self, session_id: str, bell: Bell) -> None:
        """Empty a session, wait for more, and give it back."""
        try:
            while await self._empty(session_id) and await self._is_rung(bell, session_id):
                continue
            await self._station.bus.release_session(self.path, session_id)
        except Outside as error:
            # The session's lock is gone or will run out; whoever accepts it next goes on.
            _log.warning("session_lost", extra={"entity": self.path, "code": error.code})
        finally:
            self._at_work -= 1

    async def _empty(self, session_id: str) -> bool:
        """Process what the session holds; False when it is to be given back at once."""
        while not self._is_stopping:
            found = await self._station.bus.receive(self.path, 1, session_id=session_id)
            if not found:
                return True
            self._last_work[session_id] = asyncio.get_running_loop().time()
            if not await process(self._station, self._function, self.path, found):
                return False
        return False

    async def _is_rung(self, bell: Bell, session_id: str) -> bool:
        """Wait for a ring; False when the session has been idle for too long or is in the way."""
        loop = asyncio.get_running_loop()
        worked_at = self._last_work.get(session_id, loop.time())
        left_s = worked_at + self._station.settings.session_idle_s - loop.time()
        if left_s <= 0 or self._is_full() or self._is_stopping:
            return False
        self._at_work -= 1
        try:
            return await bell.wait(left_s)
        finally:
            self._at_work += 1

    def _is_full(self) -> bool:
        return len(self._sessions) >= self._station.settings.sessions_max

    async def _finish(self) -> None:
        running = set(self._sessions)
        try:
            if running:
                await asyncio.wait(running)
        finally:
            for task in running:
                task.cancel()
