"""The index of declared fields: which fields of which kind it holds, and its rows."""

import sqlite3
from typing import Any, Final

from shared.adapters.embedded.rows import (
    FieldRow,
    Place,
    Terms,
    field_rows,
    from_json,
    terms_of,
    to_json,
)
from shared.kernel.documents import Container, Kind

_ADD: Final = """INSERT INTO fields(container, tenant, type, field, value, id, key, doc)
  VALUES(?, ?, ?, ?, ?, ?, ?, ?)"""
# The container is a literal: SQLite prepares a statement anew for every value that is bound to a
# column which a partial index compares with a constant.
_DROP: Final = {
    container.value: f"""DELETE FROM fields WHERE container = '{container.value}' AND tenant = ?
      AND type = ? AND field = ? AND value = ? AND id = ? AND key = ?"""  # noqa: S608 - names of ours
    for container in Container
}


class FieldIndex:
    """Knows what is indexed of each kind; a field that a newer program declares is added.

    Fields are never taken away: two neighboring versions of the program may run side by side, and
    each must keep the other's queries right.
    """

    def __init__(self) -> None:
        self.is_refreshed = False  # nothing was declared since the last refresh
        self._registry = -1
        self._fields: dict[tuple[str, str], tuple[str, ...]] = {}
        # What is indexed of the kinds that were asked for, with the fields they have here.
        self._whole: dict[tuple[str, str, tuple[str, ...]], tuple[str, ...]] = {}

    def refresh(self, connection: sqlite3.Connection, registry: int) -> None:
        """Learn what other processes declared, if the stored number says so."""
        if registry != self._registry or not self.is_refreshed:
            rows = connection.execute("SELECT container, type, fields FROM kinds")
            self._fields = {(c, t): tuple(from_json(fields)) for c, t, fields in rows}
            self._registry, self.is_refreshed = registry, True
            self._whole.clear()

    def has(self, kind: Kind[Any]) -> bool:
        """Tell whether queries on the kind's fields find every document."""
        asked = (kind.container, kind.type, kind.fields)
        if asked in self._whole:
            return True
        known = self._fields.get((kind.container, kind.type))
        if known is None or not set(kind.fields).issubset(known):
            return False
        self._whole[asked] = known
        return True

    def terms(self, connection: sqlite3.Connection, kind: Kind[Any], body: Any) -> Terms:
        """Return the indexed fields of a model as JSON values."""
        fields = self.declared(connection, kind)
        if not fields:
            return {}
        found: Terms = body.__pydantic_serializer__.to_python(
            body, mode="json", include=set(fields), exclude_none=True
        )
        # In the order of `fields`: equal terms, equal text.
        return {field: found[field] for field in fields if field in found}

    def declared(self, connection: sqlite3.Connection, kind: Kind[Any]) -> tuple[str, ...]:
        """Return all indexed fields of a kind, adding its own where they are new."""
        known = self._whole.get((kind.container, kind.type, kind.fields))
        if known is not None:
            return known
        if self.has(kind):
            return self._fields[kind.container, kind.type]
        return self._declare(connection, kind)

    def _declare(self, connection: sqlite3.Connection, kind: Kind[Any]) -> tuple[str, ...]:
        where = (str(kind.container), kind.type)
        found = connection.execute(
            "SELECT fields FROM kinds WHERE container = ? AND type = ?", where
        ).fetchone()
        before: tuple[str, ...] = tuple(from_json(found[0])) if found else ()
        fields = tuple(sorted({*before, *kind.fields}))
        if found is None or fields != before:
            row = (*where, to_json(fields))
            connection.execute("INSERT OR REPLACE INTO kinds VALUES(?, ?, ?)", row)
            connection.execute("UPDATE meta SET registry = registry + 1")
            self.is_refreshed = False  # this transaction may yet be undone
        if fields != before and found is not None:
            _index_again(connection, where, fields)
        self._fields[where] = fields
        return fields


def _index_again(
    connection: sqlite3.Connection, where: tuple[str, str], fields: tuple[str, ...]
) -> None:
    container, type = where
    connection.execute("DELETE FROM fields WHERE container = ? AND type = ?", where)
    rows = connection.execute(
        "SELECT doc, tenant, key, id, body FROM documents WHERE container = ? AND type = ?", where
    ).fetchall()
    for doc, tenant, key, id, body in rows:
        terms = terms_of(from_json(body), fields)
        connection.execute("UPDATE documents SET terms = ? WHERE doc = ?", (to_json(terms), doc))
        add_fields(connection, (container, tenant, key, id), type, doc, field_rows(terms))


def add_fields(
    connection: sqlite3.Connection, place: Place, type: str, doc: int, rows: set[FieldRow]
) -> None:
    """Enter a document's fields."""
    if not rows:
        return
    container, tenant, key, id = place
    values = [(container, tenant, type, field, value, id, key, doc) for field, value in rows]
    connection.executemany(_ADD, values)


def drop_fields(
    connection: sqlite3.Connection, place: Place, type: str, rows: set[FieldRow]
) -> None:
    """Take a document's fields out."""
    if not rows:
        return
    container, tenant, key, id = place
    values = [(tenant, type, field, value, id, key) for field, value in rows]
    connection.executemany(_DROP[container], values)
