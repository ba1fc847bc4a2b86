"""Ask routing about an order: read stock and capacity, plan, decide (design 5, step 1)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from shared.catalog import service as catalog
from shared.catalog.model import Location, Product, StockMode
from shared.flows.deciding import Answered, decision_of
from shared.flows.knowledge import TenantKnowledge
from shared.flows.sourcing import (
    StockView,
    candidates_of,
    could_have,
    request_of,
    route_line,
    without_unable,
)
from shared.flows.tariffs import Tariffs, Wanted
from shared.inventory import service as inventory
from shared.inventory.decide.availability import guards_of
from shared.inventory.decide.rules import Item, narrowed
from shared.inventory.model import Level, ReservationDocument
from shared.kernel.documents import Documents
from shared.orders.model import Order
from shared.orders.work import Decision
from shared.routing.decide import plan, plan_if_any
from shared.routing.model import Candidate, SourcingPlan
from shared.routing.rules import LocationSort, RuleSet


async def stock_views(
    store: Documents,
    known: TenantKnowledge,
    order: Order,
    products: Mapping[str, Product],
    now: datetime,
) -> dict[str, dict[str, StockView]]:
    """Return what each location of the channel's pool has of each SKU, after the rules.

    What the order's own quote holds counts as free: it is hardened, not taken beside it.
    """
    pool = known.pool(order.channel)
    found: dict[str, dict[str, StockView]] = {}
    for sku, product in products.items():
        if product.stock_mode is StockMode.UNLIMITED:
            continue
        item = Item(sku, frozenset(product.tags), product.category)
        own = await own_softs(store, known.tenant_id, order, sku, now)
        levels = await inventory.levels(store, known.tenant_id, sku, now)
        rules = narrowed(known.stock_rules, item, order.channel)
        found[sku] = {
            level.location_id: _view(
                level,
                guards_of(rules, level, item, known.stock_sites[level.location_id], order.channel),
                own,
            )
            for level in levels
            if level.location_id in pool
        }
    return found


async def own_softs(
    store: Documents, tenant_id: str, order: Order, sku: str, now: datetime
) -> tuple[ReservationDocument, ...]:
    """Return what the order's quote still holds of a SKU."""
    if order.quote_id is None:
        return ()
    return await inventory.quote_softs(store, tenant_id, sku, order.quote_id, now)


def _view(
    level: Level, guards: Mapping[str, int | None], own: Sequence[ReservationDocument]
) -> StockView:
    held = sum(soft.quantity for soft in own if soft.location_id == level.location_id)
    return StockView(level.free + held, level.on_hand, guards, level.counted_as_of)


async def capacity_left(
    store: Documents, known: TenantKnowledge, names: Iterable[str], now: datetime
) -> dict[str, int]:
    """Return what today's capacity still admits, for those of the locations that limit it."""
    limits: dict[str, int] = {}
    for name in names:
        location = known.locations.get(name)
        if location is not None and location.capacity_per_day is not None:
            limits[name] = location.capacity_per_day
    if not limits:
        return limits
    days = {name: known.local_day(name, now) for name in limits}
    taken = await catalog.capacity_taken(store, known.tenant_id, days)
    return {name: max(0, limit - taken.get(name, 0)) for name, limit in limits.items()}


async def decide_attempt(
    store: Documents,
    known: TenantKnowledge,
    order: Order,
    wanted: Sequence[Wanted],
    first_attempt: int,
    now: datetime,
    *,
    only: str | None = None,
    rules: RuleSet | None = None,
) -> Decision:
    """Read what routing needs, plan, and return the decision of the order's next attempt.

    `only` names the one location that may give; `rules` stand in for the active rule set.
    """
    asked = _Asked(known, order, wanted, now)
    stock = await stock_views(store, known, order, asked.products, now)
    room = await asked.room(store, stock)
    candidates = asked.candidates(stock, room, only)
    answer = plan(asked.request, candidates, asked.rules(rules), asked.tariffs)
    return asked.decision(answer, stock, first_attempt)


