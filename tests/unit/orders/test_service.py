from datetime import timedelta
from typing import Any

import pytest

from shared.kernel.documents import Create
from shared.kernel.errors import Exists, NotFound, Unavailable
from shared.orders import decide, service
from shared.orders.decide import Act, Change, Units
from shared.orders.model import Order
from shared.orders.refusals import NotALegalAction, OrderDiffers
from shared.orders.service import OrderSearch
from shared.orders.work import EXCEPTIONS, ExceptionStatus
from tests.unit.orders.samples import (
    ACT,
    NOW,
    PRODUCTS,
    a_decision,
    a_line,
    a_short,
    a_store,
    an_intake,
    closed,
)


async def placed(store: Any, reference: str = "#1001", *, at: int = 0, **changes: Any) -> Order:
    intake = an_intake(reference=reference, **changes)
    act = Act("acme", NOW + timedelta(minutes=at), "key:k1")
    return (await service.place(store, intake, PRODUCTS, act, lookups=(f"h{reference}",))).order


async def test_an_order_is_placed_once() -> None:
    async with a_store() as store:
        first = await service.place(store, an_intake(), PRODUCTS, ACT)
        again = await service.place(store, an_intake(), PRODUCTS, ACT)
        assert (first.is_new, again.is_new, again.order) == (True, False, first.order)
        with pytest.raises(OrderDiffers):
            await service.place(store, an_intake(a_line(quantity=1)), PRODUCTS, ACT)
        page = await service.timeline(store, "acme", first.order.order_id)
        assert [row.body.name for row in page.items] == ["orders.order-accepted.v1"]


async def test_another_tenant_sees_nothing() -> None:
    async with a_store() as store:
        order = await placed(store)
        assert await service.find(store, "globex", order.order_id) is None
        with pytest.raises(NotFound):
            await service.get_order(store, "globex", order.order_id)
        with pytest.raises(NotFound):
            await service.timeline(store, "globex", order.order_id)
        assert (await service.search(store, "globex", OrderSearch())).items == ()
        assert (await service.exceptions(store, "globex")).items == ()


async def test_a_command_writes_the_order_and_its_event_together() -> None:
    async with a_store() as store:
        order = await placed(store)
        held = await service.change_order(
            store, order.order_id, lambda o: decide.hold(o, "fraud", None, ACT), ACT
        )
        assert (held.version, held.status) == (2, "on-hold")
        assert await service.get_order(store, "acme", order.order_id) == held
        again = await service.change_order(
            store, order.order_id, lambda o: decide.hold(o, "fraud", None, ACT), ACT
        )
        assert again.version == 2
        page = await service.timeline(store, "acme", order.order_id)
        assert [row.id for row in page.items] == ["evt:order:1", "evt:order:2"]


async def test_a_command_with_an_id_happens_once() -> None:
    async with a_store() as store:
        order = await placed(store)

        def one_unit(found: Order) -> Change | None:
            return decide.cancel(found, [Units("1", 1)], {}, "customer", ACT)

        name = "refund-1"
        await service.change_order(store, order.order_id, one_unit, ACT, command_id=name)
        after = await service.change_order(store, order.order_id, one_unit, ACT, command_id=name)
        assert (after.version, after.refunded_minor) == (2, 1000)
        assert await service.is_done(store, "acme", order.order_id, "refund-1")


async def test_a_command_that_lost_its_race_is_decided_again() -> None:
    async with a_store() as store:
        order = await placed(store)
        stored = await service.load(store, "acme", order.order_id)
        rivals = [decide.note(stored.body, "first", ACT)]

        def slow(found: Order) -> Change:
            return decide.note(found, "second", ACT)

        class Rival:
            """The store, with somebody who writes just before we do."""

            def __getattr__(self, name: str) -> Any:
                return getattr(store, name)

            async def batch(self, *args: Any) -> tuple[str, ...]:
                if rivals:
                    await service.save(store, stored, rivals.pop(), ACT)
                return await store.batch(*args)

        after = await service.change_order(Rival(), order.order_id, slow, ACT)
        assert [note.text for note in after.notes] == ["first", "second"]


