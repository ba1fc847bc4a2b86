"""One carrier tender from one location: its life and what it holds (semantics 6)."""

from enum import StrEnum
from typing import Final

from pydantic import Field

from shared.fulfillment.model import PARCELS_MAX, Parcel
from shared.kernel.documents import Container, Document, Kind
from shared.kernel.machine import Machine
from shared.kernel.model import Currency, Identifier, Instant, Integer, Strict, Text, Units


class ShipmentStatus(StrEnum):
    BOOKED = "booked"
    MANIFESTED = "manifested"
    IN_TRANSIT = "in-transit"
    DELIVERED = "delivered"
    EXCEPTION = "exception"
    LOST = "lost"
    RETURNED_TO_SENDER = "returned-to-sender"
    VOIDED = "voided"


class Scan: ...


class Deliver: ...


class Lose: ...


class Trouble: ...


class ReturnToSender: ...


class VoidShipment: ...


class Manifest: ...


_T = ShipmentStatus
_UNDERWAY: Final = {
    Deliver: _T.DELIVERED,
    Lose: _T.LOST,
    Trouble: _T.EXCEPTION,
    ReturnToSender: _T.RETURNED_TO_SENDER,
    Scan: _T.IN_TRANSIT,
}
SHIPMENT_LIFE: Final = Machine(
    "shipment",
    _T.BOOKED,
    edges={
        _T.BOOKED: {**_UNDERWAY, VoidShipment: _T.VOIDED, Manifest: _T.MANIFESTED},
        _T.MANIFESTED: {**_UNDERWAY, VoidShipment: _T.VOIDED},
        _T.IN_TRANSIT: _UNDERWAY,
        _T.EXCEPTION: _UNDERWAY,
        _T.DELIVERED: {},
        _T.LOST: {},
        _T.RETURNED_TO_SENDER: {},
        _T.VOIDED: {},
    },
)


class ShipmentItem(Strict):
    line_id: Identifier
    part: int = Field(ge=1)
    sku: Identifier
    quantity: Units
    reservation_id: Identifier


class Shipment(Document):
    """One tender to a carrier from one location; what it cost and what else was quoted."""

    shipment_id: Identifier
    order_id: Identifier
    fulfillment_id: Identifier
    location_id: Identifier
    version: int = Field(ge=1)
    status: ShipmentStatus
    carrier: Text | None = None
    service: Text | None = None
    tracking: tuple[Text, ...] = ()
    items: tuple[ShipmentItem, ...]
    parcels: tuple[Parcel, ...] = Field(default=(), max_length=PARCELS_MAX)
    cost_minor: Integer = 0
    currency: Currency
    quotes: tuple[dict[str, str | int], ...] = Field(default=(), max_length=100)
    shipped_at: Instant
    arrive_by: Instant | None = None
    ended_at: Instant | None = None


SHIPMENTS: Final = Kind(
    Container.ORDERS, "shipment", Shipment, ("status", "location_id", "shipped_at")
)
