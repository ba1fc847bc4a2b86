"""A walk over a query, page by page."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from shared.adapters.embedded.documents import EmbeddedDocuments
from shared.kernel.clock import SteppedClock
from shared.kernel.documents import Container, Create, Document, Kind, pages

TENANT = "acme"


class Note(Document):
    text: str


NOTES = Kind(Container.MASTER, "note", Note)


@pytest.fixture
async def store() -> AsyncIterator[EmbeddedDocuments]:
    clock = SteppedClock(datetime(2026, 11, 2, 9, 0, tzinfo=UTC))
    opened = EmbeddedDocuments(":memory:", clock=clock, threaded=False)
    notes = [Create(NOTES, name, Note(text=name)) for name in ("a", "b", "c")]
    await opened.batch(TENANT, NOTES.container, "board", notes)
    yield opened
    await opened.close()


async def test_a_walk_brings_what_stands_on_every_page(store: EmbeddedDocuments) -> None:
    walk = pages(store, TENANT, NOTES, key="board", limit=2)
    assert [item.body.text async for item in walk] == ["a", "b", "c"]


async def test_a_walk_ends_after_its_last_allowed_page(store: EmbeddedDocuments) -> None:
    walk = pages(store, TENANT, NOTES, key="board", limit=1, pages_max=2)
    assert [item.body.text async for item in walk] == ["a", "b"]


async def test_a_walk_over_nothing_brings_nothing(store: EmbeddedDocuments) -> None:
    assert [item async for item in pages(store, TENANT, NOTES, key="wall")] == []
