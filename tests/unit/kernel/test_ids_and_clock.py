"""Ids sort by time; clocks move when told to."""

import random
from datetime import UTC, datetime, timedelta, timezone

import pytest

from shared.kernel.clock import SteppedClock, SystemClock
from shared.kernel.ids import SortableIds, hash_id, lookup_hash, order_id

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_later_ids_sort_after_earlier_ones_even_when_the_clock_stands_or_goes_back() -> None:
    clock = SteppedClock(NOON)
    ids = SortableIds(clock, random.Random(7))
    made = [ids.new("x") for _ in range(3)]
    clock.advance(timedelta(hours=-1))
    made.append(ids.new("x"))
    clock.advance(timedelta(hours=2))
    made.append(ids.new("x"))
    assert made == sorted(made)
    assert len(set(made)) == 5


def test_one_seed_makes_one_sequence_of_ids() -> None:
    def first() -> str:
        return SortableIds(SteppedClock(NOON), random.Random(7)).new("x")

    assert first() == first()


def test_a_secret_has_the_length_asked_for() -> None:
    assert len(SortableIds(SteppedClock(NOON)).secret(8)) == 8


def test_the_same_order_through_any_door_has_one_id() -> None:
    assert order_id("acme", "shop", "1001") == order_id("acme", "shop", "1001")


def test_parts_are_length_prefixed_so_that_they_cannot_be_shifted() -> None:
    assert hash_id("o", "ab", "c") != hash_id("o", "a", "bc")


def test_lookups_of_two_tenants_differ() -> None:
    assert lookup_hash(b"one", "email", "a@b.c") != lookup_hash(b"two", "email", "a@b.c")


def test_a_stepped_clock_shows_utc_and_moves_when_told() -> None:
    clock = SteppedClock(NOON.astimezone(timezone(timedelta(hours=5))))
    assert clock.now() == NOON
    assert clock.now().tzinfo is UTC
    clock.move_to(NOON + timedelta(days=1))
    assert clock.now() == NOON + timedelta(days=1)


def test_a_clock_does_not_start_at_a_naive_time() -> None:
    with pytest.raises(ValueError, match="aware"):
        SteppedClock(datetime(2026, 1, 1))  # noqa: DTZ001 - the fault under test


def test_the_system_clock_is_aware() -> None:
    assert SystemClock().now().tzinfo is UTC
