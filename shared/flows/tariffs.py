"""What routing is told of costs: the couriers' offers for one order (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from shared.catalog.model import Product
from shared.couriers.decide import Journey, Offer, Offers, Prices, check_count, uncartoned
from shared.couriers.model import Goods, Parcel, Place, Promise
from shared.flows.knowledge import TenantKnowledge, point_of
from shared.orders.model import Address, Line, Order, Part
from shared.routing.model import Contents, ParcelQuote

NO_TARIFF: Final = ParcelQuote(cost_minor=0)  # no price, no service, no dates

_Asked: TypeAlias = tuple[tuple[str, int], ...]  # units by SKU, as contents name them


def courier_place(order: Order, home_country: str) -> Place:
    """Return where an order's parcels go, as carriers see it."""
    return (
        Place(home_country)
        if order.ship_to is None
        else place_of_address(order.ship_to, home_country)
    )


def place_of_address(to: Address, home_country: str) -> Place:
    """Return an address as carriers see it; without a company it is somebody's home."""
    return Place(
        country=to.country or home_country,
        postcode=to.postcode or "",
        point=point_of(to.lat_e6, to.lon_e6),
        is_residential=to.company is None,
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """A part that waits for a location, with its line and product."""

    line: Line
    part: Part
    product: Product


class Tariffs:
    """What it costs to send some lines from a location: routing's `ParcelCost` for one order."""

    def __init__(
        self, known: TenantKnowledge, order: Order, products: Mapping[str, Product], now: datetime
    ) -> None:
        self._known, self._products, self._order, self._now = known, products, order, now
        self._journeys: Offers | None = None  # made for the first who asks: many plans ask nothing
        self._offers: dict[str, Offer] = {}
        self._lanes: dict[tuple[tuple[int, Promise], ...], int] = {}
        self._lane_of: dict[int, str] = {}
        self._parcels: dict[str, Parcel] = {}  # of one unit, by SKU
        self._unit_prices: dict[tuple[int, str], Prices] = {}
        self._quotes: dict[tuple[int, _Asked], ParcelQuote | None] = {}

    def offer_from(self, location_id: str) -> Offer:
        found = self._offers.get(location_id)
        if found is None:
            if self._journeys is None:
                self._journeys = Offers(self._known.cards, self._journey())
            site = self._known.sites[location_id]
            found = self._offers[location_id] = self._journeys.from_site(site)
        return found

    def _journey(self) -> Journey:
        known, order = self._known, self._order
        return Journey(
            destination=courier_place(order, known.settings.country),
            now=self._now,
            promise_by=order.promise_by,
            preference=known.preference,
            zone=order.time_zone,
        )

    def lane_of(self, location_id: str) -> str:
        """Return the same name for locations from which every parcel costs and arrives alike."""
        offer = self.offer_from(location_id)
        lane = self._lane_of.get(id(offer))
        if lane is None:
            number = self._lanes.setdefault(offer.signature, len(self._lanes))
            lane = self._lane_of[id(offer)] = str(number)
        return lane

    def __call__(self, location_id: str, contents: Contents, /) -> ParcelQuote | None:
        """Return the cheapest service that keeps the promise, or None."""
        offer = self.offer_from(location_id)
        asked = tuple([(line.sku, units) for line, units in contents])
        key = (id(offer), asked)
        if key not in self._quotes:
            self._quotes[key] = self._quote(offer, asked)
        return self._quotes[key]

    @property
    def is_missing(self) -> bool:
        """Tell whether the tenant has no rate card at all: then the nearest location is best."""
        return not self._known.cards

    def _quote(self, offer: Offer, asked: _Asked) -> ParcelQuote | None:
        if self.is_missing:
            is_hazmat = any(self._products[sku].hazmat for sku, _ in asked)
            return None if is_hazmat else NO_TARIFF
        check_count(sum(units for _, units in asked))
        way = offer.least([(self._prices(offer, sku), units) for sku, units in asked])
        if way is None:
            return None
        return ParcelQuote(
            cost_minor=way.cost_minor + way.risk_minor,
            service=f"{way.carrier}/{way.service}",
            arrive_at=way.arrive_by,
            parts={"lateness": way.risk_minor} if way.risk_minor else {},
        )

    def _prices(self, offer: Offer, sku: str) -> Prices:
        """Return what one unit costs by each service: as no cartons are named, each goes alone."""
        key = (id(offer), sku)
        prices = self._unit_prices.get(key)
        if prices is None:
            parcel = self._parcels.get(sku)
            if parcel is None:
                parcel = self._parcels[sku] = uncartoned(_one(self._products[sku]))
            prices = self._unit_prices[key] = offer.prices(parcel)
        return prices


def _one(product: Product) -> Goods:
    sides = (product.length_mm, product.width_mm, product.height_mm)
    return Goods(product.sku, 1, product.weight_g, sides, product.hazmat)
