"""Customers and their shops: the same order through two doors at once, and changed minds."""

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from local.inbound import inbound
from local.simulate.engine import Pause
from local.simulate.furniture import BUNDLES, SKUS, STORES
from local.simulate.people import Act, Troupe
from local.simulate.pumps import ORDERS_IN
from local.simulate.stage import person
from shared.contracts.intake import Address as ToldAddress
from shared.contracts.intake import Method, Payment, PlaceLine, PlaceOrder, ReceiveOrder
from shared.flows import steer_order
from shared.flows.place_order import place_order
from shared.kernel.ids import order_id
from shared.kernel.money import Money
from shared.orders.decide import Edit, Units
from shared.orders.model import Address
from shared.wiring import flows, world

DRAMA_S: Final = 240.0
EUR: Final = "EUR"
QUEUED: Final = 0.6  # of the orders that are told twice, how many also come by queue
Wish = Callable[[str, str, random.Random, datetime], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Season:
    """How customers come: over a quarter of an hour, or all at once for the same few things."""

    arrivals_s: float
    skus: tuple[str, ...]


QUIET: Final = Season(DRAMA_S * 0.7, (*SKUS, *BUNDLES))
SALE: Final = Season(1.0, SKUS[:1])


def an_order(
    reference: str, skus: Sequence[str], chance: random.Random, now: datetime
) -> PlaceOrder:
    """Return a small order that competes with the others for scarce stock."""
    count = chance.randint(1, 3)
    lines = tuple(_line(number, skus, chance, now) for number in range(1, count + 1))
    return PlaceOrder(
        connection="shop",
        reference=reference,
        channel="web",
        placed_at=now,
        currency=EUR,
        ship_to=ToldAddress(country="DE", postcode=f"{chance.randrange(10_000, 99_999)}"),
        lines=lines,
        shipping=Money(amount_minor=490, currency=EUR),
        priority=chance.choice((0, 0, 0, 5)),
        payment=Payment.UNPAID if chance.random() < 0.08 else Payment.PAID,
    )


def _line(number: int, skus: Sequence[str], chance: random.Random, now: datetime) -> PlaceLine:
    is_pickup = chance.random() < 0.2
    is_ahead = chance.random() < 0.05
    sku = "NOBODY-KNOWS" if chance.random() < 0.02 else chance.choice(skus)
    return PlaceLine(
        line_id=str(number),
        sku=sku,
        quantity=chance.randint(1, 4),
        unit_price=Money(amount_minor=chance.randrange(500, 9_000), currency=EUR),
        method=Method.PICKUP if is_pickup else Method.SHIP,
        pickup_location=chance.choice(STORES) if is_pickup else None,
        group="pair" if chance.random() < 0.1 else None,
        release_at=now + timedelta(seconds=chance.uniform(60, 900)) if is_ahead else None,
    )


def arrive(
    troupe: Troupe, tenant_id: str, number: int, season: Season, chance: random.Random
) -> None:
    """Let a customer order, often twice at once, and perhaps want something else afterwards."""
    stage = troupe.stage
    reference, at = f"R-{number}", chance.uniform(0.0, season.arrivals_s)
    intake = an_order(reference, season.skus, chance, stage.clock.now())
    place = _placing(troupe, tenant_id, intake)
    name = f"{tenant_id}/{reference}"
    wishes = [_wish(troupe, tenant_id, reference, chance) for _ in range(_wishes(chance))]
    troupe.play(name, stage.processes["web"], [_pause(at), place, *wishes], chance)
    if chance.random() < 0.4:
        again = _placing(troupe, tenant_id, intake, is_queued=chance.random() < QUEUED)
        troupe.play(f"{name}+", stage.processes["shop"], [_pause(at), again], chance)


def _wishes(chance: random.Random) -> int:
    return chance.choice((0, 0, 1, 1, 2, 3))


def _pause(seconds: float) -> Act:
    async def act() -> None:
        await Pause(seconds)

    return act


def _placing(troupe: Troupe, tenant_id: str, intake: PlaceOrder, *, is_queued: bool = False) -> Act:
    name = order_id(tenant_id, intake.connection, intake.reference)
    told = ReceiveOrder(tenant_id=tenant_id, order=intake)

    async def place() -> None:
        if is_queued:
            message = inbound(ORDERS_IN, told, intake.reference, intake.placed_at)
            await world().bus.send(ORDERS_IN, [message])
        else:
            now = troupe.stage.clock.now()
            await place_order(flows(), person(tenant_id), intake, now)
        troupe.memory.orders.setdefault(tenant_id, set()).add(name)

    async def act() -> None:
        await troupe.give(place)

    return act


def _wish(troupe: Troupe, tenant_id: str, reference: str, chance: random.Random) -> Act:
    name = order_id(tenant_id, "shop", reference)
    after_s = chance.expovariate(1 / 15.0)
    wish = chance.choices([row[0] for row in WISHES], [row[1] for row in WISHES])[0]
    salt = random.Random(chance.getrandbits(64))

    async def command() -> None:
        await wish(tenant_id, name, random.Random(salt.getrandbits(64)), troupe.stage.clock.now())

    async def act() -> None:
        await Pause(after_s)
        await troupe.give(command)

    return act


async def _cancel_whole(tenant_id: str, name: str, _: random.Random, now: datetime) -> object:
    return await steer_order.cancel(flows(), person(tenant_id), name, (), "customer", now)


async def _cancel_units(tenant_id: str, name: str, chance: random.Random, now: datetime) -> object:
    units = chance.choice((None, 1, 1, 2))
    rows = [Units(str(chance.randint(1, 3)), units)]
    command_id = f"c{chance.getrandbits(40)}"
    return await steer_order.cancel(
        flows(), person(tenant_id), name, rows, "customer", now, command_id=command_id
    )


async def _hold(tenant_id: str, name: str, chance: random.Random, now: datetime) -> object:
    reason = chance.choice(("fraud", "manual"))
    return await steer_order.hold(flows(), person(tenant_id), name, reason, None, now)


async def _release(tenant_id: str, name: str, _: random.Random, now: datetime) -> object:
    return await steer_order.release(flows(), person(tenant_id), name, None, now)


async def _edit(tenant_id: str, name: str, chance: random.Random, now: datetime) -> object:
    address = Address(country="DE", postcode=str(chance.randrange(10_000, 99_999)))
    return await steer_order.edit(flows(), person(tenant_id), name, Edit(ship_to=address), now)


async def _reroute(tenant_id: str, name: str, _: random.Random, now: datetime) -> object:
    return await steer_order.reroute(flows(), person(tenant_id), name, now)


async def _reset(tenant_id: str, name: str, _: random.Random, now: datetime) -> object:
    return await steer_order.reset(flows(), person(tenant_id), name, now)


WISHES: Final[tuple[tuple[Wish, int], ...]] = (
    (_cancel_whole, 4),
    (_cancel_units, 6),
    (_hold, 3),
    (_release, 4),
    (_edit, 4),
    (_reroute, 2),
    (_reset, 2),
)
