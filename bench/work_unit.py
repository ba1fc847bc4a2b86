"""The work unit: a paid two-line order from its request to the consumption of its stock.

In through `POST /orders`, reserved and routed by the host's own consumers, then accepted, picked,
packed and shipped over HTTP by the location that was chosen, until both reservations are consumed.
"""

import asyncio
import os
import random
from collections.abc import Iterable, Iterator
from time import perf_counter
from typing import Any, Final

from bench._instrument import Instrument
from bench._serving import (
    Client,
    Measured,
    Serving,
    instrument,
    measure,
    row,
    rows_of,
    serving,
)
from bench.retailer import order_body

ORDERS: Final = int(os.environ.get("BENCH_ORDERS", "300"))
WARM_UP: Final = 40
CLIENTS: Final = (1, 8)


def run() -> Iterable[dict[str, object]]:
    """Measure one client, then eight, each on a server of its own."""
    for clients in CLIENTS:
        with serving() as server:
            yield from asyncio.run(_case(server, clients))


async def _case(server: Serving, clients: int) -> list[dict[str, object]]:
    async with instrument(server) as seen:
        unit = WorkUnit(server, seen)
        await measure(server, seen, clients, WARM_UP, unit.warm_up)
        idle = await _idle_cpu_share(server)
        found = await measure(server, seen, clients, ORDERS, unit.play)
        rows = list(_rows(f"{clients}_clients", found, unit))
        peak = server.peak_bytes() / 1e6
        rows.append(row("work_unit", f"{clients}_clients", "peak_memory", peak, "MB"))
        rows.append(row("work_unit", f"{clients}_clients", "idle_cpu", idle * 100, "%"))
        return rows


async def _idle_cpu_share(server: Serving) -> float:
    before, seconds = server.cpu_s(), 2.0
    await asyncio.sleep(seconds)
    return (server.cpu_s() - before) / seconds


def _rows(case: str, found: Measured, unit: "WorkUnit") -> Iterator[dict[str, object]]:
    yield from rows_of("work_unit", case, found, "order")
    for name, each in unit.steps.items():
        step = Measured(tuple(each), found.wall_s, 0.0)
        yield row("work_unit", case, f"{name}_p50", step.quantile_ms(0.5), "ms")
        yield row("work_unit", case, f"{name}_p95", step.quantile_ms(0.95), "ms")


class WorkUnit:
    """Plays orders to their end, and keeps how long the steps took."""

    def __init__(self, server: Serving, seen: Instrument) -> None:
        self._skus, self._seen = server.retailer.skus, seen
        self._source = random.Random(11)
        self._played = 0
        self.steps: dict[str, list[float]] = {}
        self.shipped: list[Any] = []

    async def warm_up(self, client: Client, number: int) -> None:
        """Play an order that is not counted."""
        await self.play(client, number)
        self.steps.clear()

    async def play(self, client: Client, _number: int) -> None:
        """Play one order."""
        self._played += 1
        body = order_body(self._played, self._skus, self._source)
        began = perf_counter()
        order = await client.ask("POST", "/orders", body, key=f"order-{self._played}")
        self._took("post_order", began)
        order_id = order["order_id"]
        await self._seen.ids("orders", order_id, "fulfillment", 1)
        self._took("accepted_to_routed", began)
        listed = await client.ask("GET", f"/fulfillments?order={order_id}")
        for work in listed["items"]:
            await self._fulfill(client, work)
        for work in listed["items"]:
            for item in work["items"]:
                await self._seen.has("stock", item["sku"], f"end:{item['reservation_id']}")
        self.shipped.append(order)

    async def _fulfill(self, client: Client, work: dict[str, object]) -> None:
        path, items = f"/fulfillments/{work['fulfillment_id']}", work["items"]
        if not isinstance(items, list):
            raise TypeError(f"items of {path}")
        scans = [{"code": item["sku"], "quantity": item["quantity"]} for item in items]
        for verb, body in (
            ("accept", None),
            ("pick", {"scans": scans}),
            ("pack", {}),
            ("ship", {"tracking": [f"T{self._played}"]}),
        ):
            began = perf_counter()
            key = f"{verb}-{work['fulfillment_id']}"
            await client.ask("POST", f"{path}:{verb}", body, key=key)
            self._took(verb, began)

    def _took(self, name: str, began: float) -> None:
        self.steps.setdefault(name, []).append(perf_counter() - began)
