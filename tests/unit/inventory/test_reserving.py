"""Reserve, harden, move, expire."""

import asyncio
from pathlib import Path

import pytest

from shared.adapters.embedded.documents import EmbeddedDocuments
from shared.contracts.stock import Ending, Queue
from shared.inventory import service as inventory
from shared.inventory.decide.amounts import Sight
from shared.inventory.decide.reserving import reserve_operations
from shared.inventory.model import (
    CONFIG,
    SWEEPS,
    ClosesWait,
    Lost,
    NotReserved,
    Outcome,
    Short,
    Won,
    stamp,
)
from shared.inventory.service.reserving import SWEEP_ID
from shared.kernel.clock import SteppedClock
from shared.kernel.conditions import Condition, Increment
from shared.kernel.documents import Create, Patch
from tests.unit.inventory.stock import (
    NOW,
    SKU,
    TENANT,
    a_quote,
    a_reserve,
    a_store,
    a_wait,
    an_end,
    is_clean,
    level,
    minutes,
    stocked,
)


def test_a_reservation_asks_for_the_units_and_the_safety_stock() -> None:
    create, patch = reserve_operations(a_reserve(quantity=2, guard=3), stamp(NOW), Sight())
    assert isinstance(create, Create)
    assert isinstance(patch, Patch)
    assert create.id == "reservation:o_7k2.1.1.1"
    assert patch.when == (Condition("schemaVersion", "eq", 1), Condition("free", "ge", 5))
    assert patch.operations == (Increment("reserved", 2), Increment("free", -2))


def test_times_are_stored_so_that_text_sorts_as_time_does() -> None:
    assert stamp(NOW) == "2026-03-01T12:00:00.000000Z"
    assert stamp(NOW) < stamp(NOW.replace(microsecond=1)) < stamp(minutes(1))


async def test_units_are_taken_once_however_often_the_call_comes() -> None:
    async with a_store() as store:
        await stocked(store)
        for _ in range(3):
            won = await inventory.reserve(store, TENANT, a_reserve(), NOW)
            assert won == Won("o_7k2.1.1.1")
        assert await level(store) == {"on_hand": 10, "reserved": 2, "free": 8}


async def test_the_last_unit_goes_to_one_buyer() -> None:
    async with a_store() as store:
        await stocked(store, 1)
        answers = [
            await inventory.reserve(
                store, TENANT, a_reserve(reservation_id=f"o_{n}.1.1.1", quantity=1), NOW
            )
            for n in range(10)
        ]
        assert answers == [Won("o_0.1.1.1"), *(Short(f"o_{n}.1.1.1", 0) for n in range(1, 10))]
        assert await level(store) == {"on_hand": 1, "reserved": 1}


async def test_short_says_what_is_left_above_the_safety_stock() -> None:
    async with a_store() as store:
        await stocked(store, 5)
        answer = await inventory.reserve(store, TENANT, a_reserve(quantity=4, guard=2), NOW)
        assert answer == Short("o_7k2.1.1.1", 3)
        assert await level(store) == {"on_hand": 5, "free": 5}


async def test_a_location_that_never_had_the_sku_is_short() -> None:
    async with a_store() as store:
        answer = await inventory.reserve(store, TENANT, a_reserve(), NOW)
        assert answer == Short("o_7k2.1.1.1", 0)
        assert await inventory.levels(store, TENANT, SKU, NOW) == ()


async def test_an_id_that_has_ended_is_lost() -> None:
    async with a_store() as store:
        await stocked(store)
        await inventory.reserve(store, TENANT, a_reserve(), NOW)
        await inventory.release(store, TENANT, SKU, "o_7k2.1.1.1", NOW)
        answer = await inventory.reserve(store, TENANT, a_reserve(), NOW)
        assert answer == Lost("o_7k2.1.1.1", "released")


async def test_an_id_with_another_content_is_lost() -> None:
    async with a_store() as store:
        await stocked(store)
        await inventory.reserve(store, TENANT, a_reserve(), NOW)
        answer = await inventory.reserve(store, TENANT, a_reserve(quantity=3), NOW)
        assert answer == Lost("o_7k2.1.1.1", "differs")


