"""Plain values from one capability to another: what routing is asked about an order (pure)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from shared.catalog.model import Location, Product, StockMode
from shared.flows.premises import Hour, Hours, Premises
from shared.inventory.decide.freshness import age_minutes, is_stale
from shared.kernel.values import value
from shared.orders.decide.bundles import group_of
from shared.orders.model import Line, Method, Order, Part
from shared.routing.model import Candidate, Place, RouteLine, RouteRequest, Stock

UNLIMITED_UNITS: Final = 1_000_000_000
_UNLIMITED: Final = Stock(UNLIMITED_UNITS, UNLIMITED_UNITS, UNLIMITED_UNITS, 0, 0)
HAZMAT: Final = "hazmat"  # the capability without which no location ships hazardous goods
_VOLUME_UNIT_MM3: Final = 1_000  # cubic millimeters in a cubic centimeter


@value
class StockView:
    """One SKU at one location as the flow read it: free units, and what the rules keep back.

    `guards` is the safety stock by method, None where the method is off; `counted_as_of` is when
    the location last told its figure, empty: never.
    """

    free: int
    on_hand: int
    guards: Mapping[str, int | None]
    counted_as_of: str = ""

    def guard(self, method: str) -> int:
        return self.guards.get(method) or 0

    def sellable(self, method: str) -> int:
        """Return the units that the rules let go by a method."""
        guard = self.guards[method]
        return 0 if guard is None else max(0, self.free - guard)


def route_line(line: Line, part: Part, product: Product, now: datetime) -> RouteLine:
    """Return what routing must know of one part of a line."""
    is_excluded = part.excluded_until is not None and part.excluded_until > now
    bundle = None if line.bundle is None or line.bundle.may_split else line.bundle
    volume = product.length_mm * product.width_mm * product.height_mm // _VOLUME_UNIT_MM3
    return RouteLine(
        line_id=line.line_id,
        part=part.part,
        sku=product.sku,
        quantity=part.quantity,
        unit_value_minor=line.value_minor // line.quantity,
        weight_g=product.weight_g,
        volume_cm3=volume,
        tags=frozenset(product.tags),
        category=product.category,
        method="pickup" if line.method is Method.PICKUP else "ship",
        pickup_location=line.pickup_location,
        group=line.group,
        excluded_locations=frozenset(part.excluded) if is_excluded else frozenset(),
        needs=_needs(line, product),
        bundle=group_of(bundle) if bundle else None,
        per_bundle=bundle.per_bundle if bundle else 1,
    )


def _needs(line: Line, product: Product) -> frozenset[str]:
    """Return what a location must be able to do; handing goods over is not shipping them."""
    is_shipped = product.hazmat and line.method is not Method.PICKUP
    return frozenset({HAZMAT}) if is_shipped else frozenset()


def without_unable(line: RouteLine, locations: Iterable[Location]) -> RouteLine:
    """Return the line kept from the locations that lack what it needs."""
    if not line.needs:
        return line
    unable = {at.location_id for at in locations if not line.needs.issubset(at.capabilities)}
    return replace(line, excluded_locations=line.excluded_locations | unable)


def could_have(
    lines: Iterable[RouteLine],
    stock: Mapping[str, Mapping[str, StockView]],
    full: frozenset[str] = frozenset(),
) -> bool:
    """Tell whether a location might give anything of these lines; when in doubt, it might.

    `stock[sku][location]`, without the SKUs whose units are not counted; `full` are the locations
    whose day is full.
    """
    together: dict[object, list[RouteLine]] = {}
    for line in lines:
        if line.method == "pickup":
            at = line.pickup_location or ""
            if line.sku not in stock or (at in stock[line.sku] and stock[line.sku][at].free > 0):
                return True
        else:
            key = (line.line_id, line.part) if line.group is None else line.group
            together.setdefault(key, []).append(line)
    return any(_have_giver(group, stock, full) for group in together.values())


def _have_giver(
    group: Sequence[RouteLine],
    stock: Mapping[str, Mapping[str, StockView]],
    full: frozenset[str],
) -> bool:
    """Tell whether one location has units of all lines that travel together."""
    givers: dict[str, set[str]] = {}  # by line: its parts may come from different places
    for line in group:
        views = stock.get(line.sku)
        if views is not None:
            least = min(line.quantity, line.per_bundle)
            givers.setdefault(line.line_id, set()).update(
                at
                for at, view in views.items()
                if view.sellable("ship") >= least and at not in line.excluded_locations
            )
    common = [places - full for places in givers.values()]
    return not common or bool(common[0].intersection(*common[1:]))


def destination_of(order: Order, home_country: str) -> Place:
    """Return where the goods go; the tenant's own country when the order does not say."""
    to = order.ship_to
    if to is None:
        return Place(country=home_country)
    return Place(
        country=to.country or home_country,
        postcode=to.postcode,
        admin_area=to.admin_area,
        lat=None if to.lat_e6 is None else to.lat_e6 / 1e6,
        lon=None if to.lon_e6 is None else to.lon_e6 / 1e6,
    )


