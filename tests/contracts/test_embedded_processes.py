"""Several processes on one embedded store: nothing lost, nothing shared twice, nothing broken."""

import asyncio
import multiprocessing
import os
import signal
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from shared.adapters.embedded.documents import EmbeddedDocuments
from shared.kernel.clock import SteppedClock, SystemClock
from shared.kernel.conditions import Assign, Condition, Increment
from shared.kernel.documents import Container, Create, Order, Patch, Replace
from shared.kernel.errors import GuardFailed
from tests.contracts.store_contract import START, THING, Thing, drain, put, read, walk, write

SPAWN = multiprocessing.get_context("spawn")  # a forked child would inherit locks and threads
WRITERS, TURNS = 3, 60


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "store.db")


@pytest.fixture
async def store(path: str) -> AsyncIterator[EmbeddedDocuments]:
    store = EmbeddedDocuments(path, clock=SystemClock(), synchronous="NORMAL")
    yield store
    await store.close()


def run(job: Callable[..., Any], path: str, *arguments: Any) -> None:
    """The whole life of a child process: one coroutine on a store of its own."""

    async def live() -> None:
        store = EmbeddedDocuments(path, clock=SystemClock(), synchronous="NORMAL")
        await job(store, *arguments)
        await store.close()

    asyncio.run(live())


def start(job: Callable[..., Any], path: str, *arguments: Any) -> Any:
    process = SPAWN.Process(target=run, args=(job, path, *arguments))
    process.start()
    return process


async def finish(*processes: Any) -> None:
    for process in processes:
        await asyncio.to_thread(process.join, 60)
        assert process.exitcode == 0


# -- the children ------------------------------------------------------------------------------


async def add_blindly_and_by_etag(store: EmbeddedDocuments, name: str) -> None:
    for turn in range(TURNS):
        await write(
            store,
            Patch(THING, "patched", (Increment("count", 1),)),
            Create(THING, f"{name}-{turn}", Thing(name=name, count=turn)),
        )
        while not await _replaced(store):
            pass
        if turn % 20 == 0:
            await store.checkpoint()


async def _replaced(store: EmbeddedDocuments) -> bool:
    found = await read(store, "replaced")
    body = Thing(count=(found.body.count or 0) + 1)
    try:
        await write(store, Replace(THING, "replaced", body, found.etag))
    except GuardFailed:
        return False
    return True


async def buy_until_sold_out(store: EmbeddedDocuments, pipe: Connection) -> None:
    bought = 0
    take = Patch(THING, "stock", (Increment("count", -1),), (Condition("count", "ge", 1),))
    while True:
        try:
            await write(store, take)
        except GuardFailed:
            break
        bought += 1
    pipe.send(bought)


async def relay(store: EmbeddedDocuments, pipe: Connection) -> None:
    """Read what can be had; then say what that was, and wait until told to leave."""
    feed = store.feed(Container.ORDERS, "relay")
    while True:
        pipe.send([change.id for change in await drain(feed, limit=7)])
        if not await asyncio.to_thread(pipe.recv):
            break
    await feed.close()


async def write_without_end(store: EmbeddedDocuments, pipe: Connection) -> None:
    for turn in range(1_000_000):
        await write(
            store,
            Create(THING, f"t{turn:07}", Thing(count=turn, name="x" * 2_000)),
            Patch(THING, "counter", (Increment("count", 1), Assign("name", f"t{turn:07}"))),
        )
        pipe.send(turn)
        if turn % 7 == 0:
            await store.checkpoint()


# -- the tests ---------------------------------------------------------------------------------


async def test_processes_lose_none_of_each_others_updates(
    store: EmbeddedDocuments, path: str
) -> None:
    await put(store, "patched", Thing(count=0))
    await put(store, "replaced", Thing(count=0))
    children = [start(add_blindly_and_by_etag, path, f"w{n}") for n in range(WRITERS - 1)]
    await add_blindly_and_by_etag(store, "here")
    await finish(*children)
    assert (await read(store, "patched")).body.count == WRITERS * TURNS
    assert (await read(store, "replaced")).body.count == WRITERS * TURNS
    assert len(await walk(store, where=[Condition("name", "gt", "")], limit=50)) == WRITERS * TURNS
    etags = [(await read(store, f"w{n}-{turn}")).etag for n in range(2) for turn in range(TURNS)]
    assert len(set(etags)) == 2 * TURNS


async def test_processes_never_sell_a_unit_twice(store: EmbeddedDocuments, path: str) -> None:
    await put(store, "stock", Thing(count=100))
    pipes = [SPAWN.Pipe() for _ in range(2)]
    children = [start(buy_until_sold_out, path, theirs) for _, theirs in pipes]
    await finish(*children)
    assert sum(ours.recv() for ours, _ in pipes) == 100
    assert (await read(store, "stock")).body.count == 0
    _close(pipes)


