"""Queued demand and who is served first."""

from typing import Any

from shared.contracts.stock import Queue, Unqueue
from shared.inventory import service as inventory
from shared.inventory.decide.amounts import Sight
from shared.inventory.decide.rules import Site
from shared.inventory.decide.waiting import demand_operations, next_wait, wait_document
from shared.inventory.model import Outcome, Pool, StockRules
from shared.kernel.documents import Create, Documents, Patch
from shared.kernel.errors import WriteLost
from tests.unit.inventory.stock import NOW, SKU, TENANT, a_store, a_wait, is_clean, minutes


class Counted:
    """A store that counts its writes, and those that were lost."""

    def __init__(self, store: Documents) -> None:
        self._store, self.batches, self.lost = store, 0, 0

    async def batch(self, *asked: Any) -> tuple[str, ...]:
        self.batches += 1
        try:
            return await self._store.batch(*asked)
        except WriteLost:
            self.lost += 1
            raise

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def an_unqueue(**changes: Any) -> Unqueue:
    usual = {"sku": SKU, "order_id": "o_7k2", "line_id": "1", "part": 1}
    return Unqueue.model_validate(usual | changes)


async def demand(store: Documents) -> tuple[dict[str, int], dict[str, int]]:
    found = await inventory.demand(store, TENANT, SKU)
    return found.pools, found.pickups


async def queue(store: Documents, **changes: object) -> Outcome:
    return await inventory.perform(store, TENANT, Queue(wait=a_wait(**changes)), NOW)


async def test_demand_is_queued_once() -> None:
    async with a_store() as store:
        assert await queue(store) is Outcome.DONE
        assert await queue(store) is Outcome.REPEATED
        assert await demand(store) == ({"web": 2}, {})


async def test_pickups_are_summed_at_their_store_only() -> None:
    async with a_store() as store:
        await queue(store)
        await queue(store, part=2, pickup_location="paris", quantity=3)
        assert await demand(store) == ({"web": 2}, {"paris": 3})


async def test_a_part_queued_again_with_another_quantity_is_counted_anew() -> None:
    async with a_store() as store:
        await queue(store)
        await queue(store, quantity=5, generation=5)
        assert await demand(store) == ({"web": 5}, {})
        assert await is_clean(store)


async def test_unqueueing_ends_the_wait_for_good() -> None:
    async with a_store() as store:
        await queue(store)
        for outcome in (Outcome.DONE, Outcome.REPEATED):
            assert await inventory.perform(store, TENANT, an_unqueue(), NOW) is outcome
        assert await queue(store, generation=99) is Outcome.REPEATED
        assert await demand(store) == ({"web": 0}, {})


async def test_an_unqueue_that_overtakes_its_queue_task_wins() -> None:
    async with a_store() as store:
        task = an_unqueue(generation=4)
        assert await inventory.perform(store, TENANT, task, NOW) is Outcome.DONE
        assert await queue(store, generation=3) is Outcome.REPEATED
        assert await demand(store) == ({}, {})
        assert await queue(store, generation=5) is Outcome.DONE
        assert await demand(store) == ({"web": 2}, {})


async def test_the_parts_of_one_event_are_queued_in_one_write() -> None:
    async with a_store() as store:
        counted = Counted(store)
        tasks = [Queue(wait=a_wait(part=part)) for part in (1, 2, 3)]
        for outcome in (Outcome.DONE, Outcome.REPEATED):
            assert await inventory.queue(counted, TENANT, SKU, tasks) is outcome
        assert (counted.batches, counted.lost) == (3, 2)  # its sums' first unit; its repetition
        assert await demand(store) == ({"web": 6}, {})
        assert await is_clean(store)


async def test_what_was_queued_before_is_read_and_then_written_once() -> None:
    async with a_store() as store:
        await queue(store)
        counted = Counted(store)
        tasks: list[Queue | Unqueue] = [
            Queue(wait=a_wait(quantity=4, generation=5)),
            an_unqueue(part=2),
        ]
        assert await inventory.queue(counted, TENANT, SKU, tasks) is Outcome.DONE
        assert (counted.batches, counted.lost) == (1, 0)
        assert await demand(store) == ({"web": 4}, {})


async def test_of_two_tasks_of_one_part_the_later_generation_counts() -> None:
    async with a_store() as store:
        await queue(store)
        tasks: list[Queue | Unqueue] = [
            an_unqueue(generation=4),
            Queue(wait=a_wait(quantity=1, generation=3)),
        ]
        assert await inventory.queue(store, TENANT, SKU, tasks) is Outcome.DONE
        assert await demand(store) == ({"web": 0}, {})


async def test_waiters_are_served_by_priority_promise_and_acceptance() -> None:
    async with a_store() as store:
        await queue(store, part=1, accepted_at=minutes(2))
        await queue(store, part=2, accepted_at=minutes(1))
        await queue(store, part=3, accepted_at=minutes(3), promise_by=minutes(100))
        await queue(store, part=4, accepted_at=minutes(4), priority=5)
        await queue(store, part=5, accepted_at=minutes(5), priority=-5, promise_by=minutes(1))
        found = await inventory.waiters(store, TENANT, SKU)
        assert [wait.part for wait in found] == [4, 3, 2, 1, 5]
        two = await inventory.waiters(store, TENANT, SKU, limit=2)
        assert [wait.part for wait in two] == [4, 3]


async def test_a_location_serves_waiters_of_its_pools_and_its_own_pickups() -> None:
    pools = (Pool(pool_id="web", locations=("berlin",)), Pool(pool_id="fr", groups=("france",)))
    rules = StockRules(pools=pools)
    async with a_store() as store:
        await queue(store, part=1)
        await queue(store, part=2, pool_id="fr")
        await queue(store, part=3, pickup_location="paris")
        await queue(store, part=4, pool_id="all")
        paris = Site("paris", frozenset({"france"}))
        found = await inventory.waiters(store, TENANT, SKU, site=paris, rules=rules)
        assert [wait.part for wait in found] == [2, 3, 4]
        found = await inventory.waiters(store, TENANT, SKU, site=Site("berlin"), rules=rules)
        assert [wait.part for wait in found] == [1, 4]


async def test_units_for_which_nobody_waits_there_ask_for_no_waiter() -> None:
    rules = StockRules(pools=(Pool(pool_id="web", locations=("berlin",)),))
    async with a_store() as store:
        await queue(store, part=1)
        await queue(store, part=2, pickup_location="lyon")
        found = await inventory.waiters(store, TENANT, SKU, site=Site("paris"), rules=rules)
        assert found == ()


def test_an_older_task_does_not_change_a_wait() -> None:
    wait = a_wait()
    assert next_wait(wait_document(wait), wait) is None


def test_many_sums_are_written_in_patches_of_ten() -> None:
    sums = {f"pools/p{number:02}": 1 for number in range(12)}
    patches = demand_operations(sums, Sight())
    assert [len(p.operations) for p in patches if isinstance(p, Patch)] == [10, 2]
    (create,) = demand_operations(sums, Sight(has_demand=False))
    assert isinstance(create, Create)
