"""The cheapest way from a location to a destination, for routing.

Routing prices every subset of an order's lines from every location: what does not depend on the
parcels (lane, dates, lateness risk, order of ties) is worked out once in an `Offer`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.couriers.decide.promise import Dispatch
from shared.couriers.decide.quotes import Preference, lateness_risk_minor
from shared.couriers.decide.tariff import CompiledCard, Lane, Rate
from shared.couriers.model import Parcel, Place, Promise, Site

Prices = tuple[int | None, ...]  # of each service on offer


@dataclass(frozen=True, slots=True)
class Way:
    """The cheapest service that keeps the promise; `risk_minor` is not in `cost_minor`."""

    cost_minor: int
    risk_minor: int
    carrier: str
    service: str
    arrive_by: datetime


@dataclass(frozen=True, slots=True)
class _Option:
    rate: Rate
    dates: Promise
    risk_minor: int
    carrier: str


class Offer:
    """All services from one location to one destination that keep a promise, for routing.

    Built once for a location and an order; `cheapest` is then asked for each subset of its lines
    and chooses as `choose` does.
    """

    __slots__ = ("_options",)

    def __init__(self, options: Sequence[_Option], preference: Preference) -> None:
        self._options = sorted(
            options,
            key=lambda option: (
                option.rate.speed_rank,
                preference.rank(option.carrier, option.rate.service),
                option.carrier,
                option.rate.service,
            ),
        )

    @property
    def signature(self) -> tuple[tuple[int, Promise], ...]:
        """Equal for offers of one process that price and promise every parcel alike."""
        return tuple((id(option.rate), option.dates) for option in self._options)

    def arrivals(self) -> Mapping[tuple[str, str], Promise]:
        """Return the dates of each (carrier, service) on offer."""
        return {(o.carrier, o.rate.service): o.dates for o in self._options}

    def cheapest(self, parcels: Sequence[Parcel]) -> Way | None:
        """Return the least cost plus risk for all parcels; None when no service takes them."""
        return self.least([(self.prices(parcel), 1) for parcel in parcels])

    def prices(self, parcel: Parcel) -> Prices:
        """Return what each service asks for a parcel, None for one that does not take it."""
        return tuple([option.rate.cost_minor(parcel) for option in self._options])

    def least(self, rows: Iterable[tuple[Prices, int]]) -> Way | None:
        """Return the least cost plus risk for so many parcels at each of these prices."""
        costs: list[int | None] = [0] * len(self._options)
        for prices, count in rows:
            for at, price in enumerate(prices):
                before = costs[at]
                costs[at] = None if before is None or price is None else before + price * count
        best: _Option | None = None
        best_cost = least = 0
        for option, cost in zip(self._options, costs, strict=True):
            if cost is not None and (best is None or cost + option.risk_minor < least):
                best, best_cost, least = option, cost, cost + option.risk_minor
        if best is None:
            return None
        arrive_by = best.dates.arrive_by
        return Way(best_cost, best.risk_minor, best.carrier, best.rate.service, arrive_by)


@dataclass(frozen=True, slots=True)
class Journey:
    """What all parcels of an order have in common; `zone` is the destination's time zone."""

    destination: Place
    now: datetime
    promise_by: datetime | None
    preference: Preference
    zone: str | None = None


class Offers:
    """One order's offers, each worked out once for all sites that cannot differ in it.

    A chain's stores have few different hours and a card has few zones: of forty locations most
    share the lane, the calendar, the handling time and the cut-offs, hence prices and dates.
    """

    __slots__ = ("_cards", "_journey", "_known")

    def __init__(self, cards: Iterable[CompiledCard], journey: Journey) -> None:
        currency = journey.preference.currency
        self._cards = tuple(card for card in cards if card.card.currency == currency)
        self._journey = journey
        self._known: dict[tuple[object, ...], Offer] = {}

    def from_site(self, site: Site) -> Offer:
        """Return what may carry the order's parcels from a location and keep the promise."""
        destination = self._journey.destination
        lanes = [card.lane(site.place, destination) for card in self._cards]
        # Cards keep each of their lanes once, so that identity names it.
        key = (*map(id, lanes), site.calendar, site.handling_s, *site.cutoffs.items())
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._offer(site, lanes)
        return found

    def _offer(self, site: Site, lanes: Sequence[Lane | None]) -> Offer:
        journey, options = self._journey, list[_Option]()
        for card, lane in zip(self._cards, lanes, strict=True):
            if lane is not None:
                carrier = card.card.carrier
                dispatch = Dispatch(site, carrier, card.days, journey.now, journey.zone)
                options.extend(_options(lane.rates, dispatch, journey, carrier))
        return Offer(options, journey.preference)


def offer(cards: Iterable[CompiledCard], site: Site, journey: Journey) -> Offer:
    """Return what may carry an order's parcels from a location and keep the promise."""
    return Offers(cards, journey).from_site(site)


def _options(
    rates: Iterable[Rate], dispatch: Dispatch, journey: Journey, carrier: str
) -> Iterable[_Option]:
    penalty = journey.preference.late_penalty_minor
    for rate in rates:
        dates = dispatch.promise(rate)
        if dates is None:
            continue
        if journey.promise_by is None or dates.arrive_by <= journey.promise_by:
            risk = lateness_risk_minor(rate.late_bp, dates.arrive_by, journey.promise_by, penalty)
            yield _Option(rate, dates, risk, carrier)


def parcel_cost(
    card: CompiledCard, origin: Place, destination: Place, parcel: Parcel, service: str
) -> int | None:
    """Return what one parcel costs by one service; None: no zone, no such service, or no band."""
    lane = card.lane(origin, destination)
    if lane is None:
        return None
    rate = next((rate for rate in lane.rates if rate.service == service), None)
    return None if rate is None else rate.cost_minor(parcel)
