"""Published sourcing examples, each under the policy that it describes."""

import pytest

from shared.routing.model import ActionKind, Candidate, RouteLine, SourcingPlan
from shared.routing.rules import Action, Constraint, Divide
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

# Magento's stock 10 in half steps of SKU-1: eu-3 is out of stock, eu-disabled is disabled.
MSI = {"eu-1": {"SKU-1": 11}, "eu-2": {"SKU-1": 6}, "eu-3": {"SKU-1": 0}}

ADOBE = {
    "24-WB01": {
        "ne_wh": 35,
        "west_wh": 15,
        "brooklyn": 10,
        "manhattan": 10,
        "huntington": 10,
        "berkeley": 10,
        "sausalito": 10,
    },
    "24-WB03": {"ne_wh": 50, "west_wh": 10, "berkeley": 20, "sausalito": 20},
}
ADOBE_ORDER = (
    "ne_wh",
    "west_wh",
    "brooklyn",
    "manhattan",
    "huntington",
    "berkeley",
    "sausalito",
    "hq",
)


def _route(
    lines: tuple[RouteLine, ...],
    candidates: list[Candidate],
    strategy: str,
    divide: Divide = "always",
) -> SourcingPlan:
    end = (Action(do=ActionKind.ALLOCATE_PARTIAL), Action(do=ActionKind.BACKORDER))
    rule = a_rule(strategy=strategy, on_partial=end, on_none=end[1:])
    return plan(a_request(*lines), candidates, a_rule_set(rule, divide_lines=divide), flat)


def _magento(order: tuple[str, ...], **wanted: int) -> SourcingPlan:
    lines = tuple(
        a_line(name, quantity, sku=name.replace("_", "-")) for name, quantity in wanted.items()
    )
    candidates = [
        a_candidate(location, MSI[location], priority=place) for place, location in enumerate(order)
    ]
    return _route(lines, candidates, "priority")


def test_magento_takes_from_each_source_in_order_until_the_line_is_filled() -> None:
    answer = _magento(("eu-1", "eu-2", "eu-3"), SKU_1=14)
    assert where(answer) == {"eu-1/SKU_1": 11, "eu-2/SKU_1": 3}
    assert answer.is_complete


def test_magento_takes_what_there_is_and_leaves_the_rest_short() -> None:
    answer = _magento(("eu-1", "eu-2", "eu-3"), SKU_1=30)
    assert where(answer) == {"eu-1/SKU_1": 11, "eu-2/SKU_1": 6}
    assert left_open(answer) == {"SKU_1": 13}


def test_magento_fills_one_line_though_no_source_has_the_other() -> None:
    answer = _magento(("eu-1", "eu-2", "eu-3"), SKU_1=10, SKU_2=6)
    assert where(answer) == {"eu-1/SKU_1": 10}
    assert left_open(answer) == {"SKU_2": 6}


def test_magento_follows_the_order_of_sources_even_where_one_could_fill_the_line() -> None:
    answer = _magento(("eu-3", "eu-2", "eu-1"), SKU_1=10, SKU_2=6)
    assert where(answer) == {"eu-2/SKU_1": 6, "eu-1/SKU_1": 4}
    assert left_open(answer) == {"SKU_2": 6}


def test_adobes_priority_algorithm_takes_35_from_the_first_warehouse_and_5_from_the_second() -> (
    None
):
    candidates = [
        a_candidate(
            name,
            {sku: stock[name] for sku, stock in ADOBE.items() if name in stock},
            priority=place,
        )
        for place, name in enumerate(ADOBE_ORDER, start=1)
    ]
    lines = (a_line("1", 40, sku="24-WB01"), a_line("2", 20, sku="24-WB03"))
    answer = _route(lines, candidates, "priority")
    assert where(answer) == {"ne_wh/1": 35, "west_wh/1": 5, "ne_wh/2": 20}
    assert answer.is_complete


@pytest.mark.parametrize(
    ("strategy", "priorities", "expected"),
    [
        ("highest-stock", (1, 1), {"w0/1": 4, "w1/1": 1}),
        ("priority", (2, 1), {"w1/1": 3, "w0/1": 2}),
    ],
)
def test_saleor_takes_by_stock_or_by_sort_order(
    strategy: str, priorities: tuple[int, int], expected: dict[str, int]
) -> None:
    stock = {"w0": 4, "w1": 3}
    candidates = [
        a_candidate(name, {"sku-1": count}, priority=priority)
        for (name, count), priority in zip(stock.items(), priorities, strict=True)
    ]
    assert where(_route((a_line("1", 5),), candidates, strategy)) == expected


