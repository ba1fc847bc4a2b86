"""What is sold and where it is held: products and locations (semantics 2)."""

from enum import StrEnum
from typing import Final

from pydantic import Field

from shared.kernel.documents import Container, Document, Kind
from shared.kernel.errors import Refused
from shared.kernel.hours import LocalTime, OpeningHours
from shared.kernel.model import (
    Country,
    Currency,
    Identifier,
    Natural,
    ShortText,
    Strict,
    Text,
    Units,
)


class ProductKind(StrEnum):
    GOOD = "good"
    BUNDLE = "bundle"
    DIGITAL = "digital"
    GIFT_CARD = "gift-card"
    SERVICE = "service"


class StockMode(StrEnum):
    """`unlimited`: the reservation is recorded, counters are untouched."""

    TRACKED = "tracked"
    VENDOR_FEED = "vendor-feed"
    UNLIMITED = "unlimited"


class Component(Strict):
    sku: Identifier
    quantity: Units


class Product(Document):
    """`step` is the selling step as a decimal: "0.5" is sold by halves, and 17 of it are 8.5."""

    sku: Identifier
    name: ShortText
    version: int = Field(default=1, ge=1)
    kind: ProductKind = ProductKind.GOOD
    barcodes: tuple[Identifier, ...] = Field(default=(), max_length=20)
    aliases: tuple[Identifier, ...] = Field(default=(), max_length=50)
    category: ShortText | None = None
    tags: tuple[ShortText, ...] = Field(default=(), max_length=50)
    weight_g: Natural = 0
    length_mm: Natural = 0
    width_mm: Natural = 0
    height_mm: Natural = 0
    step: str = Field(default="1", pattern=r"^[0-9]{1,6}(\.[0-9]{1,6})?$")
    components: tuple[Component, ...] = Field(default=(), max_length=50)
    hazmat: bool = False
    return_class: Identifier = "standard"
    stock_mode: StockMode = StockMode.TRACKED
    price_minor: Natural | None = None
    currency: Currency | None = None
    image: str | None = Field(default=None, max_length=500)
    active: bool = True


PRODUCTS: Final = Kind(
    Container.MASTER, "product", Product, ("name", "category", "barcodes", "aliases", "tags")
)


class LocationKind(StrEnum):
    WAREHOUSE = "warehouse"
    STORE = "store"
    THIRD_PARTY = "3pl"
    VENDOR = "drop-ship-vendor"


class CapacityUnit(StrEnum):
    FULFILLMENTS = "fulfillments"
    LINES = "lines"
    UNITS = "units"


class Place(Strict):
    """Where it stands; coordinates in millionths of a degree."""

    lines: tuple[Text, ...] = Field(default=(), max_length=6)
    locality: Text | None = None
    admin_area: Text | None = None
    postcode: Text | None = None
    country: Country
    lat_e6: int | None = Field(default=None, ge=-90_000_000, le=90_000_000)
    lon_e6: int | None = Field(default=None, ge=-180_000_000, le=180_000_000)


class Location(Document):
    """`hours` carry the IANA zone; capacity is a day of the location's own calendar."""

    location_id: Identifier
    name: ShortText
    version: int = Field(default=1, ge=1)
    kind: LocationKind
    place: Place
    hours: OpeningHours
    cutoffs: dict[str, LocalTime] = {}  # by carrier, instead of its own; met exactly is late
    pickup_cutoff: LocalTime | None = None
    ship_enabled: bool = True
    pickup_enabled: bool = False
    active: bool = True
    priority: int = Field(default=100, ge=1, le=10_000)
    groups: tuple[Identifier, ...] = Field(default=(), max_length=20)
    capabilities: tuple[Identifier, ...] = Field(default=(), max_length=20)
    capacity_per_day: Natural | None = None  # None: unlimited
    capacity_unit: CapacityUnit = CapacityUnit.FULFILLMENTS
    capacity_counts_pickups: bool = False
    labor_minor: Natural = 0  # pick and pack of one unit, in the tenant's currency
    handling_minutes: int = Field(default=120, ge=0, le=30 * 24 * 60)
    feed_net_of_reservations: bool = False
    feed_fresh_minutes: int | None = Field(default=None, ge=1)
    phone: Text | None = None


LOCATIONS: Final = Kind(
    Container.MASTER, "location", Location, ("kind", "name", "groups", "active")
)


class CapacityDay(Document):
    """What a location took on for one local day, in its capacity's unit."""

    location_id: Identifier
    day: str
    taken: Natural = 0


CAPACITY: Final = Kind(Container.MASTER, "capacity", CapacityDay, ("day",))


class CapacityTake(Document):
    """One fulfillment's share of a day; deleted when it is given back."""

    fulfillment_id: Identifier
    day: str
    units: Units


CAPACITY_TAKES: Final = Kind(Container.MASTER, "cap", CapacityTake)


class CapacityFull(Refused):
    code, status = "capacity-full", 409

    def __init__(self, location_id: str, day: str) -> None:
        super().__init__(f"{location_id} has no capacity left on {day}")
        self.location_id, self.day = location_id, day


class NameTaken(Refused):
    """A barcode or alias names another SKU already."""

    code, status = "name-taken", 409

    def __init__(self, name: str, sku: str) -> None:
        super().__init__(f"{name} names {sku} already")
        self.name, self.sku = name, sku
