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
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeVar, cast

from shared.adapters.embedded.jobs import Job, Work, by_loop, run_alone, run_beside_others, run_here
from shared.adapters.embedded.opening import (
    BUSY_S,
    MEMORY,
    Layout,
    Synchronous,
    Syncing,
    connect,
    empty_log,
    log_bytes,
    open_locked,
    outside,
)
from shared.adapters.embedded.turns import DiskPace, Turns
from shared.kernel.errors import Unavailable

GROUP_MAX: Final = 256  # writes that share one commit
QUEUED_MAX: Final = 10_000  # writes that wait in one process
WAL_BYTES_MAX: Final = 32_000_000  # beyond it the writer checkpoints by itself
WAL_LOOK_EVERY: Final = 128  # commits between two looks at the WAL's size

T = TypeVar("T")


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
        self.path, self.is_alone = path, path == MEMORY
        self.on_commit: list[Callable[[], None]] = []
        self._synchronous, self._threaded = synchronous, threaded
        self._on_begin, self._on_end = on_begin, on_end
        self._is_open, self._commits = True, 0
        self._syncing = Syncing(synchronous, path)
        self._pace, self._turns = DiskPace(), Turns(self._write_gathered)
        self._turn = threading.Lock()  # the writer's connection: one thread at a time
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._lock, self._writer = open_locked(path, synchronous, layout)
        self._thread = threading.Thread(target=self._serve, name=f"writer of {path}", daemon=True)
        if threaded:
            self._thread.start()

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

    async def write(
        self,
        work: Callable[[sqlite3.Connection], T],
        *,
        is_durable: bool = True,
        can_wait: bool = False,
    ) -> T:
        """Run `work` in a transaction; return its result once that is committed.

        What it raises undoes its own writes only, and is raised here.

        Args:
            work: gets the writer's connection.
            is_durable: False for what may be lost at a power cut because it is done again then,
                such as a lock: it waits for no disk, and is kept as soon as any later one is.
            can_wait: for a moment, so that it shares the commit of what comes next.

        Raises:
            Unavailable: it did not begin within BUSY_S, or the disk refused.
        """
        if self.is_alone:
            return self._write_alone(work)
        if not self._threaded:
            return cast(T, self._perform_here(Job(work)))
        return cast(T, await self._submit(work, is_durable=is_durable, can_wait=can_wait))

    async def checkpoint(self) -> None:
        """Move the log into the file and empty it, unless a reader holds it; nobody writes then.

        An erase is complete only after it: until then the log still holds the old pages.
        """
        if self._threaded:
            await self._submit(None)
        else:
            self._perform_here(Job(None))

    async def close(self) -> None:
        """Finish the writes that wait, empty the log and close every connection."""
        if not self._is_open:
            return
        self._turns.end_now()
        await self.checkpoint()
        self._is_open = False
        if self._threaded:
            self._queue.put(None)
            await asyncio.to_thread(self._thread.join)
        for connection in (*self._readers, self._writer):
            connection.close()
        self._lock.close()

    async def _submit(
        self, work: Work | None, *, is_durable: bool = True, can_wait: bool = False
    ) -> Any:
        if not self._is_open:
            raise Unavailable("the database is closed")
        if self._queue.qsize() >= QUEUED_MAX:
            raise Unavailable(f"{QUEUED_MAX} writes are waiting")
        loop = asyncio.get_running_loop()
        job = Job(work, loop.create_future(), is_durable=is_durable)
        if work is not None and self._pace.is_quick():
            self._turns.gather(loop, job, can_wait=can_wait)
        else:
            self._enqueue(job)
        try:
            return await cast("asyncio.Future[Any]", job.future)
        finally:
            if job.timer is not None:
                job.timer.cancel()

    def _enqueue(self, job: Job) -> None:
        """Leave a write to the writer's thread; on the event loop that awaits it."""
        if job.future is not None:
            job.timer = job.future.get_loop().call_later(BUSY_S, job.expire)
        self._queue.put(job)

    def _write_alone(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Write in memory, where there is neither a lock nor a log."""
        if not self._is_open:
            raise Unavailable("the database is closed")
        result = run_here(self._writer, work, self._on_begin, self._on_end)
        self._commits += 1
        for callback in self.on_commit:
            callback()
        return result

    def _perform_here(self, job: Job) -> Any:
        """Write in the caller, alone."""
        if not self._is_open:
            raise Unavailable("the database is closed")
        self._lock.acquire()
        try:
            self._perform([job])
        finally:
            self._lock.release()
        if job.error is not None:
            raise job.error
        self._announce()
        return job.result

    # The way to the writer's thread and back costs several times what a write does, and mostly more
    # than a quick disk takes to sync: what one turn of the event loop asks for is then written by
    # the loop itself, together, unless somebody else holds the lock.

    def _write_gathered(self, jobs: list[Job]) -> None:
        if len(jobs) > GROUP_MAX or not self._may_begin_here():
            for job in jobs:
                self._enqueue(job)
            return
        try:
            with self._pace.timed():
                self._perform(jobs)
        finally:
            self._lock.release()
            self._turn.release()
        self._resolve(jobs)

    def _may_begin_here(self) -> bool:
        if not self._queue.empty() or not self._turn.acquire(blocking=False):
            return False
        if not self._lock.acquire_at_once():
            self._turn.release()
            return False
        return True

    def _serve(self) -> None:
        while (first := self._queue.get()) is not None:
            with self._turn:
                self._lock.acquire()  # what arrives while we wait shares the commit
                try:
                    jobs, is_last = self._claim(first)
                    self._perform(jobs)
                finally:
                    self._lock.release()
            for loop, mine in by_loop(jobs).items():
                with suppress(RuntimeError):  # the loop was closed: nobody waits any more
                    loop.call_soon_threadsafe(self._resolve, mine)
            if is_last:
                return

    def _claim(self, first: Job) -> tuple[list[Job], bool]:
        jobs: list[Job] = []
        job: Job | None = first
        with suppress(Empty):
            while job is not None:
                if job.claim.acquire(blocking=False):
                    jobs.append(job)
                if len(jobs) == GROUP_MAX:
                    return jobs, False
                job = self._queue.get_nowait()
            return jobs, True
        return jobs, False

    def _perform(self, jobs: list[Job]) -> None:
        writes = [job for job in jobs if job.work is not None]
        if writes:
            self._commit_together(writes)
            self._commits += 1
        if len(writes) < len(jobs):
            empty_log(self._writer)
        elif self._commits % WAL_LOOK_EVERY == 0 and log_bytes(self.path) > WAL_BYTES_MAX:
            if self._threaded:
                self._queue.put(Job(None))  # moving the log waits for the disk; the loop must not
            else:
                empty_log(self._writer)

    def _commit_together(self, jobs: list[Job]) -> None:
        connection = self._writer
        run = run_alone if len(jobs) == 1 else run_beside_others
        try:
            if self._syncing.can_be_left_out:
                self._syncing.want(connection, is_durable=any(job.is_durable for job in jobs))
            connection.execute("BEGIN IMMEDIATE")
            if self._on_begin is not None:
                self._on_begin(connection)
            for job in jobs:
                run(connection, job)
            if self._on_end is not None:
                self._on_end(connection)
            connection.execute("COMMIT")
        except BaseException as error:  # noqa: BLE001 - handed to every caller that awaits a result
            with suppress(sqlite3.Error):  # the writer must live on to answer the others
                connection.execute("ROLLBACK")
            for job in jobs:  # an exception of its own for each: they gather tracebacks
                known = outside(error) if isinstance(error, sqlite3.Error) else error
                job.error = job.error or known

    def _resolve(self, jobs: list[Job]) -> None:
        for job in jobs:
            job.resolve()
        self._announce()

    def _announce(self) -> None:
        for callback in self.on_commit:
            callback()
