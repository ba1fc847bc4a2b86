"""What is sold and where it is held: products and locations (semantics 2)."""

from enum import StrEnum
from typing import Final

from pydantic import Field

from shared.contracts.intake import Price
from shared.kernel.documents import Container, Document, Kind
from shared.kernel.errors import Refused
from shared.kernel.hours import LocalTime, OpeningHours
from shared.kernel.model import (
    Country,
    Identifier,
    Instant,
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


class BarcodeKind(StrEnum):
    """What a product's barcodes are declared to be: `gtin` holds them to GS1's check digit."""

    ANY = "any"
    GTIN = "gtin"


class Component(Strict):
    """What one bundle holds of another product."""

    sku: Identifier
    quantity: Units


class ProductDetails(Strict):
    """A product as its owner tells it.

    `step` is the selling step as a decimal: "0.5" is sold by halves, and 17 of it are 8.5.
    """

    sku: Identifier
    name: ShortText
    kind: ProductKind = ProductKind.GOOD
    barcodes: tuple[Identifier, ...] = Field(default=(), max_length=20)
    barcode_kind: BarcodeKind = BarcodeKind.ANY
    aliases: tuple[ShortText, ...] = Field(default=(), max_length=50)
    category: ShortText | None = None
    tags: tuple[ShortText, ...] = Field(default=(), max_length=50)
    weight_g: Natural = 0
    length_mm: Natural = 0
    width_mm: Natural = 0
    height_mm: Natural = 0
    step: str = Field(default="1", pattern=r"^[0-9]{1,6}(\.[0-9]{1,6})?$")
    components: tuple[Component, ...] = Field(default=(), max_length=50)
    components_may_split: bool = False  # else one location sends all of a bundle
    hazmat: bool = False
    return_class: Identifier = "standard"
    stock_mode: StockMode = StockMode.TRACKED
    price: Price | None = None
    image: str | None = Field(default=None, max_length=500)
    active: bool = True


def folded(text: str) -> str:
    """Return a text as searches by its beginning compare it: without case."""
    return text.casefold()


class Product(ProductDetails, Document):
    """A stored product; `search_name` is its name as searches compare it."""

    version: int = Field(default=1, ge=1)
    search_name: str = Field(default_factory=lambda told: folded(str(told.get("name", ""))))


PRODUCTS: Final = Kind(
    Container.MASTER, "product", Product, ("search_name", "category", "tags", "active")
)


class NameDocument(Document):
    """Which SKU a barcode or alias names; at most one.

    It is claimed before the product that lists the name is written: a claim whose product does not
    list it is left over from a crash and ends `CLAIM_GRACE` after `claimed_at`.
    """

    name: ShortText
    sku: Identifier
    claimed_at: Instant


NAMES: Final = Kind(Container.MASTER, "alias", NameDocument)
NAME_ID: Final = "alias"


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


class LocationDetails(Strict):
    """A location as its owner tells it.

    Without the capability `hazmat` it ships no hazardous goods. `feed_fresh_minutes`: how old its
    counts may be; `feed_net_of_reservations`: its system's counts leave out what orders reserve.
    `hours` carry the IANA zone; capacity is a day of the location's own calendar. `cutoffs`, by
    carrier, stand instead of the carrier's own; one that is met exactly is late.
    """

    location_id: Identifier
    name: ShortText
    kind: LocationKind
    place: Place
    hours: OpeningHours
    cutoffs: dict[Identifier, LocalTime] = Field(default={}, max_length=50)
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


class Location(LocationDetails, Document):
    """A stored location."""

    version: int = Field(default=1, ge=1)


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
    """One fulfillment's share of a day, by its single-use id; 0 units once it is given back."""

    fulfillment_id: Identifier
    day: str
    units: Natural


CAPACITY_TAKES: Final = Kind(Container.MASTER, "cap", CapacityTake)


class ProductExists(Refused):
    """The SKU is that of a product with other contents."""

    code, status = "product-exists", 409

    def __init__(self, sku: str) -> None:
        super().__init__(f"there is a product {sku} with other contents")
        self.sku = sku


class LocationExists(Refused):
    """The id is that of a location with other contents."""

    code, status = "location-exists", 409

    def __init__(self, location_id: str) -> None:
        super().__init__(f"there is a location {location_id} with other contents")
        self.location_id = location_id


class NameTaken(Refused):
    """A barcode or alias names another SKU already."""

    code, status = "name-taken", 409

    def __init__(self, name: str, sku: str) -> None:
        super().__init__(f"{name} names {sku} already")
        self.name, self.sku = name, sku
