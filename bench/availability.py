"""The availability look-up of a SKU that 40 locations hold, with the steps of its formula."""

import asyncio
from collections.abc import Iterable
from typing import Final

from bench._serving import Client, Serving, instrument, measure, rows_of, serving

LOOK_UPS: Final = 1_500
WARM_UP: Final = 200
CLIENTS: Final = (1, 8)


def run() -> Iterable[dict[str, object]]:
    """Measure one client and eight on one server."""
    with serving() as server:
        for clients in CLIENTS:
            yield from asyncio.run(_case(server, clients))


async def _case(server: Serving, clients: int) -> list[dict[str, object]]:
    skus = server.retailer.skus

    async def look_up(client: Client, number: int) -> None:
        await client.ask("GET", f"/availability?sku={skus[number % len(skus)]}")

    async with instrument(server) as seen:
        await measure(server, seen, clients, WARM_UP, look_up)
        found = await measure(server, seen, clients, LOOK_UPS, look_up)
        return list(rows_of("availability", f"{clients}_clients", found, "look_up"))
