"""What a cart is promised, what its quote holds, and how an order is sourced."""

from datetime import datetime, timedelta
from typing import Any

from functions import couriers, routing
from shared.contracts.stock import RejectReason
from shared.flows.hand_out import Rejection, reject
from shared.flows.place_order import place_order
from shared.flows.steer_order import hold, reroute
from shared.inventory import service as inventory
from shared.kernel.documents import Container
from shared.orders import service as orders
from shared.orders.model import PartState
from shared.routing.conditions import LocationIn, Operator, OrderField, OrderFilter
from shared.routing.model import ActionKind
from shared.routing.rules import Action, InventoryRule, Routing
from shared.routing.seeds import by_cost
from shared.tenants.model import Role
from tests.builders import MONDAY_NINE, TENANT, Shop, a_line, a_product, a_shop, an_order, states

TO_MUNICH = {"postcode": "80331", "country": "DE"}


def a_cart(*lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    boot = {"sku": "BOOT", "quantity": 1}
    usual = {"channel": "web", "destination": TO_MUNICH, "lines": lines or (boot,)}
    return usual | changes


async def test_an_order_is_sourced_where_the_stock_is_and_told_its_dates(shop: Shop) -> None:
    await shop.receive("BOOT", "hamburg", 1)
    order = await shop.place()
    (part,) = order.lines[0].parts
    assert (part.state, part.location_id) == (PartState.SOURCED, "hamburg")
    assert part.ship_by is not None
    assert part.arrive_by is not None
    assert part.ship_by < part.arrive_by
    assert await shop.stock("BOOT", "hamburg") == (1, 1, 0)


async def test_what_no_location_has_waits_and_is_served_when_goods_come_in(shop: Shop) -> None:
    order = await shop.place()
    assert states(order) == [("1", 1, PartState.UNFILLABLE)]
    await shop.receive("BOOT", "berlin", 1)
    await shop.settle_all()
    assert states(await shop.order(order.order_id)) == [("1", 1, PartState.SOURCED)]
    assert await shop.stock("BOOT", "berlin") == (1, 1, 0)


async def test_why_an_order_went_where_it_went_reads_as_lines(shop: Shop) -> None:
    await shop.receive("BOOT", "hamburg", 1)
    order = await shop.place()
    path = {"order": order.order_id}
    told = await shop.call(routing.read_decisions, path, query={"format": "text"})
    first, rules, *rest = told.body.decode().splitlines()
    assert first.startswith("attempt 1 at 2026-")
    assert rules.startswith("rule set ")
    assert any(line.startswith("winner: hamburg (1 units, 1 parcels, cost ") for line in rest)
    other = await shop.call(routing.read_decisions, path, query={"format": "html"})
    assert (other.status, other.body["errors"][0]["code"]) == (422, "unknown-format")


async def test_one_unit_is_sold_to_one_of_two_orders(shop: Shop) -> None:
    await shop.receive("BOOT", "berlin", 1)
    first = await shop.place(an_order(reference="a"))
    second = await shop.place(an_order(reference="b"))
    assert [states(o)[0][2] for o in (first, second)] == [PartState.SOURCED, PartState.UNFILLABLE]


async def test_events_followed_twice_change_nothing(shop: Shop) -> None:
    await shop.receive("BOOT", "berlin", 1)
    order = await shop.place()
    shop.feeds = [shop.world.store.feed(container, "again") for container in Container]
    await shop.settle_all()
    assert await shop.order(order.order_id) == order
    assert await shop.stock("BOOT", "berlin") == (1, 1, 0)


async def test_every_attempt_leaves_its_decision(shop: Shop) -> None:
    await shop.receive("BOOT", "berlin", 1)
    await shop.receive("BOOT", "hamburg", 1)
    order = await shop.place()
    (work,) = await shop.works(order.order_id)
    gone = [Rejection("1", None, RejectReason.DAMAGED)]
    await reject(shop.world.flows, shop.caller, work.fulfillment_id, gone, shop.clock.now())
    await shop.settle_all()
    page = await orders.decisions(shop.world.store, TENANT, order.order_id)
    assert [(row.body.attempt, row.body.picks[0].location_id) for row in page.items] == [
        (1, work.location_id),
        (2, "hamburg" if work.location_id == "berlin" else "berlin"),
    ]


async def test_a_cart_is_promised_as_its_order_would_be_and_nothing_is_held(shop: Shop) -> None:
    await shop.receive("BOOT", "berlin", 3)
    quoted = (await shop.call(couriers.quote_promise, body=a_cart())).body
    assert (quoted["complete"], "quote_id" in quoted) == (True, False)
    (line,) = quoted["lines"]
    assert (line["units"][0]["location_id"], line["units"][0]["held"]) == ("berlin", False)
    assert line["units"][0]["service"] == "example-de/economy"
    assert await shop.stock("BOOT", "berlin") == (3, 0, 3)
    order = await shop.place()
    (part,) = order.lines[0].parts
    assert part.arrive_by is not None
    assert datetime.fromisoformat(quoted["arrive_by"]) == part.arrive_by


async def test_a_pickup_is_promised_by_the_stores_hours(shop: Shop) -> None:
    await shop.receive("BOOT", "berlin", 3)
    line = {"sku": "BOOT", "quantity": 1, "method": "pickup", "pickup_location": "berlin"}
    quoted = (await shop.call(couriers.quote_promise, body=a_cart(line))).body
    assert datetime.fromisoformat(quoted["ready_by"]) == MONDAY_NINE + timedelta(hours=2)
    assert "arrive_by" not in quoted


async def test_units_that_are_not_there_are_told_as_short(shop: Shop) -> None:
    await shop.receive("BOOT", "berlin", 1)
    cart = a_cart({"sku": "BOOT", "quantity": 3})
    quoted = (await shop.call(couriers.quote_promise, body=cart)).body
    assert (quoted["complete"], quoted["lines"][0]["short"]) == (False, 2)


async def test_a_cart_with_an_unknown_product_is_refused_line_by_line(shop: Shop) -> None:
    cart = a_cart({"sku": "BOOT", "quantity": 1}, {"sku": "NOPE", "quantity": 1})
    refused = await shop.call(couriers.quote_promise, body=cart)
    assert (refused.status, refused.body["errors"][0]["pointer"]) == (422, "/lines/1")


async def test_the_last_unit_is_held_for_the_quote_and_its_order_takes_it(shop: Shop) -> None:
    await shop.receive("BOOT", "berlin", 1)
    held = (await shop.call(couriers.reserve_promise, body=a_cart())).body
    assert held["lines"][0]["units"][0]["held"] is True
    assert await shop.stock("BOOT", "berlin") == (1, 0, 0)
    other = await shop.place(an_order(reference="other"))
    assert states(other) == [("1", 1, PartState.UNFILLABLE)]
    order = await shop.place(an_order(quote_id=held["quote_id"]))
    assert states(order) == [("1", 1, PartState.SOURCED)]
    assert await shop.stock("BOOT", "berlin") == (1, 1, 0)


async def test_a_quote_asked_for_twice_holds_once(shop: Shop) -> None:
    await shop.receive("BOOT", "berlin", 2)
    for _ in range(2):
        await shop.call(couriers.reserve_promise, body=a_cart(), key="cart-7")
    assert await shop.stock("BOOT", "berlin") == (2, 0, 1)


async def test_an_order_that_takes_less_than_its_quote_held_frees_the_rest(shop: Shop) -> None:
    await shop.receive("BOOT", "berlin", 3)
    cart = a_cart({"sku": "BOOT", "quantity": 3})
    held = (await shop.call(couriers.reserve_promise, body=cart)).body
    await shop.place(an_order(a_line(quantity=1), quote_id=held["quote_id"]))
    assert await shop.stock("BOOT", "berlin") == (3, 1, 2)


async def test_a_quote_whose_time_is_over_holds_nothing(shop: Shop) -> None:
    await shop.receive("BOOT", "berlin", 1)
    held = (await shop.call(couriers.reserve_promise, body=a_cart())).body
    assert datetime.fromisoformat(held["expires_at"]) == MONDAY_NINE + timedelta(minutes=15)
    shop.clock.advance(timedelta(minutes=15))
    assert await shop.stock("BOOT", "berlin") == (1, 0, 1)
    await shop.place(an_order(reference="other"))
    order = await shop.place(an_order(quote_id=held["quote_id"]))
    assert states(order) == [("1", 1, PartState.UNFILLABLE)]
    level = await inventory.level(shop.world.store, TENANT, "BOOT", "berlin", shop.clock.now())
    assert level is not None
    assert (level.reserved, level.soft_reserved, level.free) == (1, 0, 0)


async def test_who_may_only_read_is_quoted_and_holds_nothing(shop: Shop) -> None:
    await shop.receive("BOOT", "berlin", 1)
    role = Role.READ_ONLY
    quoted = await shop.call(couriers.quote_promise, body=a_cart(), role=role)
    held = await shop.call(couriers.reserve_promise, body=a_cart(), role=role)
    assert (quoted.status, held.status) == (200, 403)


async def test_parcels_are_quoted_with_every_service_and_late_ones_say_so(shop: Shop) -> None:
    body = {
        "location_id": "berlin",
        "destination": TO_MUNICH,
        "parcels": [{"weight_g": 900}],
        "promise_by": "2026-11-03T20:00:00Z",
    }
    rated = (await shop.call(couriers.rate_shipment, body=body)).body
    assert rated["chosen"]["service"] == "express"
    late = [row["service"] for row in rated["quotes"] if row.get("dropped") == "late"]
    assert late == ["economy", "standard"]


async def test_a_rate_card_is_changed_under_the_version_that_was_read(shop: Shop) -> None:
    listed = (await shop.call(couriers.list_rate_cards)).body
    assert [card["card_id"] for card in listed["items"]] == ["example-de"]
    read = await shop.call(couriers.read_rate_card, {"card": "example-de"})
    card, etag = read.body | {"fuel_bp": 1_000}, read.headers["ETag"].strip('"')
    route = {"card": "example-de"}
    admin = Role.ADMIN
    saved = await shop.call(couriers.replace_rate_card, route, body=card, if_match=etag, role=admin)
    stale = await shop.call(couriers.replace_rate_card, route, body=card, if_match=etag, role=admin)
    assert (saved.body["fuel_bp"], stale.status, stale.code) == (1_000, 412, "precondition-failed")
    other = await shop.call(couriers.create_rate_card, body=read.body, role=admin)
    assert (other.status, other.code) == (409, "rate-card-exists")


async def test_a_rules_queue_and_days_stand_on_the_part_and_lead_it_to_other_rules() -> None:
    waits = (
        Action(do=ActionKind.QUEUE, queue="large"),
        Action(do=ActionKind.AUTO_CANCEL, days=30),
    )
    at_berlin = InventoryRule(
        name="berlin", filters=(LocationIn(locations=("berlin",)),), on_none=waits
    )
    is_large = OrderFilter(field=OrderField.QUEUE, operator=Operator.EQUALS, values=("large",))
    routings = (
        Routing(name="large", filters=(is_large,), rules=(InventoryRule(name="anywhere"),)),
        Routing(name="others", rules=(at_berlin,)),
    )
    shop = await a_shop(rules=by_cost().model_copy(update={"routings": routings}))
    try:
        order = await shop.place()
        (part,) = order.lines[0].parts
        assert (part.state, part.queue) == (PartState.UNFILLABLE, "large")
        assert part.auto_cancel_at == MONDAY_NINE + timedelta(days=30)
        await shop.receive("BOOT", "hamburg", 1)
        await shop.settle_all()
        (part,) = (await shop.order(order.order_id)).lines[0].parts
        assert (part.state, part.location_id, part.queue) == (PartState.SOURCED, "hamburg", None)
    finally:
        await shop.close()


async def test_freed_stock_passes_by_those_who_cannot_have_it(shop: Shop) -> None:
    for number in range(25):
        held = await shop.place(an_order(reference=f"held-{number}", priority=5))
        await hold(shop.world.flows, shop.caller, held.order_id, "fraud", None, shop.clock.now())
    order = await shop.place(an_order(reference="last"))
    await shop.settle_all()
    await shop.receive("BOOT", "berlin", 1)
    await shop.settle_all()
    assert states(await shop.order(order.order_id)) == [("1", 1, PartState.SOURCED)]


async def test_who_cannot_use_what_came_free_waits_as_before() -> None:
    shop = await a_shop(products=(a_product(), a_product("HAT")))
    try:
        pair = a_line(line_id="1", group="pair"), a_line("HAT", line_id="2", group="pair")
        order = await shop.place(an_order(*pair))
        await shop.settle_all()
        before = await shop.order(order.order_id)
        assert {state for _, _, state in states(before)} == {PartState.UNFILLABLE}
        await shop.receive("BOOT", "berlin", 1)
        await shop.settle_all()
        assert await shop.order(order.order_id) == before
    finally:
        await shop.close()


async def test_a_pending_order_whose_event_was_lost_is_routed_on_request(shop: Shop) -> None:
    await shop.receive("BOOT", "berlin", 1)
    now = shop.clock.now()
    placed = await place_order(shop.world.flows, shop.caller, an_order(), now)
    routed = await reroute(shop.world.flows, shop.caller, placed.order.order_id, now)
    assert [part.state for line in routed.order.lines for part in line.parts] == ["sourced"]
