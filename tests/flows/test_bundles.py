"""A set from the cart to the customer and back, over the embedded store."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from functions import couriers, fulfillment, inventory, returns
from functions import orders as order_doors
from shared.catalog import service as catalog
from shared.channels.model import CancelUnits, KnownLine, ReceiveUnits
from shared.contracts.cloud_event import AnyEvent
from shared.contracts.stock import RejectReason
from shared.flows.act_on_exception import Wanted, act_on_exception
from shared.flows.channel_update import decider_of, known_order
from shared.flows.hand_out import Rejection, reject
from shared.flows.order_command import apply_command
from shared.flows.steer_order import cancel
from shared.flows.tell_channel import units_by_channel_line
from shared.flows.tell_customer import tell_customer
from shared.flows.views import order_view
from shared.fulfillment.model import Fulfillment
from shared.kernel.documents import EVENT_KINDS, Container
from shared.kernel.errors import Invalid
from shared.kernel.money import Money
from shared.orders import service as order_service
from shared.orders.decide.cancel import Units
from shared.orders.model import Order, PartState
from shared.routing.model import ActionKind
from shared.routing.rules import Action, InventoryRule, Routing, RuleSet
from shared.tenants.parking import list_parked
from shared.wiring import telling, use
from tests.builders import (
    HAMBURG,
    TENANT,
    Shop,
    a_line,
    a_location,
    a_product,
    a_shop,
    an_order,
    states,
)

EUR_60, EUR_10 = Money("EUR", 6_000), Money("EUR", 1_000)
SET = {
    "kind": "bundle",
    "components": ({"sku": "BOOT", "quantity": 1}, {"sku": "SOCK", "quantity": 2}),
}
SOURCED, SHIPPED = PartState.SOURCED, PartState.SHIPPED
CANCELLED, UNFILLABLE = PartState.CANCELLED, PartState.UNFILLABLE


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    """A retailer of two stores that sells a boot and two socks as a set."""
    made = await a_shop(
        a_location("berlin"),
        a_location("hamburg", **HAMBURG),
        products=(
            a_product("BOOT", price=EUR_60),
            a_product("SOCK", price=EUR_10, weight_g=100),
            a_product("SET", barcodes=("4006381333931",), **SET),
            a_product("KIT", components_may_split=True, **SET),
        ),
    )
    yield made
    await made.close()


async def stocked(shop: Shop, location_id: str, boots: int, socks: int) -> None:
    for sku, units in (("BOOT", boots), ("SOCK", socks)):
        if units:
            await shop.receive(sku, location_id, units)


async def ordered(shop: Shop, quantity: int = 1, sku: str = "SET", **line: Any) -> Order:
    return await shop.place(an_order(a_line(sku, quantity, **line)))


async def test_a_set_is_sourced_where_all_of_it_is(shop: Shop) -> None:
    await stocked(shop, "berlin", 5, 1)
    await stocked(shop, "hamburg", 1, 2)
    order = await ordered(shop)
    assert states(order) == [("1~1", 1, SOURCED), ("1~2", 2, SOURCED)]
    assert {part.location_id for line in order.lines for part in line.parts} == {"hamburg"}
    assert await shop.stock("SOCK", "hamburg") == (2, 2, 0)
    (work,) = await shop.works(order.order_id)
    assert [(item.sku, item.quantity) for item in work.items] == [("BOOT", 1), ("SOCK", 2)]


async def test_a_set_that_lies_in_two_places_waits_until_it_is_whole_in_one(shop: Shop) -> None:
    await stocked(shop, "berlin", 1, 0)
    await stocked(shop, "hamburg", 0, 2)
    order = await ordered(shop)
    assert states(order) == [("1~1", 1, UNFILLABLE), ("1~2", 2, UNFILLABLE)]
    assert await shop.stock("BOOT", "berlin") == (1, 0, 1)
    await shop.receive("SOCK", "berlin", 2)
    await shop.settle_all()
    assert states(await shop.order(order.order_id)) == [("1~1", 1, SOURCED), ("1~2", 2, SOURCED)]


async def test_sets_are_divided_among_locations_in_whole_ones(shop: Shop) -> None:
    await stocked(shop, "berlin", 3, 9)
    await stocked(shop, "hamburg", 9, 5)
    order = await ordered(shop, 5)
    where: dict[str | None, dict[str, int]] = {}
    for line in order.lines:
        for part in line.parts:
            assert part.state is SOURCED
            where.setdefault(part.location_id, {})[line.line_id] = part.quantity
    assert where == {"berlin": {"1~1": 3, "1~2": 6}, "hamburg": {"1~1": 2, "1~2": 4}}
    assert await shop.stock("SOCK", "hamburg") == (5, 4, 1)


async def test_sets_that_no_location_has_wait_whole(shop: Shop) -> None:
    await stocked(shop, "berlin", 3, 5)
    order = await ordered(shop, 5)
    assert states(order) == [
        ("1~1", 2, SOURCED),
        ("1~1", 3, UNFILLABLE),
        ("1~2", 4, SOURCED),
        ("1~2", 6, UNFILLABLE),
    ]


async def test_components_that_may_split_come_from_two_places(shop: Shop) -> None:
    await stocked(shop, "berlin", 1, 0)
    await stocked(shop, "hamburg", 0, 2)
    order = await ordered(shop, sku="KIT")
    assert [part.location_id for line in order.lines for part in line.parts] == [
        "berlin",
        "hamburg",
    ]


async def test_the_same_order_for_a_set_sent_twice_is_one_order(shop: Shop) -> None:
    await stocked(shop, "berlin", 5, 10)
    first, again = await ordered(shop), await ordered(shop)
    assert again == first
    assert await shop.stock("BOOT", "berlin") == (5, 1, 4)


async def test_an_order_shows_which_set_a_line_is_of(shop: Shop) -> None:
    order = await ordered(shop, 2)
    shown = order_view(order, ())
    assert [line.bundle and line.bundle.model_dump() for line in shown.lines] == [
        {
            "line": "1",
            "sku": "SET",
            "title": "The set",
            "quantity": 2,
            "per_bundle": count,
            "may_split": False,
        }
        for count in (1, 2)
    ]
    assert shown.total == Money("EUR", 4_000)


async def test_cancelling_a_sock_lets_the_whole_set_go(shop: Shop) -> None:
    await stocked(shop, "berlin", 5, 10)
    order = await ordered(shop, 2)
    flows, caller = shop.world.flows, shop.caller
    await cancel(flows, caller, order.order_id, [Units("1~2", 1)], "customer", shop.clock.now())
    await shop.settle_all()
    after = await shop.order(order.order_id)
    assert [row for row in states(after) if row[2] is CANCELLED] == [
        ("1~1", 1, CANCELLED),
        ("1~2", 2, CANCELLED),
    ]
    assert await shop.stock("BOOT", "berlin") == (5, 1, 4)
    assert await shop.stock("SOCK", "berlin") == (10, 2, 8)
    assert after.refunded_minor == 2_000


async def test_a_set_with_a_missing_sock_is_sent_whole_from_elsewhere(shop: Shop) -> None:
    await stocked(shop, "berlin", 1, 2)
    order = await ordered(shop)
    (work,) = await shop.works(order.order_id)
    await stocked(shop, "hamburg", 1, 2)
    gone = [Rejection("1~2", 1, RejectReason.NOT_IN_STOCK)]
    flows, caller = shop.world.flows, shop.caller
    await reject(flows, caller, work.fulfillment_id, gone, shop.clock.now())
    await shop.settle_all()
    after = await shop.order(order.order_id)
    live = [part for line in after.lines for part in line.parts]
    assert {(part.state, part.location_id) for part in live} == {(SOURCED, "hamburg")}
    assert await shop.stock("BOOT", "berlin") == (1, 0, 1)


async def test_a_pickup_lacks_the_whole_set_where_a_component_is_short(shop: Shop) -> None:
    await stocked(shop, "berlin", 1, 1)
    order = await ordered(shop, method="pickup", pickup_location="berlin")
    assert {state for _, _, state in states(order)} == {PartState.EXCEPTION}
    assert await shop.stock("BOOT", "berlin") == (1, 0, 1)


async def test_a_pickup_is_of_as_many_whole_sets_as_the_store_has(shop: Shop) -> None:
    await stocked(shop, "berlin", 2, 3)
    order = await ordered(shop, 2, method="pickup", pickup_location="berlin")
    assert states(order) == [
        ("1~1", 1, SOURCED),
        ("1~1", 1, PartState.EXCEPTION),
        ("1~2", 2, SOURCED),
        ("1~2", 2, PartState.EXCEPTION),
    ]


async def test_a_quote_holds_every_component_and_its_order_takes_them(shop: Shop) -> None:
    await stocked(shop, "berlin", 1, 2)
    cart = {"channel": "web", "lines": [{"sku": "SET", "quantity": 1}]}
    quoted = await shop.call(couriers.reserve_promise, body=cart)
    assert quoted.status in {200, 201}, quoted.body
    assert [row["bundle"]["line"] for row in quoted.body["lines"]] == ["1", "1"]
    assert quoted.body["complete"] is True
    assert await shop.stock("SOCK", "berlin") == (2, 0, 0)
    order = await shop.place(an_order(a_line("SET"), quote_id=quoted.body["quote_id"]))
    assert {state for _, _, state in states(order)} == {SOURCED}
    assert await shop.stock("SOCK", "berlin") == (2, 2, 0)


async def picked_and_sent(shop: Shop, work: Fulfillment, boots: int, socks: int) -> None:
    at = {"fulfillment": work.fulfillment_id}
    await shop.call(fulfillment.accept_fulfillment, at)
    scans = [{"code": "BOOT", "quantity": boots}, {"code": "SOCK", "quantity": socks}]
    await shop.call(fulfillment.pick_fulfillment, at, body={"scans": scans})
    await shop.call(fulfillment.pack_fulfillment, at, body={})
    done = await shop.call(fulfillment.ship_fulfillment, at, body={"tracking": ["1"]})
    assert done.status == 200, done.body
    await shop.settle_all()


async def sent(shop: Shop, quantity: int = 2, **line: Any) -> Order:
    """Return an order whose sets are with the carrier."""
    await stocked(shop, "berlin", 5, 10)
    order = await ordered(shop, quantity, **line)
    (work,) = await shop.works(order.order_id)
    await picked_and_sent(shop, work, quantity, 2 * quantity)
    return await shop.order(order.order_id)


async def test_a_set_leaves_and_its_components_are_consumed(shop: Shop) -> None:
    order = await sent(shop)
    assert states(order) == [("1~1", 2, SHIPPED), ("1~2", 4, SHIPPED)]
    assert await shop.stock("BOOT", "berlin") == (3, 0, 3)
    assert await shop.stock("SOCK", "berlin") == (6, 0, 6)


async def taken_back(shop: Shop, order: Order, **line: Any) -> dict[str, Any]:
    body = {
        "order_id": order.order_id,
        "location_id": "berlin",
        "received": True,
        "lines": [{"reason": "too-small", "quantity": 1} | line],
    }
    made = await shop.call(returns.create_return, body=body)
    assert made.status == 201, made.body
    await shop.settle_all()
    return dict(made.body)


async def test_a_set_comes_back_by_its_barcode_and_is_refunded_whole(shop: Shop) -> None:
    order = await sent(shop)
    made = await taken_back(shop, order, code="4006381333931")
    assert [(row["line_id"], row["quantity"]) for row in made["lines"]] == [("1~1", 1), ("1~2", 2)]
    assert made["advice"]["refund_minor"] == 2_000
    assert await shop.stock("SOCK", "berlin") == (8, 0, 6)


async def test_one_sock_comes_back_and_is_refunded_by_its_share(shop: Shop) -> None:
    order = await sent(shop)
    made = await taken_back(shop, order, line_id="1~2")
    assert made["advice"]["refund_minor"] == 250
    shown = await shop.call(returns.look_up_orders, body={"number": "1001"})
    rows = shown.body["items"][0]["lines"]
    assert [(row["bundle"]["line"], row["returned"]) for row in rows] == [("1", 0), ("1", 1)]


async def test_a_set_goes_out_in_exchange_as_its_components(shop: Shop) -> None:
    order = await sent(shop)
    body = {
        "order_id": order.order_id,
        "location_id": "berlin",
        "received": True,
        "lines": [{"reason": "too-small", "quantity": 1, "line_id": "1"}],
        "exchange": [{"sku": "SET", "quantity": 1, "for_line": "1"}],
    }
    made = await shop.call(returns.create_return, body=body)
    assert made.status == 201, made.body
    assert made.body["advice"]["refund_minor"] == 0
    await shop.settle_all()
    new = await shop.order(made.body["exchange_order_id"])
    assert states(new) == [("1~1", 1, SOURCED), ("1~2", 2, SOURCED)]
    assert sum(line.value_minor for line in new.lines) == 2_000


async def of_channel(shop: Shop, order: Order, command: CancelUnits | ReceiveUnits) -> Order:
    decide, now = decider_of(command), shop.clock.now()
    await apply_command(shop.world.flows, shop.caller, order.order_id, decide, now)
    await shop.settle_all()
    return await shop.order(order.order_id)


async def test_a_channel_cancels_sets_by_its_own_line(shop: Shop) -> None:
    await stocked(shop, "berlin", 5, 10)
    order = await ordered(shop, 3, channel_line="11")
    assert known_order(order).lines == {"11": KnownLine("1", 3, 0, 0)}
    after = await of_channel(shop, order, CancelUnits("11", 1))
    assert known_order(after).lines == {"11": KnownLine("1", 3, 1, 0)}
    assert await shop.stock("SOCK", "berlin") == (10, 4, 6)


async def test_a_channel_takes_sets_back_by_its_own_line(shop: Shop) -> None:
    order = await sent(shop, 2, channel_line="11")
    after = await of_channel(shop, order, ReceiveUnits("11", 1, "berlin"))
    assert known_order(after).lines == {"11": KnownLine("1", 2, 0, 2)}
    assert states(after)[1:3] == [("1~1", 1, SHIPPED), ("1~2", 2, PartState.RETURNED)]
    assert await shop.stock("SOCK", "berlin") == (8, 0, 6)


async def test_a_channel_is_told_of_a_set_with_the_parcel_that_completes_it(shop: Shop) -> None:
    order = await sent(shop, 2, channel_line="11")
    assert told_of(order, "1~1", 2) == {"11": 2}
    assert told_of(order, "1~2", 3) == {"11": 2}
    first = order.lines[0].model_copy(update={"parts": ()})
    half = order.model_copy(update={"lines": (first, order.lines[1])})
    assert told_of(half, "1~2", 3) == {}


def told_of(order: Order, line_id: str, quantity: int) -> dict[str, int]:
    data = {"parts": [{"line_id": line_id, "quantity": quantity, "state": "shipped"}]}
    return units_by_channel_line(order, json.loads(json.dumps(data)), "shipped")


async def test_an_order_is_found_by_the_set_that_was_sold(shop: Shop) -> None:
    order = await ordered(shop)
    shown = await shop.call(order_doors.search_orders, query={"sku": "SET"})
    assert [row["order_id"] for row in shown.body["items"]] == [order.order_id]


async def test_a_set_whose_component_became_a_set_waits_until_a_person_names_another(
    shop: Shop,
) -> None:
    store, now = shop.world.store, shop.clock.now()
    parts = ({"sku": "BOOT", "quantity": 1},)
    changed = a_product("SOCK", kind="bundle", components=parts)
    await catalog.put_product(store, TENANT, changed, now=now)
    shop.world.flows.knowledge.forget(TENANT)
    order = await ordered(shop)
    assert states(order) == [("1", 1, PartState.EXCEPTION)]
    found = await order_service.exceptions(store, TENANT)
    (name,) = [row.body.exception_id for row in found.items]
    flows, caller = shop.world.flows, shop.caller
    with pytest.raises(Invalid):
        await act_on_exception(flows, caller, name, Wanted("assign-sku", sku="SET"), now)
    done = await act_on_exception(flows, caller, name, Wanted("assign-sku", sku="SOCK"), now)
    assert done.status == "closed"
    assert states(await shop.order(order.order_id)) == [("1~1", 1, PartState.PENDING)]


async def test_stock_is_told_of_what_is_in_a_set(shop: Shop) -> None:
    body = {"sku": "SET", "location_id": "berlin", "counted": 3}
    refused = await shop.call(inventory.count_stock, body=body)
    assert (refused.status, refused.code) == (422, "bundle-has-no-stock")
    file = b"sku,location_id,counted\nSET,berlin,3\n"
    report = await shop.call(inventory.import_counts, body=file)
    assert [row["code"] for row in report.body["errors"]] == ["bundle-has-no-stock"]
    assert await shop.stock("SET", "berlin") == (0, 0, 0)


async def test_what_a_system_tells_of_a_sets_stock_is_parked_by_that_code(shop: Shop) -> None:
    at = {"sku": "SET", "location_id": "berlin"}
    facts: list[dict[str, Any]] = [
        {"kind": "count", "movement_id": "c", "counted": 3, "as_of": "2026-11-02T08:00:00Z", **at},
        {"kind": "sale", "movement_id": "s", "quantity": 1, "at": "2026-11-02T08:00:00Z", **at},
    ]
    for fact in facts:
        record = {"record": fact}
        name = str(fact["movement_id"])
        await shop.deliver(inventory.record_stock, "inventory.record-stock.v1", record, name)
    page = await list_parked(shop.world.store, TENANT, limit=9, cursor=None)
    assert [row.body.code for row in page.items] == ["bundle-has-no-stock"] * 2
    assert await shop.stock("SET", "berlin") == (0, 0, 0)
    levels = await shop.call(inventory.list_levels, query={"sku": "SET"})
    assert levels.body["items"] == []


async def test_a_packing_slip_shows_the_set_with_what_is_in_it_below(shop: Shop) -> None:
    await stocked(shop, "berlin", 3, 5)
    lines = (a_line("SET", 2, title="The <set>"), a_line("BOOT", 1))
    order = await shop.place(an_order(*lines))
    (work,) = await shop.works(order.order_id)
    path = {"fulfillment": work.fulfillment_id}
    slip = (await shop.call(fulfillment.read_packing_slip, path)).body
    sold, alone = slip["lines"]
    assert (sold["line_id"], sold["sku"], sold["title"]) == ("1", "SET", "The <set>")
    assert (sold["quantity"], sold["ordered"]) == (2, 2)
    assert [(row["sku"], row["quantity"]) for row in sold["components"]] == [
        ("BOOT", 2),
        ("SOCK", 4),
    ]
    assert (alone["sku"], alone["quantity"], alone.get("components", [])) == ("BOOT", 1, [])
    assert slip.get("others", 0) == 0
    page = (await shop.call(fulfillment.read_packing_slip, path, query={"format": "html"})).body
    assert page.index(b"The &lt;set&gt;") < page.index(b"The sock")


async def test_a_packing_slip_shows_half_a_set_as_no_whole_one(shop: Shop) -> None:
    await stocked(shop, "berlin", 1, 0)
    await stocked(shop, "hamburg", 0, 2)
    order = await ordered(shop, 1, "KIT")
    slips = []
    for work in await shop.works(order.order_id):
        path = {"fulfillment": work.fulfillment_id}
        slips.append((await shop.call(fulfillment.read_packing_slip, path)).body)
    found = [
        (row["sku"], row["quantity"], [part["sku"] for part in row["components"]])
        for slip in slips
        for row in slip["lines"]
    ]
    assert sorted(found) == [("KIT", 0, ["BOOT"]), ("KIT", 0, ["SOCK"])]


async def test_a_customer_is_written_of_the_set_that_they_bought(tmp_path: Path) -> None:
    products = (
        a_product("BOOT", price=EUR_60),
        a_product("SOCK", price=EUR_10),
        a_product("SET", **SET),
    )
    shop = await a_shop(a_location("berlin"), products=products, folder=tmp_path)
    await stocked(shop, "berlin", 3, 5)
    order = await ordered(shop, 2)
    page = await shop.world.store.query(TENANT, EVENT_KINDS[Container.ORDERS], key=order.order_id)
    (accepted,) = [row for row in page.items if row.body.name == "orders.order-accepted.v1"]
    event = AnyEvent(
        specversion="1.0",
        id="e-1",
        source="/test",
        type=accepted.body.name,
        tenantid=TENANT,
        time=shop.clock.now(),
        data=accepted.body.data,
    )
    with use(shop.world):
        await tell_customer(telling(), event, shop.clock.now())
    (letter,) = (tmp_path / "outbox").rglob("*.txt")
    rows = [line.strip() for line in letter.read_text("utf-8").splitlines() if " × " in line]
    assert rows == ["2 × The set  €40.00", "– 2 × The boot", "– 4 × The sock"]
    await shop.close()


SHORT_IS_CANCELLED = RuleSet(
    rule_set_id="short",
    version=1,
    name="What is short is cancelled",
    routings=(Routing(name="all", rules=(InventoryRule(name="any"),)),),
    unfilled=Action(do=ActionKind.CANCEL),
)


async def test_a_rule_cancels_a_set_whole_and_leaves_split_components_to_a_person() -> None:
    products = (a_product("BOOT"), a_product("SOCK"), a_product("SET", **SET))
    kit = a_product("KIT", components_may_split=True, **SET)
    shop = await a_shop(products=(*products, kit), rules=SHORT_IS_CANCELLED)
    await shop.receive("BOOT", "berlin", 2)
    whole = await shop.place(an_order(a_line("SET"), reference="a"))
    assert states(whole) == [("1~1", 1, CANCELLED), ("1~2", 2, CANCELLED)]
    apart = await shop.place(an_order(a_line("KIT"), reference="b"))
    assert states(apart) == [("1~1", 1, SOURCED), ("1~2", 2, PartState.EXCEPTION)]
    found = await order_service.exceptions(shop.world.store, TENANT)
    (name,) = [row.body.exception_id for row in found.items]
    flows, now = shop.world.flows, shop.clock.now()
    await act_on_exception(flows, shop.caller, name, Wanted("cancel"), now)
    await shop.settle_all()
    after = await shop.order(apart.order_id)
    assert states(after) == [("1~1", 1, CANCELLED), ("1~2", 2, CANCELLED)]
    assert await shop.stock("BOOT", "berlin") == (2, 0, 2)
    await shop.close()
