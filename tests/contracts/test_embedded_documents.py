"""The embedded store under the contract of all stores, and what is its own."""

import asyncio
import random
import sqlite3
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from shared.adapters.embedded.adversarial import AdversarialFeed
from shared.adapters.embedded.documents import EmbeddedDocuments
from shared.adapters.embedded.faults import Crash
from shared.adapters.embedded.opening import LockFile, Synchronous, UnreadableDatabase
from shared.kernel.clock import SteppedClock
from shared.kernel.conditions import Condition, Increment
from shared.kernel.documents import Change, Container, Create, Feed, Order, Patch, Replace
from shared.kernel.errors import Corrupt, Exists, GuardFailed, Unavailable
from tests.contracts.store_contract import (
    MASTER_THING,
    START,
    STOCK_THING,
    THING,
    StoreContract,
    Thing,
    drain,
    put,
    read,
    walk,
    write,
)

Opening: TypeAlias = Callable[..., EmbeddedDocuments]


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(START)


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "store.db")


@pytest.fixture
async def in_memory(clock: SteppedClock) -> AsyncIterator[Opening]:
    opened: list[EmbeddedDocuments] = []

    def open_one(**options: Any) -> EmbeddedDocuments:
        opened.append(EmbeddedDocuments(":memory:", clock=clock, threaded=False, **options))
        return opened[-1]

    yield open_one
    for store in opened:
        await store.close()


@pytest.fixture
async def store(clock: SteppedClock, path: str) -> AsyncIterator[EmbeddedDocuments]:
    store = EmbeddedDocuments(path, clock=clock)
    yield store
    await store.close()


class TestEmbedded(StoreContract):
    @pytest.fixture
    async def store(self, clock: SteppedClock, path: str) -> AsyncIterator[EmbeddedDocuments]:
        store = EmbeddedDocuments(path, clock=clock, synchronous="NORMAL")
        yield store
        await store.close()


class TestEmbeddedInMemory(StoreContract):
    @pytest.fixture
    async def store(self, clock: SteppedClock) -> AsyncIterator[EmbeddedDocuments]:
        store = EmbeddedDocuments(":memory:", clock=clock, threaded=False)
        yield store
        await store.close()


class TestEmbeddedInTheCaller(StoreContract):
    @pytest.fixture
    async def store(self, clock: SteppedClock, path: str) -> AsyncIterator[EmbeddedDocuments]:
        store = EmbeddedDocuments(path, clock=clock, synchronous="NORMAL", threaded=False)
        yield store
        await store.close()


def change_file(path: str, statement: str, *values: object) -> None:
    """Do to the file what only a fault of the disk would."""
    with sqlite3.connect(path, isolation_level=None) as connection:
        connection.execute(statement, values)
    connection.close()


# -- damage ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "damage",
    [
        "SET body = CAST(replace(body, 'boots', 'BOOTS') AS BLOB)",
        "SET seq = seq + 1",
        "SET expires = 99999999999999999",
        "SET checksum = x'00'",
    ],
)
async def test_a_damaged_document_is_refused_and_the_others_are_served(
    store: EmbeddedDocuments, path: str, damage: str
) -> None:
    await put(store, "a", Thing(name="boots", count=1))
    await put(store, "b", Thing(name="shoes", count=2))
    change_file(path, f"UPDATE documents {damage} WHERE id = 'a'")
    with pytest.raises(Corrupt):
        await read(store, "a")
    with pytest.raises(Corrupt):
        await write(store, Patch(THING, "a", (Increment("count", 1),)))
    with pytest.raises(Corrupt):
        await walk(store)
    assert (await read(store, "b")).body.name == "shoes"
    assert await walk(store, where=[Condition("name", "eq", "shoes")]) == ["b"]
    changes = await drain(store.feed(Container.ORDERS, "relay"))
    assert {change.id: change.body for change in changes} == {
        "a": b"",  # to be parked by the reader, whom it must not stop for ever
        "b": THING.encode(Thing(name="shoes", count=2)),
    }


async def test_a_document_in_another_ones_place_is_refused(
    store: EmbeddedDocuments, path: str
) -> None:
    await put(store, "a", Thing(), tenant="rival")
    change_file(path, "UPDATE documents SET tenant = 'acme' WHERE id = 'a'")
    with pytest.raises(Corrupt):
        await read(store, "a")


