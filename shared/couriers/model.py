"""Quotes, parcels, and what rating and promising work on.

Weights are grams, lengths millimeters, money minor units of the quote's currency.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from shared.couriers.cards import Days, Grams, Millimeters
from shared.kernel.calendar import Calendar
from shared.kernel.geo import GeoPoint
from shared.kernel.model import Currency, Identifier, Instant, Natural, ShortText, Strict


class Charge(Strict):
    """One surcharge of a quote: residential, remote, oversize or fuel."""

    kind: ShortText
    amount_minor: Natural


class Quote(Strict):
    """What one service asks for all parcels of a shipment, and when they arrive.

    `source` names the rate card or provider; `expires_at` is when the price ends to hold.
    """

    carrier: Identifier
    service: Identifier
    cost_minor: Natural
    currency: Currency
    days_min: Days
    days_max: Days
    ship_by: Instant
    arrive_by: Instant
    speed_rank: int
    late_bp: int = 0
    parcel_costs_minor: tuple[Natural, ...]
    surcharges: tuple[Charge, ...] = ()
    source: ShortText
    expires_at: Instant
    example: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """An end of a lane; postcode and coordinates may be unknown."""

    country: str
    postcode: str = ""
    point: GeoPoint | None = None
    is_residential: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """What a promise needs to know of a location.

    `cutoffs` are the location's own by carrier and replace the service's; `pickup_cutoff` is the
    latest order for a pickup that is worked on today. `handling_s` passes in opening hours.
    """

    place: Place
    calendar: Calendar
    handling_s: int = 0
    cutoffs: Mapping[str, time] = field(default_factory=lambda: MappingProxyType({}))
    pickup_cutoff: time | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """The dates shown: when it leaves at the latest, and when it arrives at the latest."""

    ship_by: datetime
    arrive_by: datetime


@dataclass(frozen=True, slots=True)
class Goods:
    """Units of one SKU to be packed; sides in any order, 0 when unknown."""

    sku: str
    quantity: int
    weight_g: int
    sides_mm: tuple[int, int, int] = (0, 0, 0)
    is_hazmat: bool = False


class Carton(Strict):
    """A box of the tenant's: inner sides in any order; what it weighs empty, and may hold.

    `fill_percent` is the share of its room that goods are known to use.
    """

    name: ShortText
    sides_mm: tuple[Millimeters, Millimeters, Millimeters]
    max_weight_g: Grams
    tare_g: Annotated[int, Field(ge=0)] = 0
    fill_percent: Annotated[int, Field(ge=1, le=100)] = 85


@dataclass(frozen=True, slots=True)
class Parcel:
    """What a carrier weighs and measures; `sides_mm` longest first, 0 when unknown.

    `is_hazmat`: something in it is hazardous, so that only a service which carries that takes it.
    """

    weight_g: int
    sides_mm: tuple[int, int, int] = (0, 0, 0)
    volume_mm3: int = 0
    contents: tuple[tuple[str, int], ...] = ()
    carton: str = ""
    is_hazmat: bool = False

    @property
    def girth_mm(self) -> int:
        """Return length plus twice the two other sides."""
        length, width, height = self.sides_mm
        return length + 2 * (width + height)


@dataclass(frozen=True, slots=True)
class RateRequest:
    """What a provider is asked; times are taken in `destination_zone`, else the origin's zone."""

    site: Site
    destination: Place
    parcels: tuple[Parcel, ...]
    now: datetime
    destination_zone: str | None = None


class FeeBand(Strict):
    """A fee for the customer from a value of the order on."""

    minimum_minor: Natural
    fee_minor: Natural
