"""The decision record: what dropped whom, who came next, and what would have changed it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from shared.routing.conditions import (
    BeforeCutoff,
    FreshFeed,
    IsOpen,
    KindIn,
    LocationFilter,
    MaxDistance,
)
from shared.routing.explanation import Explanation, Ranked, as_text
from shared.routing.model import Candidate, SourcingPlan, Stock
from shared.routing.rules import RuleSet
from tests.unit.routing.samples import (
    NOW,
    a_candidate,
    a_line,
    a_request,
    a_rule,
    a_rule_set,
    costs,
    flat,
    plan,
    units,
    where,
)

TARIFF = costs({"a": 500, "b": 600, "c": 100, "12": 90})


def _changes(answer: SourcingPlan) -> list[tuple[str, str, int]]:
    return [(c.location_id, c.change, c.value) for c in answer.explanation.counterfactuals]


def test_the_record_names_winner_runner_up_and_their_difference() -> None:
    candidates = [a_candidate("a", {"sku-1": 3}), a_candidate("b", {"sku-1": 3})]
    found = plan(a_request(), candidates, a_rule_set(), TARIFF).explanation
    assert (found.rule_set_id, found.version, found.routing) == ("rules", 1, "all")
    assert found.winner.locations == ("a",)
    assert found.runner_up is not None
    assert found.runner_up.locations == ("b",)
    assert found.delta_minor == 100
    assert [(row.location_id, row.cost_minor) for row in found.ranked] == [("a", 510), ("b", 610)]


def test_a_runner_up_that_places_less_has_no_difference_in_cost() -> None:
    candidates = [a_candidate("a", {"sku-1": 3}), a_candidate("b", {"sku-2": 1})]
    request = a_request(a_line("1"), a_line("2"))
    found = plan(request, candidates, a_rule_set(), TARIFF).explanation
    assert found.runner_up is not None
    assert (found.runner_up.units, found.delta_minor) == (1, None)
    alone = plan(a_request(), candidates[:1], a_rule_set(), TARIFF).explanation
    assert (alone.runner_up, alone.delta_minor) == (None, None)


def test_each_filter_tells_how_many_it_dropped_with_up_to_three_and_their_numbers() -> None:
    stores = [a_candidate(f"s{n}", {"sku-1": 9}, kind="store") for n in range(5)]
    empty = a_candidate("empty", {"sku-1": 1}, capacity_left=7)
    bare = a_candidate("bare", {})
    rule = a_rule(filters=(KindIn(kinds=("warehouse",)),))
    answer = plan(a_request(a_line("1", 2)), [*stores, empty, bare], a_rule_set(rule), flat)
    assert [(d.filter, d.count, d.examples) for d in answer.explanation.dropped] == [
        ("kind-in", 5, ("s0: store", "s1: store", "s2: store")),
        (
            "stock",
            2,
            ("bare: sku-1 not held", "empty: 1 of 2 sku-1, safety 0, capacity 7"),
        ),
    ]


def test_at_most_twenty_locations_are_ranked() -> None:
    candidates = [a_candidate(f"l{n:02}", {"sku-1": 1}) for n in range(30)]
    found = plan(a_request(), candidates, a_rule_set(), flat).explanation
    assert (found.candidates, len(found.ranked)) == (30, 20)
    mute = plan(a_request(), candidates, a_rule_set(), costs({})).explanation
    assert mute.ranked == ()


def test_store_12_would_have_won_if_its_safety_stock_were_3_or_less() -> None:
    kept = Candidate("12", {"sku-1": units(5, safety=5)})
    candidates = [a_candidate("a", {"sku-1": 3}), kept]
    request = a_request(a_line("1", 2))
    answer = plan(request, candidates, a_rule_set(), TARIFF)
    assert where(answer) == {"a/1": 2}
    found = answer.explanation.counterfactuals[0]
    assert found.text == "12 would have won if its safety stock were ≤ 3"
    for safety, winner in ((3, "12"), (4, "a")):
        world = [candidates[0], Candidate("12", {"sku-1": units(5, safety=safety)})]
        assert where(plan(request, world, a_rule_set(), TARIFF)) == {f"{winner}/1": 2}


@pytest.mark.parametrize(
    ("unit", "left", "needed"), [("fulfillments", 0, 1), ("lines", 0, 1), ("units", 1, 2)]
)
def test_a_full_location_is_told_how_much_capacity_it_lacked(
    unit: Any, left: int, needed: int
) -> None:
    full = a_candidate("c", {"sku-1": 9}, capacity_left=left, capacity_unit=unit)
    candidates = [a_candidate("a", {"sku-1": 3}), full]
    answer = plan(a_request(a_line("1", 2)), candidates, a_rule_set(), TARIFF)
    assert ("c", "capacity_left", needed) in _changes(answer)
    world = [candidates[0], replace(full, capacity_left=needed)]
    assert where(plan(a_request(a_line("1", 2)), world, a_rule_set(), TARIFF)) == {"c/1": 2}


@pytest.mark.parametrize(
    ("rule_filter", "bad", "good", "change"),
    [
        (IsOpen(), {"is_open": False}, {"is_open": True}, "open"),
        (BeforeCutoff(), {"cutoff_passed": True}, {"cutoff_passed": False}, "before-cutoff"),
        (FreshFeed(), {"feed_fresh": False}, {"feed_fresh": True}, "fresh-feed"),
        (IsOpen(), {"ship_enabled": False}, {"ship_enabled": True}, "ship-enabled"),
    ],
)
def test_a_dropped_location_that_would_have_won_is_named(
    rule_filter: LocationFilter, bad: dict[str, Any], good: dict[str, Any], change: str
) -> None:
    rules = a_rule_set(a_rule(filters=(rule_filter,)))
    dropped = a_candidate("c", {"sku-1": 9}, **bad)
    candidates = [a_candidate("a", {"sku-1": 3}), dropped]
    answer = plan(a_request(), candidates, rules, TARIFF)
    assert _changes(answer)[0] == ("c", change, 1)
    world = [candidates[0], replace(dropped, **good)]
    assert where(plan(a_request(), world, rules, TARIFF)) == {"c/1": 1}


def test_a_location_beyond_the_rules_distance_is_named_with_the_distance() -> None:
    def rules(distance_m: int) -> RuleSet:
        near = a_rule(filters=(MaxDistance(distance_m=distance_m), KindIn(kinds=("warehouse",))))
        return a_rule_set(near, a_rule(name="rest", filters=(KindIn(kinds=("store",)),)))

    candidates = [
        a_candidate("a", {"sku-1": 3}, lat=40.8, lon=-73.6),
        a_candidate("c", {"sku-1": 3}, lat=42.0, lon=-73.6),
        a_candidate("b", {"sku-1": 3}, kind="store", lat=40.8, lon=-73.6),
        a_candidate("12", {"sku-1": 3}),
    ]
    answer = plan(a_request(), candidates, rules(50_000), TARIFF)
    found = answer.explanation.counterfactuals[0]
    assert (found.location_id, found.change) == ("c", "max_distance_m")
    assert where(plan(a_request(), candidates, rules(found.value), TARIFF)) == {"c/1": 1}
    assert where(plan(a_request(), candidates, rules(found.value - 1), TARIFF)) == {"a/1": 1}


def test_the_runner_up_is_told_what_its_parcel_had_to_cost() -> None:
    candidates = [a_candidate("a", {"sku-1": 3}), a_candidate("b", {"sku-1": 3})]
    answer = plan(a_request(), candidates, a_rule_set(), TARIFF)
    assert _changes(answer) == [("b", "parcel_cost_minor", -101)]
    cheaper = costs({"a": 500, "b": 499})
    assert where(plan(a_request(), candidates, a_rule_set(), cheaper)) == {"b/1": 1}


@pytest.mark.parametrize(
    "kept",
    [
        a_candidate("c", {"sku-1": 1}),
        a_candidate("c", {}),
        Candidate("c", {"sku-1": Stock(0, 0, free=9, safety_stock=2, on_hand=9)}),
        a_candidate("c", {"sku-1": 1}, capacity_left=0),
        Candidate("dear", {"sku-1": units(5, safety=5)}),
    ],
)
def test_nothing_is_said_of_locations_that_one_figure_could_not_have_helped(
    kept: Candidate,
) -> None:
    candidates = [a_candidate("a", {"sku-1": 3}), kept]
    tariff = costs({"a": 500, "c": 100, "dear": 900})
    answer = plan(a_request(a_line("1", 2)), candidates, a_rule_set(), tariff)
    assert _changes(answer) == []


def test_two_lacking_figures_are_no_advice_but_a_rejected_line_is_never_offered_again() -> None:
    lines = (a_line("1", 2), a_line("2", 2, excluded_locations=frozenset({"12"})))
    full = a_candidate("a", {"sku-1": 3, "sku-2": 3})
    both = Candidate("c", {"sku-1": units(5, safety=5), "sku-2": units(5, safety=5)})
    rejected = Candidate("12", {"sku-1": units(5, safety=5), "sku-2": units(5)})
    answer = plan(a_request(*lines), [full, both, rejected], a_rule_set(), TARIFF)
    assert _changes(answer) == []


def test_a_walk_is_told_who_would_have_come_first() -> None:
    kept = Candidate("12", {"sku-1": units(5, safety=5)}, priority=1)
    candidates = [a_candidate("a", {"sku-1": 3}, priority=2), kept]
    rules = a_rule_set(a_rule(strategy="priority"))
    answer = plan(a_request(), candidates, rules, TARIFF)
    assert _changes(answer) == [("12", "safety_stock", 4)]
    last = replace(kept, priority=9)
    assert _changes(plan(a_request(), [candidates[0], last], rules, TARIFF)) == []


def test_the_record_is_a_few_kilobytes_of_json_and_reads_as_text() -> None:
    candidates = [
        a_candidate(f"location-{n:03}", {"sku-1": n % 3}, lat=41.0, lon=-73.6) for n in range(100)
    ]
    found = plan(a_request(), candidates, a_rule_set(), flat).explanation
    raw = json.dumps(found.to_json())
    assert len(raw) < 6_000
    assert json.loads(raw)["winner"]["locations"] == ["location-001"]
    text = as_text(json.loads(raw)).splitlines()
    assert text[0] == "rule set rules version 1, routing all, 100 candidates"
    assert "winner: location-001 (1 units, 1 parcels, cost 510)" in text
    assert "runner-up: location-002 (1 units, 1 parcels, cost 510), +0 minor units" in text


def test_the_record_of_an_order_that_went_nowhere_says_so() -> None:
    found = plan(a_request(), [], a_rule_set(), flat).explanation
    text = as_text(found.to_json())
    assert "winner: nowhere (0 units, 0 parcels, cost 0)" in text
    assert "runner-up: no other plan" in text
    assert found.notes == ("line 1.1: 1 short (no-stock)",)


def test_only_plain_values_have_a_place_in_a_record() -> None:
    bad: Any = NOW
    record = Ranked("a", "rule", 1, 1, 1, None, {"shipping": bad})
    found = plan(a_request(), [], a_rule_set(), flat).explanation
    assert isinstance(found, Explanation)
    with pytest.raises(ValueError, match="datetime"):
        replace(found, ranked=(record,)).to_json()
    assert replace(found, at=None).to_json()["at"] is None


def test_however_many_were_dropped_only_a_few_changes_are_tried() -> None:
    closed = [a_candidate(f"c{n:03}", {"sku-1": 9}, is_open=False) for n in range(250)]
    tariff = costs({"a": 500} | {candidate.location_id: 100 for candidate in closed})
    rules = a_rule_set(a_rule(filters=(IsOpen(),)))
    answer = plan(a_request(), [a_candidate("a", {"sku-1": 3}), *closed], rules, tariff)
    assert [location for location, _, _ in _changes(answer)] == ["c000", "c001", "c002", "c003"]
    assert answer.explanation.dropped[0].count == 250
