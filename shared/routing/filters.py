"""Which orders a routing serves and which locations a rule may use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC

from shared.kernel.values import value
from shared.routing.conditions import (
    SETS,
    BeforeCutoff,
    Capability,
    CapacityLeft,
    FreshFeed,
    GroupIn,
    GroupOut,
    IsOpen,
    KindIn,
    LocationFilter,
    LocationIn,
    MaxDistance,
    Operator,
    OrderField,
    OrderFilter,
    SameCountry,
    UnitsRemain,
)
from shared.routing.geo import Distances
from shared.routing.model import Candidate, RouteRequest
from shared.routing.rules import Routing, RuleSet

SECONDS_AN_HOUR = 3600

Scalar = str | int | None
Test = Callable[[Candidate], str | None]


def routing_of(rule_set: RuleSet, request: RouteRequest) -> Routing | None:
    """Return the first routing whose filters all hold for the order."""
    for routing in rule_set.routings:
        if all(holds(condition, request) for condition in routing.filters):
            return routing
    return None


def holds(condition: OrderFilter, request: RouteRequest) -> bool:
    """Return whether one condition holds for the order."""
    if condition.field in SETS:
        return _set_holds(condition, _set_of(condition.field, request))
    return _scalar_holds(condition, _scalar_of(condition.field, request))


def _set_of(field: OrderField, request: RouteRequest) -> frozenset[str]:
    if field is OrderField.ORDER_TAG:
        return request.tags
    if field is OrderField.PRODUCT_TAG:
        return frozenset(tag for line in request.lines for tag in line.tags)
    if field is OrderField.SHIPPING_METHOD:
        return frozenset(line.method for line in request.lines)
    return frozenset(line.category for line in request.lines if line.category is not None)


def _promise_date(request: RouteRequest) -> str | None:
    by = request.promise_by
    return None if by is None else by.astimezone(UTC).date().isoformat()


def _promise_hours(request: RouteRequest) -> int | None:
    by = request.promise_by
    return None if by is None else int((by - request.now).total_seconds() // SECONDS_AN_HOUR)


_SCALARS: Mapping[OrderField, Callable[[RouteRequest], Scalar]] = {
    OrderField.CHANNEL: lambda request: request.channel,
    OrderField.ORDER_TYPE: lambda request: request.order_type,
    OrderField.PRIORITY: lambda request: request.priority,
    OrderField.VALUE: lambda request: request.value_minor,
    OrderField.CUSTOMER_TIER: lambda request: request.customer_tier,
    OrderField.COUNTRY: lambda request: request.destination.country,
    OrderField.POSTCODE: lambda request: request.destination.postcode,
    OrderField.ADMIN_AREA: lambda request: request.destination.admin_area,
    OrderField.PROMISE_DATE: _promise_date,
    OrderField.PROMISE_HOURS: _promise_hours,
    OrderField.QUEUE: lambda request: request.queue,
}


def _scalar_of(field: OrderField, request: RouteRequest) -> Scalar:
    return _SCALARS[field](request)


def _set_holds(condition: OrderFilter, present: frozenset[str]) -> bool:
    has_any = not present.isdisjoint(str(value) for value in condition.values)
    match condition.operator:
        case Operator.EQUALS | Operator.IN:
            return has_any
        case Operator.NOT_EQUALS | Operator.NOT_IN:
            return not has_any
        case Operator.IS_NULL:
            return not present
        case Operator.NOT_NULL:
            return bool(present)
        case Operator.LESS | Operator.LESS_EQUALS | Operator.GREATER | Operator.GREATER_EQUALS:
            raise ValueError(f"{condition.field} has no order; the rule set's model refuses it")


def _scalar_holds(condition: OrderFilter, value: Scalar) -> bool:
    match condition.operator:
        case Operator.EQUALS | Operator.IN:
            return value in condition.values
        case Operator.NOT_EQUALS | Operator.NOT_IN:
            return value not in condition.values
        case Operator.IS_NULL:
            return value is None
        case Operator.NOT_NULL:
            return value is not None
        case Operator.LESS | Operator.LESS_EQUALS | Operator.GREATER | Operator.GREATER_EQUALS:
            return _compares(condition.operator, value, condition.values[0])


def _compares(operator: Operator, value: Scalar, bound: str | int) -> bool:
    """Compare two numbers or two texts; a missing value is neither less nor greater."""
    if value is None or isinstance(value, str) != isinstance(bound, str):
        return False
    order = 0 if value == bound else (-1 if min(value, bound) == value else 1)
    if operator is Operator.LESS:
        return order < 0
    if operator is Operator.LESS_EQUALS:
        return order <= 0
    if operator is Operator.GREATER:
        return order > 0
    return order >= 0


@value
class Drop:
    """The candidates that one filter of a rule dropped, each with the number that did it."""

    filter: str
    rows: tuple[tuple[Candidate, str], ...]


Tests = Sequence[tuple[str, Test]]


def eligible(
    filters: Sequence[LocationFilter],
    candidates: Sequence[Candidate],
    country: str,
    distances: Distances,
) -> tuple[list[Candidate], tuple[Drop, ...]]:
    """Return the candidates that pass every filter, and what each filter dropped, in order."""
    return passed(tests_of(filters, country, distances), candidates)


def tests_of(filters: Sequence[LocationFilter], country: str, distances: Distances) -> Tests:
    """Return the filters of a rule as tests, by kind: a plan asks them several times."""
    return [(one.kind, _test(one, country, distances)) for one in filters]


def passed(
    tests: Tests, candidates: Sequence[Candidate]
) -> tuple[list[Candidate], tuple[Drop, ...]]:
    """Return the candidates that pass every test, and what each test dropped, in order."""
    kept = [candidate for candidate in candidates if candidate.ship_enabled]
    drops: list[Drop] = []
    if len(kept) < len(candidates):
        off = tuple((c, "shipping is off") for c in candidates if not c.ship_enabled)
        drops.append(Drop("ship-enabled", off))
    for kind, test in tests:
        numbers = [test(candidate) for candidate in kept]
        rows = tuple([(c, n) for c, n in zip(kept, numbers, strict=True) if n is not None])
        if rows:
            drops.append(Drop(kind, rows))
            kept = [c for c, n in zip(kept, numbers, strict=True) if n is None]
    return kept, tuple(drops)


def units_kept(filters: Sequence[LocationFilter]) -> int:
    """Return the units that must remain at a location; of several the most."""
    return max((f.units for f in filters if isinstance(f, UnitsRemain)), default=0)


def _test(rule_filter: LocationFilter, country: str, distances: Distances) -> Test:
    """Return a test that gives the number which drops a candidate, or None when it passes."""
    match rule_filter:
        case MaxDistance(distance_m=most):
            return lambda c: _too_far(distances.to(c), most)
        case CapacityLeft(at_least=least):
            return lambda c: _too_full(c.capacity_left, least)
        case SameCountry():
            return lambda c: None if c.country == country else f"in {c.country or 'no country'}"
        case GroupIn() | GroupOut() | KindIn() | LocationIn() | Capability():
            return _membership(rule_filter)
        case IsOpen() | BeforeCutoff() | FreshFeed() | UnitsRemain():
            return _state(rule_filter)


def _state(rule_filter: IsOpen | BeforeCutoff | FreshFeed | UnitsRemain) -> Test:
    match rule_filter:
        case IsOpen():
            return lambda c: None if c.is_open else "closed"
        case BeforeCutoff():
            return lambda c: "cut-off passed" if c.cutoff_passed else None
        case FreshFeed():
            return lambda c: None if c.feed_fresh else _stale(c.feed_age_minutes)
        case UnitsRemain():
            return lambda _: None  # drops no location: it lowers what each line may take


def _membership(rule_filter: GroupIn | GroupOut | KindIn | LocationIn | Capability) -> Test:
    match rule_filter:
        case GroupIn(groups=groups):
            return lambda c: None if not c.groups.isdisjoint(groups) else _names(c.groups)
        case GroupOut(groups=groups):
            return lambda c: None if c.groups.isdisjoint(groups) else _names(c.groups)
        case KindIn(kinds=kinds):
            return lambda c: None if c.kind in kinds else c.kind
        case LocationIn(locations=locations):
            return lambda c: None if c.location_id in locations else "not listed"
        case Capability(all_of=wanted):
            return lambda c: None if c.capabilities.issuperset(wanted) else _names(c.capabilities)


def _names(names: frozenset[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _stale(age_minutes: int | None) -> str:
    return "stale feed" if age_minutes is None else f"stale feed, told {age_minutes} min ago"


def _too_far(distance_m: int | None, most: int) -> str | None:
    if distance_m is None:
        return "distance unknown"
    return None if distance_m <= most else f"{distance_m} m"


def _too_full(left: int | None, least: int) -> str | None:
    return None if left is None or left >= least else f"{left} left"
