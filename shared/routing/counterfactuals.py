"""What would have to change for another location to win: each answer verified by planning again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from shared.kernel.values import value
from shared.routing.allocation import Allocator
from shared.routing.conditions import MaxDistance
from shared.routing.explanation import COUNTERFACTUALS_MAX, Counterfactual
from shared.routing.filters import Drop
from shared.routing.model import Candidate, Contents, Stock
from shared.routing.outcome import Outcome, Trace
from shared.routing.pricing import Priced
from shared.routing.problem import joined
from shared.routing.rules import InventoryRule, RuleSet
from shared.routing.site import Site

# Changes that look promising are at most this many; each costs one more run of the rules.
TRIES_MAX = 6
SCANNED_MAX = 200


@value
class _Change:
    """One change to one location (or to a rule for its sake), not yet verified."""

    candidate: Candidate
    what: str
    value: int
    text: str
    allocator: Allocator
    promise_minor: int


def counterfactuals(
    allocator: Allocator,
    candidates: Sequence[Candidate],
    outcome: Outcome,
    runner_up: Outcome | None,
) -> tuple[Counterfactual, ...]:
    """Return verified changes of one figure each that would have moved units to a location."""
    if outcome.routing is None or not outcome.traces:
        return ()
    changes = sorted(
        [
            *_stock_changes(allocator, outcome),
            *_filter_changes(allocator, outcome),
            *_price_changes(allocator, outcome, runner_up),
        ],
        key=lambda change: (change.promise_minor, change.candidate.location_id, change.what),
    )
    found: list[Counterfactual] = []
    for change in changes[:TRIES_MAX]:
        verified = _verified(change, candidates, outcome)
        if verified is not None and len(found) < COUNTERFACTUALS_MAX:
            found.append(verified)
    return tuple(found)


def _verified(
    change: _Change, candidates: Sequence[Candidate], outcome: Outcome
) -> Counterfactual | None:
    location_id = change.candidate.location_id
    world = [change.candidate if c.location_id == location_id else c for c in candidates]
    other = change.allocator.allocate(world)
    if units_at(other, location_id) <= units_at(outcome, location_id):
        return None
    return Counterfactual(location_id, change.what, change.value, other.cost_minor, change.text)


def units_at(outcome: Outcome, location_id: str) -> int:
    """Return the units that an outcome assigns to a location."""
    return sum(a.quantity for a in outcome.assignments if a.location_id == location_id)


def _everything(allocator: Allocator, trace: Trace) -> Priced:
    """Return the cost row of all that was open when the rule ran."""
    return allocator.pricer.priced(joined(trace.items), trace.rule.cost)


def _stock_changes(allocator: Allocator, outcome: Outcome) -> Iterator[_Change]:
    """Yield locations that had the goods but kept them as safety stock, or had no capacity."""
    trace = outcome.traces[0]
    row = _everything(allocator, trace)
    for site in trace.sites[:SCANNED_MAX]:
        changed = _with_less_safety(site, row.contents) or _with_capacity(site, row.contents)
        if changed is None:
            continue
        candidate, what, value = changed
        promise = allocator.pricer.cost(row, candidate)
        if promise is not None and _is_promising(outcome, promise):
            sign = "≤" if what == "safety_stock" else "≥"
            name = what.replace("_", " ")
            text = f"{site.location_id} would have won if its {name} were {sign} {value}"
            yield _Change(candidate, what, value, text, allocator, promise)


def _is_promising(outcome: Outcome, promise_minor: int) -> bool:
    """Return whether a change may pay: something is short, or it is cheaper than what won."""
    return bool(outcome.short) or promise_minor < outcome.cost_minor or _walks(outcome)


def _walks(outcome: Outcome) -> bool:
    return outcome.traces[0].rule.strategy not in {"exact", "fewest-splits"}


def _with_less_safety(site: Site, contents: Contents) -> tuple[Candidate, str, int] | None:
    """Return the location with just so little safety stock that it fills everything open."""
    stocks = site.candidate.stock
    held: dict[str, Stock] = {}
    lowered: list[int] = []
    for line, quantity in contents:
        stock = stocks.get(line.sku)
        if stock is None or site.location_id in line.excluded_locations:
            return None
        missing = quantity - site.sellable(line)
        if missing <= 0:
            continue
        safety = stock.free - quantity - site.keep - site.load.units.get(line.sku, 0)
        is_by_safety = stock.sellable_ship == max(0, stock.free - stock.safety_stock)
        if not is_by_safety or not 0 <= safety < stock.safety_stock:
            return None
        held[line.sku] = replace(stock, safety_stock=safety, sellable_ship=stock.free - safety)
        lowered.append(safety)
    if len(lowered) != 1:  # one figure at a time: a counterfactual of two is no advice
        return None
    return replace(site.candidate, stock={**stocks, **held}), "safety_stock", lowered[0]


def _with_capacity(site: Site, contents: Contents) -> tuple[Candidate, str, int] | None:
    """Return the location with just so much capacity that it takes everything open."""
    left = site.candidate.capacity_left
    if left is None or site.has_room(contents):
        return None
    needed = {
        "fulfillments": 1 + site.load.has_pickup,
        "lines": len(contents) + site.load.line_count,
        "units": sum(quantity for _, quantity in contents) + site.load.unit_count,
    }[site.candidate.capacity_unit]
    candidate = replace(site.candidate, capacity_left=needed)
    if not replace(site, candidate=candidate).fits(contents):
        return None
    return candidate, "capacity_left", needed


def _filter_changes(allocator: Allocator, outcome: Outcome) -> Iterator[_Change]:
    """Yield locations that one filter of the first rule dropped."""
    trace = outcome.traces[0]
    row = _everything(allocator, trace)
    scanned = 0
    for drop in trace.drops:
        for candidate, _ in drop.rows:
            scanned += 1
            if scanned > SCANNED_MAX:
                return
            promise = allocator.pricer.cost(row, candidate)
            if promise is None or not _is_promising(outcome, promise):
                continue
            change = _without(allocator, drop, trace.rule, candidate, promise)
            if change is not None and Site(change.candidate, "", 0).fits(row.contents):
                yield change


def _without(
    allocator: Allocator, drop: Drop, rule: InventoryRule, candidate: Candidate, promise: int
) -> _Change | None:
    name = candidate.location_id
    match drop.filter:
        case "max-distance":
            distance = allocator.distances.to(candidate)
            if distance is None:
                return None
            text = f"{name} would have won if the rule's distance were ≥ {distance} m"
            wider = allocator.with_rules(_wider(allocator, rule, distance))
            return _Change(candidate, "max_distance_m", distance, text, wider, promise)
        case "open":
            changed = replace(candidate, is_open=True)
            text = f"{name} would have won if it were open"
        case "before-cutoff":
            changed = replace(candidate, cutoff_passed=False)
            text = f"{name} would have won before its cut-off"
        case "fresh-feed":
            changed = replace(candidate, feed_fresh=True)
            text = f"{name} would have won if its feed were fresh"
        case "ship-enabled":
            changed = replace(candidate, ship_enabled=True)
            text = f"{name} would have won if shipping were on"
        case _:
            return None
    return _Change(changed, drop.filter, 1, text, allocator, promise)


def _wider(allocator: Allocator, rule: InventoryRule, distance_m: int) -> RuleSet:
    def widened(other: InventoryRule) -> InventoryRule:
        if other is not rule:
            return other
        filters = tuple(
            MaxDistance(distance_m=max(f.distance_m, distance_m))
            if isinstance(f, MaxDistance)
            else f
            for f in other.filters
        )
        return other.model_copy(update={"filters": filters})

    rule_set = allocator.rule_set
    routings = tuple(
        routing.model_copy(update={"rules": tuple(widened(r) for r in routing.rules)})
        for routing in rule_set.routings
    )
    return rule_set.model_copy(update={"routings": routings})


def _price_changes(
    allocator: Allocator, outcome: Outcome, runner_up: Outcome | None
) -> Iterator[_Change]:
    """Yield the runner-up at a parcel price that beats the winner."""
    if runner_up is None or runner_up.units != outcome.units or _walks(outcome):
        return
    gap = runner_up.cost_minor - outcome.cost_minor + 1
    for placement in runner_up.placements:
        site = placement.site
        if gap <= 0 or units_at(outcome, site.location_id) >= units_at(runner_up, site.location_id):
            continue
        pricer = allocator.pricer.cheaper_at(site.location_id, gap)
        text = f"{site.location_id} would have won if its parcel cost {gap} less (minor units)"
        changed = allocator.with_pricer(pricer)
        yield _Change(site.candidate, "parcel_cost_minor", -gap, text, changed, gap)
        return
