"""The embedded bus: Service Bus's queues, topics and sessions over one SQLite file.

Every verb is one write in the process's shared commit (`sqlite.Database`). Receiving polls
read-only first, so that an idle poll takes no lock. Several processes may open one file: locks
carry their owner, and those of a dead process are void at the next poll of any other.
"""

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from shared.adapters.embedded import bus_locking as locking
from shared.adapters.embedded import bus_sending as sending
from shared.adapters.embedded import bus_sessions as sessions
from shared.adapters.embedded import bus_views as views
from shared.adapters.embedded.bus_desk import Desk
from shared.adapters.embedded.bus_locking import Hold
from shared.adapters.embedded.bus_owners import Owner, this_process, void_locks
from shared.adapters.embedded.bus_rows import (
    DEAD_LETTERS,
    LAYOUT,
    instant,
    to_received,
)
from shared.adapters.embedded.bus_rules import (
    PEEKED_MAX,
    RECEIVED_MAX,
    Listener,
    bounded,
    check_accepting,
    check_batch,
    check_burying,
    check_receiving,
    outgoing,
)
from shared.adapters.embedded.bus_topology import Line, Topology
from shared.adapters.embedded.faults import NO_FAULTS, Faults
from shared.adapters.embedded.opening import Synchronous
from shared.adapters.embedded.sqlite import Database
from shared.kernel.bus import Message, Received
from shared.kernel.clock import Clock

T = TypeVar("T")