def test_vendures_second_location_gives_only_what_the_first_did_not() -> None:
    candidates = [a_candidate("A", {"sku-1": 6}), a_candidate("B", {"sku-1": 8})]
    answer = _route((a_line("1", 10),), candidates, "priority")
    assert where(answer) == {"A/1": 6, "B/1": 4}


@pytest.mark.parametrize("strategy", ["priority", "fewest-splits", "exact"])
@pytest.mark.parametrize(
    ("new_york", "los_angeles", "wanted", "on_hand", "backordered"),
    [
        ({"a": 10, "b": 10}, {}, {"a": 1, "b": 1}, 2, 0),
        ({"a": 10}, {"b": 10}, {"a": 1, "b": 1}, 2, 0),
        ({"a": 2}, {"a": 10}, {"a": 5}, 5, 0),
        ({"a": 5}, {"a": 5}, {"a": 8}, 8, 0),
        ({"a": 2}, {"a": 3}, {"a": 10}, 5, 5),
        ({"a": 10, "b": 1}, {"b": 10}, {"a": 2, "b": 4}, 6, 0),
        ({"a": 0}, {}, {"a": 1}, 0, 1),
    ],
)
def test_spree_fills_from_hand_first_and_backorders_the_rest(
    strategy: str,
    new_york: dict[str, int],
    los_angeles: dict[str, int],
    wanted: dict[str, int],
    on_hand: int,
    backordered: int,
) -> None:
    candidates = [a_candidate("nyc", new_york, priority=1)]
    if los_angeles:
        candidates.append(a_candidate("la", los_angeles, priority=2))
    lines = tuple(a_line(sku, quantity, sku=sku) for sku, quantity in wanted.items())
    answer = _route(lines, candidates, strategy, "if-needed")
    assert sum(where(answer).values()) == on_hand
    assert sum(left_open(answer).values()) == backordered
    assert {short.action for short in answer.short} <= {ActionKind.BACKORDER}


def test_spree_takes_one_location_when_splits_are_minimized() -> None:
    candidates = [a_candidate("nyc", {"a": 2}), a_candidate("la", {"a": 10})]
    answer = _route((a_line("a", 5, sku="a"),), candidates, "fewest-splits", "if-needed")
    assert where(answer) == {"la/a": 5}


@pytest.mark.parametrize("strategy", ["exact", "nearest"])
@pytest.mark.parametrize(
    ("threshold", "values", "splits"),
    [
        (50, (60, 60), True),
        (50, (20, 20), False),
        (100, (80, 160), False),
        (100, (80, 80), False),
        (100, (160, 160), True),
    ],
)
def test_hotwax_splits_only_when_every_part_reaches_the_threshold(
    strategy: str, threshold: int, values: tuple[int, int], *, splits: bool
) -> None:
    lines = tuple(
        a_line(name, unit_value_minor=100 * value) for name, value in zip("ab", values, strict=True)
    )
    candidates = [a_candidate("one", {"sku-a": 1}), a_candidate("two", {"sku-b": 1})]
    limit = Constraint(kind="split-value", limit=100 * threshold)
    rule = a_rule(strategy=strategy, constraints=(limit,))
    answer = plan(a_request(*lines), candidates, a_rule_set(rule), flat)
    assert where(answer) == ({"one/a": 1, "two/b": 1} if splits else {})


@pytest.mark.parametrize("strategy", ["exact", "priority", "fewest-splits"])
def test_hotwaxs_limit_of_one_order_admits_exactly_one(strategy: str) -> None:
    rules = a_rule_set(a_rule(strategy=strategy))
    first = a_candidate("one", {"sku-1": 9}, capacity_left=1)
    full = a_candidate("one", {"sku-1": 9}, capacity_left=0)
    assert where(plan(a_request(a_line("1", 3)), [first], rules, flat)) == {"one/1": 3}
    refused = plan(a_request(a_line("1", 3)), [full], rules, flat)
    assert where(refused) == {}
    assert [short.reason for short in refused.short] == ["no-capacity"]
