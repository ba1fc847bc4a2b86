"""What the documents of a SKU tell: events for others, rows with balances, and differences."""

import pytest

from shared.contracts.base import Event
from shared.contracts.inventory import StockChanged, StockFreed, StockOvercommitted
from shared.contracts.stock import Queue
from shared.inventory import service as inventory
from shared.inventory.decide.ledger import Row
from shared.inventory.decide.outbox import events_of
from shared.inventory.model import DEMAND, DEMAND_ID, LEVELS, Demand, Outcome, Reserve
from shared.kernel.documents import Container, Create, Delete, Documents, Replace
from shared.kernel.errors import Unreadable
from tests.unit.inventory.stock import (
    NOW,
    SKU,
    TENANT,
    a_count,
    a_level,
    a_quote,
    a_receipt,
    a_reserve,
    a_restore,
    a_sale,
    a_store,
    a_wait,
    an_adjustment,
    an_end,
    is_clean,
    level,
    minutes,
    stocked,
)


async def told(store: Documents) -> list[Event]:
    """Return the events of everything written since the last call."""
    feed = store.feed(Container.STOCK, "test")
    found: list[Event] = []
    for batch in await feed.read(100):
        for change in batch.changes:
            found += events_of(change)
        await feed.checkpoint(batch)
    await feed.close()
    return found


def names(events: list[Event]) -> list[tuple[str, int | str]]:
    found: list[tuple[str, int | str]] = []
    for event in events:
        match event:
            case StockChanged():
                found.append(("changed", event.reason))
            case StockFreed():
                found.append(("freed", event.quantity))
            case StockOvercommitted():
                found.append(("overcommitted", f"{event.short}, {event.added} new"))
            case _:
                raise AssertionError(event)
    return sorted(found, key=str)


async def test_a_receipt_frees_stock() -> None:
    async with a_store() as store:
        await inventory.record(store, TENANT, a_receipt(), NOW)
        changed, freed = await told(store)
        assert isinstance(changed, StockChanged)
        assert (changed.sku, changed.location_id, changed.reason) == (SKU, "berlin", "receipt")
        assert isinstance(freed, StockFreed)
        assert (freed.tenant_id, freed.occurred_at) == (TENANT, minutes(-60))
        assert (freed.sku, freed.location_id, freed.quantity) == (SKU, "berlin", 10)


async def test_reserving_changes_availability_and_releasing_frees() -> None:
    async with a_store() as store:
        await stocked(store)
        await told(store)
        await inventory.reserve(store, TENANT, a_reserve(), NOW)
        assert names(await told(store)) == [("changed", "reserved")]
        await inventory.perform(store, TENANT, an_end(), NOW)
        assert names(await told(store)) == [("changed", "released"), ("freed", 2)]


async def test_shipping_frees_nothing() -> None:
    async with a_store() as store:
        await stocked(store)
        await inventory.reserve(store, TENANT, a_reserve(), NOW)
        await told(store)
        await inventory.perform(store, TENANT, an_end(ending="consumed"), NOW)
        assert names(await told(store)) == [("changed", "consumed")]


async def test_what_ships_from_an_overcommitted_level_says_what_the_others_are_short_of() -> None:
    async with a_store() as store:
        await stocked(store, 4)
        await inventory.reserve(store, TENANT, a_reserve(), NOW)
        other = a_reserve(reservation_id="o_8.1.1.1", order_id="o_8")
        await inventory.reserve(store, TENANT, other, NOW)
        await inventory.record(store, TENANT, a_count(counted=3, as_of=minutes(1)), minutes(1))
        await told(store)
        await inventory.perform(store, TENANT, an_end(ending="consumed"), minutes(2))
        assert names(await told(store)) == [("changed", "consumed"), ("overcommitted", "1, 0 new")]
        assert await level(store) == {"on_hand": 1, "reserved": 2, "free": -1}


async def test_a_sale_that_overdraws_says_how_far() -> None:
    async with a_store() as store:
        await inventory.record(store, TENANT, a_sale(quantity=3), NOW)
        assert names(await told(store)) == [("changed", "sale"), ("overcommitted", "3, 3 new")]


async def test_a_voided_shipment_that_a_newer_count_has_seen_says_how_far_it_overdraws() -> None:
    async with a_store() as store:
        await stocked(store, 2)
        await inventory.reserve(store, TENANT, a_reserve(), NOW)
        await inventory.perform(store, TENANT, an_end(ending="consumed"), NOW)
        await inventory.record(store, TENANT, a_count(counted=1, as_of=minutes(6)), minutes(6))
        await told(store)
        await inventory.perform(store, TENANT, a_restore(at=minutes(5)), minutes(7))
        reserved, *others = names(await told(store))
        assert reserved == ("changed", "reserved")
        assert others == [("changed", "shipment-voided"), ("overcommitted", "1, 1 new")]


