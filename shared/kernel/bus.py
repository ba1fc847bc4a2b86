"""The bus port: queues, topics and sessions with the semantics of Service Bus (design 4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol, TypeAlias

from shared.kernel.errors import Outside

MESSAGE_BYTES_MAX: Final = 256_000
BATCH_MESSAGES_MAX: Final = 1_000

Property: TypeAlias = str | int | bool | float


class Entity(StrEnum):
    """What the code sends to or listens on; the topology file says how each behaves."""

    ORDERS_IN = "orders-in"
    INVENTORY_IN = "inventory-in"
    FULFILLMENT_IN = "fulfillment-in"
    RETURNS_IN = "returns-in"
    EVENTS = "events"


class Message(NamedTuple):
    """What is sent. `scheduled_at` hides it until then; `ttl_s` counts from the sending."""

    message_id: str
    body: bytes
    session_id: str | None = None
    subject: str | None = None
    correlation_id: str | None = None
    content_type: str = "application/cloudevents+json"
    properties: Mapping[str, Property] = MappingProxyType({})
    scheduled_at: datetime | None = None
    ttl_s: int | None = None


class Received(NamedTuple):
    """What is received under a lock, or peeked at (then `lock_token` is empty).

    `delivery_count` is 1 on the first delivery everywhere.
    """

    message: Message
    sequence_number: int
    delivery_count: int
    enqueued_at: datetime
    lock_token: str = ""
    locked_until: datetime | None = None
    dead_letter_reason: str | None = None
    dead_letter_detail: str | None = None


class LockLost(Outside):
    """The lock ran out or belongs to another; the message will come, or has come, again."""

    code = "lock-lost"


class Publisher(Protocol):
    async def send(self, entity: str, messages: Sequence[Message]) -> None:
        """Send to a queue or topic, all or nothing; a known message id is dropped silently.

        Raises:
            Unavailable: not known to be sent; send again with the same ids.
            ValueError: no such entity, a missing session id, or too large.
        """
        ...


class Receiver(Protocol):
    """Locks on one queue (`orders-in`) or subscription (`events/routing`), dead letters included.

    The path of a dead-letter queue is the entity's with `/$deadletterqueue` behind it.
    """

    async def receive(
        self, path: str, limit: int, *, session_id: str | None = None
    ) -> Sequence[Received]:
        """Lock up to `limit` messages; empty when there are none. A session must be held."""
        ...

    async def accept_session(self, path: str) -> str | None:
        """Hold the next free session that has messages; None when there is none."""
        ...

    async def release_session(self, path: str, session_id: str) -> None: ...

    async def complete(self, path: str, received: Received) -> None: ...

    async def abandon(self, path: str, received: Received) -> None: ...

    async def dead_letter(
        self, path: str, received: Received, reason: str, detail: str
    ) -> None: ...

    async def renew(self, path: str, received: Received) -> datetime: ...

    async def peek(self, path: str, limit: int, *, after: int = 0) -> Sequence[Received]:
        """Look without locking, from the sequence number behind `after` on."""
        ...

    async def replay(self, path: str, sequence_numbers: Sequence[int]) -> int:
        """Send dead letters again under new ids (`<id>#p<n>`); returns how many."""
        ...

    async def cancel_scheduled(self, path: str, message_id: str) -> bool:
        """Take back a scheduled message; False when it has already become visible."""
        ...


class Bus(Publisher, Receiver, Protocol):
    """Both sides."""


@dataclass(frozen=True, slots=True)
class Complete:
    """The message is done."""


@dataclass(frozen=True, slots=True)
class RetryCopy:
    """Done with this copy; a scheduled one with a new id follows (design 4)."""

    reason: str


@dataclass(frozen=True, slots=True)
class Park:
    """Never to succeed as it is: kept with its reason until an operator replays it."""

    code: str
    detail: str


Settlement: TypeAlias = Complete | RetryCopy | Park
