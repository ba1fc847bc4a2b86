"""What a retailer's data becomes: locations, products, opening stock and stock rules (pure)."""

import random
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Final

from local.demo.luettenhues import LUETTENHUES
from local.demo.northbeck import NORTHBECK
from local.demo.shape import Extra, Family, House, Retailer, Town
from shared.catalog.decide import is_gtin
from shared.catalog.model import (
    BarcodeKind,
    CapacityUnit,
    Component,
    LocationDetails,
    LocationKind,
    Place,
    ProductDetails,
    ProductKind,
    StockMode,
)
from shared.inventory.model import Match, Pool, RuleKind, StockRule
from shared.kernel.hours import Closure, OpeningHours, WeeklyHours, Window
from shared.kernel.money import Money

RETAILERS: Final = (NORTHBECK, LUETTENHUES)
_TRANSLITERATED: Final = str.maketrans(
    {"Ä": "AE", "Ö": "OE", "Ü": "UE", "ß": "SS", "ẞ": "SS", "É": "E"}
)
_SHOP: Final = Window(opens=time(10), closes=time(20))
_EARLY: Final = Window(opens=time(9, 30), closes=time(19))
_SUNDAY: Final = Window(opens=time(11), closes=time(18))
_DOCK: Final = Window(opens=time(6), closes=time(22))
_OFFICE: Final = Window(opens=time(8), closes=time(17))


@dataclass(frozen=True, slots=True)
class Level:
    """Units of a SKU that are counted at a location before the first order."""

    sku: str
    location_id: str
    units: int


def code_of(text: str) -> str:
    """Return a word as part of a SKU: upper case, ASCII."""
    plain = text.upper().translate(_TRANSLITERATED)
    return "".join(c for c in unicodedata.normalize("NFKD", plain) if c.isascii())


def gtin13(prefix: str, number: int) -> str:
    """Return a GTIN-13 of the range for use inside a company, with its check digit."""
    body = f"{prefix}{number:010d}"
    for digit in "0123456789":
        if is_gtin(body + digit):
            return body + digit
    raise ValueError(f"no check digit fits {body}")


def variants(family: Family) -> Iterator[tuple[str, str]]:
    """Yield the SKU and name of each color and size."""
    for color in family.colors or ("",):
        for size in family.sizes or ("",):
            words = [word for word in (color, size) if word]
            sku = "-".join([family.code, *(code_of(word) for word in words)])
            yield sku, f"{family.name}, {' '.join(words)}" if words else family.name


def products_of(retailer: Retailer) -> tuple[ProductDetails, ...]:
    """Return every product, components before the bundles that hold them."""
    made: list[ProductDetails] = []
    for family in (*retailer.families, *retailer.vendor_families):
        is_vendor = family in retailer.vendor_families
        for sku, name in variants(family):
            made.append(_good(retailer, family, sku, name, len(made) + 1, is_vendor=is_vendor))
    return (*made, *(_extra(retailer, extra, len(made) + 500) for extra in retailer.extras))


def _good(
    retailer: Retailer, family: Family, sku: str, name: str, number: int, *, is_vendor: bool
) -> ProductDetails:
    length, width, height = family.sides_mm
    mode = StockMode.VENDOR_FEED if is_vendor else StockMode.TRACKED
    return ProductDetails(
        sku=sku,
        name=name,
        barcodes=(gtin13(retailer.gtin_prefix, number),),
        barcode_kind=BarcodeKind.GTIN,
        aliases=(f"{retailer.tenant_id}-mp-{number:04d}",) if number % 5 == 0 else (),
        category=family.category,
        tags=family.tags,
        weight_g=family.weight_g,
        length_mm=length,
        width_mm=width,
        height_mm=height,
        step=family.step,
        hazmat=family.hazmat,
        return_class="no-return" if family.step != "1" else "standard",
        stock_mode=StockMode.UNLIMITED if sku == retailer.made_to_order else mode,
        price=Money(retailer.currency, family.price_minor),
    )


