"""Facts about goods, and what may be sold, through the doors of stock."""

import json
from typing import Any

import pytest

from functions import inventory
from shared.catalog import service as catalog
from shared.contracts.stock import Ending, EndReservation
from shared.flows.offer_stock import AvailabilityView
from shared.inventory import service as stock_service
from shared.inventory.model import Reserve
from shared.tenants.model import Role
from tests.builders import TENANT, Answer, Shop, a_line, a_product, an_order

BOOT_IN_BERLIN = {"sku": "BOOT", "location_id": "berlin"}


async def told(shop: Shop, trigger: Any, **body: Any) -> Answer:
    return await shop.call(trigger, body=BOOT_IN_BERLIN | body)


async def test_goods_come_in_are_counted_break_and_are_sold(shop: Shop) -> None:
    await told(shop, inventory.receive_stock, quantity=10)
    shop.later(minutes=1)
    await told(shop, inventory.count_stock, counted=8)
    shop.later(minutes=1)
    await told(shop, inventory.adjust_stock, damaged=1, reason="broken")
    sold = await told(shop, inventory.sell_stock, quantity=2)
    assert sold.status == 201
    assert sold.body["level"]["on_hand"] == 6
    assert (sold.body["level"]["damaged"], sold.body["level"]["free"]) == (1, 5)


async def test_the_same_movement_under_another_key_is_recorded_once(shop: Shop) -> None:
    await told(shop, inventory.receive_stock, quantity=5, movement_id="asn-1")
    again = await told(shop, inventory.receive_stock, quantity=5, movement_id="asn-1")
    assert (again.body["repeated"], again.body["level"]["on_hand"]) == (True, 5)


async def test_a_measure_becomes_a_count_of_the_selling_step(shop: Shop) -> None:
    cloth = a_product("CLOTH", step="0.5")
    await catalog.create_product(shop.world.store, TENANT, cloth, now=shop.clock.now())
    cloth_in_berlin = {"sku": "CLOTH", "location_id": "berlin"}
    body = cloth_in_berlin | {"measure": "8.5"}
    told_ = await shop.call(inventory.receive_stock, body=body)
    assert told_.body["level"]["on_hand"] == 17
    odd = await shop.call(inventory.count_stock, body=cloth_in_berlin | {"measure": "8.3"})
    assert (odd.status, odd.code) == (422, "quantity-not-a-multiple-of-step")
    both = await shop.call(inventory.receive_stock, body=body | {"quantity": 3})
    assert both.body["errors"][0]["code"] == "one-quantity"


async def test_an_unknown_product_at_an_unknown_location_is_refused_with_both_faults(
    shop: Shop,
) -> None:
    body = {"sku": "NOPE", "location_id": "mars", "counted": 1}
    refused = await shop.call(inventory.count_stock, body=body)
    assert [fault["code"] for fault in refused.body["errors"]] == [
        "unknown-product",
        "unknown-location",
    ]


async def test_store_staff_count_in_their_own_store_only(shop: Shop) -> None:
    own = await shop.call(
        inventory.count_stock, body=BOOT_IN_BERLIN | {"counted": 1}, role=Role.ASSOCIATE
    )
    body = {"sku": "BOOT", "location_id": "hamburg", "counted": 1}
    foreign = await shop.call(inventory.count_stock, body=body, role=Role.ASSOCIATE)
    assert (own.status, foreign.status) == (201, 403)


async def test_a_till_sells_what_is_reserved_and_the_order_goes_elsewhere(shop: Shop) -> None:
    await shop.receive("BOOT", "berlin", 1)
    order = await shop.place()
    await shop.receive("BOOT", "hamburg", 1)
    data = {
        "record": {
            "kind": "sale",
            "movement_id": "till-1",
            **BOOT_IN_BERLIN,
            "quantity": 1,
            "at": "2026-11-02T08:00:00Z",
        }
    }
    for event_id in ("m-1", "m-2"):
        await shop.deliver(inventory.record_stock, "inventory.record-stock.v1", data, event_id)
    await shop.settle_all()
    assert await shop.stock("BOOT", "berlin") == (0, 0, 0)
    assert [p.location_id for p in (await shop.order(order.order_id)).lines[0].parts] == ["hamburg"]


async def test_a_till_whose_clock_is_ahead_sells_now(shop: Shop) -> None:
    await shop.receive("BOOT", "berlin", 5)
    await told(shop, inventory.sell_stock, quantity=1, at="2027-01-01T00:00:00Z")
    shop.later(minutes=5)
    counted = await told(shop, inventory.count_stock, counted=4)
    assert counted.body["level"]["on_hand"] == 4


