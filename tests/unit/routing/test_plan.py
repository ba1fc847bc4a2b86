"""Rules, passes, ladder, actions and pickups: what becomes of each line."""

from typing import Any

import pytest

from shared.routing.conditions import KindIn, Operator, OrderField, OrderFilter, UnitsRemain
from shared.routing.model import (
    ActionKind,
    Candidate,
    Contents,
    ParcelQuote,
    ShortReason,
    Stock,
)
from shared.routing.rules import (
    Action,
    Constraint,
    CostWeights,
    LadderStep,
    LocationSort,
    Routing,
)
from shared.routing.seeds import by_cost, store_first
from tests.unit.routing.samples import (
    a_candidate,
    a_line,
    a_request,
    a_rule,
    a_rule_set,
    costs,
    flat,
    left_open,
    plan,
    units,
    where,
)

TWO = (a_line("a"), a_line("b"))
ONLY_A = a_candidate("one", {"sku-a": 5})
ONLY_B = a_candidate("two", {"sku-b": 5})
BOTH = a_candidate("both", {"sku-a": 5, "sku-b": 5})
QUEUE = Action(do=ActionKind.QUEUE, queue="later")


def test_one_parcel_wins_where_it_costs_less_and_two_where_they_do() -> None:
    candidates, request = [ONLY_A, ONLY_B, BOTH], a_request(*TWO)
    dear = plan(request, candidates, a_rule_set(), costs({"one": 834, "two": 757, "both": 2256}))
    assert where(dear) == {"one/a": 1, "two/b": 1}
    assert dear.cost_minor == 834 + 757 + 20
    cheap = plan(request, candidates, a_rule_set(), costs({"one": 834, "two": 757, "both": 900}))
    assert where(cheap) == {"both/a": 1, "both/b": 1}
    assert [(p.location_id, len(p.contents), p.service) for p in cheap.parcels] == [
        ("both", 2, "ground")
    ]


def test_labor_and_cost_weights_decide_and_the_plan_tells_real_money() -> None:
    near = a_candidate("near", {"sku-1": 1}, labor_minor=90)
    far = a_candidate("far", {"sku-1": 1})
    tariff = costs({"near": 500, "far": 560})
    with_labor = plan(a_request(), [near, far], a_rule_set(), tariff)
    assert (where(with_labor), with_labor.cost_minor) == ({"far/1": 1}, 570)
    rule = a_rule(cost=CostWeights(labor=0, parcel_minor=7))
    without = plan(a_request(), [near, far], a_rule_set(rule), tariff)
    assert (where(without), without.cost_minor) == ({"near/1": 1}, 600)
    assert without.explanation.winner.cost_minor == 517
    assert without.parcels[0].parts == {"shipping": 510, "labor": 90}


def test_a_cost_part_of_the_quote_is_weighed_by_its_name() -> None:
    def quote(location_id: str, _: Contents) -> ParcelQuote | None:
        late = 300 if location_id == "late" else 0
        base = 500 if location_id == "late" else 700
        return ParcelQuote(base + late, parts={"lateness": late, "duty": 1})

    candidates = [a_candidate(name, {"sku-1": 1}) for name in ("late", "soon")]
    assert where(plan(a_request(), candidates, a_rule_set(), quote)) == {"soon/1": 1}
    bold = a_rule(cost=CostWeights(lateness=0))
    assert where(plan(a_request(), candidates, a_rule_set(bold), quote)) == {"late/1": 1}


def test_a_shipping_part_in_the_quote_keeps_what_it_says_and_takes_the_rest() -> None:
    def quote(_: str, __: Contents) -> ParcelQuote | None:
        return ParcelQuote(500, parts={"shipping": 300, "carbon": 20})

    answer = plan(a_request(), [a_candidate("a", {"sku-1": 1})], a_rule_set(), quote)
    assert answer.parcels[0].parts == {"shipping": 480, "carbon": 20}


