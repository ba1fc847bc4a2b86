"""A return: goods that come back, what inspection made of them, what is paid back (semantics 8)."""

from datetime import datetime
from enum import StrEnum
from typing import Final

from pydantic import Field

from shared.contracts.intake import LINES_MAX, Method, OrderLineId
from shared.contracts.returns import OUT_MAX, Disposition, ParcelId
from shared.kernel.documents import Container, Document, Kind
from shared.kernel.errors import Refused
from shared.kernel.machine import Machine
from shared.kernel.model import (
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

PARCELS_MAX: Final = 100  # receipts of one return, and inspections of it
RETURNS_MAX: Final = 200  # of one order


class ReturnStatus(StrEnum):
    REQUESTED = "requested"
    APPROVED = "approved"
    DECLINED = "declined"
    IN_TRANSIT = "in-transit"
    RECEIVED = "received"
    INSPECTED = "inspected"
    CLOSED = "closed"
    CANCELLED = "cancelled"


# One class a row of the table, named as in refusals.
class Approve: ...


class Decline: ...


class Depart: ...


class Receive: ...


class InspectUnits: ...


class Inspect: ...


class Close: ...


class Cancel: ...


_S = ReturnStatus
RETURN_LIFE: Final = Machine(
    "return",
    _S.REQUESTED,
    edges={
        _S.REQUESTED: {Approve: _S.APPROVED, Decline: _S.DECLINED, Cancel: _S.CANCELLED},
        _S.APPROVED: {Depart: _S.IN_TRANSIT, Receive: _S.RECEIVED, Cancel: _S.CANCELLED},
        _S.IN_TRANSIT: {Receive: _S.RECEIVED, Cancel: _S.CANCELLED},
        # Parcel by parcel, and inspected batch by batch; the last batch moves it on.
        _S.RECEIVED: {Receive: _S.RECEIVED, InspectUnits: _S.RECEIVED, Inspect: _S.INSPECTED},
        _S.INSPECTED: {Close: _S.CLOSED},
        _S.DECLINED: {},
        _S.CLOSED: {},
        _S.CANCELLED: {},
    },
)
# What is still expected of these is spoken for: no other return may name it.
OPEN: Final = frozenset({_S.REQUESTED, _S.APPROVED, _S.IN_TRANSIT, _S.RECEIVED})


class NotReturnable(Refused):
    """More units than the customer has and no other return names."""

    code, status = "not-returnable", 409

    def __init__(self, line_id: str, asked: int, possible: int) -> None:
        super().__init__(f"line {line_id}: {asked} units asked for, {possible} returnable")
        self.line_id, self.asked, self.possible = line_id, asked, possible


class WindowClosed(Refused):
    code, status = "return-window-closed", 409

    def __init__(self, line_id: str, until: datetime) -> None:
        super().__init__(f"line {line_id}: the return window ended at {until.isoformat()}")
        self.line_id, self.until = line_id, until


class FinalSale(Refused):
    """Sold for good, by its line or by its product's return class."""

    code, status = "final-sale", 409

    def __init__(self, line_id: str) -> None:
        super().__init__(f"line {line_id}: sold without the right of return")
        self.line_id = line_id


class NotInReturn(Refused):
    """Units that the return does not expect (any more), or that wait for no inspection there."""

    code, status = "not-in-return", 409

    def __init__(self, line_id: str, asked: int, possible: int) -> None:
        super().__init__(f"line {line_id}: {asked} units named, {possible} expected")
        self.line_id, self.asked, self.possible = line_id, asked, possible


class NotAllInspected(Refused):
    code, status = "units-not-inspected", 409

    def __init__(self, units: int) -> None:
        super().__init__(f"{units} received units wait for inspection")
        self.units = units


class ReturnDiffers(Refused):
    """Other content under the same reference of the same order."""

    code, status = "return-differs", 409

    def __init__(self, return_id: str) -> None:
        super().__init__("a return of this reference exists with other content")
        self.return_id = return_id


class TooMany(Refused):
    code, status = "too-many-returns", 409

    def __init__(self, what: str, most: int) -> None:
        super().__init__(f"at most {most} {what}")
        self.what, self.most = what, most


class OfBundle(Strict):
    """The bundle that a line is a component of: the line that was sold, and its SKU."""

    line: OrderLineId
    sku: Identifier
    per_bundle: Units


class ReturnLine(Strict):
    """Units of an order's line. The amounts are the worth of what is back, fixed at its receipt.

    `received` counts kept units too: they are refunded as if they had come.
    """

    line_id: OrderLineId
    sku: Identifier | None = None
    title: Text | None = None
    quantity: Units
    reason: Identifier
    bundle: OfBundle | None = None
    received: Natural = 0
    goods_minor: Natural = 0
    tax_minor: Natural = 0
    tax_included: bool = False


class ReceivedLine(Strict):
    line_id: OrderLineId
    quantity: Units


class Receipt(Strict):
    """One parcel, by the number of whoever received it; the same number is the same receipt."""

    parcel: ParcelId
    location_id: Identifier
    at: Instant
    by: Text
    lines: tuple[ReceivedLine, ...] = Field(max_length=LINES_MAX)


class InspectedLine(Strict):
    line_id: OrderLineId
    disposition: Disposition
    quantity: Units


class Inspection(Strict):
    """One batch of units looked at together; the same batch is the same inspection."""

    batch: ParcelId
    location_id: Identifier
    at: Instant
    by: Text
    units: tuple[InspectedLine, ...] = Field(default=(), max_length=LINES_MAX)


class Override(Strict):
    """An operator took it back although the policy refuses it."""

    reason: ShortText
    by: Text
    at: Instant


class TenderRefund(Strict):
    """What goes back to one tender; `original` where it is not known how it was paid."""

    kind: Identifier
    last4: str | None = None
    amount_minor: Natural


class Advice(Strict):
    """What a payment system should do; minor units.

    `refund_minor` is signed: what the exchange costs more is to be charged. `credited_minor` is
    what the return is worth after fees, and never above what was paid minus what was refunded.
    """

    goods_minor: Natural
    tax_minor: Natural
    shipping_minor: Natural
    fee_minor: Natural
    credited_minor: Natural
    exchange_minor: Natural = 0
    refund_minor: Integer
    tenders: tuple[TenderRefund, ...] = ()
    at: Instant


class ExchangeLine(Strict):
    """What goes out instead; without a price at the worth of what came back of `for_line`."""

    sku: Identifier
    quantity: Units
    for_line: OrderLineId | None = None
    unit_price_minor: Natural | None = None
    discount_minor: Natural = 0
    tax_minor: Natural = 0
    tax_included: bool = False
    taken_at: Identifier | None = None
    method: Method = Method.SHIP
    pickup_location: Identifier | None = None


class ReturnDetails(Strict):
    """A return as it is shown."""

    return_id: Identifier
    order_id: Identifier
    version: int = Field(ge=1)
    status: ReturnStatus
    reference: ShortText | None = None
    location_id: Identifier | None = None  # where it is expected, or was taken in
    walk_in: bool = False  # created and received in one command
    requested_at: Instant
    requested_by: Text
    currency: Currency
    lines: tuple[ReturnLine, ...] = Field(max_length=LINES_MAX)
    receipts: tuple[Receipt, ...] = Field(default=(), max_length=PARCELS_MAX)
    inspections: tuple[Inspection, ...] = Field(default=(), max_length=PARCELS_MAX)
    override: Override | None = None
    reason: Identifier | None = None  # why it was declined or cancelled
    fee_minor: Natural = 0
    shipping_minor: Natural = 0  # of the order, paid back with its last unit by policy
    advice: Advice | None = None
    exchange: tuple[ExchangeLine, ...] = Field(default=(), max_length=OUT_MAX)
    exchange_order_id: Identifier | None = None
    received_at: Instant | None = None
    inspected_at: Instant | None = None
    closed_at: Instant | None = None


class Return(ReturnDetails, Document):
    """A stored return. `made_by` names the command that made it, `fingerprint` what it said."""

    made_by: str
    fingerprint: str


RETURNS: Final = Kind(
    Container.ORDERS,
    "return",
    Return,
    ("order_id", "status", "location_id", "requested_at"),
)
