"""What an order is: lines, and parts of lines, each with its own state (semantics 6)."""

from enum import StrEnum
from typing import Final

from pydantic import Field

from shared.contracts.intake import LINES_MAX, Address, Contact, ItemKind, Method
from shared.kernel.documents import Container, Document, Kind
from shared.kernel.model import (
    Currency,
    Identifier,
    Instant,
    Natural,
    ShortText,
    Strict,
    Text,
    Units,
)
from shared.orders.life import (
    ENDED,
    PART_LIFE,
    RESERVED,
    WAITING,
    WITH_CUSTOMER,
    PartState,
)
from shared.orders.work import (
    DECISIONS,
    EXCEPTIONS,
    Decision,
    ExceptionDocument,
    ExceptionStatus,
    Pick,
    Short,
)

# What others import from here stands here, wherever it is written.
__all__ = [
    "DECISIONS",
    "ENDED",
    "EXCEPTIONS",
    "HOLDS_MAX",
    "LINES_MAX",
    "NOTES_MAX",
    "ORDERS",
    "PARTS_MAX",
    "PART_LIFE",
    "RESERVED",
    "TAKES_KEPT",
    "TAKES_MAX",
    "WAITING",
    "WITH_CUSTOMER",
    "Address",
    "Bundle",
    "Contact",
    "Decision",
    "ExceptionDocument",
    "ExceptionStatus",
    "Hold",
    "ItemKind",
    "Line",
    "Method",
    "Note",
    "Order",
    "OrderStatus",
    "Part",
    "PartState",
    "Pick",
    "Short",
    "Tender",
]

PARTS_MAX: Final = 60
HOLDS_MAX: Final = 10
NOTES_MAX: Final = 50
TAKES_KEPT: Final = 200  # more only of what is held
TAKES_MAX: Final = LINES_MAX * PARTS_MAX  # a part holds one at most


class OrderStatus(StrEnum):
    """A fold over the parts, never set by hand (decide.status_of)."""

    RECEIVED = "received"
    ON_HOLD = "on-hold"
    OPEN = "open"
    PARTIALLY_FULFILLED = "partially-fulfilled"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    CLOSED = "closed"


class Hold(Strict):
    """Stops every fulfillment before shipped or handed over; reservations stay."""

    reason: Identifier  # fraud, payment, address, manual ...
    at: Instant
    by: Text
    note: Text | None = None


class Note(Strict):
    at: Instant
    by: Text
    text: Text


class Part(Strict):
    """A quantity of a line with its own state.

    `reservation_id` names the open hard reservation in sourced and cancel-requested, and the one
    that was consumed afterwards. `queued` tells that demand is queued for it.
    """

    part: int = Field(ge=1)
    quantity: Units
    state: PartState
    location_id: Identifier | None = None
    fulfillment_id: Identifier | None = None
    reservation_id: Identifier | None = None
    queued: bool = False
    rejects: int = Field(default=0, ge=0)
    excluded: tuple[Identifier, ...] = Field(default=(), max_length=100)  # locations, per reject
    excluded_until: Instant | None = None
    reason: Identifier | None = None
    ship_by: Instant | None = None
    arrive_by: Instant | None = None
    ready_by: Instant | None = None
    auto_cancel_at: Instant | None = None
    queue: ShortText | None = None  # where a rule put it to wait; rules may ask for it
    reply_by: Instant | None = None  # when a location that was asked to cancel should answer
    out_since: Instant | None = None  # shipped, handed over or delivered, whichever it is in now


class Bundle(Strict):
    """Which bundle a line is a component of: the line as it was sold (docs/adr/0011).

    Bundles whose components `may_split` are sourced line by line, the others leave whole.
    """

    line: Identifier  # the sold line's id, which no line of the order has
    sku: Identifier
    title: Text | None = None
    quantity: Units  # of bundles
    per_bundle: Units
    may_split: bool = False