def _extra(retailer: Retailer, extra: Extra, number: int) -> ProductDetails:
    index = [each.sku for each in retailer.extras].index(extra.sku)
    is_bundle = extra.kind == ProductKind.BUNDLE
    return ProductDetails(
        sku=extra.sku,
        name=extra.name,
        kind=ProductKind(extra.kind),
        barcodes=(gtin13(retailer.gtin_prefix, number + index),) if is_bundle else (),
        barcode_kind=BarcodeKind.GTIN if is_bundle else BarcodeKind.ANY,
        category=extra.category,
        weight_g=extra.weight_g,
        length_mm=500 if is_bundle else 0,
        width_mm=350 if is_bundle else 0,
        height_mm=250 if is_bundle else 0,
        components=tuple(Component(sku=sku, quantity=n) for sku, n in extra.components),
        price=Money(retailer.currency, extra.price_minor),
    )


def locations_of(retailer: Retailer, day: date) -> tuple[LocationDetails, ...]:
    """Return warehouses, stores and the vendor; `day` is the demo's, for closures."""
    houses = [_warehouse(retailer, house) for house in retailer.warehouses]
    stores = [_store(retailer, town, n, day) for n, town in enumerate(retailer.towns)]
    return (*houses, *stores, _vendor(retailer, retailer.vendor))


def _place(retailer: Retailer, town: Town) -> Place:
    return Place(
        lines=(town.street,),
        locality=town.name,
        admin_area=town.region,
        postcode=town.postcode,
        country=retailer.country,
        lat_e6=round(town.lat * 1_000_000),
        lon_e6=round(town.lon * 1_000_000),
    )


def _warehouse(retailer: Retailer, house: House) -> LocationDetails:
    dock = (_DOCK,)
    week = WeeklyHours(monday=dock, tuesday=dock, wednesday=dock, thursday=dock, friday=dock)
    return LocationDetails(
        location_id=house.town.code,
        name=house.name,
        kind=LocationKind.WAREHOUSE,
        place=_place(retailer, house.town),
        hours=OpeningHours(zone=house.town.zone, weekly=week),
        priority=house.priority,
        groups=("warehouses",),
        capabilities=("gift-wrap", "hazmat"),
        capacity_per_day=house.capacity,
        labor_minor=house.labor_minor,
        handling_minutes=180,
    )


def _store(retailer: Retailer, town: Town, number: int, day: date) -> LocationDetails:
    usual = (_SHOP,) if number % 3 else (_EARLY,)
    is_open_on_sunday = retailer.country == "US"
    week = WeeklyHours(
        monday=usual,
        tuesday=usual,
        wednesday=usual,
        thursday=usual,
        friday=usual,
        saturday=usual,
        sunday=(_SUNDAY,) if is_open_on_sunday else (),
    )
    region = next(name for name, codes in retailer.group_of if town.code in codes)
    return LocationDetails(
        location_id=town.code,
        name=f"{retailer.name.split()[0]} {town.name}",
        kind=LocationKind.STORE,
        place=_place(retailer, town),
        hours=OpeningHours(
            zone=town.zone, weekly=week, closures=_closures(retailer, town.code, day)
        ),
        cutoffs={f"example-{retailer.country.lower()}": time(15)} if number % 4 == 0 else {},
        pickup_cutoff=time(17),
        ship_enabled=number % 9 != 8,  # some are too small to ship
        pickup_enabled=True,
        priority=100 + number,
        groups=("stores", region),
        capacity_per_day=12 if number % 5 == 0 else None,
        capacity_unit=CapacityUnit.FULFILLMENTS,
        labor_minor=300 + 10 * (number % 6),  # staff walks among customers
        handling_minutes=60 + 15 * (number % 4),
    )


def _closures(retailer: Retailer, code: str, day: date) -> tuple[Closure, ...]:
    closed, first, last = retailer.closed
    if code != closed:
        return ()
    return (
        Closure(
            first=day + timedelta(days=int(first)),
            last=day + timedelta(days=int(last)),
            reason="renovation",
        ),
    )


