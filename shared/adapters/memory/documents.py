"""A document store in plain memory: the kernel's `Documents` for simulations and tests.

It answers as `EmbeddedDocuments(":memory:", threaded=False)` does, to the letter: the same etags,
orders, cursors, errors and announcements. It costs a fraction of that and keeps nothing.
"""

import itertools
from collections.abc import Callable, Sequence
from typing import Final

from shared.adapters.embedded.documents import check_place
from shared.adapters.embedded.faults import NO_FAULTS, Faults
from shared.adapters.embedded.queries import Query, checked, decode_cursor, encode_cursor
from shared.adapters.embedded.rows import microseconds
from shared.adapters.embedded.writes import body_of
from shared.adapters.memory.feed import Leases, MemoryFeed
from shared.adapters.memory.queries import find
from shared.adapters.memory.rows import Rows
from shared.adapters.memory.writes import Writer
from shared.kernel.clock import Clock
from shared.kernel.conditions import Condition
from shared.kernel.documents import (
    Container,
    D,
    Kind,
    Operation,
    Order,
    Page,
    Stored,
    check_operations,
)
from shared.kernel.meter import Meter, NoMeter

_READERS: Final = itertools.count(1)


def _next_reader() -> str:
    return f"reader-{next(_READERS)}"


class MemoryDocuments:
    """Documents of one process and one event loop, gone with the object.

    Args:
        clock: what documents and leases expire by.
        faults: what may go wrong around each call.
        meter: is charged one unit for each document read or written.
        new_owner: names the holders of feed leases; no two may have the same name.

    Attributes:
        on_change: called with the container of each batch after it was written.
        on_news: likewise, but only of batches that a relay publishes something of.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        faults: Faults = NO_FAULTS,
        meter: Meter | None = None,
        new_owner: Callable[[], str] = _next_reader,
    ) -> None:
        self._clock, self._faults, self._new_owner = clock, faults, new_owner
        self._meter = meter or NoMeter()
        self.on_change: list[Callable[[Container], None]] = []
        self.on_news: list[Callable[[Container], None]] = []
        self._rows, self._leases = Rows(), Leases()
        self._writer = Writer(clock, self._rows)

    @property
    def on_commit(self) -> list[Callable[[], None]]:
        """What runs after each write, of documents or of leases."""
        return self._writer.on_commit

    async def get(self, tenant_id: str, kind: Kind[D], key: str, id: str) -> Stored[D] | None:
        """Return a document; None when there is none of this kind, or its time is over."""
        if self._faults is NO_FAULTS:
            return self._get(tenant_id, kind, key, id)
        detail = (tenant_id, key, id)
        await self._faults.before("documents.get", detail)
        found = self._get(tenant_id, kind, key, id)
        await self._faults.after("documents.get", detail)
        return found

    def _get(self, tenant_id: str, kind: Kind[D], key: str, id: str) -> Stored[D] | None:
        self._writer.check_open()
        row = self._rows.at((kind.container, tenant_id, key, id))
        self._meter.charge("documents.get", 1)
        if row is None or row.kind.type != kind.type:
            return None
        if row.expires is not None and row.expires <= microseconds(self._clock.now()):
            return None
        return row.stored(kind)

    async def batch(
        self, tenant_id: str, container: Container, key: str, operations: Sequence[Operation]
    ) -> tuple[str, ...]:
        """Write all or nothing in one partition; returns the new etags ("" for a delete)."""
        bodies = [body_of(operation) for operation in operations]
        check_operations(operations, [len(body) for body in bodies])
        check_place(tenant_id, container, key, operations)
        operations = tuple(operations)
        detail = (tenant_id, key, [operation.id for operation in operations])
        await self._faults.before("documents.batch", detail)
        etags = self._writer.run(lambda: self._writer.apply(tenant_id, key, operations, bodies))
        for listener in self.on_change:
            listener(container)
        if any(operation.kind.is_news for operation in operations):
            for listener in self.on_news:
                listener(container)
        await self._faults.after("documents.batch", detail)
        self._meter.charge("documents.batch", len(operations))
        return etags

    async def query(
        self,
        tenant_id: str,
        kind: Kind[D],
        *,
        key: str | None = None,
        where: Sequence[Condition] = (),
        order: Order | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[D]:
        """Return a page; ordered by a field, it holds the documents that have the field."""
        query = checked(tenant_id, kind, key, where, order, limit)
        detail = (tenant_id, kind.type, key)
        await self._faults.before("documents.query", detail)
        if not self._writer.declared.has(kind):
            self._writer.run(lambda: self._writer.declared.declare(kind))
        page = self._query(query, kind, cursor)
        await self._faults.after("documents.query", detail)
        self._meter.charge("documents.query", len(page.items))
        return page

    def _query(self, query: Query, kind: Kind[D], cursor: str | None) -> Page[D]:
        after = None if cursor is None else decode_cursor(query, cursor)
        self._writer.check_open()
        found, last = find(self._rows, query, kind, after, microseconds(self._clock.now()))
        items = tuple([row.stored(kind) for row in found])
        return Page(items, None if last is None else encode_cursor(query, last))

    def feed(self, container: Container, consumer: str) -> MemoryFeed:
        """Return a reader of its own; readers of one consumer share the ranges."""
        return MemoryFeed(
            (self._rows, self._writer, self._leases.of(container, consumer)),
            container,
            consumer,
            owner=self._new_owner(),
            clock=self._clock,
            faults=self._faults,
        )

    async def backlog(self) -> dict[str, int]:
        """Return how many changes each consumer of a feed has still to work; none: no entry."""
        self._writer.check_open()
        return self._leases.behind(self._rows, microseconds(self._clock.now()))

    async def checkpoint(self) -> None:
        """Forget the documents whose time is over; there is no log to empty."""
        while self._writer.run(self._writer.purge):
            pass
        self._writer.announce()

    async def close(self) -> None:
        """Refuse what comes later."""
        if self._writer.is_open:
            self._writer.announce()
            self._writer.close()
