"""One SQLite file with one writer per process, shared by the embedded store and the embedded bus.

One lock file per database is held around each write transaction and each checkpoint: SQLite's own
busy handler starves writers, and versions before 3.51.3 can reset the WAL wrongly when one
connection checkpoints while another writes. The writer runs every waiting write in one
transaction, each in its own savepoint, so that they share one fsync.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeAlias, TypeVar, cast

from shared.adapters.embedded.opening import (
    BUSY_S,
    MEMORY,
    Layout,
    LockFile,
    NoLock,
    Synchronous,
    UnreadableDatabase,
    connect,
    open_prepared,
    outside,
)
from shared.kernel.errors import Unavailable

GROUP_MAX: Final = 256  # writes that share one commit
QUEUED_MAX: Final = 10_000  # writes that wait in one process
WAL_BYTES_MAX: Final = 32_000_000  # beyond it the writer checkpoints by itself
WAL_LOOK_EVERY: Final = 128  # commits between two looks at the WAL's size

Work: TypeAlias = Callable[[sqlite3.Connection], Any]
T = TypeVar("T")


class _Job:
    """A write that waits for its turn (`work` None: a checkpoint).

    `claim` is taken once: by the writer, or by the time out of a write that has not begun.
    """

    __slots__ = ("claim", "error", "future", "result", "work")

    def __init__(self, work: Work | None, future: "asyncio.Future[Any] | None" = None) -> None:
        self.work, self.future = work, future
        self.claim = threading.Lock()
        self.result: Any = None
        self.error: BaseException | None = None

    def expire(self) -> None:
        if self.claim.acquire(blocking=False) and self.future and not self.future.done():
            self.future.set_exception(Unavailable(f"the database was busy for over {BUSY_S:.0f} s"))


class Database:
    """One file: a writer, a connection per reading thread, and a checkpointer.

    `on_begin` and `on_end` run inside every transaction, before its first write and after its last.
    `on_commit` holds callables that run after each commit of this process, on the event loop that
    wrote (in the caller when not threaded).

    With `threaded=False` writes run in the caller and share its connection: for simulations, where
    one seed must give one history. In memory there is neither a lock nor a second connection.

    Raises:
        UnreadableDatabase: the file is damaged, another program's or of a newer version.
    """

    def __init__(
        self,
        path: str,
        layout: Layout,
        *,
        synchronous: Synchronous = "FULL",
        threaded: bool = True,
        on_begin: Work | None = None,
        on_end: Work | None = None,
    ) -> None:
        if threaded and path == MEMORY:
            raise ValueError("a database in memory has one connection: use threaded=False")
        self.path = path
        self.on_commit: list[Callable[[], None]] = []
        self._synchronous, self._threaded = synchronous, threaded
        self._on_begin, self._on_end = on_begin, on_end
        self._commits = 0
        self._is_open = True
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._lock, self._writer = self._open(layout)
        self._thread = threading.Thread(target=self._serve, name=f"writer of {path}", daemon=True)
        if threaded:
            self._thread.start()

    def _open(self, layout: Layout) -> tuple[LockFile | NoLock, sqlite3.Connection]:
        try:
            lock = NoLock() if self.path == MEMORY else LockFile(f"{self.path}.lock")
        except OSError as error:
            raise UnreadableDatabase(self.path, f"cannot be locked: {error.strerror}") from error
        lock.acquire()
        try:
            connection = open_prepared(self.path, self._synchronous, layout)
        except UnreadableDatabase:
            lock.close()  # which releases it, too
            raise
        lock.release()
        return lock, connection

    def reader(self) -> sqlite3.Connection:
        """Return this thread's connection for reads; they never wait for writers."""
        if not self._threaded:
            return self._writer
        try:
            return cast(sqlite3.Connection, self._local.connection)
        except AttributeError:
            connection = connect(self.path, self._synchronous)
            connection.execute("PRAGMA query_only=ON")
            self._local.connection = connection
            self._readers.append(connection)
            return connection

    def version(self) -> tuple[int, int]:
        """Return what differs once anybody, in any process, has committed; costs microseconds.

        Values compare only within one thread.
        """
        if not self._threaded:
            return 0, self._commits
        connection = self.reader()
        found: int = connection.execute("PRAGMA data_version").fetchone()[0]
        return id(connection), found

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in a transaction; return its result once that is committed.

        What it raises undoes its own writes only, and is raised here.

        Raises:
            Unavailable: it did not begin within BUSY_S, or the disk refused.
        """
        return cast(T, await self._submit(work))

    async def checkpoint(self) -> None:
        """Move the log into the file and empty it, unless a reader holds it; nobody writes then.

        An erase is complete only after it: until then the log still holds the old pages.
        """
        await self._submit(None)

    async def close(self) -> None:
        """Finish the writes that wait, empty the log and close every connection."""
        if not self._is_open:
            return
        await self.checkpoint()
        self._is_open = False
        if self._threaded:
            self._queue.put(None)
            await asyncio.to_thread(self._thread.join)
        for connection in (*self._readers, self._writer):
            connection.close()
        self._lock.close()

    async def _submit(self, work: Work | None) -> Any:
        if not self._is_open:
            raise Unavailable("the database is closed")
        if not self._threaded:
            return self._perform_here(_Job(work))
        if self._queue.qsize() >= QUEUED_MAX:
            raise Unavailable(f"{QUEUED_MAX} writes are waiting")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        job = _Job(work, future)
        self._queue.put(job)
        timer = loop.call_later(BUSY_S, job.expire)
        try:
            return await future
        finally:
            timer.cancel()

    def _perform_here(self, job: _Job) -> Any:
        self._lock.acquire()
        try:
            self._perform([job])
        finally:
            self._lock.release()
        if job.error is not None:
            raise job.error
        for callback in self.on_commit:
            callback()
        return job.result

    def _serve(self) -> None:
        while (first := self._queue.get()) is not None:
            self._lock.acquire()  # what arrives while we wait shares the commit
            try:
                jobs, is_last = self._claim(first)
                self._perform(jobs)
            finally:
                self._lock.release()
            self._deliver(jobs)
            if is_last:
                return

    def _claim(self, first: _Job) -> tuple[list[_Job], bool]:
        jobs: list[_Job] = []
        job: _Job | None = first
        with suppress(Empty):
            while job is not None:
                if job.claim.acquire(blocking=False):
                    jobs.append(job)
                if len(jobs) == GROUP_MAX:
                    return jobs, False
                job = self._queue.get_nowait()
            return jobs, True
        return jobs, False

    def _perform(self, jobs: list[_Job]) -> None:
        writes = [job for job in jobs if job.work is not None]
        if writes:
            self._commit_together(writes)
            self._commits += 1
        if len(writes) < len(jobs):
            self._empty_log("TRUNCATE")
        elif self._commits % WAL_LOOK_EVERY == 0 and self._log_bytes() > WAL_BYTES_MAX:
            self._empty_log("PASSIVE")

    def _commit_together(self, jobs: list[_Job]) -> None:
        connection = self._writer
        try:
            connection.execute("BEGIN IMMEDIATE")
            if self._on_begin is not None:
                self._on_begin(connection)
            for job in jobs:
                _run(connection, job)
            if self._on_end is not None:
                self._on_end(connection)
            connection.execute("COMMIT")
        except BaseException as error:  # noqa: BLE001 - handed to every caller that awaits a result
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            for job in jobs:  # an exception of its own for each: they gather tracebacks
                known = outside(error) if isinstance(error, sqlite3.Error) else error
                job.error = job.error or known

    def _empty_log(self, mode: str) -> None:
        # Readers of other processes may hold the log for as long as a page takes; the next
        # checkpoint does what this one leaves. The lock must not be held for BUSY_S meanwhile.
        self._writer.execute("PRAGMA busy_timeout=50")
        with suppress(sqlite3.OperationalError):
            self._writer.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()
        self._writer.execute(f"PRAGMA busy_timeout={BUSY_S * 1000:.0f}")

    def _log_bytes(self) -> int:
        try:
            return Path(f"{self.path}-wal").stat().st_size
        except OSError:
            return 0

    def _deliver(self, jobs: list[_Job]) -> None:
        loops: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
        for job in jobs:
            if job.future is not None:
                loops.setdefault(job.future.get_loop(), []).append(job)
        for loop, mine in loops.items():
            with suppress(RuntimeError):  # the loop was closed: nobody waits any more
                loop.call_soon_threadsafe(self._resolve, mine)

    def _resolve(self, jobs: list[_Job]) -> None:
        for job in jobs:
            if job.future is None or job.future.done():
                continue
            if job.error is None:
                job.future.set_result(job.result)
            else:
                job.future.set_exception(job.error)
        for callback in self.on_commit:
            callback()


def _run(connection: sqlite3.Connection, job: _Job) -> None:
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
