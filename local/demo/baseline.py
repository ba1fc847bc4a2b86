"""What the day's parcels would have cost under other rules: a replay with the real planner.

The ship orders come again in the order of their acceptance, against the stock before the first of
them; each plan takes its units from it. Rejects, cancels, counts and till sales are left out, so
the figures compare rules with one another, and not with what happened.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from local.demo.retailers import Level as OpeningLevel
from shared.catalog.model import Location, Product, StockMode
from shared.flows.knowledge import TenantKnowledge
from shared.flows.sourcing import StockView, candidates_of, request_of, route_line, without_unable
from shared.flows.tariffs import Tariffs
from shared.inventory.decide.availability import guard_of
from shared.inventory.decide.rules import PICKUP, SHIP, Item, Subject, method_switch
from shared.inventory.model import Level, stamp
from shared.orders.decide.status import ROUTED_KINDS
from shared.orders.model import Line, Method, Order, Part, PartState
from shared.routing.conditions import KindIn
from shared.routing.decide import plan
from shared.routing.geo import Distances
from shared.routing.model import ActionKind, Candidate, RouteRequest, SourcingPlan
from shared.routing.rules import Action, InventoryRule, Routing, RuleSet

BACKORDER = (Action(do=ActionKind.ALLOCATE_PARTIAL), Action(do=ActionKind.BACKORDER))
OWN = "the retailer's own rules"


@dataclass(slots=True)
class Outcome:
    """What a replay under one rule set came to; money in minor units."""

    name: str
    orders: int = 0
    units: int = 0
    short_units: int = 0
    cost_minor: int = 0
    parcels: int = 0
    split_orders: int = 0
    distance_m: int = 0

    def add(self, request: RouteRequest, found: SourcingPlan, places: Sequence[Candidate]) -> None:
        """Count one order's plan."""
        self.orders += 1
        self.units += sum(row.quantity for row in found.assignments)
        self.short_units += sum(row.quantity for row in found.short)
        self.cost_minor += found.cost_minor
        self.parcels += len(found.parcels)
        self.split_orders += len({row.location_id for row in found.assignments}) > 1
        by_id = {place.location_id: place for place in places}
        distances = Distances(request.destination)
        for parcel in found.parcels:
            self.distance_m += distances.to(by_id[parcel.location_id]) or 0


@dataclass(slots=True)
class _Shelves:
    """Free units by SKU and location, as the replay has left them."""

    free: dict[str, dict[str, int]] = field(default_factory=dict)

    def take(self, found: SourcingPlan, skus: Mapping[str, str]) -> None:
        for row in found.assignments:
            held = self.free.get(skus[row.line_id], {})
            if row.location_id in held:
                held[row.location_id] -= row.quantity


def nearest_location() -> RuleSet:
    """Return the rule that takes the nearest location that has it, whatever it costs."""
    rule = InventoryRule(
        name="nearest", strategy="nearest", on_partial=BACKORDER, on_none=BACKORDER[1:]
    )
    return _one_routing("nearest", "Nearest location", (rule,))


def from_the_warehouse() -> RuleSet:
    """Return the rule that ships from warehouses while they have it; vendors keep their goods."""
    warehouses = InventoryRule(
        name="warehouses", filters=(KindIn(kinds=("warehouse",)),), strategy="priority"
    )
    others = InventoryRule(
        name="others", strategy="nearest", on_partial=BACKORDER, on_none=BACKORDER[1:]
    )
    return _one_routing("warehouse", "Ship from the warehouse", (warehouses, others))


def _one_routing(name: str, title: str, rules: tuple[InventoryRule, ...]) -> RuleSet:
    return RuleSet(
        rule_set_id=name,
        version=1,
        name=title,
        divide_lines="if-needed",
        unfilled=BACKORDER[1],
        routings=(Routing(name="all", rules=rules),),
    )


def replay(
    known: TenantKnowledge,
    orders: Iterable[Order],
    products: Mapping[str, Product],
    opening: Mapping[str, Sequence[OpeningLevel]],
) -> tuple[Outcome, ...]:
    """Return what each rule set makes of the day's ship orders (pure)."""
    wanted = [order for order in orders if any(_is_shipped(line, products) for line in order.lines)]
    policies: tuple[tuple[str, RuleSet | None], ...] = (
        (OWN, None),
        ("nearest location", nearest_location()),
        ("ship from the warehouse", from_the_warehouse()),
    )
    return tuple(_replayed(name, rules, known, wanted, products, opening)
                 for name, rules in policies)  # fmt: skip


def _is_shipped(line: Line, products: Mapping[str, Product]) -> bool:
    was_taken = any(part.state is PartState.HANDED_OVER for part in line.parts)
    is_routed = line.kind in ROUTED_KINDS and line.sku in products
    return line.method is Method.SHIP and is_routed and not was_taken


def _replayed(
    name: str,
    rules: RuleSet | None,
    known: TenantKnowledge,
    orders: Sequence[Order],
    products: Mapping[str, Product],
    opening: Mapping[str, Sequence[OpeningLevel]],
) -> Outcome:
    outcome = Outcome(name)
    shelves = _Shelves({
        sku: {level.location_id: level.units for level in levels}
        for sku, levels in opening.items()
    })  # fmt: skip
    for order in orders:
        lines = [_fresh(line) for line in order.lines if _is_shipped(line, products)]
        of_order = {line.sku: products[line.sku] for line in lines if line.sku}
        now = order.accepted_at
        routed = [
            without_unable(
                route_line(line, line.parts[0], of_order[line.sku], now), known.locations.values()
            )
            for line in lines
            if line.sku
        ]
        as_new = order.model_copy(update={"lines": tuple(lines)})
        request = request_of(as_new, routed, known.settings.country, 1, now)
        stock = {
            sku: _views(known, order.channel, product, shelves, stamp(now))
            for sku, product in of_order.items()
            if product.stock_mode is not StockMode.UNLIMITED
        }
        tariffs = Tariffs(known, as_new, of_order, now)
        places = candidates_of(
            known.premises.values(), stock, of_order, _unlimited, tariffs.lane_of, now
        )
        found = plan(request, places, rules or known.rule_set(order.order_type), tariffs)
        shelves.take(found, {line.line_id: line.sku for line in lines if line.sku})
        outcome.add(request, found, places)
    return outcome


def _unlimited(_location: Location) -> None:
    """Leave capacity out: on the day it is another one after each order."""


def _fresh(line: Line) -> Line:
    """Return a line as it was accepted: one part that waits."""
    part = Part(part=1, quantity=line.quantity, state=PartState.PENDING)
    return line.model_copy(update={"parts": (part,)})


def _views(
    known: TenantKnowledge, channel: str, product: Product, shelves: _Shelves, at: str
) -> dict[str, StockView]:
    item = Item(product.sku, frozenset(product.tags), product.category)
    pool = known.pool(channel)
    found = {}
    for place, free in shelves.free.get(product.sku, {}).items():
        if place not in pool:
            continue
        site = known.stock_sites[place]
        level = Level(sku=product.sku, location_id=place, on_hand=free, free=free)
        guards: dict[str, int | None] = {}
        for method in (SHIP, PICKUP):
            is_on = method_switch(known.stock_rules, Subject(item, site, channel, method)).value
            guard = guard_of(known.stock_rules, level, item, site, channel, method)
            guards[method] = guard.value if is_on else None
        found[place] = StockView(free, free, guards, at)
    return found
