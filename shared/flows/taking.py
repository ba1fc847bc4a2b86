"""Take what a decision asks for: capacity, then stock, under the ids that it minted (design 5)."""

from dataclasses import dataclass, field
from datetime import datetime

from shared.catalog import capacity
from shared.contracts.stock import generation_of_reserve
from shared.flows.context import Flows
from shared.flows.planning import own_softs
from shared.inventory import service as inventory
from shared.inventory.model import ClosesWait, Reserve, Reserved, Won
from shared.orders.model import Order
from shared.orders.work import Decision, Pick


@dataclass(slots=True)
class Taken:
    """What one execution of a decision won and failed to win, by reservation id."""

    won: list[Pick] = field(default_factory=list)
    failed: list[Pick] = field(default_factory=list)


async def take(flows: Flows, tenant_id: str, order: Order, decision: Decision) -> Taken:
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