LADDER = (
    LadderStep(max_distance_m=100_000, may_split=False),
    LadderStep(max_distance_m=100_000, may_split=True),
    LadderStep(may_split=False),
    LadderStep(may_split=True),
)


def _at(location_id: str, latitude: float | None, **stock: int) -> Candidate:
    held = {f"sku-{name}": count for name, count in stock.items()}
    return a_candidate(location_id, held, lat=latitude, lon=-73.6)


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        (["near-a", "near-b", "near-ab", "far-ab"], {"near-ab/a", "near-ab/b"}),
        (["near-a", "near-b", "far-ab", "far-b"], {"near-a/a", "near-b/b"}),
        (["near-a", "far-ab", "far-b"], {"far-ab/a", "far-ab/b"}),
        (["near-a", "far-b", "lost-b"], {"near-a/a", "far-b/b"}),
        (["near-a", "far-a"], {"near-a/a"}),
    ],
)
def test_the_ladder_takes_its_first_step_that_fills_the_order(
    there: list[str], expected: set[str]
) -> None:
    every = {
        "near-a": _at("near-a", 40.8, a=1),
        "near-b": _at("near-b", 40.9, b=1),
        "near-ab": _at("near-ab", 41.0, a=1, b=1),
        "far-ab": _at("far-ab", 45.0, a=1, b=1),
        "far-a": _at("far-a", 45.0, a=1),
        "far-b": _at("far-b", 45.0, b=1),
        "lost-b": _at("lost-b", None, b=1),
    }
    tariff = costs({"near-a": 600, "near-b": 600, "near-ab": 900, "far-ab": 100, "far-b": 10})
    candidates = [every[name] for name in there]
    answer = plan(a_request(*TWO), candidates, a_rule_set(a_rule(ladder=LADDER)), tariff)
    assert set(where(answer)) == expected


def test_soft_constraints_are_dropped_for_what_is_still_open() -> None:
    soft = a_rule(constraints=(Constraint(kind="no-split", is_hard=False),))
    hard = a_rule(constraints=(Constraint(kind="no-split"),))
    assert where(plan(a_request(*TWO), [ONLY_A, ONLY_B], a_rule_set(soft), flat)) == {
        "one/a": 1,
        "two/b": 1,
    }
    held = plan(a_request(*TWO), [ONLY_A, ONLY_B], a_rule_set(hard), flat)
    assert where(held) == {"one/a": 1}
    assert [(s.line_id, s.reason) for s in held.short] == [("b", ShortReason.CONSTRAINED)]


def test_overlapping_limits_are_one_the_smallest() -> None:
    rule = a_rule(constraints=(Constraint(kind="max-locations", limit=5),))
    routing = Routing(
        name="all", rules=(rule,), constraints=(Constraint(kind="max-locations", limit=1),)
    )
    rules = a_rule_set(
        routings=(routing,), constraints=(Constraint(kind="max-locations", limit=3),)
    )
    assert len(where(plan(a_request(*TWO), [ONLY_A, ONLY_B], rules, flat))) == 1


def test_a_complete_order_is_placed_whole_or_not_at_all() -> None:
    rule = a_rule(constraints=(Constraint(kind="ship-complete"),))
    answer = plan(a_request(*TWO), [ONLY_A], a_rule_set(rule), flat)
    assert where(answer) == {}
    assert left_open(answer) == {"a": 1, "b": 1}


def test_what_earlier_attempts_placed_counts_against_the_limit_of_locations() -> None:
    rules = a_rule_set(a_rule(constraints=(Constraint(kind="max-locations", limit=1),)))
    line = a_line("a")
    elsewhere = a_request(line, already_at={"two": 1000})
    assert where(plan(elsewhere, [ONLY_A], rules, flat)) == {}
    here = a_request(line, already_at={"one": 1000})
    assert where(plan(here, [ONLY_A], rules, flat)) == {"one/a": 1}


