"""Ask routing about an order: read stock and capacity, plan, decide (design 5, step 1)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from shared.catalog import service as catalog
from shared.catalog.model import Location, Product, StockMode
from shared.flows.deciding import Answered, decision_of
from shared.flows.knowledge import TenantKnowledge
from shared.flows.sourcing import StockView, candidates_of, request_of, route_line, without_unable
from shared.flows.tariffs import Tariffs, Wanted
from shared.inventory import service as inventory
from shared.inventory.decide.availability import guards_of
from shared.inventory.decide.rules import Item, narrowed
from shared.inventory.model import Level, ReservationDocument
from shared.kernel.documents import Documents
from shared.orders.model import Order
from shared.orders.work import Decision
from shared.routing.decide import plan
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


async def capacity_taken(
    store: Documents, known: TenantKnowledge, names: Iterable[str], now: datetime
) -> dict[str, int]:
    """Return what today's capacity has given, for the locations that limit it."""
    limited = [
        known.locations[name]
        for name in names
        if name in known.locations and known.locations[name].capacity_per_day is not None
    ]
    days = sorted({known.local_day(location.location_id, now) for location in limited})
    return await catalog.capacity_of_days(store, known.tenant_id, days)


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
    products = {item.product.sku: item.product for item in wanted}
    stock = await stock_views(store, known, order, products, now)
    names = {name for views in stock.values() for name in views}
    taken = await capacity_taken(store, known, names, now)

    def capacity_left(location: Location) -> int | None:
        if location.capacity_per_day is None:
            return None
        return max(0, location.capacity_per_day - taken.get(location.location_id, 0))

    attempt = order.attempts + 1
    named = [route_line(item.line, item.part, item.product, now) for item in wanted]
    lines = [without_unable(line, known.locations.values()) for line in named]
    request = request_of(order, lines, known.settings.country, attempt, now)
    places = [place for name, place in known.premises.items() if only in {None, name}]
    tariffs = Tariffs(known, order, products, now)
    candidates = candidates_of(places, stock, products, capacity_left, tariffs.lane_of, now)
    used = rules or known.rule_set(order.order_type)
    if tariffs.is_missing:
        used = nearest_first(used)
    answer = plan(request, candidates, used, tariffs)
    return decision_of(Answered(known, order, answer, tariffs, stock, now), wanted, first_attempt)


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
