"""A stock adjustment with its reason over HTTP, until its event has been worked."""

import asyncio
from collections.abc import Iterable
from typing import Final

from bench._serving import Client, Serving, instrument, measure, rows_of, serving

ADJUSTMENTS: Final = 800
WARM_UP: Final = 100
CLIENTS: Final = (1, 8)


def run() -> Iterable[dict[str, object]]:
    """Measure one client and eight on one server."""
    with serving() as server:
        for clients in CLIENTS:
            yield from asyncio.run(_case(server, clients))


async def _case(server: Serving, clients: int) -> list[dict[str, object]]:
    retailer, made = server.retailer, [0]

    async def adjust(client: Client, number: int) -> None:
        made[0] += 1
        body = {
            "sku": retailer.skus[number % len(retailer.skus)],
            "location_id": retailer.locations[number % len(retailer.locations)],
            "on_hand": 1,
            "reason": "found",
        }
        await client.ask("POST", "/inventory/adjustments", body, key=f"a-{clients}-{made[0]}")

    async with instrument(server) as seen:
        await measure(server, seen, clients, WARM_UP, adjust)
        found = await measure(server, seen, clients, ADJUSTMENTS, adjust)
        return list(rows_of("adjustment", f"{clients}_clients", found, "adjustment"))
