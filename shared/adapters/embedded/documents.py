"""The embedded document store: the kernel's `Documents` on one SQLite file."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from shared.adapters.embedded.bus_owners import this_process
from shared.adapters.embedded.decoded import Decoded
from shared.adapters.embedded.faults import NO_FAULTS, Faults
from shared.adapters.embedded.feed import EmbeddedFeed, behind
from shared.adapters.embedded.opening import MEMORY, Synchronous, outside
from shared.adapters.embedded.queries import (
    Query,
    checked,
    decode_cursor,
    encode_cursor,
    find,
)
from shared.adapters.embedded.rows import LAYOUT, microseconds
from shared.adapters.embedded.sqlite import Database
from shared.adapters.embedded.writes import Batch, Writer, body_of
from shared.kernel.clock import Clock
from shared.kernel.conditions import Condition
from shared.kernel.documents import (
    Container,
    Create,
    D,
    Kind,
    Operation,
    Order,
    Page,
    Stored,
    check_operations,
)
from shared.kernel.meter import Meter, NoMeter

KEY_BYTES_MAX: Final = 1_024

T = TypeVar("T")

# INDEXED BY for a statement that stays prepared (see fields), not for the choice, which is clear.
_GET: Final = """SELECT type, seq, expires, checksum, body FROM documents INDEXED BY place
  WHERE container = ? AND tenant = ? AND key = ? AND id = ?"""


def _owner_here() -> str:
    return this_process().id


class EmbeddedDocuments:
    """Documents in one SQLite file that several processes may share (design 3).

    With `path` ":memory:" and `threaded=False` it runs in the caller, without threads or locks.

    Args:
        path: the database file; its lock file and log lie beside it.
        clock: what documents and leases expire by.
        faults: what may go wrong around each call.
        synchronous: FULL survives a power cut; NORMAL may lose the last commits at one.
        meter: is charged one unit for each document read or written.
        threaded: False runs writes in the caller, for simulations.
        new_owner: names the holders of feed leases; must differ between processes.

    Attributes:
        on_change: called with the container of each batch of this process, after its commit, on the
            event loop that wrote.
        on_news: likewise, but only of batches that a relay publishes something of: it wakes that
            container's relay and no other.

    Raises:
        UnreadableDatabase: the file is damaged, another program's or of a newer version.
    """

    def __init__(
        self,
        path: str,
        *,
        clock: Clock,
        faults: Faults = NO_FAULTS,
        synchronous: Synchronous = "FULL",
        meter: Meter | None = None,
        threaded: bool = True,
        new_owner: Callable[[], str] = _owner_here,
    ) -> None:
        self._clock, self._faults, self._new_owner = clock, faults, new_owner
        self._meter = meter or NoMeter()
        self.on_change: list[Callable[[Container], None]] = []
        self.on_news: list[Callable[[Container], None]] = []
        self._decoded = Decoded()
        self._writer = Writer(clock, is_alone=path == MEMORY)
        self._database = Database(
            path,
            LAYOUT,
            synchronous=synchronous,
            threaded=threaded,
            on_begin=self._writer.begin,
            on_end=self._writer.end,
        )

    @property
    def on_commit(self) -> list[Callable[[], None]]:
        """What runs after each commit of this process, such as the relays' wake-up."""
        return self._database.on_commit

    async def get(self, tenant_id: str, kind: Kind[D], key: str, id: str) -> Stored[D] | None:
        """Return a document; None when there is none of this kind, or its time is over."""
        if self._faults is NO_FAULTS:  # the verb that is called most
            return self._get(tenant_id, kind, key, id)
        detail = (tenant_id, key, id)
        await self._faults.before("documents.get", detail)
        found = self._get(tenant_id, kind, key, id)
        await self._faults.after("documents.get", detail)
        return found

    def _get(self, tenant_id: str, kind: Kind[D], key: str, id: str) -> Stored[D] | None:
        place = (str(kind.container), tenant_id, key, id)
        try:
            row = self._database.reader().execute(_GET, place).fetchone()
        except sqlite3.Error as error:
            raise outside(error) from error
        self._meter.charge("documents.get", 1)
        if row is None:
            return None
        type, seq, expires, _, _ = row
        if type != kind.type or (
            expires is not None and expires <= microseconds(self._clock.now())
        ):
            return None
        return Stored(id, key, str(seq), self._decoded.body(place, kind, row))

    async def batch(
        self, tenant_id: str, container: Container, key: str, operations: Sequence[Operation]
    ) -> tuple[str, ...]:
        """Write all or nothing in one partition; returns the new etags ("" for a delete)."""
        bodies = tuple([body_of(operation) for operation in operations])
        check_operations(operations, [len(body) for body in bodies])
        check_place(tenant_id, container, key, operations)
        batch = Batch(tenant_id, container, key, tuple(operations), bodies)
        detail = (tenant_id, key, [operation.id for operation in operations])
        await self._faults.before("documents.batch", detail)
        redone = [o for o in operations if isinstance(o, Create) and o.is_redone]
        etags = await self._database.write(
            lambda c: self._writer.apply(c, batch), is_durable=len(redone) < len(operations)
        )
        for listener in self.on_change:
            listener(container)
        news = [o for o in operations if o.kind.is_news]
        if news:
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
        if not self._writer.fields.has(kind):
            await self._database.write(lambda c: self._writer.fields.declared(c, kind))
        page = self._query(query, kind, cursor)
        await self._faults.after("documents.query", detail)
        self._meter.charge("documents.query", len(page.items))
        return page

    def _query(self, query: Query, kind: Kind[D], cursor: str | None) -> Page[D]:
        after = None if cursor is None else decode_cursor(query, cursor)
        try:
            found = find(self._database.reader(), query, after, microseconds(self._clock.now()))
        except sqlite3.Error as error:
            raise outside(error) from error
        container, tenant_id, body = str(query.container), query.tenant_id, self._decoded.body
        items = [
            Stored(id, key, str(row[1]), body((container, tenant_id, key, id), kind, row))
            for (_, id, key), _, row in found[: query.limit]
        ]
        last = found[query.limit - 1][0] if len(found) > query.limit else None
        return Page(tuple(items), None if last is None else encode_cursor(query, last))

    def feed(self, container: Container, consumer: str) -> EmbeddedFeed:
        """Return a reader of its own; readers of one consumer share the ranges."""
        return EmbeddedFeed(
            self._database,
            container,
            consumer,
            owner=self._new_owner(),
            clock=self._clock,
            faults=self._faults,
        )

    async def backlog(self) -> dict[str, int]:
        """Return how many changes each consumer of a feed has still to work; none: no entry."""
        return behind(self._database.reader(), microseconds(self._clock.now()))

    async def checkpoint(self) -> None:
        """Move the log into the file and empty it; the host calls it every few seconds.

        An erase is complete only after it. Documents whose time is over are forgotten first.
        """
        while await self._database.write(self._writer.purge):
            pass
        await self._database.checkpoint()

    async def close(self) -> None:
        """Finish what is waiting and close the file."""
        await self._database.close()


def check_place(tenant_id: str, container: Container, key: str, operations: Sequence[Any]) -> None:
    """Hold a batch to one partition.

    Raises:
        ValueError: it has no tenant, no key or a longer one than a store takes, or a kind of it
            lives in another container.
    """
    if not tenant_id or not 0 < len(key.encode()) <= KEY_BYTES_MAX:
        raise ValueError("a partition needs a tenant and a key")
    for operation in operations:
        if operation.kind.container is not container:
            raise ValueError(f"{operation.kind.type} documents do not live in {container}")