async def test_a_repeated_call_on_an_empty_shelf_is_still_won() -> None:
    async with a_store() as store:
        await stocked(store, 2)
        await inventory.reserve(store, TENANT, a_reserve(), NOW)
        assert await inventory.reserve(store, TENANT, a_reserve(), NOW) == Won("o_7k2.1.1.1")


async def test_an_unlimited_sku_is_recorded_and_not_counted() -> None:
    async with a_store() as store:
        await stocked(store, 1)
        wanted = a_reserve(quantity=50, tracked=False)
        assert await inventory.reserve(store, TENANT, wanted, NOW) == Won("o_7k2.1.1.1")
        task = an_end(ending="consumed", quantity=50)
        assert await inventory.perform(store, TENANT, task, NOW) is Outcome.DONE
        assert await level(store) == {"on_hand": 1, "free": 1}


async def test_reserving_a_waiting_part_takes_it_off_the_queue() -> None:
    async with a_store() as store:
        await stocked(store)
        await inventory.perform(store, TENANT, Queue(wait=a_wait()), NOW)
        wanted = a_reserve(closes_wait=ClosesWait(1, 4))
        assert await inventory.reserve(store, TENANT, wanted, NOW) == Won("o_7k2.1.1.1")
        assert (await inventory.demand(store, TENANT, SKU)).pools == {"web": 0}
        assert await is_clean(store)


async def test_a_queue_task_that_comes_after_the_reservation_changes_nothing() -> None:
    async with a_store() as store:
        await stocked(store)
        await inventory.reserve(store, TENANT, a_reserve(closes_wait=ClosesWait(1, 4)), NOW)
        late = await inventory.perform(store, TENANT, Queue(wait=a_wait()), NOW)
        assert late is Outcome.REPEATED
        assert (await inventory.demand(store, TENANT, SKU)).pools == {}


async def test_a_quote_hardens_in_one_write() -> None:
    async with a_store() as store:
        await stocked(store, 2)
        await inventory.reserve(store, TENANT, a_quote(), NOW)
        assert await level(store) == {"on_hand": 2, "soft_reserved": 2}
        for _ in range(2):
            answer = await inventory.harden(store, TENANT, "q_5.1", a_reserve(), NOW)
            assert answer == Won("o_7k2.1.1.1")
        assert await level(store) == {"on_hand": 2, "reserved": 2}


async def test_an_order_may_take_less_than_its_quote() -> None:
    async with a_store() as store:
        await stocked(store, 2)
        await inventory.reserve(store, TENANT, a_quote(), NOW)
        await inventory.harden(store, TENANT, "q_5.1", a_reserve(quantity=1), NOW)
        assert await level(store) == {"on_hand": 2, "reserved": 1, "free": 1}


async def test_an_order_that_takes_more_than_its_quote_needs_the_difference() -> None:
    async with a_store() as store:
        await stocked(store, 3)
        await inventory.reserve(store, TENANT, a_quote(), NOW)
        answer = await inventory.harden(store, TENANT, "q_5.1", a_reserve(quantity=4), NOW)
        assert answer == Short("o_7k2.1.1.1", 1)
        assert await level(store) == {"on_hand": 3, "soft_reserved": 2, "free": 1}


async def test_an_expired_quote_hardens_as_a_plain_reserve() -> None:
    async with a_store() as store:
        await stocked(store, 2)
        await inventory.reserve(store, TENANT, a_quote(), NOW)
        late = minutes(10)
        assert await inventory.harden(store, TENANT, "q_5.1", a_reserve(), late) == Won(
            "o_7k2.1.1.1"
        )
        assert await level(store) == {"on_hand": 2, "reserved": 2}
        assert await is_clean(store)


async def test_a_swept_quote_hardens_as_a_plain_reserve() -> None:
    async with a_store() as store:
        await stocked(store, 4)
        await inventory.reserve(store, TENANT, a_quote(), NOW)
        await inventory.release(store, TENANT, SKU, "q_5.1", NOW)
        answer = await inventory.harden(store, TENANT, "q_5.1", a_reserve(), NOW)
        assert answer == Won("o_7k2.1.1.1")
        assert await level(store) == {"on_hand": 4, "reserved": 2, "free": 2}