def test_fewest_splits_returns_to_a_location_that_the_order_already_has() -> None:
    rules = a_rule_set(a_rule(strategy="fewest-splits"))
    request = a_request(a_line("a"), already_at={"one": 1000})
    other = a_candidate("cheap", {"sku-a": 1})
    answer = plan(request, [ONLY_A, other], rules, costs({"one": 900, "cheap": 100}))
    assert where(answer) == {"one/a": 1}
    unserved = plan(request, [ONLY_A, other], rules, costs({"cheap": 100}))
    assert where(unserved) == {"cheap/a": 1}


@pytest.mark.parametrize("strategy", ["exact", "in-order", "cheapest-per-line"])
def test_lines_of_one_group_leave_one_location_or_none(strategy: str) -> None:
    pair = (a_line("a", group="g"), a_line("b", group="g"), a_line("c"))
    candidates = [ONLY_A, ONLY_B, a_candidate("three", {"sku-c": 1})]
    rules = a_rule_set(a_rule(strategy=strategy), divide_lines="always")
    apart = plan(a_request(*pair), candidates, rules, flat)
    assert where(apart) == {"three/c": 1}
    together = plan(a_request(*pair), [*candidates, BOTH], rules, flat)
    assert where(together) == {"both/a": 1, "both/b": 1, "three/c": 1}


def test_the_next_rule_gets_what_the_first_left_open() -> None:
    stores = a_rule(name="stores", filters=(KindIn(kinds=("store",)),))
    rest = a_rule(name="rest")
    store = a_candidate("store", {"sku-a": 1}, kind="store")
    answer = plan(a_request(*TWO), [store, BOTH], a_rule_set(stores, rest), flat)
    assert {(a.location_id, a.line_id, a.rule) for a in answer.assignments} == {
        ("store", "a", "stores"),
        ("both", "b", "rest"),
    }
    assert answer.explanation.rules == ("stores", "rest")


def test_a_partial_answer_that_is_not_kept_leaves_all_to_the_next_rule() -> None:
    stores = a_rule(
        filters=(KindIn(kinds=("store",)),), on_partial=(Action(do=ActionKind.NEXT_RULE),)
    )
    store = a_candidate("store", {"sku-a": 1}, kind="store")
    rules = a_rule_set(stores, a_rule(name="rest", filters=(KindIn(kinds=("warehouse",)),)))
    answer = plan(a_request(*TWO), [store, BOTH], rules, flat)
    assert where(answer) == {"both/a": 1, "both/b": 1}


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        ((QUEUE,), (ActionKind.QUEUE, "later", None)),
        ((Action(do=ActionKind.HOLD),), (ActionKind.HOLD, None, None)),
        ((Action(do=ActionKind.CANCEL),), (ActionKind.CANCEL, None, None)),
        (
            (Action(do=ActionKind.BACKORDER), Action(do=ActionKind.AUTO_CANCEL, days=30)),
            (ActionKind.BACKORDER, None, 30),
        ),
        ((Action(do=ActionKind.CUSTOMER_CARE),), (ActionKind.CUSTOMER_CARE, None, None)),
        ((Action(do=ActionKind.NEXT_RULE),), (ActionKind.AS_SETTINGS, None, None)),
        ((Action(do=ActionKind.ALLOCATE),), (ActionKind.AS_SETTINGS, None, None)),
    ],
)
def test_the_rules_say_what_becomes_of_a_line_that_nothing_fills(
    actions: tuple[Action, ...], expected: tuple[ActionKind, str | None, int | None]
) -> None:
    answer = plan(a_request(), [], a_rule_set(a_rule(on_none=actions)), flat)
    found = answer.short[0]
    assert (found.action, found.queue, found.auto_cancel_days) == expected
    assert found.reason is ShortReason.NO_STOCK


def test_an_order_that_no_routing_serves_is_short_with_that_reason() -> None:
    web = OrderFilter(field=OrderField.CHANNEL, operator=Operator.EQUALS, values=("web",))
    rules = a_rule_set(routings=(Routing(name="web", filters=(web,), rules=(a_rule(),)),))
    answer = plan(a_request(), [a_candidate("a", {"sku-1": 1})], rules, flat)
    assert [(s.reason, s.action) for s in answer.short] == [
        (ShortReason.NO_ROUTING, ActionKind.AS_SETTINGS)
    ]
    assert answer.explanation.routing is None


