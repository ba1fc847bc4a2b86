"""Rate cards, compiled: zone, billed weight, step tariff, surcharges and fuel as integers.

A card is compiled once, a lane once for each pair of ends; one price is then a few comparisons,
because routing asks for the price of every subset of an order's lines from every location.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import time
from math import inf
from typing import Final

from shared.couriers.cards import (
    Oversize,
    RateCard,
    RemoteArea,
    Service,
    ZoneRule,
    ZoneTariff,
    bare_postcode,
)
from shared.couriers.model import Parcel, Place
from shared.kernel.calendar import WorkingDays
from shared.kernel.geo import distance_m

LANES_KEPT_MAX: Final = 20_000
NO_LIMIT: Final = 2**53


@dataclass(frozen=True, slots=True)
class Charges:
    """A parcel's price in its parts."""

    base_minor: int
    residential_minor: int
    remote_minor: int
    oversize_minor: int
    fuel_minor: int

    @property
    def total_minor(self) -> int:
        """Return the sum of all parts."""
        fixed = self.base_minor + self.residential_minor + self.remote_minor
        return fixed + self.oversize_minor + self.fuel_minor


def fuel_minor(amount_minor: int, fuel_bp: int) -> int:
    """Return the fuel share of an amount, half a minor unit rounded up."""
    return (amount_minor * fuel_bp + 5_000) // 10_000


