"""The work given to one location for one order, and the parcels that leave it (semantics 6)."""

from enum import StrEnum
from typing import Final

from pydantic import Field

from shared.kernel.documents import Container, Document, Kind
from shared.kernel.errors import Refused
from shared.kernel.machine import Machine
from shared.kernel.model import Currency, Identifier, Instant, Integer, Natural, Strict, Text, Units

CODE_LENGTH: Final = 8  # characters of 5 bits: 40 bits
PARCELS_MAX: Final = 50
HEARD_MAX: Final = 20  # the last commands whose repetition would count twice


class Status(StrEnum):
    SCHEDULED = "scheduled"
    OPEN = "open"
    ACCEPTED = "accepted"
    PICKING = "picking"
    PICKED = "picked"
    PACKED = "packed"
    READY_FOR_PICKUP = "ready-for-pickup"
    SHIPPED = "shipped"
    HANDED_OVER = "handed-over"
    ON_HOLD = "on-hold"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    CLOSED = "closed"


# One class a row of the table, named as in refusals.
class Open: ...


class Accept: ...


class Pick: ...


class PickAll: ...


class Pack: ...


class Ready: ...


class HandOver: ...


class Ship: ...


class Void: ...


class Reject: ...


class Cancel: ...


class Expire: ...


class Hold: ...


class Resume: ...


class Close: ...


_S = Status
_STOPPABLE: Final[dict[type, Status]] = {
    Hold: _S.ON_HOLD,
    Cancel: _S.CANCELLED,
    Reject: _S.REJECTED,
}
FULFILLMENT_LIFE: Final = Machine(
    "fulfillment",
    *(_S.SCHEDULED, _S.OPEN, _S.ON_HOLD),
    edges={
        _S.SCHEDULED: {**_STOPPABLE, Open: _S.OPEN},
        _S.OPEN: {**_STOPPABLE, Accept: _S.ACCEPTED},
        _S.ACCEPTED: {**_STOPPABLE, Pick: _S.PICKING, PickAll: _S.PICKED},
        _S.PICKING: {**_STOPPABLE, Pick: _S.PICKING, PickAll: _S.PICKED},
        _S.PICKED: {**_STOPPABLE, Pack: _S.PACKED},
        _S.PACKED: {**_STOPPABLE, Ship: _S.SHIPPED, Ready: _S.READY_FOR_PICKUP},
        _S.READY_FOR_PICKUP: {
            Hold: _S.ON_HOLD,
            Cancel: _S.CANCELLED,
            HandOver: _S.HANDED_OVER,
            Expire: _S.EXPIRED,
            Ready: _S.READY_FOR_PICKUP,
        },
        _S.ON_HOLD: {Resume: _S.OPEN, Cancel: _S.CANCELLED, Reject: _S.REJECTED},
        _S.SHIPPED: {Close: _S.CLOSED, Void: _S.PACKED},
        _S.HANDED_OVER: {Close: _S.CLOSED},
        _S.REJECTED: {},
        _S.CANCELLED: {},
        _S.EXPIRED: {},
        _S.CLOSED: {},
    },
)
ENDED: Final = frozenset(
    {_S.SHIPPED, _S.HANDED_OVER, _S.REJECTED, _S.CANCELLED, _S.EXPIRED, _S.CLOSED}
)
UNPICKED: Final = frozenset({_S.SCHEDULED, _S.OPEN, _S.ACCEPTED})
PICKABLE: Final = UNPICKED | {_S.PICKING}  # an item may still lie on the shelf


class WrongCode(Refused):
    code, status = "wrong-pickup-code", 409

    def __init__(self, tries_left: int) -> None:
        super().__init__(f"the pickup code does not fit; {tries_left} tries left")
        self.tries_left = tries_left


class CodeLocked(Refused):
    code, status = "pickup-code-locked", 409

    def __init__(self) -> None:
        super().__init__("too many wrong codes; send a new one with resend-code")


class NotInFulfillment(Refused):
    """A scanned or named item is not part of this work, or is more than what is asked."""

    code, status = "not-in-fulfillment", 409

    def __init__(self, what: str, quantity: int) -> None:
        super().__init__(f"{quantity} of {what} is not (or no longer) asked for here")
        self.what, self.quantity = what, quantity


class WrongMethod(Refused):
    code, status = "wrong-method", 409

    def __init__(self, method: str, command: str) -> None:
        super().__init__(f"{command} is not for a {method} fulfillment")
        self.method, self.command = method, command


class Item(Strict):
    """Units of one line's part to be handed out; `picked` never exceeds `quantity`."""

    line_id: Identifier
    part: int = Field(ge=1)
    sku: Identifier
    quantity: Units
    reservation_id: Identifier
    title: Text | None = None
    picked: Natural = 0
    cancel_asked: bool = False


class Parcel(Strict):
    """What was packed together; weights in grams, lengths in millimeters."""

    parcel: int = Field(ge=1)
    weight_g: Natural = 0
    length_mm: Natural = 0
    width_mm: Natural = 0
    height_mm: Natural = 0
    tracking: Text | None = None
    contents: tuple[tuple[str, int], ...] = ()  # (line id, units)


class Fulfillment(Document):
    """`left` is the state that a hold interrupted; `due_by` orders the location's work queue.

    `due_at` follows from the status (decide.due_at) and is what the sweep asks for.
    """

    fulfillment_id: Identifier
    order_id: Identifier
    order_number: Text | None = None  # as its customer knows it
    version: int = Field(ge=1)
    location_id: Identifier
    location_kind: Identifier = "warehouse"
    method: Identifier
    status: Status
    left: Status | None = None
    queue: str  # "<location>|<todo or done>": what the work queue asks for
    items: tuple[Item, ...]
    created_at: Instant
    due_by: Instant
    accept_by: Instant | None = None
    due_at: Instant | None = None  # when it ends by itself unless something happens before
    priority: int = 0
    attempt: int = 1
    service: str | None = None
    cost_minor: Integer = 0
    currency: Currency
    capacity_day: str | None = None
    capacity_units: Natural = 0
    parcels: tuple[Parcel, ...] = Field(default=(), max_length=PARCELS_MAX)
    accepted_at: Instant | None = None
    packed_at: Instant | None = None
    ended_at: Instant | None = None
    ready_at: Instant | None = None
    pickup_code: str | None = None
    code_tries: Natural = 0
    collector: Text | None = None
    pickup_expires_at: Instant | None = None
    reminded: Natural = 0
    shipments: Natural = 0
    heard: tuple[str, ...] = Field(default=(), max_length=HEARD_MAX)  # commands that add up


FULFILLMENTS: Final = Kind(
    Container.ORDERS,
    "fulfillment",
    Fulfillment,
    ("location_id", "status", "due_by", "queue", "due_at", "pickup_expires_at"),
)
