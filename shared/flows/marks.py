"""Marks by which filters keep events from subscriptions where nobody would hear of them.

Four of five events concern no customer and no endpoint of their tenant: what is not marked costs no
message. Endpoints are as a process knows them, at most 30 s old, just as they are when told.
"""

from collections.abc import Mapping
from datetime import datetime

from pydantic import JsonValue

from shared.contracts.relay import TOLD, WRITTEN_BACK
from shared.flows.tell_channel import is_written_back
from shared.flows.telling import Telling
from shared.kernel.errors import Outside
from shared.notifications import service


async def marks_of(
    telling: Telling, tenant_id: str, event_type: str, data: Mapping[str, JsonValue], now: datetime
) -> tuple[str, ...]:
    """Return an event's marks: whether anybody may be told, and whether its channel is."""
    try:
        is_heard = await service.is_heard(telling.hooks.shelf, tenant_id, event_type, data, now)
    except Outside:
        is_heard = True  # not known: whoever receives it looks again
    marks = {TOLD: is_heard, WRITTEN_BACK: is_written_back(event_type, data)}
    return tuple(mark for mark, is_set in marks.items() if is_set)
