"""The canonical order as it comes in: body of POST /orders and, in an envelope, of `orders-in`.

`intake_check` reads it.
"""

from enum import StrEnum
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import AfterValidator, ConfigDict, Field, RootModel
from pydantic_core import PydanticCustomError

from shared.contracts.base import Contract
from shared.kernel.model import (
    Country,
    Currency,
    Identifier,
    Instant,
    Natural,
    ShortText,
    Text,
    Units,
)
from shared.kernel.money import Money

LINES_MAX: Final = 200
LINE_ID_MAX: Final = 40  # reservation ids are built of it and stay within an identifier's 128
MEASURE: Final = r"[0-9]{1,9}(\.[0-9]{1,6})?"


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


class Payment(StrEnum):
    """Whether the order may leave the house: unpaid orders carry a payment hold."""

    PAID = "paid"
    UNPAID = "unpaid"


def _not_negative(amount: Money) -> Money:
    if amount.amount_minor < 0:
        raise PydanticCustomError("negative_amount", "an amount here is not negative")
    return amount


Price = Annotated[Money, AfterValidator(_not_negative)]
LineId = Annotated[Identifier, Field(max_length=LINE_ID_MAX)]
OrderLineId = Annotated[Identifier, Field(max_length=LINE_ID_MAX + 4)]
"""A line's id in an order: a bundle's components have the sold line's with `~` and a number."""
Measure = Annotated[str, Field(pattern=f"^{MEASURE}$")]
"""A quantity in the unit of sale ("8.5" meters); becomes a count by the SKU's selling step."""


class Address(Contract):
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


class Contact(Contract):
    """The customer as this order knows them; the customer's record is another document."""

    name: Text | None = None
    email: Text | None = None
    phone: Text | None = None
    loyalty_id: Text | None = None


class PlaceLine(Contract):
    """One line. Amounts but `unit_price` are for all units of the line.

    `quantity` counts selling steps; who does not know the step sends `measure`, and `unit_price`
    is then per unit of sale. The product is named by SKU, channel alias or barcode, tried in that
    order; a line that names none we know is accepted and stands as an exception.
    `fulfilled` and `cancelled` are units that arrive so, `taken_at` the store whose till has handed
    the goods out.
    """

    line_id: LineId | None = None  # its position, from 1, when left out
    sku: Identifier | None = None
    alias: ShortText | None = None
    barcode: ShortText | None = None
    title: Text | None = None
    kind: ItemKind | None = None  # the catalog's, when left out
    quantity: Units | None = None
    measure: Measure | None = None
    unit_price: Price
    discount: Price | None = None
    tax: Price | None = None
    tax_included: bool = False
    method: Method = Method.SHIP
    pickup_location: Identifier | None = None
    group: Identifier | None = None
    release_at: Instant | None = None
    promise_by: Instant | None = None
    channel_line: Text | None = None
    final_sale: bool = False
    fulfilled: Natural = 0
    cancelled: Natural = 0
    taken_at: Identifier | None = None


class PlaceTender(Contract):
    """How it was paid; of a card only the last four digits."""

    kind: Identifier
    amount: Price
    last4: str | None = Field(default=None, pattern=r"^[0-9]{4}$")


class PlaceHold(Contract):
    reason: Identifier
    note: Text | None = None


class PlaceOrder(Contract):
    """An order of any channel. Connection and reference name it: the same again is the same order.

    A total that does not match the lines is an exception to look at, never a refusal.
    """

    type: Literal["orders.place-order.v1"] = "orders.place-order.v1"
    connection: Identifier
    reference: ShortText
    number: ShortText | None = None  # what the customer knows it by, where that is another
    channel: Identifier
    order_type: Identifier = "sale"
    placed_at: Instant
    source_version: Instant | None = None  # the channel's time of its last change
    currency: Currency
    customer: Contact | None = None
    ship_to: Address | None = None
    bill_to: Address | None = None
    time_zone: ShortText | None = None
    lines: tuple[PlaceLine, ...] = Field(default=(), max_length=LINES_MAX)
    shipping: Price | None = None
    shipping_tax: Price | None = None
    shipping_discount: Price | None = None
    tip: Price | None = None
    total: Price | None = None
    tenders: tuple[PlaceTender, ...] = Field(default=(), max_length=20)
    tags: tuple[ShortText, ...] = Field(default=(), max_length=50)
    priority: int = Field(default=0, ge=-1000, le=1000)
    shipping_choice: Identifier | None = None
    promise_by: Instant | None = None
    quote_id: Identifier | None = None
    holds: tuple[PlaceHold, ...] = Field(default=(), max_length=8)
    payment: Payment = Payment.PAID
    cancelled: bool = False
    exchange_of: Identifier | None = None
    note: Text | None = None


class ReceiveOrder(Contract):
    """An order on `orders-in`, from a system that speaks the canonical form."""

    type: Literal["orders.receive-order.v1"] = "orders.receive-order.v1"
    tenant_id: Identifier
    order: PlaceOrder


class ReceiptLine(Contract):
    """One line of a till's receipt; without `deliver` the customer has taken it along."""

    line: LineId
    code: ShortText  # what was scanned or keyed: SKU, alias or barcode
    title: Text | None = None
    quantity: Units | None = None
    measure: Measure | None = None
    unit_price: Price
    discount: Price | None = None
    tax: Price | None = None
    tax_included: bool = False
    deliver: Method | None = None
    pickup_location: Identifier | None = None


class TillReceipt(Contract):
    """A till's receipt; store, till, business date and number name it for good."""

    store: Annotated[Identifier, Field(max_length=60)]
    till: Annotated[Identifier, Field(max_length=30)]
    business_date: str = Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
    number: ShortText
    sold_at: Instant
    currency: Currency
    customer: Contact | None = None
    ship_to: Address | None = None
    lines: tuple[ReceiptLine, ...] = Field(default=(), max_length=LINES_MAX)
    total: Price | None = None
    tenders: tuple[PlaceTender, ...] = Field(default=(), max_length=20)


class ReceiveReceipt(Contract):
    """A till's sale on `orders-in`."""

    type: Literal["orders.receive-receipt.v1"] = "orders.receive-receipt.v1"
    tenant_id: Identifier
    receipt: TillReceipt


OrdersIn: TypeAlias = Annotated[ReceiveOrder | ReceiveReceipt, Field(discriminator="type")]


class OrdersInbound(RootModel[OrdersIn]):
    """The data of a message on `orders-in`."""

    model_config = ConfigDict(frozen=True, strict=True)