def test_what_is_no_database_is_not_opened(path: str, clock: SteppedClock) -> None:
    Path(path).write_bytes(b"an order list, kept by hand\n" * 100)
    with pytest.raises(UnreadableDatabase) as caught:
        EmbeddedDocuments(path, clock=clock)
    assert caught.value.path == path
    assert Path(path).read_bytes() == b"an order list, kept by hand\n" * 100


def test_another_programs_database_is_not_opened(path: str, clock: SteppedClock) -> None:
    change_file(path, "CREATE TABLE recipes(name)")
    with pytest.raises(UnreadableDatabase, match="another program's"):
        EmbeddedDocuments(path, clock=clock)


async def test_a_newer_versions_database_is_not_opened(path: str, clock: SteppedClock) -> None:
    await EmbeddedDocuments(path, clock=clock).close()
    change_file(path, "PRAGMA user_version = 99")
    with pytest.raises(UnreadableDatabase, match="newer"):
        EmbeddedDocuments(path, clock=clock)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path, clock: SteppedClock) -> None:
    path = str(tmp_path / "gone" / "store.db")
    with pytest.raises(UnreadableDatabase, match="gone"):
        EmbeddedDocuments(path, clock=clock)


async def test_a_full_disk_is_unavailable_and_later_writes_succeed(
    store: EmbeddedDocuments,
) -> None:
    await put(store, "a", Thing())
    await _limit_pages(store, 1)
    writes = [put(store, f"t{n}", Thing(note="x" * 500_000), key=f"k{n}") for n in range(3)]
    results = await asyncio.gather(*writes, return_exceptions=True)
    assert [str(result) for result in results] == ["the disk is full"] * 3
    assert all(isinstance(result, Unavailable) for result in results)
    await _limit_pages(store, 1_000_000)
    await put(store, "b", Thing())
    assert await walk(store) == ["a", "b"]


async def _limit_pages(store: EmbeddedDocuments, pages: int) -> None:
    """Let SQLite itself find the file full, at its present size at the least."""

    def limit(connection: sqlite3.Connection) -> None:
        connection.execute(f"PRAGMA max_page_count={pages}").fetchall()

    await store._database.write(limit)


# -- one file, many writers --------------------------------------------------------------------


async def test_of_writes_that_share_a_commit_only_the_failing_ones_fail(
    store: EmbeddedDocuments,
) -> None:
    await put(store, "taken", Thing())
    await put(store, "counter", Thing(count=3))
    take = Patch(THING, "counter", (Increment("count", -1),), (Condition("count", "ge", 1),))
    writes = [put(store, f"t{n}" if n % 3 else "taken", Thing(count=n)) for n in range(30)]
    results = await asyncio.gather(
        *writes, *(write(store, take) for _ in range(5)), return_exceptions=True
    )
    assert [type(r) for r in results[:30]] == [str if n % 3 else Exists for n in range(30)]
    assert [isinstance(r, GuardFailed) for r in results[30:]] == [False] * 3 + [True] * 2
    assert len(await walk(store, where=[Condition("count", "ge", 1)])) == 20
    assert (await read(store, "counter")).body.count == 0


async def test_a_store_that_is_opened_again_has_everything(path: str, clock: SteppedClock) -> None:
    first = EmbeddedDocuments(path, clock=clock)
    etag = await put(first, "a", Thing(name="x"))
    await drain(first.feed(Container.ORDERS, "relay"))
    await first.close()
    second = EmbeddedDocuments(path, clock=clock)
    assert (await read(second, "a")).etag == etag
    assert await put(second, "b", Thing()) != etag
    clock.advance(timedelta(seconds=16))
    assert [c.id for c in await drain(second.feed(Container.ORDERS, "relay"))] == ["b"]
    await second.close()


def test_a_loop_that_ends_before_its_writes_does_not_hold_up_the_next(
    path: str, clock: SteppedClock
) -> None:
    store = EmbeddedDocuments(path, clock=clock, synchronous="NORMAL")

    async def give_up() -> None:
        task = asyncio.ensure_future(put(store, "a", Thing()))
        await asyncio.wait([task], timeout=0)
        task.cancel()

    async def go_on() -> None:
        await put(store, "b", Thing())
        assert (await read(store, "b")).id == "b"
        await store.close()

    asyncio.run(give_up())
    asyncio.run(go_on())


