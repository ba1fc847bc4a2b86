"""A retailer for benchmarks: locations over the USA, SKUs, stock, tariffs, one admin key."""

import math
import random
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Final

from shared.catalog import service as catalog
from shared.catalog.model import LocationDetails, ProductDetails
from shared.contracts.inventory import Count
from shared.couriers.seeds import example_us_card
from shared.couriers.service import save_rate_card
from shared.inventory import service as inventory
from shared.kernel.hours import OpeningHours, WeeklyHours, Window
from shared.routing import service as routing
from shared.routing.seeds import by_cost
from shared.tenants import service as tenants
from shared.tenants.model import Preferences
from shared.wiring import World, office, use

TENANT: Final = "bench"
ALL_DAY: Final = (Window(opens=time(0), closes=time(23, 59)),)
START: Final = datetime(2026, 1, 5, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Retailer:
    tenant_id: str
    token: str
    skus: tuple[str, ...]
    locations: tuple[str, ...]


async def seed(
    world: World, *, locations: int = 40, skus: int = 200, units: int = 100_000, held_by: int = 40
) -> Retailer:
    """Write a tenant whose SKUs are held by `held_by` of its locations each."""
    now, source = world.clock.now(), random.Random(7)
    with use(world):
        made = await tenants.create_tenant(
            office(),
            tenants.CreateTenant(
                tenant_id=TENANT,
                preferences=Preferences(
                    name="Bench", currency="USD", country="US", time_zone="America/New_York"
                ),
            ),
            now=now,
        )
    names = [f"loc{n:04d}" for n in range(locations)]
    for n, name in enumerate(names):
        await catalog.put_location(world.store, TENANT, _location(name, n, source))
    codes = [f"SKU-{n:04d}" for n in range(skus)]
    for code in codes:
        await catalog.put_product(world.store, TENANT, _product(code, source), now=now)
        for name in source.sample(names, min(held_by, locations)):
            await _stock(world, code, name, units)
    await routing.save_draft(world.store, TENANT, by_cost())
    await routing.activate(world.store, TENANT, "cost", 1)
    await save_rate_card(TENANT, world.store, example_us_card())
    return Retailer(TENANT, made.admin_key.token, tuple(codes), tuple(names))


def _location(name: str, number: int, source: random.Random) -> LocationDetails:
    return LocationDetails.model_validate(
        {
            "location_id": name,
            "name": f"Location {number}",
            "kind": "warehouse" if number < 4 else "store",
            "place": {
                "country": "US",
                "postcode": f"{source.randrange(501, 99_950):05d}",
                "lat_e6": math.floor(source.uniform(26, 47) * 1e6),
                "lon_e6": math.floor(source.uniform(-122, -72) * 1e6),
            },
            "hours": OpeningHours(
                zone="America/New_York",
                weekly=WeeklyHours(
                    **dict.fromkeys(
                        (
                            *("monday", "tuesday", "wednesday", "thursday"),
                            *("friday", "saturday", "sunday"),
                        ),
                        ALL_DAY,
                    )
                ),
            ),
            "ship_enabled": True,
            "pickup_enabled": number >= 4,
            "groups": ("warehouses",) if number < 4 else ("stores",),
            "labor_minor": 40,
        },
        strict=False,
    )


def _product(code: str, source: random.Random) -> ProductDetails:
    return ProductDetails.model_validate(
        {
            "sku": code,
            "name": f"Product {code}",
            "weight_g": source.randrange(100, 3_000),
            "length_mm": source.randrange(50, 400),
            "width_mm": source.randrange(50, 300),
            "height_mm": source.randrange(20, 200),
        },
        strict=False,
    )


async def _stock(world: World, sku: str, location: str, units: int) -> None:
    await inventory.record(
        world.store,
        TENANT,
        Count(
            movement_id=f"open.{sku}.{location}",
            sku=sku,
            location_id=location,
            counted=units,
            as_of=START,
        ),
        world.clock.now(),
    )


def order_body(number: int, skus: tuple[str, ...], source: random.Random) -> dict[str, object]:
    """Return a paid two-line order as `POST /orders` takes it."""
    return {
        "connection": "bench",
        "reference": f"B{number:07d}",
        "channel": "web",
        "placed_at": "2026-11-22T12:00:00Z",
        "currency": "USD",
        "customer": {
            "name": f"Zoë Number {number}",
            "email": f"customer{number}@example.com",
            "phone": f"+1212555{number % 10_000:04d}",
        },
        "ship_to": {
            "name": f"Zoë Number {number}",
            "lines": ["1 Main Street"],
            "locality": "Town",
            "postcode": f"{source.randrange(501, 99_950):05d}",
            "country": "US",
            "lat_e6": int(source.uniform(26, 47) * 1e6),
            "lon_e6": int(source.uniform(-122, -72) * 1e6),
        },
        "lines": [
            {
                "sku": sku,
                "quantity": source.randrange(1, 3),
                "unit_price": {"currency": "USD", "amount_minor": 1999},
                "tax": {"currency": "USD", "amount_minor": 160},
            }
            for sku in source.sample(skus, 2)
        ],
        "payment": "paid",
    }
