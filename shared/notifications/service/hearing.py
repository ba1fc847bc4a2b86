"""Who hears of an event: the endpoints that asked for it, and the customer whom it concerns."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import JsonValue

from shared.notifications.decide.events import PUBLIC, is_wanted
from shared.notifications.decide.letters import kind_of
from shared.notifications.model import Endpoint, EndpointStatus
from shared.notifications.service.endpoints import Shelf


async def listeners(shelf: Shelf, tenant_id: str, name: str, now: datetime) -> Sequence[Endpoint]:
    """Return the endpoints in use that asked for an event, by its public name."""
    return [
        endpoint
        for endpoint in await shelf.of(tenant_id, now)
        if endpoint.status is EndpointStatus.ACTIVE and is_wanted(name, endpoint.events)
    ]


async def is_heard(
    shelf: Shelf, tenant_id: str, event_type: str, data: Mapping[str, JsonValue], now: datetime
) -> bool:
    """Tell whether anybody may be told an event: a customer, or an endpoint at most 30 s old."""
    if kind_of(event_type, data) is not None:
        return True
    name = PUBLIC.get(event_type)
    return name is not None and bool(await listeners(shelf, tenant_id, name, now))
