"""Choose the carrier of packed parcels: the cheapest service that keeps the promise, all kept."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.catalog.model import Product
from shared.couriers import service as couriers
from shared.couriers.decide import Choice, CompiledCard, choose, quote
from shared.couriers.model import Parcel as Weighed
from shared.couriers.model import Place, Quote, RateRequest
from shared.flows.context import Flows
from shared.flows.ship_goods import Tender
from shared.flows.tariffs import courier_place
from shared.fulfillment import service as work_service
from shared.fulfillment.model import Fulfillment, Parcel
from shared.kernel.errors import Fault, Invalid, Refused
from shared.orders import decide as orders
from shared.orders import service as order_service
from shared.orders.model import Order
from shared.tenants.model import Caller


class NoService(Refused):
    """No rate card quotes these parcels on this way; naming the carrier ships them all the same."""

    code, status = "no-courier-service", 409

    def __init__(self) -> None:
        super().__init__("no service takes these parcels there; name a carrier, or add a rate card")


@dataclass(frozen=True, slots=True)
class Wish:
    """What the location says of the parcels; without a service the cheapest in time is chosen.

    `units` by line: a partial shipment; `tracking` numbers go to the parcels in their order.
    """

    carrier: str | None = None
    service: str | None = None
    parcels: tuple[Parcel, ...] = ()
    tracking: tuple[str, ...] = ()
    units: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class RateQuestion:
    """Parcels, from where to where, and by when."""

    location_id: str
    destination: Place
    parcels: tuple[Weighed, ...]
    promise_by: datetime | None = None
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class _Cards:
    """The tenant's rate cards as they are known: what providers fail over to."""

    cards: tuple[CompiledCard, ...]
    name: str = "ratecard"

    async def quotes(self, _tenant_id: str, request: RateRequest) -> tuple[Quote, ...]:
        return tuple(found for card in self.cards for found in quote(card, request))


async def rate(flows: Flows, tenant_id: str, asked: RateQuestion, now: datetime) -> Choice:
    """Return every service's quote, ranked, with what is wrong with those set aside.

    Raises:
        Invalid: there is no such location.
    """
    known = await flows.knowledge.of(tenant_id, now)
    site = known.sites.get(asked.location_id)
    if site is None:
        raise Invalid([Fault("/location_id", "unknown-location", "there is no such location")])
    request = RateRequest(site, asked.destination, asked.parcels, now, asked.zone)
    fallback = _Cards(known.cards)
    gathered = await couriers.gather_quotes(
        tenant_id, request, flows.providers, fallback, flows.within
    )
    return choose(gathered.quotes, asked.promise_by, known.preference, now)


async def tender_of(
    flows: Flows, caller: Caller, fulfillment_id: str, wish: Wish, now: datetime
) -> Tender:
    """Return what is handed to the carrier, with what every other service would have cost.

    Raises:
        NotFound: there is no such work.
        NoService: no service was named and none takes the parcels.
    """
    tenant_id = caller.tenant_id
    work = (await work_service.get(flows.store, tenant_id, fulfillment_id)).body
    parcels = numbered(wish.parcels or work.parcels, wish.tracking) or (Parcel(parcel=1),)
    if work.method != "ship":
        return Tender(parcels=parcels, units=wish.units)
    order = await order_service.get_order(flows.store, tenant_id, work.order_id)
    known = await flows.knowledge.of(tenant_id, now)
    skus = sorted({item.sku for item in work.items})
    products = await flows.knowledge.products(tenant_id, skus, now)
    question = RateQuestion(
        location_id=work.location_id,
        destination=courier_place(order, known.settings.country),
        parcels=tuple(weighed(parcel, work, products) for parcel in parcels),
        promise_by=promised(order, work),
        zone=order.time_zone,
    )
    choice = await rate(flows, tenant_id, question, now)
    chosen = _chosen(choice, wish)
    if chosen is None and wish.carrier is None:
        raise NoService
    return Tender(
        carrier=chosen.carrier if chosen else wish.carrier,
        service=chosen.service if chosen else wish.service,
        parcels=parcels,
        cost_minor=chosen.cost_minor if chosen else 0,
        arrive_by=chosen.arrive_by if chosen else None,
        quotes=tuple(row.quote for row in choice.ranking),
        units=wish.units,
    )


def _chosen(choice: Choice, wish: Wish) -> Quote | None:
    if wish.carrier is None and wish.service is None:
        return choice.chosen or choice.soonest
    return next((row.quote for row in choice.ranking if _fits(row.quote, wish)), None)


def _fits(found: Quote, wish: Wish) -> bool:
    return wish.carrier in {None, found.carrier} and wish.service in {None, found.service}


def promised(order: Order, work: Fulfillment) -> datetime | None:
    """Return what the customer was told: the promise of order or lines, else of the sourcing."""
    rows = orders.parts_of(order, work.fulfillment_id)
    asked = [line.promise_by for line, _ in rows if line.promise_by]
    if order.promise_by is not None:
        asked.append(order.promise_by)
    told = [part.arrive_by for _, part in rows if part.arrive_by]
    return min(asked, default=None) or max(told, default=None)


def numbered(parcels: Sequence[Parcel], tracking: Sequence[str]) -> tuple[Parcel, ...]:
    """Give the parcels their tracking numbers; numbers beyond them are parcels of their own."""
    found = [
        parcel.model_copy(update={"tracking": number})
        for parcel, number in zip(parcels, tracking, strict=False)
    ]
    rest = tracking[len(parcels) :]
    more = (
        Parcel(parcel=len(parcels) + n, tracking=number) for n, number in enumerate(rest, start=1)
    )
    return (*found, *parcels[len(tracking) :], *more)


def weighed(parcel: Parcel, work: Fulfillment, products: Mapping[str, Product]) -> Weighed:
    """Return what the carrier weighs; a parcel that nobody weighed is the sum of its goods.

    Hazardous is what holds hazardous goods, or what may: nobody told what is in which parcel.
    """
    skus = {item.line_id: item.sku for item in work.items}
    goods = [
        (products[skus[line_id]], units)
        for line_id, units in _contents(parcel, work)
        if skus.get(line_id) in products
    ]
    weight_g = parcel.weight_g or sum(product.weight_g * units for product, units in goods)
    inside = [product for product, _ in goods] or products.values()
    is_hazmat = any(product.hazmat for product in inside)
    return as_told(parcel.model_copy(update={"weight_g": weight_g}), is_hazmat=is_hazmat)


def as_told(parcel: Parcel, *, is_hazmat: bool = False) -> Weighed:
    """Return a parcel as the carrier measures it."""
    sides = sorted((parcel.length_mm, parcel.width_mm, parcel.height_mm), reverse=True)
    return Weighed(
        weight_g=parcel.weight_g,
        sides_mm=(sides[0], sides[1], sides[2]),
        volume_mm3=sides[0] * sides[1] * sides[2],
        is_hazmat=is_hazmat,
    )


def _contents(parcel: Parcel, work: Fulfillment) -> Iterable[tuple[str, int]]:
    if parcel.contents or len(work.parcels) > 1:
        return parcel.contents
    return [(item.line_id, item.quantity) for item in work.items]
