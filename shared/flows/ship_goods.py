"""Parcels leave a location: parts are shipped, their reservations consumed, the tender is kept."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.couriers.model import Quote
from shared.couriers.shipment import ShipmentStatus
from shared.couriers.tender import (
    SHIPMENTS,
    KeptQuote,
    Shipment,
    ShippedItem,
    ShippedParcel,
)
from shared.flows.context import Flows
from shared.flows.order_command import Follow, Works, apply_command, work_of
from shared.fulfillment import decide as work_rules
from shared.fulfillment import model as work_model
from shared.fulfillment import service as work_service
from shared.fulfillment.model import (
    Fulfillment,
    Item,
    NotInFulfillment,
    Parcel,
    Status,
    WrongMethod,
)
from shared.kernel.documents import Create, Operation
from shared.kernel.errors import NotAllowed
from shared.orders import decide as orders
from shared.orders.decide.change import Act, Change
from shared.orders.decide.facts import Item as Shipped
from shared.orders.decide.facts import Parcels
from shared.orders.decide.reject import Work
from shared.orders.model import Order
from shared.tenants.model import Caller


@dataclass(frozen=True, slots=True)
class Tender:
    """What is handed to a carrier: parcels with tracking, and the service with its rivals.

    `units` by line: a partial shipment; None: everything.
    """

    carrier: str | None = None
    service: str | None = None
    parcels: tuple[Parcel, ...] = ()
    cost_minor: int = 0
    arrive_by: datetime | None = None
    quotes: tuple[Quote, ...] = ()
    units: Mapping[str, int] | None = None


async def ship(
    flows: Flows,
    caller: Caller,
    fulfillment_id: str,
    tender: Tender,
    now: datetime,
    *,
    command_id: str | None = None,
) -> Fulfillment:
    """Record that packed parcels left: the parts are shipped, their reservations consumed.

    `command_id`: a partial shipment told twice leaves once.

    Raises:
        WrongMethod: its customer collects it.
        NotAllowed: it is not packed.
        NotInFulfillment: more units than the work has.
    """

    def decide(order: Order, works: Works, act: Act) -> Change | None:
        work = work_of(works, fulfillment_id)
        if work.status is Status.SHIPPED:
            return None
        if work.method != "ship":
            raise WrongMethod(work.method, "ship")
        if work.status is not Status.PACKED:
            raise NotAllowed("fulfillment", work.status, "ship", work_rules.legal_commands(work))
        return _shipped(order, work, tender, act)

    follow = _follow(fulfillment_id, tender, now)
    order_id = work_service.order_of(fulfillment_id)
    applied = await apply_command(
        flows, caller, order_id, decide, now, follow, command_id=command_id
    )
    return applied.work(fulfillment_id)


async def record_shipped(
    flows: Flows,
    caller: Caller,
    fulfillment_id: str,
    tender: Tender,
    now: datetime,
    *,
    command_id: str,
) -> Fulfillment:
    """Record what a 3PL, vendor or store's system says has left: a fact, whatever was told before.

    Acceptance, picking and packing are implied. What was cancelled or given back meanwhile is a
    conflict that a person looks at; stock follows all the same.

    Raises:
        NotFound: there is no such work.
        NotInFulfillment: more units than the work has.
    """

    def decide(order: Order, works: Works, act: Act) -> Change | None:
        work = work_of(works, fulfillment_id)
        return None if work.status is Status.SHIPPED else _shipped(order, work, tender, act)

    follow = _follow(fulfillment_id, tender, now, is_fact=True)
    order_id = work_service.order_of(fulfillment_id)
    applied = await apply_command(
        flows, caller, order_id, decide, now, follow, command_id=command_id
    )
    return applied.work(fulfillment_id)


def _shipped(order: Order, work: Fulfillment, tender: Tender, act: Act) -> Change | None:
    parcels = Parcels(
        f"{work.fulfillment_id}.s{work.shipments + 1}",
        work.location_id,
        carrier=tender.carrier,
        service=tender.service,
        tracking=tuple(p.tracking for p in tender.parcels if p.tracking),
    )
    about = Work(work.fulfillment_id, work.location_id, Status.SHIPPED)
    return orders.ship(order, about, parcels, leaving(work, tender.units), act)


def _follow(fulfillment_id: str, tender: Tender, now: datetime, *, is_fact: bool = False) -> Follow:
    shipped: list[Fulfillment] = []

    def moved(work: Fulfillment) -> Fulfillment:
        if work.fulfillment_id != fulfillment_id:
            return work
        shipped.append(work)
        is_whole = leaving(work, tender.units) == leaving(work, None)
        found = work_rules.overtaken(work) if is_fact and is_whole else work
        parcels = tender.parcels or work.parcels
        return found.model_copy(update={"shipments": work.shipments + 1, "parcels": tuple(parcels)})

    def kept(change: Change) -> list[Operation]:
        document = _shipment(shipped[-1], tender, change, now)
        return [Create(SHIPMENTS, f"shipment:{document.shipment_id}", document)]

    return Follow(ends_by=work_model.Ship, replaced=moved, beside=kept)


def leaving(work: Fulfillment, units: Mapping[str, int] | None) -> list[Shipped]:
    """Return the parts that leave; `units` by line, None for all.

    Raises:
        NotInFulfillment: more units than the work has.
    """
    if units is None:
        return [Shipped(item.line_id, item.part, item.quantity) for item in work.items]
    left, rows = dict(units), []
    for item in work.items:
        taken = min(left.get(item.line_id, 0), item.quantity)
        if taken:
            rows.append(Shipped(item.line_id, item.part, taken))
            left[item.line_id] -= taken
    for line_id, excess in left.items():
        if excess:
            raise NotInFulfillment(f"line {line_id}", excess)
    return rows


def _shipment(work: Fulfillment, tender: Tender, change: Change, now: datetime) -> Shipment:
    """Return the tender's document: the parts that left are those that the change shipped."""
    parcels = tender.parcels or work.parcels
    return Shipment(
        shipment_id=f"{work.fulfillment_id}.s{work.shipments + 1}",
        order_id=work.order_id,
        fulfillment_id=work.fulfillment_id,
        location_id=work.location_id,
        version=1,
        status=ShipmentStatus.BOOKED,
        carrier=tender.carrier,
        service=tender.service,
        tracking=tuple(parcel.tracking for parcel in parcels if parcel.tracking),
        items=tuple(_shipped_items(work, change)),
        parcels=tuple(
            ShippedParcel(**parcel.model_dump(exclude={"contents"})) for parcel in parcels
        ),
        cost_minor=tender.cost_minor or work.cost_minor,
        currency=work.currency,
        quotes=tuple(_kept(quote) for quote in tender.quotes),
        shipped_at=now,
        arrive_by=tender.arrive_by,
    )


def _kept(quote: Quote) -> KeptQuote:
    return KeptQuote(
        carrier=quote.carrier,
        service=quote.service,
        cost_minor=quote.cost_minor,
        arrive_by=quote.arrive_by,
    )


def _shipped_items(work: Fulfillment, change: Change) -> Iterable[ShippedItem]:
    known: dict[str, Item] = {item.line_id: item for item in work.items}
    reservations = {
        (line.line_id, part.part): part.reservation_id or ""
        for line in change.order.lines
        for part in line.parts
    }
    for part in change.event.parts:
        if part.fulfillment_id == work.fulfillment_id and part.state == "shipped":
            yield ShippedItem(
                line_id=part.line_id,
                part=part.part,
                sku=known[part.line_id].sku,
                quantity=part.quantity,
                reservation_id=reservations[part.line_id, part.part],
            )
