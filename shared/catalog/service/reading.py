"""Products and locations as they stand: by id, by any of their names, by search."""

from collections.abc import Iterable, Mapping
from typing import Final

from shared.catalog.capacity import taken
from shared.catalog.decide import could_be_sku, is_named, name_key
from shared.catalog.model import (
    CAPACITY,
    LOCATIONS,
    NAME_ID,
    NAMES,
    PRODUCTS,
    Location,
    LocationKind,
    Product,
    folded,
)
from shared.kernel.conditions import Condition
from shared.kernel.documents import Documents, Order, Page, Stored, pages

LOCATIONS_MAX: Final = 5_000
CAPACITY_READS_MAX: Final = 4  # point reads that cost less than a query over all partitions
_PAGE: Final = 1_000
_LAST: Final = "\U0010ffff"  # sorts behind every character that a name can hold


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


async def find_product(store: Documents, tenant_id: str, name: str) -> Stored[Product] | None:
    """Return the product of a SKU, barcode or alias; a SKU comes before the other names."""
    if could_be_sku(name):
        by_sku = await get_product(store, tenant_id, name)
        if by_sku is not None:
            return by_sku
    return await _holder(store, tenant_id, name)


async def _holder(store: Documents, tenant_id: str, name: str) -> Stored[Product] | None:
    """Return the product that holds a name as its barcode or alias."""
    claim = await store.get(tenant_id, NAMES, name_key(name), NAME_ID)
    if claim is None:
        return None
    holder = await get_product(store, tenant_id, claim.body.sku)
    return holder if holder is not None and is_named(holder.body, name) else None


async def find_products(
    store: Documents, tenant_id: str, names: Iterable[str]
) -> dict[str, Product]:
    """Return the products that SKUs, barcodes and aliases name, by those names."""
    found = {}
    for name in dict.fromkeys(names):
        stored = await find_product(store, tenant_id, name)
        if stored is not None:
            found[name] = stored.body
    return found


async def find_holders(
    store: Documents, tenant_id: str, names: Iterable[str]
) -> dict[str, Product]:
    """Return the products that barcodes and aliases name; whoever asks knows that none is a SKU."""
    found = {}
    for name in dict.fromkeys(names):
        stored = await _holder(store, tenant_id, name)
        if stored is not None:
            found[name] = stored.body
    return found


async def resolve(store: Documents, tenant_id: str, names: Iterable[str]) -> dict[str, str]:
    """Return the SKU of each name that has one."""
    found = await find_products(store, tenant_id, names)
    return {name: product.sku for name, product in found.items()}


async def search_products(
    store: Documents,
    tenant_id: str,
    *,
    begins: str | None = None,
    category: str | None = None,
    tag: str | None = None,
    active: bool | None = None,
    limit: int = 100,
    cursor: str | None = None,
) -> Page[Product]:
    """Return a page of products by name; `begins` is how the name begins, in any case."""
    where = []
    if category is not None:
        where.append(Condition("category", "eq", category))
    if tag is not None:
        where.append(Condition("tags", "contains", tag))
    if active is not None:
        where.append(Condition("active", "eq", active))
    if begins is not None:
        where.append(Condition("search_name", "ge", folded(begins)))
        where.append(Condition("search_name", "lt", folded(begins) + _LAST))
    by_name = Order("search_name")
    return await store.query(
        tenant_id, PRODUCTS, where=where, order=by_name, limit=limit, cursor=cursor
    )


async def search_locations(
    store: Documents,
    tenant_id: str,
    *,
    kind: LocationKind | None = None,
    group: str | None = None,
    active: bool | None = None,
    limit: int = 100,
    cursor: str | None = None,
) -> Page[Location]:
    """Return a page of locations by name."""
    where = []
    if kind is not None:
        where.append(Condition("kind", "eq", kind.value))
    if group is not None:
        where.append(Condition("groups", "contains", group))
    if active is not None:
        where.append(Condition("active", "eq", active))
    by_name = Order("name")
    return await store.query(
        tenant_id, LOCATIONS, where=where, order=by_name, limit=limit, cursor=cursor
    )


async def get_location(
    store: Documents, tenant_id: str, location_id: str
) -> Stored[Location] | None:
    return await store.get(tenant_id, LOCATIONS, f"location:{location_id}", "location")


async def locations_of(
    store: Documents, tenant_id: str, ids: Iterable[str]
) -> tuple[Location, ...]:
    """Return the locations of these ids by name; an id that nobody has is left out."""
    found = [await get_location(store, tenant_id, location_id) for location_id in sorted(set(ids))]
    known = [stored.body for stored in found if stored is not None]
    return tuple(sorted(known, key=lambda location: location.name))


async def all_locations(store: Documents, tenant_id: str) -> dict[str, Location]:
    """Return every location of the tenant by id, active or not, `LOCATIONS_MAX` at most."""
    walk = pages(store, tenant_id, LOCATIONS, limit=_PAGE, pages_max=LOCATIONS_MAX // _PAGE)
    return {stored.body.location_id: stored.body async for stored in walk}


async def capacity_taken(
    store: Documents, tenant_id: str, days: Mapping[str, str]
) -> dict[str, int]:
    """Return what was taken at locations, each on its local day; few are read one by one."""
    if len(days) > CAPACITY_READS_MAX:
        return await capacity_of_days(store, tenant_id, sorted(set(days.values())))
    return {name: await taken(store, tenant_id, name, day) for name, day in sorted(days.items())}


async def capacity_of_days(store: Documents, tenant_id: str, days: Iterable[str]) -> dict[str, int]:
    """Return what was taken of these local days, by location; a location has one of them."""
    found: dict[str, int] = {}
    for day in days:
        where = (Condition("day", "eq", day),)
        walk = pages(store, tenant_id, CAPACITY, where=where, limit=_PAGE, pages_max=5)
        async for stored in walk:
            found[stored.body.location_id] = stored.body.taken
    return found
