"""What falls due by itself: expiries, silence, dates. Each is bounded, and the next run goes on.

A sweep asks by query what may be due and lets the command decide again on the document itself, so
that a second sweep, or one that comes late, does nothing twice. What is refused is passed by and
tried again in the next round (`rounds`).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.contracts.stock import RejectReason
from shared.flows.closing import reply_by
from shared.flows.context import Flows
from shared.flows.follow import system
from shared.flows.hand_out import Rejection, expire_pickup, reject
from shared.flows.order_command import apply_command
from shared.flows.rounds import Due, Walk
from shared.fulfillment.model import FULFILLMENTS, Fulfillment, Status
from shared.inventory import service as inventory
from shared.kernel.errors import Outside, Refused
from shared.orders import decide as orders
from shared.orders.model import ORDERS, Order

SWEPT_MAX: Final = 200  # of each kind, a run


@dataclass(frozen=True, slots=True)
class Swept:
    """How many of each kind fell due, and how many could not be done this time."""

    expired_softs: int = 0
    expired_pickups: int = 0
    unanswered: int = 0
    orders: int = 0
    failed: int = 0


_WORK: Final = Due("work", FULFILLMENTS, "due_at")
_DATES: Final = Due("dates", ORDERS, "due_at")


async def sweep_tenant(flows: Flows, tenant_id: str, now: datetime) -> Swept:
    """Let everything of a tenant that is due happen."""
    softs = await inventory.expire(flows.store, tenant_id, now)
    walk = Walk(flows.store, tenant_id, "due", now)
    works = [stored.body for stored in await walk.rows(_WORK, SWEPT_MAX)]
    due = await walk.rows(_DATES, SWEPT_MAX)
    await walk.keep()
    failed = 0
    pickups = [work for work in works if work.status is Status.READY_FOR_PICKUP]
    silent = [work for work in works if work.status is Status.OPEN]
    for work in pickups:
        failed += not await _expire(flows, tenant_id, work, now)
    for work in silent:
        failed += not await _no_response(flows, tenant_id, work, now)
    for order in due:
        failed += not await _reach_dates(flows, tenant_id, order.body, now)
    return Swept(len(softs), len(pickups), len(silent), len(due), failed)


async def _expire(flows: Flows, tenant_id: str, work: Fulfillment, now: datetime) -> bool:
    try:
        await expire_pickup(flows, system(tenant_id, "sweep"), work.fulfillment_id, now)
    except (Refused, Outside):
        return False
    return True


async def _no_response(flows: Flows, tenant_id: str, work: Fulfillment, now: datetime) -> bool:
    """Take work back that nobody accepted in time: a rejection like any other (semantics 5)."""
    rows = [
        Rejection(line_id, None, RejectReason.NO_RESPONSE)
        for line_id in sorted({item.line_id for item in work.items})
    ]
    try:
        await reject(flows, system(tenant_id, "sweep"), work.fulfillment_id, rows, now)
    except (Refused, Outside):
        return False  # accepted at this moment, or contended: the next run looks again
    return True


async def _reach_dates(flows: Flows, tenant_id: str, order: Order, now: datetime) -> bool:
    """Release preorders whose date has come, and cancel what waited too long."""
    caller, order_id = system(tenant_id, "sweep"), order.order_id
    try:
        await apply_command(
            flows,
            caller,
            order_id,
            lambda known, _, act: orders.reach_release_date(known, act),
            now,
        )
        answer_by = reply_by(await flows.knowledge.of(tenant_id, now), now)
        await apply_command(
            *(flows, caller, order_id),
            lambda known, _, act: orders.auto_cancel(known, act, reply_by=answer_by),
            now,
        )
        await apply_command(
            *(flows, caller, order_id),
            lambda known, _, act: orders.cancel_unanswered(known, act),
            now,
        )
    except (Refused, Outside):
        return False
    return True
