"""A location's capacity against a plain count: a limit of n admits exactly n, in any order."""

import asyncio
from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from shared.adapters.embedded.documents import EmbeddedDocuments
from shared.catalog import capacity
from shared.catalog.service import capacity_of_days, capacity_taken
from shared.catalog.service.reading import CAPACITY_READS_MAX
from shared.kernel.clock import SteppedClock
from tests.unit.catalog.interleaving import an_interleaved_store

TENANT, PLACE = "acme", "berlin"
NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
DAYS = ("2026-11-02", "2026-11-03")
NAMES = tuple(f"o_1.f{number}" for number in range(6))
LIMITS = {DAYS[0]: 5, DAYS[1]: 3}


def a_store() -> EmbeddedDocuments:
    return EmbeddedDocuments(":memory:", clock=SteppedClock(NOW), threaded=False)


class CapacityHistory(RuleBasedStateMachine):
    """Takes and returns in any order, repeated at will; `held` is the count on paper."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.store = a_store()
        self.held: dict[str, tuple[str, int]] = {}
        self.spent: set[str] = set()

    def used(self, day: str) -> int:
        return sum(units for on, units in self.held.values() if on == day)

    @rule(name=st.sampled_from(NAMES), day=st.sampled_from(DAYS), units=st.integers(1, 4))
    def take(self, name: str, day: str, units: int) -> None:
        has_it = name in self.held
        fits = self.used(day) + units <= LIMITS[day]
        answer = self.runner.run(
            capacity.take(
                self.store, TENANT, PLACE, day, fulfillment_id=name, units=units, limit=LIMITS[day]
            )
        )
        assert answer is (has_it or (fits and name not in self.spent))
        if answer and not has_it:
            self.held[name] = (day, units)

    @rule(name=st.sampled_from(NAMES))
    def give_back(self, name: str) -> None:
        answer = self.runner.run(capacity.give_back(self.store, TENANT, PLACE, name))
        assert answer is (self.held.pop(name, None) is not None)
        self.spent.add(name)

    @invariant()
    def the_counters_are_the_sum_of_what_is_held(self) -> None:
        for day in DAYS:
            found = self.runner.run(capacity.taken(self.store, TENANT, PLACE, day))
            assert found == self.used(day) <= LIMITS[day]

    @invariant()
    def who_holds_capacity_is_known(self) -> None:
        for name in NAMES:
            found = self.runner.run(capacity.is_taken(self.store, TENANT, PLACE, name))
            assert found is (name in self.held)

    def teardown(self) -> None:
        self.runner.run(self.store.close())
        self.runner.close()


TestCapacityHistory = CapacityHistory.TestCase
TestCapacityHistory.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, database=None
)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("limit", [0, 1, 7])
async def test_of_many_takers_at_once_a_limit_of_n_admits_exactly_n(limit: int, seed: int) -> None:
    async with an_interleaved_store(seed) as (store, _):
        names = [f"o_{n % 30}.f1" for n in range(45)]  # half of them ask twice
        work = [
            capacity.take(store, TENANT, PLACE, DAYS[0], fulfillment_id=name, units=1, limit=limit)
            for name in names
        ]
        answers = await asyncio.gather(*work)
        won = {name for name, answer in zip(names, answers, strict=True) if answer}
        assert len(won) == limit
        assert await capacity.taken(store, TENANT, PLACE, DAYS[0]) == limit


@pytest.mark.parametrize("seed", range(4))
async def test_one_take_given_back_by_many_at_once_is_given_back_once(seed: int) -> None:
    async with an_interleaved_store(seed) as (store, _):
        assert await capacity.take(
            store, TENANT, PLACE, DAYS[0], fulfillment_id="o_1.f1", units=2, limit=3
        )
        work = [capacity.give_back(store, TENANT, PLACE, "o_1.f1") for _ in range(4)]
        assert Counter(await asyncio.gather(*work)) == Counter({True: 1, False: 3})
        assert await capacity.taken(store, TENANT, PLACE, DAYS[0]) == 0


async def test_more_than_a_whole_day_is_never_taken() -> None:
    store = a_store()
    assert not await capacity.take(
        store, TENANT, PLACE, DAYS[0], fulfillment_id="o_1.f1", units=4, limit=3
    )
    assert not await capacity.is_taken(store, TENANT, PLACE, "o_1.f1")
    await store.close()


async def test_each_locations_day_is_counted_apart() -> None:
    store = a_store()
    for place, day, units in (("berlin", DAYS[0], 2), ("bonn", DAYS[1], 3)):
        assert await capacity.take(
            store, TENANT, place, day, fulfillment_id=f"o_{place}.f1", units=units, limit=9
        )
    assert await capacity_of_days(store, TENANT, DAYS) == {"berlin": 2, "bonn": 3}
    assert await capacity_of_days(store, "other", DAYS) == {}
    asked = {"berlin": DAYS[0], "bonn": DAYS[1], "none": DAYS[0]}
    assert await capacity_taken(store, TENANT, asked) == {"berlin": 2, "bonn": 3, "none": 0}
    many = asked | {f"other-{n}": DAYS[0] for n in range(CAPACITY_READS_MAX)}
    assert await capacity_taken(store, TENANT, many) == {"berlin": 2, "bonn": 3}
    await store.close()
