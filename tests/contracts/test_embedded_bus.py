"""The bus contract over the embedded bus, and what only the embedded bus promises."""

import multiprocessing
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from shared.adapters.embedded.bus import EmbeddedBus
from shared.adapters.embedded.bus_owners import Owner, is_alive, this_process
from shared.adapters.embedded.bus_rules import FORGET_EVERY
from shared.adapters.embedded.bus_topology import TopologyError, read_topology
from shared.adapters.embedded.faults import NO_FAULTS, Crash, Faults
from shared.adapters.embedded.opening import MEMORY, LockFile, UnreadableDatabase
from shared.kernel.bus import Bus, LockLost
from shared.kernel.clock import SteppedClock
from shared.kernel.errors import Unavailable
from tests.contracts.bus_contract import (
    MINUTE,
    NOON,
    TOPOLOGY,
    BusContract,
    Stage,
    a_message,
    drain,
    ids,
    one,
    some_messages,
)
from tests.contracts.bus_worker import compete, hold, open_bus

SOME_PROCESS = Owner("simulated", 0, "")
DEAD_PROCESS = Owner("gone", 2**22 + 1, "")  # beyond the highest process id of Linux


def a_bus(path: str, clock: SteppedClock, **changes: Any) -> EmbeddedBus:
    usual: dict[str, Any] = {"synchronous": "NORMAL", "threaded": path != MEMORY}
    return EmbeddedBus(path, read_topology(TOPOLOGY), clock=clock, **(usual | changes))


def a_stage(bus: Bus, other: Bus, clock: SteppedClock) -> Stage:
    async def pass_time(by: timedelta) -> None:
        clock.advance(by)

    return Stage(bus, other, pass_time, clock.now)


class TestEmbeddedBusOnFile(BusContract):
    @pytest.fixture
    async def stage(self, tmp_path: Path) -> AsyncIterator[Stage]:
        clock = SteppedClock(NOON)
        bus, other = (a_bus(str(tmp_path / "bus.db"), clock) for _ in range(2))
        yield a_stage(bus, other, clock)
        await bus.close()
        await other.close()


class TestEmbeddedBusInMemory(BusContract):
    @pytest.fixture
    async def stage(self) -> AsyncIterator[Stage]:
        clock = SteppedClock(NOON)
        bus = a_bus(MEMORY, clock, owner=SOME_PROCESS)
        yield a_stage(bus, bus, clock)
        await bus.close()


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(NOON)


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "bus.db")


# -- several processes ---------------------------------------------------------------------------


def start(target: Callable[..., None], *arguments: object) -> tuple[BaseProcess, Connection]:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=target, args=(*arguments, there), daemon=True)
    process.start()
    return process, here


async def test_competing_processes_settle_every_message_once(path: str) -> None:
    workers = [start(compete, path, name, 100) for name in ("a", "b", "c")]
    for _, line in workers:
        assert line.recv() == "sent"
    for _, line in workers:
        line.send("go")
    settled = [line.recv() for _, line in workers]
    for process, _ in workers:
        process.join()
    everything = [message_id for share in settled for message_id in share]
    assert sorted(everything) == sorted(f"{n}-{i}" for n in "abc" for i in range(100))


async def test_killing_a_process_frees_its_messages_and_sessions_at_once(path: str) -> None:
    bus = open_bus(path)
    await bus.send("plain", [a_message()])
    await bus.send("in-order", some_messages(2, session_id="s"))
    process, line = start(hold, path)
    assert line.recv() == ("m-1", "s")
    assert list(await bus.receive("plain", 1)) == []
    assert await bus.accept_session("in-order") is None
    process.kill()
    process.join()
    assert (await one(bus, "plain")).delivery_count == 2
    assert await bus.accept_session("in-order") == "s"
    received = await bus.receive("in-order", 5, session_id="s")
    assert [each.delivery_count for each in received] == [2, 1]
    await bus.close()


async def test_a_process_is_told_from_a_later_one_with_its_id() -> None:
    me = this_process()
    assert is_alive(me, is_exact=True)
    assert not is_alive(Owner("earlier", me.pid, "another-start"), is_exact=True)
    assert is_alive(Owner("earlier", me.pid, "another-start"), is_exact=False)
    assert not is_alive(DEAD_PROCESS, is_exact=False)
    assert is_alive(SOME_PROCESS, is_exact=True)


