"""The channel that sold it is told that goods left, or were handed over."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from pydantic import JsonValue

from shared.channels import service as channels
from shared.channels.model import Connection
from shared.channels.ports import Shipped
from shared.channels.shopify import CHANNEL as SHOPIFY
from shared.contracts.cloud_event import AnyEvent
from shared.flows.telling import Telling
from shared.kernel.errors import NotFound
from shared.orders import decide as orders
from shared.orders import service as order_service
from shared.orders.model import WITH_CUSTOMER, Line, Order, PartState

SHIPPED: Final = "fulfillment.parts-shipped.v1"
HANDED_OVER: Final = "fulfillment.parts-handed-over.v1"
_STATES: Final = {SHIPPED: "shipped", HANDED_OVER: "handed-over"}
_OUT: Final = WITH_CUSTOMER | {PartState.RETURNED, PartState.LOST}
WRITTEN_BACK: Final = frozenset({SHOPIFY})


def is_written_back(event_type: str, data: Mapping[str, JsonValue]) -> bool:
    """Tell whether an event is for the channel that sold it, as far as the event says (pure)."""
    channel = data.get("channel")
    return event_type in _STATES and (channel is None or channel in WRITTEN_BACK)


async def tell_channel(telling: Telling, event: AnyEvent, now: datetime) -> bool:
    """Tell a channel what left; False when there is nothing to tell, or it knows already.

    Raises:
        Unavailable: the channel cannot be reached now.
        Refused: it does not take it.
    """
    state, order_id = _STATES.get(event.type), event.data.get("order_id")
    if state is None or not isinstance(order_id, str):
        return False
    order = await order_service.get_order(telling.store, event.tenantid, order_id)
    if order.channel not in WRITTEN_BACK:
        return False
    connection = await _connection(telling, event.tenantid, order)
    units = units_by_channel_line(order, event.data, state)
    if connection is None or not units:
        return False
    known = await telling.knowledge.of(event.tenantid, now)
    shipped = Shipped(
        reference=order.reference,
        shipment_id=_shipment(event.data),
        units=units,
        carrier=_text(event.data.get("carrier")),
        tracking=_texts(event.data.get("tracking")),
        # One of the two tells the customer: we, where the tenant wishes our messages.
        notify_customer=not known.settings.customer_messages,
    )
    return await telling.channels.ship(event.tenantid, connection, shipped)


async def _connection(telling: Telling, tenant_id: str, order: Order) -> Connection | None:
    try:
        found = await channels.get_connection(telling.store, tenant_id, order.connection)
    except NotFound:
        return None
    return found if found.is_active else None


def units_by_channel_line(
    order: Order, data: Mapping[str, JsonValue], state: str
) -> dict[str, int]:
    """Return the units of an event that are in a state, by the channel's own line ids (pure).

    A bundle counts with the event that completes it.
    """
    told = _units_told(data, state)
    units: dict[str, int] = {}
    for line in order.lines:
        if line.channel_line and line.channel_line not in units and line.line_id in told:
            rows = orders.goods_of(orders.bundle_lines(order.lines, line.line_id) or (line,))
            units[line.channel_line] = _complete(rows, told)
    return {name: count for name, count in units.items() if count}


def _units_told(data: Mapping[str, JsonValue], state: str) -> dict[str, int]:
    told: dict[str, int] = {}
    parts = data.get("parts")
    for part in parts if isinstance(parts, list) else []:
        if not isinstance(part, dict) or part.get("state") != state:
            continue
        line_id, quantity = str(part.get("line_id")), part.get("quantity")
        if isinstance(quantity, int):
            told[line_id] = told.get(line_id, 0) + quantity
    return told


def _complete(lines: Sequence[Line], told: Mapping[str, int]) -> int:
    """Return the units of a line that an event tells of, of a bundle those that it completed."""
    if lines[0].bundle is None:
        return told.get(lines[0].line_id, 0)
    out = {row.line_id: sum(p.quantity for p in row.parts if p.state in _OUT) for row in lines}
    now = min(out[row.line_id] // orders.per_bundle(row) for row in lines)
    before = min(
        max(0, out[row.line_id] - told.get(row.line_id, 0)) // orders.per_bundle(row)
        for row in lines
    )
    return now - before


def _shipment(data: Mapping[str, JsonValue]) -> str:
    return _text(data.get("shipment_id")) or f"{data.get('fulfillment_id')}.handed-over"


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) and value else None


def _texts(value: JsonValue) -> tuple[str, ...]:
    return tuple(v for v in value if isinstance(v, str)) if isinstance(value, list) else ()
