"""Receiving: peek-locks, settlement, expiry and dead letters.

Every function runs inside the caller's write transaction.
"""

import sqlite3
from collections.abc import Sequence
from typing import Final, NamedTuple

from shared.adapters.embedded.bus_rows import (
    DEAD_LETTERS,
    DELIVERED,
    FOREVER,
    IN_SESSION,
    Row,
    lock_token,
    numbers,
    release_content,
    span,
    to_received,
)
from shared.adapters.embedded.bus_rules import (
    DETAIL_CHARS_MAX,
    EXHAUSTED,
    EXPIRED,
    EXPIRED_DETAIL,
    TIDIED_MAX,
    exhausted_detail,
    lost,
    session_lost,
)
from shared.adapters.embedded.bus_topology import Line
from shared.kernel.bus import Received

_MINE: Final = "path = ? AND seq = ? AND owner = ? AND count = ? AND locked_until > ?"

ENDED: Final = (
    "path = ? AND (owner IS NULL OR locked_until <= ?) AND (expires_at <= ? OR count >= ?)"
)


class Hold(NamedTuple):
    """Who asks, and when."""

    owner_id: str
    now: int


def receive(
    connection: sqlite3.Connection, line: Line, limit: int, session_id: str | None, by: Hold
) -> list[Received]:
    """Lock the next messages in order; clear away what expired or was delivered too often.

    Raises:
        LockLost: the session is not held.
    """
    until = by.now + span(line.lock)
    locked = FOREVER
    if session_id is None:
        locked = until
    else:
        until = held_until(connection, line, session_id, by)
    rows = next_free(connection, line, limit, session_id, by.now)
    connection.executemany(
        "UPDATE delivery SET owner = ?, locked_until = ?, count = count + 1"
        " WHERE path = ? AND seq = ?",
        [(by.owner_id, locked, line.path, row[0]) for row in rows],
    )
    return [to_received(row, row[2] + 1, until) for row in rows]


def next_free(
    connection: sqlite3.Connection, line: Line, limit: int, session_id: str | None, now: int
) -> list[Row]:
    """Return up to `limit` free and living rows, in order; bury the others on the way."""
    if session_id is None:
        free = "path = ? AND (owner IS NULL OR locked_until <= ?)"
        cursor = connection.execute(f"{DELIVERED} WHERE {free} ORDER BY seq", (line.path, now))
    else:
        free = "path = ? AND session = ? AND owner IS NULL"
        asked = (line.path, session_id)
        cursor = connection.execute(f"{IN_SESSION} WHERE {free} ORDER BY seq", asked)
    found: list[Row] = []
    ended: list[Row] = []
    for row in cursor:
        is_over = _is_expired(row, now) or row[2] >= line.deliveries_max
        (ended if is_over else found).append(row)
        if len(found) == limit or len(ended) == TIDIED_MAX:
            break
    cursor.close()  # before the rows it stands on are written
    for row in ended:
        _end(connection, line, row, now)
    return found


def _is_expired(row: Row, now: int) -> bool:
    return row[4] is not None and bool(row[4] <= now)


def _end(connection: sqlite3.Connection, line: Line, row: Row, now: int) -> None:
    """Take a message out that expired or was delivered too often."""
    if not _is_expired(row, now):
        _bury(connection, line, row[0], EXHAUSTED, exhausted_detail(row[2]))
    elif line.keeps_expired:
        _bury(connection, line, row[0], EXPIRED, EXPIRED_DETAIL)
    else:
        connection.execute("DELETE FROM delivery WHERE path = ? AND seq = ?", (line.path, row[0]))
        release_content(connection, row[1])


def _bury(
    connection: sqlite3.Connection, line: Line, number: int, reason: str, detail: str
) -> set[str]:
    dead = line.path + DEAD_LETTERS
    connection.execute(
        "INSERT INTO delivery(path, seq, content, count, enqueued_at, reason, detail)"
        " SELECT ?, ?, content, count, enqueued_at, ?, ? FROM delivery WHERE path = ? AND seq = ?",
        (
            dead,
            numbers(connection, 1),
            reason[:DETAIL_CHARS_MAX],
            detail[:DETAIL_CHARS_MAX],
            line.path,
            number,
        ),
    )
    connection.execute("DELETE FROM delivery WHERE path = ? AND seq = ?", (line.path, number))
    return {dead}


