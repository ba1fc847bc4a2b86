"""End, divide and restore: in any order, however often."""

from typing import Any

import pytest

from shared.contracts.stock import DivideReservation, RejectReason
from shared.inventory import service as inventory
from shared.inventory.model import (
    ENDS,
    Lost,
    NotYetReserved,
    Outcome,
    SharesDiffer,
    Won,
)
from shared.kernel.documents import Documents
from tests.unit.inventory.stock import (
    NOW,
    SKU,
    TENANT,
    a_count,
    a_quote,
    a_receipt,
    a_reserve,
    a_restore,
    a_store,
    a_wait,
    an_adjustment,
    an_end,
    is_clean,
    level,
    minutes,
    stocked,
)


def a_share(number: int, quantity: int = 1, **changes: Any) -> dict[str, Any]:
    name = f"o_7k2.1.{number}.1"
    return {"reservation_id": name, "line_id": "1", "part": number, "quantity": quantity} | changes


def a_division(*shares: dict[str, Any], **changes: Any) -> DivideReservation:
    usual = {
        "reservation_id": "o_7k2.1.1.1",
        "order_id": "o_7k2",
        "sku": SKU,
        "location_id": "berlin",
        "shares": shares,
    }
    return DivideReservation.model_validate(usual | changes, strict=False)


async def reserved(store: Documents, quantity: int = 2, stock: int = 10, **changes: Any) -> None:
    await stocked(store, stock)
    wanted = a_reserve(quantity=quantity, **changes)
    assert isinstance(await inventory.reserve(store, TENANT, wanted, NOW), Won)


async def test_shipped_units_leave_on_hand_and_reservation() -> None:
    async with a_store() as store:
        await reserved(store)
        task = an_end(ending="consumed")
        assert await inventory.perform(store, TENANT, task, NOW) is Outcome.DONE
        assert await inventory.perform(store, TENANT, task, NOW) is Outcome.REPEATED
        assert await level(store) == {"on_hand": 8, "free": 8}


async def test_shipping_what_is_not_reserved_yet_is_tried_again_later() -> None:
    async with a_store() as store:
        await stocked(store)
        with pytest.raises(NotYetReserved, match="not reserved yet"):
            await inventory.perform(store, TENANT, an_end(ending="consumed"), NOW)
        assert await level(store) == {"on_hand": 10, "free": 10}


async def test_a_release_that_overtakes_its_reserve_spends_the_id() -> None:
    async with a_store() as store:
        await stocked(store)
        assert await inventory.perform(store, TENANT, an_end(), NOW) is Outcome.VOIDED
        assert await inventory.perform(store, TENANT, an_end(), NOW) is Outcome.REPEATED
        late = await inventory.reserve(store, TENANT, a_reserve(), NOW)
        assert late == Lost("o_7k2.1.1.1", "void")
        assert await level(store) == {"on_hand": 10, "free": 10}


async def test_a_release_queues_its_demand_again_in_the_same_write() -> None:
    async with a_store() as store:
        await reserved(store)
        task = an_end(wait=a_wait())
        await inventory.perform(store, TENANT, task, NOW)
        await inventory.perform(store, TENANT, task, NOW)
        assert (await inventory.demand(store, TENANT, SKU)).pools == {"web": 2}
        assert await level(store) == {"on_hand": 10, "free": 10}


async def test_a_lost_release_still_queues_its_demand() -> None:
    async with a_store() as store:
        await reserved(store)
        await inventory.perform(store, TENANT, an_end(ending="expired"), NOW)
        lost = await inventory.perform(store, TENANT, an_end(wait=a_wait()), NOW)
        assert lost is Outcome.LOST
        assert await inventory.perform(store, TENANT, an_end(), NOW) is Outcome.LOST
        assert (await inventory.demand(store, TENANT, SKU)).pools == {"web": 2}


async def test_what_nobody_asks_for_is_carried_out_all_the_same() -> None:
    async with a_store() as store:
        await reserved(store)
        await inventory.carry_out(store, TENANT, an_end(ending="expired"), NOW)
        await inventory.carry_out(store, TENANT, an_end(), NOW)
        await inventory.carry_out(store, TENANT, an_end(wait=a_wait()), NOW)
        assert (await inventory.demand(store, TENANT, SKU)).pools == {"web": 2}
        await inventory.carry_out(store, TENANT, an_end(ending="consumed"), NOW)
        assert await level(store) == {"on_hand": 8, "free": 8}


async def test_goods_that_left_without_their_reservation_are_recorded() -> None:
    async with a_store() as store:
        await reserved(store)
        await inventory.perform(store, TENANT, an_end(), NOW)
        task = an_end(ending="consumed")
        assert await inventory.perform(store, TENANT, task, NOW) is Outcome.LOST
        assert await inventory.perform(store, TENANT, task, NOW) is Outcome.REPEATED
        assert await level(store) == {"on_hand": 8, "free": 8}


