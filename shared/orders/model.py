"""What an order is: lines, and parts of lines, each with its own state (semantics 6)."""

from enum import StrEnum
from typing import Final

from pydantic import Field

from shared.kernel.documents import Container, Document, Kind
from shared.kernel.machine import Machine
from shared.kernel.model import (
    Country,
    Currency,
    Identifier,
    Instant,
    Integer,
    Natural,
    ShortText,
    Strict,
    Text,
    Units,
)

LINES_MAX: Final = 200
PARTS_MAX: Final = 60
HOLDS_MAX: Final = 10


class Method(StrEnum):
    SHIP = "ship"
    PICKUP = "pickup"


class ItemKind(StrEnum):
    """What a line sells; only goods are routed, reserved and handed out."""

    GOOD = "good"
    BUNDLE = "bundle"
    DIGITAL = "digital"
    GIFT_CARD = "gift-card"
    SERVICE = "service"


class PartState(StrEnum):
    """Where a part of a line stands.

    In-fulfillment is derived: a sourced part whose fulfillment is accepted or further (design 3).
    """

    PENDING = "pending"
    PREORDERED = "preordered"
    BACKORDERED = "backordered"
    UNFILLABLE = "unfillable"
    EXCEPTION = "exception"
    SOURCED = "sourced"
    CANCEL_REQUESTED = "cancel-requested"
    SHIPPED = "shipped"
    HANDED_OVER = "handed-over"
    DELIVERED = "delivered"
    LOST = "lost"
    RETURNED = "returned"
    CANCELLED = "cancelled"


WAITING: Final = frozenset(
    {
        PartState.PENDING,
        PartState.PREORDERED,
        PartState.BACKORDERED,
        PartState.UNFILLABLE,
        PartState.EXCEPTION,
    }
)
RESERVED: Final = frozenset({PartState.SOURCED, PartState.CANCEL_REQUESTED})
WITH_CUSTOMER: Final = frozenset({PartState.SHIPPED, PartState.HANDED_OVER, PartState.DELIVERED})
ENDED: Final = frozenset(
    {PartState.DELIVERED, PartState.HANDED_OVER, PartState.LOST, PartState.RETURNED}
    | {PartState.CANCELLED, PartState.SHIPPED}
)


# The events of a part; one class a row of the table, named as in refusals.
class Route: ...


class NoLocation: ...


class Backorder: ...


class Reject: ...


class GiveUp: ...


class Reset: ...


class Ship: ...


class HandOver: ...


class Void: ...


class Deliver: ...


class Lose: ...


class ReturnToSender: ...


class Cancel: ...


class AskCancel: ...


class ConfirmCancel: ...


class RefuseCancel: ...


class Expire: ...


class ReleaseDate: ...


class ReceiveReturn: ...


_S = PartState
_WAITING_ROWS: Final = {Cancel: _S.CANCELLED, Route: _S.SOURCED, GiveUp: _S.EXCEPTION}
PART_LIFE: Final = Machine(
    "line part",
    *(_S.PENDING, _S.PREORDERED, _S.EXCEPTION, _S.HANDED_OVER, _S.SHIPPED, _S.CANCELLED),
    _S.DELIVERED,
    edges={
        _S.PENDING: {**_WAITING_ROWS, NoLocation: _S.UNFILLABLE, Backorder: _S.BACKORDERED},
        _S.PREORDERED: {Cancel: _S.CANCELLED, ReleaseDate: _S.PENDING},
        _S.BACKORDERED: {**_WAITING_ROWS, NoLocation: _S.UNFILLABLE, Reset: _S.PENDING},
        _S.UNFILLABLE: {**_WAITING_ROWS, Backorder: _S.BACKORDERED, Reset: _S.PENDING},
        _S.EXCEPTION: {Cancel: _S.CANCELLED, Reset: _S.PENDING},
        _S.SOURCED: {
            Reject: _S.PENDING,
            Ship: _S.SHIPPED,
            HandOver: _S.HANDED_OVER,
            Cancel: _S.CANCELLED,
            AskCancel: _S.CANCEL_REQUESTED,
            Expire: _S.CANCELLED,
        },
        _S.CANCEL_REQUESTED: {
            ConfirmCancel: _S.CANCELLED,
            RefuseCancel: _S.SOURCED,
            Ship: _S.SHIPPED,
            HandOver: _S.HANDED_OVER,
        },
        _S.SHIPPED: {
            Void: _S.SOURCED,
            Deliver: _S.DELIVERED,
            Lose: _S.LOST,
            ReturnToSender: _S.RETURNED,
            ReceiveReturn: _S.RETURNED,
        },
        _S.DELIVERED: {ReceiveReturn: _S.RETURNED},
        _S.HANDED_OVER: {ReceiveReturn: _S.RETURNED},
        _S.LOST: {},
        _S.RETURNED: {},
        _S.CANCELLED: {},
    },
)


