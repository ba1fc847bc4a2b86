"""Whether this process can work: its store and its bus are asked something small."""

from collections.abc import Awaitable
from datetime import datetime
from typing import Final

from shared.kernel.bus import Entity
from shared.kernel.errors import Corrupt, Outside
from shared.kernel.model import Instant, Strict
from shared.tenants.model import PLATFORM, TENANT_ID, TENANTS
from shared.wiring import bus, store

OK: Final = "ok"
AWAY: Final = "away"


class Health(Strict):
    """`alive` is told by answering at all; `ready` means that every part does."""

    alive: bool = True
    ready: bool
    store: str
    bus: str
    at: Instant


async def look(now: datetime) -> Health:
    """Ask the store and the bus."""
    store_says = await _says(store().get(PLATFORM, TENANTS, "tenant:-", TENANT_ID))
    bus_says = await _says(bus().peek(Entity.ORDERS_IN, 1))
    ready = store_says == OK and bus_says == OK
    return Health(ready=ready, store=store_says, bus=bus_says, at=now)


async def _says(question: Awaitable[object]) -> str:
    try:
        await question
    except (Outside, Corrupt):
        return AWAY
    return OK
