"""Read products and locations."""

from collections.abc import Iterable
from typing import Final

from shared.catalog.model import CAPACITY, LOCATIONS, PRODUCTS, Location, Product
from shared.kernel.conditions import Condition
from shared.kernel.documents import Documents, Stored, pages

LOCATIONS_MAX: Final = 5_000
_PAGE: Final = 1_000


async def get_product(store: Documents, tenant_id: str, sku: str) -> Stored[Product] | None:
    return await store.get(tenant_id, PRODUCTS, f"product:{sku}", "product")


async def products_of(store: Documents, tenant_id: str, skus: Iterable[str]) -> dict[str, Product]:
    """Return the products that exist, by SKU."""
    found = {}
    for sku in skus:
        stored = await get_product(store, tenant_id, sku)
        if stored is not None:
            found[sku] = stored.body
    return found


async def get_location(
    store: Documents, tenant_id: str, location_id: str
) -> Stored[Location] | None:
    return await store.get(tenant_id, LOCATIONS, f"location:{location_id}", "location")


async def all_locations(store: Documents, tenant_id: str) -> dict[str, Location]:
    """Return every location of the tenant by id, active or not, `LOCATIONS_MAX` at most."""
    walk = pages(store, tenant_id, LOCATIONS, limit=_PAGE, pages_max=LOCATIONS_MAX // _PAGE)
    return {stored.body.location_id: stored.body async for stored in walk}


async def capacity_of_days(store: Documents, tenant_id: str, days: Iterable[str]) -> dict[str, int]:
    """Return what was taken of these local days, by location; a location has one of them."""
    found: dict[str, int] = {}
    for day in days:
        where = (Condition("day", "eq", day),)
        walk = pages(store, tenant_id, CAPACITY, where=where, limit=_PAGE, pages_max=5)
        async for stored in walk:
            found[stored.body.location_id] = stored.body.taken
    return found
