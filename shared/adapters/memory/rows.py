"""Documents as plain memory holds them: by place, by kind and partition, and by their last change.

A row is never changed: a write puts another one in its place, so that what was read stays as it was
and a batch that fails puts the old ones back.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from heapq import heappop, heappush
from itertools import count, islice
from typing import Any, Final, cast

from shared.adapters.embedded.rows import (
    INT64_MAX,
    RANGES,
    Place,
    Terms,
    from_json,
    shard_of,
    terms_of,
)
from shared.kernel.documents import Container, D, Document, Kind, Stored

SHARDS: Final = RANGES * len(Container)
SIFTED_AT: Final = 1_024  # changes of a shard, beyond which superseded ones are let go
_PLAIN: Final = frozenset({str, int, bool})  # JSON values as they are


class Row:
    """One version of a document: its bytes, and what was written or read of them.

    A body that was written is handed out as it is: what its JSON would be decoded to is equal to
    it. Bodies are frozen, so that writers and readers can share them.
    """

    __slots__ = (
        "_body", "_fields", "_json", "_read_as", "_stored", "_terms",
        "etag", "expires", "is_latest", "kind", "place", "raw", "seq", "shelf", "ttl_s",
    )  # fmt: skip

    def __init__(
        self, place: Place, kind: Kind[Any], seq: int, raw: bytes, ttl_s: int | None
    ) -> None:
        self.place, self.kind, self.seq, self.raw = place, kind, seq, raw
        self.etag, self.ttl_s = str(seq), ttl_s
        self.expires: int | None = None
        self.is_latest = False
        self.shelf: dict[str, Row] = {}  # those of its kind in its partition, by id
        self._body: Document | None = None
        self._json: dict[str, Any] | None = None
        self._stored: Stored[Any] | None = None
        self._read_as: Kind[Any] | None = None
        self._fields: tuple[str, ...] | None = None

    def know(
        self, body: Document | None, json: dict[str, Any] | None, declared: Iterable[str]
    ) -> None:
        """Remember the body, or its JSON, if reading `raw` would give the same.

        Raises:
            ValueError: a declared field holds an integer that no index could.
        """
        self._body, self._json = body, json
        _check_integers(self.json() if body is None else body.__dict__, declared)

    def stored(self, kind: Kind[D]) -> Stored[D]:
        """Return the document, decoded at the first look if it must be.

        Raises:
            Corrupt: it is no body of its kind.
        """
        if self._stored is None or self._read_as is not kind:
            body = self._body
            if body.__class__ is not kind.model or body.schemaVersion != kind.version:
                body = kind.decode(self.raw)
            _, _, key, id = self.place
            self._stored, self._read_as = Stored(id, key, self.etag, body), kind
        return cast("Stored[D]", self._stored)  # not made at each look

    def json(self) -> dict[str, Any]:
        """Return the body's JSON; not to be changed."""
        if self._json is None:
            self._json = from_json(self.raw)
        return self._json

    def terms(self, kind: Kind[Any]) -> Terms:
        """Return the fields that the kind declares, as JSON values."""
        if self._fields is not kind.fields:
            if self._body is None:
                self._terms = terms_of(self.json(), kind.fields)
            else:
                self._terms = _terms_of_model(self._body, kind.fields)
            self._fields = kind.fields
        return self._terms


def _terms_of_model(body: Document, fields: tuple[str, ...]) -> Terms:
    """Return the JSON values of a model's fields; only what is not JSON yet is serialized."""
    terms: Terms = {}
    others: set[str] = set()
    values = body.__dict__
    for field in fields:
        value = values.get(field)
        if value.__class__ in _PLAIN:
            terms[field] = value
        elif value is not None:
            others.add(field)
    if others:
        dump = body.__pydantic_serializer__.to_python
        terms |= dump(body, mode="json", include=others, exclude_none=True)
    return terms


def _check_integers(values: Mapping[str, Any], fields: Iterable[str]) -> None:
    for field in fields:
        value = values.get(field)
        if value is None or value.__class__ is str:
            continue
        for item in value if isinstance(value, tuple | list) else (value,):
            if isinstance(item, int) and not -INT64_MAX <= item <= INT64_MAX:
                raise ValueError("a declared field holds an integer beyond 2^63")