async def test_locks_of_an_earlier_process_with_our_id_are_void(
    path: str, clock: SteppedClock
) -> None:
    earlier = Owner("earlier", this_process().pid, "another-start")
    former = a_bus(path, clock, owner=earlier)
    await former.send("plain", [a_message()])
    await one(former, "plain")
    bus = a_bus(path, clock)
    assert (await one(bus, "plain")).delivery_count == 2
    await former.close()
    await bus.close()


async def test_what_was_sent_is_there_after_a_restart(path: str, clock: SteppedClock) -> None:
    bus = a_bus(path, clock, synchronous="FULL")
    await bus.send("plain", some_messages(2))
    await bus.send("plain", [a_message("later", scheduled_at=NOON + MINUTE)])
    await one(bus, "plain")
    await bus.close()
    again = a_bus(path, clock)
    await again.send("plain", [a_message("m-2")])  # still known
    clock.advance(MINUTE)
    received = await again.receive("plain", 10)
    assert ids(received) == ["m-1", "m-2", "later"]
    assert [each.delivery_count for each in received] == [2, 1, 1]
    await again.close()


async def test_closing_frees_what_was_held(path: str, clock: SteppedClock) -> None:
    bus, other = a_bus(path, clock), a_bus(path, clock)
    await bus.send("plain", [a_message()])
    await one(bus, "plain")
    assert list(await other.receive("plain", 1)) == []
    await bus.close()
    assert (await one(other, "plain")).delivery_count == 2
    with pytest.raises(Unavailable):
        await bus.send("plain", [a_message("m-2")])
    await other.close()


async def test_locks_of_dead_processes_do_not_wait_for_their_end(
    path: str, clock: SteppedClock
) -> None:
    dead, bus = a_bus(path, clock, owner=DEAD_PROCESS), a_bus(path, clock)
    await dead.send("plain", [a_message()])
    received = await one(dead, "plain")
    assert (await one(bus, "plain")).delivery_count == 2
    with pytest.raises(LockLost):
        await dead.complete("plain", received)
    await dead.close()
    await bus.close()


async def test_an_idle_poll_waits_for_no_writer(path: str, clock: SteppedClock) -> None:
    bus = a_bus(path, clock)
    await bus.send("plain", [a_message()])
    await one(bus, "plain")
    lock = LockFile(f"{path}.lock")
    lock.acquire()  # as a writer of another process does that takes its time
    assert list(await bus.receive("plain", 1)) == []
    assert await bus.accept_session("in-order") is None
    assert ids(await bus.peek("plain", 1)) == ["m-1"]
    lock.close()
    await bus.close()


async def test_another_programs_file_is_refused(tmp_path: Path, clock: SteppedClock) -> None:
    file = tmp_path / "bus.db"
    file.write_bytes(b"not a database, but long enough to be read as one" * 20)
    with pytest.raises(UnreadableDatabase):
        a_bus(str(file), clock)


# -- waking, watching ----------------------------------------------------------------------------


async def test_receivers_are_woken_for_what_they_can_receive(clock: SteppedClock) -> None:
    bus = a_bus(MEMORY, clock)
    woken: list[set[str]] = []
    bus.on_send.append(lambda paths: woken.append(set(paths)))
    event = a_message(subject="orders.accepted", properties={"tenant": "acme"})
    await bus.send("news", [event])
    await bus.send("news", [event])  # a duplicate wakes nobody
    await bus.send("plain", [a_message(scheduled_at=NOON + MINUTE)])
    assert woken == [{"news/orders", "news/acme"}]
    received = await one(bus, "news/acme")
    await bus.abandon("news/acme", received)
    await bus.dead_letter("news/orders", await one(bus, "news/orders"), "bad", "")
    clock.advance(MINUTE)
    await bus.receive("news/orders", 1)
    assert woken[1:] == [{"news/acme"}, {"news/orders/$deadletterqueue"}, {"plain"}]
    await bus.close()