async def test_a_command_that_never_wins_says_so() -> None:
    async with a_store() as store:
        order = await placed(store)

        class Busy:
            def __getattr__(self, name: str) -> Any:
                return getattr(store, name)

            async def batch(self, *_: Any) -> tuple[str, ...]:
                raise Exists("order")

        await placed(store, "#2", lines=(a_line(sku="NOPE"),))
        (row,) = (await service.exceptions(store, "acme")).items
        with pytest.raises(Unavailable):
            await service.close_exception(Busy(), row.body.exception_id, "cancel", ACT)
        with pytest.raises(Unavailable):
            await service.change_order(
                Busy(), order.order_id, lambda o: decide.note(o, "x", ACT), ACT
            )
        assert (await service.get_order(store, "acme", order.order_id)).version == 1


async def test_what_belongs_to_a_transition_is_written_with_it_or_not_at_all() -> None:
    async with a_store() as store:
        order = await placed(store, lines=(a_line(sku="NOPE"),))
        stored = await service.load(store, "acme", order.order_id)
        page = await service.exceptions(store, "acme")
        taken = Create(EXCEPTIONS, page.items[0].id, page.items[0].body)
        with pytest.raises(Exists):
            await service.save(store, stored, decide.note(order, "x", ACT), ACT, extra=(taken,))
        assert (await service.get_order(store, "acme", order.order_id)).version == 1


async def test_orders_are_found_by_every_filter_the_latest_first() -> None:
    async with a_store() as store:
        first = await placed(store, "#1", at=1)
        second = await placed(store, "#2", at=2, lines=(a_line(sku="SOCK-1"),))
        await placed(store, "#3", at=3, payment="unpaid", connection="shop", number="A-3")

        async def found(**filters: Any) -> list[str]:
            page = await service.search(store, "acme", OrderSearch(**filters))
            return [row.body.reference for row in page.items]

        assert await found() == ["#3", "#2", "#1"]
        assert await found(reference="#2") == ["#2"]
        assert await found(number="A-3") == ["#3"]
        assert await found(lookup="h#1") == ["#1"]
        assert await found(sku="BOOT-42") == ["#3", "#1"]
        assert await found(sku="BOOT-42", status=first.status) == ["#1"]
        assert await found(connection="shop", from_day=NOW.date(), to_day=NOW.date()) == ["#3"]
        assert await found(customer_id="c_1") == []
        page = await service.search(store, "acme", OrderSearch(), limit=1)
        page = await service.search(store, "acme", OrderSearch(), limit=1, cursor=page.cursor)
        assert page.items[0].body == second


async def test_exceptions_are_listed_filtered_and_closed_once() -> None:
    async with a_store() as store:
        order = await placed(store, lines=(a_line(sku="NOPE"),))
        (row,) = (await service.exceptions(store, "acme", code="unknown-sku")).items
        assert row.body.actions == ("assign-sku", "cancel")
        assert (await service.exceptions(store, "acme", location_id="berlin")).items == ()
        with pytest.raises(NotALegalAction):
            await service.close_exception(store, row.body.exception_id, "reset", ACT)
        closed = await service.close_exception(store, row.body.exception_id, "cancel", ACT)
        again = await service.close_exception(store, row.body.exception_id, "cancel", ACT)
        assert (closed, closed.status) == (again, "closed")
        assert (await service.exceptions(store, "acme")).items == ()
        page = await service.exceptions(store, "acme", status=ExceptionStatus.CLOSED)
        assert len(page.items) == 1
        with pytest.raises(NotFound):
            await service.close_exception(store, f"{order.order_id}.x9", "cancel", ACT)
        page_of_events = await service.timeline(store, "acme", order.order_id)
        names = [row.body.name for row in page_of_events.items]
        assert names.count("orders.exception-opened.v1") == 1
        assert names.count("orders.exception-closed.v1") == 1


async def test_an_exception_closes_by_itself_when_its_part_goes_on() -> None:
    async with a_store() as store:
        order = await placed(store, lines=(a_line(sku="NOPE"),))
        after = await service.change_order(
            store,
            order.order_id,
            lambda o: decide.assign_sku(o, "1", PRODUCTS["BOOT-42"], ACT),
            ACT,
        )
        assert after.skus == ("BOOT-42",)
        assert (await service.exceptions(store, "acme")).items == ()


async def test_advice_to_pay_back_stands_beside_the_event() -> None:
    async with a_store() as store:
        order = await placed(store)
        stored = await service.load(store, "acme", order.order_id)
        decision = a_decision(order, a_short(order, action="cancel"))
        await service.save(store, stored, closed(order, decision).change, ACT)
        page = await service.timeline(store, "acme", order.order_id)
        assert sorted(row.id for row in page.items) == [
            "evt:order:1",
            "evt:order:2",
            "evt:refund:2",
        ]
