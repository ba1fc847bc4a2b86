"""What every verb of the embedded bus needs: the file, the clock, the owner and the topology."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeVar

from shared.adapters.embedded import bus_locking as locking
from shared.adapters.embedded import bus_sending as sending
from shared.adapters.embedded import bus_views as views
from shared.adapters.embedded.bus_locking import Hold
from shared.adapters.embedded.bus_owners import Owner, dead_owners, register, void_locks
from shared.adapters.embedded.bus_rows import DEAD_LETTERS, EPOCH, MICROSECOND
from shared.adapters.embedded.bus_rules import Listener, destination_of, lines_of, unknown_line
from shared.adapters.embedded.bus_topology import Destination, Line, Topology
from shared.adapters.embedded.faults import Faults
from shared.adapters.embedded.opening import outside
from shared.adapters.embedded.sqlite import Database
from shared.kernel.clock import Clock

EXACT_EVERY: Final = 16  # polls between two looks at the start of other owners' processes
REGISTER_EVERY: Final = 64  # commits: who took us for dead meanwhile has struck us off

T = TypeVar("T")
Work = Callable[[sqlite3.Connection, Hold], tuple[T, set[str]]]


@dataclass(slots=True)
class Desk:
    """Runs reads and writes; tells the listeners which paths have more to receive."""

    db: Database
    topology: Topology
    clock: Clock
    owner: Owner
    faults: Faults
    listeners: list[Listener] = field(default_factory=list)
    lines: dict[str, Line] = field(init=False)
    polls: int = 0
    commits: int = 0
    register_from: int = 0  # so many commits

    def __post_init__(self) -> None:
        self.lines = lines_of(self.topology)

    def line(self, path: str) -> Line:
        try:
            return self.lines[path]
        except KeyError:
            raise unknown_line(path) from None

    def destination(self, name: str) -> Destination:
        return destination_of(self.topology, name)

    def now(self) -> int:
        return (self.clock.now() - EPOCH) // MICROSECOND

    def read(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """Ask on this thread's connection, without any lock."""
        try:
            return question(self.db.reader())
        except sqlite3.Error as error:
            raise outside(error) from error

    def is_any(self, condition: str, now: int, *parameters: object) -> bool:
        """Tell whether a condition of `bus_views` holds, or a scheduled message is due."""
        try:
            found = self.db.reader().execute(views.DUE_OR + condition, (now, *parameters))
            return bool(found.fetchone()[0])
        except sqlite3.Error as error:
            raise outside(error) from error

    async def write(self, call: str, detail: object, work: Work[T]) -> T:
        """Run a verb's work between its fault points, in one transaction."""
        await self.faults.before(call, detail)
        result = await self.commit(work)
        await self.faults.after(call, detail)
        return result

    async def hold(self, call: str, detail: object, work: Work[T], *, can_wait: bool = False) -> T:
        """Run a verb's work as `write` does, if a power cut may undo it.

        Locks and settlements may be lost then: the message comes again, as it may at any time.
        """
        await self.faults.before(call, detail)
        result = await self.commit(work, is_durable=False, can_wait=can_wait)
        await self.faults.after(call, detail)
        return result

    async def commit(self, work: Work[T], *, is_durable: bool = True, can_wait: bool = False) -> T:
        """Run work in one transaction and tell the listeners what it touched."""
        result, touched = await self.db.write(
            lambda c: work(c, Hold(self.owner.id, self.now())),
            is_durable=is_durable,
            can_wait=can_wait,
        )
        self._tell(touched)
        return result

    def _tell(self, touched: set[str]) -> None:
        if touched:
            paths = frozenset(touched)
            for listener in self.listeners:
                listener(paths)

    async def commit_due(self, work: Work[T], *, is_durable: bool = True) -> T:
        """Run work that may lock or send: what is due comes first, and the owner is known."""
        is_register_due = self.commits >= self.register_from

        def whole(connection: sqlite3.Connection) -> tuple[T, set[str]]:
            by = Hold(self.owner.id, self.now())
            if is_register_due:
                register(connection, self.owner)
            woken = sending.activate(connection, self.topology, by.now)
            result, touched = work(connection, by)
            return result, woken | touched

        result, touched = await self.db.write(whole, is_durable=is_durable)
        self.commits += 1
        if is_register_due:  # only now that it is committed: what is undone registers nobody
            self.register_from = self.commits + REGISTER_EVERY
        self._tell(touched)
        return result

    async def find(self, condition: str, now: int, *parameters: object) -> bool:
        """Ask as `is_any` does; if there is nothing, free what dead processes hold and ask again.

        A line that is never empty is freed of the dead every so many polls.
        """
        if self.db.is_alone:
            return self.is_any(condition, now, *parameters)
        self.polls += 1
        is_exact = self.polls % EXACT_EVERY == 1
        if is_exact:
            await self._void_dead(is_exact=True)
        if self.is_any(condition, now, *parameters):
            return True
        is_freed = not is_exact and await self._void_dead(is_exact=False)
        return is_freed and self.is_any(condition, now, *parameters)

    async def _void_dead(self, *, is_exact: bool) -> bool:
        dead = self.read(lambda c: dead_owners(c, self.owner, is_exact=is_exact))
        for owner_id in dead:
            await self.db.write(partial(void_locks, owner_id=owner_id))
        return bool(dead)

    async def tidy(self, line: Line) -> None:
        """Bury what has ended on the line behind these dead letters; nothing on other lines."""
        if not line.path.endswith(DEAD_LETTERS):
            return
        living = self.lines[line.path.removesuffix(DEAD_LETTERS)]
        now = self.now()
        ended = f"EXISTS(SELECT 1 FROM delivery WHERE {locking.ENDED})"  # noqa: S608 - constants
        if self.is_any(ended, now, living.path, now, now, living.deliveries_max):
            await self.commit(lambda c, by: (None, locking.tidy(c, living, by.now)))
