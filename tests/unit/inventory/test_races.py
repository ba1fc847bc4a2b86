"""What another writer does between a read and a write, or between two tries."""

from collections.abc import Awaitable, Callable

import pytest

from shared.adapters.embedded.documents import EmbeddedDocuments
from shared.contracts.stock import DivideReservation, Queue, Share
from shared.inventory import service as inventory
from shared.inventory.decide.reserving import earlier
from shared.inventory.model import Outcome, Short, Won
from shared.kernel.clock import SteppedClock
from shared.kernel.documents import Documents
from shared.kernel.errors import PreconditionFailed, Unavailable
from tests.unit.inventory.stock import (
    NOW,
    SKU,
    TENANT,
    a_count,
    a_quote,
    a_receipt,
    a_reserve,
    a_sale,
    a_wait,
    an_end,
    is_clean,
    level,
    minutes,
    stocked,
)

Act = Callable[[Documents], Awaitable[object]]


class Meanwhile:
    """Lets others act right before the next batches."""

    def __init__(self, call: str = "documents.batch") -> None:
        self.call = call
        self.store = EmbeddedDocuments(
            ":memory:", clock=SteppedClock(NOW), faults=self, threaded=False
        )
        self.acts: list[Act | None] = []
        self.is_acting = False

    async def before(self, call: str, detail: object) -> None:
        del detail
        if call != self.call or self.is_acting or not self.acts:
            return
        act = self.acts.pop(0)
        self.is_acting = True
        if act:
            await act(self.store)
        self.is_acting = False

    async def after(self, call: str, detail: object) -> None:
        """Nothing happens after a call."""

    async def __aenter__(self) -> "Meanwhile":
        return self

    async def __aexit__(self, *reason: object) -> None:
        await self.store.close()


def sells(number: int, quantity: int = 1) -> Act:
    message = a_sale(movement_id=f"till-{number}", quantity=quantity, at=minutes(number + 1))
    return lambda store: inventory.record(store, TENANT, message, minutes(number + 1))


def receives(number: int, quantity: int) -> Act:
    message = a_receipt(movement_id=f"more-{number}", quantity=quantity, at=minutes(number))
    return lambda store: inventory.record(store, TENANT, message, NOW)


async def test_a_count_that_another_writer_overtakes_counts_again() -> None:
    async with Meanwhile() as others:
        await stocked(others.store)
        others.acts = [sells(1), sells(2)]
        found = await inventory.record(others.store, TENANT, a_count(counted=5), NOW)
        assert found.outcome is Outcome.DONE
        assert await level(others.store) == {"on_hand": 3, "free": 3}


async def test_a_count_gives_up_on_a_level_that_never_rests() -> None:
    async with Meanwhile() as others:
        await stocked(others.store, 50)
        others.acts = [sells(number) for number in range(8)]
        with pytest.raises(Unavailable, match="8 writes lost"):
            await inventory.record(others.store, TENANT, a_count(counted=5), NOW)
        assert await level(others.store) == {"on_hand": 42, "free": 42}


async def test_two_counts_of_a_new_level_leave_the_newer() -> None:
    async with Meanwhile() as others:
        newer = a_count(movement_id="count-2", counted=9, as_of=minutes(5))
        others.acts = [lambda s: inventory.record(s, TENANT, newer, minutes(5))]
        found = await inventory.record(others.store, TENANT, a_count(counted=5), NOW)
        assert not found.effective
        assert await level(others.store) == {"on_hand": 9, "free": 9}


async def test_a_reserve_that_sees_stock_arrive_wins_it() -> None:
    async with Meanwhile(call="documents.get") as others:
        await stocked(others.store, 1)
        others.acts = [receives(1, 5)]
        answer = await inventory.reserve(others.store, TENANT, a_reserve(), NOW)
        assert answer == Won("o_7k2.1.1.1")
        assert await level(others.store) == {"on_hand": 6, "reserved": 2, "free": 4}