async def test_a_released_session_wakes_whoever_waits_for_one(clock: SteppedClock) -> None:
    bus = a_bus(MEMORY, clock)
    await bus.send("in-order", [a_message(session_id="s")])
    await bus.accept_session("in-order")
    woken: list[set[str]] = []
    bus.on_send.append(lambda paths: woken.append(set(paths)))
    await bus.release_session("in-order", "s")
    await bus.release_session("in-order", "s")
    assert woken == [{"in-order"}]
    await bus.close()


async def test_events_that_nobody_wants_are_counted(clock: SteppedClock) -> None:
    bus = a_bus(MEMORY, clock)
    await bus.send("news", [a_message("e-1", subject="weather.sunny"), a_message("e-2")])
    await bus.send("news", [a_message("e-3", subject="orders.accepted")])
    assert bus.unmatched == 2
    await bus.close()


async def test_the_bus_says_when_something_happens_next(clock: SteppedClock) -> None:
    bus = a_bus(MEMORY, clock)
    assert await bus.next_due() is None
    await bus.send("plain", [a_message(), a_message("m-2", scheduled_at=NOON + 5 * MINUTE)])
    assert await bus.next_due() == NOON + 5 * MINUTE
    await one(bus, "plain")
    assert await bus.next_due() == NOON + MINUTE
    await bus.close()


async def test_the_backlog_counts_every_path(clock: SteppedClock) -> None:
    bus = a_bus(MEMORY, clock)
    assert await bus.backlog() == {}
    await bus.send("plain", some_messages(3))
    await bus.send("plain", [a_message("later", scheduled_at=NOON + MINUTE)])
    await bus.dead_letter("plain", await one(bus, "plain"), "bad", "")
    await one(bus, "plain")
    assert await bus.backlog() == {
        "plain": 2,
        "plain/$deadletterqueue": 1,
        "plain/$scheduled": 1,
    }
    await bus.close()


async def test_several_messages_are_completed_together_or_not_at_all(clock: SteppedClock) -> None:
    bus = a_bus(MEMORY, clock)
    await bus.send("plain", some_messages(3))
    received = await bus.receive("plain", 3)
    await bus.complete("plain", received[1])
    with pytest.raises(LockLost):
        await bus.complete_all("plain", received)
    assert ids(await bus.peek("plain", 5)) == ["m-1", "m-3"]
    await bus.complete_all("plain", [received[0], received[2]])
    assert await bus.backlog() == {}
    await bus.close()


async def test_nothing_is_left_of_messages_that_are_settled(clock: SteppedClock) -> None:
    bus = a_bus(MEMORY, clock)
    event = a_message(subject="orders.accepted", properties={"tenant": "acme"})
    await bus.send("news", [event, a_message("e-2", scheduled_at=NOON + MINUTE)])
    await bus.send("plain", [a_message("m-2", scheduled_at=NOON + MINUTE)])
    await bus.cancel_scheduled("plain", "m-2")
    await drain(bus, "news/orders")
    await bus.dead_letter("news/acme", await one(bus, "news/acme"), "bad", "")
    (dead,) = await bus.peek("news/acme/$deadletterqueue", 1)
    await bus.replay("news/acme", [dead.sequence_number])
    await drain(bus, "news/acme")
    clock.advance(MINUTE)
    assert await bus.peek("plain", 1) == []
    left = bus._desk.read(lambda c: c.execute("SELECT count(*) FROM content").fetchone())
    assert left == (0,)
    await bus.close()


async def test_known_ids_are_forgotten_after_their_window(clock: SteppedClock) -> None:
    bus = a_bus(MEMORY, clock)
    for step in range(30):
        await bus.send("plain", [a_message(f"m-{step}-{i}") for i in range(10)])
        clock.advance(MINUTE)
    (known,) = bus._desk.read(lambda c: c.execute("SELECT count(*) FROM seen").fetchone())
    assert 100 <= known <= 100 + FORGET_EVERY
    await bus.close()


# -- faults --------------------------------------------------------------------------------------


class OneFault:
    """Fails once, at a named point."""

    def __init__(self, point: str, error: BaseException) -> None:
        self.point, self.error = point, error
        self.calls: list[str] = []

    async def before(self, call: str, _detail: object, /) -> None:
        await self._reach(f"before {call}")

    async def after(self, call: str, _detail: object, /) -> None:
        await self._reach(f"after {call}")

    async def _reach(self, point: str) -> None:
        self.calls.append(point)
        if point == self.point:
            self.point = ""
            raise self.error


