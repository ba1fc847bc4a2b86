"""Orders: taken in, shown, found, steered."""

from datetime import date

import azure.functions as func
from pydantic import Field

from functions._edge import Call, Delivery, Reply, http, listing, queue
from shared.channels import pos
from shared.contracts.cloud_event import CloudEvent
from shared.contracts.intake import OrdersInbound, PlaceOrder, ReceiveReceipt
from shared.contracts.intake_check import read_place_order
from shared.customers.decide import mark
from shared.customers.model import IdentifierKind, keyring_of
from shared.flows import steer_order
from shared.flows.order_command import Applied
from shared.flows.place_order import place_canonical
from shared.flows.place_order import place_order as place
from shared.flows.views import (
    OrderRow,
    OrderView,
    TimelineRow,
    order_row,
    order_view,
    timeline_row,
)
from shared.fulfillment import service as work_service
from shared.kernel.errors import Fault, Invalid
from shared.kernel.ids import lookup_hash
from shared.kernel.model import Identifier, ShortText, Strict, Text, Units
from shared.orders import service
from shared.orders.decide import Edit
from shared.orders.decide import Units as CancelledUnits
from shared.orders.model import Address, Contact, OrderStatus
from shared.orders.service import OrderSearch
from shared.wiring import flows, store

bp = func.Blueprint()

SEARCH = {
    "reference": "the channel's own id of the order, exactly",
    "number": "what the customer knows it by, where that is not the reference, exactly",
    "email": "exactly, in any case",
    "phone": "with or without the country's code",
    "loyalty_id": "exactly",
    "sku": "orders that have it on a line",
    "status": "received, on-hold, open, partially-fulfilled, fulfilled, cancelled or closed",
    "connection": "the account of the channel it came through",
    "customer": "a customer's id",
    "from": "accepted on or after this date (UTC)",
    "to": "accepted on or before this date (UTC)",
}


class CancelLine(Strict):
    line_id: Identifier
    quantity: Units | None = None  # all that is left


class CancelBody(Strict):
    """Without lines the whole order."""

    reason: Identifier = "customer"
    lines: tuple[CancelLine, ...] = Field(default=(), max_length=200)


class HoldBody(Strict):
    reason: Identifier
    note: Text | None = None


class ReleaseBody(Strict):
    """Without a reason every hold is taken off."""

    reason: Identifier | None = None


class EditBody(Strict):
    """Only what is named changes; another address or service re-routes what is not picked."""

    ship_to: Address | None = None
    bill_to: Address | None = None
    customer: Contact | None = None
    shipping_choice: Identifier | None = None
    priority: int | None = Field(default=None, ge=-1000, le=1000)
    tags: tuple[ShortText, ...] | None = Field(default=None, max_length=50)


class NoteBody(Strict):
    text: Text = Field(min_length=1)


class RerouteBody(Strict):
    """Without lines everything that nobody picked."""

    lines: tuple[Identifier, ...] = Field(default=(), max_length=200)


@http(
    bp,
    "POST",
    "orders",
    "orders.place",
    body=PlaceOrder,
    read=read_place_order,
    answer=OrderView,
    status=201,
    creates=True,
)
async def place_order(call: Call[PlaceOrder]) -> Reply:
    """Take an order in; the same order again answers 200 with the order that is there."""
    placed = await place_canonical(flows(), call.caller, call.body, call.now)
    call.note(order_id=placed.order.order_id)
    return Reply(
        order_view(placed.order, ()),
        status=201 if placed.is_new else 200,
        location=f"/api/v1/orders/{placed.order.order_id}",
    )


@queue(bp, "orders-in", OrdersInbound)
async def receive_orders(delivery: Delivery[CloudEvent[OrdersInbound]]) -> None:
    """Take in orders from tills, marketplaces and files."""
    told = delivery.event.data.root
    if isinstance(told, ReceiveReceipt):
        receipt = pos.order_of(told.receipt)
        placed = await place(flows(), delivery.caller, receipt, delivery.now)
    else:
        placed = await place_canonical(flows(), delivery.caller, told.order, delivery.now)
    delivery.note(order_id=placed.order.order_id)


@http(bp, "GET", "orders", "orders.search", answer=OrderRow, many=True, query=SEARCH)
async def search_orders(call: Call[None]) -> Reply:
    """Find orders, the latest first; all filters must hold."""
    limit, cursor = call.page()
    page = await service.search(
        store(), call.tenant_id, await _search(call), limit=limit, cursor=cursor
    )
    return Reply(listing([order_row(row.body) for row in page.items], page.cursor))


async def _search(call: Call[None]) -> OrderSearch:
    status = call.query("status")
    if status is not None and status not in set(OrderStatus):
        raise Invalid([Fault("/status", "unknown-status", f"one of {', '.join(OrderStatus)}")])
    return OrderSearch(
        reference=call.query("reference"),
        number=call.query("number"),
        lookup=await _lookup(call),
        sku=call.query("sku"),
        status=OrderStatus(status) if status else None,
        connection=call.query("connection"),
        customer_id=call.query("customer"),
        from_day=_day(call, "from"),
        to_day=_day(call, "to"),
    )


