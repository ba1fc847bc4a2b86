"""Sending: duplicate detection, fan-out over subscriptions, schedules and replays.

Every function runs inside the caller's write transaction and returns the paths that now have more
to receive.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final

from shared.adapters.embedded.bus_rows import (
    CONTENT,
    DEAD_LETTERS,
    DELIVERED,
    numbers,
    release_content,
    span,
    to_message,
)
from shared.adapters.embedded.bus_rules import (
    ACTIVATED_MAX,
    FORGET_EVERY,
    Outgoing,
    matching,
    replayed,
    session_mark,
)
from shared.adapters.embedded.bus_topology import Destination, Line, Topology
from shared.kernel.bus import Message

_INSERT_CONTENT: Final = (
    f"INSERT INTO content(id, copies, {CONTENT}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - constants
)
_INSERT_DELIVERY: Final = (
    "INSERT INTO delivery(path, seq, content, session, count, enqueued_at, expires_at)"
    " VALUES (?, ?, ?, ?, 0, ?, ?)"
)
_INSERT_SESSION: Final = (
    "INSERT INTO session(path, id, rank) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
)


def send(
    connection: sqlite3.Connection, destination: Destination, batch: Sequence[Outgoing], now: int
) -> set[str]:
    """Deliver or schedule a batch, without the message ids that are already known."""
    fresh = batch
    if destination.duplicate_window is not None:
        until = now + span(destination.duplicate_window)
        fresh = [
            each for each in batch if _is_new(connection, destination, each.message, now, until)
        ]
    if not fresh:
        return set()
    number = numbers(connection, len(fresh))
    if destination.duplicate_window is not None and number % FORGET_EVERY < len(fresh):
        _forget(connection, now, 2 * max(FORGET_EVERY, len(fresh)))
    hidden = [_is_hidden(each, now) for each in fresh]
    visible = [each for each, is_hidden in zip(fresh, hidden, strict=True) if not is_hidden]
    later = [each for each, is_hidden in zip(fresh, hidden, strict=True) if is_hidden]
    _schedule(connection, destination, later, number)
    wanted = [each for each in visible if each.lines]
    first = number + len(later)
    copies = [(first + i, len(each.lines), *each.row) for i, each in enumerate(wanted)]
    connection.executemany(_INSERT_CONTENT, copies)
    places = [(first + i, each, first + i) for i, each in enumerate(wanted)]
    return _deliver(connection, destination, places, now)


def _is_hidden(each: Outgoing, now: int) -> bool:
    due: int | None = each.row[6]
    return due is not None and due > now


def _is_new(
    connection: sqlite3.Connection, destination: Destination, message: Message, now: int, until: int
) -> bool:
    found = connection.execute(
        "INSERT INTO seen(destination, message_id, until) VALUES (?, ?, ?)"
        " ON CONFLICT DO UPDATE SET until = excluded.until, id = (SELECT max(id) + 1 FROM seen)"
        " WHERE until <= ?",
        (destination.name, message.message_id, until, now),
    )
    return found.rowcount == 1


def _forget(connection: sqlite3.Connection, now: int, limit: int) -> None:
    """Drop old message ids, twice as many as come in: the table ends where its window does."""
    connection.execute(
        "DELETE FROM seen WHERE until <= ? AND id IN (SELECT id FROM seen ORDER BY id LIMIT ?)",
        (now, limit),
    )


def _schedule(
    connection: sqlite3.Connection, destination: Destination, later: Sequence[Outgoing], first: int
) -> None:
    for content, each in enumerate(later, first):
        connection.execute(_INSERT_CONTENT, (content, 1, *each.row))
        connection.execute(
            "INSERT INTO scheduled(due, content, destination, known_as) VALUES (?, ?, ?, ?)",
            (each.row[6], content, destination.name, each.message.message_id),
        )


def _deliver(
    connection: sqlite3.Connection,
    destination: Destination,
    places: Iterable[tuple[int, Outgoing, int]],
    enqueued_at: int,
) -> set[str]:
    """Write the delivery rows of (sequence number, message, content)."""
    deliveries, sessions, touched = [], [], set()
    for number, each, content in places:
        session_id = each.message.session_id
        for line in each.lines:
            ends = _expiry(destination, line, each.message, enqueued_at)
            session = session_id if line.requires_session else None
            deliveries.append((line.path, number, content, session, enqueued_at, ends))
            if session is not None:
                sessions.append((line.path, session, number))
                touched.add(session_mark(line.path, session))
            touched.add(line.path)
    connection.executemany(_INSERT_DELIVERY, deliveries)
    if sessions:
        connection.executemany(_INSERT_SESSION, sessions)
    return touched


def _expiry(destination: Destination, line: Line, message: Message, enqueued_at: int) -> int | None:
    """Return when a message ends; the entity's own time to live is the longest there is."""
    limits = [span(ttl) for ttl in (destination.ttl, line.ttl) if ttl is not None]
    if message.ttl_s is not None:
        limits.append(message.ttl_s * 1_000_000)
    return enqueued_at + min(limits) if limits else None


