"""Availability: the formula, its steps, and the rules that set them."""

import pytest

from shared.contracts.stock import Queue
from shared.inventory import service as inventory
from shared.inventory.decide.availability import (
    Step,
    ats,
    availability,
    bundles,
    guard_of,
    guards_of,
    pickup,
    sellable,
)
from shared.inventory.decide.rules import Item, Site, narrowed, pool_locations, pool_of
from shared.inventory.model import (
    Demand,
    Match,
    Pool,
    RuleInvalid,
    RuleKind,
    StockRule,
    StockRules,
)
from shared.kernel.errors import NotFound, PreconditionFailed
from tests.unit.inventory.stock import NOW, SKU, TENANT, a_level, a_store, a_wait, stocked

BOOT = Item(SKU)
BERLIN, PARIS = Site("berlin"), Site("paris")


def a_rule(kind: RuleKind, rule_id: str = "rule", **changes: object) -> StockRule:
    return StockRule.model_validate({"rule_id": rule_id, "kind": kind} | changes)


def rules(*found: StockRule, pools: tuple[Pool, ...] = ()) -> StockRules:
    return StockRules(version=1, rules=found, pools=pools)


def test_the_answer_prints_its_formula() -> None:
    level = a_level(on_hand=20, damaged=1, quality_hold=2, reserved=3, soft_reserved=4, free=10)
    safety = a_rule(RuleKind.SAFETY_STOCK, "keep-four", units=4)
    found = sellable(rules(safety), level, BOOT, Site("berlin", expected_sold=1))
    assert (found.units, found.free, found.safety_stock) == (5, 10, 4)
    assert found.steps == (
        Step("on-hand", 20),
        Step("damaged", -1),
        Step("quality-hold", -2),
        Step("reserved", -3),
        Step("soft-reserved", -4),
        Step("safety-stock", -4, "keep-four"),
        Step("expected-sold", -1),
        Step("ship-enabled", 1),
    )


def test_a_percentage_of_safety_stock_is_of_usable_on_hand_rounded_up() -> None:
    ten = rules(a_rule(RuleKind.SAFETY_STOCK, percent=10))
    assert guard_of(ten, a_level(on_hand=100), BOOT, BERLIN, None, "ship").value == 10
    assert guard_of(ten, a_level(on_hand=101, damaged=10), BOOT, BERLIN, None, "ship").value == 10
    assert guard_of(ten, a_level(on_hand=-5), BOOT, BERLIN, None, "ship").value == 0


def test_safety_withheld_and_shortage_are_told_apart() -> None:
    safety = rules(a_rule(RuleKind.SAFETY_STOCK, units=2))
    found = sellable(safety, a_level(on_hand=4, reserved=3), BOOT, BERLIN)
    assert (found.units, found.safety_withheld, found.shortage) == (0, 1, 0)
    found = sellable(safety, a_level(on_hand=4, reserved=7), BOOT, BERLIN)
    assert (found.units, found.safety_withheld, found.shortage) == (0, 0, 3)


def test_the_last_rule_that_matches_wins_and_is_named() -> None:
    kids = a_rule(RuleKind.SAFETY_STOCK, "kids", match=Match(tags=("Kids", "Shoes")), units=5)
    sale = a_rule(
        RuleKind.SAFETY_STOCK, "sale", match=Match(tags=("Kids", "Shoes", "Sale")), units=10
    )
    both, tags = rules(kids, sale), frozenset({"Kids", "Shoes"})
    level = a_level(on_hand=100)
    found = guard_of(both, level, Item(SKU, tags), BERLIN, None, "ship")
    assert (found.value, found.rule_id) == (5, "kids")
    found = guard_of(both, level, Item(SKU, tags | {"Sale"}), BERLIN, None, "ship")
    assert (found.value, found.rule_id) == (10, "sale")
    found = guard_of(both, level, BOOT, BERLIN, None, "ship")
    assert (found.value, found.rule_id) == (0, None)


def test_without_rules_a_location_keeps_nothing_back_by_the_methods_it_serves() -> None:
    counter = Site("berlin", ship_enabled=False)
    assert guards_of(rules(), a_level(), BOOT, counter, "web") == {"ship": None, "pickup": 0}


def test_rules_keep_units_back_by_method_and_switch_methods_off() -> None:
    keep = a_rule(RuleKind.SAFETY_STOCK, "keep", match=Match(methods=("ship",)), units=3)
    off = a_rule(RuleKind.PICKUP, "off", on=False)
    found = guards_of(rules(keep, off), a_level(on_hand=9), BOOT, BERLIN, "web")
    assert found == {"ship": 3, "pickup": None}


