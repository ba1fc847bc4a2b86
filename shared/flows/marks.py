"""For whom an event is: marks that filters go by, and whether it is for anybody at all.

Four of five events concern no customer and no endpoint of their tenant: what is not marked costs no
message, and what no subscription would take is not sent. Endpoints are as a process knows them, at
most 30 s old, just as they are when told.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from pydantic import JsonValue

from shared.contracts.relay import ROUTE, STOCK, TOLD, WRITTEN_BACK
from shared.flows.tell_channel import is_written_back
from shared.flows.telling import Telling
from shared.insights.decide import COUNTED
from shared.kernel.errors import Corrupt, Outside
from shared.notifications import service

# What subscriptions take by its name; a test holds the topology's filters to it.
BY_NAME: Final = COUNTED | {
    "orders.order-accepted.v1",
    "inventory.stock-freed.v1",
    "inventory.stock-overcommitted.v1",
}


def is_for_anyone(
    event_type: str, data: Mapping[str, JsonValue], marks: Collection[str] = ()
) -> bool:
    """Tell whether a subscription takes an event with these marks (pure)."""
    return bool(marks or data.get(STOCK) or data.get(ROUTE)) or event_type in BY_NAME


async def marks_of(
    telling: Telling, tenant_id: str, event_type: str, data: Mapping[str, JsonValue], now: datetime
) -> tuple[str, ...]:
    """Return an event's marks: whether anybody may be told, and whether its channel is."""
    try:
        is_heard = await service.is_heard(telling.hooks.shelf, tenant_id, event_type, data, now)
    except (Outside, Corrupt):
        # Not known, or one cannot be read, for which no other tenant's events may wait: whoever
        # receives it looks again, and is settled alone.
        is_heard = True
    marks = {TOLD: is_heard, WRITTEN_BACK: is_written_back(event_type, data)}
    return tuple(mark for mark, is_set in marks.items() if is_set)
