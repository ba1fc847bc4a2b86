"""Import products and locations from files: good rows are written, bad ones listed."""

from collections import Counter
from datetime import datetime
from typing import Final, TypeAlias

from pydantic import Field

from shared.catalog.decide import (
    LOCATION_COLUMNS,
    PRODUCT_COLUMNS,
    Row,
    RowError,
    Table,
    read_table,
    row_errors,
    told_by,
)
from shared.catalog.model import LocationDetails, NameTaken, ProductDetails
from shared.catalog.service.locations import save_location
from shared.catalog.service.products import save_product
from shared.catalog.service.reading import get_location, get_product
from shared.catalog.service.saved import ATTEMPTS_MAX, Outcome
from shared.kernel.documents import Documents
from shared.kernel.errors import Invalid, Unavailable, WriteLost
from shared.kernel.model import Strict

ERRORS_SHOWN_MAX: Final = 1_000

RowResult: TypeAlias = Outcome | tuple[RowError, ...]


class RowFault(Strict):
    """What is wrong with a row: `line` is where it begins in the file, from 1."""

    line: int
    column: str | None = None
    code: str
    detail: str


class ImportReport(Strict):
    """How many rows came to what; `errors` shows the first `ERRORS_SHOWN_MAX` of `faults`."""

    created: int
    changed: int
    unchanged: int
    refused: int
    faults: int
    errors: tuple[RowFault, ...] = Field(max_length=ERRORS_SHOWN_MAX)


async def import_products(
    store: Documents, tenant_id: str, raw: bytes, *, now: datetime
) -> ImportReport:
    """Write the products of a CSV file; the same file again changes nothing.

    A column that the file lacks leaves what stands, an empty cell sets the default.

    Raises:
        TooLarge, Unreadable, Invalid: the file as a whole is no such table; nothing is written.
    """
    table = read_table(raw, PRODUCT_COLUMNS)
    # Bundles come last: the file may bring their components too.
    rows = sorted(table.rows, key=lambda row: bool(row.values.get("components")))
    return _report(table, [await _product(store, tenant_id, row, now) for row in rows])


async def import_locations(store: Documents, tenant_id: str, raw: bytes) -> ImportReport:
    """Write the locations of a CSV file, as `import_products` does.

    Raises:
        TooLarge, Unreadable, Invalid: the file as a whole is no such table; nothing is written.
    """
    table = read_table(raw, LOCATION_COLUMNS)
    return _report(table, [await _location(store, tenant_id, row) for row in table.rows])


async def _product(store: Documents, tenant_id: str, row: Row, now: datetime) -> RowResult:
    for _ in range(ATTEMPTS_MAX):
        stored = await get_product(store, tenant_id, row.key)
        told = told_by(row, ProductDetails, PRODUCT_COLUMNS, stored.body if stored else None)
        if isinstance(told, tuple):
            return told
        try:
            return (await save_product(store, tenant_id, told, stored, now=now)).outcome
        except Invalid as error:
            return row_errors(row.line, error.faults, PRODUCT_COLUMNS)
        except NameTaken as error:
            return (RowError(row.line, None, error.code, str(error)),)
        except WriteLost:
            continue
    raise Unavailable(f"product {row.key} is contended")


async def _location(store: Documents, tenant_id: str, row: Row) -> RowResult:
    for _ in range(ATTEMPTS_MAX):
        stored = await get_location(store, tenant_id, row.key)
        told = told_by(row, LocationDetails, LOCATION_COLUMNS, stored.body if stored else None)
        if isinstance(told, tuple):
            return told
        try:
            return (await save_location(store, tenant_id, told, stored)).outcome
        except Invalid as error:
            return row_errors(row.line, error.faults, LOCATION_COLUMNS)
        except WriteLost:
            continue
    raise Unavailable(f"location {row.key} is contended")


def _report(table: Table, results: list[RowResult]) -> ImportReport:
    counts = Counter(result for result in results if isinstance(result, Outcome))
    refused = [result for result in results if not isinstance(result, Outcome)]
    errors = [*table.errors, *(error for row in refused for error in row)]
    errors.sort(key=lambda error: error.line)
    return ImportReport(
        created=counts[Outcome.CREATED],
        changed=counts[Outcome.CHANGED],
        unchanged=counts[Outcome.UNCHANGED],
        refused=table.refused + len(refused),
        faults=len(errors),
        errors=tuple(
            RowFault(line=e.line, column=e.column, code=e.code, detail=e.detail)
            for e in errors[:ERRORS_SHOWN_MAX]
        ),
    )