async def test_a_move_that_sees_stock_arrive_wins_it() -> None:
    async with Meanwhile(call="documents.get") as others:
        await stocked(others.store, 2)
        await inventory.reserve(others.store, TENANT, a_reserve(), NOW)
        more = a_receipt(movement_id="more", location_id="paris", at=NOW)
        others.acts = [None, lambda s: inventory.record(s, TENANT, more, NOW)]
        there = a_reserve(reservation_id="o_7k2.1.1.2", location_id="paris")
        answer = await inventory.move(others.store, TENANT, "o_7k2.1.1.1", there, NOW)
        assert answer == Won("o_7k2.1.1.2")
        assert await level(others.store) == {"on_hand": 2, "free": 2}


async def test_a_reserve_in_need_of_expired_quotes_yields_to_who_ended_them() -> None:
    async with Meanwhile() as others:
        store = others.store
        await stocked(store, 2)
        await inventory.reserve(store, TENANT, a_quote(), NOW)
        rival = a_reserve(reservation_id="o_8.1.1.1", quantity=1)
        others.acts = [
            None,
            lambda s: inventory.reserve(s, TENANT, rival, minutes(11)),
        ]
        answer = await inventory.reserve(store, TENANT, a_reserve(), minutes(11))
        assert answer == Short("o_7k2.1.1.1", 1)
        assert await level(store) == {"on_hand": 2, "reserved": 1, "free": 1}
        assert await is_clean(store)


async def test_a_reserve_in_need_of_expired_quotes_uses_what_the_sweep_freed() -> None:
    async with Meanwhile() as others:
        store = others.store
        await stocked(store, 2)
        await inventory.reserve(store, TENANT, a_quote(), NOW)
        others.acts = [None, lambda s: inventory.expire(s, TENANT, minutes(11))]
        answer = await inventory.reserve(store, TENANT, a_reserve(), minutes(11))
        assert answer == Won("o_7k2.1.1.1")
        assert await level(store) == {"on_hand": 2, "reserved": 2}


async def test_a_reserve_gives_up_on_a_level_that_never_rests() -> None:
    async with Meanwhile() as others:
        store = others.store
        await stocked(store, 2)
        await inventory.reserve(store, TENANT, a_quote(quantity=2), NOW)

        async def churn(store: Documents) -> None:
            number = len(others.acts)
            await sells(2 * number + 1, quantity=0)(store)
            await receives(100 + number, 1)(store)
            await sells(200 + number)(store)

        others.acts = [churn] * 8
        with pytest.raises(Unavailable, match="8 writes lost"):
            await inventory.reserve(store, TENANT, a_reserve(), minutes(11))
        assert await level(store) == {"on_hand": 2, "soft_reserved": 2}


async def test_a_release_that_meets_its_reserve_on_the_way_ends_it() -> None:
    async with Meanwhile() as others:
        await stocked(others.store)
        others.acts = [lambda s: inventory.reserve(s, TENANT, a_reserve(), NOW)]
        assert await inventory.perform(others.store, TENANT, an_end(), NOW) is Outcome.DONE
        assert await level(others.store) == {"on_hand": 10, "free": 10}


async def test_a_caller_whose_release_comes_second_is_told() -> None:
    async with Meanwhile() as others:
        await stocked(others.store)
        await inventory.reserve(others.store, TENANT, a_reserve(), NOW)
        shipped = an_end(ending="consumed")
        others.acts = [lambda s: inventory.perform(s, TENANT, shipped, NOW)]
        lost = await inventory.perform(others.store, TENANT, an_end(), NOW)
        assert lost is Outcome.LOST
        assert await level(others.store) == {"on_hand": 8, "free": 8}


async def test_not_in_stock_is_reckoned_again_after_another_write() -> None:
    async with Meanwhile() as others:
        store = others.store
        await stocked(store)
        await inventory.reserve(store, TENANT, a_reserve(), NOW)
        await inventory.reserve(store, TENANT, a_quote(), NOW)
        others.acts = [
            lambda s: inventory.release(s, TENANT, SKU, "q_5.1", NOW),
            receives(5, 4),
        ]
        task = an_end(effect="not-in-stock", picked_units=1)
        assert await inventory.perform(store, TENANT, task, minutes(1)) is Outcome.DONE
        assert await level(store) == {"on_hand": 5, "free": 5}
        assert await is_clean(store)


