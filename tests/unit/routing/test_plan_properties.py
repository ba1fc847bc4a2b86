"""What holds for every plan, whatever the stock, the rules and the strategy."""

import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.routing.allocation import Allocator
from shared.routing.geo import Distances
from shared.routing.model import (
    Assignment,
    Candidate,
    Contents,
    ParcelQuote,
    RouteLine,
    RouteRequest,
    ShortLine,
    SourcingPlan,
    Stock,
)
from shared.routing.pricing import Pricer
from shared.routing.rules import Constraint, Divide, LadderStep, RuleSet
from shared.routing.strategies import STRATEGIES
from tests.unit.routing.samples import (
    a_candidate,
    a_line,
    a_request,
    a_rule,
    a_rule_set,
    left_open,
    plan,
)

DIVIDE: tuple[Divide, ...] = ("never", "if-needed", "always")


def _quote(location_id: str, contents: Contents) -> ParcelQuote | None:
    count = sum(quantity for _, quantity in contents)
    price = 300 + 37 * (hash_of(location_id) % 11) + 20 * count
    return None if location_id == "L5" and count > 4 else ParcelQuote(price, "ground")


def hash_of(location_id: str) -> int:
    return sum(ord(letter) * 7 for letter in location_id)


def _line(rng: random.Random, number: int) -> RouteLine:
    is_pickup = rng.random() < 0.2
    return a_line(
        str(number),
        rng.randint(0, 6),
        sku=f"s{rng.randint(0, 2)}",
        unit_value_minor=rng.choice((0, 500, 2500)),
        method="pickup" if is_pickup else "ship",
        pickup_location=f"L{rng.randint(0, 6)}" if is_pickup else None,
        group="g" if not is_pickup and rng.random() < 0.3 else None,
        excluded_locations=frozenset({"L1"}) if rng.random() < 0.2 else frozenset(),
    )


def _location(rng: random.Random, number: int) -> Candidate:
    odd = Stock(-3, -3, free=-3)
    stock = {
        f"s{k}": odd if rng.random() < 0.1 else Stock(n := rng.randint(0, 8), n, n, 0, n)
        for k in range(3)
        if rng.random() < 0.8
    }
    return Candidate(
        f"L{number}",
        stock,
        lat=None if rng.random() < 0.3 else rng.uniform(30, 48),
        lon=rng.uniform(-120, -70),
        ship_enabled=rng.random() < 0.9,
        pickup_enabled=rng.random() < 0.7,
        priority=rng.randint(1, 3),
        capacity_left=rng.choice((None, None, -1, 0, 1, 3, 6)),
        capacity_unit=rng.choice(("fulfillments", "lines", "units")),
        capacity_counts_pickups=rng.random() < 0.5,
    )


def _rules(rng: random.Random, strategy: str) -> RuleSet:
    limits = [
        Constraint(kind="ship-complete", is_hard=rng.random() < 0.5),
        Constraint(kind="no-split", is_hard=rng.random() < 0.5),
        Constraint(kind="max-locations", limit=2, is_hard=rng.random() < 0.5),
        Constraint(kind="max-locations-per-line", limit=2),
        Constraint(kind="split-value", limit=2000, is_hard=rng.random() < 0.5),
    ]
    ladder = (
        LadderStep(max_distance_m=800_000, may_split=False),
        LadderStep(max_distance_m=800_000, may_split=True),
        LadderStep(may_split=False),
        LadderStep(may_split=True),
    )
    rule = a_rule(
        strategy=strategy,
        constraints=tuple(limit for limit in limits if rng.random() < 0.3),
        ladder=ladder if rng.random() < 0.3 else (),
    )
    return a_rule_set(rule, divide_lines=rng.choice(DIVIDE))


@pytest.mark.parametrize("strategy", sorted(STRATEGIES))
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 1_000_000))
def test_every_unit_is_assigned_or_short_and_nothing_is_promised_twice(
    strategy: str, seed: int
) -> None:
    rng = random.Random(seed)
    lines = tuple(_line(rng, number) for number in range(rng.randint(1, 5)))
    candidates = [_location(rng, number) for number in range(6)]
    rules, request = _rules(rng, strategy), a_request(*lines)
    answer = plan(request, candidates, rules, _quote)
    _units_add_up(lines, answer)
    _stock_suffices(lines, candidates, answer)
    _capacity_suffices(lines, candidates, answer)
    _hard_limits_hold(lines, rules, answer)
    _groups_stay_together(lines, answer)
    again = plan(request, list(reversed(candidates)), rules, _quote)
    assert again.assignments == answer.assignments
    assert again.cost_minor == answer.cost_minor
    _counterfactuals_are_true(request, candidates, rules, answer)


