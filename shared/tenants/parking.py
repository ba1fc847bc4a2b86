"""Parked messages: what will never succeed as it is, kept 7 days for an operator (design 4)."""

import base64
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from pydantic import Field

from shared.kernel.bus import Message, Park, Property, Publisher
from shared.kernel.documents import (
    Container,
    Create,
    Delete,
    Document,
    Documents,
    Kind,
    Order,
    Page,
    Replace,
    Stored,
)
from shared.kernel.errors import Exists, GuardFailed, Missing, NotFound, Refused
from shared.kernel.ids import hash_id
from shared.kernel.model import Instant, Strict, Text

KEPT_S: Final = 7 * 86_400
ATTEMPTS_MAX: Final = 5
DETAIL_LENGTH_MAX: Final = 500
PARTITION: Final = "parked"
ORIGINAL: Final = "original-message-id"  # the embedded bus's replays set it too
ATTEMPT: Final = "attempt"
ONLY: Final = "only"  # the one subscription that a copy on a topic is for


class ParkedStatus(StrEnum):
    PARKED = "parked"
    REPLAYED = "replayed"


class ReplayInWork(Refused):
    code, status = "replay-in-work", 409

    def __init__(self) -> None:
        super().__init__("somebody else changed it just now; look again")


class ParkedMessage(Document):
    """One message of one reader; `body` is text, or base64 where it was not UTF-8."""

    parked_id: str
    entity: str
    subscription: str = ""
    message_id: str
    original_id: str
    session_id: str | None = None
    subject: str | None = None
    correlation_id: str | None = None
    properties: dict[str, str | int | bool | float] = Field(default_factory=dict)
    body: str
    is_base64: bool = False
    code: str
    detail: str
    parked_at: Instant
    times: int = Field(default=1, ge=1)
    replays: int = Field(default=0, ge=0)
    status: ParkedStatus = ParkedStatus.PARKED


PARKED: Final = Kind(Container.MASTER, "parked", ParkedMessage, ("parked_at", "code", "status"))


class ParkedView(Strict):
    """A parked message as it is listed: its body may hold personal data and stays behind."""

    parked_id: str
    entity: str
    subscription: str
    message_id: str
    original_id: str
    subject: str | None = None
    code: str
    detail: Text
    parked_at: Instant
    times: int
    replays: int
    status: ParkedStatus


@dataclass(frozen=True, slots=True)
class Lot:
    """What is parked: a message as one reader got it."""

    entity: str
    subscription: str
    original_id: str
    message: Message


def parked_id_of(lot: Lot) -> str:
    """Return the id: one a message and reader, however often it is parked."""
    return hash_id("p", lot.entity, lot.subscription, lot.original_id)


async def park(store: Documents, tenant_id: str, lot: Lot, why: Park, *, now: datetime) -> str:
    """Keep a message with its reason; parking it again counts and keeps the newest reason.

    Raises:
        Outside: it is not known to be kept.
    """
    fresh = _parked(lot, why, now)
    document_id = f"parked:{fresh.parked_id}"
    for _ in range(ATTEMPTS_MAX):
        found = await store.get(tenant_id, PARKED, PARTITION, document_id)
        operation: Create[ParkedMessage] | Replace[ParkedMessage]
        if found is None:
            operation = Create(PARKED, document_id, fresh, KEPT_S)
        else:
            counts = {"times": found.body.times + 1, "replays": found.body.replays}
            body = fresh.model_copy(update=counts)
            operation = Replace(PARKED, document_id, body, found.etag, KEPT_S)
        try:
            await store.batch(tenant_id, Container.MASTER, PARTITION, [operation])
        except (Exists, GuardFailed, Missing):
            continue
        return fresh.parked_id
    raise GuardFailed(document_id)


def _parked(lot: Lot, why: Park, now: datetime) -> ParkedMessage:
    try:
        body, is_base64 = lot.message.body.decode("utf-8"), False
    except UnicodeDecodeError:
        body, is_base64 = base64.b64encode(lot.message.body).decode("ascii"), True
    return ParkedMessage(
        parked_id=parked_id_of(lot),
        entity=lot.entity,
        subscription=lot.subscription,
        message_id=lot.message.message_id,
        original_id=lot.original_id,
        session_id=lot.message.session_id,
        subject=lot.message.subject,
        correlation_id=lot.message.correlation_id,
        properties=dict(lot.message.properties),
        body=body,
        is_base64=is_base64,
        code=why.code,
        detail=why.detail[:DETAIL_LENGTH_MAX],
        parked_at=now,
    )


async def list_parked(
    store: Documents, tenant_id: str, *, limit: int, cursor: str | None
) -> Page[ParkedMessage]:
    """Return what is parked, newest first."""
    order = Order("parked_at", descending=True)
    return await store.query(
        tenant_id, PARKED, key=PARTITION, order=order, limit=limit, cursor=cursor
    )


async def replay(
    store: Documents, publisher: Publisher, tenant_id: str, parked_id: str
) -> ParkedMessage:
    """Send a parked message again under `<original>#p<n>`; it stays listed as replayed.

    Sent first and written after: a crash between sends the same id again, which the broker drops
    and the inbox would.

    Raises:
        NotFound: there is none, or its 7 days are over.
        ReplayInWork: it was changed meanwhile.
    """
    found = await _load(store, tenant_id, parked_id)
    again = found.body.model_copy(
        update={"replays": found.body.replays + 1, "status": ParkedStatus.REPLAYED}
    )
    await publisher.send(again.entity, [replay_message(again)])
    try:
        operation = Replace(PARKED, found.id, again, found.etag, KEPT_S)
        await store.batch(tenant_id, Container.MASTER, PARTITION, [operation])
    except (GuardFailed, Missing) as error:
        raise ReplayInWork from error
    return again


async def discard(store: Documents, tenant_id: str, parked_id: str) -> None:
    """Forget a parked message.

    Raises:
        NotFound: there is none.
        ReplayInWork: it was changed meanwhile.
    """
    found = await _load(store, tenant_id, parked_id)
    try:
        operation = Delete(PARKED, found.id, found.etag)
        await store.batch(tenant_id, Container.MASTER, PARTITION, [operation])
    except (GuardFailed, Missing) as error:
        raise ReplayInWork from error


async def _load(store: Documents, tenant_id: str, parked_id: str) -> Stored[ParkedMessage]:
    found = await store.get(tenant_id, PARKED, PARTITION, f"parked:{parked_id}")
    if found is None:
        raise NotFound("parked message")
    return found


def replay_message(parked: ParkedMessage) -> Message:
    """Return the message of a replay; its attempts start anew (pure)."""
    properties: dict[str, Property] = {
        name: value for name, value in parked.properties.items() if name != ATTEMPT
    }
    properties[ORIGINAL] = parked.original_id
    mark = f"#p{parked.replays}"
    if parked.subscription:
        properties[ONLY] = parked.subscription
        mark += f"@{parked.subscription}"
    body = base64.b64decode(parked.body) if parked.is_base64 else parked.body.encode()
    return Message(
        message_id=parked.original_id + mark,
        body=body,
        session_id=parked.session_id,
        subject=parked.subject,
        correlation_id=parked.correlation_id,
        properties=properties,
    )


def view_of(parked: ParkedMessage) -> ParkedView:
    """Return what is listed of a parked message."""
    return ParkedView(**{name: getattr(parked, name) for name in ParkedView.model_fields})
