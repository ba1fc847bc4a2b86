"""The promise flow: decide, write it down, do it, close (design 5; docs/adr/0004).

Every step may be repeated by another delivery of the same message, or by two at once: the decision
document is create-only, capacity and reservations are taken under ids that it minted, and the
closing batch if-matches the order.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from shared.catalog import capacity
from shared.contracts.orders import PartsReset
from shared.contracts.outbox import record
from shared.contracts.stock import generation_of_reserve
from shared.flows.closing import auto_cancel_at, fulfillments_of, with_endings
from shared.flows.context import Flows
from shared.flows.planning import decide_attempt, own_softs
from shared.flows.spare_capacity import give_back_capacity
from shared.flows.tariffs import Wanted
from shared.fulfillment import service as work_service
from shared.inventory import service as inventory
from shared.inventory.model import ClosesWait, Reserve, Reserved, Won
from shared.kernel.documents import Container, Create, Operation, Stored
from shared.kernel.errors import Exists, GuardFailed, Unavailable
from shared.orders import decide as orders
from shared.orders import service as order_service
from shared.orders.decide import Act, Outcome
from shared.orders.model import Order
from shared.orders.work import DECISIONS, Decision, Pick

RUN_ATTEMPTS_MAX: Final = 3  # one run of the flow plans again this often (semantics 5)
CLOSE_ATTEMPTS_MAX: Final = 5
ACTOR: Final = "system:promise"


@dataclass(slots=True)
class Taken:
    """What one execution of a decision won and failed to win, by reservation id."""

    won: list[Pick] = field(default_factory=list)
    failed: list[Pick] = field(default_factory=list)


async def promise_order(
    flows: Flows,
    tenant_id: str,
    order_id: str,
    now: datetime,
    *,
    is_freed: bool = False,
    seen: int = 0,
) -> Order | None:
    """Source what waits; None when there is no such order. Returns the order as it stands then.

    `is_freed`: stock came free, so that backordered and unfillable parts have their turn too.
    `seen`: the order's version that asks for it; a replica that has not got it yet would be read
    as if nothing waited.

    Raises:
        Unavailable: the order is read older than `seen`, or others change it; try again later.
    """
    first: int | None = None
    for run in range(1, RUN_ATTEMPTS_MAX + 1):
        stored = await read_order(flows, tenant_id, order_id, seen)
        if stored is None:
            return None
        order = stored.body
        if order.attempts and run == 1:
            await give_back_capacity(flows, tenant_id, order)
        first = first or order.attempts + 1
        run_of = _Run(tenant_id, first, now, is_freed=is_freed)
        decision = await _decision(flows, run_of, stored)
        if decision is None:
            return await _queue_preorders(flows, run_of, stored)
        taken = await _take(flows, tenant_id, order, decision)
        is_last = run == RUN_ATTEMPTS_MAX
        order = await _close(flows, run_of, stored, decision, taken, is_last=is_last)
        # An edit voids a plan without asking for another: what is pending yet is planned again.
        is_short = bool(taken.failed) and not is_last
        if not is_short and not await _wanted(flows, replace(run_of, is_freed=False), order):
            return order
    raise Unavailable(f"{order_id} was changed after each of {RUN_ATTEMPTS_MAX} plans")


async def read_order(
    flows: Flows, tenant_id: str, order_id: str, seen: int
) -> Stored[Order] | None:
    """Return an order that is no older than an event of its version `seen`.

    Raises:
        Unavailable: a replica answers that has not got it yet; try again later.
    """
    stored = await order_service.find(flows.store, tenant_id, order_id)
    if (stored.body.version if stored else 0) < seen:
        raise Unavailable(f"{order_id} is not read in version {seen} yet")
    return stored


@dataclass(frozen=True, slots=True)
class _Run:
    tenant_id: str
    first_attempt: int
    now: datetime
    is_freed: bool = False


async def _decision(flows: Flows, run: _Run, stored: Stored[Order]) -> Decision | None:
    """Return the decision of the next attempt: the one that stands, else a new one.

    Nobody planned a new order before, but for a crash or another delivery: those are met by the
    create, which throws the second plan away.
    """
    order, store, tenant_id = stored.body, flows.store, run.tenant_id
    name = f"decision:{order.attempts + 1}"
    wanted = await _wanted(flows, run, order)
    if order.attempts or not wanted:
        standing = await store.get(tenant_id, DECISIONS, order.order_id, name)
        if standing is not None:
            return standing.body
    if not wanted:
        return None
    known = await flows.knowledge.of(tenant_id, run.now)
    decision = await decide_attempt(store, known, order, wanted, run.first_attempt, run.now)
    if run.is_freed and not decision.picks:
        return None  # what came free is of no use to it: it waits as it did
    operations: list[Operation] = [Create(DECISIONS, name, decision)]
    if run.is_freed:
        operations.append(_freed_event(run, order, name))
    try:
        await store.batch(tenant_id, Container.ORDERS, order.order_id, operations)
    except Exists:
        written = await store.get(tenant_id, DECISIONS, order.order_id, name)
        if written is None:
            raise Unavailable(f"{name} of {order.order_id} cannot be read back") from None
        return written.body
    return decision


def _freed_event(run: _Run, order: Order, name: str) -> Operation:
    """Return the event that brings somebody to execute a decision made for freed stock.

    No event of the order asks for it, and a part that is reserved waits no longer: after a crash
    the announcement of the stock would not lead to this order again.
    """
    event = PartsReset(
        tenant_id=run.tenant_id,
        occurred_at=run.now,
        order_id=order.order_id,
        order_version=order.version,
        reason="stock-freed",
        route=True,
    )
    return record(Container.ORDERS, name, 1, event, actor=ACTOR)


async def _queue_preorders(flows: Flows, run: _Run, stored: Stored[Order]) -> Order:
    """Queue the demand of parts whose release date is ahead; nothing else is to be done."""
    act = Act(run.tenant_id, run.now, ACTOR)
    change = orders.queue_preorders(stored.body, act)
    if change is None:
        return stored.body
    return await order_service.save(flows.store, stored, change, act)


async def _wanted(flows: Flows, run: _Run, order: Order) -> tuple[Wanted, ...]:
    parts = orders.parts_to_route(order, is_freed=run.is_freed)
    skus = sorted({line.sku for line, _ in parts if line.sku})
    products = await flows.knowledge.products(run.tenant_id, skus, run.now)
    return tuple(
        Wanted(line, part, products[line.sku])
        for line, part in parts
        if line.sku and line.sku in products
    )


async def _take(flows: Flows, tenant_id: str, order: Order, decision: Decision) -> Taken:
    """Take capacity, then stock, part by part, under the decision's ids."""
    full = await _capacity(flows, tenant_id, decision)
    taken = Taken()
    queued = {(line.line_id, part.part): part.queued for line in order.lines for part in line.parts}
    for pick in decision.picks:
        if pick.fulfillment_id in full:
            taken.failed.append(pick)
            continue
        was_queued = queued.get((pick.line_id, pick.source_part), False)
        wanted = _reserve(order, decision, pick, was_queued=was_queued)
        outcome = await _reserved(flows, tenant_id, order, wanted, decision.decided_at)
        (taken.won if isinstance(outcome, Won) else taken.failed).append(pick)
    return taken


