"""Rate cards: a carrier's services, zones, step tariffs and surcharges as data.

Weights are grams, lengths millimeters, money minor units of the card's currency.
"""

from datetime import time
from functools import lru_cache
from itertools import pairwise
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, model_validator

from shared.kernel.documents import Container, Document, Kind
from shared.kernel.hours import LocalTime, WorkingWeek
from shared.kernel.model import Country, Currency, Identifier, Natural, ShortText, Strict

BANDS_MAX: Final = 500
ZONE_RULES_MAX: Final = 2_000
PREFIXES_MAX: Final = 1_000

Grams = Annotated[int, Field(ge=1, le=100_000_000)]
Millimeters = Annotated[int, Field(ge=1, le=100_000)]
Days = Annotated[int, Field(ge=0, le=120)]
ZoneName = Annotated[str, Field(min_length=1, max_length=40)]


@lru_cache(maxsize=10_000)
def bare_postcode(postcode: str) -> str:
    """Return a postcode as prefixes are compared: upper case, letters and digits only."""
    return "".join(filter(str.isalnum, postcode)).upper()


Prefix = Annotated[str, Field(max_length=12), AfterValidator(bare_postcode)]
Prefixes = Annotated[tuple[Prefix, ...], Field(max_length=PREFIXES_MAX)]


class Band(Strict):
    """One step of a tariff: a billed weight up to and including `up_to_g` costs `price_minor`."""

    up_to_g: Grams
    price_minor: Natural


class Beyond(Strict):
    """Prices above the bands: `rate_minor`, and `increment_minor` for each started step.

    Steps are counted from the threshold (Microsoft IOM's shipping rate factor table).
    """

    threshold_g: Annotated[int, Field(ge=0)]
    rate_minor: Natural
    increment_minor: Natural
    step_g: Grams


class Tariff(Strict):
    """Weight to price; a weight that no band holds and nothing lies beyond has no price."""

    bands: tuple[Band, ...] = Field(default=(), max_length=BANDS_MAX)
    beyond: Beyond | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if any(later.up_to_g <= earlier.up_to_g for earlier, later in pairwise(self.bands)):
            raise ValueError("bands stand in ascending order, each weight once")
        if not self.bands and self.beyond is None:
            raise ValueError("a tariff has a band or a rate beyond")
        if self.bands and self.beyond and self.beyond.threshold_g != self.bands[-1].up_to_g:
            raise ValueError("the rate beyond begins where the last band ends")
        return self


class ZoneTariff(Strict):
    """What a service costs and takes to one zone; transit in the carrier's working days."""

    zone: ZoneName
    days_min: Days
    days_max: Days
    tariff: Tariff

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.days_max < self.days_min:
            raise ValueError("the longest transit is not shorter than the shortest")
        return self


class Service(Strict):
    """One service of a carrier. Rank 1 is the fastest; girth is length plus twice both others.

    `late_bp` is the share of parcels, in ten-thousandths, that miss the latest day. `hazmat`: it
    carries hazardous goods too.
    """

    code: Identifier
    name: ShortText
    speed_rank: Annotated[int, Field(ge=1, le=100)]
    cutoff: LocalTime
    delivered_by: LocalTime = time(20)
    late_bp: Annotated[int, Field(ge=0, le=10_000)] = 0
    max_weight_g: Grams | None = None
    max_length_mm: Millimeters | None = None
    max_girth_mm: Millimeters | None = None
    hazmat: bool = False
    zones: tuple[ZoneTariff, ...] = Field(min_length=1, max_length=100)

    @model_validator(mode="after")
    def _each_zone_once(self) -> Self:
        if len({row.zone for row in self.zones}) < len(self.zones):
            raise ValueError("a service prices each zone once")
        return self


class ZoneRule(Strict):
    """Which lanes lie in a zone; of several that match, the most specific holds.

    The longer destination prefix goes first, then the longer origin prefix, then the shorter
    distance, then the earlier rule. No prefixes mean the whole country. A rule with a distance
    needs the coordinates of both ends.
    """

    zone: ZoneName
    origin_country: Country
    destination_country: Country
    origin_prefixes: Prefixes = ()
    destination_prefixes: Prefixes = ()
    up_to_m: Annotated[int, Field(ge=1)] | None = None


class RemoteArea(Strict):
    """A surcharge for postcodes that are far from everything; the longest prefix holds."""

    country: Country
    prefixes: Prefixes = Field(min_length=1)
    amount_minor: Natural


class Oversize(Strict):
    """A surcharge for a parcel above any of the limits given."""

    amount_minor: Natural
    over_weight_g: Grams | None = None
    over_length_mm: Millimeters | None = None
    over_girth_mm: Millimeters | None = None


class RateCard(Document):
    """A carrier's prices for one account. `example` marks an invented card.

    `dim_divisor` is cubic centimeters a kilogram (5,000: 5 liters count as 1 kg); None: only the
    actual weight is billed. `fuel_bp` is in ten-thousandths of base price and surcharges.
    """

    card_id: Identifier
    carrier: Identifier
    currency: Currency
    services: tuple[Service, ...] = Field(min_length=1, max_length=50)
    zones: tuple[ZoneRule, ...] = Field(min_length=1, max_length=ZONE_RULES_MAX)
    working_week: WorkingWeek
    dim_divisor: Annotated[int, Field(ge=100, le=100_000)] | None = None
    residential_minor: Natural = 0
    remote: tuple[RemoteArea, ...] = Field(default=(), max_length=200)
    oversize: Oversize | None = None
    fuel_bp: Annotated[int, Field(ge=0, le=100_000)] = 0
    quote_valid_s: Annotated[int, Field(ge=60, le=2_592_000)] = 86_400
    example: bool = False

    @model_validator(mode="after")
    def _services_and_zones_match(self) -> Self:
        if len({service.code for service in self.services}) < len(self.services):
            raise ValueError("a card names each service once")
        known = {rule.zone for rule in self.zones}
        priced = {row.zone for service in self.services for row in service.zones}
        if priced - known:
            raise ValueError(f"no rule leads to zone {min(priced - known)}")
        return self


RATE_CARD: Final = Kind(Container.MASTER, "ratecard", RateCard)
RATE_CARD_KEY: Final = "config"


def rate_card_id(card_id: str) -> str:
    """Return the id of a card's document."""
    return f"ratecard:{card_id}"
