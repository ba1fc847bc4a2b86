"""Stale feeds and feeds that leave out what we reserved."""

from datetime import timedelta

import pytest

from shared.inventory import service as inventory
from shared.inventory.decide.availability import Step, sellable
from shared.inventory.decide.freshness import age_minutes, expected_sold, is_stale
from shared.inventory.decide.rules import Item, Site
from shared.inventory.model import MovementDocument, StockRules, stamp
from tests.unit.inventory.stock import (
    NOW,
    SKU,
    TENANT,
    a_count,
    a_level,
    a_quote,
    a_reserve,
    a_sale,
    a_store,
    an_end,
    is_clean,
    level,
    minutes,
    stocked,
)

BOOT = Item(SKU)


def moved(on_hand: int, reason: str = "sale", *, effective: bool = True) -> MovementDocument:
    return MovementDocument(
        movement_id="m",
        sku=SKU,
        location_id="berlin",
        reason=reason,
        on_hand=on_hand,
        effective=effective,
        at=stamp(NOW),
    )


@pytest.mark.parametrize(
    ("counted_as_of", "limit", "stale"),
    [
        (stamp(minutes(-60)), 60, False),
        (stamp(minutes(-61)), 60, True),
        (stamp(minutes(-61)), None, False),
        ("", 60, True),
        ("", None, False),
    ],
)
def test_a_figure_is_fresh_up_to_its_limit(
    counted_as_of: str, limit: int | None, *, stale: bool
) -> None:
    assert is_stale(counted_as_of, limit, NOW) is stale


def test_an_age_is_in_started_minutes_and_never_below_nothing() -> None:
    assert age_minutes(stamp(NOW - timedelta(seconds=61)), NOW) == 2
    assert age_minutes(stamp(minutes(5)), NOW) == 0
    assert age_minutes("", NOW) is None


def test_a_silent_location_sells_on_at_the_rate_of_the_last_four_weeks() -> None:
    week = a_level(counted_as_of=stamp(NOW - timedelta(days=7)))
    told = [
        moved(-6),
        moved(-3, "count"),
        moved(20, "receipt"),
        moved(-4, "write-off"),
        moved(-5, effective=False),
    ]
    assert expected_sold(week, told, NOW) == 3  # 9 in 28 days: 2.25 in 7
    assert expected_sold(a_level(), told, NOW) == 9
    assert expected_sold(week, [], NOW) == 0


def test_a_stale_answer_prints_what_was_probably_sold_even_if_that_is_nothing() -> None:
    found = sellable(
        StockRules(), a_level(free=10), BOOT, Site("berlin", expected_sold=0), "ship", None
    )
    assert (found.units, Step("expected-sold", 0) in found.steps) == (10, True)


async def test_a_stale_location_offers_less_and_its_ledger_stays() -> None:
    async with a_store() as store:
        await inventory.record(store, TENANT, a_count(counted=30, as_of=minutes(-20_160)), NOW)
        sale = a_sale(quantity=8, at=minutes(-20_000))
        await inventory.record(store, TENANT, sale, NOW)
        site = Site("berlin", fresh_minutes=60)
        (row,) = await inventory.availability(store, TENANT, BOOT, {"berlin": site}, NOW)
        assert (row.units, row.free) == (18, 22)  # 8 in 28 days: 4 in the 14 since the count
        assert Step("expected-sold", -4) in row.steps
        assert (await level(store))["on_hand"] == 22
        shown = await inventory.ats(store, TENANT, BOOT, (site,), NOW, channel="web")
        at_store = await inventory.pickup(store, TENANT, BOOT, site, NOW)
        assert (shown.units, at_store.units) == (18, 18)
        fresh = Site("berlin", fresh_minutes=30_000)
        (row,) = await inventory.availability(store, TENANT, BOOT, {"berlin": fresh}, NOW)
        assert row.units == 22


async def test_a_feed_that_leaves_out_our_reservations_tells_on_hand_without_them() -> None:
    async with a_store() as store:
        await stocked(store, 10)
        await inventory.reserve(store, TENANT, a_reserve(quantity=3), minutes(-30))
        await inventory.reserve(store, TENANT, a_quote(quantity=1), minutes(-30))
        feed = a_count(counted=6, as_of=minutes(-10), net_of_reservations=True)
        await inventory.record(store, TENANT, feed, NOW)
        assert await level(store) == {
            "on_hand": 9,
            "reserved": 3,
            "soft_reserved": 1,
            "free": 5,
        }
        assert await is_clean(store)


async def test_what_is_reserved_or_shipped_after_a_feeds_time_is_not_counted_in() -> None:
    async with a_store() as store:
        await stocked(store, 10)
        await inventory.reserve(store, TENANT, a_reserve(quantity=3), minutes(-30))
        later = a_reserve(reservation_id="o_8.1.1.1", order_id="o_8", quantity=2)
        await inventory.reserve(store, TENANT, later, minutes(-5))
        shipped = an_end(quantity=3, ending="consumed")
        await inventory.perform(store, TENANT, shipped, minutes(-5))
        feed = a_count(counted=6, as_of=minutes(-10), net_of_reservations=True)
        await inventory.record(store, TENANT, feed, NOW)
        # 6 + 3 reserved then; the 3 left since.
        assert await level(store) == {"on_hand": 6, "reserved": 2, "free": 4}
        assert await is_clean(store)


async def test_a_first_feed_of_a_new_level_is_what_it_says() -> None:
    async with a_store() as store:
        await inventory.record(store, TENANT, a_count(counted=4, net_of_reservations=True), NOW)
        assert await level(store) == {"on_hand": 4, "free": 4}
