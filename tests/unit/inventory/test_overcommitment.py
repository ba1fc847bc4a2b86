"""Which reservations are taken back when a fact overdraws a level."""

from typing import Any

from shared.inventory import service as inventory
from shared.inventory.decide.overcommitment import Claim, take_back
from tests.unit.inventory.stock import (
    NOW,
    SKU,
    TENANT,
    a_quote,
    a_reserve,
    a_store,
    minutes,
    stocked,
)


def a_claim(name: str, **changes: Any) -> Claim:
    usual: dict[str, Any] = {
        "quantity": 1,
        "priority": 0,
        "promise_by": minutes(60),
        "accepted_at": NOW,
    }
    return Claim(name, **(usual | changes))


def test_lowest_priority_and_latest_promise_are_taken_back_first() -> None:
    claims = [
        a_claim("vip", priority=9, promise_by=None),
        a_claim("soon", promise_by=minutes(1)),
        a_claim("late", promise_by=minutes(90)),
        a_claim("whenever", promise_by=None),
        a_claim("young", accepted_at=minutes(5)),
        a_claim("old"),
    ]
    found = take_back(5, claims)
    names = [claim.reservation_id for claim in found.taken]
    assert names == ["whenever", "late", "young", "old", "soon"]
    assert (found.exceptions, found.still_short) == ((), 0)


def test_no_more_is_taken_back_than_is_needed() -> None:
    found = take_back(2, [a_claim("a", quantity=5), a_claim("b")])
    assert [claim.reservation_id for claim in found.taken] == ["a"]


def test_picked_units_become_exceptions() -> None:
    claims = [a_claim("picked", is_picked=True, quantity=2), a_claim("open")]
    found = take_back(4, claims)
    assert [claim.reservation_id for claim in found.taken] == ["open"]
    assert [claim.reservation_id for claim in found.exceptions] == ["picked"]
    assert found.still_short == 1


def test_a_level_that_is_not_short_takes_nothing_back() -> None:
    found = take_back(0, [a_claim("a")])
    assert (found.taken, found.exceptions, found.still_short) == ((), (), 0)


async def test_the_open_reservations_of_a_level_are_found() -> None:
    async with a_store() as store:
        await stocked(store)
        for number in range(4):
            wanted = a_reserve(reservation_id=f"o_{number}.1.1.1")
            await inventory.reserve(store, TENANT, wanted, minutes(number))
        await inventory.reserve(store, TENANT, a_quote(), minutes(9))
        await inventory.release(store, TENANT, SKU, "o_2.1.1.1", NOW)
        found = await inventory.open_reservations(store, TENANT, SKU, "berlin")
        assert [body.reservation_id for body in found] == ["o_3.1.1.1", "o_1.1.1.1", "o_0.1.1.1"]
        assert await inventory.open_reservations(store, TENANT, SKU, "rome") == ()