@pytest.mark.parametrize(
    ("candidate", "reason"),
    [
        (a_candidate("a", {"sku-1": 0}), ShortReason.NO_STOCK),
        (a_candidate("a", {"sku-1": 9}, ship_enabled=False), ShortReason.NO_CANDIDATE),
        (a_candidate("a", {"sku-1": 9}, capacity_left=0), ShortReason.NO_CAPACITY),
        (
            a_candidate("a", {"sku-1": 9}, capacity_left=0, capacity_unit="lines"),
            ShortReason.NO_CAPACITY,
        ),
        (a_candidate("a", {"sku-1": 1}), ShortReason.NOT_WHOLE),
        (a_candidate("nowhere", {"sku-1": 9}), ShortReason.NO_SERVICE),
    ],
)
def test_a_short_line_names_what_stood_in_its_way(
    candidate: Candidate, reason: ShortReason
) -> None:
    answer = plan(a_request(a_line("1", 2)), [candidate], a_rule_set(), costs({"a": 100}))
    assert [short.reason for short in answer.short] == [reason]


def test_a_location_that_rejected_the_line_is_not_asked_again() -> None:
    line = a_line(excluded_locations=frozenset({"a"}))
    candidates = [a_candidate("a", {"sku-1": 9}), a_candidate("b", {"sku-1": 9})]
    assert where(plan(a_request(line), candidates, a_rule_set(), flat)) == {"b/1": 1}


def test_units_that_must_remain_are_not_given() -> None:
    rule = a_rule(filters=(UnitsRemain(units=1),))
    candidates = [a_candidate("a", {"sku-1": 2})]
    assert where(plan(a_request(a_line("1", 2)), candidates, a_rule_set(rule), flat)) == {}
    assert where(plan(a_request(a_line("1", 1)), candidates, a_rule_set(rule), flat)) == {"a/1": 1}


def test_a_line_that_no_location_fills_is_divided_where_allowed_by_most_stock() -> None:
    candidates = [a_candidate(f"w{count}", {"sku-1": count}) for count in (1, 4, 5)]
    request = a_request(a_line("1", 8))
    whole = plan(request, candidates, a_rule_set(), flat)
    assert left_open(whole) == {"1": 8}
    divided = plan(request, candidates, a_rule_set(divide_lines="if-needed"), flat)
    assert where(divided) == {"w5/1": 5, "w4/1": 3}
    tight = a_rule(constraints=(Constraint(kind="max-locations-per-line", limit=1),))
    one = plan(request, candidates, a_rule_set(tight, divide_lines="if-needed"), flat)
    assert (where(one), left_open(one)) == ({"w5/1": 5}, {"1": 3})
    complete = a_rule(constraints=(Constraint(kind="ship-complete"),))
    rules = a_rule_set(complete, divide_lines="if-needed")
    assert where(plan(a_request(a_line("1", 11)), candidates, rules, flat)) == {}


def test_a_walk_divides_in_its_own_order_and_takes_only_what_capacity_admits() -> None:
    candidates = [
        a_candidate("first", {"sku-1": 9}, priority=1, capacity_left=2, capacity_unit="units"),
        a_candidate("mute", {"sku-1": 9}, priority=2),
        a_candidate("second", {"sku-1": 4}, priority=3),
    ]
    for divide in ("if-needed", "always"):
        rules = a_rule_set(a_rule(strategy="priority"), divide_lines=divide)
        tariff = costs({"first": 100, "second": 100})
        answer = plan(a_request(a_line("1", 5)), candidates, rules, tariff)
        assert where(answer) == {"first/1": 2, "second/1": 3}


