"""What the seed data of a retailer is made of; the data itself stands in modules of its own."""

from dataclasses import dataclass
from typing import Final

INCH_MM: Final = 25


@dataclass(frozen=True, slots=True)
class Town:
    """Where a store stands: coordinates in degrees, zone by its IANA name."""

    code: str
    name: str
    region: str
    postcode: str
    lat: float
    lon: float
    zone: str
    street: str


@dataclass(frozen=True, slots=True)
class House:
    """A warehouse or a vendor."""

    town: Town
    name: str
    priority: int = 10
    labor_minor: int = 90
    capacity: int | None = None


@dataclass(frozen=True, slots=True)
class Family:
    """Products that differ by color and size only; price in minor units, sides in millimeters."""

    code: str
    name: str
    category: str
    price_minor: int
    weight_g: int
    sides_mm: tuple[int, int, int]
    colors: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    hazmat: bool = False
    step: str = "1"
    per_store: int = 4  # usual units in a store
    store_share: int = 25  # percent of the stores that have it


@dataclass(frozen=True, slots=True)
class Extra:
    """A product of another kind: a bundle names its components by SKU."""

    sku: str
    name: str
    kind: str
    category: str
    price_minor: int
    components: tuple[tuple[str, int], ...] = ()
    weight_g: int = 0


@dataclass(frozen=True, slots=True)
class Retailer:
    """One tenant of the demo."""

    tenant_id: str
    name: str
    country: str
    currency: str
    zone: str
    languages: tuple[str, ...]
    tax_bp: int
    tax_included: bool
    towns: tuple[Town, ...]
    warehouses: tuple[House, ...]
    vendor: House
    families: tuple[Family, ...]
    vendor_families: tuple[Family, ...]
    extras: tuple[Extra, ...]
    scarce: tuple[str, ...]  # SKUs of which there are a handful
    backordered: str  # a SKU that is out of stock when the day begins
    made_to_order: str  # a SKU that never runs out
    home: str  # the store of the journey
    other: str  # the store of its exchange
    gtin_prefix: str
    surnames: tuple[str, ...]
    first_names: tuple[str, ...]
    streets: tuple[str, ...]
    shop_domain: str
    closed: tuple[str, str, str]  # a store that is closed: town, first and last offset in days
    group_of: tuple[tuple[str, tuple[str, ...]], ...]  # regional groups by town codes
    default_service: str = "standard"
