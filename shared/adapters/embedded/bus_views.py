"""Looking without any lock: what is there, what is due, is there something to receive."""

import sqlite3
from typing import Final

from shared.adapters.embedded.bus_rows import BY_SESSION, DELIVERED, FOREVER, Row

MESSAGE_FREE: Final = (
    "EXISTS(SELECT 1 FROM delivery WHERE path = ? AND (owner IS NULL OR locked_until <= ?))"
)
SESSION_FREE: Final = (
    "EXISTS(SELECT 1 FROM session WHERE path = ? AND (owner IS NULL OR locked_until <= ?))"
)
NEXT_IN_SESSION: Final = (
    f"EXISTS(SELECT 1 FROM {BY_SESSION} WHERE path = ? AND session = ? AND owner IS NULL)"  # noqa: S608 - constants
)
NOTHING_BUT_DUE: Final = "FALSE"
DUE_OR: Final = "SELECT EXISTS(SELECT 1 FROM scheduled WHERE due <= ?) OR "


def visible(
    connection: sqlite3.Connection, path: str, after: int, now: int, limit: int
) -> list[Row]:
    """Return what stands on a line behind a sequence number, locked or not, unless it expired."""
    return connection.execute(
        f"{DELIVERED} WHERE path = ? AND seq > ?"
        " AND (expires_at IS NULL OR expires_at > ? OR locked_until > ?) ORDER BY seq LIMIT ?",
        (path, after, now, now, limit),
    ).fetchall()


def next_due(connection: sqlite3.Connection) -> int | None:
    """Return when the next scheduled message becomes visible or the next lock runs out."""
    found: int | None = connection.execute(
        "SELECT min(due) FROM (SELECT min(due) AS due FROM scheduled"
        " UNION ALL SELECT min(locked_until) FROM session"
        " UNION ALL SELECT min(locked_until) FROM delivery WHERE locked_until < ?)",
        (FOREVER,),
    ).fetchone()[0]
    return found


def backlog(connection: sqlite3.Connection) -> dict[str, int]:
    """Return how many messages each path holds; scheduled ones under `<entity>/$scheduled`."""
    rows = connection.execute(
        "SELECT path, count(*) FROM delivery GROUP BY path UNION ALL"
        " SELECT destination || '/$scheduled', count(*) FROM scheduled GROUP BY destination"
    )
    return dict(rows.fetchall())
