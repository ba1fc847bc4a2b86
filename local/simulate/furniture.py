"""What a simulated tenant has: four locations, six products, rules, a rate card, scarce stock."""

import random
from collections.abc import Callable
from datetime import datetime, time
from functools import cache
from typing import Final

from shared.catalog import service as catalog
from shared.catalog.model import (
    CapacityUnit,
    Component,
    LocationDetails,
    LocationKind,
    Place,
    ProductDetails,
    ProductKind,
    StockMode,
)
from shared.contracts.inventory import Count
from shared.couriers.seeds import example_de_card
from shared.couriers.service import save_rate_card
from shared.inventory import service as inventory
from shared.kernel.hours import OpeningHours, WeeklyHours, Window
from shared.routing import service as routing
from shared.routing.rules import RuleSet
from shared.routing.seeds import by_cost, store_first
from shared.tenants import service as tenants
from shared.tenants.model import Preferences, Shortage
from shared.tenants.service import CreateTenant
from shared.wiring import World, office

SKUS: Final = ("HAT", "BOOT", "COAT", "SCARF", "GLOVE", "CARD")
SPLIT: Final = "KIT"
BUNDLES: Final = {"SET": {"HAT": 1, "SCARF": 2}, SPLIT: {"COAT": 1, "GLOVE": 2, "CARD": 1}}
UNLIMITED: Final = "CARD"
STORES: Final = ("berlin", "hamburg")
LOCATIONS: Final = ("depot", *STORES, "partner")
UNITS_MAX: Final = 14  # first stock of a SKU at a location: scarce, so that orders compete
DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ALWAYS: Final = WeeklyHours.model_validate(
    dict.fromkeys(DAYS, (Window(opens=time(0), closes=time(0)),))
)


async def furnish(world: World, tenant_id: str, chance: random.Random, now: datetime) -> None:
    """Make a tenant ready to sell."""
    store = world.store
    preferences = Preferences(
        name=tenant_id,
        currency="EUR",
        country="DE",
        time_zone="Europe/Berlin",
        shortage=chance.choice(list(Shortage)),
        max_rejects=chance.choice((2, 3)),
        auto_cancel_days=chance.choice((None, 1)),
    )
    command = CreateTenant(tenant_id=tenant_id, preferences=preferences)
    await tenants.create_tenant(office(), command, now=now)
    for name in LOCATIONS:
        await catalog.put_location(store, tenant_id, location(name, chance))
    for sku in (*SKUS, *BUNDLES):
        await catalog.put_product(store, tenant_id, product(sku), now=now)
    await save_rate_card(tenant_id, store, _card())
    rules = _rules(chance.choice((by_cost, store_first)))
    await routing.save_draft(store, tenant_id, rules)
    await routing.activate(store, tenant_id, rules.rule_set_id, rules.version)
    for sku in SKUS[:-1]:
        for name in LOCATIONS:
            if chance.random() < 0.75:
                await inventory.record(store, tenant_id, _first(sku, name, chance, now), now)


# What is the same in each play is made once a process; what is drawn is made anew.
_card: Final = cache(example_de_card)


@cache
def _rules(make: Callable[[], RuleSet]) -> RuleSet:
    return make()


def location(name: str, chance: random.Random) -> LocationDetails:
    """Return one of the tenant's locations; some have little capacity."""
    kinds = {"depot": LocationKind.WAREHOUSE, "partner": LocationKind.THIRD_PARTY}
    limit = chance.choice((None, None, 4, 9))
    return LocationDetails(
        location_id=name,
        name=name,
        kind=kinds.get(name, LocationKind.STORE),
        place=Place(country="DE", postcode=str(chance.randrange(10_000, 99_999))),
        hours=OpeningHours(zone="Europe/Berlin", weekly=ALWAYS),
        pickup_enabled=name in STORES,
        capacity_per_day=limit,
        capacity_unit=chance.choice(list(CapacityUnit)),
        capacity_counts_pickups=chance.random() < 0.5,
        handling_minutes=30,
    )


@cache
def product(sku: str) -> ProductDetails:
    """Return one of the tenant's products; of the two bundles one may come from two places."""
    if sku in BUNDLES:
        held = tuple(Component(sku=part, quantity=n) for part, n in BUNDLES[sku].items())
        return ProductDetails(
            sku=sku,
            name=sku.title(),
            kind=ProductKind.BUNDLE,
            components=held,
            components_may_split=sku == SPLIT,
        )
    mode = StockMode.UNLIMITED if sku == UNLIMITED else StockMode.TRACKED
    return ProductDetails(sku=sku, name=sku.title(), weight_g=400, stock_mode=mode)


def _first(sku: str, name: str, chance: random.Random, now: datetime) -> Count:
    return Count(
        movement_id=f"first.{sku}.{name}",
        sku=sku,
        location_id=name,
        counted=chance.randrange(0, UNITS_MAX),
        as_of=now,
    )