class Shard:
    """The changes of some partitions in order, among them versions that are superseded."""

    __slots__ = ("_rows", "_seqs", "_sifted_at")

    def __init__(self) -> None:
        self._seqs: list[int] = []
        self._rows: list[Row] = []
        self._sifted_at = SIFTED_AT

    def __len__(self) -> int:
        return len(self._seqs)

    def append(self, row: Row) -> None:
        self._seqs.append(row.seq)
        self._rows.append(row)

    def cut(self, length: int) -> None:
        """Forget what was appended since it had that length."""
        del self._seqs[length:], self._rows[length:]

    def sift(self) -> None:
        """Let go of superseded versions, now and then."""
        if len(self._seqs) >= self._sifted_at:
            self._rows = [row for row in self._rows if row.is_latest]
            self._seqs = [row.seq for row in self._rows]
            self._sifted_at = 2 * len(self._seqs) + SIFTED_AT

    def behind(self, position: int, now: int) -> Iterator[Row]:
        """Return the documents that changed later than that and are still there, in order."""
        if not self._seqs or self._seqs[-1] <= position:
            return iter(())
        later = islice(self._rows, bisect_right(self._seqs, position), None)
        return (
            row for row in later if row.is_latest and (row.expires is None or row.expires > now)
        )


class Rows:
    """All documents, with what finds them."""

    def __init__(self) -> None:
        self._places: dict[Place, Row] = {}
        # By container, tenant and type; then by key; then by id.
        self._shelves: dict[tuple[str, str, str], dict[str, dict[str, Row]]] = {}
        self._expiring: list[tuple[int, int, Row]] = []
        self._expiries = count()
        self.shards = [Shard() for _ in range(SHARDS)]
        self.at = self._places.get

    def put(self, row: Row, shard: Shard) -> Row | None:
        """Put a row in its place; returns the one that was there."""
        before = self._places.get(row.place)
        self._exchange(before, row)
        shard.append(row)
        if row.expires is not None:
            # A sequence number comes again after a batch that failed, and rows do not compare.
            heappush(self._expiring, (row.expires, next(self._expiries), row))
        return before

    def shard(self, container: Container, tenant_id: str, key: str) -> Shard:
        """Return where a partition's changes are."""
        return self.shards[shard_of(container, tenant_id, key)]

    def remove(self, row: Row) -> None:
        """Take a row out of its place."""
        del self._places[row.place], row.shelf[row.place[3]]
        row.is_latest = False

    def put_back(self, place: Place, before: Row | None) -> None:
        """Undo a `put` or a `remove`, but for the change in its shard."""
        if before is None:
            self.remove(self._places[place])
        else:
            self._exchange(self._places.get(place), before)

    def forget(self, now: int, most: int) -> int:
        """Remove up to so many documents whose time is over; returns how many."""
        forgotten = 0
        while forgotten < most and self._expiring and self._expiring[0][0] <= now:
            row = heappop(self._expiring)[-1]
            if row.is_latest:
                self.remove(row)
                forgotten += 1
        return forgotten

    def let_go(self) -> None:
        """Forget everything: a row knows its shelf and the shelf the row, neither would end."""
        for shelves in self._shelves.values():
            for shelf in shelves.values():
                shelf.clear()
        self._shelves.clear()
        self._places.clear()

    def of_kind(self, tenant_id: str, kind: Kind[Any], key: str | None) -> Iterable[Row]:
        """Return a kind's rows, of a tenant or of one of its partitions, in no order."""
        shelves = self._shelves.get((kind.container, tenant_id, kind.type))
        if shelves is None:
            return ()
        if key is None:
            return [row for shelf in shelves.values() for row in shelf.values()]
        shelf = shelves.get(key)
        return () if shelf is None else shelf.values()

    def _exchange(self, before: Row | None, row: Row) -> None:
        container, tenant_id, key, id = row.place
        self._places[row.place] = row
        row.is_latest = True
        if before is None:
            row.shelf = self._shelf(container, tenant_id, row.kind.type, key)
        else:
            before.is_latest = False
            if before.kind.type == row.kind.type:
                row.shelf = before.shelf
            else:
                del before.shelf[id]
                row.shelf = self._shelf(container, tenant_id, row.kind.type, key)
        row.shelf[id] = row

    def _shelf(self, container: str, tenant_id: str, type: str, key: str) -> dict[str, Row]:
        shelves = self._shelves.setdefault((container, tenant_id, type), {})
        return shelves.setdefault(key, {})
