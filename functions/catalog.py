"""Products and locations: what is sold, and where it is held."""

from typing import Any

import azure.functions as func

from functions._edge import Call, Reply, http, listing
from shared.catalog import service
from shared.catalog.decide import location_fields, product_fields
from shared.catalog.model import Location, LocationDetails, LocationKind, Product, ProductDetails
from shared.catalog.service import ImportReport, Outcome, Saved
from shared.kernel.errors import Fault, Invalid, NotFound
from shared.kernel.model import Strict
from shared.tenants.decide import own_locations
from shared.wiring import store

bp = func.Blueprint()


class ProductView(ProductDetails):
    """A product; `version` counts its changes."""

    version: int


class LocationView(LocationDetails):
    """A location; `version` counts its changes."""

    version: int


PRODUCT_QUERY = {
    "code": "a SKU, barcode or alias, exactly: at most one product has it",
    "begins": "how the name begins, in any case",
    "category": "exactly",
    "tag": "one of its tags, exactly",
    "active": "true or false; both when left out",
}
LOCATION_QUERY = {
    "kind": "warehouse, store, 3pl or drop-ship-vendor",
    "group": "a group that it belongs to",
    "active": "true or false; both when left out",
    "own": "true: only those that the key is bound to; it may be bound to none, then all",
}


@http(
    bp,
    "GET",
    "products",
    "products.search",
    answer=ProductView,
    many=True,
    query=PRODUCT_QUERY,
)
async def search_products(call: Call[None]) -> Reply:
    """List products by name, or find one by any code of it."""
    code = call.query("code")
    if code is not None:
        found = await service.find_product(store(), call.tenant_id, code)
        return Reply(listing([_product(found.body)] if found else [], None))
    limit, cursor = call.page()
    page = await service.search_products(
        store(),
        call.tenant_id,
        begins=call.query("begins"),
        category=call.query("category"),
        tag=call.query("tag"),
        active=_active(call),
        limit=limit,
        cursor=cursor,
    )
    return Reply(listing([_product(row.body) for row in page.items], page.cursor))


@http(
    bp,
    "POST",
    "products",
    "products.write",
    body=ProductDetails,
    answer=ProductView,
    status=201,
    creates=True,
)
async def create_product(call: Call[ProductDetails]) -> Reply:
    """Add a product."""
    call.note(sku=call.body.sku)
    saved = await service.create_product(store(), call.tenant_id, call.body, now=call.now)
    return _made(_product(saved.stored.body), saved, f"products/{call.body.sku}")


@http(bp, "GET", "products/{sku}", "products.read", answer=ProductView)
async def read_product(call: Call[None]) -> Reply:
    """Show a product."""
    found = await service.get_product(store(), call.tenant_id, call.param("sku"))
    if found is None:
        raise NotFound("product")
    return Reply(_product(found.body), etag=found.etag)


@http(
    bp,
    "PUT",
    "products/{sku}",
    "products.write",
    body=ProductDetails,
    answer=ProductView,
    if_match=True,
)
async def replace_product(call: Call[ProductDetails]) -> Reply:
    """Write a product anew; `active: false` ends it, and nothing is ever deleted."""
    _about("sku", call.body.sku, call.param("sku"))
    call.note(sku=call.body.sku)
    saved = await service.replace_product(
        store(), call.tenant_id, call.body, if_match=call.if_match(), now=call.now
    )
    return Reply(_product(saved.stored.body), etag=saved.stored.etag)


@http(bp, "POST", "products:import", "products.import", answer=ImportReport)
async def import_products(call: Call[None]) -> Reply:
    """Write the products of a CSV file; bad rows are listed, the same file again changes nothing.

    Columns: sku (needed), name, kind, barcode_kind, category, step, return_class, stock_mode,
    image, barcodes, aliases, tags (`one|another`), weight_g, length_mm, width_mm, height_mm,
    hazmat, active, components (`SKU*2|OTHER`), components_may_split, price (`19.99 EUR`). UTF-8;
    commas or semicolons.
    """
    report = await service.import_products(store(), call.tenant_id, call.raw, now=call.now)
    call.note(count=report.created + report.changed)
    return Reply(report)


