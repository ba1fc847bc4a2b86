"""The write path: a batch's operations on the writer's connection, inside its savepoint."""

import sqlite3
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from shared.adapters.embedded.fields import FieldIndex, add_fields, drop_fields
from shared.adapters.embedded.rows import (
    Place,
    Terms,
    checksum,
    field_rows,
    from_json,
    microseconds,
    shard_of,
    terms_of,
    to_json,
)
from shared.kernel.clock import Clock
from shared.kernel.conditions import Assign, apply_patch
from shared.kernel.documents import (
    DOCUMENT_BYTES_MAX,
    Container,
    Create,
    Delete,
    Operation,
    Patch,
    Replace,
)
from shared.kernel.errors import Corrupt, Exists, GuardFailed, Missing

PURGE_MAX: Final = 32  # expired documents forgotten at once
PURGE_EVERY: Final = 16  # transactions between two looks for expired documents

_INSERT = """INSERT INTO documents(container, tenant, key, id, type, seq, shard, ttl_s, expires,
  checksum, terms, body) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_FIND = """SELECT doc, type, seq, ttl_s, expires, checksum, terms, body FROM documents
  INDEXED BY place WHERE container = ? AND tenant = ? AND key = ? AND id = ?"""
# Two statements, as naming `expires` would touch its index on every patch.
_UPDATE = "UPDATE documents SET seq = ?, checksum = ?, terms = ?, body = ? WHERE doc = ?"
_UPDATE_TTL = """UPDATE documents SET seq = ?, checksum = ?, terms = ?, body = ?, ttl_s = ?,
  expires = ? WHERE doc = ?"""


class Batch(NamedTuple):
    """One batch with its bodies encoded, so that the writer is kept no longer than it must."""

    tenant_id: str
    container: Container
    key: str
    operations: tuple[Operation, ...]
    bodies: tuple[bytes, ...]


def body_of(operation: Operation) -> bytes:
    """Return the bytes that an operation brings: its body, or the values that it assigns."""
    match operation:
        case Create() | Replace():
            return operation.kind.encode(operation.body)
        case Patch():
            values = [o.value for o in operation.operations if isinstance(o, Assign)]
            return to_json(values) if values else b""
        case Delete():
            return b""


@dataclass(slots=True)
class _Row:
    """A document as the writer finds it."""

    doc: int
    type: str
    seq: int
    ttl_s: int | None
    expires: int | None
    checksum: bytes
    terms: bytes
    body: bytes


class Writer:
    """Applies batches; knows the last sequence number and the index of fields.

    Sequence numbers are given out under the database's lock, so their order is the order of the
    commits; they are etags and feed positions at once.
    """

    def __init__(self, clock: Clock, *, is_alone: bool = False) -> None:
        self._clock, self._is_alone = clock, is_alone
        self._is_up_to_date = False
        self._seq = 0
        self._stored_seq = 0
        self.fields = FieldIndex()
        self._transactions = 0
        self._now = 0

    def begin(self, connection: sqlite3.Connection) -> None:
        """Learn what other processes did; the first thing in every transaction.

        Alone there is nothing to learn but what is indexed, if that may have been undone.
        """
        if not (self._is_alone and self._is_up_to_date and self.fields.is_refreshed):
            seq, registry = connection.execute("SELECT seq, registry FROM meta").fetchone()
            self._stored_seq = max(seq, self._stored_seq)
            self.fields.refresh(connection, registry)
        self._seq = self._stored_seq
        self._is_up_to_date = False
        self._now = microseconds(self._clock.now())

    def end(self, connection: sqlite3.Connection) -> None:
        """Forget some of what expired, and store the sequence; the last thing before a commit.

        Alone the sequence is only kept here: nobody else will ever go on with it.
        """
        self._transactions += 1
        if self._transactions % PURGE_EVERY == 0:
            self.purge(connection)
        if self._seq != self._stored_seq and not self._is_alone:
            connection.execute("UPDATE meta SET seq = ?", (self._seq,))
        self._stored_seq = self._seq
        self._is_up_to_date = True

    def apply(self, connection: sqlite3.Connection, batch: Batch) -> tuple[str, ...]:
        """Apply one batch.

        Raises:
            Exists, Missing, GuardFailed: with the index of the first operation that fails.
        """
        partition = (str(batch.container), batch.tenant_id, batch.key)
        return tuple(
            [
                self._apply_one(connection, partition, index, operation, body)
                for index, (operation, body) in enumerate(
                    zip(batch.operations, batch.bodies, strict=True)
                )
            ]
        )

    def _apply_one(
        self,
        connection: sqlite3.Connection,
        partition: tuple[str, str, str],
        index: int,
        operation: Operation,
        body: bytes,
    ) -> str:
        place = (*partition, operation.id)
        self._seq += 1
        match operation:
            case Create():
                self._create(connection, place, operation, body, index)
            case Replace():
                row = self._matching(connection, place, operation, index)
                self._replace(connection, place, row, operation, body)
            case Delete():
                self._drop(connection, place, self._matching(connection, place, operation, index))
                return ""
            case Patch():
                self._patch(connection, place, operation, index)
        return str(self._seq)

    # -- one operation each --------------------------------------------------------------------

    def _create(
        self,
        connection: sqlite3.Connection,
        place: Place,
        operation: Create[Any],
        body: bytes,
        index: int,
    ) -> None:
        kind = operation.kind
        terms = self.fields.terms(connection, kind, operation.body)
        expires = None if operation.ttl_s is None else self._expiry(operation.ttl_s)
        _, tenant_id, key, _ = place
        row = (
            *place,
            kind.type,
            self._seq,
            shard_of(kind.container, tenant_id, key),
            operation.ttl_s,
            expires,
            checksum(place, (kind.type, self._seq, expires), body),
            to_json(terms),
            body,
        )
        try:
            doc = connection.execute(_INSERT, row).lastrowid
        except sqlite3.IntegrityError:
            old = self._find(connection, place)
            if old is not None and not self._is_expired(old):
                raise Exists(operation.id, index) from None
            if old is None:
                raise
            self._drop(connection, place, old)
            doc = connection.execute(_INSERT, row).lastrowid
        if terms and doc is not None:
            add_fields(connection, place, kind.type, doc, field_rows(terms))

    def _replace(
        self,
        connection: sqlite3.Connection,
        place: Place,
        row: _Row,
        operation: Replace[Any],
        body: bytes,
    ) -> None:
        terms = self.fields.terms(connection, operation.kind, operation.body)
        row.ttl_s = operation.ttl_s
        self._update(connection, place, row, terms, body)

    def _patch(
        self, connection: sqlite3.Connection, place: Place, operation: Patch, index: int
    ) -> None:
        row = self._find(connection, place)
        if row is None or self._is_expired(row) or row.type != operation.kind.type:
            raise Missing(operation.id, index)
        if checksum(place, (row.type, row.seq, row.expires), row.body) != row.checksum:
            raise Corrupt(f"a {row.type} document does not match its checksum")
        body = apply_patch(from_json(row.body), operation.operations, operation.when)
        if body is None:
            raise GuardFailed(operation.id, index)
        encoded = to_json(body)
        if len(encoded) > DOCUMENT_BYTES_MAX:
            raise ValueError(f"a patch makes a document of {len(encoded)} bytes")
        terms = terms_of(body, self.fields.declared(connection, operation.kind))
        self._update(connection, place, row, terms, encoded)

    def _update(
        self, connection: sqlite3.Connection, place: Place, row: _Row, terms: Terms, body: bytes
    ) -> None:
        # As in Cosmos DB, a document's time to live counts from its last write.
        expires = None if row.ttl_s is None else self._expiry(row.ttl_s)
        digest = checksum(place, (row.type, self._seq, expires), body)
        encoded = to_json(terms)
        if expires is None and row.expires is None:
            connection.execute(_UPDATE, (self._seq, digest, encoded, body, row.doc))
        else:
            values = (self._seq, digest, encoded, body, row.ttl_s, expires, row.doc)
            connection.execute(_UPDATE_TTL, values)
        if encoded != row.terms:
            before, after = field_rows(from_json(row.terms)), field_rows(terms)
            drop_fields(connection, place, row.type, before - after)
            add_fields(connection, place, row.type, row.doc, after - before)

    def _drop(self, connection: sqlite3.Connection, place: Place, row: _Row) -> None:
        connection.execute("DELETE FROM documents WHERE doc = ?", (row.doc,))
        drop_fields(connection, place, row.type, field_rows(from_json(row.terms)))

    # -- finding -------------------------------------------------------------------------------

    def _find(self, connection: sqlite3.Connection, place: Place) -> _Row | None:
        found = connection.execute(_FIND, place).fetchone()
        return None if found is None else _Row(*found)

    def _matching(
        self,
        connection: sqlite3.Connection,
        place: Place,
        operation: Replace[Any] | Delete,
        index: int,
    ) -> _Row:
        row = self._find(connection, place)
        if row is None or self._is_expired(row) or row.type != operation.kind.type:
            raise Missing(operation.id, index)
        if str(row.seq) != operation.if_match:
            raise GuardFailed(operation.id, index)
        return row

    def _is_expired(self, row: _Row) -> bool:
        return row.expires is not None and row.expires <= self._now

    def _expiry(self, ttl_s: int) -> int:
        return self._now + ttl_s * 1_000_000

    def purge(self, connection: sqlite3.Connection) -> int:
        """Forget up to PURGE_MAX documents whose time is over; returns how many."""
        rows = connection.execute(
            "SELECT container, tenant, key, id FROM documents WHERE expires <= ? LIMIT ?",
            (self._now, PURGE_MAX),
        ).fetchall()
        for place in rows:
            row = self._find(connection, place)
            if row is not None:
                self._drop(connection, place, row)
        return len(rows)