async def test_a_shipment_that_a_newer_count_has_seen_only_gives_its_reservation_back() -> None:
    async with a_store() as store:
        await reserved(store)
        await inventory.record(store, TENANT, a_count(counted=8, as_of=minutes(5)), minutes(6))
        assert await level(store) == {"on_hand": 8, "reserved": 2, "free": 6}
        await inventory.perform(store, TENANT, an_end(ending="consumed"), minutes(4))
        assert await level(store) == {"on_hand": 8, "free": 8}
        assert await is_clean(store)


@pytest.mark.parametrize(
    ("effect", "expected"),
    [
        (RejectReason.NOT_IN_STOCK, {}),
        (RejectReason.MISMATCH, {"on_hand": 8, "free": 8}),
        (RejectReason.DAMAGED, {"on_hand": 10, "damaged": 2, "free": 8}),
        (RejectReason.WORN_DISPLAY, {"on_hand": 10, "damaged": 2, "free": 8}),
        (RejectReason.NO_VARIANCE, {"on_hand": 10, "free": 10}),
        (RejectReason.NO_RESPONSE, {"on_hand": 10, "free": 10}),
        (RejectReason.OVERCOMMITTED, {"on_hand": 10, "free": 10}),
    ],
)
async def test_a_rejection_has_the_effect_of_its_reason(
    effect: RejectReason, expected: dict[str, int]
) -> None:
    async with a_store() as store:
        await reserved(store)
        await inventory.perform(store, TENANT, an_end(effect=effect), minutes(1))
        assert await level(store) == expected
        assert await is_clean(store)


async def test_not_in_stock_leaves_what_is_picked_damaged_and_on_hold() -> None:
    async with a_store() as store:
        await reserved(store)
        found = an_adjustment(damaged=1, quality_hold=2, at=minutes(-5))
        await inventory.record(store, TENANT, found, NOW)
        await inventory.reserve(
            store, TENANT, a_reserve(reservation_id="o_8.1.1.1", quantity=1), NOW
        )
        await inventory.reserve(store, TENANT, a_quote(), NOW)
        task = an_end(effect="not-in-stock", picked_units=1)
        await inventory.perform(store, TENANT, task, minutes(1))
        assert await level(store) == {
            "on_hand": 4,
            "damaged": 1,
            "quality_hold": 2,
            "reserved": 1,
        }
        assert await is_clean(store)


async def test_not_in_stock_keeps_what_came_after_the_rejection() -> None:
    async with a_store() as store:
        await reserved(store)
        later = a_receipt(movement_id="receipt-2", quantity=5, at=minutes(3))
        await inventory.record(store, TENANT, later, minutes(3))
        task = an_end(effect="not-in-stock")
        await inventory.perform(store, TENANT, task, minutes(1))
        assert await level(store) == {"on_hand": 5, "free": 5}


async def test_not_in_stock_says_nothing_to_a_newer_count() -> None:
    async with a_store() as store:
        await reserved(store)
        await inventory.record(store, TENANT, a_count(counted=7, as_of=minutes(5)), minutes(6))
        await inventory.perform(store, TENANT, an_end(effect="not-in-stock"), minutes(1))
        assert await level(store) == {"on_hand": 7, "free": 7}


async def test_not_in_stock_at_a_location_without_a_level_makes_it() -> None:
    async with a_store() as store:
        task = an_end(effect="not-in-stock", picked_units=1)
        assert await inventory.perform(store, TENANT, task, NOW) is Outcome.VOIDED
        assert await level(store) == {"on_hand": 1, "free": 1}
        assert await is_clean(store)


async def test_a_divided_reservation_goes_on_in_its_shares() -> None:
    async with a_store() as store:
        await reserved(store, 6)
        task = a_division(
            a_share(2, 3),
            a_share(3, 1, ending="consumed"),
            a_share(4, 2, ending="released", wait=a_wait(part=4)),
        )
        assert await inventory.perform(store, TENANT, task, NOW) is Outcome.DONE
        assert await inventory.perform(store, TENANT, task, NOW) is Outcome.REPEATED
        assert await level(store) == {"on_hand": 9, "reserved": 3, "free": 6}
        assert (await inventory.demand(store, TENANT, SKU)).pools == {"web": 2}
        assert await is_clean(store)


async def test_units_in_no_share_become_free() -> None:
    async with a_store() as store:
        await reserved(store, 6)
        await inventory.perform(store, TENANT, a_division(a_share(2, 2)), NOW)
        assert await level(store) == {"on_hand": 10, "reserved": 2, "free": 8}
        end = await store.get(TENANT, ENDS, SKU, "end:o_7k2.1.1.1")
        assert end is not None
        assert (end.body.ending, end.body.freed) == ("moved", 4)


async def test_a_share_that_was_released_before_it_came_holds_nothing() -> None:
    async with a_store() as store:
        await reserved(store, 6)
        early = an_end(reservation_id="o_7k2.1.3.1", quantity=4)
        assert await inventory.perform(store, TENANT, early, NOW) is Outcome.VOIDED
        task = a_division(a_share(2, 2), a_share(3, 4))
        assert await inventory.perform(store, TENANT, task, NOW) is Outcome.DONE
        assert await level(store) == {"on_hand": 10, "reserved": 2, "free": 8}
        assert await is_clean(store)


