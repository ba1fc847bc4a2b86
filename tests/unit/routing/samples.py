"""Usual things to route, for tests to change what matters to them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from shared.routing.decide import plan
from shared.routing.model import (
    Candidate,
    Contents,
    ParcelCost,
    ParcelQuote,
    Place,
    RouteLine,
    RouteRequest,
    SourcingPlan,
    Stock,
)
from shared.routing.rules import InventoryRule, Routing, RuleSet

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
NEW_YORK = Place("US", "11030", "NY", 40.7493, -73.6407)


def a_line(line_id: str = "1", quantity: int = 1, **changes: Any) -> RouteLine:
    usual: dict[str, Any] = {"part": 1, "sku": f"sku-{line_id}", "unit_value_minor": 1000}
    return RouteLine(line_id=line_id, quantity=quantity, **(usual | changes))


def a_request(*lines: RouteLine, **changes: Any) -> RouteRequest:
    usual: dict[str, Any] = {"order_id": "o_1", "destination": NEW_YORK, "now": NOW}
    return RouteRequest(lines=lines or (a_line(),), **(usual | changes))


def a_candidate(location_id: str, stock: Mapping[str, int], **changes: Any) -> Candidate:
    held = {sku: units(count) for sku, count in stock.items()}
    return Candidate(location_id=location_id, stock=held, **changes)


def units(count: int, safety: int = 0) -> Stock:
    sellable = max(0, count - safety)
    return Stock(sellable, sellable, free=count, safety_stock=safety, on_hand=count)


def a_rule(**changes: Any) -> InventoryRule:
    return InventoryRule(**({"name": "rule"} | changes))


def a_rule_set(*rules: InventoryRule, **changes: Any) -> RuleSet:
    routing = Routing(name="all", rules=rules or (a_rule(),))
    usual: dict[str, Any] = {
        "rule_set_id": "rules",
        "version": 1,
        "name": "Rules",
        "routings": (routing,),
    }
    return RuleSet(**(usual | changes))


def costs(by_location: Mapping[str, int], *, a_unit: int = 10) -> ParcelCost:
    """Return a tariff: so much a parcel by location, and so much a unit."""

    def quote(location_id: str, contents: Contents) -> ParcelQuote | None:
        if location_id not in by_location:
            return None
        count = sum(quantity for _, quantity in contents)
        return ParcelQuote(by_location[location_id] + a_unit * count, "ground")

    return quote


def flat(_: str, contents: Contents) -> ParcelQuote | None:
    """Cost the same from everywhere: 5.00 a parcel and 0.10 a unit."""
    return ParcelQuote(500 + 10 * sum(quantity for _, quantity in contents), "ground")


def where(answer: SourcingPlan) -> dict[str, int]:
    """Return the units of each location and line, as `location/line`."""
    found: dict[str, int] = {}
    for a in answer.assignments:
        name = f"{a.location_id}/{a.line_id}"
        found[name] = found.get(name, 0) + a.quantity
    return found


def left_open(answer: SourcingPlan) -> dict[str, int]:
    """Return the short units of each line."""
    return {short.line_id: short.quantity for short in answer.short}


__all__ = ["plan"]
