"""The columns of the imports, and how a row becomes what is told of a product or a location."""

import json
from collections.abc import Sequence
from typing import Any, Final, TypeVar

from pydantic import BaseModel, JsonValue, ValidationError

from shared.catalog.decide import cells
from shared.catalog.decide.cells import Column, Read
from shared.catalog.decide.table import Row, RowError
from shared.kernel.errors import Fault
from shared.kernel.model import faults_of

M = TypeVar("M", bound=BaseModel)
_WEEK: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _top(read: Read, names: str) -> tuple[Column, ...]:
    return tuple(Column(name, (name,), read) for name in names.split())


PRODUCT_COLUMNS: Final = (
    Column("sku", ("sku",), cells.key, is_key=True),
    *_top(cells.text, "name kind barcode_kind category step return_class stock_mode image"),
    *_top(cells.items, "barcodes aliases tags"),
    *_top(cells.whole, "weight_g length_mm width_mm height_mm"),
    *_top(cells.truth, "hazmat active components_may_split"),
    *_top(cells.components, "components"),
    *_top(cells.price, "price"),
)
LOCATION_COLUMNS: Final = (
    Column("location_id", ("location_id",), cells.key, is_key=True),
    *_top(cells.text, "name kind capacity_unit"),
    Column("address", ("place", "lines"), cells.items),
    *(
        Column(n, ("place", n), cells.text)
        for n in ("locality", "admin_area", "postcode", "country")
    ),
    Column("latitude", ("place", "lat_e6"), cells.degrees),
    Column("longitude", ("place", "lon_e6"), cells.degrees),
    Column("zone", ("hours", "zone"), cells.text),
    *(Column(day, ("hours", "weekly", day), cells.windows) for day in _WEEK),
    Column("closures", ("hours", "closures"), cells.closures),
    *_top(cells.cutoffs, "cutoffs"),
    *_top(cells.wall, "pickup_cutoff"),
    *_top(cells.truth, "ship_enabled pickup_enabled active"),
    *_top(cells.truth, "capacity_counts_pickups feed_net_of_reservations"),
    *_top(cells.items, "groups capabilities"),
    *_top(cells.whole, "priority capacity_per_day labor_minor handling_minutes feed_fresh_minutes"),
    *_top(cells.phone, "phone"),
)


def told_by(
    row: Row, model: type[M], columns: Sequence[Column], before: BaseModel | None
) -> M | tuple[RowError, ...]:
    """Return what a row tells, over what stands; or every fault of it, by column.

    A column that the file lacks leaves what stands, an empty cell sets the default.
    """
    found = _json_of(before, model)
    for column in columns:
        if column.name in row.values:
            _put(found, column.path, row.values[column.name])
    try:
        return model.model_validate_json(json.dumps(found))
    except ValidationError as error:
        return row_errors(row.line, faults_of(error), columns)


def row_errors(
    line: int, faults: Sequence[Fault], columns: Sequence[Column]
) -> tuple[RowError, ...]:
    """Return faults of a document as errors of the row's columns."""
    return tuple(
        RowError(line, _column_at(fault.pointer, columns), fault.code, fault.detail)
        for fault in faults
    )


def _column_at(pointer: str, columns: Sequence[Column]) -> str | None:
    """Return the column that the fault is about: its own, or the first one of a part left out."""
    place = pointer.split("/")[1:]
    for column in columns:
        shorter = min(len(place), len(column.path))
        if place and list(column.path[:shorter]) == place[:shorter]:
            return column.name
    return None


def _json_of(before: BaseModel | None, model: type[BaseModel]) -> dict[str, Any]:
    if before is None:
        return {}
    known = set(model.model_fields)
    found: dict[str, Any] = before.model_dump(mode="json", include=known, exclude_none=True)
    return found


def _put(found: dict[str, Any], path: Sequence[str], value: JsonValue) -> None:
    *outer, name = path
    inside = found
    for step in outer:
        inside = inside.setdefault(step, {})
    if value is None:
        inside.pop(name, None)
    else:
        inside[name] = value
