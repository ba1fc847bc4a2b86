"""What the simulator found, each told plainly: the story of the seed without its noise."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.catalog import capacity
from shared.catalog.model import LocationKind
from shared.contracts.inventory import Sale
from shared.contracts.orders import OrderWork
from shared.contracts.stock import Ending, EndReservation, RejectReason
from shared.flows.follow import follow
from shared.flows.hand_out import Rejection, reject
from shared.flows.place_order import place_order
from shared.flows.promise_order import promise_order
from shared.flows.steer_order import cancel, edit
from shared.fulfillment import service as work_service
from shared.inventory import service as inventory
from shared.inventory.model import Hardness, Reserve
from shared.kernel.documents import Container
from shared.kernel.errors import Unavailable
from shared.orders.decide import Edit, Units
from shared.orders.model import Address, ExceptionStatus, PartState
from shared.orders.work import EXCEPTIONS
from tests.builders import TENANT, Shop, a_line, a_location, a_shop, an_order, states

BERLIN_DAY = "2026-11-02"


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    made = await a_shop(
        a_location("berlin", kind=LocationKind.WAREHOUSE, capacity_per_day=3),
        a_location("hamburg"),
    )
    yield made
    await made.close()


async def taken(shop: Shop) -> int:
    return await capacity.taken(shop.world.store, TENANT, "berlin", BERLIN_DAY)


async def test_rejected_work_gives_its_capacity_back(shop: Shop) -> None:
    await shop.receive("BOOT", "berlin", 2)
    order = await shop.place()
    assert await taken(shop) == 1
    (work,) = await shop.works(order.order_id)
    rows = [Rejection("1", None, RejectReason.DAMAGED)]
    await reject(shop.world.flows, shop.caller, work.fulfillment_id, rows, shop.clock.now())
    await shop.settle_all()
    assert await taken(shop) == 0


async def test_capacity_that_was_given_back_is_not_taken_by_who_comes_late(shop: Shop) -> None:
    store, name = shop.world.store, "o_late.f1"
    assert not await capacity.give_back(store, TENANT, "berlin", name)
    late = await capacity.take(
        store, TENANT, "berlin", BERLIN_DAY, fulfillment_id=name, units=1, limit=3
    )
    assert not late
    assert await taken(shop) == 0


async def test_an_event_waits_until_its_order_is_read_in_its_version(shop: Shop) -> None:
    order = await shop.place()
    event = OrderWork(
        tenant_id=TENANT,
        occurred_at=shop.clock.now(),
        order_id=order.order_id,
        order_version=order.version + 1,
        route=True,
    )
    with pytest.raises(Unavailable):
        await follow(shop.world.flows, event, shop.clock.now())
    assert await shop.order(order.order_id) == order


async def test_an_order_edited_behind_its_plan_is_planned_again(shop: Shop) -> None:
    await shop.receive("BOOT", "berlin", 2)
    flows, now = shop.world.flows, shop.clock.now()
    placed = await _accepted(shop)
    await _crashed(shop, placed, "decision:")
    await edit(
        flows, shop.caller, placed, Edit(ship_to=Address(country="DE", postcode="20095")), now
    )
    await promise_order(flows, TENANT, placed, now, seen=1)
    assert states(await shop.order(placed)) == [("1", 1, PartState.SOURCED)]


async def test_a_decision_for_freed_stock_is_executed_after_a_crash(shop: Shop) -> None:
    order = await shop.place()
    assert states(order) == [("1", 1, PartState.UNFILLABLE)]
    await shop.receive("BOOT", "berlin", 1)
    await _crashed(shop, order.order_id, "reservation:", is_freed=True)
    await shop.settle_all()
    assert states(await shop.order(order.order_id)) == [("1", 1, PartState.SOURCED)]


async def test_accepted_units_on_the_shelf_go_elsewhere_when_they_were_sold(shop: Shop) -> None:
    await shop.receive("BOOT", "berlin", 1)
    order = await shop.place()
    (work,) = await shop.works(order.order_id)
    await work_service.accept(shop.world.store, shop.caller, work.fulfillment_id, shop.clock.now())
    await shop.receive("BOOT", "hamburg", 1)
    await _sold(shop, 1)
    await shop.settle_all()
    (part,) = (await shop.order(order.order_id)).lines[0].parts
    assert (part.state, part.location_id) == (PartState.SOURCED, "hamburg")
    assert await shop.stock("BOOT", "berlin") == (0, 0, 0)


async def test_units_whose_cancelling_was_asked_are_freed_when_they_were_sold(shop: Shop) -> None:
    await shop.receive("BOOT", "berlin", 1)
    order = await shop.place()
    (work,) = await shop.works(order.order_id)
    flows, now = shop.world.flows, shop.clock.now()
    await work_service.accept(shop.world.store, shop.caller, work.fulfillment_id, now)
    await cancel(flows, shop.caller, order.order_id, (), "customer", now)
    await _sold(shop, 1)
    await shop.settle_all()
    assert states(await shop.order(order.order_id)) == [("1", 1, PartState.CANCELLED)]
    assert await shop.stock("BOOT", "berlin") == (0, 0, 0)


async def test_an_overcommitted_level_with_work_still_to_come_is_looked_at_again(
    shop: Shop,
) -> None:
    await shop.receive("BOOT", "berlin", 1)
    await shop.settle_all()
    wanted = Reserve("o_x.1.1.1", "BOOT", "berlin", 1, "o_x", "1", 1)
    await inventory.reserve(shop.world.store, TENANT, wanted, shop.clock.now())
    await _sold(shop, 1)
    with pytest.raises(AssertionError, match="not quiet"):
        await shop.settle_all()


async def test_the_rest_of_a_divided_part_keeps_its_exception_open(shop: Shop) -> None:
    order = await shop.place(an_order(a_line("NOBODY-KNOWS", 3)))
    flows, now = shop.world.flows, shop.clock.now()
    await cancel(flows, shop.caller, order.order_id, [Units("1", 1)], "customer", now)
    page = await shop.world.store.query(TENANT, EXCEPTIONS, key=order.order_id)
    assert [row.body.status for row in page.items] == [ExceptionStatus.OPEN]
    await cancel(flows, shop.caller, order.order_id, (), "customer", now)
    page = await shop.world.store.query(TENANT, EXCEPTIONS, key=order.order_id)
    assert [row.body.status for row in page.items] == [ExceptionStatus.CLOSED]


async def test_soft_reservations_of_a_clock_set_back_are_swept(shop: Shop) -> None:
    store = shop.world.store
    await shop.receive("BOOT", "berlin", 1)
    await inventory.expire(store, TENANT, shop.clock.now())
    now = shop.later(hours=-2)
    wanted = Reserve(
        *("q-1.1", "BOOT", "berlin", 1, "q-1", "1", 1),
        hardness=Hardness.SOFT,
        expires_at=now + timedelta(minutes=1),
    )
    await inventory.reserve(store, TENANT, wanted, now)
    await inventory.expire(store, TENANT, now)
    assert await inventory.expire(store, TENANT, shop.later(minutes=2)) == ("q-1.1",)


async def test_an_empty_shelf_leaves_what_other_orders_hold_in_totes(shop: Shop) -> None:
    await shop.receive("BOOT", "berlin", 3)
    first = await shop.place(an_order(reference="a"))
    second = await shop.place(an_order(reference="b"))
    (picked,), (missing,) = await shop.works(first.order_id), await shop.works(second.order_id)
    store, now = shop.world.store, shop.clock.now()
    await work_service.accept(store, shop.caller, picked.fulfillment_id, now)
    await work_service.pick(store, shop.caller, picked.fulfillment_id, {"BOOT": 1}, now)
    rows = [Rejection("1", None, RejectReason.NOT_IN_STOCK)]
    await reject(shop.world.flows, shop.caller, missing.fulfillment_id, rows, now)
    await shop.settle_all()
    assert await shop.stock("BOOT", "berlin") == (1, 1, 0)


async def test_an_unlimited_sku_that_leaves_unreserved_is_not_counted(shop: Shop) -> None:
    store, now = shop.world.store, shop.clock.now()
    wanted = Reserve("o_x.1.1.1", "BOOT", "berlin", 2, "o_x", "1", 1, tracked=False)
    await inventory.reserve(store, TENANT, wanted, now)
    for how in (Ending.RELEASED, Ending.CONSUMED):
        task = EndReservation(
            reservation_id="o_x.1.1.1", sku="BOOT", location_id="berlin", quantity=2, ending=how
        )
        await inventory.perform(store, TENANT, task, now)
    assert await shop.stock("BOOT", "berlin") == (0, 0, 0)


async def _accepted(shop: Shop) -> str:
    """Accept an order without anything following yet; returns its id."""
    placed = await place_order(shop.world.flows, shop.caller, an_order(), shop.clock.now())
    return placed.order.order_id


async def _crashed(shop: Shop, order_id: str, behind: str, *, is_freed: bool = False) -> None:
    """Source an order in a process that dies once it has written a document of a kind."""
    true = shop.world.flows

    class Dying:
        def __getattr__(self, name: str) -> object:
            return getattr(true.store, name)

        async def batch(
            self, tenant: str, container: Container, key: str, operations: list[object]
        ) -> object:
            done = await true.store.batch(tenant, container, key, operations)  # type: ignore[arg-type]  # passed on as it came
            if str(getattr(operations[0], "id", "")).startswith(behind):
                raise Unavailable("it dies here")
            return done

    dying = replace(true, store=Dying())  # type: ignore[arg-type]  # it passes on what it lacks
    with pytest.raises(Unavailable, match="dies"):
        await promise_order(dying, TENANT, order_id, shop.clock.now(), is_freed=is_freed)


async def _sold(shop: Shop, quantity: int) -> None:
    """A till sells units that are promised elsewhere."""
    now = shop.later(seconds=1)
    sale = Sale(movement_id="till-1", sku="BOOT", location_id="berlin", quantity=quantity, at=now)
    await inventory.record(shop.world.store, TENANT, sale, now)
