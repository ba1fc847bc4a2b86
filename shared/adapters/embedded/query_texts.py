"""The statements of queries, written once for each shape of a query.

Container names are literals, as only then SQLite sees that a partial index fits.
"""

from functools import cache
from typing import Final

from shared.kernel.documents import Container

EXACT: Final = frozenset({"eq", "contains"})
OPERATOR: Final = {"eq": "=", "contains": "=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
ROW: Final = "d.type, d.seq, d.expires, d.checksum, d.body"
LOAD: Final = f"SELECT {ROW} FROM documents d WHERE d.doc = ?"  # noqa: S608 - constants

_ALIVE: Final = "(d.expires IS NULL OR d.expires > ?)"


def _of_kind(table: str, container: Container, *, is_keyed: bool) -> str:
    key = f" AND {table}.key = ?" if is_keyed else ""
    return f"{table}.container = '{container}' AND {table}.tenant = ? AND {table}.type = ?{key}"


@cache
def listing(container: Container, *, is_keyed: bool, is_after: bool) -> str:
    """The kind by id, then key. Parameters: tenant, type, (key), now, (id, key behind which)."""
    is_catalog = not is_keyed and container is Container.MASTER
    where = f"{_of_kind('d', container, is_keyed=is_keyed)} AND {_ALIVE}"
    after = " AND (d.id, d.key) > (?, ?)" if is_after else ""
    index = "catalog" if is_catalog else "kind"
    return f"""SELECT d.doc, d.id, d.key, d.terms, {ROW} FROM documents d
      INDEXED BY {index} WHERE {where}{after} ORDER BY d.id, d.key"""  # noqa: S608 - only names of ours


@cache
def counting(container: Container, comparison: str, most: int, *, is_keyed: bool) -> str:
    """How many rows of the index fit, `most` at most. Parameters: as of `by_condition`."""
    where = _of_condition(container, comparison, is_keyed=is_keyed)
    return f"""SELECT count(*) FROM (SELECT 1 FROM fields f{_ledger(is_keyed=is_keyed)}
      WHERE {where} LIMIT {most})"""  # noqa: S608 - only names of ours


@cache
def by_condition(
    container: Container, comparison: str, *, is_keyed: bool, is_after: bool, is_whole: bool
) -> str:
    """What the index says of one condition; by id, then key, where it is an exact one.

    Parameters: tenant, type, (key), field, value, (id, key behind which), now.
    """
    where = _of_condition(container, comparison, is_keyed=is_keyed)
    after = " AND (f.id, f.key) > (?, ?)" if is_after else ""
    order = "f.id, f.key" if comparison in EXACT else "f.value, f.id, f.key"
    row = f", {ROW}" if is_whole else ""
    return _joined(row, f"{where}{after}", order, is_keyed=is_keyed)


@cache
def in_order(
    container: Container,
    comparisons: tuple[str, ...],
    *,
    is_keyed: bool,
    is_after: bool,
    is_descending: bool,
) -> str:
    """The documents that have the field, by it, then by id and key.

    Parameters: tenant, type, (key), field, a value for each comparison, (value, id and key behind
    which), now.
    """
    way, beyond = (" DESC", "<") if is_descending else ("", ">")
    bounds = "".join(f" AND f.value {OPERATOR[comparison]} ?" for comparison in comparisons)
    after = f" AND (f.value, f.id, f.key) {beyond} (?, ?, ?)" if is_after else ""
    where = f"{_of_kind('f', container, is_keyed=is_keyed)} AND f.field = ?{bounds}{after}"
    order = f"f.value{way}, f.id{way}, f.key{way}"
    return _joined(f", {ROW}", where, order, is_keyed=is_keyed)


def _of_condition(container: Container, comparison: str, *, is_keyed: bool) -> str:
    kind = _of_kind("f", container, is_keyed=is_keyed)
    return f"{kind} AND f.field = ? AND f.value {OPERATOR[comparison]} ?"


def _ledger(*, is_keyed: bool) -> str:
    return " INDEXED BY ledger" if is_keyed else ""


def _joined(row: str, where: str, order: str, *, is_keyed: bool) -> str:
    # CROSS JOIN keeps SQLite from walking the documents and looking into the index.
    return f"""SELECT f.doc, f.id, f.key, d.terms{row}
      FROM fields f{_ledger(is_keyed=is_keyed)} CROSS JOIN documents d ON d.doc = f.doc
      WHERE {where} AND {_ALIVE} ORDER BY {order}"""  # noqa: S608 - only names of ours