def _units_add_up(lines: tuple[RouteLine, ...], answer: SourcingPlan) -> None:
    given_units = Counter[str]()
    for a in answer.assignments:
        assert a.quantity > 0
        given_units[a.line_id] += a.quantity
    short = left_open(answer)
    for line in lines:
        assert given_units[line.line_id] + short.get(line.line_id, 0) == line.quantity
    shipped = Counter[str]()
    for parcel in answer.parcels:
        for line_id, _, quantity in parcel.contents:
            shipped[line_id] += quantity
    assert all(shipped[n.line_id] == given_units[n.line_id] for n in lines if n.method == "ship")


def _stock_suffices(
    lines: tuple[RouteLine, ...], candidates: list[Candidate], answer: SourcingPlan
) -> None:
    by_id = {line.line_id: line for line in lines}
    places = {candidate.location_id: candidate for candidate in candidates}
    taken = Counter[tuple[str, str]]()
    for a in answer.assignments:
        line, place = by_id[a.line_id], places[a.location_id]
        assert a.location_id not in line.excluded_locations
        assert place.ship_enabled if line.method == "ship" else place.pickup_enabled
        assert line.method == "ship" or line.pickup_location == a.location_id
        taken[a.location_id, line.sku] += a.quantity
    for (location_id, sku), count in taken.items():
        assert count <= places[location_id].stock[sku].sellable_ship


def _capacity_suffices(
    lines: tuple[RouteLine, ...], candidates: list[Candidate], answer: SourcingPlan
) -> None:
    methods = {line.line_id: line.method for line in lines}
    for place in candidates:
        if place.capacity_left is None:
            continue
        here = [
            a
            for a in answer.assignments
            if a.location_id == place.location_id
            and (methods[a.line_id] == "ship" or place.capacity_counts_pickups)
        ]
        used = {
            "fulfillments": len({methods[a.line_id] for a in here}),
            "lines": len({a.line_id for a in here}),
            "units": sum(a.quantity for a in here),
        }[place.capacity_unit]
        assert used <= max(0, place.capacity_left)


def _hard_limits_hold(lines: tuple[RouteLine, ...], rules: RuleSet, answer: SourcingPlan) -> None:
    shipped = {line.line_id for line in lines if line.method == "ship" and line.quantity}
    parcels = [a for a in answer.assignments if a.line_id in shipped]
    short = [s for s in answer.short if s.line_id in shipped]
    for constraint in rules.routings[0].rules[0].constraints:
        if not constraint.is_hard:
            continue
        match constraint.kind:
            case "ship-complete":
                assert not parcels or not short
            case "no-split" | "max-locations":
                assert len({a.location_id for a in parcels}) <= (constraint.limit or 1)
            case "max-locations-per-line":
                for line_id in shipped:
                    places = {a.location_id for a in parcels if a.line_id == line_id}
                    assert len(places) <= (constraint.limit or 1)
            case "split-value":
                _parts_are_worth(lines, parcels, short, constraint.limit or 0)


def _parts_are_worth(
    lines: tuple[RouteLine, ...],
    parcels: list[Assignment],
    short: list[ShortLine],
    least: int,
) -> None:
    worth = {line.line_id: line.unit_value_minor for line in lines}
    parts = Counter[str]()
    for a in parcels:
        parts[a.location_id] += worth[a.line_id] * a.quantity
    rest = sum(worth[s.line_id] * s.quantity for s in short)
    values = [*parts.values(), *([rest] if short else [])]
    assert not parts or len(values) == 1 or min(values) >= least


def _groups_stay_together(lines: tuple[RouteLine, ...], answer: SourcingPlan) -> None:
    together = {line.line_id for line in lines if line.group and line.quantity}
    places = {a.location_id for a in answer.assignments if a.line_id in together}
    assert len(places) <= 1
    if places:
        assert not together & set(left_open(answer))


def _counterfactuals_are_true(
    request: RouteRequest, candidates: list[Candidate], rules: RuleSet, answer: SourcingPlan
) -> None:
    for change in answer.explanation.counterfactuals:
        if change.change != "capacity_left":
            continue
        world = [
            replace(c, capacity_left=change.value) if c.location_id == change.location_id else c
            for c in candidates
        ]
        distances = Distances(request.destination)
        other = Allocator(request, rules, Pricer(_quote), distances).allocate(world)
        before = sum(a.quantity for a in answer.assignments if a.location_id == change.location_id)
        after = sum(a.quantity for a in other.assignments if a.location_id == change.location_id)
        assert after > before


def test_the_order_of_equal_locations_is_that_of_their_ids() -> None:
    candidates = [a_candidate(name, {"sku-1": 1}) for name in ("b", "c", "a")]
    for strategy in STRATEGIES:
        answer = plan(a_request(), candidates, a_rule_set(a_rule(strategy=strategy)), _same)
        assert [a.location_id for a in answer.assignments] == ["a"], strategy


def _same(_: str, __: Contents) -> ParcelQuote | None:
    return ParcelQuote(100)