def _vendor(retailer: Retailer, house: House) -> LocationDetails:
    week = (_OFFICE,)
    return LocationDetails(
        location_id=house.town.code,
        name=house.name,
        kind=LocationKind.VENDOR,
        place=_place(retailer, house.town),
        hours=OpeningHours(
            zone=house.town.zone,
            weekly=WeeklyHours(
                monday=week, tuesday=week, wednesday=week, thursday=week, friday=week
            ),
        ),
        priority=house.priority,
        groups=("vendors",),
        handling_minutes=24 * 60,
        feed_fresh_minutes=24 * 60,
    )


def opening_stock(retailer: Retailer, seed: int) -> Mapping[str, tuple[Level, ...]]:
    """Return the counts before the first order, by SKU: many, few, hardly any, none.

    Bundles have none of their own: their components are what lies on a shelf.
    """
    rng = random.Random(f"{seed}:{retailer.tenant_id}:stock")
    found: dict[str, tuple[Level, ...]] = {}
    for family in retailer.families:
        for sku, _ in variants(family):
            if sku != retailer.made_to_order:
                found[sku] = tuple(_levels(retailer, family, sku, rng))
    for family in retailer.vendor_families:
        for sku, _ in variants(family):
            found[sku] = (Level(sku, retailer.vendor.town.code, rng.randint(4, 30)),)
    return found


def _levels(retailer: Retailer, family: Family, sku: str, rng: random.Random) -> Iterator[Level]:
    houses = [house.town.code for house in retailer.warehouses]
    stores = [town.code for town in retailer.towns]
    if sku in retailer.scarce:
        yield Level(sku, houses[0], 2)
        yield Level(sku, retailer.home, 1)
        yield Level(sku, stores[3], 1)
        return
    if sku == retailer.backordered:
        yield Level(sku, houses[1], 0)
        return
    many = family.per_store * rng.choice((6, 9, 14, 20))
    for code in rng.sample(houses, rng.choice((1, 2, 2, 3))):
        yield Level(sku, code, many + rng.randint(0, many))
    for code in stores:
        if rng.randrange(100) < family.store_share:
            yield Level(sku, code, max(1, round(family.per_store * rng.uniform(0.3, 1.7))))


def stock_rules_of(retailer: Retailer) -> tuple[tuple[StockRule, ...], tuple[Pool, ...]]:
    """Return rules that show each kind; of those that match the last wins."""
    rules = (
        StockRule(rule_id="store-keeps-one", kind=RuleKind.SAFETY_STOCK,
                  match=Match(groups=("stores",)), units=1),
        StockRule(rule_id="no-safety-at-pickup", kind=RuleKind.SAFETY_STOCK,
                  match=Match(groups=("stores",), methods=("pickup",)), units=0),
        StockRule(rule_id="home-store-keeps-more", kind=RuleKind.SAFETY_STOCK,
                  match=Match(locations=(retailer.home,), methods=("ship",)), percent=20),
        StockRule(rule_id="last-units-are-sold", kind=RuleKind.SAFETY_STOCK,
                  match=Match(skus=retailer.scarce), units=0),
        StockRule(rule_id="marketplace-keeps-back", kind=RuleKind.THRESHOLD,
                  match=Match(channels=("marketplace",)), units=5),
        StockRule(rule_id="no-hazmat-on-marketplace", kind=RuleKind.CHANNEL,
                  match=Match(channels=("marketplace",), skus=_hazmat(retailer)), on=False),
        StockRule(rule_id="backorder-allowed", kind=RuleKind.BACKORDER,
                  match=Match(skus=(retailer.backordered,)), units=20, beyond_supply=True),
    )  # fmt: skip
    everywhere = ("warehouses", "stores", "vendors")
    pools = (
        Pool(pool_id="everywhere", groups=everywhere),
        Pool(pool_id="no-stores", groups=("warehouses", "vendors"), channels=("marketplace",)),
    )
    return rules, pools


def _hazmat(retailer: Retailer) -> tuple[str, ...]:
    families = [family for family in retailer.families if family.hazmat]
    return tuple(sku for family in families for sku, _ in variants(family))
