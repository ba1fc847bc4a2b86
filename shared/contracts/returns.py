"""Returns as they come in: bodies of `/returns` and, in an envelope, of `returns-in`."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field

from shared.contracts.base import Contract
from shared.contracts.intake import LINES_MAX, Method, OrderLineId, Price
from shared.kernel.model import Identifier, Instant, ShortText, Units

ParcelId = Annotated[Identifier, Field(max_length=60)]
"""A receipt or an inspection by its sender's own number: the same number is the same one."""

OUT_MAX: Final = 50  # lines that an exchange sends out


class Disposition(StrEnum):
    """What becomes of a returned unit; `keep`: refunded, and never sent back."""

    RESELL = "resell"
    DAMAGED = "damaged"
    RETURN_TO_VENDOR = "return-to-vendor"
    WRITE_OFF = "write-off"
    KEEP = "keep"


class ReturnUnits(Contract):
    """Units of a line, named by its id, or by any code of its product."""

    line_id: OrderLineId | None = None
    code: ShortText | None = None
    quantity: Units
    reason: Identifier


class ExchangeUnits(Contract):
    """Units that go out. `for_line`: at the worth of what comes back of that line.

    `taken` is handed over at the return's location at once; otherwise it is shipped, or collected
    at `pickup_location`. Amounts but `unit_price` are for all units.
    """

    sku: Identifier
    quantity: Units
    for_line: OrderLineId | None = None
    unit_price: Price | None = None
    discount: Price | None = None
    tax: Price | None = None
    tax_included: bool = False
    taken: bool = False
    method: Method = Method.SHIP
    pickup_location: Identifier | None = None


class RequestReturn(Contract):
    """Ask to give units back, or with `received` take them back at a location at once.

    The order is named by its id, or by connection and reference as its channel knows it.
    `reference` is the sender's own name of the return, unique within the order: the same again is
    the same return. `override` is an operator's reason to take back what the policy refuses;
    `fee` stands instead of the tenant's usual one.
    """

    order_id: Identifier | None = None
    connection: Identifier | None = None
    order_reference: ShortText | None = None
    reference: ShortText | None = None
    location_id: Identifier | None = None
    received: bool = False
    lines: tuple[ReturnUnits, ...] = Field(min_length=1, max_length=LINES_MAX)
    exchange: tuple[ExchangeUnits, ...] = Field(default=(), max_length=OUT_MAX)
    override: ShortText | None = None
    fee: Price | None = None


class ReceivedUnits(Contract):
    """Units of a line that came, named by its id, or by any code of its product."""

    line_id: OrderLineId | None = None
    code: ShortText | None = None
    quantity: Units


class ReceiveParcel(Contract):
    """Goods of a return that arrived; without lines everything that is still expected."""

    parcel: ParcelId
    location_id: Identifier
    lines: tuple[ReceivedUnits, ...] = Field(default=(), max_length=LINES_MAX)
    at: Instant | None = None


class InspectedUnits(Contract):
    line_id: OrderLineId
    disposition: Disposition
    quantity: Units


class InspectUnits(Contract):
    """What inspection found; `last`: nothing more is expected of this return."""

    batch: ParcelId
    location_id: Identifier
    units: tuple[InspectedUnits, ...] = Field(default=(), max_length=LINES_MAX)
    last: bool = False


class TakeReturn(Contract):
    """A till, a channel or a 3PL registers a return, with or without the goods."""

    kind: Literal["take"] = "take"
    request: RequestReturn


class DepartReturn(Contract):
    """The carrier has the goods."""

    kind: Literal["depart"] = "depart"
    return_id: Identifier


class ReceiveReturn(Contract):
    kind: Literal["receive"] = "receive"
    return_id: Identifier
    receipt: ReceiveParcel


class InspectReturn(Contract):
    kind: Literal["inspect"] = "inspect"
    return_id: Identifier
    inspection: InspectUnits


ReturnMessage: TypeAlias = Annotated[
    TakeReturn | DepartReturn | ReceiveReturn | InspectReturn, Field(discriminator="kind")
]


class RecordReturn(Contract):
    """What travels on `returns-in`."""

    type: Literal["returns.record-return.v1"] = "returns.record-return.v1"
    tenant_id: Identifier
    record: ReturnMessage


class CardUse(Contract):
    """A payment card's last four digits and the day on which it paid, by the customer's clock."""

    last4: str = Field(pattern=r"^[0-9]{4}$")
    on: date


class NamedBuyer(Contract):
    """Who bought, and on which day by their clock."""

    name: ShortText
    on: date


class FindOrders(Contract):
    """How an order is found for a return; in a body, so that personal data is in no URL.

    Exactly one of number, e-mail, phone, loyalty id, card and buyer, or the item alone; `item` and
    the days narrow down any of them.
    """

    number: ShortText | None = None
    email: ShortText | None = None
    phone: ShortText | None = None
    loyalty_id: ShortText | None = None
    card: CardUse | None = None
    buyer: NamedBuyer | None = None
    item: ShortText | None = None
    from_day: date | None = None
    to_day: date | None = None
    limit: int = Field(default=10, ge=1, le=50)
    cursor: str | None = Field(default=None, max_length=1_000)