@pytest.mark.parametrize("synchronous", ["FULL", "NORMAL"])
async def test_a_write_that_waited_too_long_is_refused_and_never_done(
    path: str, clock: SteppedClock, monkeypatch: pytest.MonkeyPatch, synchronous: Synchronous
) -> None:
    monkeypatch.setattr("shared.adapters.embedded.sqlite.BUSY_S", 0.05)
    store = EmbeddedDocuments(path, clock=clock, synchronous=synchronous)
    other_process = LockFile(f"{path}.lock")
    other_process.acquire()
    writes = [put(store, f"t{n}", Thing()) for n in range(3)]
    results = await asyncio.gather(*writes, return_exceptions=True)
    assert [type(result) for result in results] == [Unavailable] * 3
    other_process.release()
    other_process.close()
    monkeypatch.undo()
    await put(store, "later", Thing())
    assert await walk(store) == ["later"]
    await store.close()


async def test_a_closed_store_is_unavailable(path: str, clock: SteppedClock) -> None:
    store = EmbeddedDocuments(path, clock=clock)
    await store.close()
    await store.close()
    with pytest.raises(Unavailable):
        await put(store, "a", Thing())


async def test_an_erased_text_is_in_none_of_the_files_after_a_checkpoint(
    store: EmbeddedDocuments, tmp_path: Path, clock: SteppedClock
) -> None:
    await put(store, "a", Thing(name="Erika", note="Musterfrau" * 1000, tags=("Mustertag",)))
    await put(store, "b", Thing(name="Maximilian"), ttl_s=5)
    await write(store, Patch(THING, "a", (Increment("count", 1),)))
    current = await read(store, "a")
    await write(store, Replace(THING, "a", Thing(name="nobody"), current.etag))
    clock.advance(timedelta(seconds=5))
    await store.checkpoint()
    files = _all_bytes(tmp_path)
    for text in (b"Erika", b"Musterfrau", b"Mustertag", b"Maximilian"):
        assert text not in files
    assert b"nobody" in files


