"""What a cart may be promised: planned as the order would be, with dates and, if asked, held."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pydantic import Field

from shared.contracts.base import Contract
from shared.contracts.intake import (
    LINES_MAX,
    Address,
    LineId,
    Measure,
    Method,
    PlaceLine,
    PlaceOrder,
)
from shared.flows.context import Flows
from shared.flows.knowledge import TenantKnowledge
from shared.flows.place_order import facts_of
from shared.flows.planning import decide_attempt
from shared.flows.tariffs import Wanted
from shared.inventory import service as inventory
from shared.inventory.model import Hardness, Reserve, Won
from shared.kernel.errors import Fault, Invalid
from shared.kernel.ids import hash_id
from shared.kernel.model import Identifier, Instant, ShortText, Strict, Units
from shared.kernel.money import Money
from shared.orders import decide as orders
from shared.orders.decide import Act
from shared.orders.model import Bundle, Order
from shared.orders.work import Decision, Pick
from shared.tenants.model import Caller

QUOTE: Final = "quote"


class QuoteLine(Contract):
    """A line of a cart: the product by SKU, alias or barcode, as an order names it."""

    line_id: LineId | None = None
    sku: Identifier | None = None
    alias: ShortText | None = None
    barcode: ShortText | None = None
    quantity: Units | None = None
    measure: Measure | None = None
    method: Method = Method.SHIP
    pickup_location: Identifier | None = None
    group: Identifier | None = None


class AskPromise(Contract):
    """A cart and where it goes; without a destination the tenant's own country."""

    channel: Identifier
    lines: tuple[QuoteLine, ...] = Field(min_length=1, max_length=LINES_MAX)
    destination: Address | None = None
    time_zone: ShortText | None = None
    promise_by: Instant | None = None
    priority: int = Field(default=0, ge=-1000, le=1000)


class PromisedUnits(Strict):
    """Units of a line with their dates; `held`: no other order can take them until the quote ends.

    `cost` is the parcel's, of which other lines may be a part.
    """

    quantity: int
    location_id: str
    service: str | None = None
    ship_by: Instant | None = None
    arrive_by: Instant | None = None
    ready_by: Instant | None = None
    cost: Money | None = None
    held: bool = False


class PromisedLine(Strict):
    """`short` units cannot be promised now, for a reason; a bundle is its components' lines."""

    line_id: str
    sku: str
    method: str
    quantity: int
    short: int
    reason: str | None = None
    bundle: Bundle | None = None
    units: tuple[PromisedUnits, ...] = ()


class PromiseView(Strict):
    """What may be shown to the customer; an order that names the quote takes what it holds."""

    quote_id: str | None = None
    expires_at: Instant | None = None
    complete: bool
    ship_by: Instant | None = None
    arrive_by: Instant | None = None
    ready_by: Instant | None = None
    cost: Money
    lines: tuple[PromisedLine, ...]


@dataclass(frozen=True, slots=True)
class _Planned:
    order: Order
    decision: Decision


def quote_id_of(command_id: str) -> str:
    """Return the quote of a command: the same however often the request comes."""
    return hash_id("q", command_id)


async def promise(flows: Flows, caller: Caller, asked: AskPromise, now: datetime) -> PromiseView:
    """Return what would be promised now; nothing is held.

    Raises:
        Invalid: a line names no product, or contradicts itself; every fault is listed.
    """
    planned = await _plan(flows, caller, asked, QUOTE, now)
    return _view(planned, frozenset(), None)


async def hold_promise(
    flows: Flows, caller: Caller, asked: AskPromise, quote_id: str, now: datetime
) -> PromiseView:
    """Return what is promised and hold it for the tenant's `quote_minutes`.

    What another buyer takes meanwhile is shown as not held. The same quote again holds no more.

    Raises:
        Invalid: a line names no product, or contradicts itself; every fault is listed.
    """
    known = await flows.knowledge.of(caller.tenant_id, now)
    planned = await _plan(flows, caller, asked, quote_id, now)
    expires_at = now + timedelta(minutes=known.settings.quote_minutes)
    held: set[str] = set()
    for wanted in _softs(planned.decision.picks, quote_id, expires_at):
        outcome = await inventory.reserve(flows.store, caller.tenant_id, wanted, now)
        if isinstance(outcome, Won):
            held.add(f"{wanted.line_id}.{wanted.part}")
    view = _view(planned, frozenset(held), expires_at)
    return view.model_copy(update={"quote_id": quote_id, "expires_at": expires_at})


