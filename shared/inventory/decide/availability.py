"""Availability: one formula, printed with every answer (semantics 3)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

from shared.inventory.decide.amounts import new_level
from shared.inventory.decide.rules import (
    ALL,
    PICKUP,
    SHIP,
    Applied,
    Item,
    Site,
    Subject,
    backorder_allowance,
    method_switch,
    pool_of,
    pools_by_id,
    safety_stock,
    switch,
    threshold,
)
from shared.inventory.model import Demand, Level, RuleKind, StockRules


class Step(NamedTuple):
    """One term of the formula: what it adds to the result, and the rule that set it.

    A tuple, as an answer over 40 locations holds 300 of them.
    """

    name: str
    amount: int
    rule_id: str | None = None


@dataclass(frozen=True, slots=True)
class Sellable:
    """What a location may sell of an item by one method.

    `safety_withheld`: free units kept back; `shortage`: how far free is below 0.
    """

    location_id: str
    method: str
    units: int
    free: int
    safety_stock: int
    safety_withheld: int
    shortage: int
    is_on: bool
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Ats:
    """What a channel may show now: `in_stock` and `backorderable` add up to `units`."""

    channel: str
    pool_id: str
    units: int
    in_stock: int
    backorderable: int
    is_on: bool
    steps: tuple[Step, ...]
    locations: tuple[Sellable, ...]


@dataclass(frozen=True, slots=True)
class Pickup:
    """What a named store may promise for pickup: its sellable less its queued pickups."""

    units: int
    queued: int
    at: Sellable


_UNRULED: Final[Mapping[tuple[bool, bool], Mapping[str, int | None]]] = {
    (ships, hands_over): MappingProxyType(
        {SHIP: 0 if ships else None, PICKUP: 0 if hands_over else None}
    )
    for ships in (False, True)
    for hands_over in (False, True)
}


def free_of(level: Level) -> int:
    """Return free from its parts; it may be negative."""
    unusable = level.damaged + level.quality_hold
    return level.on_hand - unusable - level.reserved - level.soft_reserved


def guard_of(
    rules: StockRules, level: Level, item: Item, site: Site, channel: str | None, method: str
) -> Applied:
    """Return the safety stock that a reservation must leave, as a decision names it."""
    subject = Subject(item, site, channel, method)
    return safety_stock(rules, subject, level.on_hand - level.damaged - level.quality_hold)


def guards_of(
    rules: StockRules, level: Level, item: Item, site: Site, channel: str | None
) -> Mapping[str, int | None]:
    """Return a location's safety stock of an item by method, None where the method is off."""
    if not rules.rules:  # the usual case, for forty locations an order
        return _UNRULED[site.ship_enabled, site.pickup_enabled]
    guards: dict[str, int | None] = {}
    for method in (SHIP, PICKUP):
        is_on = method_switch(rules, Subject(item, site, channel, method)).value
        guard = guard_of(rules, level, item, site, channel, method)
        guards[method] = guard.value if is_on else None
    return guards


def sellable(
    rules: StockRules,
    level: Level,
    item: Item,
    site: Site,
    method: str = SHIP,
    channel: str | None = None,
) -> Sellable:
    """Return what one location may sell: 0 where the method is off, else free less safety stock."""
    on = method_switch(rules, Subject(item, site, channel, method))
    safety = guard_of(rules, level, item, site, channel, method)
    free = free_of(level)
    units = max(0, free - safety.value - (site.expected_sold or 0)) if on.value else 0
    steps = [
        Step("on-hand", level.on_hand),
        Step("damaged", -level.damaged),
        Step("quality-hold", -level.quality_hold),
        Step("reserved", -level.reserved),
        Step("soft-reserved", -level.soft_reserved),
        Step("safety-stock", -safety.value, safety.rule_id),
    ]
    if site.expected_sold is not None:
        steps.append(Step("expected-sold", -site.expected_sold))
    steps.append(Step(f"{method}-enabled", on.value, on.rule_id))
    return Sellable(
        site.location_id,
        method,
        units,
        free,
        safety.value,
        safety_withheld=min(max(0, free), safety.value),
        shortage=max(0, -free),
        is_on=bool(on.value),
        steps=tuple(steps),
    )


