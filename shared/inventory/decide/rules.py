"""Stock rules: ordered, the last that matches wins, and the answer names it (semantics 3)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from shared.inventory.model import Match, Pool, RuleInvalid, RuleKind, StockRule, StockRules

SWITCHES: Final = frozenset({RuleKind.SHIP, RuleKind.PICKUP, RuleKind.CHANNEL})
SHIP: Final = "ship"
PICKUP: Final = "pickup"
ALL: Final = "all"  # the pool of a channel for which none is named: every location


@dataclass(frozen=True, slots=True)
class Item:
    """What the rules know of a product."""

    sku: str
    tags: frozenset[str] = frozenset()
    category: str | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """What the rules know of a location.

    `fresh_minutes`: the age that its figures may have; None: any. `expected_sold` reduces the
    answer where they are older; None: they are not.
    """

    location_id: str
    groups: frozenset[str] = frozenset()
    ship_enabled: bool = True
    pickup_enabled: bool = True
    fresh_minutes: int | None = None
    expected_sold: int | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """What a rule is asked about; None where the question leaves it open."""

    item: Item
    site: Site | None = None
    channel: str | None = None
    method: str | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """A value, and the rule that set it; None: no rule, the default."""

    value: int
    rule_id: str | None = None


def matches(match: Match, subject: Subject) -> bool:
    """Tell whether all that a rule names holds."""
    site = subject.site
    return (
        _is_of_item(match, subject.item)
        and _one_of(match.locations, site.location_id if site else None)
        and (not match.groups or bool(site and site.groups.intersection(match.groups)))
        and _one_of(match.channels, subject.channel)
        and _one_of(match.methods, subject.method)
    )


def _is_of_item(match: Match, item: Item) -> bool:
    return (
        _one_of(match.skus, item.sku)
        and set(match.tags) <= item.tags
        and _one_of(match.categories, item.category)
    )


def _one_of(named: Sequence[str], value: str | None) -> bool:
    return not named or value in named


def narrowed(rules: StockRules, item: Item, channel: str | None) -> StockRules:
    """Return the rules without those that cannot match this item sold there.

    Whoever asks about many locations leaves them out once.
    """
    kept = tuple(
        rule
        for rule in rules.rules
        if _is_of_item(rule.match, item) and _one_of(rule.match.channels, channel)
    )
    return rules if len(kept) == len(rules.rules) else rules.model_copy(update={"rules": kept})


def last_match(rules: Iterable[StockRule], kind: RuleKind, subject: Subject) -> StockRule | None:
    """Return the last rule of a kind that matches."""
    found = None
    for rule in rules:
        if rule.kind is kind and matches(rule.match, subject):
            found = rule
    return found


def safety_stock(rules: StockRules, subject: Subject, usable: int) -> Applied:
    """Return the units a location keeps back; a percentage is of usable on hand, rounded up."""
    rule = last_match(rules.rules, RuleKind.SAFETY_STOCK, subject)
    if rule is None:
        return Applied(0)
    if rule.percent is not None:
        return Applied(-(-max(0, usable) * rule.percent // 100), rule.rule_id)
    return Applied(max(0, rule.units or 0), rule.rule_id)


def threshold(rules: StockRules, subject: Subject) -> Applied:
    """Return the units a channel keeps back after summing."""
    rule = last_match(rules.rules, RuleKind.THRESHOLD, subject)
    return Applied(rule.units or 0, rule.rule_id) if rule else Applied(0)


def backorder_allowance(rules: StockRules, subject: Subject, inbound: int) -> Applied:
    """Return the units that may be sold beyond stock: at most the unpromised inbound supply."""
    rule = last_match(rules.rules, RuleKind.BACKORDER, subject)
    if rule is None:
        return Applied(0)
    units = max(0, rule.units or 0)
    return Applied(units if rule.beyond_supply else min(units, max(0, inbound)), rule.rule_id)


def switch(rules: StockRules, kind: RuleKind, subject: Subject, *, otherwise: bool) -> Applied:
    """Return 1 for on and 0 for off."""
    rule = last_match(rules.rules, kind, subject)
    return Applied(int(otherwise)) if rule is None else Applied(int(bool(rule.on)), rule.rule_id)


def method_switch(rules: StockRules, subject: Subject) -> Applied:
    """Return whether a location serves a method for this item."""
    site = subject.site
    if subject.method == PICKUP:
        otherwise = site.pickup_enabled if site else True
        return switch(rules, RuleKind.PICKUP, subject, otherwise=otherwise)
    otherwise = site.ship_enabled if site else True
    return switch(rules, RuleKind.SHIP, subject, otherwise=otherwise)


def pool_locations(pool: Pool, sites: Iterable[Site]) -> frozenset[str]:
    """Return the locations of a pool; one that names nothing is all of them."""
    everywhere = not pool.locations and not pool.groups
    return frozenset(
        site.location_id
        for site in sites
        if everywhere or site.location_id in pool.locations or site.groups.intersection(pool.groups)
    )


def pool_of(rules: StockRules, channel: str) -> Pool | None:
    """Return the pool that a channel sells from: the last that names it, else that names none."""
    named = [pool for pool in rules.pools if channel in pool.channels]
    return next(reversed(named or [p for p in rules.pools if not p.channels]), None)


def pools_by_id(rules: StockRules, sites: Sequence[Site]) -> Mapping[str, frozenset[str]]:
    return {pool.pool_id: pool_locations(pool, sites) for pool in rules.pools}


def pools_containing(rules: StockRules, site: Site) -> frozenset[str]:
    """Return the pools whose waiters a location may serve."""
    return frozenset({ALL} | {p.pool_id for p in rules.pools if pool_locations(p, [site])})


def check_rules(rules: StockRules) -> None:
    """Refuse rules that do not say what their kind needs, and ids that stand twice.

    Raises:
        RuleInvalid: names the rule and what is wrong.
    """
    seen: set[str] = set()
    for name in (*(r.rule_id for r in rules.rules), *(p.pool_id for p in rules.pools)):
        if name in seen:
            raise RuleInvalid(name, "the id stands twice")
        seen.add(name)
    for rule in rules.rules:
        fault = _fault_of(rule)
        if fault:
            raise RuleInvalid(rule.rule_id, fault)


def _fault_of(rule: StockRule) -> str | None:
    if rule.kind in SWITCHES:
        given = rule.units is None and rule.percent is None and rule.on is not None
        return None if given else "a switch needs `on`, and nothing else"
    if rule.kind is RuleKind.SAFETY_STOCK:
        one = (rule.units is None) != (rule.percent is None) and rule.on is None
        return None if one and (rule.units or 0) >= 0 else "needs `units` >= 0 or `percent`"
    given = rule.units is not None and rule.percent is None and rule.on is None
    return None if given else "needs `units`, and nothing else"
