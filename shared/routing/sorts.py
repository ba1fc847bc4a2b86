"""The order of locations in a rule and of orders in a routing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from shared.routing.geo import Distances
from shared.routing.model import Candidate, RouteRequest
from shared.routing.pricing import Priced, Pricer
from shared.routing.rules import LocationSort, OrderSort

LAST: Final = 1 << 60
NEVER_ASSIGNED: Final = datetime.min.replace(tzinfo=UTC)
NO_PROMISE: Final = datetime.max.replace(tzinfo=UTC)

Number = Callable[[Candidate], float]


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
    result = sorted(candidates, key=lambda candidate: candidate.location_id)
    for sort in reversed(sorts):
        number = _number(sort, distances, pricer, row)
        sign = -1 if sort.is_reversed else 1
        result.sort(key=lambda c, n=number, s=sign: _placed(n(c), s))  # type: ignore[misc]
    return result


def _placed(number: float, sign: int) -> float:
    return number if number == LAST else sign * number


def _number(sort: LocationSort, distances: Distances, pricer: Pricer, row: Priced) -> Number:
    match sort.by:
        case "distance":
            return lambda c: _known(distances.to(c))
        case "priority":
            return lambda c: c.priority
        case "stock":
            skus = {line.sku for line, _ in row.contents}
            return lambda c: -sum(c.stock[sku].sellable_ship for sku in skus if sku in c.stock)
        case "capacity-left":
            return lambda c: -LAST / 2 if c.capacity_left is None else -c.capacity_left
        case "labor":
            return lambda c: c.labor_minor
        case "last-assigned":
            return lambda c: (c.last_assigned or NEVER_ASSIGNED).timestamp()
        case "cost":
            return lambda c: _known(pricer.cost(row, c))


def _known(number: int | None) -> float:
    return LAST if number is None else number


def orders_in_order(
    requests: Sequence[RouteRequest], sorts: Sequence[OrderSort]
) -> list[RouteRequest]:
    """Return orders as a routing serves them: high priority, early promise, high value first."""
    result = sorted(requests, key=lambda request: request.order_id)
    for sort in reversed(sorts):
        match sort.by:
            case "priority":
                result.sort(key=lambda r: r.priority, reverse=not sort.is_reversed)
            case "promise":
                result.sort(key=lambda r: r.promise_by or NO_PROMISE, reverse=sort.is_reversed)
            case "value":
                result.sort(key=lambda r: r.value_minor, reverse=not sort.is_reversed)
    return result