async def test_a_reserve_ends_expired_quotes_when_it_needs_their_units() -> None:
    async with a_store() as store:
        await stocked(store, 3)
        await inventory.reserve(store, TENANT, a_quote(), NOW)
        early = await inventory.reserve(store, TENANT, a_reserve(), minutes(9))
        assert early == Short("o_7k2.1.1.1", 1)
        assert await inventory.reserve(store, TENANT, a_reserve(), minutes(10)) == Won(
            "o_7k2.1.1.1"
        )
        assert await level(store) == {"on_hand": 3, "reserved": 2, "free": 1}


async def test_reads_show_expired_quotes_as_free() -> None:
    async with a_store() as store:
        await stocked(store, 3)
        await inventory.reserve(store, TENANT, a_quote(), NOW)
        before = await inventory.level(store, TENANT, SKU, "berlin", minutes(9))
        (after,) = await inventory.levels(store, TENANT, SKU, minutes(10))
        assert before is not None
        assert (before.free, after.free, after.soft_reserved) == (1, 3, 0)
        assert await level(store) == {"on_hand": 3, "soft_reserved": 2, "free": 1}


async def test_a_sweep_that_was_missed_after_the_clock_was_set_back_leaves_nothing() -> None:
    async with a_store() as store:
        await stocked(store)
        assert await inventory.expire(store, TENANT, minutes(60)) == ()
        quote = a_quote(reservation_id="q_9.1", expires_at=minutes(3))
        assert isinstance(await inventory.reserve(store, TENANT, quote, NOW), Won)
        assert await inventory.expire(store, TENANT, minutes(8)) == ("q_9.1",)
        assert await is_clean(store)


async def test_a_quote_that_is_written_after_its_time_was_swept_ends_with_the_next_sweep() -> None:
    async with a_store() as store:
        await stocked(store)
        assert await inventory.expire(store, TENANT, minutes(1)) == ()
        assert await inventory.expire(store, TENANT, minutes(600)) == ()
        assert isinstance(await inventory.reserve(store, TENANT, a_quote(), NOW), Won)
        assert await inventory.expire(store, TENANT, minutes(601)) == ("q_5.1",)
        assert await is_clean(store)


async def test_a_clock_that_was_set_back_and_right_again_between_two_sweeps_leaves_nothing() -> (
    None
):
    async with a_store() as store:
        await stocked(store)
        first = a_quote(reservation_id="q_8.1", expires_at=minutes(1))
        assert isinstance(await inventory.reserve(store, TENANT, first, NOW), Won)
        swept = [await inventory.expire(store, TENANT, minutes(m)) for m in (2, 3)]
        assert swept == [("q_8.1",), ()]
        quote = a_quote(reservation_id="q_9.1", expires_at=minutes(-50))
        assert isinstance(await inventory.reserve(store, TENANT, quote, minutes(-55)), Won)
        swept = [await inventory.expire(store, TENANT, minutes(m)) for m in (4, 5, 63, 64)]
        assert swept == [(), (), ("q_9.1",), ()]
        assert await is_clean(store)


async def test_a_quote_whose_writer_was_stopped_for_a_day_ends_with_the_next_day() -> None:
    async with a_store() as store:
        await stocked(store)
        first = a_quote(reservation_id="q_8.1", expires_at=minutes(1))
        assert isinstance(await inventory.reserve(store, TENANT, first, NOW), Won)
        swept = [await inventory.expire(store, TENANT, minutes(m)) for m in (2, 3)]
        assert swept == [("q_8.1",), ()]
        quote = a_quote(reservation_id="q_9.1", expires_at=minutes(-23 * 60))
        assert isinstance(await inventory.reserve(store, TENANT, quote, minutes(-24 * 60)), Won)
        runs = (4, 63, 12 * 60, 12 * 60 + 2, 12 * 60 + 3)
        ended = [await inventory.expire(store, TENANT, minutes(m)) for m in runs]
        assert ended == [(), (), (), ("q_9.1",), ()]
        assert await is_clean(store)


async def test_a_sweep_that_meets_nothing_writes_nothing_unless_the_clock_was_set_back() -> None:
    async with a_store() as store:
        await stocked(store)
        await inventory.reserve(store, TENANT, a_quote(), NOW)
        found = []
        for minute in (20, 21, 50, 51, 8):
            await inventory.expire(store, TENANT, minutes(minute))
            found.append(await store.get(TENANT, SWEEPS, CONFIG, SWEEP_ID))
        begins = [row.body.expires_at for row in found if row is not None]
        there, back = stamp(minutes(19)), stamp(minutes(7))
        assert begins == ["", there, there, there, back]
        assert found[1] == found[2] == found[3]


