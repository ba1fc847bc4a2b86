"""Which reservations are taken back when a fact overdraws a level."""

from typing import Any

from shared.inventory.decide.overcommitment import Claim, take_back
from tests.unit.inventory.stock import NOW, minutes


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
