"""What customers are told of an event: read from the order, written in their language, once."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import JsonValue

from shared.catalog.model import Location
from shared.contracts.cloud_event import AnyEvent
from shared.couriers.tender import SHIPMENTS
from shared.flows.knowledge import TenantKnowledge
from shared.flows.telling import Telling
from shared.fulfillment import service as work_service
from shared.fulfillment.model import Fulfillment
from shared.kernel.documents import Documents
from shared.kernel.errors import NotFound
from shared.kernel.money import Money
from shared.notifications import service
from shared.notifications.decide import formats, letters
from shared.notifications.decide.formats import Locale
from shared.notifications.decide.letters import Facts, Row
from shared.notifications.model import CustomerMessage, MessageKind
from shared.orders import service as order_service
from shared.orders.decide import total_of
from shared.orders.decide.bundles import Sold, as_sold
from shared.orders.model import Line, Order

_SHOWS_VALUE = frozenset({MessageKind.CONFIRMED})
_OF_PARTS = frozenset(
    {MessageKind.CONFIRMED, MessageKind.SHIPPED, MessageKind.CANCELLED, MessageKind.EXPIRED}
)


@dataclass(frozen=True, slots=True)
class _About:
    """The order that an event is of, with what else the message needs."""

    order: Order
    known: TenantKnowledge
    work: Fulfillment | None
    arrival: datetime | None

    @property
    def location(self) -> Location | None:
        return self.known.locations.get(self.work.location_id) if self.work else None


async def tell_customer(telling: Telling, event: AnyEvent, now: datetime) -> MessageKind | None:
    """Write the customer what an event means to them; None when they are told nothing of it.

    Nothing is told where the tenant wishes no messages, or no address is known.

    Raises:
        Unavailable: it is not known to be sent; the same event may succeed later.
    """
    data, tenant_id = event.data, event.tenantid
    kind, order_id = letters.kind_of(event.type, data), str(data.get("order_id", ""))
    if kind is None or not order_id:
        return None
    known = await telling.knowledge.of(tenant_id, now)
    if not known.settings.customer_messages:
        return None
    if await service.is_told(telling.store, tenant_id, order_id, event.id):
        return None
    order = await order_service.get_order(telling.store, tenant_id, order_id)
    if order.customer is None or not order.customer.email:
        return None
    about = await _about(telling.store, tenant_id, known, order, data)
    message = _message(kind, event, about)
    await telling.messenger.send(message)
    await service.remember_told(
        telling.store,
        tenant_id,
        order_id,
        event_id=event.id,
        kind=kind,
        language=message.language,
        now=now,
    )
    return kind


async def _about(
    store: Documents,
    tenant_id: str,
    known: TenantKnowledge,
    order: Order,
    data: Mapping[str, JsonValue],
) -> _About:
    fulfillment_id, shipment_id = data.get("fulfillment_id"), data.get("shipment_id")
    work, arrival = None, None
    if isinstance(fulfillment_id, str):
        try:
            work = (await work_service.get(store, tenant_id, fulfillment_id)).body
        except NotFound:
            work = None
    if isinstance(shipment_id, str):
        kept = await store.get(tenant_id, SHIPMENTS, order.order_id, f"shipment:{shipment_id}")
        arrival = kept.body.arrive_by if kept else None
    return _About(order, known, work, arrival)


def _message(kind: MessageKind, event: AnyEvent, about: _About) -> CustomerMessage:
    order, settings = about.order, about.known.settings
    customer, locale = order.customer, _locale(kind, about)
    facts = _facts(kind, event.data, about)
    letter = letters.write(kind, facts, locale)
    at = event.time or order.accepted_at
    return CustomerMessage(
        message_id=event.id,
        tenant_id=event.tenantid,
        order_id=order.order_id,
        kind=kind,
        to_address=(customer.email or "") if customer else "",
        to_name=customer.name if customer else None,
        sender=settings.name,
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        language=locale.language,
        at=formats.moment(at, locale),
    )


def _locale(kind: MessageKind, about: _About) -> Locale:
    """Return the reader's language and zone: the store's own for what happens at a store."""
    order, settings = about.order, about.known.settings
    place = order.ship_to or order.bill_to
    country = (place.country if place else None) or settings.country
    is_at_store = kind not in {MessageKind.SHIPPED, MessageKind.CONFIRMED}
    zone = about.location.hours.zone if about.location and is_at_store else None
    language = formats.language_of(settings.languages, country)
    return Locale(language, country, zone or _zone(order) or settings.time_zone)


def _zone(order: Order) -> str | None:
    return order.time_zone if order.time_zone and formats.is_zone(order.time_zone) else None


def _facts(kind: MessageKind, data: Mapping[str, JsonValue], about: _About) -> Facts:
    order, work = about.order, about.work
    location = about.location
    is_pickup = work is not None and work.method == "pickup"
    refund = data.get("refund_minor")
    return Facts(
        shop=about.known.settings.name,
        number=order.known_as,
        name=order.customer.name if order.customer else None,
        rows=_rows(kind, data, order) if kind in _OF_PARTS else (),
        total=Money(order.currency, total_of(order)) if kind is MessageKind.CONFIRMED else None,
        amount=Money(order.currency, refund) if isinstance(refund, int) and refund else None,
        store=location.name if location and is_pickup else None,
        store_lines=_address(location) if location and is_pickup else (),
        code=work.pickup_code if work and is_pickup else None,
        until=work.pickup_expires_at if work and is_pickup else None,
        carrier=_text(data.get("carrier")),
        tracking=_texts(data.get("tracking")),
        arrival=about.arrival,
    )


def _address(location: Location) -> tuple[str, ...]:
    place = location.place
    town = " ".join(part for part in (place.postcode, place.locality) if part)
    return (*place.lines, *((town,) if town else ()))


def _rows(kind: MessageKind, data: Mapping[str, JsonValue], order: Order) -> tuple[Row, ...]:
    """Return the goods that an event tells of, as they were bought."""
    units: dict[str, int] = {}
    wanted = _STATES.get(kind)
    for part in _parts(data.get("parts")):
        line_id, quantity = part.get("line_id"), part.get("quantity")
        is_meant = wanted is None or part.get("state") == wanted
        if is_meant and isinstance(line_id, str) and isinstance(quantity, int):
            units[line_id] = units.get(line_id, 0) + quantity
    return tuple(_row(kind, sold, units, order.currency) for sold in as_sold(order, units))


_STATES = {
    MessageKind.SHIPPED: "shipped",
    MessageKind.CANCELLED: "cancelled",
    MessageKind.EXPIRED: "cancelled",
}


def _row(kind: MessageKind, sold: Sold, units: Mapping[str, int], currency: str) -> Row:
    """Return a row; a bundle that is not whole is shown by what there is of it."""
    minor = sum(map(_paid, sold.lines))
    value = Money(currency, minor) if kind in _SHOWS_VALUE else None
    rows = tuple(Row(_name(line), str(units[line.line_id])) for line in sold.lines)
    if sold.bundle is None:
        return replace(rows[0], value=value)
    name = sold.bundle.title or sold.bundle.sku
    return Row(name, str(sold.whole) if sold.whole else "", value, rows)


def _name(line: Line) -> str:
    return line.title or line.sku or line.line_id


def _paid(line: Line) -> int:
    return line.value_minor + (0 if line.tax_included else line.tax_minor)


def _parts(parts: JsonValue) -> list[dict[str, JsonValue]]:
    return [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) and value else None


def _texts(value: JsonValue) -> tuple[str, ...]:
    return tuple(v for v in value if isinstance(v, str)) if isinstance(value, list) else ()
