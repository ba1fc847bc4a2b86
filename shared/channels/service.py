"""Webhooks received once, connections kept: verify, read, remember. No rule stands here."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import TypeAdapter, ValidationError

from shared.channels.model import (
    CONFIG,
    CONNECTIONS,
    INBOX,
    INBOX_TTL_S,
    BadSignature,
    Channel,
    Connection,
    Envelope,
    HeaderMissing,
    InboxStatus,
    Intent,
    Refunded,
    Snapshot,
)
from shared.channels.registry import channel
from shared.kernel.conditions import Condition
from shared.kernel.documents import Container, Create, Delete, Documents, Page, Replace, Stored
from shared.kernel.errors import Exists, GuardFailed, NotFound, Unavailable
from shared.kernel.ids import hash_id, order_id
from shared.kernel.model import Instant
from shared.kernel.revise import revised

ATTEMPTS_MAX: Final = 5
WAITING_MAX: Final = 50  # updates that came before their order
_INSTANT: Final[TypeAdapter[datetime]] = TypeAdapter(Instant)


@dataclass(frozen=True, slots=True)
class Received:
    """A webhook that is really the channel's; `key` is the partition that its inbox row is in."""

    envelope: Envelope
    intent: Intent
    key: str


async def get_connection(store: Documents, tenant_id: str, connection_id: str) -> Connection:
    """Return a connection.

    Raises:
        NotFound: there is none of that id.
    """
    return (await _stored(store, tenant_id, connection_id)).body


async def _stored(store: Documents, tenant_id: str, connection_id: str) -> Stored[Connection]:
    stored = await store.get(tenant_id, CONNECTIONS, CONFIG, f"connection:{connection_id}")
    if stored is None:
        raise NotFound("connection")
    return stored


async def list_connections(
    store: Documents, tenant_id: str, *, limit: int = 100, cursor: str | None = None
) -> Page[Connection]:
    return await store.query(tenant_id, CONNECTIONS, key=CONFIG, limit=limit, cursor=cursor)


async def save_connection(store: Documents, tenant_id: str, wanted: Connection) -> Connection:
    """Create or replace a connection; the last writer wins over settings read before."""
    name = f"connection:{wanted.connection_id}"
    for _ in range(ATTEMPTS_MAX):
        stored = await store.get(tenant_id, CONNECTIONS, CONFIG, name)
        write = (
            Create(CONNECTIONS, name, wanted)
            if stored is None
            else Replace(CONNECTIONS, name, wanted, stored.etag)
        )
        try:
            await store.batch(tenant_id, Container.MASTER, CONFIG, (write,))
        except (Exists, GuardFailed):
            continue
        return wanted
    raise Unavailable(f"connection {wanted.connection_id} is being changed by others")


async def mark_token(
    store: Documents, tenant_id: str, connection_id: str, *, has_token: bool
) -> None:
    """Note whether a connection has a token; what else is changed meanwhile stands.

    Raises:
        NotFound: there is none of that id (any more).
    """

    def decided(known: Connection) -> Connection | None:
        is_so = known.has_token is has_token
        return None if is_so else known.model_copy(update={"has_token": has_token})

    await revised(
        *(store, tenant_id, CONNECTIONS.container),
        lambda: _stored(store, tenant_id, connection_id),
        decided,
        lambda stored, after: (Replace(CONNECTIONS, stored.id, after, stored.etag),),
    )


def receive(
    tenant_id: str,
    connection: Connection,
    raw: bytes,
    headers: Mapping[str, str],
    secrets: Sequence[bytes],
    now: datetime,
) -> Received:
    """Verify a webhook over its raw bytes and read it; header names in any case.

    Raises:
        UnknownChannel, BadSignature, HeaderMissing: it is not the channel's.
        Unreadable, Invalid: it is, and cannot be understood.
    """
    row = channel(connection.channel)
    lower = {name.lower(): value for name, value in headers.items()}
    if not secrets or not row.verify(raw, lower, secrets):
        raise BadSignature
    topic = lower.get(row.topic_header)
    if not topic:
        raise HeaderMissing(row.topic_header)
    intent = row.read(topic, raw, connection)
    envelope = Envelope(
        connection=connection.connection_id,
        channel=row.name,
        topic=topic,
        dedupe_key=_dedupe_key(row, lower, raw, topic),
        reference=reference_of(intent),
        occurred_at=_occurred(row, lower, now),
        received_at=now,
        sha256=hashlib.sha256(raw).hexdigest(),
        status=InboxStatus.DONE,
    )
    return Received(envelope, intent, _key(tenant_id, envelope))


