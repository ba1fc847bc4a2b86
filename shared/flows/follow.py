"""What follows an event: stock tasks, then the sourcing of what waits (docs/adr/0005)."""

from datetime import datetime
from typing import Final

from shared.contracts.following import FollowUp
from shared.contracts.inventory import StockFreed, StockOvercommitted
from shared.contracts.orders import OrderWork
from shared.contracts.stock import RejectReason
from shared.flows.context import Flows
from shared.flows.exchange import follow_exchange
from shared.flows.order_command import Follow, apply_command, stages_of
from shared.flows.promise_order import promise_order
from shared.fulfillment import model as work_model
from shared.fulfillment import service as work_service
from shared.fulfillment.model import Fulfillment
from shared.inventory import service as inventory
from shared.inventory.decide.overcommitment import Claim, take_back
from shared.orders import decide as orders
from shared.tenants.model import Caller, Role

WAITERS_MAX: Final = 20  # waiting parts that one announcement serves
WORK_PAGES_MAX: Final = 20
OVERCOMMITTED: Final = "overcommitted"


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
    for task in event.stock:
        await inventory.perform(flows.store, event.tenant_id, task, event.occurred_at)
    if event.route:
        await promise_order(flows, event.tenant_id, event.order_id, now)
    if event.exchange is not None:
        caller = system(event.tenant_id, "exchange")
        await follow_exchange(flows, caller, event.exchange, now)


async def serve_waiters(flows: Flows, freed: StockFreed, now: datetime) -> None:
    """Let waiting parts have freed units: by priority, promise, acceptance; a bounded number."""
    known = await flows.knowledge.of(freed.tenant_id, now)
    site = known.stock_sites.get(freed.location_id)
    if site is None:
        return
    waiting = await inventory.waiters(
        flows.store,
        freed.tenant_id,
        freed.sku,
        site=site,
        limit=WAITERS_MAX,
        rules=known.stock_rules,
    )
    for wait in waiting:
        level = await inventory.level(
            flows.store, freed.tenant_id, freed.sku, freed.location_id, now
        )
        if level is None or level.free <= 0:
            return
        await promise_order(flows, freed.tenant_id, wait.order_id, now, is_freed=True)


async def take_back_stock(flows: Flows, event: StockOvercommitted, now: datetime) -> int:
    """Take unpicked reservations back where a fact left too little, and re-route them.

    What is picked already is put before a person. Returns the units still short.
    """
    tenant_id, sku, at = event.tenant_id, event.sku, event.location_id
    level = await inventory.level(flows.store, tenant_id, sku, at, now)
    if level is None or level.free >= 0:
        return 0
    works = await _open_work(flows, tenant_id, at)
    claims = {claim.reservation_id: claim for claim in _claims(works, sku)}
    choice = take_back(-level.free, claims.values())
    for claim in choice.taken:
        await _reroute(flows, tenant_id, claim.reservation_id, works, now)
    for claim in choice.exceptions:
        await _put_before_a_person(flows, event, claim.reservation_id, now)
    return choice.still_short


async def _open_work(flows: Flows, tenant_id: str, location_id: str) -> list[Fulfillment]:
    works: list[Fulfillment] = []
    cursor: str | None = None
    for _ in range(WORK_PAGES_MAX):
        page = await work_service.work_queue(
            flows.store, tenant_id, location_id, limit=200, cursor=cursor
        )
        works += [stored.body for stored in page.items]
        cursor = page.cursor
        if cursor is None:
            break
    return works


def _claims(works: list[Fulfillment], sku: str) -> list[Claim]:
    return [
        Claim(
            reservation_id=item.reservation_id,
            quantity=item.quantity,
            priority=work.priority,
            promise_by=work.due_by,
            accepted_at=work.created_at,
            is_picked=item.picked > 0 or (work.left or work.status) not in work_model.PICKABLE,
        )
        for work in works
        for item in work.items
        if item.sku == sku
    ]


async def _reroute(
    flows: Flows, tenant_id: str, reservation_id: str, works: list[Fulfillment], now: datetime
) -> None:
    work, item = next(
        (work, item)
        for work in works
        for item in work.items
        if item.reservation_id == reservation_id
    )
    applied = await apply_command(
        flows,
        system(tenant_id, OVERCOMMITTED),
        work.order_id,
        lambda order, known, act: orders.reroute(
            order,
            stages_of(known),
            act,
            only=[(item.line_id, item.part)],
            effect=RejectReason.OVERCOMMITTED,
        ),
        now,
        Follow(ends_by=work_model.Reject),
    )
    # Done here as well as by the event's consumer, so that the next look sees free as it is.
    for task in applied.change.event.stock if applied.change else ():
        await inventory.perform(flows.store, tenant_id, task, now)


async def _put_before_a_person(
    flows: Flows, event: StockOvercommitted, reservation_id: str, now: datetime
) -> None:
    order_id = reservation_id.partition(".")[0]
    await apply_command(
        flows,
        system(event.tenant_id, OVERCOMMITTED),
        order_id,
        lambda order, _, act: orders.open_exception(
            order, OVERCOMMITTED, act, {"sku": event.sku, "location": event.location_id}
        ),
        now,
        command_id=f"overcommitted.{reservation_id}",
    )
