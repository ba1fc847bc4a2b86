"""The store in plain memory under the contract of all stores, and beside the embedded one.

What simulations find over plain memory is worth something only if it is what they would find over
SQLite: random histories are lived through by both, and every answer, error and announcement is
compared.
"""

import dataclasses
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, Final, TypeAlias

import pytest

from shared.adapters.embedded.documents import EmbeddedDocuments
from shared.adapters.memory.documents import MemoryDocuments
from shared.adapters.memory.rows import SIFTED_AT
from shared.kernel.clock import SteppedClock
from shared.kernel.conditions import Assign, Comparison, Condition, Increment, PatchOperation
from shared.kernel.documents import (
    ChangeBatch,
    Container,
    Create,
    Delete,
    Document,
    Feed,
    Kind,
    Operation,
    Order,
    Patch,
    Replace,
)
from shared.kernel.errors import Unavailable
from tests.contracts.store_contract import (
    COMPARISONS,
    FIELDS,
    MASTER_THING,
    OTHER,
    START,
    STOCK_THING,
    THING,
    VALUES,
    Other,
    StoreContract,
    Thing,
    drain,
    put,
    read,
    walk,
    write,
)

Store: TypeAlias = EmbeddedDocuments | MemoryDocuments

SEEDS: Final = range(20)
STEPS: Final = 400
TENANTS: Final = ("acme", "acme", "acme", "rival")
KEYS: Final = ("k1", "k1", "k2", "ä/b")
IDS: Final = ("a", "b", "B", "ä", "10", "9", "\U0001f600", "\ufb01", "z", "last")
TEXTS: Final = ("", "a", "b", "ä", "\U0001f600", "a\u0000b", "1")
ALL: Final[tuple[Comparison, ...]] = (*COMPARISONS, "contains", "eq", "eq")
NEWS: Final = Kind(Container.ORDERS, "news", Other, ("name",), is_news=True)
EARLY: Final = dataclasses.replace(THING, fields=("name",))
LATER: Final = dataclasses.replace(THING, version=2, upgrade=lambda old: old | {"note": "upgraded"})
KINDS: Final = (THING, THING, STOCK_THING, MASTER_THING, OTHER, NEWS, EARLY)


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(START)


class TestMemory(StoreContract):
    @pytest.fixture
    def store(self, clock: SteppedClock) -> MemoryDocuments:
        return MemoryDocuments(clock=clock)


async def test_the_feed_lets_go_of_what_was_superseded(clock: SteppedClock) -> None:
    store = MemoryDocuments(clock=clock)
    await put(store, "a", Thing(count=0))
    await put(store, "b", Thing(count=0))
    for _ in range(3 * SIFTED_AT):
        await write(store, Patch(THING, "a", (Increment("count", 1),)))
    changes = await drain(store.feed(Container.ORDERS, "relay"), limit=1)
    assert [(c.id, THING.decode(c.body).count) for c in changes] == [("b", 0), ("a", 3 * SIFTED_AT)]
    assert max(len(shard) for shard in store._rows.shards) <= SIFTED_AT + 2


async def test_a_closed_store_is_unavailable(clock: SteppedClock) -> None:
    store = MemoryDocuments(clock=clock)
    feed = store.feed(Container.ORDERS, "relay")
    await store.close()
    await store.close()
    for attempt in (put(store, "a", Thing()), read(store, "a"), walk(store), feed.read(1)):
        with pytest.raises(Unavailable):
            await attempt


