"""What follows by itself: silence, goods nobody fetched, ended waits, full days, customers."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from azure.functions.timer import TimerRequest

from functions import fulfillment, sweeps
from local.audit.books import read_books
from local.audit.stock import capacity_is_what_work_takes
from shared.catalog import capacity
from shared.contracts.returns import RequestReturn, ReturnUnits
from shared.flows.accept_return import request_return
from shared.flows.link_customer import link_customer
from shared.flows.sweeps import Swept, sweep_tenant
from shared.flows.track_shipment import void
from shared.fulfillment.model import Status
from shared.orders.model import PartState
from shared.wiring import use
from tests.builders import HAMBURG, TENANT, Shop, a_line, a_location, a_shop, an_order, states
from tests.flows.test_hand_out import shipped

DAY = "2026-11-02"


@pytest.fixture
async def strict_shop() -> AsyncIterator[Shop]:
    """A retailer that gives waits up after two days, and whose berlin does one order a day."""
    limited: dict[str, Any] = {"capacity_per_day": 1}
    places = (a_location("berlin", **limited), a_location("hamburg", **HAMBURG))
    made = await a_shop(*places, auto_cancel_days=2)
    yield made
    await made.close()


async def swept(shop: Shop) -> Swept:
    found = await sweep_tenant(shop.world.flows, TENANT, shop.clock.now())
    await shop.settle_all()
    return found


async def taken(shop: Shop, location_id: str) -> int:
    return await capacity.taken(shop.world.store, TENANT, location_id, DAY)


async def linked(shop: Shop, order_id: str) -> str | None:
    return await link_customer(shop.world.flows, shop.caller, order_id, shop.clock.now())


async def test_work_that_nobody_accepts_in_time_goes_to_another_store(shop: Shop) -> None:
    await shop.receive("BOOT", "berlin", 1)
    order = await shop.place()
    await shop.receive("BOOT", "hamburg", 1)
    shop.later(minutes=119)
    assert await swept(shop) == Swept()
    shop.later(minutes=1)
    assert await swept(shop) == Swept(unanswered=1)
    works = {work.location_id: work.status for work in await shop.works(order.order_id)}
    assert works == {"berlin": Status.REJECTED, "hamburg": Status.OPEN}
    assert await shop.stock("BOOT", "berlin") == (1, 0, 1)
    assert await swept(shop) == Swept()


async def test_goods_that_nobody_fetches_go_back_to_the_shelf(shop: Shop) -> None:
    await shop.receive("BOOT", "berlin", 1)
    order = await shop.place(an_order(a_line(method="pickup", pickup_location="berlin")))
    (work,) = await shop.works(order.order_id)
    route = {"fulfillment": work.fulfillment_id}
    await shop.call(fulfillment.accept_fulfillment, route)
    await shop.call(fulfillment.pick_fulfillment, route, body={"scans": [{"code": "BOOT"}]})
    await shop.call(fulfillment.pack_fulfillment, route, body={})
    await shop.call(fulfillment.ready_fulfillment, route)
    shop.later(days=6)
    assert await swept(shop) == Swept()
    shop.later(days=2)
    assert await swept(shop) == Swept(expired_pickups=1)
    (work,) = await shop.works(order.order_id)
    assert work.status is Status.EXPIRED
    assert states(await shop.order(order.order_id)) == [("1", 1, PartState.CANCELLED)]
    assert await shop.stock("BOOT", "berlin") == (1, 0, 1)


async def test_what_waits_too_long_is_given_up(strict_shop: Shop) -> None:
    order = await strict_shop.place()
    assert states(order) == [("1", 1, PartState.UNFILLABLE)]
    strict_shop.later(days=1)
    assert await swept(strict_shop) == Swept()
    strict_shop.later(days=1)
    assert await swept(strict_shop) == Swept(orders=1)
    assert states(await strict_shop.order(order.order_id)) == [("1", 1, PartState.CANCELLED)]


async def test_a_full_day_sends_the_next_order_elsewhere(strict_shop: Shop) -> None:
    for place in ("berlin", "hamburg"):
        await strict_shop.receive("BOOT", place, 5)
    first = await strict_shop.place(an_order(reference="1"))
    second = await strict_shop.place(an_order(reference="2"))
    places = [order.lines[0].parts[0].location_id for order in (first, second)]
    assert places == ["berlin", "hamburg"]
    assert await taken(strict_shop, "berlin") == 1


async def test_the_capacity_of_cancelled_work_is_free_again(strict_shop: Shop) -> None:
    await strict_shop.receive("BOOT", "berlin", 5)
    order = await strict_shop.place()
    assert await taken(strict_shop, "berlin") == 1
    strict_shop.later(minutes=120)
    assert await swept(strict_shop) == Swept(unanswered=1)
    (work,) = await strict_shop.works(order.order_id)
    assert work.status is Status.REJECTED
    assert await taken(strict_shop, "berlin") == 0


async def half_sent(shop: Shop) -> str:
    """Send two of three boots and none of another line; the rest is rejected. Returns the order."""
    await shop.receive("BOOT", "berlin", 5)
    order = await shop.place(an_order(a_line(quantity=3), a_line(quantity=1)))
    (work,) = await shop.works(order.order_id)
    route = {"fulfillment": work.fulfillment_id}
    await shop.call(fulfillment.accept_fulfillment, route)
    scans = {"scans": [{"code": "BOOT", "quantity": 4}]}
    await shop.call(fulfillment.pick_fulfillment, route, body=scans)
    await shop.call(fulfillment.pack_fulfillment, route, body={})
    part = {"units": [{"line_id": "1", "quantity": 2}]}
    assert (await shop.call(fulfillment.ship_fulfillment, route, body=part)).status == 200
    await shop.settle_all()
    await rejected(shop, work.fulfillment_id)
    return order.order_id


async def rejected(shop: Shop, fulfillment_id: str) -> None:
    route, body = {"fulfillment": fulfillment_id}, {"reason": "damaged"}
    answer = await shop.call(fulfillment.reject_fulfillment, route, body=body)
    assert (answer.status, answer.body["status"]) == (200, "rejected")
    await shop.settle_all()


@pytest.mark.parametrize(("unit", "share"), [("fulfillments", 1), ("lines", 1), ("units", 2)])
async def test_the_capacity_of_what_left_is_kept_when_the_rest_is_rejected(
    unit: str, share: int
) -> None:
    shop = await a_shop(a_location("berlin", capacity_per_day=9, capacity_unit=unit))
    order_id = await half_sent(shop)
    assert await taken(shop, "berlin") == share
    books = await read_books(shop.world.store, TENANT, shop.clock.now())
    assert list(capacity_is_what_work_takes(books)) == []
    (work,) = await shop.works(order_id)
    flows, caller, now = shop.world.flows, shop.caller, shop.clock.now()
    await void(flows, caller, f"{work.fulfillment_id}.s1", now)
    await rejected(shop, work.fulfillment_id)
    assert await taken(shop, "berlin") == 0
    await shop.close()


async def test_the_capacity_of_a_parcel_taken_back_after_its_goods_is_free_again(
    strict_shop: Shop,
) -> None:
    order, shipment_id = await shipped(strict_shop, 1)
    flows, caller, now = strict_shop.world.flows, strict_shop.caller, strict_shop.clock.now()
    back = RequestReturn(
        order_id=order.order_id,
        location_id="berlin",
        received=True,
        lines=(ReturnUnits(line_id="1", quantity=1, reason="too-small"),),
    )
    await request_return(flows, caller, back, "at the counter", now)
    assert await taken(strict_shop, "berlin") == 1
    await void(flows, caller, shipment_id, now)
    await strict_shop.settle_all()
    (work,) = await strict_shop.works(order.order_id)
    assert work.status is Status.CANCELLED
    assert await taken(strict_shop, "berlin") == 0


async def test_the_timer_sweeps_every_tenant(shop: Shop) -> None:
    await shop.receive("BOOT", "berlin", 1)
    order = await shop.place()
    shop.later(minutes=120)
    with use(shop.world):
        await sweeps.sweep_due(TimerRequest(past_due=False))
    (work, *_) = await shop.works(order.order_id)
    assert work.status is Status.REJECTED


async def test_a_preorder_is_sourced_when_its_date_has_come(shop: Shop) -> None:
    await shop.receive("BOOT", "berlin", 1)
    release_at = shop.clock.now() + timedelta(days=3)
    order = await shop.place(an_order(a_line(release_at=release_at)))
    assert states(order) == [("1", 1, PartState.PREORDERED)]
    shop.later(days=3)
    assert await swept(shop) == Swept(orders=1)
    assert states(await shop.order(order.order_id)) == [("1", 1, PartState.SOURCED)]
    assert await shop.stock("BOOT", "berlin") == (1, 1, 0)


async def test_two_orders_with_one_address_have_one_customer(shop: Shop) -> None:
    first, second = [await shop.place(an_order(reference=reference)) for reference in ("1", "2")]
    customer = await linked(shop, first.order_id)
    assert customer is not None
    assert await linked(shop, second.order_id) == customer
    for order in (first, second):
        assert (await shop.order(order.order_id)).customer_id == customer


async def test_an_order_of_nobody_known_has_no_customer(shop: Shop) -> None:
    order = await shop.place(an_order(customer=None))
    assert await linked(shop, order.order_id) is None
    assert (await shop.order(order.order_id)).customer_id is None
