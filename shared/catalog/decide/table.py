"""CSV files as people's spreadsheets write them, read row by row (pure).

UTF-8 with or without a byte order mark; commas or semicolons; cells in double quotes may hold both,
and line breaks. A file that cannot be read as a table is refused whole, a row alone.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from shared.catalog.decide.cells import CellFault, Column
from shared.kernel.errors import Fault, Invalid, TooLarge, Unreadable

ROWS_MAX: Final = 5_000
BYTES_MAX: Final = 1_048_576
BETWEEN_KEYS: Final = "|"  # stands in no id


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong with a row; `line` is where it begins in the file, from 1."""

    line: int
    column: str | None
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row whose cells could be read: by column name; a column that the file lacks is absent."""

    line: int
    key: str
    values: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Table:
    """The rows to write, and what is wrong with the others; `refused` counts those."""

    rows: tuple[Row, ...]
    errors: tuple[RowError, ...]
    refused: int


def read_table(raw: bytes, columns: Sequence[Column]) -> Table:
    """Read a file; the key columns name what a row is about, and each name comes once.

    Raises:
        TooLarge: more than `BYTES_MAX` bytes or `ROWS_MAX` rows.
        Unreadable: not UTF-8, or without a header.
        Invalid: the header has an unknown column, one twice, or not every key.
    """
    lines = _Lines(_text_of(raw))
    header = _header_of(lines.first(), columns)
    by_name = {column.name: column for column in columns}
    rows: list[Row] = []
    errors: list[RowError] = []
    keys: set[str] = set()
    refused = 0
    for line, cells in lines.rest():
        if len(rows) + refused >= ROWS_MAX:
            raise TooLarge(f"a file has at most {ROWS_MAX} rows")
        found = _row_of(line, cells, [by_name[name] for name in header], keys)
        if isinstance(found, Row):
            rows.append(found)
        else:
            errors += found
            refused += 1
    if lines.broken is not None:
        errors.append(lines.broken)
        refused += 1
    return Table(tuple(rows), tuple(errors), refused)


def _text_of(raw: bytes) -> str:
    if len(raw) > BYTES_MAX:
        raise TooLarge(f"a file has at most {BYTES_MAX} bytes")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"not UTF-8 at byte {error.start}") from error


class _Lines:
    """Records of a CSV text with the lines they begin at; `broken` says where reading stopped."""

    def __init__(self, text: str) -> None:
        head = text.partition("\n")[0]
        delimiter = ";" if head.count(";") > head.count(",") else ","
        source = io.StringIO(text, newline="")
        self._reader = csv.reader(source, delimiter=delimiter, strict=True)
        self.broken: RowError | None = None

    def first(self) -> list[str]:
        for _, cells in self.rest():
            return cells
        raise Unreadable("the file has no header")

    def rest(self) -> Iterator[tuple[int, list[str]]]:
        while True:
            line = self._reader.line_num + 1
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except csv.Error:
                # Where a quote went wrong nobody can tell in which cell the rest stands.
                detail = "quotes do not match; nothing was read from here on"
                self.broken = RowError(line, None, "malformed-quotes", detail)
                return
            if any(cell.strip() for cell in cells):
                yield line, cells


def _header_of(cells: Sequence[str], columns: Sequence[Column]) -> list[str]:
    names = [cell.strip().lower() for cell in cells]
    known = [column.name for column in columns]
    faults = [
        Fault(f"/header/{index}", "unknown-column", f"known are {', '.join(known)}")
        for index, name in enumerate(names)
        if name not in known
    ]
    faults += [
        Fault(f"/header/{index}", "column-twice", "the column stands before")
        for index, name in enumerate(names)
        if name in names[:index]
    ]
    faults += [
        Fault("/header", "column-missing", f"the column {column.name} is needed")
        for column in columns
        if column.is_key and column.name not in names
    ]
    if faults:
        raise Invalid(faults)
    return names


def _row_of(
    line: int, cells: Sequence[str], columns: Sequence[Column], keys: set[str]
) -> Row | list[RowError]:
    if len(cells) != len(columns):
        detail = f"{len(cells)} cells under {len(columns)} columns"
        return [RowError(line, None, "cell-count", detail)]
    values: dict[str, JsonValue] = {}
    errors: list[RowError] = []
    for cell, column in zip(cells, columns, strict=True):
        try:
            values[column.name] = column.read(cell)
        except CellFault as fault:
            errors.append(RowError(line, column.name, fault.code, fault.detail))
    named = [column.name for column in columns if column.is_key]
    key = BETWEEN_KEYS.join(str(values.get(name)) for name in named)
    if key in keys:
        errors.append(RowError(line, named[0], "twice-in-file", "an earlier row is about it"))
    if errors:
        return errors
    keys.add(key)
    return Row(line, key, values)
