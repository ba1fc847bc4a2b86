"""How an embedded database file is opened, locked and judged, and what its errors mean."""

import fcntl
import os
import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from shared.kernel.errors import Corrupt, Unavailable

BUSY_S: Final = 5.0  # a write that has not begun by then is answered Unavailable
MEMORY: Final = ":memory:"

Synchronous: TypeAlias = Literal["FULL", "NORMAL"]


class UnreadableDatabase(Exception):
    """The file cannot be opened as this database; nothing in it was changed."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path, self.why = path, why


@dataclass(frozen=True, slots=True)
class Layout:
    """What a database file is: a mark in its header, a version, and its tables."""

    application_id: int
    version: int
    schema: str


class LockFile:
    """An advisory lock that several processes share; a dead holder's lock is free at once."""

    def __init__(self, path: str) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def acquire(self) -> None:
        fcntl.flock(self._fd, fcntl.LOCK_EX)

    def acquire_at_once(self) -> bool:
        """Take the lock if nobody holds it."""
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        fcntl.flock(self._fd, fcntl.LOCK_UN)

    def close(self) -> None:
        os.close(self._fd)


class NoLock:
    """For a database in memory, which no other process can see."""

    def acquire(self) -> None:
        """Nothing to wait for."""

    def acquire_at_once(self) -> bool:
        """Nobody else can hold it."""
        return True

    def release(self) -> None:
        """Nothing to give back."""

    def close(self) -> None:
        """Nothing is open."""


class Syncing:
    """Whether a connection syncs the log at each commit; one of FULL may leave it out at times.

    The log is synced whole: nothing is ever kept without what was committed before it.
    """

    def __init__(self, synchronous: Synchronous, path: str) -> None:
        self.can_be_left_out = synchronous == "FULL" and path != MEMORY
        self._is_on = self.can_be_left_out

    def want(self, connection: sqlite3.Connection, *, is_durable: bool) -> None:
        """Set a connection that is in no transaction."""
        if self.can_be_left_out and is_durable is not self._is_on:
            connection.execute(f"PRAGMA synchronous={'FULL' if is_durable else 'NORMAL'}")
            self._is_on = is_durable


def log_bytes(path: str) -> int:
    """Return the size of a database's log."""
    try:
        return Path(f"{path}-wal").stat().st_size
    except OSError:
        return 0


def empty_log(connection: sqlite3.Connection) -> None:
    """Move a database's log into its file, as far as no reader holds it."""
    # Readers of other processes may hold the log for as long as a page takes; the next
    # checkpoint does what this one leaves. The lock must not be held for BUSY_S meanwhile.
    connection.execute("PRAGMA busy_timeout=50")
    with suppress(sqlite3.Error):  # a damaged file shows itself to the next reader
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.execute(f"PRAGMA busy_timeout={BUSY_S * 1000:.0f}")


def outside(error: sqlite3.Error) -> Exception:
    """Return what the ports raise for an error of SQLite's; a fault of ours stays as it is."""
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_FULL:
            return Unavailable("the disk is full")
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return Unavailable(f"the database was busy for over {BUSY_S:.0f} s")
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return Corrupt(f"the database file is damaged: {error}")
        case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_READONLY:
            return Unavailable(f"the database file cannot be used: {error}")
        case _:
            return error


def connect(path: str, synchronous: Synchronous) -> sqlite3.Connection:
    """Open a connection that begins no transaction and checkpoints nothing by itself."""
    connection = sqlite3.connect(
        path,
        timeout=BUSY_S,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    try:
        _configure(connection, synchronous)
    except BaseException:
        connection.close()
        raise
    return connection


def _configure(connection: sqlite3.Connection, synchronous: Synchronous) -> None:
    for pragma in (
        f"synchronous={synchronous}",
        "wal_autocheckpoint=0",
        "secure_delete=ON",  # erased personal data must not linger in free pages
        "cache_size=-16000",
        "temp_store=MEMORY",
        "trusted_schema=OFF",
    ):
        connection.execute(f"PRAGMA {pragma}")


def open_locked(
    path: str, synchronous: Synchronous, layout: Layout
) -> tuple[LockFile | NoLock, sqlite3.Connection]:
    """Return the lock of a database, released, and a connection to it that may write.

    Raises:
        UnreadableDatabase: as `open_prepared` says, or its lock file cannot be made.
    """
    try:
        lock = NoLock() if path == MEMORY else LockFile(f"{path}.lock")
    except OSError as error:
        raise UnreadableDatabase(path, f"cannot be locked: {error.strerror}") from error
    lock.acquire()
    try:
        connection = open_prepared(path, synchronous, layout)
    except UnreadableDatabase:
        lock.close()  # which releases it, too
        raise
    lock.release()
    return lock, connection


def open_prepared(path: str, synchronous: Synchronous, layout: Layout) -> sqlite3.Connection:
    """Open a file for writing; an empty one gets its tables. The lock must be held.

    Raises:
        UnreadableDatabase: it is damaged, another program's or of a newer version.
    """
    try:
        connection = connect(path, synchronous)
        try:
            _prepare(connection, path, layout)
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise UnreadableDatabase(path, str(error)) from error
    return connection


def _prepare(connection: sqlite3.Connection, path: str, layout: Layout) -> None:
    found = _pragma(connection, "application_id"), _pragma(connection, "user_version")
    if found == (layout.application_id, layout.version):
        return
    if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() != (0,):
        why = "a newer version's" if found[0] == layout.application_id else "another program's"
        raise UnreadableDatabase(path, f"{why} database (mark {found[0]}, version {found[1]})")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("BEGIN IMMEDIATE")
    for statement in layout.schema.split(";"):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id={layout.application_id}")
    connection.execute(f"PRAGMA user_version={layout.version}")
    connection.execute("COMMIT")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    value: int = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return value
