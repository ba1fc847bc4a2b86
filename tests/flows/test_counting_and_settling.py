"""What is counted of an order's way, and what a person decides on it."""

from datetime import date
from typing import Any

from functions import couriers, insights
from shared.contracts.cloud_event import AnyEvent
from shared.contracts.relay import happening_of, parcel_of
from shared.flows.fold_insights import fold_event
from shared.flows.remind import remind_pickups
from shared.insights import service
from shared.insights.model import Dimension
from shared.kernel.documents import EVENT_KINDS, Container
from shared.kernel.model import read_json
from shared.orders import service as orders
from tests.builders import TENANT, Shop, a_line, an_order
from tests.flows.test_hand_out import ready, shipped

MONDAY = date(2026, 11, 2)


async def events_of(shop: Shop, order_id: str) -> list[AnyEvent]:
    """Return an order's events as the relay publishes them."""
    kind = EVENT_KINDS[Container.ORDERS]
    page = await shop.world.store.query(TENANT, kind, key=order_id, limit=500)
    told = [happening_of(Container.ORDERS, TENANT, r.key, r.id, r.body) for r in page.items]
    return [read_json(AnyEvent, parcel_of(one).message.body) for one in told]


async def counted(shop: Shop, order_id: str) -> dict[str, int]:
    """Fold an order's events, each of them twice; returns the day's counters."""
    for event in 2 * await events_of(shop, order_id):
        await fold_event(shop.world.flows, event, shop.clock.now())
    return await service.totals(shop.world.store, TENANT, MONDAY, MONDAY)


async def test_a_shipped_order_counts_its_units_promise_cost_and_hours(shop: Shop) -> None:
    order, _ = await shipped(shop)
    found = await counted(shop, order.order_id)
    assert found["orders"] == found["lines"] == found["shipments"] == 1
    assert (found["units_ordered"], found["units_shipped"]) == (2, 2)
    assert (found["lines_planned"], found["lines_sourced_first"]) == (1, 1)
    assert (found["promises_due"], found["promises_kept"]) == (1, 1)
    assert found["cost_minor.EUR"] > 0
    assert "orders_split" not in found
    by = await service.totals_by(shop.world.store, TENANT, Dimension.LOCATION, MONDAY, MONDAY)
    assert by["berlin"]["units_shipped"] == 2


async def test_an_order_from_two_stores_is_one_split_order(shop: Shop) -> None:
    await shop.receive("BOOT", "berlin", 1)
    others = [name for name in (await known_locations(shop)) if name != "berlin"]
    await shop.receive("BOOT", others[0], 1)
    lines = a_line(line_id="1", quantity=1), a_line(line_id="2", quantity=1)
    order = await shop.place(an_order(*lines))
    assert len(await shop.works(order.order_id)) == 2
    found = await counted(shop, order.order_id)
    assert (found["orders"], found["orders_split"], found["lines_assigned"]) == (1, 1, 2)


async def known_locations(shop: Shop) -> list[str]:
    known = await shop.world.flows.knowledge.of(TENANT, shop.clock.now())
    return sorted(known.locations)


async def test_a_customer_is_reminded_once_of_what_waits_at_the_store(shop: Shop) -> None:
    order, work = await ready(shop)
    flows = shop.world.flows
    assert await remind_pickups(flows, TENANT, shop.clock.now()) == 0
    shop.later(days=3)
    assert await remind_pickups(flows, TENANT, shop.clock.now()) == 1
    assert await remind_pickups(flows, TENANT, shop.clock.now()) == 0
    told = [e for e in await events_of(shop, order.order_id) if e.data.get("reason")]
    assert [e.data["reason"] for e in told] == ["pickup-reminder"]
    (after,) = await shop.works(order.order_id)
    assert (after.reminded, after.version) == (1, work.version + 1)


async def test_nobody_is_reminded_of_what_has_expired(shop: Shop) -> None:
    await ready(shop)
    shop.later(days=8)
    assert await remind_pickups(shop.world.flows, TENANT, shop.clock.now()) == 0


async def lost(shop: Shop) -> tuple[str, str]:
    """Return an order whose parcel is lost, and its exception."""
    order, shipment_id = await shipped(shop)
    body = {"report": "lost", "at": shop.later(days=1).isoformat()}
    told = await shop.call(couriers.track_a_shipment, {"shipment": shipment_id}, body=body)
    assert told.status == 200, told.body
    found = await shop.call(insights.list_exceptions, query={"code": "shipment-lost"})
    (row,) = found.body["items"]
    assert row["actions"] == ["replace", "refund", "acknowledge"]
    return order.order_id, row["exception_id"]


async def settled(shop: Shop, name: str, **body: Any) -> Any:
    answer = await shop.call(insights.settle_exception, {"exception": name}, body=body)
    assert answer.status == 200, answer.body
    return answer.body


async def test_a_lost_parcel_is_replaced_once_by_an_order_without_a_price(shop: Shop) -> None:
    order_id, name = await lost(shop)
    for _ in range(2):
        assert (await settled(shop, name, action="replace"))["status"] == "closed"
    page = await orders.search(shop.world.store, TENANT, orders.OrderSearch(reference=name))
    (again,) = [row.body for row in page.items]
    assert (again.order_type, again.lines[0].quantity, again.lines[0].value_minor) == (
        "replacement",
        2,
        0,
    )
    assert again.ship_to == (await shop.order(order_id)).ship_to


async def test_a_lost_parcel_is_paid_back_once(shop: Shop) -> None:
    order_id, name = await lost(shop)
    for _ in range(2):
        await settled(shop, name, action="refund")
    assert (await shop.order(order_id)).refunded_minor == 4_000
    advised = [
        event.data["refund_minor"]
        for event in await events_of(shop, order_id)
        if event.type == "returns.refund-advised.v1"
    ]
    assert advised == [4_000]
