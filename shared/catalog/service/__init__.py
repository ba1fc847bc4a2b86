"""What is sold and where it is held: read, written, imported."""

from shared.catalog.service.importing import (
    ImportReport,
    RowFault,
    import_locations,
    import_products,
)
from shared.catalog.service.locations import (
    create_location,
    put_location,
    replace_location,
    save_location,
)
from shared.catalog.service.products import (
    create_product,
    put_product,
    replace_product,
    save_product,
)
from shared.catalog.service.reading import (
    LOCATIONS_MAX,
    all_locations,
    capacity_of_days,
    capacity_taken,
    find_holders,
    find_product,
    find_products,
    get_location,
    get_product,
    locations_of,
    products_of,
    resolve,
    search_locations,
    search_products,
)
from shared.catalog.service.saved import Outcome, Saved

__all__ = [
    "LOCATIONS_MAX",
    "ImportReport",
    "Outcome",
    "RowFault",
    "Saved",
    "all_locations",
    "capacity_of_days",
    "capacity_taken",
    "create_location",
    "create_product",
    "find_holders",
    "find_product",
    "find_products",
    "get_location",
    "get_product",
    "import_locations",
    "import_products",
    "locations_of",
    "products_of",
    "put_location",
    "put_product",
    "replace_location",
    "replace_product",
    "resolve",
    "save_location",
    "save_product",
    "search_locations",
    "search_products",
]
