"""Queries: which index to walk, what to leave out, and cursors that are keyset positions.

The index proposes documents in order, the kernel's `Condition.holds` disposes. Three ways, by cost:
walk an index that is already in the wanted order; or, where a condition leaves few documents, take
them all and sort; or list the kind. Bodies are read along, as one statement is a snapshot by
itself; unless many more are sorted than shown.
"""

import base64
import json
import sqlite3
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any, Final, NamedTuple, TypeAlias

from shared.adapters.embedded import query_texts as texts
from shared.adapters.embedded.decoded import Row
from shared.adapters.embedded.query_texts import EXACT, LOAD, OPERATOR
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

_SCALAR: Final = frozenset({"eq", "lt", "le", "gt", "ge"})

Position: TypeAlias = tuple[SqlValue, str, str]
"""Value of the order field ("" without one), id, key."""
Found: TypeAlias = tuple[Position, int, Row]
"""A document that a query found: its position in the order, its number, its row."""


class Query(NamedTuple):
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
    named = [c.field for c in where]
    if order is not None:
        named.append(order.field)
    for field in named:
        if field not in kind.fields:
            raise ValueError(f"{kind.type} declares no field {field!r}")
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
        if query.order is None:
            return search.listing(after, query.limit + 1)
        return _sorted(query, search.listing(None, None), after)
    drivable = _drivable(query.where)
    if query.order is None and drivable and drivable[0].comparison in EXACT:
        return search.by_condition(drivable[0], after, query.limit + 1)
    narrow, count = search.narrowest(drivable)
    if narrow is not None:
        return _gathered(search, narrow, count, after)
    if query.order is None:
        return search.listing(after, query.limit + 1)
    return search.in_order(query.order, after, query.limit + 1)


def _gathered(
    search: "_Search", condition: Condition, count: int, after: Position | None
) -> list[Found]:
    """Sort what a condition leaves; of many only those that are shown are read."""
    query, connection = search.query, search.connection
    if count <= WHOLE_MAX:
        return _sorted(query, search.by_condition(condition, None, None), after)
    connection.execute("BEGIN")  # one snapshot for the index and the documents
    try:
        left = search.by_condition(condition, None, None, is_whole=False)
        return [
            (position, doc, connection.execute(LOAD, (doc,)).fetchone())
            for position, doc, _ in _sorted(query, left, after)
        ]
    finally:
        connection.execute("COMMIT")


class _Search:
    """Runs the statements of a query.

    Each method returns up to `most` documents that hold all conditions and have the order field.
    """

    def __init__(self, connection: sqlite3.Connection, query: Query, now: int) -> None:
        self.connection, self.query, self._now = connection, query, now
        self._is_keyed = query.key is not None
        place = (query.tenant_id, query.type)
        self._place = place if query.key is None else (*place, query.key)

    def listing(self, after: Position | None, most: int | None) -> list[Found]:
        """The kind by id, then key."""
        is_after = after is not None
        sql = texts.listing(self.query.container, is_keyed=self._is_keyed, is_after=is_after)
        return self._holding(sql, (*self._place, self._now, *(after or ())[1:]), most)

    def by_condition(
        self,
        condition: Condition,
        after: Position | None,
        most: int | None,
        *,
        is_whole: bool = True,
    ) -> list[Found]:
        """What the index says of one condition; by id, then key, where it is an exact one."""
        sql = texts.by_condition(
            self.query.container,
            condition.comparison,
            is_keyed=self._is_keyed,
            is_after=after is not None,
            is_whole=is_whole,
        )
        values = (*self._place, *_driven(condition), *(after or ())[1:], self._now)
        return self._holding(sql, values, most)

    def in_order(self, order: Order, after: Position | None, most: int) -> list[Found]:
        """The documents that have the field, by it, then by id and key."""
        bounds = [
            c
            for c in self.query.where
            if c.field == order.field and c.comparison in _SCALAR and _is_drivable(c)
        ]
        sql = texts.in_order(
            self.query.container,
            tuple(condition.comparison for condition in bounds),
            is_keyed=self._is_keyed,
            is_after=after is not None,
            is_descending=order.descending,
        )
        limits = [sql_value(condition.value) for condition in bounds]
        values = (*self._place, order.field, *limits, *(after or ()), self._now)
        return self._holding(sql, values, most)

    def narrowest(self, drivable: Iterable[Condition]) -> tuple[Condition | None, int]:
        """Return the first of the conditions that few can hold, and how many."""
        for condition in drivable:
            sql = texts.counting(
                self.query.container,
                condition.comparison,
                GATHER_MAX + 1,
                is_keyed=self._is_keyed,
            )
            values = (*self._place, *_driven(condition))
            count: int = self.connection.execute(sql, values).fetchone()[0]
            if count <= GATHER_MAX:
                return condition, count
        return None, 0

    def _holding(self, sql: str, values: Sequence[SqlValue], most: int | None) -> list[Found]:
        where, order = self.query.where, self.query.order
        rows = self.connection.execute(sql, values)
        if not where and order is None:
            taken = rows.fetchall() if most is None else rows.fetchmany(most)
            rows.close()  # a statement that is left open keeps its snapshot
            return [(("", row[1], row[2]), row[0], row[4:]) for row in taken]
        found: list[Found] = []
        sorted_by: SqlValue = ""
        for row in rows:
            doc, id, key, encoded = row[:4]
            terms: Terms = from_json(encoded)
            if False in [condition.holds(terms) for condition in where]:
                continue
            if order is not None:
                if order.field not in terms:
                    continue
                sorted_by = sql_value(terms[order.field])
            found.append(((sorted_by, id, key), doc, row[4:]))
            if len(found) == most:
                break
        rows.close()
        return found


def _sorted(query: Query, found: Iterable[Found], after: Position | None) -> list[Found]:
    ranked = sorted(found, key=_rank, reverse=query.is_descending)
    if after is not None:
        start = _rank((after,))
        if query.is_descending:
            ranked = [one for one in ranked if _rank(one) < start]
        else:
            ranked = [one for one in ranked if _rank(one) > start]
    return ranked[: query.limit + 1]


def _rank(found: tuple[Position, *tuple[object, ...]]) -> tuple[tuple[int, Any], str, str]:
    value, id, key = found[0]
    return sort_rank(value), id, key


def _drivable(where: Sequence[Condition]) -> list[Condition]:
    """Return the conditions that the index can tell of, exact ones before ranges."""
    found = [condition for condition in where if _is_drivable(condition)]
    if len(found) > 1:
        found.sort(key=lambda condition: condition.comparison not in EXACT)
    return found


def _is_drivable(condition: Condition) -> bool:
    value = condition.value
    is_bounded = not isinstance(value, int) or abs(value) <= INT64_MAX
    return condition.comparison in OPERATOR and value is not None and is_bounded


def _driven(condition: Condition) -> tuple[str, SqlValue]:
    """Return the index's name of a condition's field, and its value."""
    field = f"{condition.field}[]" if condition.comparison == "contains" else condition.field
    return field, sql_value(condition.value)


def _is_sql_value(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, str | bytes) or (is_number and abs(float(str(value))) <= INT64_MAX)
