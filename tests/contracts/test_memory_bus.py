"""The bus contract over the bus in memory, and that it tells the embedded bus's histories."""

import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any, Final, NamedTuple, TypeAlias

import pytest

from shared.adapters.embedded.bus import EmbeddedBus
from shared.adapters.embedded.bus_rules import FORGET_EVERY
from shared.adapters.embedded.bus_topology import read_topology
from shared.adapters.embedded.opening import MEMORY
from shared.adapters.memory.bus import MemoryBus
from shared.kernel.bus import LockLost, Message, Received
from shared.kernel.clock import SteppedClock
from shared.kernel.errors import Unavailable
from tests.contracts.bus_contract import (
    DEAD,
    MINUTE,
    NOON,
    TOPOLOGY,
    BusContract,
    Stage,
    a_message,
    ids,
)
from tests.contracts.test_embedded_bus import a_stage

SEEDS: Final = range(20)
STEPS: Final = 400
HURRIED: Final = (
    TOPOLOGY.replace('"LockDuration": "PT1M"', '"LockDuration": "PT8S"')
    .replace('"PT10M"', '"PT40S"')
    .replace('"PT1H"', '"PT30S"')
)
QUEUES: Final = ("plain", "forgetful", "news/orders", "news/urgent", "news/acme")
ORDERED: Final = ("in-order", "news/ordered")
PATHS: Final = (*QUEUES, *ORDERED, *(path + DEAD for path in (*QUEUES, *ORDERED)))
SUBJECTS: Final = ("orders.accepted", "orders.paid", "stock.freed", "weather.sunny", None)
COMMON: Final = frozenset(  # what a history that is worth its time has seen
    [
        *("abandon: NoneType", "accept: str", "complete: NoneType", "peek: list", "receive: list"),
        *("receive in session: list", "receive in session: LockLost", "receive: tuple"),
        *("release: NoneType", "replay: int", "send: NoneType", "told", "told of a session"),
    ]
)

Ask: TypeAlias = Callable[[Any], Awaitable[object]]


class TestMemoryBus(BusContract):
    @pytest.fixture
    async def stage(self) -> AsyncIterator[Stage]:
        clock = SteppedClock(NOON)
        bus = MemoryBus(read_topology(TOPOLOGY), clock=clock)
        yield a_stage(bus, bus, clock)
        await bus.close()


async def test_a_closed_bus_refuses_whatever_is_asked() -> None:
    bus = MemoryBus(read_topology(TOPOLOGY), clock=SteppedClock(NOON))
    await bus.checkpoint()
    await bus.close()
    with pytest.raises(Unavailable):
        await bus.send("plain", [a_message()])
    with pytest.raises(Unavailable):
        await bus.receive("plain", 1)


async def test_what_a_sender_changes_later_is_not_what_was_sent() -> None:
    bus = MemoryBus(read_topology(TOPOLOGY), clock=SteppedClock(NOON))
    properties: dict[str, str | int | bool | float] = {"attempt": 1}
    await bus.send("plain", [a_message(properties=properties)])
    properties["attempt"] = 2
    (received,) = await bus.receive("plain", 1)
    assert received.message.properties == {"attempt": 1}


# -- what chance seldom finds ----------------------------------------------------------------------


@pytest.fixture(params=["embedded", "memory"])
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    clock, topology = SteppedClock(NOON), read_topology(TOPOLOGY)
    made: dict[str, Callable[[], Any]] = {
        "embedded": lambda: EmbeddedBus(MEMORY, topology, clock=clock, threaded=False),
        "memory": lambda: MemoryBus(topology, clock=clock),
    }
    bus = made[request.param]()
    yield a_stage(bus, bus, clock)
    await bus.close()


async def test_the_oldest_known_ids_are_forgotten_a_bounded_number_at_a_time(stage: Stage) -> None:
    old = [a_message(f"old-{i:03}") for i in range(400)]
    await stage.bus.send("in-order", [each._replace(session_id="s") for each in old])
    await stage.pass_time(11 * MINUTE)
    await stage.bus.send("in-order", [each._replace(session_id="s") for each in old[:20]])
    for i in range(FORGET_EVERY):  # one of them looks for what is too old, as those 20 did
        await stage.bus.send("plain", [a_message(f"new-{i}")])
    await stage.pass_time(-5 * MINUTE)
    last = (await stage.bus.peek("in-order", 1_000))[-1].sequence_number
    await stage.bus.send("in-order", [each._replace(session_id="s") for each in old])
    news = ids(await stage.bus.peek("in-order", 1_000, after=last))
    assert news == [f"old-{i:03}" for i in range(20, 20 + 4 * FORGET_EVERY)]