async def test_two_processes_share_a_feed_without_gaps(store: EmbeddedDocuments, path: str) -> None:
    for n in range(60):
        await put(store, f"t{n:02}", Thing(), key=f"k{n % 12}")
    pipes = [SPAWN.Pipe() for _ in range(2)]
    children = [start(relay, path, theirs) for _, theirs in pipes]
    seen: list[str] = []
    for ours, _ in pipes:
        seen += await asyncio.to_thread(ours.recv)
    for ours, _ in pipes:
        ours.send(False)
    await finish(*children)
    # Leases keep the two apart: each change came to one of them, once.
    assert sorted(seen) == [f"t{n:02}" for n in range(60)]
    _close(pipes)


@pytest.mark.parametrize("survived", [3, 17, 40])
async def test_a_writer_killed_in_the_middle_leaves_the_store_whole(
    path: str, survived: int
) -> None:
    first = EmbeddedDocuments(path, clock=SystemClock())
    await put(first, "counter", Thing(count=0))
    ours, theirs = SPAWN.Pipe()
    child = start(write_without_end, path, theirs)
    acknowledged = -1
    while acknowledged < survived:
        acknowledged = await asyncio.to_thread(ours.recv)
    os.kill(child.pid, signal.SIGKILL)
    await asyncio.to_thread(child.join)
    while ours.poll():
        acknowledged = ours.recv()
    await put(first, "after", Thing())
    counter = (await read(first, "counter")).body
    ids = await walk(first, where=[Condition("count", "ge", 0)], order=Order("name"), limit=7)
    written = sorted(id for id in ids if id.startswith("t"))
    assert counter.count in {acknowledged + 1, acknowledged + 2}  # one may have gone unheard
    assert written == [f"t{n:07}" for n in range(counter.count or 0)]
    assert counter.name == written[-1]
    await first.close()
    _close([(ours, theirs)])


async def test_a_dead_readers_ranges_pass_on_at_once(path: str) -> None:
    store = EmbeddedDocuments(path, clock=SteppedClock(SystemClock().now()))
    for n in range(20):
        await put(store, f"t{n:02}", Thing(), key=f"k{n}")
    ours, theirs = SPAWN.Pipe()
    child = start(relay, path, theirs)
    assert len(await asyncio.to_thread(ours.recv)) == 20
    await put(store, "later", Thing())
    waiting = store.feed(Container.ORDERS, "relay")
    assert await drain(waiting) == []
    os.kill(child.pid, signal.SIGKILL)
    await asyncio.to_thread(child.join)
    feed = store.feed(Container.ORDERS, "relay")
    await waiting.close()
    assert [change.id for change in await drain(feed)] == ["later"]
    await store.close()
    _close([(ours, theirs)])


async def test_the_ranges_of_a_reader_that_no_process_id_names_pass_on_when_its_leases_end(
    path: str,
) -> None:
    clock = SteppedClock(SystemClock().now())
    gone = EmbeddedDocuments(path, clock=clock, new_owner=lambda: "elsewhere")
    store = EmbeddedDocuments(path, clock=clock)
    await put(store, "first", Thing())
    assert [change.id for change in await drain(gone.feed(Container.ORDERS, "relay"))] == ["first"]
    await put(store, "later", Thing())
    feed = store.feed(Container.ORDERS, "relay")
    assert await drain(feed) == []
    clock.advance(timedelta(seconds=60))
    assert [change.id for change in await drain(feed)] == ["later"]
    await store.close()
    await gone.close()


async def test_a_log_that_outgrows_its_limit_is_emptied_by_the_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.adapters.embedded.sqlite.WAL_BYTES_MAX", 200_000)
    monkeypatch.setattr("shared.adapters.embedded.sqlite.WAL_LOOK_EVERY", 4)
    clock = SteppedClock(START)
    store = EmbeddedDocuments(str(tmp_path / "s.db"), clock=clock, synchronous="NORMAL")
    sizes = []
    for n in range(80):
        await put(store, f"t{n}", Thing(note="x" * 20_000))
        await asyncio.to_thread(lambda: None)  # lets the writer's thread have its turn
        sizes.append((tmp_path / "s.db-wal").stat().st_size)
    assert max(sizes) < 1_000_000  # of 1,600,000 written
    assert len(await walk(store)) == 80
    await store.close()


def _close(pipes: list[tuple[Connection, Connection]]) -> None:
    for pair in pipes:
        for end in pair:
            end.close()
