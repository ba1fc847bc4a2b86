"""Who buys what, when, and through which channel: drawn from the seed alone (pure)."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from local.demo.retailers import Level, variants
from local.demo.shape import Retailer, Town


class Door(StrEnum):
    """How an order comes in."""

    SHOP = "shopify"  # a signed webhook
    APP = "app"  # POST /orders
    MARKETPLACE = "marketplace"  # a message on orders-in, by alias or SKU
    TILL = "store"  # a receipt on orders-in


@dataclass(frozen=True, slots=True)
class Person:
    """An invented customer; addresses stand in real towns at invented streets."""

    name: str
    email: str
    phone: str
    loyalty_id: str | None
    street: str
    town: Town
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Item:
    """One line: `pickup` is the store where it is collected."""

    line_id: str
    sku: str
    title: str
    quantity: int
    price_minor: int
    pickup: str | None = None


@dataclass(frozen=True, slots=True)
class Want:
    """An order before it is one."""

    number: int
    at: datetime
    door: Door
    person: Person
    items: tuple[Item, ...]
    is_unpaid: bool = False
    priority: int = 0
    store: str | None = None  # whose till rang it up
    shipping_minor: int = 0

    @property
    def reference(self) -> str:
        return f"D{self.number:05d}"

    @property
    def value_minor(self) -> int:
        return sum(item.price_minor * item.quantity for item in self.items)


@dataclass(frozen=True, slots=True)
class Ware:
    """A product as it is bought; `sold_by` is how many steps a customer usually takes.

    `seen_at` are the stores that show enough of it for a pickup.
    """

    sku: str
    name: str
    price_minor: int
    sold_by: int = 1
    seen_at: frozenset[str] = frozenset()


PEOPLE_A_DAY: Final = 3  # orders a customer and day, on average
SHOWN_LEAST: Final = 3  # a shop offers pickup of what a store has more of
SPREAD: Final = 0.22  # degrees around a town's center in which people live
SHIPPING_MINOR: Final = 695


def wares_of(
    retailer: Retailer, stock: Mapping[str, Sequence[Level]], kept_apart: Sequence[str]
) -> tuple[Ware, ...]:
    """Return what anybody may buy; `kept_apart` are products that have stories of their own."""
    apart = {*kept_apart, *retailer.scarce, retailer.backordered}
    found = [
        Ware(
            sku,
            name,
            family.price_minor,
            1 if family.step == "1" else 7,
            frozenset(row.location_id for row in stock.get(sku, ()) if row.units > SHOWN_LEAST),
        )
        for family in retailer.families
        for sku, name in variants(family)
        if sku not in apart
    ]
    return tuple(found)


def people_of(retailer: Retailer, rng: random.Random, count: int) -> tuple[Person, ...]:
    """Return customers; some of them are known by a loyalty id as well."""
    return tuple(_person(retailer, rng, number) for number in range(count))


def _person(retailer: Retailer, rng: random.Random, number: int) -> Person:
    first, last = rng.choice(retailer.first_names), rng.choice(retailer.surnames)
    town = rng.choice(retailer.towns)
    # Numbers that the regulators set aside for fiction.
    phone = f"+1212555{100 + number % 100:04d}"
    if retailer.country == "DE":
        phone = f"+493023125{number % 1000:03d}"
    return Person(
        name=f"{first} {last}",
        email=f"customer{number:03d}@{retailer.shop_domain}",
        phone=phone,
        loyalty_id=f"L{number:06d}" if number % 4 == 0 else None,
        street=f"{rng.randint(1, 180)} {rng.choice(retailer.streets)}"
        if retailer.country == "US"
        else f"{rng.choice(retailer.streets)} {rng.randint(1, 180)}",
        town=town,
        lat=round(town.lat + rng.uniform(-SPREAD, SPREAD), 4),
        lon=round(town.lon + rng.uniform(-SPREAD, SPREAD), 4),
    )


def usual_wants(
    retailer: Retailer,
    rng: random.Random,
    wares: Sequence[Ware],
    opens_at: datetime,
    count: int,
) -> tuple[Want, ...]:
    """Return a day's orders, evenly spread over twelve hours."""
    people = people_of(retailer, rng, max(4, count // PEOPLE_A_DAY))
    gap = timedelta(hours=12) / max(1, count)
    return tuple(
        _want(rng, wares, people, number, opens_at + gap * number) for number in range(count)
    )


def _want(
    rng: random.Random,
    wares: Sequence[Ware],
    people: Sequence[Person],
    number: int,
    at: datetime,
) -> Want:
    doors = (Door.SHOP,) * 4 + (Door.APP,) * 3 + (Door.MARKETPLACE,) * 2 + (Door.TILL,)
    door = doors[number % 10] if number >= 10 else doors[(number * 3) % 10]
    person = rng.choice(people)
    store = person.town.code
    lines = rng.choice((1, 1, 1, 2, 2, 3))
    is_pickup = door in {Door.SHOP, Door.APP} and number % 5 == 1
    is_mixed = door is Door.APP and number % 10 == 6
    items = tuple(
        _item(
            rng,
            wares,
            index + 1,
            store if is_pickup or (is_mixed and index == 0) else None,
        )
        for index in range(max(lines, 2) if is_mixed else lines)
    )
    return Want(
        number=number,
        at=at,
        door=door,
        person=person,
        items=items,
        is_unpaid=door is Door.SHOP and number % 13 == 7,
        priority=5 if door is Door.APP and number % 8 == 5 else 0,
        store=store if door is Door.TILL else None,
        shipping_minor=0 if is_pickup or door is Door.TILL else SHIPPING_MINOR,
    )


def _item(rng: random.Random, wares: Sequence[Ware], line: int, pickup: str | None) -> Item:
    there = [ware for ware in wares if pickup is None or pickup in ware.seen_at]
    ware = rng.choice(there or wares)
    units = rng.choice((1, 1, 1, 2, 3)) * ware.sold_by
    return Item(str(line), ware.sku, ware.name, units, ware.price_minor, pickup)