async def test_the_ledger_tells_what_happened_with_balances_and_a_second_page(shop: Shop) -> None:
    await shop.receive("BOOT", "berlin", 5)
    shop.later(minutes=1)
    await shop.place(an_order(a_line(quantity=2)))
    query = {"sku": "BOOT", "location": "berlin", "limit": "1"}
    first = (await shop.call(inventory.read_ledger, query=query)).body
    second = await shop.call(inventory.read_ledger, query=query | {"cursor": first["next_cursor"]})
    rows = [*first["items"], *second.body["items"]]
    assert [(row["what"], row["balance_on_hand"], row["balance_free"]) for row in rows] == [
        ("movement", 5, 5),
        ("reserved", 5, 3),
    ]


async def test_levels_are_listed_by_product_or_by_location(shop: Shop) -> None:
    hat = a_product("HAT")
    await catalog.create_product(shop.world.store, TENANT, hat, now=shop.clock.now())
    await shop.receive("BOOT", "berlin", 1)
    await shop.receive("BOOT", "hamburg", 1)
    await shop.receive("HAT", "berlin", 1)
    by_sku = (await shop.call(inventory.list_levels, query={"sku": "BOOT"})).body["items"]
    assert [row["location_id"] for row in by_sku] == ["berlin", "hamburg"]
    query = {"location": "berlin", "limit": "1"}
    first = (await shop.call(inventory.list_levels, query=query)).body
    query["cursor"] = first["next_cursor"]
    second = (await shop.call(inventory.list_levels, query=query)).body
    assert [row["sku"] for row in (*first["items"], *second["items"])] == ["BOOT", "HAT"]
    neither = await shop.call(inventory.list_levels)
    assert neither.status == 422
    nothing = await shop.call(inventory.list_levels, query={"sku": "NOPE"})
    assert nothing.body == {"items": [], "next_cursor": None}


async def test_rules_are_written_over_the_version_that_was_read(shop: Shop) -> None:
    rule = {"rule_id": "keep", "kind": "safety-stock", "units": 2}
    read = await shop.call(inventory.read_stock_rules)
    assert (read.body, read.headers["ETag"]) == ({"version": 0, "rules": [], "pools": []}, '"0"')
    body = {"rules": [rule]}
    saved = await shop.call(inventory.replace_stock_rules, body=body, if_match="0")
    stale = await shop.call(inventory.replace_stock_rules, body=body, if_match="0")
    odd = await shop.call(inventory.replace_stock_rules, body=body, if_match="x")
    assert (saved.body["version"], stale.status, odd.status) == (1, 412, 412)
    await shop.receive("BOOT", "berlin", 3)
    query = {"sku": "BOOT", "location": "berlin"}
    offered = (await shop.call(inventory.read_availability, query=query)).body
    assert offered["units"] == 1
    steps = {step["name"]: step for step in offered["locations"][0]["steps"]}
    assert steps["safety-stock"] == {"name": "safety-stock", "amount": -2, "rule_id": "keep"}


async def test_a_channel_is_shown_its_pool_less_queued_demand(shop: Shop) -> None:
    await shop.receive("BOOT", "berlin", 3)
    await shop.receive("BOOT", "hamburg", 2)
    offered = await shop.call(inventory.read_availability, query={"sku": "BOOT", "channel": "web"})
    assert (offered.body["units"], offered.body["ats"]["in_stock"]) == (5, 5)
    assert [row["units"] for row in offered.body["locations"]] == [3, 2]


async def test_a_store_promises_for_pickup_what_it_has_itself(shop: Shop) -> None:
    await shop.receive("BOOT", "hamburg", 2)
    query = {"sku": "BOOT", "method": "pickup", "location": "berlin"}
    here = (await shop.call(inventory.read_availability, query=query)).body
    there = await shop.call(inventory.read_availability, query=query | {"location": "hamburg"})
    assert (here["units"], there.body["units"]) == (0, 2)
    assert there.body["pickup"]["steps"][-1]["name"] == "queued-pickups"


async def test_a_bundle_is_as_many_as_its_scarcest_component_at_one_place(shop: Shop) -> None:
    store, now = shop.world.store, shop.clock.now()
    await catalog.create_product(store, TENANT, a_product("SOCK"), now=now)
    parts = ({"sku": "BOOT", "quantity": 1}, {"sku": "SOCK", "quantity": 2})
    await catalog.create_product(
        store, TENANT, a_product("SET", kind="bundle", components=parts), now=now
    )
    await shop.receive("BOOT", "berlin", 5)
    await shop.receive("SOCK", "berlin", 5)
    await shop.receive("SOCK", "hamburg", 9)
    offered = await shop.call(inventory.read_availability, query={"sku": "SET"})
    assert offered.body["bundle"] == {"units": 2, "components": {"BOOT": 5, "SOCK": 14}}