async def test_a_send_that_failed_before_is_not_there(clock: SteppedClock) -> None:
    bus = a_bus(MEMORY, clock, faults=OneFault("before bus.send", Unavailable("away")))
    with pytest.raises(Unavailable):
        await bus.send("plain", [a_message()])
    assert list(await bus.receive("plain", 1)) == []
    await bus.close()


async def test_a_send_with_an_unknown_outcome_is_repeated_without_a_double(
    clock: SteppedClock,
) -> None:
    bus = a_bus(MEMORY, clock, faults=OneFault("after bus.send", Unavailable("no answer")))
    with pytest.raises(Unavailable):
        await bus.send("plain", [a_message()])
    await bus.send("plain", [a_message()])
    assert ids(await bus.receive("plain", 10)) == ["m-1"]
    await bus.close()


async def test_a_crash_after_the_effect_before_complete_brings_the_message_again(
    clock: SteppedClock,
) -> None:
    bus = a_bus(MEMORY, clock, faults=OneFault("before bus.complete", Crash()))
    await bus.send("plain", [a_message()])
    received = await one(bus, "plain")
    with pytest.raises(Crash):
        await bus.complete("plain", received)
    clock.advance(MINUTE)
    assert (await one(bus, "plain")).delivery_count == 2
    await bus.close()


VERBS: dict[str, Callable[[EmbeddedBus, Any], Awaitable[object]]] = {
    "bus.send": lambda bus, _: bus.send("plain", [a_message("m-9")]),
    "bus.receive": lambda bus, _: bus.receive("plain", 1),
    "bus.complete": lambda bus, held: bus.complete("plain", held),
    "bus.abandon": lambda bus, held: bus.abandon("plain", held),
    "bus.dead_letter": lambda bus, held: bus.dead_letter("plain", held, "bad", ""),
    "bus.renew": lambda bus, held: bus.renew("plain", held),
    "bus.peek": lambda bus, _: bus.peek("plain", 1),
    "bus.replay": lambda bus, _: bus.replay("plain", [1]),
    "bus.cancel_scheduled": lambda bus, _: bus.cancel_scheduled("plain", "m-1"),
    "bus.accept_session": lambda bus, _: bus.accept_session("in-order"),
    "bus.release_session": lambda bus, _: bus.release_session("in-order", "s"),
}


@pytest.mark.parametrize("call", VERBS)
async def test_every_verb_has_a_fault_point_before_and_after(
    call: str, clock: SteppedClock
) -> None:
    faults = OneFault("", Crash())
    bus = a_bus(MEMORY, clock, faults=faults)
    await bus.send("plain", [a_message()])
    held = await one(bus, "plain")
    faults.calls.clear()
    await VERBS[call](bus, held)
    assert faults.calls == [f"before {call}", f"after {call}"]
    await bus.close()


async def history(faults: Faults) -> list[str]:
    clock = SteppedClock(NOON)
    bus = a_bus(MEMORY, clock, owner=SOME_PROCESS, faults=faults)
    await bus.send("plain", some_messages(5))
    await bus.send("in-order", some_messages(5, session_id="s"))
    await bus.accept_session("in-order")
    seen = [repr(each) for each in await bus.receive("plain", 3)]
    seen += [repr(each) for each in await bus.receive("in-order", 3, session_id="s")]
    clock.advance(MINUTE)
    seen += [repr(each) for each in await bus.receive("plain", 9)]
    await bus.close()
    return seen


async def test_one_history_is_replayed_to_the_byte() -> None:
    assert await history(NO_FAULTS) == await history(OneFault("", Crash()))


# -- the topology's start ------------------------------------------------------------------------


async def test_a_filter_that_cannot_be_read_is_an_error_at_start() -> None:
    wrong = TOPOLOGY.replace("sys.Label LIKE 'stock.%'", "sys.Label LIKES 'stock.%'")
    with pytest.raises(TopologyError, match=r"Topics/0/Subscriptions/3/Rules/0.*character 11"):
        read_topology(wrong)
