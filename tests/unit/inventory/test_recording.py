"""Facts: each once, in any order; counts have seen what was before them."""

from typing import Any

from shared.contracts.inventory import StockMessage
from shared.contracts.stock import Move
from shared.inventory import service as inventory
from shared.inventory.model import Outcome, Recorded
from tests.unit.inventory.stock import (
    NOW,
    SKU,
    TENANT,
    a_count,
    a_receipt,
    a_reserve,
    a_sale,
    a_store,
    an_adjustment,
    is_clean,
    level,
    minutes,
    stocked,
)


def a_move(**changes: Any) -> Move:
    usual = {"sku": SKU, "location_id": "berlin", "at": NOW, "order_id": "o_7k2"}
    return Move.model_validate(usual | changes)


async def test_a_receipt_counts_once() -> None:
    async with a_store() as store:
        first = await inventory.record(store, TENANT, a_receipt(), NOW)
        again = await inventory.record(store, TENANT, a_receipt(), minutes(90))
        assert (first.outcome, again.outcome) == (Outcome.DONE, Outcome.REPEATED)
        assert await level(store) == {"on_hand": 10, "free": 10}


async def test_a_sale_below_nothing_is_recorded_and_reported_as_short() -> None:
    async with a_store() as store:
        await stocked(store, 3)
        await inventory.reserve(store, TENANT, a_reserve(), NOW)
        found = await inventory.record(store, TENANT, a_sale(quantity=2), NOW)
        assert found == Recorded(Outcome.DONE, effective=True, short=1)
        assert await inventory.record(store, TENANT, a_sale(quantity=2), NOW) == Recorded(
            Outcome.REPEATED, effective=True, short=1
        )
        assert await level(store) == {"on_hand": 1, "reserved": 2, "free": -1}


async def test_a_sale_of_an_unknown_sku_is_recorded() -> None:
    async with a_store() as store:
        found = await inventory.record(store, TENANT, a_sale(quantity=2), NOW)
        assert found == Recorded(Outcome.DONE, effective=True, short=2)
        assert await level(store) == {"on_hand": -2, "free": -2}


async def test_goods_given_back_at_a_till_are_on_hand() -> None:
    async with a_store() as store:
        await stocked(store, 1)
        await inventory.record(store, TENANT, a_sale(quantity=-1), NOW)
        assert await level(store) == {"on_hand": 2, "free": 2}


async def test_an_adjustment_changes_parts_of_on_hand() -> None:
    async with a_store() as store:
        await stocked(store)
        message = an_adjustment(on_hand=-1, damaged=2, quality_hold=3)
        await inventory.record(store, TENANT, message, NOW)
        assert await level(store) == {"on_hand": 9, "damaged": 2, "quality_hold": 3, "free": 4}


async def test_an_adjustment_of_nothing_is_recorded() -> None:
    async with a_store() as store:
        await stocked(store)
        done = await inventory.record(store, TENANT, an_adjustment(), NOW)
        again = await inventory.record(store, TENANT, an_adjustment(), NOW)
        assert (done.outcome, again.outcome) == (Outcome.DONE, Outcome.REPEATED)
        assert await level(store) == {"on_hand": 10, "free": 10}


async def test_a_count_adds_what_happened_after_it() -> None:
    async with a_store() as store:
        await stocked(store)
        await inventory.record(store, TENANT, a_sale(at=minutes(-10), quantity=3), NOW)
        await inventory.record(store, TENANT, a_sale(movement_id="till-2", at=minutes(5)), NOW)
        found = await inventory.record(store, TENANT, a_count(counted=20), minutes(6))
        assert found == Recorded(Outcome.DONE)
        assert await level(store) == {"on_hand": 19, "free": 19}


async def test_a_sale_that_the_count_has_seen_changes_nothing() -> None:
    async with a_store() as store:
        await inventory.record(store, TENANT, a_count(counted=20), NOW)
        for late in (a_sale(at=NOW), a_sale(movement_id="till-2", at=minutes(-1))):
            found = await inventory.record(store, TENANT, late, minutes(1))
            assert found == Recorded(Outcome.DONE, effective=False)
        assert await level(store) == {"on_hand": 20, "free": 20}
        assert await is_clean(store)


async def test_a_count_older_than_the_last_changes_nothing() -> None:
    async with a_store() as store:
        await inventory.record(store, TENANT, a_count(counted=20), NOW)
        older = a_count(movement_id="count-0", counted=5, as_of=minutes(-5))
        found = await inventory.record(store, TENANT, older, minutes(1))
        assert found == Recorded(Outcome.DONE, effective=False)
        assert await level(store) == {"on_hand": 20, "free": 20}


async def test_a_count_of_the_same_time_corrects_the_first() -> None:
    async with a_store() as store:
        await inventory.record(store, TENANT, a_count(counted=20), NOW)
        correction = a_count(movement_id="count-2", counted=18, damaged=1, quality_hold=2)
        await inventory.record(store, TENANT, correction, NOW)
        assert await level(store) == {"on_hand": 18, "damaged": 1, "quality_hold": 2, "free": 15}


async def test_a_count_counts_once() -> None:
    async with a_store() as store:
        await inventory.record(store, TENANT, a_count(), NOW)
        await inventory.record(store, TENANT, a_sale(at=minutes(1)), minutes(1))
        again = await inventory.record(store, TENANT, a_count(), minutes(2))
        assert again.outcome is Outcome.REPEATED
        assert await level(store) == {"on_hand": 9, "free": 9}


async def test_a_count_below_what_is_reserved_is_short() -> None:
    async with a_store() as store:
        await stocked(store)
        await inventory.reserve(store, TENANT, a_reserve(quantity=4), NOW)
        found = await inventory.record(store, TENANT, a_count(counted=1), NOW)
        assert found.short == 3
        assert await level(store) == {"on_hand": 1, "reserved": 4, "free": -3}


async def test_nobody_has_counted_what_is_still_to_come() -> None:
    async with a_store() as store:
        await inventory.record(store, TENANT, a_count(counted=5, as_of=minutes(600)), NOW)
        await inventory.record(store, TENANT, a_sale(at=minutes(1)), minutes(1))
        assert await level(store) == {"on_hand": 4, "free": 4}


async def test_deltas_in_any_order_come_to_the_same() -> None:
    messages: list[StockMessage] = [
        a_receipt(),
        a_sale(at=minutes(-10), quantity=3),
        an_adjustment(damaged=1, at=minutes(2)),
        a_count(counted=6),
        a_sale(movement_id="till-2", at=minutes(5)),
    ]
    for order in (messages, messages[::-1], messages[2:] + messages[:2]):
        async with a_store() as store:
            for message in order:
                await inventory.record(store, TENANT, message, minutes(10))
            assert await level(store) == {"on_hand": 5, "damaged": 1, "free": 4}


async def test_a_returned_unit_is_received_inspected_and_written_off() -> None:
    async with a_store() as store:
        await stocked(store, 2)
        for task in (
            a_move(movement_id="r1.in", on_hand=2, quality_hold=2, reason="return"),
            a_move(movement_id="r1.1", quality_hold=-1, reason="resell"),
            a_move(movement_id="r1.2", on_hand=-1, quality_hold=-1, reason="write-off"),
        ):
            assert await inventory.perform(store, TENANT, task, NOW) is Outcome.DONE
            assert await inventory.perform(store, TENANT, task, NOW) is Outcome.REPEATED
        assert await level(store) == {"on_hand": 3, "free": 3}
