"""A shipment as it is kept: one carrier tender from one location, beside its order (design 3)."""

from typing import Final

from pydantic import Field

from shared.couriers.shipment import ShipmentStatus
from shared.kernel.documents import Container, Document, Kind
from shared.kernel.model import Currency, Identifier, Instant, Integer, Natural, Strict, Text, Units

PARCELS_MAX: Final = 50
QUOTES_MAX: Final = 100


class ShippedItem(Strict):
    """Units of one line's part in the tender, with the reservation that they consumed."""

    line_id: Identifier
    part: int = Field(ge=1)
    sku: Identifier
    quantity: Units
    reservation_id: Identifier


class ShippedParcel(Strict):
    """One parcel of the tender; weight in grams, sides in millimeters."""

    parcel: int = Field(ge=1)
    weight_g: Natural = 0
    length_mm: Natural = 0
    width_mm: Natural = 0
    height_mm: Natural = 0
    tracking: Text | None = None


class KeptQuote(Strict):
    """What another service would have cost; all quotes are kept (semantics 10)."""

    carrier: Identifier
    service: Identifier
    cost_minor: Natural
    arrive_by: Instant


class Shipment(Document):
    """One tender: what it holds, what it costs, where it stands."""

    shipment_id: Identifier
    order_id: Identifier
    fulfillment_id: Identifier
    location_id: Identifier
    version: int = Field(ge=1)
    status: ShipmentStatus
    carrier: Text | None = None
    service: Text | None = None
    tracking: tuple[Text, ...] = Field(default=(), max_length=PARCELS_MAX)
    items: tuple[ShippedItem, ...]
    parcels: tuple[ShippedParcel, ...] = Field(default=(), max_length=PARCELS_MAX)
    cost_minor: Integer = 0
    currency: Currency
    quotes: tuple[KeptQuote, ...] = Field(default=(), max_length=QUOTES_MAX)
    shipped_at: Instant
    arrive_by: Instant | None = None
    ended_at: Instant | None = None


SHIPMENTS: Final = Kind(
    Container.ORDERS, "shipment", Shipment, ("status", "location_id", "shipped_at", "tracking")
)
