"""The bus's tables, and the way of a message into its row and back.

A message's content is stored once and counts its copies; each queue or subscription that it
reaches has a small delivery row, which alone is rewritten by locks. Instants are microseconds.
"""

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any, Final, TypeAlias

from shared.adapters.embedded.opening import Layout
from shared.adapters.embedded.rows import from_json, to_json
from shared.kernel.bus import MESSAGE_BYTES_MAX, Message, Property, Received

ID_CHARS_MAX: Final = 128  # of a message id and of a session id: the broker's limits
_SCALARS: Final = frozenset((str, int, bool, float))
FOREVER: Final = 2**62  # a message of a session is locked for as long as the session is
DEAD_LETTERS: Final = "/$deadletterqueue"

Row: TypeAlias = tuple[Any, ...]

LAYOUT: Final = Layout(
    application_id=0x4F4C_4255,  # "OLBU"
    version=1,
    schema="""
CREATE TABLE counter(value INTEGER NOT NULL);
INSERT INTO counter(value) VALUES (0);
CREATE TABLE owner(id TEXT PRIMARY KEY, pid INTEGER NOT NULL, started TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE content(
    id INTEGER PRIMARY KEY, copies INTEGER NOT NULL, message_id TEXT NOT NULL, session_id TEXT,
    subject TEXT, correlation_id TEXT, content_type TEXT NOT NULL, properties TEXT,
    scheduled_at INTEGER, ttl_s INTEGER, body BLOB NOT NULL);
CREATE TABLE delivery(
    path TEXT NOT NULL, seq INTEGER NOT NULL, content INTEGER NOT NULL, session TEXT,
    count INTEGER NOT NULL, enqueued_at INTEGER NOT NULL, expires_at INTEGER,
    owner TEXT, locked_until INTEGER, reason TEXT, detail TEXT,
    PRIMARY KEY(path, seq)) WITHOUT ROWID;
CREATE INDEX delivery_session ON delivery(path, session, seq) WHERE session IS NOT NULL;
CREATE TABLE session(
    path TEXT NOT NULL, id TEXT NOT NULL, rank INTEGER NOT NULL, owner TEXT, locked_until INTEGER,
    PRIMARY KEY(path, id)) WITHOUT ROWID;
CREATE INDEX session_rank ON session(path, rank);
CREATE TABLE scheduled(
    due INTEGER NOT NULL, content INTEGER NOT NULL, destination TEXT NOT NULL,
    known_as TEXT NOT NULL, PRIMARY KEY(due, content)) WITHOUT ROWID;
CREATE INDEX scheduled_name ON scheduled(destination, known_as);
CREATE TABLE seen(
    id INTEGER PRIMARY KEY, destination TEXT NOT NULL, message_id TEXT NOT NULL,
    until INTEGER NOT NULL);
CREATE UNIQUE INDEX seen_id ON seen(destination, message_id)
""",
)

CONTENT: Final = (
    "message_id, session_id, subject, correlation_id, content_type, properties, scheduled_at,"
    " ttl_s, body"
)
# A delivery (its first seven columns) with its content behind it.
_COLUMNS: Final = f"seq, content, count, enqueued_at, expires_at, reason, detail, {CONTENT}"
DELIVERED: Final = f"SELECT {_COLUMNS} FROM delivery JOIN content ON content.id = content"  # noqa: S608 - constants
# Without the hint the planner walks the whole path to find a session's few messages.
BY_SESSION: Final = "delivery INDEXED BY delivery_session"
IN_SESSION: Final = f"SELECT {_COLUMNS} FROM {BY_SESSION} JOIN content ON content.id = content"  # noqa: S608 - constants

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)


def micros(instant: datetime) -> int:
    return (instant - EPOCH) // MICROSECOND


def span(length: timedelta) -> int:
    return length // MICROSECOND


def instant(value: int) -> datetime:
    return EPOCH + timedelta(microseconds=value)


def numbers(connection: sqlite3.Connection, count: int) -> int:
    """Take `count` sequence numbers; return the first. They are never given out twice."""
    taken = connection.execute("UPDATE counter SET value = value + ? RETURNING value", (count,))
    last: int = taken.fetchone()[0]
    return last - count + 1


def to_row(message: Message) -> Row:
    """Return the columns of CONTENT.

    Raises:
        ValueError: an id, a property, the time to live or the size is beyond the broker's limits.
    """
    if not 0 < len(message.message_id) <= ID_CHARS_MAX:
        raise ValueError(f"a message id has 1 to {ID_CHARS_MAX} characters")
    if message.session_id is not None and not 0 < len(message.session_id) <= ID_CHARS_MAX:
        raise ValueError(f"a session id has 1 to {ID_CHARS_MAX} characters")
    if message.ttl_s is not None and message.ttl_s < 1:
        raise ValueError("a time to live is at least 1 s")
    properties = _encoded(message) if message.properties else None
    texts = (message.message_id, message.session_id, message.subject, message.correlation_id)
    size = len(message.body) + len("".join([text for text in (*texts, properties) if text]))
    if size > MESSAGE_BYTES_MAX:
        raise ValueError(f"{size} bytes; a message has at most {MESSAGE_BYTES_MAX}")
    due = None if message.scheduled_at is None else micros(message.scheduled_at)
    return (*texts, message.content_type, properties, due, message.ttl_s, message.body)


def _encoded(message: Message) -> str:
    for name, value in message.properties.items():
        if type(value) not in _SCALARS or (type(value) is float and not isfinite(value)):
            raise ValueError(f"property {name} is neither text, number nor boolean")
    return to_json(dict(message.properties)).decode()


def to_message(row: Sequence[Any]) -> Message:
    """Return the message of the columns of CONTENT."""
    message_id, session_id, subject, correlation_id, content_type, text, due, ttl_s, body = row
    properties: dict[str, Property] = from_json(text.encode()) if text else {}
    return Message(
        message_id=message_id,
        body=body,
        session_id=session_id,
        subject=subject,
        correlation_id=correlation_id,
        content_type=content_type,
        properties=properties,
        scheduled_at=None if due is None else instant(due),
        ttl_s=ttl_s,
    )


def lock_token(sequence_number: int, delivery_count: int) -> str:
    """Return the token of one delivery: 16 bytes in hex, as AMQP's delivery tags are.

    A delivery is counted whenever it is locked, so number and count name one lock.
    """
    return f"{sequence_number:016x}{delivery_count:016x}"


def to_received(row: Row, count: int, locked_until: int | None) -> Received:
    """Return what is handed out for a row of DELIVERED; `locked_until` None: it is peeked at."""
    is_locked = locked_until is not None
    return Received(
        message=to_message(row[7:]),
        sequence_number=row[0],
        delivery_count=count,
        enqueued_at=instant(row[3]),
        lock_token=lock_token(row[0], count) if is_locked else "",
        locked_until=None if locked_until is None else instant(locked_until),
        dead_letter_reason=row[5],
        dead_letter_detail=row[6],
    )


def release_content(connection: sqlite3.Connection, content: int) -> None:
    """Take back one copy; the last one takes the content with it."""
    gone = connection.execute("DELETE FROM content WHERE id = ? AND copies = 1", (content,))
    if gone.rowcount == 0:
        connection.execute("UPDATE content SET copies = copies - 1 WHERE id = ?", (content,))
