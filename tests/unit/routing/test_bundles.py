"""Bundles leave whole: divided among locations, and handed over, in whole ones only."""

import random
from dataclasses import replace
from typing import Any

import pytest

from shared.routing.model import Candidate, RouteLine, SourcingPlan
from shared.routing.problem import Item
from tests.unit.routing.samples import (
    a_candidate,
    a_line,
    a_request,
    a_rule,
    a_rule_set,
    flat,
    left_open,
    plan,
    where,
)


def a_set(quantity: int, **changes: Any) -> tuple[RouteLine, RouteLine]:
    """Return sets of one A and two B."""
    usual: dict[str, Any] = {"group": "1~", "bundle": "1~"}
    return (
        a_line("A", quantity, **({"sku": "A"} | usual | changes)),
        a_line("B", 2 * quantity, **({"sku": "B", "per_bundle": 2} | usual | changes)),
    )


def placed(
    lines: tuple[RouteLine, ...], *candidates: Candidate, strategy: str = "exact", **changes: Any
) -> SourcingPlan:
    rules = a_rule_set(a_rule(strategy=strategy), **({"divide_lines": "if-needed"} | changes))
    return plan(a_request(*lines), candidates, rules, flat)


EAST = a_candidate("east", {"A": 3, "B": 9})
WEST = a_candidate("west", {"A": 9, "B": 5})


@pytest.mark.parametrize("strategy", ["exact", "in-order", "highest-stock", "fewest-splits"])
def test_sets_that_no_site_has_all_of_are_divided_in_whole_ones(strategy: str) -> None:
    answer = placed(a_set(5), EAST, WEST, strategy=strategy)
    assert where(answer) == {"east/A": 3, "east/B": 6, "west/A": 2, "west/B": 4}
    assert left_open(answer) == {}


def test_the_first_site_gives_the_whole_sets_that_it_has() -> None:
    answer = placed(a_set(4), EAST, WEST, strategy="in-order", divide_lines="always")
    assert where(answer) == {"east/A": 3, "east/B": 6, "west/A": 1, "west/B": 2}


def test_a_set_is_not_divided_where_lines_never_are() -> None:
    answer = placed(a_set(5), EAST, WEST, divide_lines="never")
    assert where(answer) == {}
    assert left_open(answer) == {"A": 5, "B": 10}


def test_lines_that_travel_with_a_set_keep_it_in_one_piece() -> None:
    together = (*a_set(5, group="all"), a_line("C", 1, sku="C", group="all"))
    answer = placed(together, EAST, WEST, a_candidate("north", {"C": 1}))
    assert where(answer) == {}


def test_a_days_capacity_is_taken_in_whole_sets() -> None:
    small = replace(EAST, capacity_left=7, capacity_unit="units")
    answer = placed(a_set(5), small, strategy="in-order")
    assert where(answer) == {"east/A": 2, "east/B": 4}
    lines = replace(EAST, capacity_left=1, capacity_unit="lines")
    assert where(placed(a_set(5), lines, strategy="in-order")) == {}


def test_sets_that_a_site_rejected_go_to_another() -> None:
    here, there = a_set(2), a_set(3)
    kept_off = [replace(line, part=2, excluded_locations=frozenset({"east"})) for line in there]
    answer = placed((*here, *kept_off), EAST, WEST)
    assert where(answer) == {"east/A": 2, "east/B": 4, "west/A": 2, "west/B": 4}
    assert left_open(answer) == {"A": 1, "B": 2}


def picked_up(quantity: int, *candidates: Candidate, **changes: Any) -> SourcingPlan:
    return placed(a_set(quantity, method="pickup", pickup_location="store"), *candidates, **changes)


def a_store(stock: dict[str, int], **changes: Any) -> Candidate:
    return a_candidate("store", stock, pickup_enabled=True, **changes)


def test_a_store_hands_over_the_whole_sets_that_it_has() -> None:
    answer = picked_up(3, a_store({"A": 2, "B": 5}))
    assert where(answer) == {"store/A": 2, "store/B": 4}
    assert left_open(answer) == {"A": 1, "B": 2}


def test_a_store_that_lacks_a_component_hands_nothing_of_the_set_over() -> None:
    assert where(picked_up(1, a_store({"A": 5, "B": 1}))) == {}
    assert where(picked_up(3, a_store({"A": 2, "B": 6}), divide_lines="never")) == {}
    assert where(picked_up(1, replace(a_store({"A": 1, "B": 2}), pickup_enabled=False))) == {}
    assert left_open(picked_up(1)) == {"A": 1, "B": 2}


@pytest.mark.parametrize(("unit", "left", "sets"), [("units", 7, 2), ("lines", 1, 0)])
def test_a_stores_day_admits_whole_sets(unit: str, left: int, sets: int) -> None:
    day = {"capacity_left": left, "capacity_unit": unit, "capacity_counts_pickups": True}
    answer = picked_up(3, a_store({"A": 9, "B": 9}, **day))
    assert where(answer) == ({"store/A": sets, "store/B": 2 * sets} if sets else {})


def test_what_is_left_of_a_broken_set_is_handed_over_by_line() -> None:
    boot, socks = a_set(1, method="pickup", pickup_location="store")
    answer = placed((boot, replace(socks, quantity=1)), a_store({"A": 1, "B": 1}))
    assert where(answer) == {"store/A": 1, "store/B": 1}


def test_any_portion_of_sets_and_its_rest_are_whole_sets() -> None:
    rng = random.Random(11)
    for _ in range(200):
        a, b = rng.randint(1, 4), rng.randint(1, 4)
        parts = [(a_set(n), number) for number, n in enumerate((a, b), start=1)]
        pairs = tuple(
            (replace(line, part=number), line.quantity) for lines, number in parts for line in lines
        )
        item = Item(pairs)
        taken = item.portion(rng.randint(0, a + b), "east")
        for contents in (taken, item.without(taken).contents):
            units = {"A": 0, "B": 0}
            for line, quantity in contents:
                units[line.line_id] += quantity
            assert units["B"] == 2 * units["A"]