def dimensional_g(volume_mm3: int, dim_divisor: int | None) -> int:
    """Return the weight that a volume counts as, each started gram."""
    # mm3 / 1,000 is cm3, / divisor is kg, x 1,000 is g: the thousands cancel out.
    return 0 if dim_divisor is None else -(-volume_mm3 // dim_divisor)


def billed_weight_g(parcel: Parcel, dim_divisor: int | None) -> int:
    """Return the greater of actual and dimensional weight."""
    return max(parcel.weight_g, dimensional_g(parcel.volume_mm3, dim_divisor))


def longest_prefix(postcode: str, prefixes: Iterable[str]) -> int:
    """Return the length of the longest prefix of a bare postcode, -1 when none fits."""
    return max((len(p) for p in prefixes if postcode.startswith(p)), default=-1)


class Rate:
    """One service on one lane: its price for any parcel, and its transit."""

    __slots__ = (
        *("_beyond", "_card", "_limits", "_max_girth_mm", "_max_length_mm", "_max_weight_g"),
        "_is_for_hazmat",
        *("_prices", "cutoff", "days_max", "days_min", "delivered_by", "fixed_minor", "late_bp"),
        *("remote_minor", "residential_minor", "service", "speed_rank"),
    )

    def __init__(
        self,
        card: "CompiledCard",
        service: Service,
        row: ZoneTariff,
        *,
        residential: int,
        remote: int,
    ) -> None:
        self._card = card
        self._limits = tuple(band.up_to_g for band in row.tariff.bands)
        self._prices = tuple(band.price_minor for band in row.tariff.bands)
        self._beyond = row.tariff.beyond
        self._max_weight_g = service.max_weight_g or NO_LIMIT
        self._max_length_mm = service.max_length_mm or NO_LIMIT
        self._is_for_hazmat = service.hazmat
        self._max_girth_mm = service.max_girth_mm or NO_LIMIT
        self.service = service.code
        self.speed_rank, self.late_bp = service.speed_rank, service.late_bp
        self.cutoff: time = service.cutoff
        self.delivered_by: time = service.delivered_by
        self.days_min, self.days_max = row.days_min, row.days_max
        self.residential_minor, self.remote_minor = residential, remote
        self.fixed_minor = residential + remote

    @property
    def card(self) -> "CompiledCard":
        """Return the card that this rate stands on."""
        return self._card

    def base_minor(self, billed_g: int) -> int | None:
        """Return the tariff's price of a billed weight; None when no band holds it."""
        step = bisect_left(self._limits, billed_g)
        if step < len(self._limits):
            return self._prices[step]
        beyond = self._beyond
        if beyond is None:
            return None
        over = max(0, billed_g - beyond.threshold_g)
        return beyond.rate_minor + beyond.increment_minor * -(-over // beyond.step_g)

    def takes(self, parcel: Parcel) -> bool:
        """Tell whether the service accepts a parcel of that weight, size and danger."""
        return (
            parcel.weight_g <= self._max_weight_g
            and parcel.sides_mm[0] <= self._max_length_mm
            and parcel.girth_mm <= self._max_girth_mm
            and (self._is_for_hazmat or not parcel.is_hazmat)
        )

    def cost_minor(self, parcel: Parcel) -> int | None:
        """Return a parcel's price; None when the service does not take it."""
        if not self.takes(parcel):
            return None
        card = self._card
        base = self.base_minor(billed_weight_g(parcel, card.dim_divisor))
        if base is None:
            return None
        amount = base + self.fixed_minor + card.oversize_minor(parcel)
        return amount + fuel_minor(amount, card.fuel_bp)

    def charges(self, parcel: Parcel) -> Charges | None:
        """Return a parcel's price in its parts; None when the service does not take it."""
        card = self._card
        base = self.base_minor(billed_weight_g(parcel, card.dim_divisor))
        if base is None or not self.takes(parcel):
            return None
        oversize = card.oversize_minor(parcel)
        fuel = fuel_minor(base + self.fixed_minor + oversize, card.fuel_bp)
        return Charges(base, self.residential_minor, self.remote_minor, oversize, fuel)


@dataclass(frozen=True, slots=True)
class Lane:
    """From one place to another on one card: its zone and each service's rate."""

    zone: str
    rates: tuple[Rate, ...]


LatLon = tuple[float, float]
LaneKey = tuple[str, str, str, str, bool, LatLon | None, LatLon | None]


class CompiledCard:
    """A rate card, compiled; remembers its lanes, so keep it as long as the card's version."""

    __slots__ = (
        *("_lanes", "_priced", "_remote", "_rules", "_with_distance"),
        *("card", "days", "dim_divisor", "fuel_bp"),
    )

    def __init__(self, card: RateCard) -> None:
        self.card = card
        self.dim_divisor, self.fuel_bp = card.dim_divisor, card.fuel_bp
        self.days = WorkingDays(card.working_week)
        self._rules: dict[tuple[str, str], list[ZoneRule]] = {}
        for rule in card.zones:
            pair = (rule.origin_country, rule.destination_country)
            self._rules.setdefault(pair, []).append(rule)
        self._with_distance = {
            pair
            for pair, rules in self._rules.items()
            if any(rule.up_to_m is not None for rule in rules)
        }
        self._lanes: dict[LaneKey, Lane | None] = {}
        self._priced: dict[tuple[str, bool, int], Lane] = {}  # at most zones x surcharges
        self._remote: dict[tuple[str, str], int] = {}

    def lane(self, origin: Place, destination: Place) -> Lane | None:
        """Return the lane between two places; None when the card has no zone for it."""
        key = self._key(origin, destination)
        try:
            return self._lanes[key]
        except KeyError:
            if len(self._lanes) >= LANES_KEPT_MAX:
                self._lanes.clear()
            lane = self._lanes[key] = self._lane(origin, destination)
            return lane

    def oversize_minor(self, parcel: Parcel) -> int:
        """Return the surcharge for a parcel above the card's ordinary size."""
        limits = self.card.oversize
        return 0 if limits is None else _oversize_minor(limits, parcel)

    def _key(self, origin: Place, destination: Place) -> LaneKey:
        near, far = origin.country, destination.country
        start: LatLon | None = None
        end: LatLon | None = None
        if (near, far) in self._with_distance:
            start, end = _lat_lon(origin), _lat_lon(destination)
        postcodes = (origin.postcode, destination.postcode)
        return (near, far, *postcodes, destination.is_residential, start, end)

    def _lane(self, origin: Place, destination: Place) -> Lane | None:
        rules = self._rules.get((origin.country, destination.country), [])
        zone = zone_of_lane(rules, origin, destination)
        if zone is None:
            return None
        remote = self._remote_minor(destination)
        key = (zone, destination.is_residential, remote)
        if key not in self._priced:
            residential = self.card.residential_minor if destination.is_residential else 0
            self._priced[key] = self._build(zone, residential, remote)
        return self._priced[key]

    def _build(self, zone: str, residential: int, remote: int) -> Lane:
        rates = (
            Rate(self, service, row, residential=residential, remote=remote)
            for service in self.card.services
            for row in service.zones
            if row.zone == zone
        )
        return Lane(zone, tuple(rates))

    def _remote_minor(self, destination: Place) -> int:
        key = (destination.country, destination.postcode)
        if key not in self._remote:
            if len(self._remote) >= LANES_KEPT_MAX:
                self._remote.clear()
            self._remote[key] = remote_minor(self.card.remote, destination)
        return self._remote[key]


def compile_card(card: RateCard) -> CompiledCard:
    """Return the card in the form that answers in microseconds."""
    return CompiledCard(card)


def _lat_lon(place: Place) -> LatLon | None:
    point = place.point
    return None if point is None else (point.latitude, point.longitude)


def zone_of_lane(rules: Iterable[ZoneRule], origin: Place, destination: Place) -> str | None:
    """Return the zone of the most specific rule that holds between two places."""
    start, end = bare_postcode(origin.postcode), bare_postcode(destination.postcode)
    distance: float = inf  # unknown: within no limit
    if origin.point is not None and destination.point is not None:
        distance = distance_m(origin.point, destination.point)
    best: tuple[int, int, int] | None = None
    zone = None
    for rule in rules:
        limit = rule.up_to_m
        if limit is not None and distance > limit:
            continue
        far = longest_prefix(end, rule.destination_prefixes) if rule.destination_prefixes else 0
        near = longest_prefix(start, rule.origin_prefixes) if rule.origin_prefixes else 0
        rank = (far, near, -(limit or NO_LIMIT))
        if far >= 0 and near >= 0 and (best is None or rank > best):
            best, zone = rank, rule.zone
    return zone


def remote_minor(areas: Iterable[RemoteArea], destination: Place) -> int:
    """Return the surcharge of the longest prefix that fits; the dearest when several do."""
    postcode = bare_postcode(destination.postcode)
    fitting = [
        (longest_prefix(postcode, area.prefixes), area.amount_minor)
        for area in areas
        if area.country == destination.country
    ]
    return max((found for found in fitting if found[0] >= 0), default=(0, 0))[1]


def _oversize_minor(limits: Oversize, parcel: Parcel) -> int:
    is_over = (
        parcel.weight_g > (limits.over_weight_g or NO_LIMIT)
        or parcel.sides_mm[0] > (limits.over_length_mm or NO_LIMIT)
        or parcel.girth_mm > (limits.over_girth_mm or NO_LIMIT)
    )
    return limits.amount_minor if is_over else 0