class Line(Strict):
    """One line as sold, or a bundle's component.

    Amounts are in minor units of the order's currency, for all units.
    """

    line_id: Identifier
    sku: Identifier | None = None
    title: Text | None = None
    kind: ItemKind = ItemKind.GOOD
    quantity: Units
    unit_price_minor: Natural
    discount_minor: Natural = 0  # the line's whole share of discounts
    tax_minor: Natural = 0
    tax_included: bool = False
    method: Method = Method.SHIP
    pickup_location: Identifier | None = None
    group: Identifier | None = None  # lines that travel together
    release_at: Instant | None = None  # preorder
    promise_by: Instant | None = None
    channel_line: Text | None = None
    final_sale: bool = False
    bundle: Bundle | None = None
    parts: tuple[Part, ...] = Field(default=(), max_length=PARTS_MAX)

    @property
    def value_minor(self) -> int:
        """What the customer pays for the line's units after discounts, tax apart."""
        return self.unit_price_minor * self.quantity - self.discount_minor


class Tender(Strict):
    """How it was paid; gift cards are refunded first. `last4` helps to find it without receipt."""

    kind: Identifier  # card, gift-card, cash, invoice ...
    amount_minor: Natural
    last4: str | None = Field(default=None, pattern=r"^[0-9]{4}$")


class Order(Document):
    """One order; its partition also holds decisions, fulfillments, shipments, returns, events."""

    order_id: Identifier
    version: int = Field(ge=1)
    connection: Identifier
    channel: Identifier
    reference: Text
    number: Text | None = None  # what the customer knows it by, where that is not the reference
    fingerprint: str
    source_version: Instant | None = None  # the channel's own time of its last change
    order_type: Identifier = "sale"  # sale, exchange
    placed_at: Instant
    accepted_at: Instant
    currency: Currency
    status: OrderStatus
    customer: Contact | None = None
    customer_id: Identifier | None = None
    customer_tier: Identifier | None = None
    ship_to: Address | None = None
    bill_to: Address | None = None
    time_zone: str | None = None
    priority: int = Field(default=0, ge=-1000, le=1000)
    tags: tuple[ShortText, ...] = Field(default=(), max_length=50)
    lines: tuple[Line, ...] = Field(default=(), max_length=LINES_MAX)
    shipping_minor: Natural = 0
    shipping_tax_minor: Natural = 0
    shipping_discount_minor: Natural = 0
    tip_minor: Natural = 0
    total_minor: Natural | None = None  # as the channel says; a mismatch is an exception
    refunded_minor: Natural = 0
    tenders: tuple[Tender, ...] = Field(default=(), max_length=20)
    holds: tuple[Hold, ...] = Field(default=(), max_length=HOLDS_MAX)
    notes: tuple[Note, ...] = Field(default=(), max_length=NOTES_MAX)
    pool_id: Identifier | None = None  # where its channel may sell from: queued demand's pool
    quote_id: Identifier | None = None
    cancelled_at: Instant | None = None  # the order as a whole
    closed_at: Instant | None = None  # the return window is over
    erased_at: Instant | None = None  # its personal data is gone and comes back by no edit
    replan_after: Natural = 0  # the version of the last edit: older plans are void
    attempts: int = Field(default=0, ge=0)
    # Whose capacity closed attempts took: location by fulfillment; all that is held,
    # and the latest of the others.
    takes: dict[Identifier, Identifier] = Field(default={}, max_length=TAKES_MAX)
    fulfillments: Natural = 0  # how many were minted; the next one's number
    returns: Natural = 0
    exceptions: Natural = 0
    shipping_choice: Identifier | None = None  # requested service: economy, standard, express
    promise_by: Instant | None = None
    skus: tuple[Identifier, ...] = Field(default=(), max_length=2 * LINES_MAX)  # bundles' too
    lookups: tuple[str, ...] = Field(default=(), max_length=10)
    exchange_of: Identifier | None = None  # the return that this order replaces goods of
    day: str  # UTC date of acceptance, for the search
    due_at: Instant | None = None  # the next date at which something happens by itself

    @property
    def known_as(self) -> str:
        """What customer and staff call it: its number, else the channel's reference."""
        return self.number or self.reference


ORDERS: Final = Kind(
    Container.ORDERS,
    "order",
    Order,
    (
        "reference",
        "number",
        "status",
        "day",
        "skus",
        "lookups",
        "customer_id",
        "accepted_at",
        "connection",
        "due_at",
    ),
)
