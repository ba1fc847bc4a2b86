"""A fresh tenant: no rate card, odd pickups, parcels that nobody weighed."""

from functions import fulfillment, orders, routing
from shared.contracts.intake import PlaceOrder
from shared.couriers.cards import RATE_CARD, RATE_CARD_KEY
from shared.couriers.seeds import example_de_card
from shared.flows.place_order import place_order
from shared.fulfillment.model import Status
from shared.kernel.documents import Delete
from tests.builders import TENANT, Shop, a_line, a_location, a_product, a_shop, an_order, states


async def without_cards(shop: Shop) -> Shop:
    store, name = shop.world.store, f"ratecard:{example_de_card().card_id}"
    stored = await store.get(TENANT, RATE_CARD, RATE_CARD_KEY, name)
    assert stored is not None
    gone = Delete(RATE_CARD, name, stored.etag)
    await store.batch(TENANT, RATE_CARD.container, RATE_CARD_KEY, (gone,))
    shop.world.flows.knowledge.forget(TENANT)
    return shop


def to_munich() -> PlaceOrder:
    order = an_order()
    assert order.ship_to is not None
    place = order.ship_to.model_copy(update={"lat_e6": 48_137_000, "lon_e6": 11_575_000})
    return order.model_copy(update={"ship_to": place})


async def test_without_a_rate_card_the_nearest_location_ships_and_the_decision_says_so(
    shop: Shop,
) -> None:
    await without_cards(shop)
    for store in ("berlin", "hamburg"):  # berlin is nearer to Munich
        await shop.receive("BOOT", store, 5)
    order = await shop.place(to_munich())
    assert order.lines[0].parts[0].location_id == "berlin"
    found = await shop.call(routing.read_decisions, {"order": order.order_id})
    (decision,) = found.body["items"]
    assert decision["explanation"]["notes"] == [
        "no tariff: there is no rate card, so the nearest location was taken"
    ]
    assert (decision["cost_minor"], decision["picks"][0].get("service")) == (0, None)


async def test_with_a_rate_card_nothing_is_said_of_tariffs(shop: Shop) -> None:
    await shop.receive("BOOT", "berlin", 5)
    order = await shop.place()
    found = await shop.call(routing.read_decisions, {"order": order.order_id})
    assert found.body["items"][0]["explanation"]["notes"] == []


async def test_hazardous_goods_do_not_leave_without_a_service_that_carries_them() -> None:
    able = a_location("berlin", capabilities=("hazmat",))
    shop = await without_cards(await a_shop(able, products=(a_product(hazmat=True),)))
    await shop.receive("BOOT", "berlin", 5)
    order = await shop.place()
    assert states(order) == [("1", 1, "unfillable")]
    await shop.close()


async def test_goods_collected_nowhere_are_refused_with_the_line(shop: Shop) -> None:
    lines = (a_line(), a_line(method="pickup", pickup_location="atlantis"))
    body = an_order(*lines).model_dump(mode="json", exclude_none=True)
    refused = await shop.call(orders.place_order, body=body)
    (fault,) = refused.body["errors"]
    assert (refused.status, fault["pointer"], fault["code"]) == (
        422,
        "/lines/1/pickup_location",
        "unknown-location",
    )


async def test_a_channel_that_knows_no_better_makes_an_exception_of_it(shop: Shop) -> None:
    line = a_line(method="pickup", pickup_location="atlantis")
    now = shop.clock.now()
    placed = await place_order(shop.world.flows, shop.caller, an_order(line), now)
    await shop.settle_all()
    order = await shop.order(placed.order.order_id)
    assert [(part.state, part.reason) for part in order.lines[0].parts] == [
        ("exception", "pickup-short")
    ]


async def test_a_parcel_that_nobody_weighed_weighs_what_is_in_it(shop: Shop) -> None:
    await shop.receive("BOOT", "berlin", 3)
    order = await shop.place(an_order(a_line(quantity=3)))
    (work,) = await shop.works(order.order_id)
    at = {"fulfillment": work.fulfillment_id}
    await shop.call(fulfillment.accept_fulfillment, at)
    scans = [{"code": "BOOT", "quantity": 3}]
    await shop.call(fulfillment.pick_fulfillment, at, body={"scans": scans})
    for _ in range(2):
        packed = await shop.call(fulfillment.pack_fulfillment, at, body={})
        assert (packed.status, packed.body["status"]) == (200, Status.PACKED)
    (parcel,) = (await shop.works(order.order_id))[0].parcels
    assert parcel.weight_g == 2_400


async def test_a_weighed_parcel_keeps_its_weight_and_the_other_gets_its_own(shop: Shop) -> None:
    await shop.receive("BOOT", "berlin", 3)
    order = await shop.place(an_order(a_line(quantity=3)))
    (work,) = await shop.works(order.order_id)
    at = {"fulfillment": work.fulfillment_id}
    await shop.call(fulfillment.accept_fulfillment, at)
    scans = [{"code": "BOOT", "quantity": 3}]
    await shop.call(fulfillment.pick_fulfillment, at, body={"scans": scans})
    contents = [{"line_id": "1", "quantity": 1}]
    parcels = [{"weight_g": 950, "contents": contents}, {"contents": contents}]
    packed = await shop.call(fulfillment.pack_fulfillment, at, body={"parcels": parcels})
    assert packed.status == 200, packed.body
    found = (await shop.works(order.order_id))[0].parcels
    assert [parcel.weight_g for parcel in found] == [950, 800]
