"""What is wrong with a rule set before it decides anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shared.kernel.values import value
from shared.routing.conditions import (
    GroupIn,
    GroupOut,
    KindIn,
    LocationIn,
    MaxDistance,
    Operator,
    OrderFilter,
)
from shared.routing.constraints import passes
from shared.routing.filters import eligible
from shared.routing.geo import Distances
from shared.routing.model import ActionKind, Candidate, Place
from shared.routing.rules import InventoryRule, Routing, RuleSet
from shared.routing.strategies import STRATEGIES

Figures = int | str


@value
class Finding:
    """One fault; errors stop an activation, warnings do not."""

    where: str
    code: str
    detail: str
    is_error: bool


def lint(rule_set: RuleSet, locations: Sequence[Candidate] | None = None) -> tuple[Finding, ...]:
    """Return every finding, in the order of the rule set.

    With `locations` (the tenant's, stock is not looked at) rules that none of them can pass, and
    groups that none of them has, are found too.
    """
    return tuple(_findings(rule_set, locations))


def _findings(rule_set: RuleSet, locations: Sequence[Candidate] | None) -> Iterator[Finding]:
    yield from _dates(rule_set)
    names = [routing.name for routing in rule_set.routings]
    for index, routing in enumerate(rule_set.routings):
        where = f"routing {routing.name}"
        if routing.name in names[:index]:
            yield Finding(where, "same-name", "another routing has this name", is_error=True)
        if any(_covers(earlier, routing) for earlier in rule_set.routings[:index]):
            detail = "an earlier routing takes every order that this one could"
            yield Finding(where, "unreachable-routing", detail, is_error=True)
        for detail in _contradictions(routing.filters):
            yield Finding(where, "contradiction", detail, is_error=True)
        yield from _rules(rule_set, routing, locations)
    if all(routing.filters for routing in rule_set.routings):
        detail = "orders that no routing's filters admit are not routed"
        yield Finding("rule set", "no-fallback", detail, is_error=False)


def _dates(rule_set: RuleSet) -> Iterator[Finding]:
    start, end = rule_set.effective_from, rule_set.effective_to
    if start is not None and end is not None and end <= start:
        yield Finding("rule set", "contradiction", "it ends before it begins", is_error=True)


def _covers(earlier: Routing, later: Routing) -> bool:
    """Return whether each condition of the earlier routing stands in the later one too."""
    return all(condition in later.filters for condition in earlier.filters)


def _contradictions(filters: Sequence[OrderFilter]) -> Iterator[str]:
    for index, one in enumerate(filters):
        for other in filters[index + 1 :]:
            if one.field is other.field and _excludes(one, other):
                yield f"{one.field} cannot be {_words(one)} and {_words(other)}"


def _words(condition: OrderFilter) -> str:
    return " ".join([condition.operator, *map(str, condition.values)])


def _excludes(one: OrderFilter, other: OrderFilter) -> bool:
    """Return whether no single value can satisfy both conditions."""
    if Operator.IS_NULL in {one.operator, other.operator}:
        return {one.operator, other.operator} & _NEEDS_VALUE != set()
    for first, second in ((one, other), (other, one)):
        if first.operator in {Operator.EQUALS, Operator.IN} and first.field not in _SEVERAL:
            return not any(_admits(second, value) for value in first.values)
    return one.field not in _SEVERAL and _is_empty_range(one, other)


_SEVERAL = frozenset({"shipping-method", "order-tag", "product-tag", "category"})
_NEEDS_VALUE = frozenset(Operator) - {Operator.IS_NULL, Operator.NOT_EQUALS, Operator.NOT_IN}
_UPPER = {Operator.LESS: False, Operator.LESS_EQUALS: True}
_LOWER = {Operator.GREATER: False, Operator.GREATER_EQUALS: True}


def _admits(condition: OrderFilter, value: Figures) -> bool:
    operator = condition.operator
    if operator is Operator.NOT_NULL:
        return True
    if operator in {Operator.NOT_EQUALS, Operator.NOT_IN}:
        return value not in condition.values
    if operator in {Operator.EQUALS, Operator.IN}:
        return value in condition.values
    exact = OrderFilter(field=condition.field, operator=Operator.GREATER_EQUALS, values=(value,))
    if operator in _LOWER:
        exact = OrderFilter(field=condition.field, operator=Operator.LESS_EQUALS, values=(value,))
    return not _is_empty_range(condition, exact)


def _is_empty_range(one: OrderFilter, other: OrderFilter) -> bool:
    """Return whether an upper and a lower bound leave nothing between them."""
    for upper, lower in ((one, other), (other, one)):
        if upper.operator in _UPPER and lower.operator in _LOWER:
            top, bottom = upper.values[0], lower.values[0]
            touches = _UPPER[upper.operator] and _LOWER[lower.operator]
            if top == bottom:
                return not touches
            return min([top, bottom], key=_key) == top
    return False


def _key(value: Figures) -> tuple[int, str]:
    return (value, "") if isinstance(value, int) else (0, value)


def _rules(
    rule_set: RuleSet, routing: Routing, locations: Sequence[Candidate] | None
) -> Iterator[Finding]:
    is_reached = True
    for rule in routing.rules:
        where = f"routing {routing.name}, rule {rule.name}"
        if not is_reached:
            detail = "no earlier rule goes on to the next one"
            yield Finding(where, "unreachable-rule", detail, is_error=True)
        if rule.strategy not in STRATEGIES:
            detail = f"there is no strategy {rule.strategy}"
            yield Finding(where, "unknown-strategy", detail, is_error=True)
        yield from _own(where, rule)
        yield from _limits(where, rule_set, routing, rule)
        if locations is not None:
            yield from _places(where, rule, locations)
        is_reached = is_reached and _goes_on(rule)


def _goes_on(rule: InventoryRule) -> bool:
    return any(action.do is ActionKind.NEXT_RULE for action in (*rule.on_partial, *rule.on_none))


def _own(where: str, rule: InventoryRule) -> Iterator[Finding]:
    inside = {name for f in rule.filters if isinstance(f, GroupIn) for name in f.groups}
    outside = {name for f in rule.filters if isinstance(f, GroupOut) for name in f.groups}
    if inside and inside <= outside:
        detail = "every group that is let in is kept out"
        yield Finding(where, "contradiction", detail, is_error=True)
    widest = max((f.distance_m for f in rule.filters if isinstance(f, MaxDistance)), default=None)
    if widest is not None:
        for step in rule.ladder:
            if step.max_distance_m is not None and step.max_distance_m > widest:
                detail = f"a step of {step.max_distance_m} m lies beyond the filter's {widest} m"
                yield Finding(where, "unreachable-step", detail, is_error=False)


def _limits(
    where: str, rule_set: RuleSet, routing: Routing, rule: InventoryRule
) -> Iterator[Finding]:
    limits = passes(rule_set, routing, rule)[-1]
    if limits.locations == 1 and any(step.may_split for step in rule.ladder):
        detail = "a ladder step splits, but the order may have one location only"
        yield Finding(where, "contradiction", detail, is_error=False)
    if limits.split_value_minor is not None and not limits.is_complete:
        detail = (
            f"an order that no location fills whole stays open when a part is worth less than "
            f"{limits.split_value_minor}"
        )
        yield Finding(where, "stranding-threshold", detail, is_error=False)


def _places(where: str, rule: InventoryRule, locations: Sequence[Candidate]) -> Iterator[Finding]:
    groups = {group for location in locations for group in location.groups}
    ids = {location.location_id for location in locations}
    kinds = {location.kind for location in locations}
    for rule_filter in rule.filters:
        for known, names in _named(rule_filter, groups, ids, kinds):
            for name in sorted(set(names) - known):
                detail = f"{rule_filter.kind}: no location is or has {name}"
                yield Finding(where, "unknown-name", detail, is_error=True)
    lasting = [f for f in rule.filters if isinstance(f, GroupIn | GroupOut | KindIn | LocationIn)]
    place = Place(country="")
    if not eligible(lasting, locations, "", Distances(place))[0]:
        yield Finding(where, "no-candidate", "no location passes the filters", is_error=True)


def _named(
    rule_filter: object, groups: set[str], ids: set[str], kinds: set[str]
) -> Iterator[tuple[set[str], tuple[str, ...]]]:
    match rule_filter:
        case GroupIn(groups=names) | GroupOut(groups=names):
            yield groups, names
        case LocationIn(locations=names):
            yield ids, names
        case KindIn(kinds=names):
            yield kinds, names
        case _:
            return
