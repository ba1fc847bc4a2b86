"""An order as it is shown: its own document with the work that locations have for it."""

from datetime import datetime

from shared.fulfillment.decide import legal_commands
from shared.fulfillment.model import Fulfillment
from shared.kernel.model import Instant, Strict
from shared.kernel.money import Money
from shared.orders.decide import all_parts
from shared.orders.decide.refund import total_of
from shared.orders.model import Address, Bundle, Contact, Hold, Line, Note, Order, PartState, Tender

IN_FULFILLMENT = "in-fulfillment"
_TAKEN_ON = frozenset({"accepted", "picking", "picked", "packed", "ready-for-pickup"})


class PartView(Strict):
    """A part with its state; `in-fulfillment` is derived from its location's work."""

    part: int
    quantity: int
    state: str
    location: str | None = None
    fulfillment: str | None = None
    reason: str | None = None
    queue: str | None = None
    auto_cancel_at: Instant | None = None
    ship_by: Instant | None = None
    arrive_by: Instant | None = None
    ready_by: Instant | None = None


class LineView(Strict):
    """A line as it was sold; of a bundle's component, `bundle` names the line that was."""

    line_id: str
    sku: str | None = None
    title: str | None = None
    kind: str
    quantity: int
    method: str
    pickup_location: str | None = None
    unit_price: Money
    discount: Money
    tax: Money
    value: Money
    bundle: Bundle | None = None
    parts: tuple[PartView, ...]


class WorkView(Strict):
    fulfillment: str
    location: str
    method: str
    status: str
    due_by: Instant
    service: str | None = None
    legal: tuple[str, ...] = ()


class OrderView(Strict):
    """What `GET /orders/{id}` answers."""

    order_id: str
    version: int
    connection: str
    reference: str
    number: str | None = None
    channel: str
    order_type: str
    status: str
    placed_at: Instant
    accepted_at: Instant
    currency: str
    customer_id: str | None = None
    customer: Contact | None = None
    ship_to: Address | None = None
    bill_to: Address | None = None
    priority: int = 0
    tags: tuple[str, ...] = ()
    lines: tuple[LineView, ...]
    total: Money
    refunded: Money
    tenders: tuple[Tender, ...] = ()
    holds: tuple[Hold, ...] = ()
    notes: tuple[Note, ...] = ()
    fulfillments: tuple[WorkView, ...] = ()


class OrderRow(Strict):
    """One row of a search."""

    order_id: str
    reference: str
    number: str | None = None
    channel: str
    connection: str
    status: str
    accepted_at: Instant
    total: Money
    units: int
    customer_id: str | None = None
    skus: tuple[str, ...] = ()


def order_view(order: Order, works: tuple[Fulfillment, ...]) -> OrderView:
    """Return an order with its work (pure)."""
    taken_on = {
        work.fulfillment_id for work in works if (work.left or work.status).value in _TAKEN_ON
    }
    return OrderView(
        order_id=order.order_id,
        version=order.version,
        connection=order.connection,
        reference=order.reference,
        number=order.number,
        channel=order.channel,
        order_type=order.order_type,
        status=order.status,
        placed_at=order.placed_at,
        accepted_at=order.accepted_at,
        currency=order.currency,
        customer_id=order.customer_id,
        customer=order.customer,
        ship_to=order.ship_to,
        bill_to=order.bill_to,
        priority=order.priority,
        tags=order.tags,
        lines=tuple(_line_view(order, line, taken_on) for line in order.lines),
        total=Money(order.currency, total_of(order)),
        refunded=Money(order.currency, order.refunded_minor),
        tenders=order.tenders,
        holds=order.holds,
        notes=order.notes,
        fulfillments=tuple(_work_view(work) for work in works),
    )


def _line_view(order: Order, line: Line, taken_on: set[str]) -> LineView:
    def money(minor: int) -> Money:
        return Money(order.currency, minor)

    return LineView(
        line_id=line.line_id,
        sku=line.sku,
        title=line.title,
        kind=line.kind,
        quantity=line.quantity,
        method=line.method,
        pickup_location=line.pickup_location,
        unit_price=money(line.unit_price_minor),
        discount=money(line.discount_minor),
        tax=money(line.tax_minor),
        value=money(line.value_minor),
        bundle=line.bundle,
        parts=tuple(
            PartView(
                part=part.part,
                quantity=part.quantity,
                state=IN_FULFILLMENT
                if part.state is PartState.SOURCED and part.fulfillment_id in taken_on
                else part.state,
                location=part.location_id,
                fulfillment=part.fulfillment_id,
                reason=part.reason,
                queue=part.queue,
                auto_cancel_at=part.auto_cancel_at,
                ship_by=part.ship_by,
                arrive_by=part.arrive_by,
                ready_by=part.ready_by,
            )
            for part in line.parts
        ),
    )


def _work_view(work: Fulfillment) -> WorkView:
    return WorkView(
        fulfillment=work.fulfillment_id,
        location=work.location_id,
        method=work.method,
        status=work.status,
        due_by=work.due_by,
        service=work.service,
        legal=legal_commands(work),
    )


def order_row(order: Order) -> OrderRow:
    """Return what a list shows of an order (pure)."""
    return OrderRow(
        order_id=order.order_id,
        reference=order.reference,
        number=order.number,
        channel=order.channel,
        connection=order.connection,
        status=order.status,
        accepted_at=order.accepted_at,
        total=Money(order.currency, total_of(order)),
        units=sum(part.quantity for _, part in all_parts(order)),
        customer_id=order.customer_id,
        skus=order.skus,
    )


class TimelineRow(Strict):
    """Who did what, when and why."""

    at: Instant
    what: str
    who: str
    why: str | None = None
    detail: dict[str, str | int] = {}


def timeline_row(name: str, at: datetime, actor: str, data: dict[str, object]) -> TimelineRow:
    """Return an event as the timeline shows it: its flat facts, without what stock must do."""
    hidden = {"tenant_id", "order_id", "occurred_at", "order_version", "reason"}
    flat = {
        key: value
        for key, value in data.items()
        if key not in hidden and isinstance(value, str | int) and not isinstance(value, bool)
    }
    reason = data.get("reason")
    return TimelineRow(
        at=at, what=name, who=actor, why=str(reason) if reason else None, detail=flat
    )