def activate(connection: sqlite3.Connection, topology: Topology, now: int) -> set[str]:
    """Make the scheduled messages visible whose time has come, under new sequence numbers."""
    due = connection.execute(
        f"SELECT due, content, destination, {CONTENT} FROM scheduled"  # noqa: S608 - constants
        " JOIN content ON content.id = content WHERE due <= ? ORDER BY due, content LIMIT ?",
        (now, ACTIVATED_MAX),
    ).fetchall()
    touched: set[str] = set()
    for instant, content, name, *row in due:
        connection.execute(
            "DELETE FROM scheduled WHERE due = ? AND content = ?", (instant, content)
        )
        destination = topology.destinations.get(name)
        message = to_message(row)
        lines = () if destination is None else matching(destination, message)
        connection.execute("UPDATE content SET copies = ? WHERE id = ?", (len(lines) or 1, content))
        if destination is None or not lines:
            release_content(connection, content)  # nobody wants it any more
            continue
        place = (numbers(connection, 1), Outgoing(message, tuple(row), lines), content)
        touched |= _deliver(connection, destination, [place], instant)
    return touched


def cancel(connection: sqlite3.Connection, name: str, message_id: str, now: int) -> bool:
    """Take back a scheduled message whose time has not come."""
    taken = connection.execute(
        "DELETE FROM scheduled WHERE destination = ? AND known_as = ? AND due > ?"
        " RETURNING content",
        (name, message_id, now),
    ).fetchall()
    for (content,) in taken:
        release_content(connection, content)
    return bool(taken)


def replay(
    connection: sqlite3.Connection,
    destination: Destination,
    line: Line,
    sequence_numbers: Iterable[int],
    now: int,
) -> int:
    """Send dead letters of a line to that line again, each under an id that was never used."""
    dead, sent = line.path + DEAD_LETTERS, 0
    for number in sequence_numbers:
        row = connection.execute(
            f"{DELIVERED} WHERE path = ? AND seq = ? AND (owner IS NULL OR locked_until <= ?)",
            (dead, number, now),
        ).fetchone()
        if row is None:
            continue
        again = _again(connection, destination, to_message(row[7:]), now)
        fresh = numbers(connection, 1)
        connection.execute(_INSERT_CONTENT, (fresh, 1, *again.row))
        _deliver(connection, destination, [(fresh, again._replace(lines=(line,)), fresh)], now)
        connection.execute("DELETE FROM delivery WHERE path = ? AND seq = ?", (dead, number))
        release_content(connection, row[1])
        sent += 1
    return sent


def _again(
    connection: sqlite3.Connection, destination: Destination, message: Message, now: int
) -> Outgoing:
    if destination.duplicate_window is None:
        return replayed(message, lambda _copy: True)
    until = now + span(destination.duplicate_window)
    return replayed(message, lambda copy: _is_new(connection, destination, copy, now, until))