async def test_the_sweep_ends_what_expired_once() -> None:
    async with a_store() as store:
        await stocked(store)
        for n in range(3):
            quote = a_quote(reservation_id=f"q_{n}.1", expires_at=minutes(10 * n + 10))
            await inventory.reserve(store, TENANT, quote, NOW)
        assert await inventory.expire(store, TENANT, minutes(20)) == ("q_0.1", "q_1.1")
        assert await inventory.expire(store, TENANT, minutes(20)) == ()
        assert await inventory.expire(store, TENANT, minutes(31)) == ("q_2.1",)
        assert await level(store) == {"on_hand": 10, "free": 10}


async def test_the_sweep_leaves_a_hardened_quote_alone() -> None:
    async with a_store() as store:
        await stocked(store)
        await inventory.reserve(store, TENANT, a_quote(), NOW)
        await inventory.harden(store, TENANT, "q_5.1", a_reserve(), NOW)
        assert await inventory.expire(store, TENANT, minutes(20)) == ()
        assert await level(store) == {"on_hand": 10, "reserved": 2, "free": 8}


async def test_a_move_frees_one_location_and_takes_from_another() -> None:
    async with a_store() as store:
        await stocked(store)
        await stocked(store, 2, "paris")
        await inventory.reserve(store, TENANT, a_reserve(), NOW)
        there = a_reserve(reservation_id="o_7k2.1.1.2", location_id="paris")
        for _ in range(2):
            answer = await inventory.move(store, TENANT, "o_7k2.1.1.1", there, NOW)
            assert answer == Won("o_7k2.1.1.2")
        assert await level(store) == {"on_hand": 10, "free": 10}
        assert await level(store, "paris") == {"on_hand": 2, "reserved": 2}


async def test_a_move_to_a_location_that_is_short_leaves_all_as_it_was() -> None:
    async with a_store() as store:
        await stocked(store)
        await stocked(store, 1, "paris")
        await inventory.reserve(store, TENANT, a_reserve(), NOW)
        there = a_reserve(reservation_id="o_7k2.1.1.2", location_id="paris")
        answer = await inventory.move(store, TENANT, "o_7k2.1.1.1", there, NOW)
        assert answer == Short("o_7k2.1.1.2", 1)
        assert await level(store) == {"on_hand": 10, "reserved": 2, "free": 8}


async def test_a_caller_cannot_release_what_was_never_reserved() -> None:
    async with a_store() as store:
        await stocked(store)
        with pytest.raises(NotReserved, match="holds no units"):
            await inventory.release(store, TENANT, SKU, "o_9.1.1.1", NOW)
        assert await level(store) == {"on_hand": 10, "free": 10}


async def test_a_caller_cannot_release_what_was_consumed() -> None:
    async with a_store() as store:
        await stocked(store)
        await inventory.reserve(store, TENANT, a_reserve(), NOW)
        await inventory.perform(store, TENANT, an_end(ending=Ending.CONSUMED), NOW)
        with pytest.raises(NotReserved):
            await inventory.release(store, TENANT, SKU, "o_7k2.1.1.1", NOW)
        assert await level(store) == {"on_hand": 8, "free": 8}


async def test_two_hundred_buyers_at_once_get_what_is_there(tmp_path: Path) -> None:
    store = EmbeddedDocuments(str(tmp_path / "stock.db"), clock=SteppedClock(NOW))
    try:
        await stocked(store, 5)
        buyers = [
            inventory.reserve(
                store, TENANT, a_reserve(reservation_id=f"o_{n}.1.1.1", quantity=1), NOW
            )
            for n in range(200)
        ]
        answers = await asyncio.gather(*buyers)
        assert sum(isinstance(answer, Won) for answer in answers) == 5
        assert sum(isinstance(answer, Short) for answer in answers) == 195
        assert await level(store) == {"on_hand": 5, "reserved": 5}
        assert await is_clean(store)
    finally:
        await store.close()
