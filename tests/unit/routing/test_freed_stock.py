"""What came free and may be of no use: who waits is turned away before anything is explained."""

from collections.abc import Mapping

import pytest

from shared.flows.sourcing import StockView, could_have
from shared.routing.decide import plan_if_any
from shared.routing.model import RouteLine
from tests.unit.routing.samples import a_candidate, a_line, a_request, a_rule_set, flat

HAT, GLOVE = a_line("1", 2, sku="hat"), a_line("2", 2, sku="glove")


def _views(**free: int) -> dict[str, StockView]:
    return {at: StockView(units, units, {"ship": 0, "pickup": 0}) for at, units in free.items()}


def _bundle(line: RouteLine, **changes: object) -> RouteLine:
    usual: dict[str, object] = {"group": "set", "bundle": "set", "per_bundle": 2}
    return a_line(line.line_id, 2, sku=line.sku, **(usual | changes))


def test_a_plan_that_places_nothing_is_not_told() -> None:
    request, nothing = a_request(HAT), [a_candidate("a", {"hat": 0})]
    assert plan_if_any(request, nothing, a_rule_set(), flat) is None
    answer = plan_if_any(request, [a_candidate("a", {"hat": 2})], a_rule_set(), flat)
    assert answer is not None
    assert answer.explanation.winner.locations == ("a",)


@pytest.mark.parametrize(
    ("stock", "expected"),
    [
        ({"hat": _views(berlin=0, hamburg=0)}, False),
        ({"hat": _views(berlin=1)}, True),
        ({"hat": _views()}, False),
        ({}, True),
    ],
)
def test_a_unit_anywhere_may_help_and_uncounted_goods_always_do(
    stock: Mapping[str, Mapping[str, StockView]], *, expected: bool
) -> None:
    assert could_have([HAT], stock) is expected


def test_what_may_not_leave_a_location_does_not_help() -> None:
    stock = {"hat": _views(berlin=5)}
    away = a_line("1", 2, sku="hat", excluded_locations=frozenset({"berlin"}))
    assert not could_have([away], stock)
    assert not could_have([HAT], stock, frozenset({"berlin"}))
    off = {"hat": {"berlin": StockView(5, 5, {"ship": None, "pickup": 0})}}
    assert not could_have([HAT], off)


def test_what_travels_together_needs_one_location_that_has_it_all() -> None:
    together = [_bundle(HAT), _bundle(GLOVE)]
    apart = {"hat": _views(berlin=2), "glove": _views(hamburg=2)}
    assert not could_have(together, apart)
    assert could_have([HAT, GLOVE], apart)
    assert could_have(together, {"hat": _views(berlin=2), "glove": _views(berlin=2)})
    assert not could_have(together, {"hat": _views(berlin=2), "glove": _views(berlin=1)})
    assert could_have(together, {"hat": _views(berlin=2)})


def test_the_parts_of_one_line_may_come_from_different_places() -> None:
    kept = _bundle(HAT, excluded_locations=frozenset({"berlin"}))
    free = _bundle(HAT, part=2)
    assert could_have([kept, free], {"hat": _views(berlin=2)})
    assert not could_have([kept], {"hat": _views(berlin=2)})


def test_a_pickup_waits_for_its_own_store() -> None:
    asked = a_line("1", sku="hat", method="pickup", pickup_location="berlin")
    assert could_have([asked], {"hat": _views(berlin=1)}, frozenset({"berlin"}))
    assert not could_have([asked], {"hat": _views(berlin=0, hamburg=3)})
    assert not could_have([asked], {"hat": _views(hamburg=3)})
    assert could_have([asked], {})