def test_rules_of_other_items_and_channels_are_left_out_once_for_all_locations() -> None:
    own = a_rule(RuleKind.SAFETY_STOCK, "own", match=Match(locations=("paris",)), units=1)
    other = a_rule(RuleKind.SAFETY_STOCK, "other", match=Match(skus=("SOCK",)), units=2)
    till = a_rule(RuleKind.SAFETY_STOCK, "till", match=Match(channels=("till",)), units=3)
    assert [r.rule_id for r in narrowed(rules(own, other, till), BOOT, "web").rules] == ["own"]
    only = rules(own)
    assert narrowed(only, BOOT, "web") is only


@pytest.mark.parametrize(
    ("match", "applies"),
    [
        (Match(), True),
        (Match(skus=(SKU, "HAT-1")), True),
        (Match(skus=("HAT-1",)), False),
        (Match(categories=("boots",)), True),
        (Match(categories=("hats",)), False),
        (Match(locations=("berlin",)), True),
        (Match(locations=("paris",)), False),
        (Match(groups=("stores", "outlets")), True),
        (Match(groups=("outlets",)), False),
        (Match(channels=("web",)), True),
        (Match(channels=("till",)), False),
        (Match(methods=("pickup",)), True),
        (Match(methods=("ship",)), False),
        (Match(skus=(SKU,), channels=("till",)), False),
    ],
)
def test_all_that_a_rule_names_must_hold(match: Match, applies: bool) -> None:
    found = guard_of(
        rules(a_rule(RuleKind.SAFETY_STOCK, match=match, units=3)),
        a_level(),
        Item(SKU, category="boots"),
        Site("berlin", frozenset({"stores"})),
        "web",
        "pickup",
    )
    assert found.value == (3 if applies else 0)


def test_a_method_is_off_by_its_location_or_by_a_rule() -> None:
    closed = Site("berlin", ship_enabled=False, pickup_enabled=False)
    assert sellable(rules(), a_level(), BOOT, closed).units == 0
    assert sellable(rules(), a_level(), BOOT, closed, "pickup").units == 0
    opened = rules(a_rule(RuleKind.PICKUP, "open", on=True), a_rule(RuleKind.SHIP, "no", on=False))
    assert sellable(opened, a_level(), BOOT, closed, "pickup").units == 10
    found = sellable(opened, a_level(), BOOT, BERLIN)
    assert (found.units, found.is_on, found.steps[-1]) == (0, False, Step("ship-enabled", 0, "no"))


def test_locations_that_are_not_known_are_left_out() -> None:
    levels = [a_level(), a_level(location_id="gone")]
    assert [s.location_id for s in availability(rules(), levels, BOOT, {"berlin": BERLIN})] == [
        "berlin"
    ]


def test_a_channel_sees_its_pool_less_threshold_and_queued_demand() -> None:
    levels = [a_level(on_hand=80), a_level(location_id="paris", on_hand=20)]
    sites = [BERLIN, Site("paris", ship_enabled=False)]
    found = ats(
        rules(
            a_rule(RuleKind.SAFETY_STOCK, "s", units=15), a_rule(RuleKind.THRESHOLD, "t", units=10)
        ),
        levels,
        BOOT,
        sites,
        Demand(pools={"all": 5}),
        channel="web",
    )
    assert (found.units, found.in_stock, found.backorderable, found.pool_id) == (50, 50, 0, "all")
    assert found.steps == (
        Step("sellable", 65),
        Step("threshold", -10, "t"),
        Step("queued-demand", -5),
        Step("backorder-allowance", 0),
        Step("channel-enabled", 1),
    )


def test_a_channel_that_is_off_or_overdrawn_shows_nothing() -> None:
    off = rules(a_rule(RuleKind.CHANNEL, match=Match(channels=("web",)), on=False))
    found = ats(off, [a_level()], BOOT, [BERLIN], Demand(), channel="web")
    assert (found.units, found.is_on) == (0, False)
    queued = Demand(pools={"all": 12})
    assert ats(rules(), [a_level()], BOOT, [BERLIN], queued, channel="web").units == 0


def test_backorders_are_at_most_the_supply_on_its_way() -> None:
    allowed = rules(a_rule(RuleKind.BACKORDER, "b", units=20))
    found = ats(allowed, [a_level()], BOOT, [BERLIN], Demand(), channel="web", inbound=5)
    assert (found.units, found.in_stock, found.backorderable) == (15, 10, 5)
    unbounded = rules(a_rule(RuleKind.BACKORDER, "b", units=20, beyond_supply=True))
    queued = Demand(pools={"all": 12})
    found = ats(unbounded, [a_level()], BOOT, [BERLIN], queued, channel="web")
    assert (found.units, found.in_stock, found.backorderable) == (18, 0, 18)


