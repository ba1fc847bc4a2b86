"""The write path of plain memory: a batch is applied at once, and taken back where it fails.

It says of each moment what SQLite's transactions say (`shared.adapters.embedded.writes`): one
sequence number an operation, taken back with the batch; a count of commits, which readers of the
feed compare; and which kinds' fields are known, since a query that is the first to name some
commits that.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias, TypeVar

from shared.adapters.embedded.rows import Place, microseconds, to_json
from shared.adapters.embedded.writes import PURGE_EVERY, PURGE_MAX
from shared.adapters.memory.rows import Row, Rows
from shared.kernel.clock import Clock
from shared.kernel.conditions import Assign, apply_patch
from shared.kernel.documents import (
    DOCUMENT_BYTES_MAX,
    Create,
    Delete,
    Kind,
    Operation,
    Patch,
    Replace,
)
from shared.kernel.errors import Exists, GuardFailed, Missing, Unavailable

T = TypeVar("T")
Fields: TypeAlias = frozenset[str]
_SCALARS: Final = frozenset({str, int, bool, type(None)})


class Declared:
    """Which fields of which kinds are known; what a failed batch declared is forgotten."""

    def __init__(self) -> None:
        self._committed: dict[tuple[str, str], Fields] = {}
        self._known: dict[tuple[str, str], Fields] = {}
        # By identity, as a kind's hash costs more; it keeps the kind, and thereby the identity.
        self._whole: dict[int, tuple[Kind[Any], Fields]] = {}
        self._is_new = False  # something was declared since the last `begin`

    def begin(self) -> None:
        if self._is_new:
            self._known, self._is_new = dict(self._committed), False
            self._whole.clear()

    def commit(self) -> None:
        if self._is_new:
            self._committed = dict(self._known)

    def has(self, kind: Kind[Any]) -> bool:
        """Tell whether all fields of a kind are known."""
        if id(kind) in self._whole:
            return True
        known = self._known.get((kind.container, kind.type))
        if known is None or not known.issuperset(kind.fields):
            return False
        self._whole[id(kind)] = kind, known
        return True

    def declare(self, kind: Kind[Any]) -> Fields:
        """Return the known fields of all kinds of this type, adding this one's where new."""
        if not self.has(kind):
            where = (kind.container, kind.type)
            self._known[where] = self._known.get(where, Fields()).union(kind.fields)
            self._is_new = True
            self._whole.clear()
            self.has(kind)
        return self._whole[id(kind)][1]


