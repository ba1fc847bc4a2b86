"""What follows an event: stock tasks, then the sourcing of what waits (docs/adr/0005)."""

from datetime import datetime
from typing import Final

from shared.contracts.following import FollowUp
from shared.contracts.inventory import StockFreed, StockOvercommitted
from shared.contracts.orders import OrderWork
from shared.contracts.stock import (
    DivideReservation,
    Ending,
    EndReservation,
    Move,
    Queue,
    StockTask,
    Unqueue,
)
from shared.flows.context import Flows
from shared.flows.exchange import follow_exchange
from shared.flows.promise_order import promise_order, read_order, serve_waiter
from shared.flows.spare_capacity import give_back_capacity
from shared.flows.take_back import take_back_stock
from shared.inventory import service as inventory
from shared.orders.decide.actions import FACT_CONFLICT
from shared.tenants.model import Caller, Role

# Orders that one announcement asks. Some cannot have the units (held, too many, no service), so it
# is far more than an announcement usually serves: nothing announces the units again.
ASKED_MAX: Final = 1_000


def system(tenant_id: str, flow: str, correlation_id: str = "") -> Caller:
    """Return the caller that a flow of ours is, as the timeline names it."""
    return Caller(tenant_id, f"system:{flow}", Role.OPERATOR, correlation_id=correlation_id)


async def follow(flows: Flows, asked: FollowUp, now: datetime) -> None:
    """Do what an event asks for.

    Raises:
        NotYetReserved, Unavailable: the same event may succeed later.
    """
    match asked:
        case OrderWork():
            await follow_order(flows, asked, now)
        case StockFreed():
            await serve_waiters(flows, asked, now)
        case StockOvercommitted():
            await take_back_stock(flows, asked, now)


async def follow_order(flows: Flows, event: OrderWork, now: datetime) -> None:
    """Do what an order's event asks of stock, then source what it left waiting.

    Raises:
        NotYetReserved, Unavailable: the same event may succeed later.
    """
    await _perform(flows, event)
    if event.route:
        seen = event.order_version
        await promise_order(flows, event.tenant_id, event.order_id, now, seen=seen)
    elif any(map(_may_undo_work, event.stock)):  # what is sourced anew looks at it first
        stored = await read_order(flows, event.tenant_id, event.order_id, event.order_version)
        if stored is not None:
            await give_back_capacity(flows, event.tenant_id, stored.body)
    if event.is_waiting and await _has_units(flows, event, now):
        seen = event.order_version
        await promise_order(flows, event.tenant_id, event.order_id, now, is_freed=True, seen=seen)
    if event.exchange is not None:
        caller = system(event.tenant_id, "exchange")
        await follow_exchange(flows, caller, event.exchange, now)


async def _perform(flows: Flows, event: OrderWork) -> None:
    """Do an event's stock tasks; the queue of a SKU changes in one write."""
    queues: dict[str, list[Queue | Unqueue]] = {}
    for task in event.stock:
        match task:
            case Queue():
                queues.setdefault(task.wait.sku, []).append(task)
            case Unqueue():
                queues.setdefault(task.sku, []).append(task)
            case _:
                await inventory.carry_out(flows.store, event.tenant_id, task, event.occurred_at)
    for sku, tasks in queues.items():
        await inventory.queue(flows.store, event.tenant_id, sku, tasks)


async def _has_units(flows: Flows, event: OrderWork, now: datetime) -> bool:
    """Tell whether units are free of what has just been queued.

    Those that came free after the plan were announced when nobody was in the queue yet, and
    nothing announces them again.
    """
    for sku in sorted({task.wait.sku for task in event.stock if isinstance(task, Queue)}):
        levels = await inventory.levels(flows.store, event.tenant_id, sku, now)
        if any(level.free > 0 for level in levels):
            return True
    return False


def _may_undo_work(task: StockTask) -> bool:
    """Tell whether work may have ended undone; goods that left were worked on.

    A parcel that is taken back although its goods came back before leaves its work without any.
    """
    match task:
        case EndReservation():
            return task.ending is not Ending.CONSUMED
        case Move():
            return task.reason == FACT_CONFLICT
        case _:
            return isinstance(task, DivideReservation)


async def serve_waiters(flows: Flows, freed: StockFreed, now: datetime) -> None:
    """Let waiting parts have freed units: by priority, promise, acceptance; a bounded number."""
    store, tenant_id, sku = flows.store, freed.tenant_id, freed.sku
    queued = await inventory.demand(store, tenant_id, sku)
    if not queued.has_units:
        return
    known = await flows.knowledge.of(tenant_id, now)
    site = known.stock_sites.get(freed.location_id)
    if site is None or not await _is_free(flows, freed, now):
        return
    asked: set[str] = set()
    async for wait in inventory.waiting_for(
        *(store, tenant_id, sku), site=site, rules=known.stock_rules, queued=queued
    ):
        if wait.order_id in asked:
            continue
        asked.add(wait.order_id)
        if len(asked) > ASKED_MAX:
            return
        # Whoever could not use it has left as much as there was.
        is_served = await serve_waiter(flows, tenant_id, wait.order_id, now)
        if is_served and not await _is_free(flows, freed, now):
            return


async def _is_free(flows: Flows, freed: StockFreed, now: datetime) -> bool:
    level = await inventory.level(flows.store, freed.tenant_id, freed.sku, freed.location_id, now)
    return level is not None and level.free > 0
