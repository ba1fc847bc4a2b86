"""Queries of plain memory: look at each document of a kind, keep what holds, sort it.

Who asks, what may be asked and the cursors are the embedded store's own.
"""

from operator import itemgetter
from typing import Any, Final, TypeAlias

from shared.adapters.embedded.queries import Position, Query
from shared.adapters.embedded.rows import SqlValue, sort_rank, sql_value
from shared.adapters.memory.rows import Row, Rows
from shared.kernel.documents import Kind, Order

Ranked: TypeAlias = tuple[tuple[int, Any], str, str, Row]
_BY_RANK: Final = itemgetter(0, 1, 2)  # places differ: rows themselves are never compared
_UNORDERED: Final = sort_rank("")


def find(
    rows: Rows, query: Query, kind: Kind[Any], after: Position | None, now: int
) -> list[tuple[Position, Row]]:
    """Return up to `limit` + 1 documents behind `after`, in order."""
    held = [
        row
        for row in rows.of_kind(query.tenant_id, kind, query.key)
        if (row.expires is None or row.expires > now) and _holds(row, query, kind)
    ]
    ranked = _ranked(held, query.order, kind)
    ranked.sort(key=_BY_RANK, reverse=query.is_descending)
    if after is not None:
        ranked = _behind(ranked, query, after)
    return [(_position(row, query.order, kind), row) for *_, row in ranked[: query.limit + 1]]


def _holds(row: Row, query: Query, kind: Kind[Any]) -> bool:
    if not query.where:
        return True
    terms = row.terms(kind)
    return False not in [condition.holds(terms) for condition in query.where]


def _ranked(held: list[Row], order: Order | None, kind: Kind[Any]) -> list[Ranked]:
    """Return the rows that have the order's field, each behind what it is sorted by."""
    if order is None:
        return [(_UNORDERED, row.place[3], row.place[2], row) for row in held]
    field = order.field
    return [
        (sort_rank(sql_value(terms[field])), row.place[3], row.place[2], row)
        for row in held
        if field in (terms := row.terms(kind))
    ]


def _behind(ranked: list[Ranked], query: Query, after: Position) -> list[Ranked]:
    value, id, key = after
    start = (_UNORDERED if query.order is None else sort_rank(value), id, key)
    if query.is_descending:
        return [one for one in ranked if _BY_RANK(one) < start]
    return [one for one in ranked if _BY_RANK(one) > start]


def _position(row: Row, order: Order | None, kind: Kind[Any]) -> Position:
    value: SqlValue = "" if order is None else sql_value(row.terms(kind)[order.field])
    return value, row.place[3], row.place[2]