def test_a_walk_that_breaks_a_limit_takes_the_first_places_that_keep_it() -> None:
    candidates = [
        a_candidate("a", {"sku-a": 1}, priority=1),
        a_candidate("b", {"sku-b": 1}, priority=2),
        a_candidate("mute", {"sku-a": 1, "sku-b": 1}, priority=3),
        a_candidate("c", {"sku-a": 1, "sku-b": 1}, priority=4),
        a_candidate("d", {"sku-a": 1, "sku-b": 1}, priority=5),
    ]
    limit = Constraint(kind="no-split")
    for divide in ("never", "always"):
        rules = a_rule_set(a_rule(strategy="priority", constraints=(limit,)), divide_lines=divide)
        tariff = costs({"a": 1, "b": 1, "c": 900, "d": 1})
        answer = plan(a_request(*TWO), candidates, rules, tariff)
        assert where(answer) == {"c/a": 1, "c/b": 1}


def test_cheapest_per_line_does_not_see_what_a_shared_parcel_saves() -> None:
    candidates = [ONLY_A, ONLY_B, BOTH]
    rules = a_rule_set(a_rule(strategy="cheapest-per-line"))
    tariff = costs({"one": 500, "two": 500, "both": 510})
    answer = plan(a_request(*TWO), candidates, rules, tariff)
    assert where(answer) == {"one/a": 1, "two/b": 1}


def test_nearest_takes_the_nearest_and_unknown_places_last() -> None:
    candidates = [_at("lost", None, a=1), _at("far", 45.0, a=1), _at("near", 41.0, a=1)]
    rules = a_rule_set(a_rule(strategy="nearest"))
    assert where(plan(a_request(a_line("a")), candidates, rules, flat)) == {"near/a": 1}
    assert where(plan(a_request(a_line("a")), candidates[:1], rules, flat)) == {"lost/a": 1}


def test_in_order_follows_the_rules_sorts() -> None:
    rule = a_rule(strategy="in-order", sorts=(LocationSort(by="stock"),))
    candidates = [a_candidate("few", {"sku-1": 2}), a_candidate("many", {"sku-1": 7})]
    assert where(plan(a_request(), candidates, a_rule_set(rule), flat)) == {"many/1": 1}


def test_an_unknown_strategy_is_replaced_by_the_exact_one_and_noted() -> None:
    rules = a_rule_set(a_rule(strategy="gone"))
    answer = plan(a_request(), [a_candidate("a", {"sku-1": 1})], rules, flat)
    assert where(answer) == {"a/1": 1}
    assert answer.explanation.notes == ("rule rule: no strategy gone; exact was used",)


def _pickup(quantity: int, **changes: Any) -> Any:
    return a_line("p", quantity, method="pickup", pickup_location="store", **changes)


STORE = Candidate("store", {"sku-p": units(3)}, pickup_enabled=True, ship_enabled=False)


def test_a_pickup_line_is_sourced_at_its_store_only() -> None:
    answer = plan(a_request(_pickup(3)), [STORE, BOTH], a_rule_set(), flat)
    assert where(answer) == {"store/p": 3}
    assert (answer.parcels, answer.cost_minor) == ((), 0)


@pytest.mark.parametrize(
    ("line", "candidates"),
    [
        (_pickup(4), [STORE, a_candidate("other", {"sku-p": 9}, pickup_enabled=True)]),
        (_pickup(1, excluded_locations=frozenset({"store"})), [STORE]),
        (_pickup(1, sku="unknown"), [STORE]),
        (_pickup(1), []),
        (_pickup(1), [a_candidate("store", {"sku-p": 9})]),
        (
            _pickup(2),
            [
                Candidate(
                    "store",
                    {"sku-p": units(3)},
                    pickup_enabled=True,
                    capacity_left=1,
                    capacity_unit="units",
                    capacity_counts_pickups=True,
                )
            ],
        ),
    ],
)
def test_a_pickup_line_that_its_store_cannot_fill_is_an_exception(
    line: Any, candidates: list[Candidate]
) -> None:
    answer = plan(a_request(line), candidates, a_rule_set(), flat)
    assert where(answer) == {}
    assert [(s.quantity, s.reason, s.action) for s in answer.short] == [
        (line.quantity, ShortReason.PICKUP_SHORT, ActionKind.EXCEPTION)
    ]