async def _lookup(call: Call[None]) -> str | None:
    """Return the hash of the one identifier that is asked for; one nobody has finds nothing."""
    kinds = {"email": IdentifierKind.EMAIL, "phone": IdentifierKind.PHONE}
    kinds |= {"loyalty_id": IdentifierKind.LOYALTY}
    asked = [(kind, raw) for name, kind in kinds.items() if (raw := call.query(name))]
    if not asked:
        return None
    if len(asked) > 1:
        raise Invalid([Fault("", "too-many-identifiers", "name one of email, phone, loyalty_id")])
    known = await flows().knowledge.of(call.tenant_id, call.now)
    ring = keyring_of(known.settings)
    found = mark(*asked[0], ring.country)
    return lookup_hash(ring.key, found.kind, found.value) if found else "-"


def _day(call: Call[None], name: str) -> date | None:
    raw = call.query(name)
    if raw is None:
        return None
    try:
        return date.fromisoformat(raw)
    except ValueError:
        raise Invalid([Fault(f"/{name}", "not-a-date", "YYYY-MM-DD")]) from None


@http(bp, "GET", "orders/{order}", "orders.read", answer=OrderView)
async def read_order(call: Call[None]) -> Reply:
    """Show an order with its lines, parts and the work that locations have for it."""
    order_id = call.param("order")
    stored = await service.load(store(), call.tenant_id, order_id)
    works = await work_service.of_order(store(), call.tenant_id, order_id)
    view = order_view(stored.body, tuple(work.body for work in works))
    return Reply(view, etag=stored.etag)


@http(bp, "GET", "orders/{order}/timeline", "orders.timeline", answer=TimelineRow, many=True)
async def read_timeline(call: Call[None]) -> Reply:
    """Show who did what with an order, when and why, the first first."""
    limit, cursor = call.page()
    page = await service.timeline(
        store(), call.tenant_id, call.param("order"), limit=limit, cursor=cursor
    )
    rows = [
        timeline_row(row.body.name, row.body.at, row.body.actor, dict(row.body.data))
        for row in page.items
    ]
    return Reply(listing(rows, page.cursor))


async def _shown(call: Call[object], applied: Applied) -> Reply:
    order = applied.order
    call.note(order_id=order.order_id)
    works = await work_service.of_order(store(), call.tenant_id, order.order_id)
    return Reply(order_view(order, tuple(work.body for work in works)))


@http(
    bp,
    "POST",
    "orders/{order}:cancel",
    "orders.cancel",
    body=CancelBody,
    answer=OrderView,
    creates=True,
)
async def cancel_order(call: Call[CancelBody]) -> Reply:
    """Cancel lines, quantities or the whole order; what is picked already is asked for."""
    units = [CancelledUnits(line.line_id, line.quantity) for line in call.body.lines]
    applied = await steer_order.cancel(
        flows(),
        call.caller,
        call.param("order"),
        units,
        call.body.reason,
        call.now,
        command_id=call.command_id if units else None,
    )
    return await _shown(call, applied)


@http(bp, "POST", "orders/{order}:hold", "orders.hold", body=HoldBody, answer=OrderView)
async def hold_order(call: Call[HoldBody]) -> Reply:
    """Stop an order: what has not left the house stays."""
    body = call.body
    applied = await steer_order.hold(
        flows(), call.caller, call.param("order"), body.reason, body.note, call.now
    )
    return await _shown(call, applied)


@http(bp, "POST", "orders/{order}:release", "orders.release", body=ReleaseBody, answer=OrderView)
async def release_order(call: Call[ReleaseBody]) -> Reply:
    """Take a hold off; with the last one the order goes on."""
    applied = await steer_order.release(
        flows(), call.caller, call.param("order"), call.body.reason, call.now
    )
    return await _shown(call, applied)


@http(bp, "POST", "orders/{order}:edit", "orders.edit", body=EditBody, answer=OrderView)
async def edit_order(call: Call[EditBody]) -> Reply:
    """Change an address, contact, service, priority or tags."""
    wanted = Edit(**{name: getattr(call.body, name) for name in EditBody.model_fields})
    applied = await steer_order.edit(flows(), call.caller, call.param("order"), wanted, call.now)
    return await _shown(call, applied)


@http(bp, "POST", "orders/{order}:reroute", "orders.reroute", body=RerouteBody, answer=OrderView)
async def reroute_order(call: Call[RerouteBody]) -> Reply:
    """Send to routing again what nobody has picked."""
    order_id = call.param("order")
    only = None
    if call.body.lines:
        order = await service.get_order(store(), call.tenant_id, order_id)
        lines = [line for line in order.lines if line.line_id in call.body.lines]
        only = [(line.line_id, part.part) for line in lines for part in line.parts]
    applied = await steer_order.reroute(flows(), call.caller, order_id, call.now, only=only)
    return await _shown(call, applied)


@http(
    bp,
    "POST",
    "orders/{order}:note",
    "orders.note",
    body=NoteBody,
    answer=OrderView,
    creates=True,
)
async def note_order(call: Call[NoteBody]) -> Reply:
    """Write a note beside an order."""
    applied = await steer_order.note(
        flows(),
        call.caller,
        call.param("order"),
        call.body.text,
        call.now,
        command_id=call.command_id,
    )
    return await _shown(call, applied)