async def decide_freed(
    store: Documents,
    known: TenantKnowledge,
    order: Order,
    wanted: Sequence[Wanted],
    first_attempt: int,
    now: datetime,
) -> Decision | None:
    """Return the decision of an attempt to use what came free; None where the order cannot use it.

    Most of those who wait cannot: they are turned away as soon as that is known.
    """
    asked = _Asked(known, order, wanted, now)
    lines = asked.request.lines
    stock = await stock_views(store, known, order, asked.products, now)
    if not could_have(lines, stock):
        return None
    room = await asked.room(store, stock)
    if not could_have(lines, stock, frozenset(at for at, left in room.items() if left <= 0)):
        return None
    candidates = asked.candidates(stock, room)
    answer = plan_if_any(asked.request, candidates, asked.rules(), asked.tariffs)
    return None if answer is None else asked.decision(answer, stock, first_attempt)


class _Asked:
    """What one attempt asks of routing."""

    __slots__ = ("_known", "_now", "_order", "_wanted", "products", "request", "tariffs")

    def __init__(
        self, known: TenantKnowledge, order: Order, wanted: Sequence[Wanted], now: datetime
    ) -> None:
        self._known, self._order, self._wanted, self._now = known, order, wanted, now
        self.products = {item.product.sku: item.product for item in wanted}
        named = [route_line(item.line, item.part, item.product, now) for item in wanted]
        lines = [without_unable(line, known.locations.values()) for line in named]
        self.request = request_of(order, lines, known.settings.country, order.attempts + 1, now)
        self.tariffs = Tariffs(known, order, self.products, now)

    async def room(
        self, store: Documents, stock: Mapping[str, Mapping[str, StockView]]
    ) -> dict[str, int]:
        """Return what is left of today's capacity, for the locations that limit it."""
        # Who has no unit is not asked; what is unlimited may come from anywhere.
        able = {at for held in stock.values() for at, view in held.items() if view.free > 0}
        is_anywhere = len(stock) < len(self.products)
        names = self._known.locations if is_anywhere else able
        return await capacity_left(store, self._known, names, self._now)

    def candidates(
        self,
        stock: Mapping[str, Mapping[str, StockView]],
        room: Mapping[str, int],
        only: str | None = None,
    ) -> tuple[Candidate, ...]:
        """Return the locations that may give; `only` names the one that is asked."""
        places = [at for name, at in self._known.premises.items() if only in {None, name}]

        def left(location: Location) -> int | None:
            if location.capacity_per_day is None:
                return None
            return room.get(location.location_id, location.capacity_per_day)

        lane_of = self.tariffs.lane_of
        return candidates_of(places, stock, self.products, left, lane_of, self._now)

    def rules(self, given: RuleSet | None = None) -> RuleSet:
        """Return the rules to follow: those given, else the active ones."""
        rules = given or self._known.rule_set(self._order.order_type)
        return nearest_first(rules) if self.tariffs.is_missing else rules

    def decision(
        self,
        answer: SourcingPlan,
        stock: Mapping[str, Mapping[str, StockView]],
        first_attempt: int,
    ) -> Decision:
        """Return routing's answer as the decision of the attempt."""
        answered = Answered(self._known, self._order, answer, self.tariffs, stock, self._now)
        return decision_of(answered, self._wanted, first_attempt)


def nearest_first(rules: RuleSet) -> RuleSet:
    """Return the rules for a tenant without any tariff: what is left equal, distance decides."""
    nearest = LocationSort(by="distance")
    routings = tuple(
        routing.model_copy(
            update={
                "rules": tuple(
                    rule.model_copy(update={"sorts": (*rule.sorts, nearest)})
                    for rule in routing.rules
                )
            }
        )
        for routing in rules.routings
    )
    return rules.model_copy(update={"routings": routings})