class OrderStatus(StrEnum):
    """A fold over the parts, never set by hand (decide.status_of)."""

    RECEIVED = "received"
    ON_HOLD = "on-hold"
    OPEN = "open"
    PARTIALLY_FULFILLED = "partially-fulfilled"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    CLOSED = "closed"


class Address(Strict):
    """Lenient in: whatever the channel knows; routing needs country and postcode or coordinates."""

    name: Text | None = None
    company: Text | None = None
    lines: tuple[Text, ...] = Field(default=(), max_length=6)
    locality: Text | None = None
    admin_area: Text | None = None
    postcode: Text | None = None
    country: Country | None = None
    phone: Text | None = None
    lat_e6: int | None = Field(default=None, ge=-90_000_000, le=90_000_000)
    lon_e6: int | None = Field(default=None, ge=-180_000_000, le=180_000_000)


class Contact(Strict):
    """The customer as this order knows them; the customer's record is another document."""

    name: Text | None = None
    email: Text | None = None
    phone: Text | None = None
    loyalty_id: Text | None = None


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


class Line(Strict):
    """One line as sold. Amounts are in minor units of the order's currency, for all units."""

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
    notes: tuple[Note, ...] = Field(default=(), max_length=50)
    quote_id: Identifier | None = None
    attempts: int = Field(default=0, ge=0)
    fulfillments: Natural = 0  # how many were minted; the next one's number
    returns: Natural = 0
    exceptions: Natural = 0
    shipping_choice: Identifier | None = None  # requested service: economy, standard, express
    promise_by: Instant | None = None
    skus: tuple[Identifier, ...] = Field(default=(), max_length=LINES_MAX)
    lookups: tuple[str, ...] = Field(default=(), max_length=10)
    exchange_of: Identifier | None = None  # the return that this order replaces goods of
    day: str  # UTC date of acceptance, for the search


ORDERS: Final = Kind(
    Container.ORDERS,
    "order",
    Order,
    ("reference", "status", "day", "skus", "lookups", "customer_id", "accepted_at", "connection"),
)


class Decision(Document):
    """What the promise flow planned, written before it is done (design 5); create-only."""

    order_id: Identifier
    attempt: int = Field(ge=1)
    first_attempt: int = Field(ge=1)  # of this run of the flow
    decided_at: Instant
    rule_set: str
    order_version: int
    picks: tuple["Pick", ...] = Field(max_length=LINES_MAX * 4)
    shorts: tuple["Short", ...] = Field(default=(), max_length=LINES_MAX * 4)
    all_or_nothing: tuple[tuple[str, ...], ...] = ()  # line ids that fail together
    cost_minor: Integer = 0
    currency: Currency
    explanation: dict[str, object] = {}


class Pick(Strict):
    """Units of a part at a location, with the reservation and fulfillment ids minted for them.

    `source_part` is the part that was planned; when a plan divides it, `part` is the new number.
    """

    line_id: Identifier
    source_part: int = Field(ge=1)
    part: int = Field(ge=1)
    sku: Identifier
    quantity: Units
    location_id: Identifier
    reservation_id: Identifier
    fulfillment_id: Identifier
    guard: Integer  # safety stock evaluated by the rule version that the decision names
    tracked: bool = True
    service: str | None = None
    cost_minor: Integer = 0
    ship_by: Instant | None = None
    arrive_by: Instant | None = None
    ready_by: Instant | None = None
    capacity_day: str | None = None  # local date; None where capacity is not limited
    capacity_limit: int | None = None
    capacity_units: int = 1


class Short(Strict):
    """Units that the plan could not place, and the rule's action on them."""

    line_id: Identifier
    source_part: int = Field(ge=1)
    part: int = Field(ge=1)
    sku: Identifier
    quantity: Units
    reason: Identifier
    action: Identifier  # queue, backorder, unfillable, exception, cancel, hold


DECISIONS: Final = Kind(Container.ORDERS, "decision", Decision)


class ExceptionStatus(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class ExceptionDocument(Document):
    """Work that a person must decide; `subject` is the order, location or SKU it is about."""

    exception_id: Identifier
    status: ExceptionStatus
    code: Identifier
    subject: Identifier
    order_id: Identifier | None = None
    line_id: Identifier | None = None
    part: int | None = None
    location_id: Identifier | None = None
    sku: Identifier | None = None
    opened_at: Instant
    closed_at: Instant | None = None
    closed_by: Text | None = None
    detail: dict[str, str | int] = {}
    actions: tuple[Identifier, ...] = ()


EXCEPTIONS: Final = Kind(
    Container.ORDERS, "exception", ExceptionDocument, ("status", "code", "opened_at", "location_id")
)
