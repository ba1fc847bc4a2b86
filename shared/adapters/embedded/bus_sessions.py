"""Sessions: one holder at a time, for as long as the line's lock lasts or is renewed.

A session has a row while it is held or has messages; its rank says how long it has waited. Every
function runs inside the caller's write transaction.
"""

import sqlite3

from shared.adapters.embedded.bus_locking import Hold, next_free
from shared.adapters.embedded.bus_rows import BY_SESSION, numbers, span
from shared.adapters.embedded.bus_rules import SESSIONS_LOOKED_AT_MAX
from shared.adapters.embedded.bus_topology import Line


def accept_session(connection: sqlite3.Connection, line: Line, by: Hold) -> str | None:
    """Hold the free session that has waited longest and has a message that can be received."""
    free = connection.execute(
        "SELECT id FROM session WHERE path = ? AND (owner IS NULL OR locked_until <= ?)"
        " ORDER BY rank LIMIT ?",
        (line.path, by.now, SESSIONS_LOOKED_AT_MAX),
    ).fetchall()
    for (session_id,) in free:
        _free_messages(connection, line, session_id)
        if not next_free(connection, line, 1, session_id, by.now):
            _forget_if_empty(connection, line, session_id)
            continue
        connection.execute(
            "UPDATE session SET owner = ?, locked_until = ? WHERE path = ? AND id = ?",
            (by.owner_id, by.now + span(line.lock), line.path, session_id),
        )
        return str(session_id)
    return None


def release_session(connection: sqlite3.Connection, line: Line, session_id: str, by: Hold) -> bool:
    """Give a session back, behind those that wait; False when it was not held any more."""
    held = connection.execute(
        "UPDATE session SET owner = NULL, locked_until = NULL, rank = ?"
        " WHERE path = ? AND id = ? AND owner = ?",
        (numbers(connection, 1), line.path, session_id, by.owner_id),
    )
    if held.rowcount == 0:
        return False
    _free_messages(connection, line, session_id)
    _forget_if_empty(connection, line, session_id)
    return True


def _free_messages(connection: sqlite3.Connection, line: Line, session_id: str) -> None:
    connection.execute(
        f"UPDATE {BY_SESSION} SET owner = NULL, locked_until = NULL"  # noqa: S608 - constants
        " WHERE path = ? AND session = ? AND owner IS NOT NULL",
        (line.path, session_id),
    )


def _forget_if_empty(connection: sqlite3.Connection, line: Line, session_id: str) -> None:
    connection.execute(
        "DELETE FROM session WHERE path = ?1 AND id = ?2 AND NOT EXISTS"  # noqa: S608 - constants
        f"(SELECT 1 FROM {BY_SESSION} WHERE path = ?1 AND session = ?2)",
        (line.path, session_id),
    )
