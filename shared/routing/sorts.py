"""The order of locations in a rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Final

from shared.kernel.values import value
from shared.routing.geo import Distances
from shared.routing.model import Candidate
from shared.routing.pricing import Priced, Pricer
from shared.routing.rules import LocationSort, SortBy

by_id: Final = attrgetter("location_id")
LAST: Final = 1 << 60
UNLIMITED: Final = 1 << 59


def in_order(
    candidates: Sequence[Candidate],
    sorts: Sequence[LocationSort],
    distances: Distances,
    pricer: Pricer,
    row: Priced,
) -> list[Candidate]:
    """Return candidates sorted, each sort breaking the ties of the one before, the id the last.

    `row` prices what is open, for the sort by cost. Unknown figures come last either way.
    """
    result = sorted(candidates, key=by_id)
    view = _View(distances, pricer, row)
    for sort in reversed(sorts):
        number = _NUMBERS[sort.by]
        sign = -1 if sort.is_reversed else 1
        numbers = {c.location_id: number(view, c) for c in result}
        result.sort(key=lambda c, n=numbers, s=sign: _placed(n[c.location_id], s))  # type: ignore[misc]  # defaults bind the loop's values
    return result


@value
class _View:
    distances: Distances
    pricer: Pricer
    row: Priced


def _placed(number: float, sign: int) -> float:
    return number if number == LAST else sign * number


def _known(number: int | None) -> float:
    return LAST if number is None else number


def _stock(view: _View, candidate: Candidate) -> float:
    skus = {line.sku for line, _ in view.row.contents}
    stock = candidate.stock
    return -sum(stock[sku].sellable_ship for sku in skus if sku in stock)


def _capacity(_: _View, candidate: Candidate) -> float:
    left = candidate.capacity_left
    return -UNLIMITED if left is None else -left


_NUMBERS: Final[Mapping[SortBy, Callable[[_View, Candidate], float]]] = {
    "distance": lambda view, c: _known(view.distances.to(c)),
    "priority": lambda _, c: c.priority,
    "stock": _stock,
    "capacity-left": _capacity,
    "labor": lambda _, c: c.labor_minor,
    "cost": lambda view, c: _known(view.pricer.cost(view.row, c)),
}