def test_where_lines_divide_the_store_hands_over_what_it_has() -> None:
    rules = a_rule_set(divide_lines="if-needed")
    answer = plan(a_request(_pickup(5)), [STORE], rules, flat)
    assert (where(answer), left_open(answer)) == ({"store/p": 3}, {"p": 2})


def test_pickup_and_shipment_share_stock_and_count_as_two_fulfillments() -> None:
    shop: dict[str, Any] = {
        "stock": {"sku-p": Stock(4, 4, 4)},
        "pickup_enabled": True,
        "capacity_left": 1,
    }
    lines = (_pickup(3), a_line("s", 1, sku="sku-p"), a_line("t", 1, sku="sku-p"))
    shared = plan(a_request(*lines), [Candidate("store", **shop)], a_rule_set(), flat)
    assert where(shared) == {"store/p": 3, "store/s": 1}
    counted = Candidate("store", **shop, capacity_counts_pickups=True)
    assert where(plan(a_request(*lines), [counted], a_rule_set(), flat)) == {"store/p": 3}


def test_a_second_pass_joins_the_parcel_of_the_first_where_that_costs_no_more() -> None:
    lines = (a_line("a"), a_line("b"), a_line("c"))
    candidates = [
        a_candidate("one", {"sku-a": 1, "sku-b": 1}),
        a_candidate("two", {"sku-c": 1}),
    ]
    soft = (Constraint(kind="max-locations", limit=1, is_hard=False),)
    first = a_rule(name="first", filters=(KindIn(kinds=("none",)),))
    rules = a_rule_set(first, a_rule(constraints=soft))
    answer = plan(a_request(*lines), candidates, rules, flat)
    assert [(p.location_id, len(p.contents)) for p in answer.parcels] == [("one", 2), ("two", 1)]


def test_parcels_of_one_location_stay_apart_where_that_costs_less() -> None:
    def quote(_: str, contents: Contents) -> ParcelQuote | None:
        return ParcelQuote(100 if len(contents) == 1 else 900)

    for strategy in ("exact", "in-order"):
        rules = a_rule_set(a_rule(strategy=strategy))
        answer = plan(a_request(*TWO), [BOTH], rules, quote)
        assert [p.cost_minor for p in answer.parcels] == [100, 100]


def test_lines_of_no_units_ask_for_nothing() -> None:
    answer = plan(a_request(a_line("1", 0), _pickup(0)), [STORE], a_rule_set(), flat)
    assert (answer.assignments, answer.short) == ((), ())


def test_the_cost_example_climbs_the_ladder_for_urgent_orders_only() -> None:
    candidates = [_at("near", 40.8, a=1), _at("far", 45.0, a=1)]
    tariff = costs({"near": 900, "far": 100})
    line = a_line("a")
    assert where(plan(a_request(line, priority=5), candidates, by_cost(), tariff)) == {"near/a": 1}
    assert where(plan(a_request(line), candidates, by_cost(), tariff)) == {"far/a": 1}


def test_the_store_first_example_keeps_a_unit_on_show_and_loyal_orders_together() -> None:
    store = a_candidate("store", {"sku-a": 2, "sku-b": 1}, kind="store")
    depot = a_candidate("depot", {"sku-b": 5}, kind="warehouse")
    everyone = plan(a_request(*TWO), [store, depot], store_first(), flat)
    assert where(everyone) == {"store/a": 1, "depot/b": 1}
    loyal = plan(a_request(*TWO, customer_tier="gold"), [depot], store_first(), flat)
    assert where(loyal) == {}
    assert [(s.action, s.auto_cancel_days) for s in loyal.short] == [(ActionKind.BACKORDER, 30)] * 2