@http(
    bp,
    "GET",
    "locations",
    "locations.search",
    answer=LocationView,
    many=True,
    query=LOCATION_QUERY,
)
async def search_locations(call: Call[None]) -> Reply:
    """List locations by name."""
    bound_to = own_locations(call.caller)
    if call.flag("own") and bound_to is not None:
        named = await service.locations_of(store(), call.tenant_id, bound_to)
        return Reply(listing([_location(row) for row in named if _is_asked(call, row)], None))
    limit, cursor = call.page()
    page = await service.search_locations(
        store(),
        call.tenant_id,
        kind=_kind(call),
        group=call.query("group"),
        active=_active(call),
        limit=limit,
        cursor=cursor,
    )
    return Reply(listing([_location(row.body) for row in page.items], page.cursor))


@http(
    bp,
    "POST",
    "locations",
    "locations.write",
    body=LocationDetails,
    answer=LocationView,
    status=201,
    creates=True,
)
async def create_location(call: Call[LocationDetails]) -> Reply:
    """Add a location."""
    call.note(location_id=call.body.location_id)
    saved = await service.create_location(store(), call.tenant_id, call.body)
    return _made(_location(saved.stored.body), saved, f"locations/{call.body.location_id}")


@http(bp, "GET", "locations/{location}", "locations.read", answer=LocationView)
async def read_location(call: Call[None]) -> Reply:
    """Show a location."""
    found = await service.get_location(store(), call.tenant_id, call.param("location"))
    if found is None:
        raise NotFound("location")
    return Reply(_location(found.body), etag=found.etag)


@http(
    bp,
    "PUT",
    "locations/{location}",
    "locations.write",
    body=LocationDetails,
    answer=LocationView,
    if_match=True,
)
async def replace_location(call: Call[LocationDetails]) -> Reply:
    """Write a location anew; `active: false` ends it, and nothing is ever deleted."""
    _about("location_id", call.body.location_id, call.param("location"))
    call.note(location_id=call.body.location_id)
    saved = await service.replace_location(
        store(), call.tenant_id, call.body, if_match=call.if_match()
    )
    return Reply(_location(saved.stored.body), etag=saved.stored.etag)


@http(bp, "POST", "locations:import", "locations.import", answer=ImportReport)
async def import_locations(call: Call[None]) -> Reply:
    """Write the locations of a CSV file; bad rows are listed, the same file again changes nothing.

    Columns: location_id (needed), name, kind, capacity_unit, address, locality, admin_area,
    postcode, country, latitude, longitude, zone, monday to sunday (`09:00-12:30|14:00-18:00`),
    closures (`2026-12-25|2027-07-01/2027-07-14`), cutoffs (`dhl=16:00`), pickup_cutoff,
    ship_enabled, pickup_enabled, active, capacity_counts_pickups, feed_net_of_reservations,
    groups, capabilities (`one|another`), priority, capacity_per_day, labor_minor,
    handling_minutes, feed_fresh_minutes, phone. UTF-8; commas or semicolons.
    """
    report = await service.import_locations(store(), call.tenant_id, call.raw)
    call.note(count=report.created + report.changed)
    return Reply(report)


def _product(product: Product) -> ProductView:
    told = {name: getattr(product, name) for name in product_fields()}
    return ProductView(**told, version=product.version)


def _location(location: Location) -> LocationView:
    told = {name: getattr(location, name) for name in location_fields()}
    return LocationView(**told, version=location.version)


def _made(view: Strict, saved: Saved[Any], path: str) -> Reply:
    """Answer a creation: 200 where the same stood there already, else the route's own status."""
    status = 200 if saved.outcome is Outcome.UNCHANGED else None
    return Reply(view, status=status, etag=saved.stored.etag, location=f"/api/v1/{path}")


def _active(call: Call[None]) -> bool | None:
    return None if call.query("active") is None else call.flag("active")


def _kind(call: Call[None]) -> LocationKind | None:
    asked = call.query("kind")
    if asked is None:
        return None
    if asked not in set(LocationKind):
        raise Invalid([Fault("/kind", "unknown-kind", LOCATION_QUERY["kind"])])
    return LocationKind(asked)


def _is_asked(call: Call[None], location: Location) -> bool:
    kind, group, active = _kind(call), call.query("group"), _active(call)
    return (
        (kind is None or location.kind is kind)
        and (group is None or group in location.groups)
        and (active is None or location.active is active)
    )


def _about(field: str, told: str, path: str) -> None:
    """Refuse a body that is about something else than the path."""
    if told != path:
        raise Invalid([Fault(f"/{field}", "differs-from-path", "the path names another one")])
