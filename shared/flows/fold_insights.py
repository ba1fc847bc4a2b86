"""Events become counters: what an event alone does not say is read from its order."""

from collections.abc import Iterable
from datetime import UTC, datetime

from pydantic import JsonValue

from shared.contracts.cloud_event import AnyEvent
from shared.couriers.tender import SHIPMENTS, Shipment
from shared.flows.context import Flows
from shared.flows.knowledge import point_of
from shared.insights import service
from shared.insights.decide import needs_order, split_tally, tally_of
from shared.insights.decide.counting import REFUND, RETURN
from shared.insights.model import Beside, OrderFacts, PartFacts, ShipmentFacts, Tally
from shared.kernel.conditions import Condition
from shared.kernel.documents import EVENT_KINDS, Container
from shared.kernel.documents import Order as Sorting
from shared.kernel.geo import distance_m
from shared.orders import service as order_service
from shared.orders.decide import all_parts
from shared.orders.model import RESERVED, WITH_CUSTOMER, Order

RETURN_EVENTS_MAX = 100
_ASSIGNED = RESERVED | WITH_CUSTOMER


async def fold_event(flows: Flows, event: AnyEvent, now: datetime) -> bool:
    """Count an event, once however often it comes; False when it adds nothing (any more).

    Raises:
        Unavailable: not known to be counted; the same event may succeed later.
    """
    return await fold_events(flows, [event], now) > 0


async def fold_events(flows: Flows, events: Iterable[AnyEvent], now: datetime) -> int:
    """Count events, those of one tenant and day together; returns how many counts were new.

    Raises:
        Unavailable: not known of all to be counted; the same events may succeed later.
    """
    found: dict[tuple[str, str], dict[str, Tally]] = {}
    for event in events:
        for day, mark, tally in await _tallies(flows, event, now):
            found.setdefault((event.tenantid, day), {})[mark] = tally
    counted = 0
    for (tenant_id, day), tallies in found.items():
        counted += await service.count_all(flows.store, tenant_id, day, tallies, now)
    return counted


async def _tallies(flows: Flows, event: AnyEvent, now: datetime) -> list[tuple[str, str, Tally]]:
    """Return what an event adds: to which day, under which mark."""
    at = event.time or now
    beside = await _beside(flows, event, now)
    found: list[tuple[str, str, Tally]] = []
    split = split_tally(event.type, beside)
    if split is not None and beside.order is not None:
        found.append((beside.order.day, f"split:{beside.order.order_id}", split))
    tally = tally_of(event.type, at, event.data, beside)
    if tally is not None:
        found.append((at.astimezone(UTC).date().isoformat(), event.id, tally))
    return found


async def _beside(flows: Flows, event: AnyEvent, now: datetime) -> Beside:
    order_id = event.data.get("order_id")
    if not needs_order(event.type) or not isinstance(order_id, str):
        return Beside()
    stored = await order_service.find(flows.store, event.tenantid, order_id)
    if stored is None:
        return Beside()  # a blind return has none
    order = stored.body
    return Beside(
        order=order_facts(order),
        shipment=await _shipment(flows, event, order, now),
        requested_at=await _requested(flows, event, order_id),
    )


def order_facts(order: Order) -> OrderFacts:
    """Return what counting must know of an order (pure)."""
    return OrderFacts(
        order_id=order.order_id,
        day=order.day,
        channel=order.channel,
        accepted_at=order.accepted_at,
        is_split=_is_split(order),
        parts={
            (line.line_id, part.part): PartFacts(
                part.ship_by, part.ready_by, part.arrive_by, part.fulfillment_id
            )
            for line, part in all_parts(order)
        },
    )


def _is_split(order: Order) -> bool:
    """Tell whether more than one fulfillment of the same method serves the order."""
    work: dict[str, set[str]] = {}
    for line, part in all_parts(order):
        if part.fulfillment_id and part.state in _ASSIGNED:
            work.setdefault(line.method, set()).add(part.fulfillment_id)
    return any(len(ids) > 1 for ids in work.values())


async def _shipment(
    flows: Flows, event: AnyEvent, order: Order, now: datetime
) -> ShipmentFacts | None:
    shipment_id = event.data.get("shipment_id")
    if event.type != "fulfillment.parts-shipped.v1" or not isinstance(shipment_id, str):
        return None
    stored = await flows.store.get(
        event.tenantid, SHIPMENTS, order.order_id, f"shipment:{shipment_id}"
    )
    if stored is None:
        return None
    known = await flows.knowledge.of(event.tenantid, now)
    shipment = stored.body
    place = known.locations.get(shipment.location_id)
    start = point_of(place.place.lat_e6, place.place.lon_e6) if place else None
    to = order.ship_to
    end = point_of(to.lat_e6, to.lon_e6) if to else None
    return ShipmentFacts(
        currency=shipment.currency,
        cost_minor=shipment.cost_minor,
        parcels=max(1, len(shipment.parcels)),
        default_cost_minor=_default_cost(shipment, known.settings.default_service),
        distance_m=distance_m(start, end) if start and end else None,
    )


def _default_cost(shipment: Shipment, service_id: str | None) -> int | None:
    costs = [quote.cost_minor for quote in shipment.quotes if quote.service == service_id]
    return min(costs, default=None)


async def _requested(flows: Flows, event: AnyEvent, order_id: str) -> datetime | None:
    """Return when the return was asked for that a refund is for: its first event."""
    return_id: JsonValue = event.data.get("return_id")
    if event.type != REFUND or return_id is None:
        return None
    page = await flows.store.query(
        event.tenantid,
        EVENT_KINDS[Container.ORDERS],
        key=order_id,
        where=(Condition("name", "eq", RETURN),),
        order=Sorting("at"),
        limit=RETURN_EVENTS_MAX,
    )
    told = (row.body for row in page.items if row.body.data.get("return_id") == return_id)
    return min((body.at for body in told), default=None)
