"""The router alone, in this process: a plan with its whole explanation, by locations and lines."""

import random
from collections.abc import Iterable
from datetime import UTC, datetime
from time import process_time
from typing import Final
from zlib import crc32

from bench._serving import row
from shared.routing.decide import plan
from shared.routing.model import (
    Candidate,
    Contents,
    ParcelQuote,
    Place,
    RouteLine,
    RouteRequest,
    Stock,
)
from shared.routing.seeds import by_cost

LOCATIONS: Final = (10, 40, 200)
LINES: Final = (1, 2, 5, 10)
BUDGET_S: Final = 1.0
NOW: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)


def run() -> Iterable[dict[str, object]]:
    """Measure every size for about a second."""
    for locations in LOCATIONS:
        for lines in LINES:
            yield row(
                "router",
                f"{locations}_locations_{lines}_lines",
                "cpu",
                _cpu_ms(locations, lines),
                "ms",
            )


def _cpu_ms(locations: int, lines: int) -> float:
    source = random.Random(f"{locations}/{lines}")
    rules, asked = by_cost(), [_question(source, locations, lines) for _ in range(20)]
    began, plans = process_time(), 0
    while process_time() - began < BUDGET_S:
        request, candidates = asked[plans % len(asked)]
        plan(request, candidates, rules, _Parcels(source))
        plans += 1
    return (process_time() - began) / plans * 1e3


class _Parcels:
    """A base and a rate by weight for each location, so that no two are alike."""

    def __init__(self, source: random.Random) -> None:
        self._salt = source.randrange(1_000)

    def __call__(self, location_id: str, contents: Contents, /) -> ParcelQuote | None:
        grams = sum(line.weight_g * units for line, units in contents)
        base = 400 + (crc32(f"{location_id}{self._salt}".encode()) % 500)
        return ParcelQuote(base + grams // 10, "ground", NOW, {})


def _question(
    source: random.Random, locations: int, lines: int
) -> tuple[RouteRequest, tuple[Candidate, ...]]:
    skus = [f"SKU-{n}" for n in range(lines)]
    request = RouteRequest(
        order_id="o_bench",
        destination=Place("US", "10001", lat=40.7, lon=-74.0),
        lines=tuple(
            RouteLine(f"{n}", 1, sku, source.randrange(1, 4), 2_000, source.randrange(100, 3_000))
            for n, sku in enumerate(skus, 1)
        ),
        now=NOW,
        currency="USD",
    )
    return request, tuple(_candidate(source, n, skus) for n in range(locations))


def _candidate(source: random.Random, number: int, skus: list[str]) -> Candidate:
    held = [sku for sku in skus if source.random() < 0.7]
    stock = {sku: _stock(source.randrange(1, 20)) for sku in held}
    return Candidate(
        location_id=f"loc{number:03d}",
        stock=stock,
        kind="warehouse" if number < 4 else "store",
        lat=source.uniform(26, 47),
        lon=source.uniform(-122, -72),
        country="US",
        labor_minor=40,
    )


def _stock(units: int) -> Stock:
    return Stock(units, units, units, 0, units)
