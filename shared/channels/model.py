"""Channels and their connections: what a webhook is verified with, and what it comes to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeAlias

from pydantic import Field

from shared.contracts.intake import Address, Contact, PlaceOrder
from shared.kernel.documents import Container, Document, Kind
from shared.kernel.errors import Refused, Unauthenticated
from shared.kernel.model import Identifier, Instant, ShortText, Text
from shared.kernel.money import Money

CONFIG: Final = "config"
SECRETS_MAX: Final = 2  # the current one and, while it is rotated, the one before
INBOX_TTL_S: Final = 7 * 24 * 3600


class BadSignature(Unauthenticated):
    """The body was not signed with a secret of this connection."""

    code = "bad-signature"

    def __init__(self) -> None:
        super().__init__("the signature does not fit the body")


class UnknownChannel(Refused):
    code, status = "unknown-channel", 404

    def __init__(self, channel: str) -> None:
        super().__init__(f"there is no channel {channel[:40]} that sends webhooks")


class HeaderMissing(Refused):
    code, status = "header-missing", 400

    def __init__(self, name: str) -> None:
        super().__init__(f"the header {name} is missing")
        self.name = name


class Connection(Document):
    """One configured account of a channel. Secrets are named here and kept elsewhere."""

    connection_id: Identifier
    channel: Identifier
    is_active: bool = True
    domain: Text | None = None
    secrets: tuple[ShortText, ...] = Field(default=(), max_length=SECRETS_MAX)
    locations: dict[str, Identifier] = {}  # the channel's location id: ours
    pickup_codes: dict[str, Identifier] = {}  # a delivery option's code: our pickup store
    services: dict[str, Identifier] = {}  # a delivery option's code: the service asked for
    default_location: Identifier | None = None  # receives returns that name none
    has_token: bool = False  # of the channel's API, for write-back; the vault has it
    created_at: Instant


CONNECTIONS: Final = Kind(Container.MASTER, "connection", Connection, ("channel",))


class InboxStatus(StrEnum):
    DONE = "done"
    WAITING = "waiting"  # an update whose order has not come yet


class Envelope(Document):
    """A webhook that was received, under its dedupe key; its body only while it must wait."""

    connection: Identifier
    channel: Identifier
    topic: Text
    dedupe_key: Text
    reference: Text | None = None
    occurred_at: Instant
    received_at: Instant
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    status: InboxStatus
    payload: str | None = None


INBOX: Final = Kind(Container.ORDERS, "inbox", Envelope, ("status", "received_at"))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An order as the channel shows it now; `is_create` False: it tells of a change."""

    order: PlaceOrder
    is_create: bool


@dataclass(frozen=True, slots=True)
class CancelUnits:
    channel_line: str
    quantity: int


@dataclass(frozen=True, slots=True)
class CancelOrder:
    reason: str


@dataclass(frozen=True, slots=True)
class ReceiveUnits:
    """Goods that came back; `location_id` is ours, None where the channel's is not mapped."""

    channel_line: str
    quantity: int
    location_id: str | None


@dataclass(frozen=True, slots=True)
class RefundMoney:
    """What the channel paid back itself."""

    amount: Money


@dataclass(frozen=True, slots=True)
class EditOrder:
    """Fields that are another now; None: as it was."""

    ship_to: Address | None = None
    bill_to: Address | None = None
    customer: Contact | None = None


@dataclass(frozen=True, slots=True)
class MarkPaid:
    """The payment has come: its hold is released."""


@dataclass(frozen=True, slots=True)
class AwaitPayment:
    """The payment is not (or no longer) there: the order is held for it."""


ChannelCommand: TypeAlias = (
    CancelUnits | CancelOrder | ReceiveUnits | RefundMoney | EditOrder | MarkPaid | AwaitPayment
)


@dataclass(frozen=True, slots=True)
class Refunded:
    """A refund of the channel as commands on the order; `refund_id` makes each happen once."""

    reference: str
    refund_id: str
    at: datetime
    commands: tuple[ChannelCommand, ...]


class Privacy(StrEnum):
    """What a channel must ask of whoever holds its customers' data."""

    ERASE = "erase"  # a customer
    TELL = "tell"  # a customer wants to know what is held of them
    ERASE_SHOP = "erase-shop"  # all that came from a shop that left


@dataclass(frozen=True, slots=True)
class Notice:
    """Nothing of an order: privacy requests, an app that was removed."""

    topic: str
    privacy: Privacy | None = None
    email: str | None = None
    phone: str | None = None
    references: tuple[str, ...] = ()


Intent: TypeAlias = Snapshot | Refunded | Notice


@dataclass(frozen=True, slots=True)
class KnownLine:
    """A line as we have it: units by what became of them."""

    line_id: str
    ordered: int
    cancelled: int = 0  # or asked to be
    out: int = 0  # shipped, handed over, delivered, lost, returned


@dataclass(frozen=True, slots=True)
class KnownOrder:
    """An order as we have it, for the difference to a newer version; lines by the channel's id."""

    source_version: datetime | None
    lines: Mapping[str, KnownLine]
    ship_to: Address | None = None
    bill_to: Address | None = None
    customer: Contact | None = None
    awaits_payment: bool = False
    is_cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """What a newer version asks for; `unapplied` are changes that no command can make."""

    commands: tuple[ChannelCommand, ...] = ()
    unapplied: tuple[str, ...] = ()


Verify: TypeAlias = Callable[[bytes, Mapping[str, str], Sequence[bytes]], bool]
Read: TypeAlias = Callable[[str, bytes, Connection], Intent]


@dataclass(frozen=True, slots=True)
class Channel:
    """One row of the registry. Header names in lower case.

    `dedupe_headers`: the first that is there names the event, the same at every delivery.
    """

    name: str
    verify: Verify
    read: Read
    topic_header: str
    dedupe_headers: tuple[str, ...]
    occurred_header: str | None = None
    topics: frozenset[str] = field(default_factory=frozenset)
