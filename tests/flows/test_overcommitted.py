"""A count leaves less than is promised: the shelf's goes elsewhere, the picked to a person."""

import pytest

from functions import fulfillment
from shared.contracts.inventory import Count, StockOvercommitted
from shared.flows.take_back import take_back_stock
from shared.inventory import service as inventory
from shared.inventory.model import Reserve, Won
from shared.kernel.errors import Unavailable
from shared.orders import service as orders
from shared.orders.model import PartState
from tests.builders import TENANT, Shop, a_line, an_order, states
from tests.flows.test_hand_out import at, work_for


async def counted(shop: Shop, units: int) -> StockOvercommitted:
    """Count the boots in berlin; returns what the count announces."""
    now = shop.later(minutes=1)
    told = Count(
        movement_id=f"count-{units}", sku="BOOT", location_id="berlin", counted=units, as_of=now
    )
    await inventory.record(shop.world.store, TENANT, told, now)
    return StockOvercommitted(
        tenant_id=TENANT, occurred_at=now, sku="BOOT", location_id="berlin", short=1
    )


async def test_what_nobody_has_picked_is_sourced_elsewhere(shop: Shop) -> None:
    order, _ = await work_for(shop)
    await shop.receive("BOOT", "hamburg", 5)
    await counted(shop, 1)
    await shop.settle_all()
    (work,) = [row for row in await shop.works(order.order_id) if row.status == "open"]
    assert work.location_id == "hamburg"
    assert states(await shop.order(order.order_id)) == [("1", 2, PartState.SOURCED)]


async def test_what_is_picked_is_put_before_a_person_once(shop: Shop) -> None:
    order, work = await work_for(shop)
    await shop.call(fulfillment.accept_fulfillment, at(work))
    scans = {"scans": [{"code": "BOOT", "quantity": 2}]}
    await shop.call(fulfillment.pick_fulfillment, at(work), body=scans)
    event = await counted(shop, 1)
    for _ in range(2):
        assert await take_back_stock(shop.world.flows, event, shop.clock.now()) == 0
    page = await orders.exceptions(shop.world.store, TENANT, limit=10, cursor=None)
    assert [(row.body.code, row.body.order_id) for row in page.items] == [
        ("overcommitted", order.order_id)
    ]


async def test_what_is_reserved_for_work_that_is_not_there_yet_is_waited_for(shop: Shop) -> None:
    _, work = await work_for(shop)
    await shop.call(fulfillment.accept_fulfillment, at(work))
    scans = {"scans": [{"code": "BOOT", "quantity": 2}]}
    await shop.call(fulfillment.pick_fulfillment, at(work), body=scans)
    unseen = Reserve(
        reservation_id="o_other.1.1.1",
        sku="BOOT",
        location_id="berlin",
        quantity=1,
        order_id="o_other",
        line_id="1",
        part=1,
    )
    won = await inventory.reserve(shop.world.store, TENANT, unseen, shop.clock.now())
    assert isinstance(won, Won)
    event = await counted(shop, 2)
    with pytest.raises(Unavailable):
        await take_back_stock(shop.world.flows, event, shop.clock.now())


async def told_of(shop: Shop) -> set[str | None]:
    """Return the orders that stand before a person."""
    page = await orders.exceptions(shop.world.store, TENANT, limit=10, cursor=None)
    return {row.body.order_id for row in page.items}


async def test_who_is_left_when_the_first_one_ships_is_put_before_a_person_too(shop: Shop) -> None:
    await shop.receive("BOOT", "berlin", 4)
    picked = {}
    for reference in ("1001", "1002"):
        order = await shop.place(an_order(a_line(quantity=2), reference=reference))
        (work,) = await shop.works(order.order_id)
        await shop.call(fulfillment.accept_fulfillment, at(work))
        scans = {"scans": [{"code": "BOOT", "quantity": 2}]}
        await shop.call(fulfillment.pick_fulfillment, at(work), body=scans)
        picked[order.order_id] = work
    await counted(shop, 3)
    await shop.settle_all()
    (first,) = await told_of(shop)
    assert first is not None
    shop.later(minutes=1)
    await shop.call(fulfillment.pack_fulfillment, at(picked[first]), body={})
    body = {"carrier": "dhl"}
    shipped = await shop.call(fulfillment.ship_fulfillment, at(picked[first]), body=body)
    assert shipped.status == 200
    await shop.settle_all()
    assert await told_of(shop) == set(picked)
