"""A feed as bad as the port allows, for tests and simulations.

Cosmos DB promises order within a partition key and nothing else. A reader that relies on more,
which the embedded feed would happily give, fails here.
"""

import random
from collections.abc import Sequence
from typing import Final

from shared.kernel.documents import Change, ChangeBatch, Feed

REMEMBERED_MAX: Final = 8  # batches that may come once more


class AdversarialFeed:
    """Shuffles partitions within a batch, brings batches again, and is late.

    Lateness is what coalesces: versions written meanwhile are seen as one.

    Args:
        feed: what is really read.
        chance: decides everything; one seed gives one history.
        late: how often a read finds nothing though there is something.
        again: how often a batch that was checkpointed comes once more.
    """

    def __init__(
        self, feed: Feed, chance: random.Random, *, late: float = 0.1, again: float = 0.1
    ) -> None:
        self._feed, self._chance = feed, chance
        self._late, self._again = late, again
        self._done: list[ChangeBatch] = []
        self.was_late = False  # the last time: there may be something though nothing was found

    async def read(self, limit: int) -> Sequence[ChangeBatch]:
        """Return changes, badly."""
        self.was_late = self._chance.random() < self._late
        if self.was_late:
            return ()
        batches = [self._shuffled(batch) for batch in await self._feed.read(limit)]
        if self._done and self._chance.random() < self._again:
            batches.insert(0, self._shuffled(self._done.pop(0)))
        return batches

    async def checkpoint(self, batch: ChangeBatch) -> bool:
        """Remember the batch as done, and perhaps bring it again nevertheless."""
        is_ours = await self._feed.checkpoint(batch)
        if is_ours and batch.position not in [done.position for done in self._done]:
            self._done = [*self._done, batch][-REMEMBERED_MAX:]
        return is_ours

    async def close(self) -> None:
        """Give the leases back."""
        await self._feed.close()

    def _shuffled(self, batch: ChangeBatch) -> ChangeBatch:
        """Mix the partitions of a batch, each of them in its order."""
        waiting: dict[tuple[str, str], list[Change]] = {}
        for change in batch.changes:
            waiting.setdefault((change.tenant_id, change.key), []).append(change)
        turns = [place for place, changes in waiting.items() for _ in changes]
        self._chance.shuffle(turns)
        return batch._replace(changes=tuple([waiting[place].pop(0) for place in turns]))
