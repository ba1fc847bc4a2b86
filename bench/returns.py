"""A walk-in return with restock: a shipped line comes back at a store and is sold again.

Measured is what the return takes: received at the counter in one command, inspected as fit to be
resold, until the units are back in the ledger. The orders are played before.
"""

import asyncio
from collections.abc import Iterable
from typing import Any, Final

from bench._instrument import Instrument
from bench._serving import Client, Serving, instrument, measure, rows_of, serving
from bench.work_unit import WorkUnit

RETURNS: Final = 150
WARM_UP: Final = 20
CLIENTS: Final = (1, 8)


def run() -> Iterable[dict[str, object]]:
    """Measure one client and eight, each on a server of its own."""
    for clients in CLIENTS:
        with serving() as server:
            yield from asyncio.run(_case(server, clients))


async def _case(server: Serving, clients: int) -> list[dict[str, object]]:
    async with instrument(server) as seen:
        unit = WorkUnit(server, seen)
        await measure(server, seen, 8, WARM_UP + RETURNS, unit.play)
        counter = Counter(server, seen, unit.shipped)
        await measure(server, seen, clients, WARM_UP, counter.take_back)
        found = await measure(server, seen, clients, RETURNS, counter.take_back)
        return list(rows_of("returns", f"{clients}_clients", found, "return"))


class Counter:
    """Takes lines of shipped orders back."""

    def __init__(self, server: Serving, seen: Instrument, orders: list[Any]) -> None:
        self._seen, self._orders = seen, iter(orders)
        self._store = server.retailer.locations[-1]

    async def take_back(self, client: Client, _number: int) -> None:
        """Take one unit of an order's first line back, and put it on the shelf."""
        order = next(self._orders)
        line = order["lines"][0]
        body = {
            "order_id": order["order_id"],
            "location_id": self._store,
            "received": True,
            "lines": [{"line_id": line["line_id"], "quantity": 1, "reason": "too-small"}],
        }
        made = await client.ask("POST", "/returns", body, key=f"r-{order['order_id']}")
        found = {
            "batch": "1",
            "location_id": self._store,
            "units": [{"line_id": line["line_id"], "disposition": "resell", "quantity": 1}],
        }
        before = await self._seen.count("stock", line["sku"], "movement")
        await client.ask("POST", f"/returns/{made['return_id']}:inspect", found)
        await self._seen.ids("stock", line["sku"], "movement", before + 1)