class Writer:
    """Runs every write; `commits` differs once anybody has written.

    Attributes:
        on_commit: called after each write that succeeded.
    """

    def __init__(self, clock: Clock, rows: Rows) -> None:
        self.on_commit: list[Callable[[], None]] = []
        self.commits, self.declared = 0, Declared()
        self._clock, self._rows = clock, rows
        self.is_open = True
        self._seq, self._now = 0, 0
        # Of the batch that is being applied: where its changes go, and what undoes it.
        self._shard = rows.shards[0]
        self._undo: list[tuple[Place, Row | None]] = []

    def check_open(self) -> None:
        """Refuse to work for a store that was closed.

        Raises:
            Unavailable: it was.
        """
        if not self.is_open:
            raise Unavailable("the database is closed")

    def run(self, work: Callable[[], T]) -> T:
        """Run a write, and tell who wants to know; what it raises is raised.

        Raises:
            Unavailable: the store was closed.
        """
        self.check_open()
        self.declared.begin()
        self._now = microseconds(self._clock.now())
        result = work()
        self.commits += 1
        if self.commits % PURGE_EVERY == 0:
            self.purge()
        self.declared.commit()
        self.announce()
        return result

    def announce(self) -> None:
        for callback in self.on_commit:
            callback()

    def close(self) -> None:
        """Refuse what comes later; nothing is kept."""
        self.is_open = False
        self._rows.let_go()

    def purge(self) -> int:
        """Forget some documents whose time is over; returns how many."""
        return self._rows.forget(self._now, PURGE_MAX)

    def apply(
        self, tenant_id: str, key: str, operations: Sequence[Operation], bodies: Sequence[bytes]
    ) -> tuple[str, ...]:
        """Apply one batch, all or nothing.

        Raises:
            Exists, Missing, GuardFailed: with the index of the first operation that fails.
        """
        before, self._undo = self._seq, []
        container = operations[0].kind.container
        self._shard = shard = self._rows.shard(container, tenant_id, key)
        length = len(shard)
        etags: list[str] = []
        try:
            for index, operation in enumerate(operations):
                place = (container, tenant_id, key, operation.id)
                etags.append(self._apply_one(place, index, operation, bodies[index]))
        except BaseException:
            self._take_back(before)
            shard.cut(length)
            raise
        shard.sift()
        return tuple(etags)

    def _take_back(self, seq: int) -> None:
        for place, row in reversed(self._undo):
            self._rows.put_back(place, row)
        self._seq = seq

    def _apply_one(self, place: Place, index: int, operation: Operation, body: bytes) -> str:
        self._seq += 1
        match operation:
            case Patch():
                return self._patch(place, index, operation)
            case Create():
                self._check_absent(place, index, operation)
                return self._put(place, operation, body)
            case Replace():
                self._matching(place, index, operation)
                return self._put(place, operation, body)
            case Delete():
                row = self._matching(place, index, operation)
                self._rows.remove(row)
                self._undo.append((place, row))
                return ""

    def _put(self, place: Place, operation: Create[Any] | Replace[Any], body: bytes) -> str:
        row = Row(place, operation.kind, self._seq, body, operation.ttl_s)
        row.know(operation.body, None, self.declared.declare(operation.kind))
        return self._put_row(row)

    def _patch(self, place: Place, index: int, operation: Patch) -> str:
        old = self._found(place, index, operation)
        json = apply_patch(old.json(), operation.operations, operation.when)
        if json is None:
            raise GuardFailed(operation.id, index)
        body = to_json(json)
        if len(body) > DOCUMENT_BYTES_MAX:
            raise ValueError(f"a patch makes a document of {len(body)} bytes")
        row = Row(place, operation.kind, self._seq, body, old.ttl_s)
        known = json if _is_as_read(operation) else None
        row.know(None, known, self.declared.declare(operation.kind))
        return self._put_row(row)

    def _put_row(self, row: Row) -> str:
        if row.ttl_s is not None:
            # As in Cosmos DB, a document's time to live counts from its last write.
            row.expires = self._now + row.ttl_s * 1_000_000
        self._undo.append((row.place, self._rows.put(row, self._shard)))
        return row.etag

    def _check_absent(self, place: Place, index: int, operation: Create[Any]) -> None:
        self.declared.declare(operation.kind)  # known to readers though the batch should fail
        old = self._rows.at(place)
        if old is not None and not self._is_expired(old):
            raise Exists(operation.id, index)

    def _matching(self, place: Place, index: int, operation: Replace[Any] | Delete) -> Row:
        row = self._found(place, index, operation)
        if row.etag != operation.if_match:
            raise GuardFailed(operation.id, index)
        return row

    def _found(self, place: Place, index: int, operation: Replace[Any] | Delete | Patch) -> Row:
        row = self._rows.at(place)
        if row is None or self._is_expired(row) or row.kind.type != operation.kind.type:
            raise Missing(operation.id, index)
        return row

    def _is_expired(self, row: Row) -> bool:
        return row.expires is not None and row.expires <= self._now


def _is_as_read(operation: Patch) -> bool:
    """Tell whether what is assigned is, once read from JSON, what it was."""
    for one in operation.operations:
        if isinstance(one, Assign) and one.value.__class__ not in _SCALARS:
            return False
    return True