async def test_a_division_that_overtakes_its_reservation_waits() -> None:
    async with a_store() as store:
        await stocked(store)
        with pytest.raises(NotYetReserved):
            await inventory.perform(store, TENANT, a_division(a_share(2)), NOW)


async def test_shares_cannot_be_more_than_the_reservation_has() -> None:
    async with a_store() as store:
        await reserved(store, 2)
        with pytest.raises(SharesDiffer, match="has 2 units; its shares have 3"):
            await inventory.perform(store, TENANT, a_division(a_share(2, 3)), NOW)
        assert await level(store) == {"on_hand": 10, "reserved": 2, "free": 8}


async def test_dividing_what_has_ended_spends_the_ids_of_its_shares() -> None:
    async with a_store() as store:
        await reserved(store, 4)
        await inventory.perform(store, TENANT, an_end(quantity=4), NOW)
        task = a_division(
            a_share(2, 2, wait=a_wait(part=2)), a_share(3, 2, ending="consumed", effect=None)
        )
        assert await inventory.perform(store, TENANT, task, NOW) is Outcome.LOST
        late = a_reserve(reservation_id="o_7k2.1.2.1")
        assert await inventory.reserve(store, TENANT, late, NOW) == Lost("o_7k2.1.2.1", "void")
        assert await level(store) == {"on_hand": 8, "free": 8}
        assert (await inventory.demand(store, TENANT, SKU)).pools == {"web": 2}


async def test_a_short_pick_empties_the_location_for_its_rejected_share() -> None:
    async with a_store() as store:
        await reserved(store, 6)
        await inventory.reserve(store, TENANT, a_quote(), NOW)
        task = a_division(
            a_share(2, 4),
            a_share(3, 2, ending="released", effect="not-in-stock"),
            picked_units=4,
        )
        await inventory.perform(store, TENANT, task, minutes(1))
        assert await level(store) == {"on_hand": 4, "reserved": 4}
        assert await is_clean(store)


async def test_dividing_an_unlimited_sku_counts_nothing() -> None:
    async with a_store() as store:
        await reserved(store, 6, tracked=False)
        task = a_division(a_share(2, 4), a_share(3, 2, ending="released", effect="mismatch"))
        assert await inventory.perform(store, TENANT, task, NOW) is Outcome.DONE
        assert await level(store) == {"on_hand": 10, "free": 10}


async def test_a_voided_shipment_brings_goods_and_reservation_back() -> None:
    async with a_store() as store:
        await reserved(store)
        await inventory.perform(store, TENANT, an_end(ending="consumed"), NOW)
        assert await inventory.perform(store, TENANT, a_restore(), NOW) is Outcome.DONE
        assert await inventory.perform(store, TENANT, a_restore(), NOW) is Outcome.REPEATED
        assert await level(store) == {"on_hand": 10, "reserved": 2, "free": 8}


async def test_a_voided_shipment_whose_part_was_cancelled_brings_only_the_goods() -> None:
    async with a_store() as store:
        await reserved(store)
        await inventory.perform(store, TENANT, an_end(ending="consumed"), NOW)
        early = an_end(reservation_id="o_7k2.1.1.2")
        await inventory.perform(store, TENANT, early, minutes(6))
        assert await inventory.perform(store, TENANT, a_restore(), NOW) is Outcome.DONE
        assert await level(store) == {"on_hand": 10, "free": 10}
        assert await is_clean(store)


async def test_a_voided_shipment_of_an_unlimited_sku_counts_nothing() -> None:
    async with a_store() as store:
        await reserved(store, tracked=False)
        await inventory.perform(store, TENANT, an_end(ending="consumed"), NOW)
        await inventory.perform(store, TENANT, a_restore(), NOW)
        assert await level(store) == {"on_hand": 10, "free": 10}


async def test_a_void_that_comes_before_its_shipment_commutes() -> None:
    async with a_store() as store:
        await stocked(store)
        await inventory.perform(store, TENANT, a_restore(), NOW)
        assert await level(store) == {"on_hand": 12, "reserved": 2, "free": 10}


async def test_an_unlimited_sku_is_never_out_of_stock() -> None:
    async with a_store() as store:
        await reserved(store, tracked=False)
        task = an_end(effect="not-in-stock")
        assert await inventory.perform(store, TENANT, task, minutes(1)) is Outcome.DONE
        assert await level(store) == {"on_hand": 10, "free": 10}


async def test_a_share_of_an_unlimited_sku_is_never_out_of_stock() -> None:
    async with a_store() as store:
        await reserved(store, tracked=False)
        task = a_division(a_share(2, 2, ending="released", effect="not-in-stock"))
        assert await inventory.perform(store, TENANT, task, minutes(1)) is Outcome.DONE
        assert await level(store) == {"on_hand": 10, "free": 10}
