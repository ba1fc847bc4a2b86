"""Queries of plain memory: look at each document of a kind, keep what holds, sort it.

Who asks, what may be asked and the cursors are the embedded store's own.
"""

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any, Final, TypeAlias

from shared.adapters.embedded.queries import Position, Query
from shared.adapters.embedded.rows import SqlValue, Terms, sort_rank, sql_value
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
    where, order, limit = query.where, query.order, query.limit
    of_kind = rows.of_kind(query.tenant_id, kind, query.key)
    held = [row for row in of_kind if row.expires is None or row.expires > now]
    if where:
        held = [row for row in held if _holds(row.terms(kind), where)]
    if order is not None:
        held = [row for row in held if order.field in row.terms(kind)]
    if after is None and len(held) <= 1:
        return held, None
    ranked = _ranked(held, order, kind)
    ranked.sort(key=_BY_RANK, reverse=query.is_descending)
    if after is not None:
        ranked = _behind(ranked, query, after)
    found = [row for *_, row in ranked[:limit]]
    return found, _position(found[-1], order, kind) if len(ranked) > limit else None


def _holds(terms: Terms, where: Sequence[Condition]) -> bool:
    for condition in where:
        if condition.comparison == "eq":  # nearly all are; as `Condition.holds` has it
            found, value = terms.get(condition.field), condition.value
            if type(found) is not type(value) or found != value:
                return False
        elif not condition.holds(terms):
            return False
    return True


def _ranked(held: Iterable[Row], order: Order | None, kind: Kind[Any]) -> list[Ranked]:
    """Return the rows, each behind what it is sorted by."""
    if order is None:
        return [(_UNORDERED, row.place[3], row.place[2], row) for row in held]
    field = order.field
    return [
        (sort_rank(sql_value(row.terms(kind)[field])), row.place[3], row.place[2], row)
        for row in held
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