async def test_a_replay_that_fails_uses_up_no_id(stage: Stage) -> None:
    await stage.bus.send("plain", [a_message("m-1"), a_message("x" * 127)])
    for each in await stage.bus.receive("plain", 2):
        await stage.bus.dead_letter("plain", each, "bad", "")
    short, long = await stage.bus.peek("plain" + DEAD, 2)
    with pytest.raises(ValueError, match="1 to 128"):
        await stage.bus.replay("plain", [short.sequence_number, long.sequence_number])
    assert await stage.bus.peek("plain" + DEAD, 2) == [short, long]
    assert await stage.bus.replay("plain", [short.sequence_number]) == 1
    (again,) = await stage.bus.receive("plain", 2)
    assert again.message.message_id == "m-1#p1"
    assert again.sequence_number == long.sequence_number + 1


# -- one history on both buses -------------------------------------------------------------------


class Act(NamedTuple):
    kind: str
    ask: Ask
    path: str = ""


class Log:
    """Faults that never happen, and a listener: what was called and told, in order."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    async def before(self, call: str, detail: object, /) -> None:
        self.lines.append(f"before {call} {detail!r}")

    async def after(self, call: str, detail: object, /) -> None:
        self.lines.append(f"after {call} {detail!r}")

    def told(self, paths: frozenset[str]) -> None:
        self.lines.append(f"told {sorted(paths)}")


class History:
    """Drawn from a seed, act by act; what is settled was handed out before, perhaps long ago."""

    def __init__(self, seed: int, clock: SteppedClock) -> None:
        self.chance, self.clock = random.Random(seed), clock
        self.held: list[tuple[str, Received]] = []
        self.sessions: list[tuple[str, str]] = []
        self.sent = ["m-0"]

    def next_act(self) -> Act:
        """Return what is asked next; time may pass before it, or go back."""
        draw = self.chance.random
        if draw() < 0.4:
            far = self.chance.choice((0.3, 1, 2, 4, 8, 8, 35, -1, -4, -20))
            self.clock.advance(timedelta(seconds=far))
        if draw() < 0.12:
            return self._odd()
        acts = (
            self._send,
            self._receive,
            self._receive,
            self._settle,
            self._settle,
            self._in_session,
        )
        return self.chance.choice(acts)()

    def remember(self, act: Act, given: object) -> None:
        """Keep what was handed out."""
        if act.kind == "accept" and isinstance(given, str):
            self.sessions.append((act.path, given))
        elif act.kind != "peek" and isinstance(given, list):
            self.held += [(act.path, each) for each in given]

    def _send(self) -> Act:
        entity = self.chance.choice(("plain", "forgetful", "in-order", "news", "news"))
        batch = [self._message() for _ in range(self.chance.choice((1, 1, 2, 3, 12)))]
        return Act("send", lambda bus: bus.send(entity, batch))

    def _message(self) -> Message:
        draw, choice = self.chance.random, self.chance.choice
        known = choice(self.sent[-choice((15, 150)) :])
        self.sent.append(f"m-{len(self.sent)}")
        properties = {
            "tenant": choice(("acme", "acme", "other")),
            "priority": choice((1, 6, 7.5, True)),
            "region": choice(("north", "west")),
        }
        later = timedelta(seconds=self.chance.randint(-5, 40))
        return a_message(
            known if draw() < 0.2 else self.sent[-1],
            session_id=choice("abcd") if draw() < 0.9 else None,
            subject=choice(SUBJECTS),
            properties=properties if draw() < 0.7 else {},
            scheduled_at=self.clock.now() + later if draw() < 0.25 else None,
            ttl_s=choice((1, 4, 20)) if draw() < 0.3 else None,
        )

    def _receive(self) -> Act:
        path, limit = self.chance.choice((*QUEUES, *PATHS)), self.chance.randint(1, 6)
        if path in ORDERED and self.chance.random() < 0.9:
            return self._in_session()
        return Act("receive", lambda bus: bus.receive(path, limit), path)

    def _in_session(self) -> Act:
        draw = self.chance.random()
        if draw < 0.3 or not self.sessions:
            path = self.chance.choice(ORDERED)
            return Act("accept", lambda bus: bus.accept_session(path), path)
        path, name = self.chance.choice(self.sessions[-4:])
        if draw < 0.45:
            return Act("release", lambda bus: bus.release_session(path, name))
        limit = self.chance.randint(1, 3)
        asked = Act("receive in session", lambda bus: bus.receive(path, limit, session_id=name))
        return asked._replace(path=path)

    def _settle(self) -> Act:
        if not self.held:
            return self._receive()
        path, held = self.chance.choice(self.held[-self.chance.choice((3, 25)) :])
        if self.chance.random() < 0.05:
            held = held._replace(lock_token="0" * 32)
        long = "b" * 5_000, "d" * 5_000
        some = [each for where, each in self.held[-6:] if where == path]
        some += self.chance.choices(some, k=self.chance.choice((0, 0, 1))) if some else []
        acts = (
            Act("complete", lambda bus: bus.complete(path, held)),
            Act("complete all", lambda bus: bus.complete_all(path, some)),
            *[Act("abandon", lambda bus: bus.abandon(path, held))] * 2,
            *[Act("dead letter", lambda bus: bus.dead_letter(path, held, *long))] * 2,
            Act("renew", lambda bus: bus.renew(path, held)),
        )
        return self.chance.choice(acts)

    def _odd(self) -> Act:
        path, limit = self.chance.choice(PATHS), self.chance.randint(0, 5)
        numbers = [each.sequence_number for _, each in self.held] + [self.chance.randint(1, 900)]
        some, name = self.chance.choices(numbers, k=5), self.chance.choice(self.sent[-15:])
        entity = self.chance.choice(("plain", "forgetful", "news", "nowhere"))
        long = [a_message("x" * self.chance.randint(120, 129)) for _ in range(2)]
        acts = (
            Act("peek", lambda bus: bus.peek(path, limit, after=some[0])),
            Act("peek", lambda bus: bus.peek(path, 9)),
            Act("replay", lambda bus: bus.replay(path, [*range(2_000), *some])),
            Act("replay", lambda bus: bus.replay(path, some)),
            Act("cancel", lambda bus: bus.cancel_scheduled(entity, name)),
            Act("cancel", lambda bus: bus.cancel_scheduled(entity, name)),
            Act("send long ids", lambda bus: bus.send("plain", long)),
        )
        return self.chance.choice(acts)


async def answer(bus: Any, log: Log, ask: Ask) -> tuple[object, list[str]]:
    """Return what a verb returned or raised, and all that can be seen of it."""
    try:
        given: object = await ask(bus)
    except (LockLost, ValueError) as error:
        given = error
    seen = [f"{type(given).__name__} {given!r}", *log.lines]
    log.lines.clear()
    seen.append(f"{await bus.next_due()} {bus.unmatched} {sorted((await bus.backlog()).items())}")
    seen.append(f"{[path for path in PATHS if bus.has_news(path)]}")
    return given, seen


def outcomes_of(act: Act, seen: list[str]) -> list[str]:
    told = [line for line in seen if line.startswith("told")]
    sessions = ["told of a session" for line in told if r"\n" in line]
    return [f"{act.kind}: {seen[0].split(maxsplit=1)[0]}", *sessions, *["told" for _ in told]]


@pytest.mark.parametrize("seed", SEEDS)
async def test_one_history_is_the_same_on_both_buses(seed: int) -> None:
    clock, topology, logs = SteppedClock(NOON), read_topology(HURRIED), (Log(), Log())
    embedded = EmbeddedBus(MEMORY, topology, clock=clock, faults=logs[0], threaded=False)
    memory = MemoryBus(topology, clock=clock, faults=logs[1])
    embedded.on_send.append(logs[0].told)
    memory.on_send.append(logs[1].told)
    history, outcomes = History(seed, clock), Counter[str]()
    for step in range(STEPS):
        act = history.next_act()
        given, wanted = await answer(embedded, logs[0], act.ask)
        _, seen = await answer(memory, logs[1], act.ask)
        assert seen == wanted, f"step {step}"
        history.remember(act, given)
        outcomes.update(outcomes_of(act, seen))
    for path in PATHS:
        assert await memory.peek(path, 900) == await embedded.peek(path, 900)
    await embedded.close()
    await memory.close()
    assert outcomes.keys() >= COMMON
