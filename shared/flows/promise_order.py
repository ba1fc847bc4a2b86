"""The promise flow: decide, write it down, do it, close (design 5; docs/adr/0004).

Every step may be repeated by another delivery of the same message, or by two at once: the decision
document is create-only, capacity and reservations are taken under ids that it minted, and the
closing batch if-matches the order.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from shared.contracts.orders import PartsReset
from shared.contracts.outbox import record
from shared.flows.closing import auto_cancel_at, fulfillments_of, with_endings
from shared.flows.context import Flows
from shared.flows.planning import decide_attempt, decide_freed
from shared.flows.spare_capacity import give_back_capacity
from shared.flows.taking import Taken, take
from shared.flows.tariffs import Wanted
from shared.fulfillment import service as work_service
from shared.kernel.documents import Container, Create, Operation, Stored
from shared.kernel.errors import Exists, GuardFailed, Unavailable
from shared.orders import decide as orders
from shared.orders import service as order_service
from shared.orders.decide import Act, Outcome
from shared.orders.model import Order
from shared.orders.work import DECISIONS, Decision

RUN_ATTEMPTS_MAX: Final = 3  # one run of the flow plans again this often (semantics 5)
CLOSE_ATTEMPTS_MAX: Final = 5
ACTOR: Final = "system:promise"


@dataclass(frozen=True, slots=True)
class _Run:
    tenant_id: str
    first_attempt: int
    now: datetime
    is_freed: bool = False
    spent: frozenset[str] = frozenset()  # fulfillments whose capacity has gone back


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
    stored = await read_order(flows, tenant_id, order_id, seen)
    if stored is None:
        return None
    run = _Run(tenant_id, stored.body.attempts + 1, now, is_freed=is_freed)
    return (await _source(flows, run, stored)).body


async def serve_waiter(flows: Flows, tenant_id: str, order_id: str, now: datetime) -> bool:
    """Let an order have what came free; False when it is of no use to it.

    Raises:
        Unavailable: others change the order; try again later.
    """
    stored = await read_order(flows, tenant_id, order_id, 0)
    if stored is None:
        return False
    run = _Run(tenant_id, stored.body.attempts + 1, now, is_freed=True)
    return (await _source(flows, run, stored)).etag != stored.etag


async def _source(flows: Flows, run: _Run, stored: Stored[Order]) -> Stored[Order]:
    """Plan, take and close until nothing is left to plan; an attempt goes on from the last one's.

    What went back of capacity is remembered with the next close, so that nobody asks for it again.
    """
    if stored.body.attempts:
        spent = await give_back_capacity(flows, run.tenant_id, stored.body)
        run = replace(run, spent=spent)
    for attempt in range(1, RUN_ATTEMPTS_MAX + 1):
        decision = await _decision(flows, run, stored)
        if decision is None:
            return await _queue_preorders(flows, run, stored)
        stored = await order_service.load(flows.store, run.tenant_id, decision.order_id)
        taken = await _taken(flows, run, stored.body, decision)
        is_last = attempt == RUN_ATTEMPTS_MAX
        stored = await _close(flows, run, stored, decision, taken, is_last=is_last)
        # An edit voids a plan without asking for another: what is pending yet is planned again.
        is_short = bool(taken.failed) and not is_last
        if not is_short and not await _wanted(flows, replace(run, is_freed=False), stored.body):
            return stored
    name = stored.body.order_id
    raise Unavailable(f"{name} was changed after each of {RUN_ATTEMPTS_MAX} plans")


async def _taken(flows: Flows, run: _Run, order: Order, decision: Decision) -> Taken:
    """Take what a decision asks for, if the order, read behind it, still wants any of it.

    Another delivery may have met the order held or cancelled before the decision was there, and
    is done with the event: after a crash here nobody would come to give back what was taken. Who
    changes the order behind this reading is followed by somebody who finds the decision.
    """
    if not orders.may_execute(order, decision, Act(run.tenant_id, run.now, ACTOR)):
        return Taken()
    return await take(flows, run.tenant_id, order, decision)


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


async def _decision(flows: Flows, run: _Run, stored: Stored[Order]) -> Decision | None:
    """Return the decision of the next attempt: the one that stands, else a new one.

    Nobody planned a new order before, but for a crash or another delivery: those are met by the
    create, which throws the second plan away.
    """
    order, store, tenant_id = stored.body, flows.store, run.tenant_id
    name = f"decision:{order.attempts + 1}"
    wanted = await _wanted(flows, run, order)
    if _may_stand(run, order, is_wanted=bool(wanted)):
        standing = await store.get(tenant_id, DECISIONS, order.order_id, name)
        if standing is not None:
            return standing.body
    if not wanted:
        return None
    known = await flows.knowledge.of(tenant_id, run.now)
    decide = decide_freed if run.is_freed else decide_attempt
    decision = await decide(store, known, order, wanted, run.first_attempt, run.now)
    if decision is None:
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


def _may_stand(run: _Run, order: Order, *, is_wanted: bool) -> bool:
    """Tell whether to look for a decision that another delivery made: it is executed as it is.

    What is made in this run is made behind an attempt that was closed a moment ago. And where freed
    stock finds nothing that waits, a plan comes again with the event that it was made for.
    """
    if not is_wanted:
        return not run.is_freed
    return 0 < order.attempts < run.first_attempt


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


async def _queue_preorders(flows: Flows, run: _Run, stored: Stored[Order]) -> Stored[Order]:
    """Queue the demand of parts whose release date is ahead; nothing else is to be done."""
    act = Act(run.tenant_id, run.now, ACTOR)
    change = orders.queue_preorders(stored.body, act)
    if change is None:
        return stored
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


async def _close(
    flows: Flows,
    run: _Run,
    stored: Stored[Order],
    decision: Decision,
    taken: Taken,
    *,
    is_last: bool,
) -> Stored[Order]:
    """Write the attempt's end into the order, whatever happened to the order since `stored`."""
    tenant_id, now = run.tenant_id, run.now
    known = await flows.knowledge.of(tenant_id, now)
    act = Act(tenant_id, now, ACTOR)
    won = frozenset(pick.reservation_id for pick in taken.won)
    action = known.settings.shortage if is_last else "next"
    outcome = Outcome(won, lost_action=action, auto_cancel_at=auto_cancel_at(known, now))
    for _ in range(CLOSE_ATTEMPTS_MAX):
        order = orders.without_takes(stored.body, run.spent)
        closing = orders.close_attempt(order, decision, outcome, act)
        if closing is None:
            # Another delivery closed it; its event ends what it did not keep. What was taken here
            # after that is given back now, or by whoever sources this order next.
            await give_back_capacity(flows, tenant_id, stored.body)
            return stored
        change = with_endings(closing, decision)
        extra = [
            work_service.creation(work)
            for work in fulfillments_of(known, change.order, closing.sourced, decision.attempt, now)
        ]
        try:
            closed = await order_service.save(flows.store, stored, change, act, extra=extra)
        except (GuardFailed, Exists):
            stored = await order_service.load(flows.store, tenant_id, decision.order_id)
            continue
        made = {pick.fulfillment_id for pick in closing.sourced}
        if any(pick.capacity_day and pick.fulfillment_id not in made for pick in decision.picks):
            await give_back_capacity(flows, tenant_id, closed.body)
        return closed
    raise Unavailable(f"{decision.order_id} is being changed by others")
