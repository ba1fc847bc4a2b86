"""Availability, rules and pickup: what may be shown and promised."""

from shared.contracts.stock import Queue, Wait
from shared.inventory.decide.availability import guard_of
from shared.inventory.decide.rules import SHIP, Item, Site
from shared.inventory.model import Level, Match, Pool, RuleKind, StockRule, StockRules
from tests.conformance.examples import Answer, Example, example, given, numbers, steps
from tests.conformance.shop import HERE, NOW, SKU, Shop, a_shop


async def magento(shop: Shop) -> None:
    """Put Magento's sources and stocks in: stocks are pools, each with a channel of its name."""
    data, off = given("MSI"), []
    for place, sku, quantity, status in data["source_items"]:
        is_on = place not in data["disabled_sources"]
        shop.places[place] = Site(place, ship_enabled=is_on, pickup_enabled=is_on)
        if quantity:
            await shop.receive(steps(quantity), place, sku)
        if not status:
            match = Match(skus=(sku,), locations=(place,))
            name = f"off.{place}.{sku}"
            off.append(StockRule(rule_id=name, kind=RuleKind.SHIP, match=match, on=False))
    pools = [
        Pool(pool_id=f"stock-{name}", locations=tuple(sources), channels=(f"stock-{name}",))
        for name, sources in data["stocks"].items()
    ]
    await shop.put_rules(off, pools)


@example(
    "SALABLE",
    reading="a stock is a pool; an item out of stock at a source has shipping switched off by rule,"
    " a disabled source altogether; counts of half steps",
)
async def salable(case: Example) -> Answer:
    async with a_shop() as shop:
        await magento(shop)
        ours = [
            [sku, stock, (await shop.ats(f"stock-{stock}", sku)).units]
            for sku, stock, _ in case.then
        ]
    return Answer(ours, [[sku, stock, steps(quantity)] for sku, stock, quantity in case.then])


def a_threshold(units: int) -> StockRule:
    return StockRule(rule_id="threshold", kind=RuleKind.THRESHOLD, units=units)


@example(
    *(f"SALEABLE-{n}" for n in range(1, 7)),
    reading="the stock level at which it sells out is a channel's threshold; below 0 it lets a"
    " channel sell beyond stock; allocated = reserved",
)
async def saleable(case: Example) -> Answer:
    async with a_shop() as shop:
        await shop.receive(case.given["on_hand"])
        if case.given["allocated"]:
            await shop.must_reserve("o_1.1.1.1", case.given["allocated"])
        await shop.put_rules([a_threshold(case.given["threshold"])])
        return Answer((await shop.ats()).units, case.then)


@example(
    "HW-ATP",
    reading="disabled = on hand at a location where shipping is off; safety stock at the one where"
    " it is on; queued = waiting demand of the pool",
)
async def hotwax_atp(case: Example) -> Answer:
    first, second, third = case.when
    total, *rest = numbers(first)
    ours = [
        await _hotwax(total, *rest, is_on=True),
        await _hotwax(*numbers(second), is_on=True),
        await _hotwax(numbers(third)[0], *rest, is_on="off" not in third),
    ]
    return Answer(ours, case.then)


async def _hotwax(
    total: int, disabled: int, safety: int, threshold: int, queued: int, *, is_on: bool
) -> int:
    async with a_shop() as shop:
        await shop.receive(total - disabled)
        if disabled:
            await shop.receive(disabled, "closed")
        shop.places["closed"] = Site("closed", ship_enabled=False)
        keep = StockRule(rule_id="safety", kind=RuleKind.SAFETY_STOCK, units=safety)
        channel = StockRule(rule_id="brokering", kind=RuleKind.CHANNEL, on=is_on)
        await shop.put_rules([keep, a_threshold(threshold), channel])
        await shop.perform(
            Queue(
                wait=Wait(
                    order_id="o_0",
                    line_id="1",
                    part=1,
                    sku=SKU,
                    quantity=queued,
                    pool_id="all",
                    accepted_at=NOW,
                    generation=1,
                )
            )
        )
        return (await shop.ats()).units


@example("IBM-SS", reading="demand = reserved; available = sellable at the location")
async def ibm_safety_stock(case: Example) -> Answer:
    async with a_shop() as shop:
        await shop.receive(case.given["on_hand"])
        await shop.must_reserve("o_1.1.1.1", case.given["demand"])
        safety = case.given["safety"]
        await shop.put_rules(
            [StockRule(rule_id="safety", kind=RuleKind.SAFETY_STOCK, units=safety)]
        )
        found = await shop.sellable()
    ours = {
        "available": found.units,
        "safety_withheld": found.safety_withheld,
        "shortage": found.shortage,
    }
    return Answer(ours, case.then)


@example("IBM-PCT", reading="promise = sellable; raw = free")
async def ibm_percent(case: Example) -> Answer:
    async with a_shop() as shop:
        await shop.receive(case.given["on_hand"])
        percent = case.given["safety_pct"]
        await shop.put_rules(
            [StockRule(rule_id="safety", kind=RuleKind.SAFETY_STOCK, percent=percent)]
        )
        found = await shop.sellable()
    return Answer({"promise": found.units, "raw": found.free}, case.then)


@example(
    "HW-LASTMATCH", reading="kids, shoes and sale are tags; all tags that a rule names must be"
)
async def last_match(case: Example) -> Answer:
    rules = []
    for number, text in enumerate(case.given["rules"]):
        condition, _, units = text.partition(" -> ")
        tags = tuple(condition.lower().split(" and "))
        rules.append(
            StockRule(
                rule_id=f"rule-{number}",
                kind=RuleKind.SAFETY_STOCK,
                match=Match(tags=tags),
                units=int(units),
            )
        )
    level, site = Level(sku=SKU, location_id=HERE, on_hand=100, free=100), Site(HERE)
    kept = StockRules(rules=tuple(rules))
    ours = [
        guard_of(kept, level, Item(SKU, frozenset(text.split())), site, "web", SHIP).value
        for text in case.when
    ]
    return Answer(ours, case.then)


@example("PICKUP-RES", reading="an order to be collected is reserved at its store; half steps")
async def pickup_reserved(case: Example) -> Answer:
    orders = [("eu-1", "SKU-1", 3.5), ("eu-1", "SKU-1", 1), ("us-1", "SKU-2", 1)]
    orders.append(("eu-1", "SKU-6", 1))
    async with a_shop() as shop:
        for name, quantity in case.given.items():
            place, _, sku = name.partition("/")
            await shop.receive(steps(quantity), place, sku)
        left = []
        for number, (place, sku, quantity) in enumerate(orders):
            await shop.must_reserve(f"o_{number}.1.1.1", steps(quantity), place, sku)
            left.append({name: await shop.pickup(*name.split("/")) for name in case.given})
    ours = {
        "after_first": {"eu-1/SKU-1": left[0]["eu-1/SKU-1"]},
        "after_all": left[-1],
    }
    return Answer(ours, {when: _in_steps(found) for when, found in case.then.items()})


def _in_steps(found: dict[str, float]) -> dict[str, int]:
    return {name: steps(quantity) for name, quantity in found.items()}