def _all_bytes(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def test_what_has_ended_is_forgotten_in_passing(
    store: EmbeddedDocuments, path: str, clock: SteppedClock
) -> None:
    for n in range(10):
        await put(store, f"t{n}", Thing(name="x", tags=("y",)), ttl_s=5)
    clock.advance(timedelta(seconds=5))
    for n in range(16):
        await put(store, f"u{n}", Thing())
    with sqlite3.connect(path) as connection:
        left = connection.execute("SELECT count(*) FROM documents WHERE id LIKE 't%'").fetchone()
        rows = connection.execute("SELECT count(*) FROM fields WHERE id LIKE 't%'").fetchone()
    connection.close()
    assert (left, rows) == ((0,), (0,))


async def test_queries_use_an_index_whatever_they_ask(store: EmbeddedDocuments) -> None:
    statements: list[str] = []
    connection = store._database.reader()
    for kind in (THING, STOCK_THING, MASTER_THING):
        await put(store, "a", Thing(name="x", count=1, tags=("y",)), kind=kind)
        connection.set_trace_callback(statements.append)
        for key in (None, "k"):
            for where in (
                (),
                (Condition("name", "eq", "x"),),
                (Condition("tags", "contains", "y"),),
            ):
                for order in (None, Order("count"), Order("name", descending=True)):
                    page = await store.query("acme", kind, key=key, where=where, order=order)
                    assert [item.id for item in page.items] == ["a"]
        connection.set_trace_callback(None)
    selects = [statement for statement in statements if statement.startswith("SELECT")]
    assert len(selects) > 54
    for statement in selects:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
        assert all("SEARCH" in step for step in plan if "documents" in step or " f " in step), plan


async def test_an_idle_reader_costs_no_statement(store: EmbeddedDocuments) -> None:
    feed = store.feed(Container.ORDERS, "relay")
    await drain(feed)
    await drain(feed)
    assert feed.has_news() is False
    await put(store, "a", Thing())
    assert feed.has_news() is True


async def test_the_relay_is_woken_by_each_commit(store: EmbeddedDocuments) -> None:
    woken: list[str] = []
    store.on_commit.append(lambda: woken.append("up"))
    await put(store, "a", Thing())
    await put(store, "b", Thing())
    assert woken == ["up", "up"]


# -- faults ------------------------------------------------------------------------------------


class Planned:
    """Fails the named call before or after it, once."""

    def __init__(self, moment: str, call: str, error: BaseException) -> None:
        self.plan: tuple[str, str] | None = (moment, call)
        self.error = error

    async def before(self, call: str, _detail: object) -> None:
        self._meet("before", call)

    async def after(self, call: str, _detail: object) -> None:
        self._meet("after", call)

    def _meet(self, moment: str, call: str) -> None:
        if self.plan == (moment, call):
            self.plan = None
            raise self.error


@pytest.mark.parametrize("error", [Unavailable("throttled"), Crash()])
@pytest.mark.parametrize(("moment", "count"), [("before", 0), ("after", 1)])
async def test_a_fault_before_a_write_prevents_it_and_one_after_does_not(
    in_memory: Opening, moment: str, count: int, error: BaseException
) -> None:
    faults = Planned(moment, "documents.batch", error)
    store = in_memory(faults=faults)
    with pytest.raises(type(error)):
        await put(store, "a", Thing())
    assert len(await walk(store)) == count


@pytest.mark.parametrize(
    "call", ["documents.get", "documents.query", "feed.read", "feed.checkpoint"]
)
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_every_call_has_its_fault_points(in_memory: Opening, moment: str, call: str) -> None:
    faults = Planned(moment, call, Unavailable("throttled"))
    store = in_memory(faults=faults)
    await put(store, "a", Thing())
    feed = store.feed(Container.ORDERS, "relay")
    with pytest.raises(Unavailable, match="throttled"):
        await _use(store, feed)
    assert faults.plan is None
    await _use(store, feed)


async def _use(store: EmbeddedDocuments, feed: Feed) -> None:
    await read(store, "a")
    await walk(store)
    await drain(feed)


# -- simulation --------------------------------------------------------------------------------


async def test_one_seed_gives_one_history(in_memory: Opening) -> None:
    seven = await _history(7, in_memory)
    assert await _history(7, in_memory) == seven
    assert await _history(8, in_memory) != seven


async def _history(seed: int, in_memory: Opening) -> list[str]:
    chance = random.Random(seed)
    store = in_memory(new_owner=lambda: "reader")
    feed = AdversarialFeed(store.feed(Container.ORDERS, "relay"), chance)
    told: list[str] = []

    async def act(number: int) -> None:
        for step in range(20):
            id = f"t{chance.randrange(30)}"
            try:
                told.append(await put(store, id, Thing(count=number), key=f"k{step % 3}"))
            except Exists as error:
                told.append(str(error))
            for batch in await feed.read(5):
                told.append(repr(batch))
                await feed.checkpoint(batch)

    await asyncio.gather(*(act(number) for number in range(4)))
    return told


async def test_an_adversarial_feed_loses_nothing_and_keeps_partitions_in_order(
    in_memory: Opening,
) -> None:
    store = in_memory()
    feed = AdversarialFeed(
        store.feed(Container.ORDERS, "relay"), random.Random(3), late=0.3, again=0.3
    )
    for n in range(60):
        await put(store, f"t{n:02}", Thing(), key=f"k{n % 6}")
    seen: list[Change] = []
    for _ in range(100):
        for batch in await feed.read(10):
            seen += batch.changes
            assert await feed.checkpoint(batch)
    assert {change.id for change in seen} == {f"t{n:02}" for n in range(60)}
    assert len(seen) > 60  # some came again
    first = list(dict.fromkeys(change.id for change in seen))
    for key in range(6):
        mine = [id for id in first if int(id[1:]) % 6 == key]
        assert mine == sorted(mine)
    assert first != sorted(first)  # and partitions were mixed


async def test_a_create_in_memory_and_in_a_file_gives_the_same_etags(
    store: EmbeddedDocuments, in_memory: Opening
) -> None:
    memory = in_memory()
    operations = [Create(THING, f"t{n}", Thing(count=n)) for n in range(3)]
    assert await write(memory, *operations) == await write(store, *operations) == ("1", "2", "3")