def availability(
    rules: StockRules,
    levels: Iterable[Level],
    item: Item,
    sites: Mapping[str, Site],
    method: str = SHIP,
    channel: str | None = None,
) -> tuple[Sellable, ...]:
    """Return what each known location may sell."""
    return tuple(
        sellable(rules, level, item, sites[level.location_id], method, channel)
        for level in levels
        if level.location_id in sites
    )


def queued_against(
    demand: Demand, pool: frozenset[str], pools: Mapping[str, frozenset[str]]
) -> int:
    """Return the queued units whose eligible locations meet a pool; an unknown pool meets all."""
    by_pool = sum(units for name, units in demand.pools.items() if pools.get(name, pool) & pool)
    return by_pool + sum(units for store, units in demand.pickups.items() if store in pool)


def ats(
    rules: StockRules,
    levels: Sequence[Level],
    item: Item,
    sites: Sequence[Site],
    demand: Demand,
    *,
    channel: str,
    inbound: int = 0,
) -> Ats:
    """Return what a channel may show: its pool's sellable less threshold and queued demand.

    `inbound` is the unpromised supply on its way: the most that may be backordered.
    """
    pools = pools_by_id(rules, sites)
    own = pool_of(rules, channel)
    locations = pools[own.pool_id] if own else frozenset(site.location_id for site in sites)
    by_id = {site.location_id: site for site in sites if site.location_id in locations}
    parts = availability(rules, levels, item, by_id, SHIP, channel)
    subject = Subject(item, None, channel, SHIP)
    on = switch(rules, RuleKind.CHANNEL, subject, otherwise=True)
    kept = threshold(rules, subject)
    allowed = backorder_allowance(rules, subject, inbound)
    queued = queued_against(demand, locations, pools)
    summed = sum(part.units for part in parts)
    before = summed - kept.value - queued
    units = max(0, before + allowed.value) if on.value else 0
    in_stock = min(units, max(0, min(before, summed)))
    steps = (
        Step("sellable", summed),
        Step("threshold", -kept.value, kept.rule_id),
        Step("queued-demand", -queued),
        Step("backorder-allowance", allowed.value, allowed.rule_id),
        Step("channel-enabled", on.value, on.rule_id),
    )
    pool_id = own.pool_id if own else ALL
    return Ats(channel, pool_id, units, in_stock, units - in_stock, bool(on.value), steps, parts)


def pickup(
    rules: StockRules,
    level: Level,
    item: Item,
    site: Site,
    demand: Demand,
    *,
    channel: str | None = None,
) -> Pickup:
    """Return what the named store may promise for pickup; never a sum over a pool."""
    at = sellable(rules, level, item, site, PICKUP, channel)
    queued = demand.pickups.get(site.location_id, 0)
    return Pickup(max(0, at.units - queued), queued, at)


def bundles(
    components: Mapping[str, int], sellable_at: Mapping[str, Mapping[str, int]], *, split: bool
) -> int:
    """Return how many bundles can be sold: by location the scarcest component decides.

    `components`: quantity by SKU; `sellable_at`: units by SKU at each location. With `split`,
    components of one bundle may come from different locations.
    """
    if split:
        sums = {sku: sum(units.get(sku, 0) for units in sellable_at.values()) for sku in components}
        return _scarcest(components, sums)
    return sum(_scarcest(components, units) for units in sellable_at.values())


def _scarcest(components: Mapping[str, int], units: Mapping[str, int]) -> int:
    return min((units.get(sku, 0) // need for sku, need in components.items()), default=0)


def nothing_at(sku: str, location_id: str) -> Level:
    """Return the level of a location that never had the SKU."""
    return new_level(sku, location_id)
