"""Bodies and answers of a location's work and of shipments."""

from datetime import datetime

from pydantic import Field

from shared.contracts.fulfillment import (
    LINES_MAX,
    PARCELS_MAX,
    CarrierReport,
    GivenReason,
    LineUnits,
    ParcelTold,
    RejectedUnits,
    Scan,
)
from shared.contracts.intake import Address
from shared.contracts.stock import RejectReason
from shared.couriers.decide import Choice
from shared.couriers.tender import KeptQuote, Shipment, ShippedItem, ShippedParcel
from shared.fulfillment import decide
from shared.fulfillment.model import Fulfillment, Item, Parcel
from shared.kernel.model import Identifier, Instant, Strict, Text
from shared.kernel.money import Money


class RejectBody(Strict):
    """Without lines everything, for `reason`."""

    reason: GivenReason = RejectReason.NOT_IN_STOCK
    lines: tuple[RejectedUnits, ...] = Field(default=(), max_length=LINES_MAX)


class PickBody(Strict):
    """Scans add up; with `total` they say what is in the tote in all.

    `complete` ends picking: what is not in the tote is given back for that reason.
    """

    scans: tuple[Scan, ...] = Field(default=(), max_length=1_000)
    total: bool = False
    complete: GivenReason | None = None


class PackBody(Strict):
    """Without parcels everything is in one."""

    parcels: tuple[ParcelTold, ...] = Field(default=(), max_length=PARCELS_MAX)


class ShipBody(Strict):
    """Without a service the cheapest that keeps the promise; `units` for a partial shipment."""

    carrier: Identifier | None = None
    service: Identifier | None = None
    parcels: tuple[ParcelTold, ...] = Field(default=(), max_length=PARCELS_MAX)
    tracking: tuple[Text, ...] = Field(default=(), max_length=PARCELS_MAX)
    units: tuple[LineUnits, ...] = Field(default=(), max_length=LINES_MAX)


class HandOverBody(Strict):
    code: Text = Field(min_length=1, max_length=40)
    collector: Text | None = None


class MoveBody(Strict):
    """Without a location routing finds another."""

    location_id: Identifier | None = None


class TrackBody(Strict):
    report: CarrierReport
    at: Instant | None = None


class RateBody(Strict):
    """Parcels with their weights, from a location to an address, by when.

    `hazmat`: they hold hazardous goods, which only some services carry.
    """

    location_id: Identifier
    destination: Address
    parcels: tuple[ParcelTold, ...] = Field(min_length=1, max_length=PARCELS_MAX)
    promise_by: Instant | None = None
    time_zone: Text | None = None
    hazmat: bool = False


class WorkView(Strict):
    """A location's work for one order. The pickup code is shown to nobody."""

    fulfillment_id: str
    order_id: str
    order_number: str | None = None
    version: int
    location_id: str
    method: str
    status: str
    urgency: str
    minutes_overdue: int
    minutes_waiting: int
    due_by: Instant
    accept_by: Instant | None = None
    priority: int
    items: tuple[Item, ...]
    parcels: tuple[Parcel, ...] = ()
    service: str | None = None
    created_at: Instant
    accepted_at: Instant | None = None
    packed_at: Instant | None = None
    ready_at: Instant | None = None
    pickup_expires_at: Instant | None = None
    collector: str | None = None
    ended_at: Instant | None = None
    shipments: tuple[str, ...] = ()
    legal: tuple[str, ...] = ()


class PickRow(Strict):
    """Units to fetch of one SKU, and the work that waits for them, most urgent first."""

    sku: str
    title: str | None = None
    barcodes: tuple[str, ...] = ()
    quantity: int
    fulfillments: dict[str, int]


class PickList(Strict):
    location_id: str
    units: int
    rows: tuple[PickRow, ...]


class ShipmentView(Strict):
    shipment_id: str
    order_id: str
    fulfillment_id: str
    location_id: str
    version: int
    status: str
    carrier: str | None = None
    service: str | None = None
    tracking: tuple[str, ...] = ()
    items: tuple[ShippedItem, ...]
    parcels: tuple[ShippedParcel, ...] = ()
    cost: Money
    quotes: tuple[KeptQuote, ...] = ()
    shipped_at: Instant
    arrive_by: Instant | None = None
    ended_at: Instant | None = None


class QuoteView(Strict):
    """A service's quote; `dropped` says why it was set aside, the first without is the choice."""

    carrier: str
    service: str
    cost: Money
    ship_by: Instant
    arrive_by: Instant
    days_min: int
    days_max: int
    source: str
    example: bool
    risk_minor: int = 0
    dropped: str | None = None


class RateView(Strict):
    """All quotes, the best first. `chosen` keeps the promise; `soonest` is left when none does."""

    chosen: QuoteView | None = None
    soonest: QuoteView | None = None
    quotes: tuple[QuoteView, ...] = ()


def work_view(work: Fulfillment, now: datetime) -> WorkView:
    """Return work as it is shown, with its age and what can be done with it."""
    age = decide.ageing(work, now)
    told = {
        name: getattr(work, name)
        for name in WorkView.model_fields
        if name in Fulfillment.model_fields and name != "shipments"
    }
    legal = set(decide.legal_commands(work)) | ({"move"} if decide.can_move(work) else set())
    return WorkView.model_construct(
        **told,
        urgency=age.urgency.value,
        minutes_overdue=age.minutes_overdue,
        minutes_waiting=age.minutes_waiting,
        shipments=tuple(f"{work.fulfillment_id}.s{n}" for n in range(1, work.shipments + 1)),
        legal=tuple(sorted(legal)),
    )


def shipment_view(shipment: Shipment) -> ShipmentView:
    """Return a shipment as it is shown."""
    told = {
        name: getattr(shipment, name)
        for name in ShipmentView.model_fields
        if name in Shipment.model_fields
    }
    return ShipmentView.model_construct(**told, cost=Money(shipment.currency, shipment.cost_minor))


def rate_view(choice: Choice) -> RateView:
    """Return quotes as they are shown, in the order of the choice."""
    rows = tuple(
        QuoteView(
            carrier=row.quote.carrier,
            service=row.quote.service,
            cost=Money(row.quote.currency, row.quote.cost_minor),
            ship_by=row.quote.ship_by,
            arrive_by=row.quote.arrive_by,
            days_min=row.quote.days_min,
            days_max=row.quote.days_max,
            source=row.quote.source,
            example=row.quote.example,
            risk_minor=row.risk_minor,
            dropped=row.dropped,
        )
        for row in choice.ranking
    )
    shown = {id(row.quote): view for row, view in zip(choice.ranking, rows, strict=True)}
    return RateView(
        chosen=shown.get(id(choice.chosen)),
        soonest=shown.get(id(choice.soonest)),
        quotes=rows,
    )
