"""Which orders a routing serves, which locations a rule may use, and in which order."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from shared.routing.conditions import (
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
from shared.routing.filters import eligible, holds, routing_of, units_kept
from shared.routing.geo import Distances
from shared.routing.model import Place
from shared.routing.pricing import DEFAULT, Pricer
from shared.routing.rules import LocationSort, Routing, SortBy
from shared.routing.sorts import in_order
from tests.unit.routing.samples import (
    NEW_YORK,
    NOW,
    a_candidate,
    a_line,
    a_request,
    a_rule,
    a_rule_set,
    costs,
)


@pytest.mark.parametrize(
    ("operator", "values", "expected"),
    [
        ("equals", (5,), True),
        ("equals", (6,), False),
        ("not-equals", (6,), True),
        ("in", (4, 5), True),
        ("not-in", (4, 5), False),
        ("less", (6,), True),
        ("less", (5,), False),
        ("less-equals", (5,), True),
        ("greater", (5,), False),
        ("greater", (4,), True),
        ("greater-equals", (5,), True),
        ("is-null", (), False),
        ("not-null", (), True),
    ],
)
def test_a_number_is_compared_as_the_operator_says(
    operator: str, values: tuple[int, ...], *, expected: bool
) -> None:
    condition = OrderFilter(field=OrderField.PRIORITY, operator=Operator(operator), values=values)
    assert holds(condition, a_request(priority=5)) is expected


@pytest.mark.parametrize(
    ("operator", "values", "expected"),
    [
        ("equals", ("gift",), True),
        ("not-equals", ("gift",), False),
        ("in", ("fragile", "gift"), True),
        ("not-in", ("fragile",), True),
        ("is-null", (), False),
        ("not-null", (), True),
    ],
)
def test_a_field_of_several_values_is_equal_when_one_of_them_is(
    operator: str, values: tuple[str, ...], *, expected: bool
) -> None:
    condition = OrderFilter(field=OrderField.ORDER_TAG, operator=Operator(operator), values=values)
    assert holds(condition, a_request(tags=frozenset({"gift", "vip"}))) is expected


def test_every_field_reads_its_own_figure_of_the_order() -> None:
    request = a_request(
        a_line(tags=frozenset({"hazmat"}), category="shoes"),
        channel="web",
        order_type="exchange",
        priority=3,
        value_minor=4200,
        customer_tier="gold",
        tags=frozenset({"gift"}),
        promise_by=NOW + timedelta(hours=30, minutes=59),
        queue="late",
    )
    figures: dict[str, str | int] = {
        "channel": "web",
        "order-type": "exchange",
        "shipping-method": "ship",
        "priority": 3,
        "value": 4200,
        "customer-tier": "gold",
        "order-tag": "gift",
        "product-tag": "hazmat",
        "category": "shoes",
        "country": "US",
        "postcode": "11030",
        "admin-area": "NY",
        "promise-date": "2026-11-21",
        "promise-hours": 30,
        "queue": "late",
    }
    assert set(figures) == set(OrderField)
    for field, value in figures.items():
        condition = OrderFilter(field=OrderField(field), operator=Operator.EQUALS, values=(value,))
        assert holds(condition, request), field


@pytest.mark.parametrize("field", ["promise-date", "promise-hours", "customer-tier"])
def test_what_the_order_does_not_say_is_null_and_neither_less_nor_greater(field: str) -> None:
    bound: str | int = 3 if field == "promise-hours" else "2026-01-01"
    request = a_request()
    null = OrderFilter(field=OrderField(field), operator=Operator.IS_NULL)
    assert holds(null, request)
    for operator in (Operator.LESS, Operator.GREATER):
        condition = OrderFilter(field=OrderField(field), operator=operator, values=(bound,))
        assert not holds(condition, request)


def test_texts_are_compared_as_texts() -> None:
    early = OrderFilter(
        field=OrderField.PROMISE_DATE, operator=Operator.LESS_EQUALS, values=("2026-11-30",)
    )
    assert holds(early, a_request(promise_by=NOW))


@pytest.mark.parametrize(
    ("field", "operator", "values"),
    [
        ("priority", "equals", ()),
        ("priority", "equals", (1, 2)),
        ("priority", "is-null", (1,)),
        ("priority", "equals", ("high",)),
        ("channel", "equals", (1,)),
        ("order-tag", "less", ("a",)),
        ("priority", "in", ()),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused(
    field: str, operator: str, values: tuple[Any, ...]
) -> None:
    with pytest.raises(ValidationError):
        OrderFilter(field=OrderField(field), operator=Operator(operator), values=values)


def test_the_first_routing_whose_conditions_all_hold_serves_the_order() -> None:
    web = OrderFilter(field=OrderField.CHANNEL, operator=Operator.EQUALS, values=("web",))
    rule = a_rule()
    routings = (
        Routing(name="web", filters=(web,), rules=(rule,)),
        Routing(name="rest", rules=(rule,)),
    )
    rules = a_rule_set(routings=routings)
    found = [routing_of(rules, a_request(channel=name)) for name in ("web", "till")]
    assert [routing.name for routing in found if routing] == ["web", "rest"]
    assert routing_of(a_rule_set(routings=routings[:1]), a_request(channel="till")) is None


GOOD = a_candidate(
    "good",
    {},
    kind="store",
    groups=frozenset({"east"}),
    country="US",
    lat=40.8,
    lon=-73.6,
    capacity_left=5,
    capabilities=frozenset({"gift-wrap", "hazmat"}),
)


@pytest.mark.parametrize(
    ("rule_filter", "bad", "number"),
    [
        (GroupIn(groups=("east",)), {"groups": frozenset({"west"})}, "west"),
        (GroupIn(groups=("east",)), {"groups": frozenset()}, "none"),
        (GroupOut(groups=("west",)), {"groups": frozenset({"west"})}, "west"),
        (KindIn(kinds=("store",)), {"kind": "warehouse"}, "warehouse"),
        (LocationIn(locations=("good",)), {}, "not listed"),
        (SameCountry(), {"country": "CA"}, "in CA"),
        (SameCountry(), {"country": ""}, "in no country"),
        (MaxDistance(distance_m=10_000), {"lat": 41.5, "lon": -73.6}, "83544 m"),
        (MaxDistance(distance_m=10_000), {"lat": None}, "distance unknown"),
        (CapacityLeft(at_least=5), {"capacity_left": 4}, "4 left"),
        (Capability(all_of=("hazmat",)), {"capabilities": frozenset({"x"})}, "x"),
        (IsOpen(), {"is_open": False}, "closed"),
        (BeforeCutoff(), {"cutoff_passed": True}, "cut-off passed"),
        (FreshFeed(), {"feed_fresh": False}, "stale feed"),
    ],
)
def test_a_location_filter_drops_with_the_number_that_did_it(
    rule_filter: LocationFilter, bad: dict[str, Any], number: str
) -> None:
    other = replace(GOOD, **({"location_id": "bad"} | bad))
    kept, drops = eligible((rule_filter,), (GOOD, other), "US", Distances(NEW_YORK))
    assert kept == [GOOD]
    assert [(drop.filter, drop.rows) for drop in drops] == [(rule_filter.kind, ((other, number),))]


def test_locations_that_do_not_ship_are_dropped_first_and_units_to_remain_drop_none() -> None:
    off = a_candidate("off", {}, ship_enabled=False)
    kept, drops = eligible((UnitsRemain(units=2),), (GOOD, off), "US", Distances(NEW_YORK))
    assert kept == [GOOD]
    assert [(drop.filter, len(drop.rows)) for drop in drops] == [("ship-enabled", 1)]
    assert units_kept((UnitsRemain(units=2), IsOpen(), UnitsRemain(units=5))) == 5
    assert units_kept(()) == 0


def test_no_distance_is_known_to_a_destination_without_coordinates() -> None:
    assert Distances(Place("US")).to(GOOD) is None
    assert Distances(Place("US", lat=40.8, lon=-73.6)).to(GOOD) == 0


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("distance", "cab"),
        ("priority", "bac"),
        ("stock", "bca"),
        ("capacity-left", "cba"),
        ("labor", "abc"),
        ("cost", "acb"),
    ],
)
def test_locations_stand_in_the_order_of_the_sort(by: SortBy, expected: str) -> None:
    candidates = [
        a_candidate("a", {"sku-1": 1}, lat=44.0, lon=-73.6, priority=2, capacity_left=1),
        a_candidate("b", {"sku-1": 5}, priority=1, capacity_left=2, labor_minor=5),
        a_candidate("c", {}, lat=41.0, lon=-73.6, priority=3, labor_minor=9),
    ]
    if by == "stock":
        candidates[2] = a_candidate("c", {"sku-1": 2})
    pricer = Pricer(costs({"a": 100, "c": 200}))
    row = pricer.priced(((a_line(), 1),), DEFAULT)
    found = in_order(candidates, (LocationSort(by=by),), Distances(NEW_YORK), pricer, row)
    assert "".join(candidate.location_id for candidate in found) == expected


def test_a_reversed_sort_turns_the_known_figures_only_and_the_next_sort_breaks_ties() -> None:
    candidates = [
        a_candidate("near", {}, lat=41.0, lon=-73.6, priority=1),
        a_candidate("far", {}, lat=44.0, lon=-73.6, priority=2),
        a_candidate("lost", {}, priority=2),
        a_candidate("gone", {}, priority=1),
    ]
    pricer = Pricer(costs({}))
    row = pricer.priced(((a_line(), 1),), DEFAULT)
    sorts = (LocationSort(by="distance", is_reversed=True), LocationSort(by="priority"))
    found = in_order(candidates, sorts, Distances(NEW_YORK), pricer, row)
    assert [c.location_id for c in found] == ["far", "near", "gone", "lost"]