class Log:
    """Faults and meter at once: tells what was called, and fails some calls."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self.told: list[object] = []

    async def before(self, call: str, detail: object) -> None:
        self._meet("before", call, detail)

    async def after(self, call: str, detail: object) -> None:
        self._meet("after", call, detail)

    def charge(self, operation: str, units: float) -> None:
        self.told.append((operation, units))

    def _meet(self, *what: object) -> None:
        self.told.append(what)
        if self._chance.random() < 0.01:
            raise Unavailable("thrown by chance")


class Side:
    """One of the stores, with what is told about it."""

    def __init__(self, store: Store, log: Log) -> None:
        self.store, self.log = store, log
        store.on_change.append(lambda container: log.told.append(("change", container)))
        store.on_news.append(lambda container: log.told.append(("news", container)))
        store.on_commit.append(lambda: log.told.append("commit"))
        self.feeds: list[Feed] = [
            store.feed(container, consumer)
            for container, consumer in (
                (Container.ORDERS, "relay"), (Container.ORDERS, "relay"),
                (Container.STOCK, "relay"), (Container.ORDERS, "other"),
            )
        ]  # fmt: skip
        self.read: list[ChangeBatch] = []


class Pair:
    """Two stores that are asked the same."""

    def __init__(self, seed: int) -> None:
        self.chance, self.clock = random.Random(seed), SteppedClock(START)
        self.etags: dict[str, list[str]] = {}
        names = [iter(f"owner{n}" for n in range(9)) for _ in range(2)]
        logs = [Log(seed), Log(seed)]
        self.sides = (
            Side(
                EmbeddedDocuments(
                    ":memory:", clock=self.clock, threaded=False, faults=logs[0], meter=logs[0],
                    new_owner=lambda: next(names[0]),
                ),
                logs[0],
            ),
            Side(
                MemoryDocuments(
                    clock=self.clock, faults=logs[1], meter=logs[1],
                    new_owner=lambda: next(names[1]),
                ),
                logs[1],
            ),
        )  # fmt: skip

    async def ask(self, what: Callable[[Side], Awaitable[Any]]) -> Any:
        """Ask both; returns what the one in memory answers."""
        outcomes: list[tuple[Any, str]] = []
        for side in self.sides:
            try:
                answer = await what(side)
                outcomes.append((answer, repr(answer)))
            except Exception as error:  # noqa: BLE001 - whatever it is, both must raise it
                about = type(error), str(error), getattr(error, "index", None)
                outcomes.append((None, repr(about)))
        (_, expected), (answer, shown) = outcomes
        assert shown == expected
        assert self.sides[1].log.told == self.sides[0].log.told
        for side in self.sides:
            side.log.told.clear()
        return answer

    async def close(self) -> None:
        for side in self.sides:
            await side.store.close()

    # -- what is asked -------------------------------------------------------------------------

    async def step(self) -> None:
        choices = (
            (self._write, 50), (self._get, 15), (self._query, 25), (self._feed, 15),
            (self._checkpoint_feed, 8), (self._wait, 6), (self._leave, 1), (self._clean, 1),
        )  # fmt: skip
        (act,) = self.chance.choices([c[0] for c in choices], [c[1] for c in choices])
        await act()

    async def _write(self) -> None:
        tenant, key = self.chance.choice(TENANTS), self.chance.choice(KEYS)
        container = self.chance.choice(KINDS).container
        kinds = [kind for kind in KINDS if kind.container is container]
        operations = [
            self._operation(tenant, key, kinds)
            for _ in range(self.chance.choice((1, 1, 1, 2, 3, 5)))
        ]
        etags = await self.ask(lambda side: side.store.batch(tenant, container, key, operations))
        for operation, etag in zip(operations, etags or (), strict=False):  # none: it failed
            self.etags.setdefault(_place(tenant, container, key, operation.id), []).append(etag)

    def _operation(self, tenant: str, key: str, kinds: Sequence[Kind[Any]]) -> Operation:
        """Return an operation that mostly fits what is there."""
        chance, number = self.chance, self.chance.randrange(len(IDS))
        kind = kinds[number % len(kinds)] if chance.random() < 0.9 else chance.choice(kinds)
        known = self.etags.get(_place(tenant, kind.container, key, IDS[number]), [""])
        etag = known[-1] if chance.random() < 0.9 else chance.choice(["", "x", *known])
        ttl_s = chance.choice((1, 30, 300)) if chance.random() < 0.2 else None
        if not known[-1] or chance.random() < 0.05:
            redone = chance.random() < 0.1
            return Create(kind, IDS[number], self._body(kind), ttl_s, is_redone=redone)
        match chance.randrange(10):
            case 0 | 1 | 2:
                return Replace(kind, IDS[number], self._body(kind), etag, ttl_s)
            case 3:
                return Delete(kind, IDS[number], etag)
            case _:
                when = self._conditions(kind) if chance.random() < 0.2 else ()
                return Patch(kind, IDS[number], self._patches(kind), tuple(when))

    def _body(self, kind: Kind[Any]) -> Document:
        chance = self.chance
        if kind.model is Other:
            return Other(name=chance.choice(TEXTS), schemaVersion=1 + (chance.random() < 0.02))
        is_large = kind is not EARLY and chance.random() < 0.01
        count = 2**63 if is_large else chance.choice((None, 0, 1, 2, -5, 2**53 + 1))
        return Thing(
            name=chance.choice(TEXTS),
            count=count,
            flag=chance.choice((None, True, False)),
            value=chance.choice(VALUES),
            tags=tuple(chance.choices([v for v in VALUES if v is not None], k=chance.randrange(4))),
        )

    def _patches(self, kind: Kind[Any]) -> tuple[PatchOperation, ...]:
        chance = self.chance
        if kind.model is Other:
            return (Assign("name", chance.choice(TEXTS)),)
        found: list[PatchOperation] = [
            Increment("count", chance.choice((1, -1, 5))),
            Assign("name", chance.choice(TEXTS)),
            Assign("value", chance.choice(VALUES)),
            Assign("tags", [chance.choice(TEXTS), 1, True]),
            Assign("flag", None),
            Increment("name", 1)
            if kind is EARLY or chance.random() < 0.1
            else Increment("count", 2**62),
        ]
        return tuple(chance.sample(found[: 5 + (chance.random() < 0.05)], chance.randrange(1, 4)))

    def _conditions(self, kind: Kind[Any]) -> list[Condition]:
        fields = ("name", *FIELDS) if kind.model is Thing else ("name",)
        return [
            Condition(
                self.chance.choice(fields),
                self.chance.choice(ALL),
                self.chance.choice(VALUES),
            )
            for _ in range(self.chance.choice((0, 0, 1, 1, 2)))
        ]

    async def _get(self) -> None:
        tenant, key, id = map(self.chance.choice, (TENANTS, KEYS, IDS))
        kind = self.chance.choice((*KINDS, LATER))
        await self.ask(lambda side: side.store.get(tenant, kind, key, id))

    async def _query(self) -> None:
        chance, kind = self.chance, self.chance.choice((*KINDS, LATER))
        fields = FIELDS if kind.model is Thing else ("name",)
        order = Order(chance.choice(fields), descending=chance.random() < 0.5)
        asked: dict[str, Any] = {
            "key": chance.choice((None, *KEYS)),
            "where": self._conditions(kind),
            "order": order if chance.random() < 0.6 else None,
            "limit": 0 if chance.random() < 0.02 else chance.choice((1, 2, 3, 7, 100)),
        }
        tenant, cursor = chance.choice(TENANTS), None
        for _ in range(30):
            page = await self.ask(
                lambda side: side.store.query(tenant, kind, cursor=cursor, **asked)  # noqa: B023 - asked at once
            )
            if page is None or page.cursor is None:
                return
            cursor = page.cursor
            if chance.random() < 0.05:
                asked["order"] = None if asked["order"] else order  # the cursor is another one's

    async def _feed(self) -> None:
        number, limit = self.chance.randrange(4), self.chance.choice((1, 5, 100))

        async def reading(side: Side) -> Sequence[ChangeBatch]:
            has_news = getattr(side.feeds[number], "has_news")  # noqa: B009 - no part of the port
            side.log.told.append(has_news())
            found = await side.feeds[number].read(limit)
            side.read += found
            return found

        await self.ask(reading)

    async def _checkpoint_feed(self) -> None:
        chance, count = self.chance, len(self.sides[1].read)
        assert len(self.sides[0].read) == count
        if count:
            number = chance.randrange(4) if chance.random() < 0.2 else 0
            which = chance.randrange(count) if chance.random() < 0.3 else count - 1
            await self.ask(lambda side: side.feeds[number].checkpoint(side.read[which]))

    async def _wait(self) -> None:
        self.clock.advance(timedelta(seconds=self.chance.choice((0.1, 1, 4, 6, 16, 300, -0.5))))
        await self.ask(lambda side: side.store.backlog())

    async def _leave(self) -> None:
        number = self.chance.randrange(4)
        await self.ask(lambda side: side.feeds[number].close())

    async def _clean(self) -> None:
        await self.ask(lambda side: side.store.checkpoint())


def _place(tenant: str, container: Container, key: str, id: str) -> str:
    return f"{tenant}|{container}|{key}|{id}"


@pytest.mark.parametrize("seed", SEEDS)
async def test_plain_memory_and_the_embedded_store_give_one_history(seed: int) -> None:
    pair = Pair(seed)
    try:
        for _ in range(STEPS):
            await pair.step()
    finally:
        await pair.close()