async def test_what_is_unlimited_is_told_as_such(shop: Shop) -> None:
    ebook = a_product("EBOOK", stock_mode="unlimited")
    await catalog.create_product(shop.world.store, TENANT, ebook, now=shop.clock.now())
    offered = (await shop.call(inventory.read_availability, query={"sku": "EBOOK"})).body
    assert (offered["unlimited"], "units" in offered) == (True, False)


@pytest.mark.parametrize(
    "more",
    [{}, {"channel": "web"}, {"location": "berlin"}, {"method": "pickup", "location": "berlin"}],
)
@pytest.mark.parametrize("sku", ["BOOT", "SET", "EBOOK"])
async def test_every_answer_reads_as_the_api_describes_it(
    shop: Shop, sku: str, more: dict[str, str]
) -> None:
    store, now = shop.world.store, shop.clock.now()
    parts = ({"sku": "BOOT", "quantity": 2},)
    for product in (
        a_product("SET", kind="bundle", components=parts),
        a_product("EBOOK", stock_mode="unlimited"),
    ):
        await catalog.create_product(store, TENANT, product, now=now)
    await shop.receive("BOOT", "berlin", 5)
    offered = await shop.call(inventory.read_availability, query={"sku": sku} | more)
    read = AvailabilityView.model_validate_json(json.dumps(offered.body))
    assert json.loads(read.model_dump_json(exclude_none=True)) == offered.body


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"sku": "NOPE"}, 404),
        ({"sku": "BOOT", "location": "mars"}, 422),
        ({"sku": "BOOT", "method": "carry"}, 422),
        ({}, 422),
    ],
)
async def test_a_question_about_nothing_has_its_refusal(
    shop: Shop, query: dict[str, str], status: int
) -> None:
    assert (await shop.call(inventory.read_availability, query=query)).status == status


async def test_counts_of_a_file_are_recorded_row_by_row(shop: Shop) -> None:
    rows = (
        "sku,location_id,counted",
        "BOOT,berlin,7",
        "BOOT,hamburg,3",
        "BOOT,berlin,8",
        "NOPE,berlin,1",
        "BOOT,mars,1",
        "BOOT,hamburg,many",
    )
    raw = "\n".join(rows).encode()
    report = (await shop.call(inventory.import_counts, body=raw, key="file-1")).body
    assert (report["changed"], report["refused"]) == (2, 4)
    assert [(e["line"], e["code"]) for e in report["errors"]] == [
        (4, "twice-in-file"),
        (5, "unknown-product"),
        (6, "unknown-location"),
        (7, "not-a-number"),
        (7, "twice-in-file"),
    ]
    assert await shop.stock("BOOT", "berlin") == (7, 0, 7)
    assert await shop.stock("BOOT", "hamburg") == (3, 0, 3)


async def test_a_file_counts_by_measure_and_as_of_its_own_time(shop: Shop) -> None:
    await shop.receive("BOOT", "berlin", 1)
    shop.later(hours=1)
    raw = (
        b"sku;location_id;measure;as_of\n"
        b"BOOT;berlin;9;2026-11-02T07:00:00Z\n"
        b"BOOT;hamburg;1.5;2026-11-02T07:00:00Z\n"
    )
    report = (await shop.call(inventory.import_counts, body=raw)).body
    assert (report["changed"], [e["column"] for e in report["errors"]]) == (1, ["measure"])
    assert await shop.stock("BOOT", "berlin") == (10, 0, 10)


async def test_the_reconciler_finds_and_mends_what_no_order_names(shop: Shop) -> None:
    await shop.receive("BOOT", "berlin", 5)
    order = await shop.place()
    stray = Reserve("o_stray.1.1.1", "BOOT", "berlin", 2, "o_stray", "1", 1)
    await stock_service.reserve(shop.world.store, TENANT, stray, shop.clock.now())
    (part,) = order.lines[0].parts
    lost = EndReservation(
        reservation_id=part.reservation_id or "",
        sku="BOOT",
        location_id="berlin",
        quantity=1,
        ending=Ending.RELEASED,
    )
    await stock_service.end(shop.world.store, TENANT, lost, shop.clock.now())
    body = {"sku": "BOOT"}
    soon = (await shop.call(inventory.reconcile_stock, body=body)).body
    assert soon["settling"] == [part.reservation_id]
    shop.later(minutes=11)
    seen = (await shop.call(inventory.reconcile_stock, body=body)).body
    assert (seen["clean"], seen["unexpected"], seen["missing"]) == (
        False,
        ["o_stray.1.1.1"],
        [part.reservation_id],
    )
    await shop.call(inventory.reconcile_stock, body=body | {"repair": True})
    await shop.settle_all()
    shop.later(minutes=11)
    clean = (await shop.call(inventory.reconcile_stock, body=body)).body
    assert clean["clean"] is True
    assert await shop.stock("BOOT", "berlin") == (5, 1, 4)