def tidy(connection: sqlite3.Connection, line: Line, now: int) -> set[str]:
    """Bury what ended although nobody receives: its dead letters are being looked at."""
    rows = connection.execute(
        f"{DELIVERED} WHERE {ENDED} ORDER BY seq LIMIT ?",
        (line.path, now, now, line.deliveries_max, TIDIED_MAX),
    ).fetchall()
    for row in rows:
        _end(connection, line, row, now)
    return {line.path + DEAD_LETTERS}


def complete(
    connection: sqlite3.Connection, line: Line, batch: Sequence[Received], by: Hold
) -> set[str]:
    """Settle messages, all or none.

    Raises:
        LockLost: one of them is not held any more.
    """
    for received in batch:
        mine = _mine(connection, line, received, by)
        done = connection.execute(
            f"DELETE FROM delivery WHERE {_MINE} RETURNING content",  # noqa: S608 - constants
            mine,
        ).fetchone()
        if done is None:
            raise lost(line, received)
        release_content(connection, done[0])
    return set()


def abandon(connection: sqlite3.Connection, line: Line, received: Received, by: Hold) -> set[str]:
    """Give a message back to its place; after its last delivery it is a dead letter.

    Returns the paths that now have more to receive, as `dead_letter` does.

    Raises:
        LockLost: it is not held any more.
    """
    mine = _mine(connection, line, received, by)
    freed = connection.execute(
        f"UPDATE delivery SET owner = NULL, locked_until = NULL WHERE {_MINE} RETURNING count",  # noqa: S608 - constants
        mine,
    ).fetchone()
    if freed is None:
        raise lost(line, received)
    if freed[0] >= line.deliveries_max:
        detail = exhausted_detail(freed[0])
        return _bury(connection, line, received.sequence_number, EXHAUSTED, detail)
    return {line.path}


def dead_letter(
    connection: sqlite3.Connection,
    line: Line,
    received: Received,
    reason: str,
    detail: str,
    by: Hold,
) -> set[str]:
    """Move a message to the dead-letter queue.

    Raises:
        LockLost: it is not held any more.
    """
    mine = _mine(connection, line, received, by)
    if connection.execute(f"SELECT 1 FROM delivery WHERE {_MINE}", mine).fetchone() is None:  # noqa: S608 - constants
        raise lost(line, received)
    return _bury(connection, line, received.sequence_number, reason, detail)


def renew(connection: sqlite3.Connection, line: Line, received: Received, by: Hold) -> int:
    """Lengthen the lock of a message, or of its session; return its new end.

    Raises:
        LockLost: it is not held any more.
    """
    mine = _mine(connection, line, received, by)
    until = by.now + span(line.lock)
    if line.requires_session:
        found = connection.execute(f"SELECT 1 FROM delivery WHERE {_MINE}", mine).fetchone()  # noqa: S608 - constants
        if found is None:
            raise lost(line, received)
        connection.execute(
            "UPDATE session SET locked_until = ? WHERE path = ? AND id = ?",
            (until, line.path, received.message.session_id),
        )
        return until
    held = connection.execute(
        f"UPDATE delivery SET locked_until = ? WHERE {_MINE}",  # noqa: S608 - constants
        (until, *mine),
    )
    if held.rowcount == 0:
        raise lost(line, received)
    return until


def _mine(
    connection: sqlite3.Connection, line: Line, received: Received, by: Hold
) -> tuple[str, int, str, int, int]:
    """Return the parameters of _MINE; a message of a session is held only while that is."""
    number, count = received.sequence_number, received.delivery_count
    if received.lock_token != lock_token(number, count):
        raise lost(line, received)
    if line.requires_session:
        held_until(connection, line, received.message.session_id or "", by)
    return line.path, number, by.owner_id, count, by.now


def held_until(connection: sqlite3.Connection, line: Line, session_id: str, by: Hold) -> int:
    """Return when the asker's hold of a session ends.

    Raises:
        LockLost: it has ended, or another holds the session.
    """
    held = connection.execute(
        "SELECT locked_until FROM session WHERE path = ? AND id = ? AND owner = ?"
        " AND locked_until > ?",
        (line.path, session_id, *by),
    ).fetchone()
    if held is None:
        raise session_lost(line, session_id)
    until: int = held[0]
    return until
