"""Writes that wait for their turn, and the way their results go back to who awaits them."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias, TypeVar

from shared.adapters.embedded.opening import BUSY_S, outside
from shared.kernel.errors import Unavailable

Work: TypeAlias = Callable[[sqlite3.Connection], Any]
T = TypeVar("T")


class Job:
    """A write that waits for its turn (`work` None: a checkpoint).

    `claim` is taken once: by the writer, or by the time out of a write that has not begun.
    """

    __slots__ = ("claim", "error", "future", "is_durable", "result", "timer", "work")

    def __init__(
        self,
        work: Work | None,
        future: "asyncio.Future[Any] | None" = None,
        *,
        is_durable: bool = True,
    ) -> None:
        self.work, self.future, self.is_durable = work, future, is_durable
        self.claim = threading.Lock()
        self.timer: asyncio.TimerHandle | None = None
        self.result: Any = None
        self.error: BaseException | None = None

    def expire(self) -> None:
        if self.claim.acquire(blocking=False) and self.future and not self.future.done():
            self.future.set_exception(Unavailable(f"the database was busy for over {BUSY_S:.0f} s"))

    def resolve(self) -> None:
        """Hand the outcome to who awaits it, on its own event loop."""
        if self.future is None or self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


def by_loop(jobs: Iterable[Job]) -> dict[asyncio.AbstractEventLoop, list[Job]]:
    """Return the jobs of each event loop, so that each is woken once."""
    loops: dict[asyncio.AbstractEventLoop, list[Job]] = {}
    for job in jobs:
        if job.future is not None:
            loops.setdefault(job.future.get_loop(), []).append(job)
    return loops


def run_alone(connection: sqlite3.Connection, job: Job) -> None:
    """Run the only write of a transaction: its failure undoes that."""
    if job.work is not None:
        job.result = job.work(connection)


def run_beside_others(connection: sqlite3.Connection, job: Job) -> None:
    """Run one write so that its failure undoes only itself."""
    if job.work is None:
        return
    connection.execute("SAVEPOINT job")
    try:
        job.result = job.work(connection)
    except BaseException as error:
        job.error = outside(error) if isinstance(error, sqlite3.Error) else error
        if not connection.in_transaction:
            raise  # SQLITE_FULL and some others end the whole transaction by themselves
        connection.execute("ROLLBACK TO job")
    connection.execute("RELEASE job")


def run_here(
    connection: sqlite3.Connection,
    work: Callable[[sqlite3.Connection], T],
    on_begin: Work | None,
    on_end: Work | None,
) -> T:
    """Run a write in the caller, in a transaction of its own, and return its result."""
    try:
        connection.execute("BEGIN")
        if on_begin is not None:
            on_begin(connection)
        result = work(connection)
        if on_end is not None:
            on_end(connection)
        connection.execute("COMMIT")
    except BaseException as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if isinstance(error, sqlite3.Error):
            raise outside(error) from error
        raise
    return result