async def test_each_fact_says_what_it_is_short_of_beyond_the_ones_before() -> None:
    async with a_store() as store:
        await stocked(store, 3)
        await inventory.reserve(store, TENANT, a_reserve(), NOW)
        await inventory.record(store, TENANT, a_sale(movement_id="s-1", quantity=2), NOW)
        await told(store)
        await inventory.record(store, TENANT, a_sale(movement_id="s-2", quantity=2), NOW)
        await inventory.perform(store, TENANT, an_end(effect="mismatch"), minutes(1))
        first, *others = names(await told(store))
        assert first == ("changed", "released")
        assert others == [
            ("changed", "sale"),
            ("overcommitted", "3, 0 new"),
            ("overcommitted", "3, 2 new"),
        ]


async def test_a_rejection_as_damaged_frees_nothing() -> None:
    async with a_store() as store:
        await stocked(store)
        await inventory.reserve(store, TENANT, a_reserve(), NOW)
        await told(store)
        await inventory.perform(store, TENANT, an_end(effect="damaged"), NOW)
        assert names(await told(store)) == [("changed", "released")]


async def test_what_changes_no_counter_tells_nothing() -> None:
    async with a_store() as store:
        await inventory.record(store, TENANT, a_count(counted=0), NOW)
        await inventory.record(store, TENANT, a_sale(at=minutes(-1)), NOW)
        await inventory.perform(store, TENANT, an_end(), NOW)
        await inventory.perform(store, TENANT, Queue(wait=a_wait()), NOW)
        unlimited = a_reserve(reservation_id="o_8.1.1.1", tracked=False)
        await inventory.reserve(store, TENANT, unlimited, NOW)
        await inventory.release(store, TENANT, SKU, "o_8.1.1.1", NOW)
        assert await told(store) == []


async def test_the_ledger_shows_the_balance_after_each_row() -> None:
    def reserve(number: int, quantity: int) -> Reserve:
        return a_reserve(reservation_id=f"o_7k2.1.1.{number}", quantity=quantity)

    async with a_store() as store:
        await inventory.record(store, TENANT, a_receipt(quantity=5), NOW)
        await inventory.reserve(store, TENANT, reserve(1, 3), minutes(1))
        released = an_end(reservation_id="o_7k2.1.1.1", quantity=3)
        await inventory.perform(store, TENANT, released, minutes(2))
        await inventory.reserve(store, TENANT, reserve(2, 2), minutes(3))
        shipped = an_end(reservation_id="o_7k2.1.1.2", ending="consumed")
        await inventory.perform(store, TENANT, shipped, minutes(4))
        await inventory.record(store, TENANT, a_count(counted=7, as_of=minutes(5)), minutes(6))
        await inventory.record(store, TENANT, a_sale(at=minutes(5)), minutes(7))
        await inventory.reserve(store, TENANT, a_quote(), minutes(8))
        page = await inventory.ledger(store, TENANT, SKU, "berlin")
        assert page.cursor is None
        assert [
            (row.what, row.reason, row.balance.on_hand, row.balance.reserved, row.free)
            for row in page.rows
        ] == [
            ("movement", "receipt", 5, 0, 5),
            ("reserved", None, 5, 3, 2),
            ("released", None, 5, 0, 5),
            ("reserved", None, 5, 2, 3),
            ("consumed", None, 3, 0, 3),
            ("count", "count", 7, 0, 7),
            ("movement", "sale", 7, 0, 7),
            ("soft-reserved", None, 7, 0, 5),
        ]
        assert [row.effective for row in page.rows][-2:] == [False, True]