async def _reserved(
    flows: Flows, tenant_id: str, order: Order, wanted: Reserve, at: datetime
) -> Reserved:
    """Reserve; what the order's quote holds of the SKU there becomes the order's own."""
    softs = await own_softs(flows.store, tenant_id, order, wanted.sku, at)
    for soft in softs:
        if soft.location_id == wanted.location_id and soft.line_id == wanted.line_id:
            return await inventory.harden(flows.store, tenant_id, soft.reservation_id, wanted, at)
    return await inventory.reserve(flows.store, tenant_id, wanted, at)


def _reserve(order: Order, decision: Decision, pick: Pick, *, was_queued: bool) -> Reserve:
    generation = generation_of_reserve(decision.attempt)
    return Reserve(
        reservation_id=pick.reservation_id,
        sku=pick.sku,
        location_id=pick.location_id,
        quantity=pick.quantity,
        order_id=order.order_id,
        line_id=pick.line_id,
        part=pick.part,
        guard=pick.guard,
        tracked=pick.tracked,
        closes_wait=ClosesWait(pick.source_part, generation) if was_queued else None,
    )


async def _capacity(flows: Flows, tenant_id: str, decision: Decision) -> frozenset[str]:
    """Take each fulfillment's share of its day; returns those for which the day was full."""
    full, asked = set(), set()
    for pick in decision.picks:
        if pick.capacity_day is None or pick.capacity_limit is None:
            continue
        if pick.fulfillment_id in asked:
            continue
        asked.add(pick.fulfillment_id)
        if not await capacity.take(
            flows.store,
            tenant_id,
            pick.location_id,
            pick.capacity_day,
            fulfillment_id=pick.fulfillment_id,
            units=pick.capacity_units,
            limit=pick.capacity_limit,
        ):
            full.add(pick.fulfillment_id)
    return frozenset(full)


async def _close(
    flows: Flows,
    run: _Run,
    stored: Stored[Order],
    decision: Decision,
    taken: Taken,
    *,
    is_last: bool,
) -> Order:
    """Write the attempt's end into the order, whatever happened to the order since `stored`."""
    tenant_id, now = run.tenant_id, run.now
    known = await flows.knowledge.of(tenant_id, now)
    act = Act(tenant_id, now, ACTOR)
    outcome = Outcome(
        frozenset(pick.reservation_id for pick in taken.won),
        lost_action=known.settings.shortage if is_last else "next",
        auto_cancel_at=auto_cancel_at(known, now),
    )
    for _ in range(CLOSE_ATTEMPTS_MAX):
        closing = orders.close_attempt(stored.body, decision, outcome, act)
        if closing is None:
            # Another delivery closed it; its event ends what it did not keep. What was taken here
            # after that is given back now, or by whoever sources this order next.
            await give_back_capacity(flows, tenant_id, stored.body)
            return stored.body
        change = with_endings(closing, decision)
        extra = [
            work_service.creation(work)
            for work in fulfillments_of(known, change.order, closing.sourced, decision.attempt, now)
        ]
        try:
            order = await order_service.save(flows.store, stored, change, act, extra=extra)
        except (GuardFailed, Exists):
            stored = await order_service.load(flows.store, tenant_id, decision.order_id)
            continue
        made = {pick.fulfillment_id for pick in closing.sourced}
        if any(pick.capacity_day and pick.fulfillment_id not in made for pick in decision.picks):
            await give_back_capacity(flows, tenant_id, order)
        return order
    raise Unavailable(f"{decision.order_id} is being changed by others")
