"""Customers are reminded once of goods that wait for them at a store (semantics 6)."""

from datetime import datetime, timedelta
from typing import Final

from shared.flows.context import Flows
from shared.flows.follow import system
from shared.fulfillment import service as work_service
from shared.fulfillment.model import FULFILLMENTS, Fulfillment, Status
from shared.kernel.conditions import Condition
from shared.kernel.documents import Order, Stored, pages
from shared.kernel.errors import Outside, Refused
from shared.kernel.model import stamp
from shared.notifications.decide.letters import REMINDER

PAGE: Final = 200
PAGES_MAX: Final = 20
SLACK: Final = timedelta(days=14)  # the last day is moved to one on which the store is open


async def remind_pickups(flows: Flows, tenant_id: str, now: datetime) -> int:
    """Announce the reminders that are due; returns how many. The messages follow the events."""
    settings = (await flows.knowledge.of(tenant_id, now)).settings
    after = timedelta(days=settings.pickup_reminder_days)
    kept = timedelta(days=settings.pickup_expiry_days)
    found = pages(
        flows.store,
        tenant_id,
        FULFILLMENTS,
        pages_max=PAGES_MAX,
        where=(
            Condition("status", "eq", Status.READY_FOR_PICKUP.value),
            # Whose reminder is due expires at most this far ahead.
            Condition("pickup_expires_at", "le", stamp(now + kept - after + SLACK)),
        ),
        order=Order("pickup_expires_at"),
        limit=PAGE,
    )
    reminded = 0
    async for stored in found:
        reminded += await _remind(flows, tenant_id, stored, after, now)
    return reminded


def due(work: Fulfillment, after: timedelta, now: datetime) -> Fulfillment | None:
    """Return the work as reminded of; None when it is not due, or has been (pure)."""
    if work.status is not Status.READY_FOR_PICKUP or work.reminded:
        return None
    if work.ready_at is None or work.ready_at + after > now:
        return None
    if work.pickup_expires_at is not None and work.pickup_expires_at <= now:
        return None
    return work.model_copy(update={"reminded": 1, "version": work.version + 1})


async def _remind(
    flows: Flows, tenant_id: str, stored: Stored[Fulfillment], after: timedelta, now: datetime
) -> bool:
    if due(stored.body, after, now) is None:
        return False
    caller = system(tenant_id, "reminder")
    try:
        await work_service.change(
            flows.store,
            caller,
            stored.body.fulfillment_id,
            lambda work: due(work, after, now),
            now,
            event_of=lambda work: work_service.moved_event(work, caller, now, REMINDER),
        )
    except (Refused, Outside):
        return False  # the next sweep looks again
    return True
