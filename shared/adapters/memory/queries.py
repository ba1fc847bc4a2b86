"""Queries of plain memory: look at each document of a kind, keep what holds, sort it.

Who asks, what may be asked and the cursors are the embedded store's own.
"""

from operator import itemgetter
from typing import Any, Final, TypeAlias

from shared.adapters.embedded.queries import Position, Query
from shared.adapters.embedded.rows import SqlValue, sort_rank, sql_value
from shared.adapters.memory.rows import Row, Rows
from shared.kernel.conditions import Condition
from shared.kernel.documents import Kind, Order

Ranked: TypeAlias = tuple[tuple[int, Any], str, str, Row]
_BY_RANK: Final = itemgetter(0, 1, 2)  # places differ: rows themselves are never compared
_UNORDERED: Final = sort_rank("")


def find(
    rows: Rows, query: Query, kind: Kind[Any], after: Position | None, now: int
) -> tuple[list[Row], Position | None]:
    """Return up to `limit` documents behind `after`, in order; and where the next page begins."""
    order, limit = query.order, query.limit
    of_kind = rows.of_kind(query.tenant_id, kind, query.key)
    held = [row for row in of_kind if row.expires is None or row.expires > now]
    for condition in query.where:
        held = _holding(held, condition, kind)
    ranked = _ranked(held, order, kind)
    if after is not None:
        ranked = _behind(ranked, query, after)
    if len(ranked) > 1:
        ranked.sort(key=_BY_RANK, reverse=query.is_descending)
    found = [one[3] for one in ranked[:limit]]
    return found, _position(found[-1], order, kind) if len(ranked) > limit else None


def _holding(held: list[Row], condition: Condition, kind: Kind[Any]) -> list[Row]:
    """Return the rows for which a condition holds, as `Condition.holds` has it."""
    if condition.comparison != "eq":
        return [row for row in held if condition.holds(row.terms(kind))]
    field, value, type = condition.field, condition.value, condition.value.__class__
    return [
        row
        for row in held
        if (found := row.terms(kind).get(field)).__class__ is type and found == value
    ]


def _ranked(held: list[Row], order: Order | None, kind: Kind[Any]) -> list[Ranked]:
    """Return the rows that have the order's field, each behind what it is sorted by."""
    if order is None:
        return [(_UNORDERED, row.place[3], row.place[2], row) for row in held]
    field = order.field
    return [
        (_rank(value), row.place[3], row.place[2], row)
        for row in held
        if (value := row.terms(kind).get(field)) is not None
    ]


def _rank(value: Any) -> tuple[int, Any]:
    return (1, value) if value.__class__ is str else sort_rank(sql_value(value))


def _behind(ranked: list[Ranked], query: Query, after: Position) -> list[Ranked]:
    value, id, key = after
    start = (_UNORDERED if query.order is None else sort_rank(value), id, key)
    if query.is_descending:
        return [one for one in ranked if _BY_RANK(one) < start]
    return [one for one in ranked if _BY_RANK(one) > start]


def _position(row: Row, order: Order | None, kind: Kind[Any]) -> Position:
    value: SqlValue = "" if order is None else sql_value(row.terms(kind)[order.field])
    return value, row.place[3], row.place[2]