def _dedupe_key(row: Channel, headers: Mapping[str, str], raw: bytes, topic: str) -> str:
    """Return what names the event; a channel that names none is known by topic and content."""
    for name in row.dedupe_headers:
        if headers.get(name):
            return headers[name][:200]
    return f"{topic}:{hashlib.sha256(raw).hexdigest()}"


def _occurred(row: Channel, headers: Mapping[str, str], now: datetime) -> datetime:
    try:
        return _INSTANT.validate_strings(headers.get(row.occurred_header or "", ""))
    except ValidationError:
        return now


def reference_of(intent: Intent) -> str | None:
    """Return the channel's own name of the order that an intent is about."""
    match intent:
        case Snapshot(order=order):
            return order.reference
        case Refunded(reference=reference):
            return reference
        case _:
            return None


def _key(tenant_id: str, envelope: Envelope) -> str:
    if envelope.reference is None:
        return f"inbox:{envelope.connection}"
    return order_id(tenant_id, envelope.connection, envelope.reference)


def inbox_id(envelope: Envelope) -> str:
    """Return the id of the inbox row; keys are hashed, as foreign ones may hold any character."""
    return f"inbox:{envelope.connection}:{hash_id('k', envelope.dedupe_key)}"


def remember(received: Received) -> Create[Envelope]:
    """Return the create that makes a webhook happen once: put it in the batch of its effect."""
    envelope = received.envelope
    return Create(INBOX, inbox_id(envelope), envelope, INBOX_TTL_S)


async def is_known(store: Documents, tenant_id: str, received: Received) -> bool:
    """Tell whether this event was received, and done, before."""
    stored = await store.get(tenant_id, INBOX, received.key, inbox_id(received.envelope))
    return stored is not None


async def acknowledge(store: Documents, tenant_id: str, received: Received) -> bool:
    """Remember a webhook that changes nothing by itself; False when it was known."""
    try:
        await store.batch(tenant_id, Container.ORDERS, received.key, (remember(received),))
    except Exists:
        return False
    return True


async def keep_waiting(store: Documents, tenant_id: str, received: Received, raw: bytes) -> bool:
    """Keep an update whose order has not come yet; False when it is kept already."""
    changes = {"status": InboxStatus.WAITING, "payload": raw.decode("utf-8")}
    envelope = received.envelope.model_copy(update=changes)
    create = Create(INBOX, inbox_id(envelope), envelope, INBOX_TTL_S)
    try:
        await store.batch(tenant_id, Container.ORDERS, received.key, (create,))
    except Exists:
        return False
    return True


async def waiting(store: Documents, tenant_id: str, order_key: str) -> tuple[Stored[Envelope], ...]:
    """Return the updates that wait for an order, by the time at which they happened."""
    page = await store.query(
        tenant_id,
        INBOX,
        key=order_key,
        where=(Condition("status", "eq", InboxStatus.WAITING.value),),
        limit=WAITING_MAX,
    )
    return tuple(sorted(page.items, key=lambda row: (row.body.occurred_at, row.id)))


def read_again(envelope: Envelope, connection: Connection) -> Intent:
    """Read a waiting update, which was verified when it came."""
    raw = (envelope.payload or "").encode("utf-8")
    return channel(envelope.channel).read(envelope.topic, raw, connection)


def finish_waiting(stored: Stored[Envelope]) -> Replace[Envelope]:
    """Return the write that ends a wait and forgets the body."""
    done = stored.body.model_copy(update={"status": InboxStatus.DONE, "payload": None})
    return Replace(INBOX, stored.id, done, stored.etag, INBOX_TTL_S)


async def forget_connection(store: Documents, tenant_id: str, connection_id: str) -> bool:
    """Delete a connection; False when there was none."""
    name = f"connection:{connection_id}"
    stored = await store.get(tenant_id, CONNECTIONS, CONFIG, name)
    if stored is None:
        return False
    delete = Delete(CONNECTIONS, name, stored.etag)
    await store.batch(tenant_id, Container.MASTER, CONFIG, (delete,))
    return True
