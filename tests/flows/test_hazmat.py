"""Hazardous goods leave only locations that may send them, with services that carry them."""

from typing import Any

from functions import couriers, fulfillment
from shared.couriers.seeds import example_de_card
from shared.couriers.service import get_rate_card, replace_rate_card
from shared.orders.model import Order
from shared.orders.work import DECISIONS, Decision
from tests.builders import TENANT, Shop, a_line, a_location, a_product, a_shop, an_order, states

FUEL = a_product("FUEL", hazmat=True)


async def a_fuel_shop(*capabilities: str) -> Shop:
    able = a_location("hamburg", capabilities=capabilities)
    shop = await a_shop(a_location("berlin"), able, products=(FUEL, a_product()))
    for location in ("berlin", "hamburg"):
        for sku in ("FUEL", "BOOT"):
            await shop.receive(sku, location, 5)
    return shop


async def decision_of(shop: Shop, order: Order) -> Decision:
    stored = await shop.world.store.get(TENANT, DECISIONS, order.order_id, "decision:1")
    assert stored is not None
    return stored.body


async def told(shop: Shop, order: Order, name: str) -> list[Any]:
    """Return what the decision's explanation lists under a name."""
    found: Any = (await decision_of(shop, order)).explanation
    return list(found[name])


async def test_hazardous_goods_leave_a_location_that_may_send_them_by_a_service_that_does() -> None:
    shop = await a_fuel_shop("gift-wrap", "hazmat")
    order = await shop.place(an_order(a_line("FUEL")))
    assert order.lines[0].parts[0].location_id == "hamburg"
    (pick,) = (await decision_of(shop, order)).picks
    assert pick.service == "example-de/standard"  # economy is cheaper, and does not carry it
    unable = [d for d in await told(shop, order, "dropped") if d["filter"] == "capability"]
    assert [(row["count"], row["examples"]) for row in unable] == [
        (1, ["berlin: FUEL needs hazmat"])
    ]
    await shop.close()


async def test_other_goods_go_as_cheaply_as_ever() -> None:
    shop = await a_fuel_shop("hazmat")
    order = await shop.place()
    (pick,) = (await decision_of(shop, order)).picks
    assert pick.service == "example-de/economy"
    await shop.close()


async def test_without_an_able_location_the_line_waits_and_the_decision_says_what_it_needs() -> (
    None
):
    shop = await a_fuel_shop()
    order = await shop.place(an_order(a_line("FUEL")))
    assert states(order)[0][2] in {"backordered", "unfillable"}
    assert await told(shop, order, "notes") == ["line 1.1: 1 short (no-candidate; it needs hazmat)"]
    await shop.close()


async def test_without_a_service_that_carries_it_the_line_waits() -> None:
    shop = await a_fuel_shop("hazmat")
    card = example_de_card()
    services = tuple(s.model_copy(update={"hazmat": False}) for s in card.services)
    found = await get_rate_card(TENANT, shop.world.store, card.card_id)
    tame = card.model_copy(update={"services": services})
    await replace_rate_card(TENANT, shop.world.store, tame, found.etag)
    shop.world.flows.knowledge.forget(TENANT)
    order = await shop.place(an_order(a_line("FUEL")))
    assert await told(shop, order, "notes") == ["line 1.1: 1 short (no-service; it needs hazmat)"]
    await shop.close()


async def test_a_store_hands_over_what_it_may_not_send() -> None:
    shop = await a_fuel_shop()
    line = a_line("FUEL", method="pickup", pickup_location="berlin")
    order = await shop.place(an_order(line))
    assert order.lines[0].parts[0].location_id == "berlin"
    await shop.close()


async def test_a_packed_parcel_of_hazardous_goods_is_booked_with_what_carries_it() -> None:
    shop = await a_fuel_shop("hazmat")
    order = await shop.place(an_order(a_line("FUEL")))
    (work,) = await shop.works(order.order_id)
    at = {"fulfillment": work.fulfillment_id}
    await shop.call(fulfillment.accept_fulfillment, at)
    await shop.call(
        fulfillment.pick_fulfillment, at, body={"scans": [{"code": "FUEL", "quantity": 1}]}
    )
    await shop.call(fulfillment.pack_fulfillment, at, body={})
    await shop.call(fulfillment.ship_fulfillment, at, body={"tracking": ["T-1"]})
    sent = await shop.call(couriers.list_shipments, query={"order": order.order_id})
    (shipment,) = sent.body["items"]
    assert shipment["service"] == "standard"
    assert [quote["service"] for quote in shipment["quotes"]] == ["standard"]
    await shop.close()


async def test_parcels_are_rated_by_what_they_are_said_to_hold() -> None:
    shop = await a_fuel_shop()
    body: dict[str, Any] = {
        "location_id": "berlin",
        "destination": {"country": "DE", "postcode": "80331"},
        "parcels": [{"weight_g": 500}],
    }
    tame = await shop.call(couriers.rate_shipment, body=body)
    wild = await shop.call(couriers.rate_shipment, body=body | {"hazmat": True})
    assert len(tame.body["quotes"]) == 3
    assert [row["service"] for row in wild.body["quotes"]] == ["standard"]
    await shop.close()
