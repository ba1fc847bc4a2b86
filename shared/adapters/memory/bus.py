"""The bus in plain memory: what simulations and tests use, as nothing of it is kept.

It does what the embedded bus does on a database in memory, to the sequence number: one seed gives
one history on both. What a verb does between its two fault points happens at once, and whole or
not at all: whatever may fail fails before anything is changed.
"""

from collections.abc import Sequence
from datetime import datetime

from shared.adapters.embedded.bus_rows import DEAD_LETTERS
from shared.adapters.embedded.bus_rules import (
    PEEKED_MAX,
    RECEIVED_MAX,
    Listener,
    bounded,
    check_accepting,
    check_batch,
    check_burying,
    check_receiving,
    destination_of,
    outgoing,
    unknown_line,
)
from shared.adapters.embedded.bus_topology import Topology
from shared.adapters.embedded.faults import NO_FAULTS, Faults
from shared.adapters.memory.bus_lane import Lane
from shared.adapters.memory.bus_post import Post
from shared.kernel.bus import Message, Received
from shared.kernel.clock import Clock
from shared.kernel.errors import Unavailable


class MemoryBus:
    """The kernel's `Bus` for one event loop.

    Attributes:
        on_send: called with the paths that now have more to receive, and the `session_mark` of each
            of their sessions, before the verb that caused it returns.
        unmatched: messages sent to a topic that no subscription wanted; they are gone.
    """

    def __init__(self, topology: Topology, *, clock: Clock, faults: Faults = NO_FAULTS) -> None:
        self._topology, self._clock, self._faults = topology, clock, faults
        self._post = Post(topology)
        self._lanes = self._post.lanes
        self._is_open = True
        self.on_send: list[Listener] = []
        self.unmatched = 0

    async def checkpoint(self) -> None:
        """Do nothing: there is no log that could still hold what was erased."""

    async def close(self) -> None:
        """Refuse whatever is asked from now on."""
        self._is_open = False

    async def send(self, entity: str, messages: Sequence[Message]) -> None:
        """Send to a queue or topic, all or nothing; a known message id is dropped silently.

        Raises:
            Unavailable: not known to be sent; send again with the same ids.
            ValueError: no such entity, a missing session id, or too large.
        """
        destination = destination_of(self._topology, entity)
        check_batch(len(messages))
        batch = [outgoing(destination, message) for message in messages]
        if not batch:
            return
        detail = (entity, messages)
        await self._faults.before("bus.send", detail)
        now = self._begin()
        touched = self._post.activate(now)
        self._tell(touched | self._post.send(destination, batch, now))
        await self._faults.after("bus.send", detail)
        self.unmatched += len([each for each in batch if not each.lines])

    async def cancel_scheduled(self, path: str, message_id: str) -> bool:
        """Take back a scheduled message; False when it has already become visible."""
        name = destination_of(self._topology, path).name
        await self._faults.before("bus.cancel_scheduled", (path, message_id))
        is_taken = self._post.cancel(name, message_id, self._begin())
        await self._faults.after("bus.cancel_scheduled", (path, message_id))
        return is_taken

    def has_news(self, path: str) -> bool:
        """Tell whether something is free, or a session of the path is."""
        lane, now = self._lane(path), self._begin()
        return lane.has_free(now) or self._post.is_due(now)

    async def receive(
        self, path: str, limit: int, *, session_id: str | None = None
    ) -> Sequence[Received]:
        """Lock up to `limit` messages in order; empty when there are none.

        Raises:
            LockLost: the session is not held.
            ValueError: no such path, or a session where there is none, or none where it is needed.
        """
        lane, most = self._lane(path), bounded(limit, RECEIVED_MAX)
        check_receiving(lane.line, session_id)
        await self._faults.before("bus.receive", path)
        received = self._receive(lane, most, session_id, self._begin())
        await self._faults.after("bus.receive", path)
        return received

    def _receive(
        self, lane: Lane, limit: int, session_id: str | None, now: datetime
    ) -> Sequence[Received]:
        self._tidy(lane, now)
        session = None if session_id is None else lane.held_session(session_id, now)
        is_any = lane.has_free(now) if session is None else lane.has_next(session)
        if not (is_any or self._post.is_due(now)):
            return ()
        woken = self._post.activate(now)
        received = (
            lane.receive(limit, now) if session is None else lane.receive_from(session, limit, now)
        )
        self._tell(woken)
        return received

    async def accept_session(self, path: str) -> str | None:
        """Hold the next free session that has messages; None when there is none.

        Raises:
            ValueError: the path has no sessions.
        """
        lane = self._lane(path)
        check_accepting(lane.line)
        await self._faults.before("bus.accept_session", path)
        now, session_id = self._begin(), None
        if lane.has_free(now) or self._post.is_due(now):
            woken = self._post.activate(now)
            session_id = lane.accept_session(now)
            self._tell(woken)
        await self._faults.after("bus.accept_session", path)
        return session_id

    async def release_session(self, path: str, session_id: str) -> None:
        """Give a session back; one that is not held any more is left alone."""
        lane = self._lane(path)
        await self._faults.before("bus.release_session", (path, session_id))
        self._begin()
        if lane.release_session(session_id):
            self._tell({path})
        await self._faults.after("bus.release_session", (path, session_id))

    async def complete(self, path: str, received: Received) -> None:
        """Settle a message.

        Raises:
            LockLost: it is not held any more.
        """
        await self.complete_all(path, (received,))

    async def complete_all(self, path: str, received: Sequence[Received]) -> None:
        """Settle several messages, all or none.

        Raises:
            LockLost: one of them is not held any more.
        """
        lane, detail = self._lane(path), (path, received)
        await self._faults.before("bus.complete", detail)
        lane.complete(received, self._begin())
        await self._faults.after("bus.complete", detail)

    async def abandon(self, path: str, received: Received) -> None:
        """Give a message back to its place; after its last delivery it is a dead letter.

        Raises:
            LockLost: it is not held any more.
        """
        lane, detail = self._lane(path), (path, received)
        await self._faults.before("bus.abandon", detail)
        delivery = lane.held(received, self._begin())
        lane.free(delivery)
        is_dead = lane.bury_if_exhausted(delivery)
        self._tell({path + DEAD_LETTERS if is_dead else path})
        await self._faults.after("bus.abandon", detail)

    async def dead_letter(self, path: str, received: Received, reason: str, detail: str) -> None:
        """Move a message to the dead-letter queue.

        Raises:
            LockLost: it is not held any more.
            ValueError: it is a dead letter already.
        """
        check_burying(path)
        lane = self._lane(path)
        await self._faults.before("bus.dead_letter", (path, received))
        lane.bury(lane.held(received, self._begin()), reason, detail)
        self._tell({path + DEAD_LETTERS})
        await self._faults.after("bus.dead_letter", (path, received))

    async def renew(self, path: str, received: Received) -> datetime:
        """Lengthen the lock of a message, or of its session; return its new end.

        Raises:
            LockLost: it is not held any more.
        """
        lane, detail = self._lane(path), (path, received)
        await self._faults.before("bus.renew", detail)
        until = lane.renew(received, self._begin())
        await self._faults.after("bus.renew", detail)
        return until

    async def peek(self, path: str, limit: int, *, after: int = 0) -> Sequence[Received]:
        """Look without locking, from the sequence number behind `after` on.

        What is scheduled or has expired is not shown.
        """
        lane, most = self._lane(path), bounded(limit, PEEKED_MAX)
        await self._faults.before("bus.peek", path)
        now = self._begin()
        self._tidy(lane, now)
        self._tell(self._post.activate(now))
        seen = lane.visible(after, most, now)
        await self._faults.after("bus.peek", path)
        return seen

    async def replay(self, path: str, sequence_numbers: Sequence[int]) -> int:
        """Send dead letters again under new ids (`<id>#p<n>`), to the line where they died.

        `path` is the line or its dead-letter queue; unknown and held ones are passed over.
        """
        lane = self._lane(path.removesuffix(DEAD_LETTERS))
        destination = destination_of(self._topology, lane.line.path.partition("/")[0])
        await self._faults.before("bus.replay", (path, sequence_numbers))
        sent = self._post.replay(destination, lane, sequence_numbers, self._begin())
        self._tell({lane.line.path})
        await self._faults.after("bus.replay", (path, sequence_numbers))
        return sent

    async def next_due(self) -> datetime | None:
        """Return when the next scheduled message becomes visible or the next lock runs out."""
        return self._post.next_due()

    async def backlog(self) -> dict[str, int]:
        """Return how many messages each path holds, locked and dead ones too; none: no entry.

        Scheduled ones stand under `<entity>/$scheduled`.
        """
        return self._post.backlog()

    def _lane(self, path: str) -> Lane:
        try:
            return self._lanes[path]
        except KeyError:
            raise unknown_line(path) from None

    def _begin(self) -> datetime:
        """Return the time.

        Raises:
            Unavailable: the bus is closed.
        """
        if not self._is_open:
            raise Unavailable("the bus is closed")
        return self._clock.now()

    def _tell(self, touched: set[str]) -> None:
        if touched:
            paths = frozenset(touched)
            for listener in self.on_send:
                listener(paths)

    def _tidy(self, lane: Lane, now: datetime) -> None:
        """Bury what has ended on the line behind these dead letters; nothing on other lines."""
        living = lane.living
        if living is not None and (self._post.is_due(now) or living.has_ended(now)):
            living.tidy(now)
            self._tell({lane.line.path})