def request_of(
    order: Order, lines: Sequence[RouteLine], home_country: str, attempt: int, now: datetime
) -> RouteRequest:
    """Return the question to routing: these lines of this order, as of now."""
    return RouteRequest(
        order_id=order.order_id,
        destination=destination_of(order, home_country),
        lines=tuple(lines),
        now=now,
        currency=order.currency,
        channel=order.channel,
        order_type=order.order_type,
        priority=order.priority,
        value_minor=sum(line.value_minor for line in order.lines),
        customer_tier=order.customer_tier,
        tags=frozenset(order.tags),
        promise_by=order.promise_by,
        queue=queue_of(order, lines),
        attempt=attempt,
        already_at=placed_value(order),
    )


def queue_of(order: Order, lines: Sequence[RouteLine]) -> str | None:
    """Return where all that asks for a location waits; None where they wait in several places."""
    asking = {(line.line_id, line.part) for line in lines}
    queues = {
        part.queue
        for line in order.lines
        for part in line.parts
        if (line.line_id, part.part) in asking
    }
    return queues.pop() if len(queues) == 1 else None


def placed_value(order: Order) -> dict[str, int]:
    """Return the value that earlier attempts placed, by location, in minor units."""
    placed: dict[str, int] = {}
    for line in order.lines:
        for part in line.parts:
            if part.location_id and part.reservation_id:
                value = line.value_minor * part.quantity // line.quantity
                placed[part.location_id] = placed.get(part.location_id, 0) + value
    return placed


def candidates_of(
    places: Iterable[Premises],
    stock: Mapping[str, Mapping[str, StockView]],
    products: Mapping[str, Product],
    capacity_left: Callable[[Location], int | None],
    lane_of: Callable[[str], str],
    now: datetime,
) -> tuple[Candidate, ...]:
    """Return every active location that holds one of the SKUs (`stock[sku][location]`).

    `lane_of` names what locations have in common from which every parcel costs the same.
    """
    unlimited = [
        sku for sku, product in products.items() if product.stock_mode is StockMode.UNLIMITED
    ]
    limited = {sku: at for sku, at in stock.items() if sku not in unlimited}
    hours, found = Hours(now), []
    for place in places:
        location_id, location = place.location_id, place.location
        if not location.active:
            continue
        held = {sku: at[location_id] for sku, at in limited.items() if location_id in at}
        if held or unlimited:
            stocks = {sku: _stock(view) for sku, view in held.items()}
            stocks |= dict.fromkeys(unlimited, _UNLIMITED)
            room = capacity_left(location)
            feed = _feed(location, held.values(), now)
            found.append(
                _candidate(place, hours.at(place), lane_of(location_id), stocks, room, feed=feed)
            )
    return tuple(found)


def _candidate(
    place: Premises,
    hour: Hour,
    lane: str,
    stock: Mapping[str, Stock],
    capacity_left: int | None,
    *,
    feed: tuple[bool, int | None],
) -> Candidate:
    location, (is_fresh, age) = place.location, feed
    return Candidate(
        location_id=location.location_id,
        lane=lane,
        stock=stock,
        kind=location.kind,
        groups=place.groups,
        lat=place.lat,
        lon=place.lon,
        country=location.place.country,
        ship_enabled=location.ship_enabled,
        pickup_enabled=location.pickup_enabled,
        priority=location.priority,
        capacity_left=capacity_left,
        capacity_unit=location.capacity_unit.value,
        capacity_counts_pickups=location.capacity_counts_pickups,
        capabilities=place.capabilities,
        labor_minor=location.labor_minor,
        is_open=hour.is_open,
        cutoff_passed=hour.is_past_cutoffs,
        feed_fresh=is_fresh,
        feed_age_minutes=age,
    )


def _feed(location: Location, held: Iterable[StockView], now: datetime) -> tuple[bool, int | None]:
    """Tell whether what the location would give is known freshly, and the age of its oldest figure.

    A figure of nothing sends nobody there, however old it is. Never counted: no age.
    """
    if location.feed_fresh_minutes is None:
        return True, None
    told = [view.counted_as_of for view in held if view.free > 0]
    oldest = min(told, default=None)
    if oldest is None:
        return True, None
    return not is_stale(oldest, location.feed_fresh_minutes, now), age_minutes(oldest, now)


def _stock(view: StockView) -> Stock:
    return Stock(
        sellable_ship=view.sellable("ship"),
        sellable_pickup=view.sellable("pickup"),
        free=view.free,
        safety_stock=view.guard("ship"),
        on_hand=view.on_hand,
    )