async def test_the_ledger_comes_in_pages_that_join() -> None:
    async with a_store() as store:
        await stocked(store, 50)
        for number in range(12):
            name = f"o_{number}.1.1.1"
            await inventory.reserve(
                store, TENANT, a_reserve(reservation_id=name), minutes(number // 5)
            )
            if number % 3 == 0:
                task = an_end(reservation_id=name, ending="consumed")
                await inventory.perform(store, TENANT, task, minutes(number))
        whole = await inventory.ledger(store, TENANT, SKU, "berlin", 100)
        for limit in (1, 3, 7):
            rows: list[Row] = []
            cursor, calls = None, 0
            while calls == 0 or cursor:
                page = await inventory.ledger(store, TENANT, SKU, "berlin", limit, cursor)
                rows += page.rows
                cursor, calls = page.cursor, calls + 1
                assert calls < 60
            assert tuple(rows) == whole.rows
        assert len(whole.rows) == 17
        assert (whole.rows[-1].balance.on_hand, whole.rows[-1].balance.reserved) == (42, 16)
        assert (await inventory.ledger(store, TENANT, SKU, "rome")).rows == ()


@pytest.mark.parametrize("cursor", ["?", "e30=", "W1tdLFtdLFtdXQ=="])
async def test_a_foreign_cursor_is_refused(cursor: str) -> None:
    async with a_store() as store:
        with pytest.raises(Unreadable, match="not one of this ledger"):
            await inventory.ledger(store, TENANT, SKU, "berlin", 5, cursor)


async def test_the_reconciler_finds_nothing_after_a_usual_day() -> None:
    async with a_store() as store:
        await stocked(store)
        await inventory.reserve(store, TENANT, a_reserve(), NOW)
        found = await inventory.reconcile(store, TENANT, SKU, {"o_7k2.1.1.1": 2})
        assert found.is_clean


async def test_the_reconciler_compares_reservations_with_the_orders() -> None:
    async with a_store() as store:
        await stocked(store)
        await inventory.reserve(store, TENANT, a_reserve(), NOW)
        await inventory.reserve(store, TENANT, a_quote(), NOW)
        found = await inventory.reconcile(store, TENANT, SKU, {"o_9.1.1.1": 1})
        assert [body.reservation_id for body in found.unexpected] == ["o_7k2.1.1.1"]
        assert found.missing == ("o_9.1.1.1",)
        left = await inventory.repair(store, TENANT, found, NOW)
        assert left.is_clean
        assert await level(store) == {"on_hand": 10, "soft_reserved": 2, "free": 8}


async def test_the_reconciler_lets_counters_follow_the_documents() -> None:
    async with a_store() as store:
        await stocked(store)
        await inventory.record(store, TENANT, an_adjustment(damaged=1), NOW)
        await inventory.reserve(store, TENANT, a_reserve(), NOW)
        await inventory.perform(store, TENANT, an_end(effect="not-in-stock"), NOW)
        await inventory.perform(store, TENANT, Queue(wait=a_wait()), NOW)
        pickup = a_wait(part=2, pickup_location="paris")
        await inventory.perform(store, TENANT, Queue(wait=pickup), NOW)
        right = await store.get(TENANT, LEVELS, SKU, "level:berlin")
        demand = await store.get(TENANT, DEMAND, SKU, DEMAND_ID)
        assert right is not None
        assert demand is not None
        wrong = right.body.model_copy(update={"reserved": 3, "free": 99, "counted_as_of": ""})
        await store.batch(
            TENANT,
            Container.STOCK,
            SKU,
            (
                Replace(LEVELS, "level:berlin", wrong, right.etag),
                Create(LEVELS, "level:rome", a_level(location_id="rome", on_hand=1, free=1)),
                Replace(DEMAND, DEMAND_ID, Demand(pools={"web": 9}), demand.etag),
            ),
        )
        found = await inventory.reconcile(store, TENANT, SKU)
        assert [(d.place, d.counter, d.stored, d.folded) for d in found.differences] == [
            ("berlin", "reserved", 3, 0),
            ("berlin", "free", 99, 0),
            ("rome", "on_hand", 1, 0),
            ("rome", "free", 1, 0),
            ("demand", "pickups/paris", 0, 2),
            ("demand", "pools/web", 9, 2),
        ]
        assert (await inventory.repair(store, TENANT, found, NOW)).is_clean
        repaired = await store.get(TENANT, LEVELS, SKU, "level:berlin")
        assert repaired is not None
        assert repaired.body == right.body
        assert await is_clean(store)


async def test_the_reconciler_makes_a_demand_document_that_is_gone() -> None:
    async with a_store() as store:
        done = await inventory.perform(store, TENANT, Queue(wait=a_wait()), NOW)
        assert done is Outcome.DONE
        demand = await store.get(TENANT, DEMAND, SKU, DEMAND_ID)
        assert demand is not None
        gone = (Delete(DEMAND, DEMAND_ID, demand.etag),)
        await store.batch(TENANT, Container.STOCK, SKU, gone)
        found = await inventory.reconcile(store, TENANT, SKU)
        assert not found.is_clean
        assert (await inventory.repair(store, TENANT, found, NOW)).is_clean
        assert (await inventory.demand(store, TENANT, SKU)).pools == {"web": 2}
