"""Read, decide, write unless another was first."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from shared.adapters.embedded.documents import EmbeddedDocuments
from shared.kernel.clock import SteppedClock
from shared.kernel.documents import Container, Create, Document, Kind, Replace, Stored
from shared.kernel.errors import Unavailable
from shared.kernel.revise import ATTEMPTS_MAX, revised


class Tally(Document):
    count: int


TALLY = Kind(Container.ORDERS, "tally", Tally)


@pytest.fixture
async def store() -> AsyncIterator[EmbeddedDocuments]:
    opened = EmbeddedDocuments(
        ":memory:", clock=SteppedClock(datetime(2026, 11, 2, 9, tzinfo=UTC)), threaded=False
    )
    await opened.batch("acme", Container.ORDERS, "t", (Create(TALLY, "t", Tally(count=0)),))
    yield opened
    await opened.close()


class Counting:
    """Adds one, while others put the tally up to another figure between reading and writing."""

    def __init__(self, store: EmbeddedDocuments, *others: int) -> None:
        self._store, self._others = store, list(others)
        self.seen: list[int] = []

    async def load(self) -> Stored[Tally]:
        stored = await self._store.get("acme", TALLY, "t", "t")
        assert stored is not None
        if self._others:
            other = Replace(TALLY, "t", Tally(count=self._others.pop(0)), stored.etag)
            await self._store.batch("acme", Container.ORDERS, "t", (other,))
        return stored

    def one_more(self, tally: Tally) -> Tally | None:
        self.seen.append(tally.count)
        return Tally(count=tally.count + 1) if tally.count < 9 else None

    async def run(self) -> int:
        def replacing(stored: Stored[Tally], changed: Tally) -> tuple[Replace[Tally]]:
            return (Replace(TALLY, stored.id, changed, stored.etag),)

        done = await revised(
            self._store, "acme", Container.ORDERS, self.load, self.one_more, replacing
        )
        return done.count


async def test_who_comes_second_decides_anew_on_what_the_first_has_written(
    store: EmbeddedDocuments,
) -> None:
    work = Counting(store, 5)
    assert (await work.run(), work.seen) == (6, [0, 5])


async def test_what_is_done_already_is_not_written(store: EmbeddedDocuments) -> None:
    work = Counting(store, 9)
    assert (await work.run(), work.seen) == (9, [0, 9])


async def test_who_is_overtaken_each_time_is_told_to_come_again(store: EmbeddedDocuments) -> None:
    work = Counting(store, 1, 2, 3, 4, 5)
    with pytest.raises(Unavailable, match="t is being changed by others"):
        await work.run()
    assert len(work.seen) == ATTEMPTS_MAX
