"""What routing is told of costs: the couriers' offers for one order (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.catalog.model import Product
from shared.couriers.decide import Journey, Offer, offer, pack
from shared.couriers.model import Goods, Place, Promise
from shared.flows.knowledge import TenantKnowledge, point_of
from shared.orders.model import Address, Line, Order, Part
from shared.routing.model import Contents, ParcelQuote, RouteLine


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
        self._known, self._products, self._now = known, products, now
        self._journey = Journey(
            destination=courier_place(order, known.settings.country),
            now=now,
            promise_by=order.promise_by,
            preference=known.preference,
            zone=order.time_zone,
        )
        self._offers: dict[str, Offer] = {}
        self._lanes: dict[tuple[tuple[int, Promise], ...], int] = {}

    def offer_from(self, location_id: str) -> Offer:
        found = self._offers.get(location_id)
        if found is None:
            site = self._known.sites[location_id]
            found = self._offers[location_id] = offer(self._known.cards, site, self._journey)
        return found

    def lane_of(self, location_id: str) -> str:
        """Return the same name for locations from which every parcel costs and arrives alike."""
        signature = self.offer_from(location_id).signature
        return str(self._lanes.setdefault(signature, len(self._lanes)))

    def __call__(self, location_id: str, contents: Contents, /) -> ParcelQuote | None:
        """Return the cheapest service that keeps the promise, or None."""
        parcels = pack([self._goods(line, units) for line, units in contents], ())
        way = self.offer_from(location_id).cheapest(parcels)
        if way is None:
            return None
        return ParcelQuote(
            cost_minor=way.cost_minor + way.risk_minor,
            service=f"{way.carrier}/{way.service}",
            arrive_at=way.arrive_by,
            parts={"lateness": way.risk_minor} if way.risk_minor else {},
        )

    def _goods(self, line: RouteLine, units: int) -> Goods:
        product = self._products[line.sku]
        sides = (product.length_mm, product.width_mm, product.height_mm)
        return Goods(line.sku, units, product.weight_g, sides)