class EmbeddedBus:
    """The kernel's `Bus` over one SQLite file, or in memory with `threaded=False`.

    Attributes:
        on_send: called with the paths that now have more to receive, and the `session_mark` of each
            of their sessions, after the commit, on the event loop of the caller that caused it. It
            wakes receivers of this process; those of others poll.
        unmatched: messages sent to a topic that no subscription wanted; they are gone.

    Raises:
        UnreadableDatabase: the file is damaged, another program's or of a newer version.
    """

    def __init__(
        self,
        path: str,
        topology: Topology,
        *,
        clock: Clock,
        faults: Faults = NO_FAULTS,
        owner: Owner | None = None,
        synchronous: Synchronous = "FULL",
        threaded: bool = True,
    ) -> None:
        database = Database(path, LAYOUT, synchronous=synchronous, threaded=threaded)
        self._desk = Desk(database, topology, clock, owner or this_process(), faults)
        self.on_send: list[Listener] = self._desk.listeners
        self.checkpoint = database.checkpoint  # an erase is complete only after it
        self.unmatched = 0

    async def close(self) -> None:
        """Free what this object holds and close the file."""
        db, me = self._desk.db, self._desk.owner.id
        await db.write(lambda connection: void_locks(connection, me))
        await db.close()

    async def send(self, entity: str, messages: Sequence[Message]) -> None:
        """Send to a queue or topic, all or nothing; a known message id is dropped silently.

        Raises:
            Unavailable: not known to be sent; send again with the same ids.
            ValueError: no such entity, a missing session id, or too large.
        """
        destination = self._desk.destination(entity)
        check_batch(len(messages))
        batch = [outgoing(destination, message) for message in messages]
        if not batch:
            return
        detail = (entity, messages)
        await self._desk.faults.before("bus.send", detail)
        await self._desk.commit_due(
            lambda c, by: (None, sending.send(c, destination, batch, by.now))
        )
        await self._desk.faults.after("bus.send", detail)
        self.unmatched += len([each for each in batch if not each.lines])

    async def cancel_scheduled(self, path: str, message_id: str) -> bool:
        """Take back a scheduled message; False when it has already become visible."""
        name = self._desk.destination(path).name
        return await self._desk.write(
            "bus.cancel_scheduled",
            (path, message_id),
            lambda c, by: (sending.cancel(c, name, message_id, by.now), set()),
        )

    def has_news(self, path: str) -> bool:
        """Tell, for a few microseconds, whether something is free, or a session of the path is."""
        line = self._desk.line(path)
        free = views.SESSION_FREE if line.requires_session else views.MESSAGE_FREE
        now = self._desk.now()
        return self._desk.is_any(free, now, path, now)

    async def receive(
        self, path: str, limit: int, *, session_id: str | None = None
    ) -> Sequence[Received]:
        """Lock up to `limit` messages in order; empty when there are none.

        Raises:
            LockLost: the session is not held.
            ValueError: no such path, or a session where there is none, or none where it is needed.
        """
        line, most = self._desk.line(path), bounded(limit, RECEIVED_MAX)
        check_receiving(line, session_id)
        await self._desk.faults.before("bus.receive", path)
        received = await self._receive(line, most, session_id)
        await self._desk.faults.after("bus.receive", path)
        return received

    async def _receive(self, line: Line, limit: int, session_id: str | None) -> Sequence[Received]:
        desk = self._desk
        await desk.tidy(line)
        now = desk.now()
        if session_id is None:
            is_any = await desk.find(views.MESSAGE_FREE, now, line.path, now)
        else:
            by = Hold(desk.owner.id, now)
            desk.read(lambda c: locking.held_until(c, line, session_id, by))
            is_any = desk.is_any(views.NEXT_IN_SESSION, now, line.path, session_id)
        if not is_any:
            return ()
        return await desk.commit_due(
            lambda c, by: (locking.receive(c, line, limit, session_id, by), set()),
            is_durable=False,
        )

    async def accept_session(self, path: str) -> str | None:
        """Hold the next free session that has messages; None when there is none.

        Raises:
            ValueError: the path has no sessions.
        """
        line = self._desk.line(path)
        check_accepting(line)
        await self._desk.faults.before("bus.accept_session", path)
        session_id = await self._accept(line)
        await self._desk.faults.after("bus.accept_session", path)
        return session_id

    async def _accept(self, line: Line) -> str | None:
        desk = self._desk
        now = desk.now()
        if not await desk.find(views.SESSION_FREE, now, line.path, now):
            return None
        return await desk.commit_due(
            lambda c, by: (sessions.accept_session(c, line, by), set()), is_durable=False
        )

    async def release_session(self, path: str, session_id: str) -> None:
        """Give a session back; one that is not held any more is left alone."""
        line = self._desk.line(path)

        def work(connection: sqlite3.Connection, by: Hold) -> tuple[None, set[str]]:
            is_held = sessions.release_session(connection, line, session_id, by)
            return None, {path} if is_held else set()

        await self._desk.hold("bus.release_session", (path, session_id), work)

    async def complete(self, path: str, received: Received) -> None:
        """Settle a message.

        Raises:
            LockLost: it is not held any more.
        """
        await self._settle("bus.complete", path, (received,), locking.complete)

    async def complete_all(self, path: str, received: Sequence[Received]) -> None:
        """Settle several messages in one write, all or none.

        Raises:
            LockLost: one of them is not held any more.
        """
        await self._settle("bus.complete", path, received, locking.complete)

    async def abandon(self, path: str, received: Received) -> None:
        """Give a message back to its place; after its last delivery it is a dead letter.

        Raises:
            LockLost: it is not held any more.
        """
        await self._settle("bus.abandon", path, received, locking.abandon)

    async def dead_letter(self, path: str, received: Received, reason: str, detail: str) -> None:
        """Move a message to the dead-letter queue.

        Raises:
            LockLost: it is not held any more.
            ValueError: it is a dead letter already.
        """
        check_burying(path)
        line = self._desk.line(path)
        await self._desk.write(
            "bus.dead_letter",
            (path, received),
            lambda c, by: (None, locking.dead_letter(c, line, received, reason, detail, by)),
        )

    async def _settle(
        self,
        call: str,
        path: str,
        received: T,
        settle: Callable[[sqlite3.Connection, Line, T, Hold], set[str]],
    ) -> None:
        line = self._desk.line(path)
        await self._desk.hold(
            call,
            (path, received),
            lambda c, by: (None, settle(c, line, received, by)),
            can_wait=not line.requires_session,  # the next one of a session waits for it
        )

    async def renew(self, path: str, received: Received) -> datetime:
        """Lengthen the lock of a message, or of its session; return its new end.

        Raises:
            LockLost: it is not held any more.
        """
        line = self._desk.line(path)
        until = await self._desk.hold(
            "bus.renew",
            (path, received),
            lambda c, by: (locking.renew(c, line, received, by), set()),
        )
        return instant(until)

    async def peek(self, path: str, limit: int, *, after: int = 0) -> Sequence[Received]:
        """Look without locking, from the sequence number behind `after` on.

        What is scheduled or has expired is not shown.
        """
        line, most = self._desk.line(path), bounded(limit, PEEKED_MAX)
        await self._desk.faults.before("bus.peek", path)
        seen = await self._peek(line, most, after)
        await self._desk.faults.after("bus.peek", path)
        return seen

    async def _peek(self, line: Line, limit: int, after: int) -> Sequence[Received]:
        await self._desk.tidy(line)
        now = self._desk.now()
        if self._desk.is_any(views.NOTHING_BUT_DUE, now):
            await self._desk.commit_due(lambda _c, _by: (None, set()))  # makes visible what is due
        rows = self._desk.read(lambda c: views.visible(c, line.path, after, now, limit))
        return [to_received(row, row[2], None) for row in rows]

    async def replay(self, path: str, sequence_numbers: Sequence[int]) -> int:
        """Send dead letters again under new ids (`<id>#p<n>`), to the line where they died.

        `path` is the line or its dead-letter queue; unknown and held ones are passed over.
        """
        line = self._desk.line(path.removesuffix(DEAD_LETTERS))
        destination = self._desk.destination(line.path.partition("/")[0])
        return await self._desk.write(
            "bus.replay",
            (path, sequence_numbers),
            lambda c, by: (
                sending.replay(c, destination, line, sequence_numbers, by.now),
                {line.path},
            ),
        )

    async def next_due(self) -> datetime | None:
        """Return when the next scheduled message becomes visible or the next lock runs out."""
        due = self._desk.read(views.next_due)
        return None if due is None else instant(due)

    async def backlog(self) -> dict[str, int]:
        """Return how many messages each path holds, locked and dead ones too; none: no entry.

        Scheduled ones stand under `<entity>/$scheduled`.
        """
        return self._desk.read(views.backlog)
