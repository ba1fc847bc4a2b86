"""Rules of products, locations and their imports (pure)."""

from shared.catalog.decide.columns import LOCATION_COLUMNS, PRODUCT_COLUMNS, row_errors, told_by
from shared.catalog.decide.locations import (
    check_location,
    is_same_location,
    location_fields,
    location_of,
)
from shared.catalog.decide.names import (
    CLAIM_GRACE,
    canonical,
    could_be_sku,
    gained_and_lost,
    is_gtin,
    is_named,
    name_key,
    names_of,
    refuse_taken,
)
from shared.catalog.decide.products import check_product, is_same, product_fields, product_of
from shared.catalog.decide.table import BYTES_MAX, ROWS_MAX, Row, RowError, Table, read_table

__all__ = [
    "BYTES_MAX",
    "CLAIM_GRACE",
    "LOCATION_COLUMNS",
    "PRODUCT_COLUMNS",
    "ROWS_MAX",
    "Row",
    "RowError",
    "Table",
    "canonical",
    "check_location",
    "check_product",
    "could_be_sku",
    "gained_and_lost",
    "is_gtin",
    "is_named",
    "is_same",
    "is_same_location",
    "location_fields",
    "location_of",
    "name_key",
    "names_of",
    "product_fields",
    "product_of",
    "read_table",
    "refuse_taken",
    "row_errors",
    "told_by",
]
