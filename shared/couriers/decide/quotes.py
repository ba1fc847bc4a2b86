"""Quotes from a card, the choice among all quotes, and customer fees."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shared.couriers.cards import rate_card_id
from shared.couriers.decide.promise import Dispatch
from shared.couriers.decide.tariff import Charges, CompiledCard, Rate
from shared.couriers.model import Charge, FeeBand, Quote, RateRequest

ONE_DAY = timedelta(days=1)


def quote(card: CompiledCard, request: RateRequest) -> tuple[Quote, ...]:
    """Return a quote of each service that takes all parcels; no tariff band, no quote."""
    lane = card.lane(request.site.place, request.destination)
    if lane is None or not request.parcels:
        return ()
    zone = request.destination_zone
    dispatch = Dispatch(request.site, card.card.carrier, card.days, request.now, zone)
    quotes = (_quote(card, rate, dispatch, request) for rate in lane.rates)
    return tuple(found for found in quotes if found is not None)


def _quote(
    card: CompiledCard, rate: Rate, dispatch: Dispatch, request: RateRequest
) -> Quote | None:
    dates = dispatch.promise(rate)
    charges = [found for parcel in request.parcels if (found := rate.charges(parcel)) is not None]
    if dates is None or len(charges) < len(request.parcels):
        return None
    return Quote(
        carrier=card.card.carrier,
        service=rate.service,
        cost_minor=sum(parts.total_minor for parts in charges),
        currency=card.card.currency,
        days_min=rate.days_min,
        days_max=rate.days_max,
        ship_by=dates.ship_by,
        arrive_by=dates.arrive_by,
        speed_rank=rate.speed_rank,
        late_bp=rate.late_bp,
        parcel_costs_minor=tuple(parts.total_minor for parts in charges),
        surcharges=_surcharges(charges),
        source=rate_card_id(card.card.card_id),
        expires_at=request.now + timedelta(seconds=card.card.quote_valid_s),
        example=card.card.example,
    )


def _surcharges(charges: Sequence[Charges]) -> tuple[Charge, ...]:
    sums = {
        "residential": sum(parts.residential_minor for parts in charges),
        "remote": sum(parts.remote_minor for parts in charges),
        "oversize": sum(parts.oversize_minor for parts in charges),
        "fuel": sum(parts.fuel_minor for parts in charges),
    }
    return tuple(Charge(kind=kind, amount_minor=sums[kind]) for kind in sums if sums[kind])


@dataclass(frozen=True, slots=True)
class Preference:
    """What a tenant wants of a choice.

    `late_penalty_minor` is what a late parcel costs the tenant; `carriers` stand in order of
    preference as "carrier" or "carrier/service", others come after them.
    """

    currency: str
    late_penalty_minor: int = 0
    carriers: tuple[str, ...] = ()

    def rank(self, carrier: str, service: str) -> int:
        """Return the place in the order of preference, the first being 0."""
        names = (f"{carrier}/{service}", carrier)
        places = (self.carriers.index(name) for name in names if name in self.carriers)
        return min(places, default=len(self.carriers))


def lateness_risk_minor(
    late_bp: int, arrive_by: datetime, promise_by: datetime | None, penalty_minor: int
) -> int:
    """Return the expected cost of missing a promise.

    The share of late parcels times the penalty; each whole day between arrival and promise halves
    it. 0 without a promise.
    """
    if promise_by is None or arrive_by > promise_by:
        return 0
    return (penalty_minor * late_bp // 10_000) >> ((promise_by - arrive_by) // ONE_DAY)


class Dropped(StrEnum):
    """Why a quote was set aside."""

    LATE = "late"
    OTHER_CURRENCY = "other-currency"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Ranked:
    """A quote as the choice saw it: its risk, or why it was set aside."""

    quote: Quote
    risk_minor: int = 0
    dropped: Dropped | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """The best quote, if any keeps the promise, and all quotes: the best first, dropped ones last.

    `soonest` is the first to arrive of those that are only late: what is left when none is in time.
    """

    chosen: Quote | None
    soonest: Quote | None
    ranking: tuple[Ranked, ...]


def choose(
    quotes: Iterable[Quote], promise_by: datetime | None, preference: Preference, now: datetime
) -> Choice:
    """Drop what arrives after the promise, then take the least cost plus lateness risk.

    Ties go to the faster service, then to the preferred one, then to the name: the same quotes in
    any order give the same choice (semantics 10).
    """
    ranked = sorted(
        (_ranked(found, promise_by, preference, now) for found in quotes),
        key=lambda row: _order(row, preference),
    )
    in_time = [row.quote for row in ranked if row.dropped is None]
    late = [row.quote for row in ranked if row.dropped is Dropped.LATE]
    return Choice(
        chosen=in_time[0] if in_time else None,
        soonest=min(late, key=lambda found: found.arrive_by, default=None),
        ranking=tuple(ranked),
    )


def _ranked(
    found: Quote, promise_by: datetime | None, preference: Preference, now: datetime
) -> Ranked:
    if found.currency != preference.currency:
        return Ranked(found, dropped=Dropped.OTHER_CURRENCY)
    if found.expires_at <= now:
        return Ranked(found, dropped=Dropped.EXPIRED)
    if promise_by is not None and found.arrive_by > promise_by:
        return Ranked(found, dropped=Dropped.LATE)
    penalty = preference.late_penalty_minor
    return Ranked(found, lateness_risk_minor(found.late_bp, found.arrive_by, promise_by, penalty))


def _order(row: Ranked, preference: Preference) -> tuple[bool, int, int, int, str, str, str]:
    found = row.quote
    return (
        row.dropped is not None,
        found.cost_minor + row.risk_minor,
        found.speed_rank,
        preference.rank(found.carrier, found.service),
        found.carrier,
        found.service,
        found.source,
    )


def customer_fee_minor(bands: Iterable[FeeBand], value_minor: int) -> int:
    """Return the customer's fee: of the highest minimum not above the value, the cheapest.

    0 below the lowest band (Broadleaf's banded fulfillment pricing).
    """
    reached = [band for band in bands if band.minimum_minor <= value_minor]
    return min(((-b.minimum_minor, b.fee_minor) for b in reached), default=(0, 0))[1]
