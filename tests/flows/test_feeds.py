"""Locations that tell their stock by feed: how fresh it is, and what it leaves out."""

from typing import Any

from functions import inventory
from shared.contracts.inventory import Count
from shared.flows.tell_stock import Import, import_counts
from shared.inventory import service as stock
from shared.kernel.model import stamp
from shared.orders.work import DECISIONS
from shared.routing.conditions import FreshFeed
from shared.routing.rules import InventoryRule, Routing, RuleSet
from shared.tenants.model import Role
from tests.builders import TENANT, Shop, a_location, a_shop, an_order


def only_fresh() -> RuleSet:
    rule = InventoryRule(name="fresh", filters=(FreshFeed(),))
    return RuleSet(
        rule_set_id="fresh", version=1, name="F", routings=(Routing(name="all", rules=(rule,)),)
    )


async def a_vendor_shop(**changes: Any) -> Shop:
    vendor = a_location("vendor", kind="drop-ship-vendor", **changes)
    return await a_shop(a_location("berlin"), vendor, rules=only_fresh())


async def fed(shop: Shop, counted: int, **changes: Any) -> None:
    shop.calls += 1
    told = Count(
        movement_id=f"feed-{shop.calls}",
        sku="BOOT",
        location_id="vendor",
        counted=counted,
        as_of=shop.clock.now(),
        **changes,
    )
    await stock.record(shop.world.store, TENANT, told, shop.clock.now())


async def test_a_stale_location_is_dropped_and_the_decision_says_how_old_its_figures_are() -> None:
    shop = await a_vendor_shop(feed_fresh_minutes=60)
    await fed(shop, 5)
    shop.later(minutes=61)
    order = await shop.place()
    assert order.lines[0].parts[0].location_id is None
    stored = await shop.world.store.get(TENANT, DECISIONS, order.order_id, "decision:1")
    assert stored is not None
    assert "stale feed, told 61 min ago" in str(stored.body.explanation)
    await shop.close()


async def test_a_fresh_location_ships() -> None:
    shop = await a_vendor_shop(feed_fresh_minutes=60)
    await fed(shop, 5)
    shop.later(minutes=60)
    order = await shop.place()
    assert order.lines[0].parts[0].location_id == "vendor"
    await shop.close()


async def test_an_old_figure_of_nothing_does_not_make_a_location_stale() -> None:
    shop = await a_vendor_shop(feed_fresh_minutes=60)
    await fed(shop, 0)
    shop.later(minutes=61)
    await shop.receive("BOOT", "berlin", 1)
    order = await shop.place(an_order())
    assert order.lines[0].parts[0].location_id == "berlin"
    await shop.close()


async def test_availability_of_a_stale_location_shows_the_step() -> None:
    shop = await a_vendor_shop(feed_fresh_minutes=60)
    await fed(shop, 5)
    shop.later(minutes=61)
    found = await shop.call(inventory.read_availability, query={"sku": "BOOT"})
    (row,) = [row for row in found.body["locations"] if row["location_id"] == "vendor"]
    assert {"name": "expected-sold", "amount": 0} in row["steps"]
    await shop.close()


async def reserved_at_vendor(shop: Shop) -> None:
    await fed(shop, 5)
    order = await shop.place()
    assert order.lines[0].parts[0].location_id == "vendor"
    shop.later(minutes=5)


async def test_counts_of_a_system_a_message_and_a_file_are_as_the_locations_feed_is() -> None:
    shop = await a_vendor_shop(feed_net_of_reservations=True)
    await reserved_at_vendor(shop)
    body = {"sku": "BOOT", "location_id": "vendor", "counted": 4}
    await shop.call(inventory.count_stock, body=body, role=Role.INTEGRATION)
    assert await shop.stock("BOOT", "vendor") == (5, 1, 4)
    shop.later(minutes=1)
    record = {"kind": "count", "movement_id": "f-9", "as_of": stamp(shop.clock.now())} | body
    record["counted"] = 6
    await shop.deliver(inventory.record_stock, "inventory.record-stock.v1", {"record": record})
    assert await shop.stock("BOOT", "vendor") == (7, 1, 6)
    now = shop.later(minutes=1)
    table = b"sku,location_id,counted\nBOOT,vendor,2\n"
    await import_counts(shop.world.flows, Import(shop.caller, "c-1", now), table)
    assert await shop.stock("BOOT", "vendor") == (3, 1, 2)
    await shop.close()


async def test_a_persons_count_is_all_that_is_on_the_shelf() -> None:
    shop = await a_vendor_shop(feed_net_of_reservations=True)
    await reserved_at_vendor(shop)
    body = {"sku": "BOOT", "location_id": "vendor", "counted": 4}
    await shop.call(inventory.count_stock, body=body, role=Role.OPERATOR)
    assert await shop.stock("BOOT", "vendor") == (4, 1, 3)
    shop.later(minutes=1)
    told = body | {"net_of_reservations": True}
    await shop.call(inventory.count_stock, body=told, role=Role.OPERATOR)
    assert await shop.stock("BOOT", "vendor") == (5, 1, 4)
    await shop.close()


async def test_a_feed_names_its_own_basis() -> None:
    shop = await a_vendor_shop(feed_net_of_reservations=True)
    await reserved_at_vendor(shop)
    body = {"sku": "BOOT", "location_id": "vendor", "counted": 4, "net_of_reservations": False}
    await shop.call(inventory.count_stock, body=body, role=Role.INTEGRATION)
    assert await shop.stock("BOOT", "vendor") == (4, 1, 3)
    await shop.close()