async def test_not_in_stock_gives_up_on_a_level_that_never_rests() -> None:
    async with Meanwhile() as others:
        store = others.store
        await stocked(store)
        await inventory.reserve(store, TENANT, a_reserve(), NOW)
        others.acts = [receives(number, 1) for number in range(1, 9)]
        with pytest.raises(Unavailable):
            await inventory.perform(store, TENANT, an_end(effect="not-in-stock"), NOW)
        assert await level(store) == {"on_hand": 18, "reserved": 2, "free": 16}


async def test_a_facts_first_sight_of_a_level_may_be_old() -> None:
    async with Meanwhile() as others:
        await stocked(others.store, 1)
        others.acts = [None, receives(1, 5)]
        message = a_sale(quantity=3, at=minutes(2))
        found = await inventory.record(others.store, TENANT, message, NOW)
        assert found.short == 0
        assert await level(others.store) == {"on_hand": 3, "free": 3}


async def test_a_fact_gives_up_on_a_level_that_never_rests() -> None:
    async with Meanwhile() as others:
        await stocked(others.store, 1)

        def fight(number: int) -> Act:
            return receives(number, 5) if number % 2 else sells(number, 5)

        others.acts = [None, *(fight(number) for number in range(1, 8))]
        with pytest.raises(Unavailable, match="8 writes lost"):
            await inventory.record(others.store, TENANT, a_sale(quantity=3, at=minutes(90)), NOW)


async def test_the_first_units_to_wait_may_be_two() -> None:
    async with Meanwhile() as others:
        other = Queue(wait=a_wait(part=2))
        others.acts = [None, lambda s: inventory.perform(s, TENANT, other, NOW)]
        await inventory.perform(others.store, TENANT, Queue(wait=a_wait()), NOW)
        assert (await inventory.demand(others.store, TENANT, SKU)).pools == {"web": 4}


async def test_a_quote_that_is_swept_while_it_hardens_is_reserved_plainly() -> None:
    async with Meanwhile() as others:
        store = others.store
        await stocked(store, 2)
        await inventory.reserve(store, TENANT, a_quote(), NOW)
        others.acts = [lambda s: inventory.release(s, TENANT, SKU, "q_5.1", NOW)]
        answer = await inventory.harden(store, TENANT, "q_5.1", a_reserve(), NOW)
        assert answer == Won("o_7k2.1.1.1")
        assert await level(store) == {"on_hand": 2, "reserved": 2}


async def test_a_share_released_while_it_is_made_holds_nothing() -> None:
    async with Meanwhile() as others:
        store = others.store
        await stocked(store)
        await inventory.reserve(store, TENANT, a_reserve(), NOW)
        share = Share(reservation_id="o_7k2.1.2.1", line_id="1", part=2, quantity=2)
        early = an_end(reservation_id="o_7k2.1.2.1")
        others.acts = [lambda s: inventory.perform(s, TENANT, early, NOW)]
        task = DivideReservation(
            reservation_id="o_7k2.1.1.1",
            order_id="o_7k2",
            sku=SKU,
            location_id="berlin",
            shares=(share,),
        )
        assert await inventory.perform(store, TENANT, task, NOW) is Outcome.DONE
        assert await level(store) == {"on_hand": 10, "free": 10}
        assert await is_clean(store)


async def test_two_authors_of_rules_do_not_overwrite_each_other() -> None:
    async with Meanwhile() as others:
        others.acts = [lambda s: inventory.save_stock_rules(s, TENANT, [], [], 0)]
        with pytest.raises(PreconditionFailed):
            await inventory.save_stock_rules(others.store, TENANT, [], [], 0)
        assert (await inventory.stock_rules(others.store, TENANT)).version == 1


async def test_a_sku_that_is_written_while_it_is_read_is_read_again() -> None:
    async with Meanwhile(call="documents.query") as others:
        await stocked(others.store)
        others.acts = [None, sells(1), sells(2)]
        assert (await inventory.reconcile(others.store, TENANT, SKU)).is_clean


async def test_a_sku_that_never_rests_is_reconciled_later() -> None:
    async with Meanwhile(call="documents.query") as others:
        await stocked(others.store)
        others.acts = [sells(number) for number in range(60)]
        with pytest.raises(Unavailable, match="changes while it is read"):
            await inventory.reconcile(others.store, TENANT, SKU)


def test_nothing_is_known_of_an_id_that_was_never_used() -> None:
    assert earlier(a_reserve(), None, None) is None