def test_demand_counts_against_every_pool_that_it_may_be_served_from() -> None:
    pools = (
        Pool(pool_id="fr", locations=("paris",), channels=("boutique",)),
        Pool(pool_id="de", locations=("berlin",), channels=("web",)),
        Pool(pool_id="eu", groups=("stores",), channels=("market",)),
    )
    sites = [Site("berlin", frozenset({"stores"})), Site("paris", frozenset({"stores"}))]
    levels = [a_level(), a_level(location_id="paris")]
    queued = Demand(pools={"fr": 1, "eu": 2}, pickups={"berlin": 4})
    with_pools = rules(pools=pools)

    def units(channel: str) -> int:
        return ats(with_pools, levels, BOOT, sites, queued, channel=channel).units

    assert (units("web"), units("boutique"), units("market")) == (4, 7, 13)


def test_a_channel_without_a_pool_of_its_own_takes_the_common_one() -> None:
    common, web = Pool(pool_id="common"), Pool(pool_id="web", channels=("web",))
    found = rules(pools=(common, web))
    assert (pool_of(found, "web"), pool_of(found, "till")) == (web, common)
    assert pool_of(rules(pools=(web,)), "till") is None
    assert pool_locations(common, [BERLIN, PARIS]) == {"berlin", "paris"}


def test_pickup_is_the_named_stores_alone() -> None:
    queued = Demand(pools={"all": 5}, pickups={"berlin": 3})
    found = pickup(rules(), a_level(), BOOT, BERLIN, queued)
    assert (found.units, found.queued, found.at.units) == (7, 3, 10)


def test_bundles_are_limited_by_the_scarcest_component() -> None:
    needs = {"BAT": 1, "BALL": 3}
    stock = {"berlin": {"BAT": 4, "BALL": 7}, "paris": {"BAT": 0, "BALL": 9}}
    assert bundles(needs, stock, split=False) == 2
    assert bundles(needs, stock, split=True) == 4


async def test_availability_is_read_with_the_rules_in_force() -> None:
    async with a_store() as store:
        await stocked(store)
        await stocked(store, 5, "paris")
        await inventory.perform(store, TENANT, Queue(wait=a_wait(pickup_location="paris")), NOW)
        keep = a_rule(RuleKind.SAFETY_STOCK, "keep", units=1)
        await inventory.save_stock_rules(store, TENANT, [keep], [], 0)
        sites = {"berlin": BERLIN, "paris": PARIS}
        found = await inventory.availability(store, TENANT, BOOT, sites, NOW)
        assert [(s.location_id, s.units) for s in found] == [("berlin", 9), ("paris", 4)]
        seen = await inventory.ats(store, TENANT, BOOT, [BERLIN, PARIS], NOW, channel="web")
        assert seen.units == 11
        assert (await inventory.pickup(store, TENANT, BOOT, PARIS, NOW)).units == 2
        assert (await inventory.pickup(store, TENANT, BOOT, Site("rome"), NOW)).units == 0
        assert await inventory.availability(store, "other", BOOT, sites, NOW) == ()


async def test_every_version_of_the_rules_is_kept() -> None:
    async with a_store() as store:
        one, two = a_rule(RuleKind.THRESHOLD, units=1), a_rule(RuleKind.THRESHOLD, units=2)
        assert (await inventory.stock_rules(store, TENANT)).version == 0
        await inventory.save_stock_rules(store, TENANT, [one], [], 0)
        await inventory.save_stock_rules(store, TENANT, [two], [], 1)
        with pytest.raises(PreconditionFailed):
            await inventory.save_stock_rules(store, TENANT, [one], [], 1)
        assert (await inventory.stock_rules(store, TENANT)).rules == (two,)
        assert (await inventory.stock_rules(store, TENANT, 1)).rules == (one,)
        with pytest.raises(NotFound):
            await inventory.stock_rules(store, TENANT, 3)


@pytest.mark.parametrize(
    ("rule", "detail"),
    [
        (a_rule(RuleKind.SHIP, units=1), "a switch needs `on`"),
        (a_rule(RuleKind.SAFETY_STOCK), "needs `units` >= 0 or `percent`"),
        (a_rule(RuleKind.SAFETY_STOCK, units=-1), "needs `units` >= 0 or `percent`"),
        (a_rule(RuleKind.SAFETY_STOCK, units=1, percent=1), "needs `units` >= 0 or `percent`"),
        (a_rule(RuleKind.THRESHOLD, percent=1), "needs `units`, and nothing else"),
    ],
)
async def test_a_rule_that_does_not_say_what_it_needs_is_refused(
    rule: StockRule, detail: str
) -> None:
    async with a_store() as store:
        with pytest.raises(RuleInvalid, match=detail):
            await inventory.save_stock_rules(store, TENANT, [rule], [], 0)
        assert (await inventory.stock_rules(store, TENANT)).version == 0


async def test_a_rule_cannot_stand_twice() -> None:
    async with a_store() as store:
        rule = a_rule(RuleKind.THRESHOLD, units=1)
        with pytest.raises(RuleInvalid, match="twice"):
            await inventory.save_stock_rules(store, TENANT, [rule, rule], [], 0)
