"""Queries: which index to walk, what to leave out, and cursors that are keyset positions.

The index proposes documents in order, the kernel's `Condition.holds` disposes. Three ways, by cost:
walk an index that is already in the wanted order; or, where a condition leaves few documents, take
them all and sort; or list the kind. Bodies are read along, as one statement is a snapshot by
itself; unless many more are sorted than shown.
"""

import base64
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from typing import Any, Final, NamedTuple, TypeAlias

from shared.adapters.embedded.decoded import Row
from shared.adapters.embedded.rows import (
    INT64_MAX,
    SqlValue,
    Terms,
    from_json,
    sort_rank,
    sql_value,
    to_json,
)
from shared.kernel.conditions import Condition
from shared.kernel.documents import PAGE_MAX, Container, Kind, Order
from shared.kernel.errors import Unreadable

GATHER_MAX: Final = 2_000  # up to so many documents are sorted in memory rather than walked
WHOLE_MAX: Final = 64  # up to so many are sorted with their bodies
CURSOR_VERSION: Final = 1

_EXACT: Final = frozenset({"eq", "contains"})
_SCALAR: Final = frozenset({"eq", "lt", "le", "gt", "ge"})
_ROW: Final = "d.type, d.seq, d.expires, d.checksum, d.body"
_LOAD: Final = f"SELECT {_ROW} FROM documents d WHERE d.doc = ?"  # noqa: S608 - constants
_OPERATOR: Final = {"eq": "=", "contains": "=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}

Position: TypeAlias = tuple[SqlValue, str, str]
"""Value of the order field ("" without one), id, key."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked, checked."""

    tenant_id: str
    container: Container
    type: str
    key: str | None
    where: tuple[Condition, ...]
    order: Order | None
    limit: int

    @property
    def is_descending(self) -> bool:
        return self.order is not None and self.order.descending

    def digest(self) -> str:
        """Return what ties a cursor to this query; another limit may go on with it."""
        text = repr(
            (self.tenant_id, str(self.container), self.type, self.key, self.where, self.order)
        )
        return blake2b(text.encode(), digest_size=9).hexdigest()


class Found(NamedTuple):
    """A document that a query found: its position in the order, its number, and its row if read."""

    position: Position
    doc: int
    row: Row | None

    def rank(self) -> tuple[tuple[int, Any], str, str]:
        value, id, key = self.position
        return sort_rank(value), id, key


def checked(
    tenant_id: str,
    kind: Kind[Any],
    key: str | None,
    where: Sequence[Condition],
    order: Order | None,
    limit: int,
) -> Query:
    """Return the query, if it keeps the port's rules.

    Raises:
        ValueError: an undeclared field, or a limit beyond PAGE_MAX.
    """
    named = [c.field for c in where] + ([order.field] if order else [])
    if undeclared := [field for field in named if field not in kind.fields]:
        raise ValueError(f"{kind.type} declares no field {undeclared[0]!r}")
    if not 1 <= limit <= PAGE_MAX:
        raise ValueError(f"a page has 1 to {PAGE_MAX} documents, not {limit}")
    return Query(tenant_id, kind.container, kind.type, key, tuple(where), order, limit)


def encode_cursor(query: Query, position: Position) -> str:
    """Return a position as text for URLs."""
    value, id, key = position
    shown = {"hex": value.hex()} if isinstance(value, bytes) else value
    raw = to_json({"v": CURSOR_VERSION, "q": query.digest(), "p": [shown, id, key]})
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode_cursor(query: Query, cursor: str) -> Position:
    """Return a cursor's position.

    Raises:
        Unreadable: not a cursor, or one of another query.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        found = json.loads(base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True))
        if found["v"] != CURSOR_VERSION or found["q"] != query.digest():
            raise Unreadable("the cursor is not one of this query")
        value, id, key = found["p"]
        if isinstance(value, dict):
            value = bytes.fromhex(value["hex"])
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable("the cursor cannot be read") from error
    if not (_is_sql_value(value) and isinstance(id, str) and isinstance(key, str)):
        raise Unreadable("the cursor cannot be read")
    return value, id, key


def find(
    connection: sqlite3.Connection, query: Query, after: Position | None, now: int
) -> list[Found]:
    """Return up to `limit` + 1 documents behind `after` with their rows, in order."""
    search = _Search(connection, query, now)
    if query.key is not None and query.container is not Container.STOCK:
        rows = search.listing(after if query.order is None else None)
        return _first(query, rows) if query.order is None else _sorted(query, rows, after)
    exact = next((c for c in query.where if c.comparison in _EXACT and _is_drivable(c)), None)
    if query.order is None and exact is not None:
        return _first(query, search.by_condition(exact, after))
    narrow, count = search.narrowest()
    if narrow is not None and count <= WHOLE_MAX:
        return _sorted(query, search.by_condition(narrow, None), after)
    if narrow is not None:
        return _sorted_then_read(search, narrow, after)
    if query.order is None:
        return _first(query, search.listing(after))
    return _first(query, search.in_order(query.order, after))


def _sorted_then_read(
    search: "_Search", condition: Condition, after: Position | None
) -> list[Found]:
    """Sort what a condition leaves, then read the bodies of those that are shown."""
    connection = search.connection
    connection.execute("BEGIN")  # one snapshot for the index and the documents
    try:
        found = _sorted(search.query, search.by_condition(condition, None, is_whole=False), after)
        return [
            one._replace(row=Row(*connection.execute(_LOAD, (one.doc,)).fetchone()))
            for one in found
        ]
    finally:
        connection.execute("COMMIT")


@dataclass(frozen=True, slots=True)
class _Search:
    """The statements; container names are literals, as only then SQLite sees partial indexes fit.

    Each method yields documents that hold all conditions and have the order field.
    """

    connection: sqlite3.Connection
    query: Query
    now: int

    def listing(self, after: Position | None) -> Iterator[Found]:
        """The kind by id, then key."""
        query = self.query
        is_catalog = query.key is None and query.container is Container.MASTER
        where, values = self._alive_of_kind("d")
        if after is not None:
            where, values = f"{where} AND (d.id, d.key) > (?, ?)", [*values, *after[1:]]
        index = "catalog" if is_catalog else "kind"
        sql = f"""SELECT d.doc, '', d.id, d.key, d.terms, {_ROW} FROM documents d
          INDEXED BY {index} WHERE {where} ORDER BY d.id, d.key"""  # noqa: S608 - only names of ours
        return self._holding(sql, values)

    def by_condition(
        self, condition: Condition, after: Position | None, *, is_whole: bool = True
    ) -> Iterator[Found]:
        """What the index says of one condition; by id, then key, where it is an exact one."""
        where, values = self._of_condition(condition)
        if after is not None:
            where, values = f"{where} AND (f.id, f.key) > (?, ?)", [*values, *after[1:]]
        order = "f.id, f.key" if condition.comparison in _EXACT else "f.value, f.id, f.key"
        return self._joined("''", where, values, order, is_whole=is_whole)

    def in_order(self, order: Order, after: Position | None) -> Iterator[Found]:
        """The documents that have the field, by it, then by id and key."""
        way, beyond = (" DESC", "<") if order.descending else ("", ">")
        where, values = self._of_kind("f")
        where, values = f"{where} AND f.field = ?", [*values, order.field]
        same = [c for c in self.query.where if c.field == order.field and c.comparison in _SCALAR]
        for condition in filter(_is_drivable, same):
            where += f" AND f.value {_OPERATOR[condition.comparison]} ?"
            values.append(_driven(condition))
        if after is not None:
            where, values = (
                f"{where} AND (f.value, f.id, f.key) {beyond} (?, ?, ?)",
                [*values, *after],
            )
        return self._joined("f.value", where, values, f"f.value{way}, f.id{way}, f.key{way}")

    def narrowest(self) -> tuple[Condition | None, int]:
        """Return the first condition, exact ones before ranges, that few can hold, and how many."""
        drivable = [c for c in self.query.where if _is_drivable(c)]
        for condition in sorted(drivable, key=lambda c: c.comparison not in _EXACT):
            where, values = self._of_condition(condition)
            sql = f"""SELECT count(*) FROM (SELECT 1 FROM fields f{self._ledger()} WHERE {where}
              LIMIT {GATHER_MAX + 1})"""  # noqa: S608 - only names of ours
            count: int = self.connection.execute(sql, values).fetchone()[0]
            if count <= GATHER_MAX:
                return condition, count
        return None, 0

    def _of_kind(self, table: str) -> tuple[str, list[SqlValue]]:
        query = self.query
        where = (
            f"{table}.container = '{query.container}' AND {table}.tenant = ? AND {table}.type = ?"
        )
        values: list[SqlValue] = [query.tenant_id, query.type]
        if query.key is not None:
            where, values = f"{where} AND {table}.key = ?", [*values, query.key]
        return where, values

    def _alive_of_kind(self, table: str) -> tuple[str, list[SqlValue]]:
        where, values = self._of_kind(table)
        return f"{where} AND (d.expires IS NULL OR d.expires > ?)", [*values, self.now]

    def _of_condition(self, condition: Condition) -> tuple[str, list[SqlValue]]:
        where, values = self._of_kind("f")
        field = f"{condition.field}[]" if condition.comparison == "contains" else condition.field
        operator = _OPERATOR[condition.comparison]
        return f"{where} AND f.field = ? AND f.value {operator} ?", [
            *values,
            field,
            _driven(condition),
        ]

    def _ledger(self) -> str:
        return " INDEXED BY ledger" if self.query.key is not None else ""

    def _joined(
        self, value: str, where: str, values: list[SqlValue], order: str, *, is_whole: bool = True
    ) -> Iterator[Found]:
        # CROSS JOIN keeps SQLite from walking the documents and looking into the index.
        row = f", {_ROW}" if is_whole else ""
        sql = f"""SELECT f.doc, {value}, f.id, f.key, d.terms{row}
          FROM fields f{self._ledger()} CROSS JOIN documents d ON d.doc = f.doc
          WHERE {where} AND (d.expires IS NULL OR d.expires > ?)
          ORDER BY {order}"""  # noqa: S608 - only names of ours
        return self._holding(sql, [*values, self.now])

    def _holding(self, sql: str, values: list[SqlValue]) -> Iterator[Found]:
        where, order = self.query.where, self.query.order
        rows = self.connection.execute(sql, values)
        try:
            for doc, value, id, key, encoded, *read in rows:
                row = Row(*read) if read else None
                if order is None and not where:
                    yield Found(("", id, key), doc, row)
                    continue
                terms: Terms = from_json(encoded)
                if not all(condition.holds(terms) for condition in where):
                    continue
                if order is None:
                    yield Found(("", id, key), doc, row)
                elif order.field in terms:
                    found = value if value != "" else sql_value(terms[order.field])
                    yield Found((found, id, key), doc, row)
        finally:
            rows.close()  # a statement that is left open keeps its snapshot


def _first(query: Query, found: Iterator[Found]) -> list[Found]:
    return list(islice(found, query.limit + 1))


def _sorted(query: Query, found: Iterable[Found], after: Position | None) -> list[Found]:
    ranked = sorted(found, key=Found.rank, reverse=query.is_descending)
    if after is not None:
        start = Found(after, 0, None).rank()
        if query.is_descending:
            ranked = [one for one in ranked if one.rank() < start]
        else:
            ranked = [one for one in ranked if one.rank() > start]
    return ranked[: query.limit + 1]


def _is_drivable(condition: Condition) -> bool:
    value = condition.value
    is_bounded = not isinstance(value, int) or abs(value) <= INT64_MAX
    return condition.comparison in _OPERATOR and value is not None and is_bounded


def _driven(condition: Condition) -> SqlValue:
    return sql_value(condition.value)


def _is_sql_value(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, str | bytes) or (is_number and abs(float(str(value))) <= INT64_MAX)