def _softs(picks: Sequence[Pick], quote_id: str, expires_at: datetime) -> Iterable[Reserve]:
    seen: dict[str, int] = {}
    for pick in picks:
        nth = seen[pick.line_id] = seen.get(pick.line_id, 0) + 1
        name = f"{quote_id}.{pick.line_id}" + (f".{nth}" if nth > 1 else "")
        yield Reserve(
            reservation_id=name,
            sku=pick.sku,
            location_id=pick.location_id,
            quantity=pick.quantity,
            order_id=quote_id,
            line_id=pick.line_id,
            part=pick.part,
            guard=pick.guard,
            hardness=Hardness.SOFT,
            expires_at=expires_at,
            tracked=pick.tracked,
        )


async def _plan(
    flows: Flows, caller: Caller, asked: AskPromise, name: str, now: datetime
) -> _Planned:
    known = await flows.knowledge.of(caller.tenant_id, now)
    intake = _intake(asked, known, name, now)
    facts = await facts_of(flows, caller.tenant_id, orders.codes_of(intake), now)
    act = Act(caller.tenant_id, now, caller.name)
    pool_id = known.pool_id(intake.channel)
    order = orders.accept(intake, facts, act, pool_id=pool_id).order
    unknown = {line.line_id for line in order.lines if line.sku is None}
    faults = [
        Fault(f"/lines/{index}", "unknown-product", "no product, or no whole bundle, has this code")
        for index in range(len(intake.lines))
        if orders.line_id_of(intake, index) in unknown
    ]
    if faults:
        raise Invalid(faults)
    wanted = await _wanted(flows, known, order, now)
    return _Planned(order, await decide_attempt(flows.store, known, order, wanted, 1, now))


async def _wanted(
    flows: Flows, known: TenantKnowledge, order: Order, now: datetime
) -> tuple[Wanted, ...]:
    products = await flows.knowledge.products(known.tenant_id, order.skus, now)
    return tuple(
        Wanted(line, part, products[line.sku])
        for line, part in orders.parts_to_route(order)
        if line.sku in products
    )


def _intake(asked: AskPromise, known: TenantKnowledge, name: str, now: datetime) -> PlaceOrder:
    currency = known.settings.currency
    nothing = Money(currency, 0)
    return PlaceOrder(
        connection=QUOTE,
        reference=name,
        channel=asked.channel,
        placed_at=now,
        currency=currency,
        ship_to=asked.destination,
        time_zone=asked.time_zone,
        promise_by=asked.promise_by,
        priority=asked.priority,
        lines=tuple(PlaceLine(**dict(line), unit_price=nothing) for line in asked.lines),
    )


def _view(planned: _Planned, held: frozenset[str], until: datetime | None) -> PromiseView:
    order, decision = planned.order, planned.decision
    lines = tuple(_line(planned, line_id, held) for line_id in _routed(order))
    picks = decision.picks
    return PromiseView(
        complete=all(line.short == 0 for line in lines)
        and (until is None or len(held) == len(picks)),
        ship_by=max((pick.ship_by for pick in picks if pick.ship_by), default=None),
        arrive_by=max((pick.arrive_by for pick in picks if pick.arrive_by), default=None),
        ready_by=max((pick.ready_by for pick in picks if pick.ready_by), default=None),
        cost=Money(order.currency, decision.cost_minor),
        lines=lines,
    )


def _routed(order: Order) -> list[str]:
    return [line.line_id for line in order.lines]


def _line(planned: _Planned, line_id: str, held: frozenset[str]) -> PromisedLine:
    order, decision = planned.order, planned.decision
    line = next(line for line in order.lines if line.line_id == line_id)
    shorts = [short for short in decision.shorts if short.line_id == line_id]
    return PromisedLine(
        line_id=line_id,
        sku=line.sku or "",
        method=line.method,
        quantity=line.quantity,
        short=sum(short.quantity for short in shorts),
        reason=shorts[0].reason if shorts else None,
        bundle=line.bundle,
        units=tuple(
            PromisedUnits(
                quantity=pick.quantity,
                location_id=pick.location_id,
                service=pick.service,
                ship_by=pick.ship_by,
                arrive_by=pick.arrive_by,
                ready_by=pick.ready_by,
                cost=Money(order.currency, pick.cost_minor) if pick.service else None,
                held=f"{pick.line_id}.{pick.part}" in held,
            )
            for pick in decision.picks
            if pick.line_id == line_id
        ),
    )
