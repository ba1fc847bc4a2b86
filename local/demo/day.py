"""The day's script: who does what when, for both retailers, and what the day after brings."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Final

from local.demo import goods_back, stories
from local.demo import journey as journeys
from local.demo.agenda import Agenda
from local.demo.doors import Doors
from local.demo.floor import Floor
from local.demo.journey import Journey
from local.demo.retailers import RETAILERS, locations_of, opening_stock, products_of
from local.demo.scene import Scene
from local.demo.shape import Retailer
from local.demo.shopping import people_of, usual_wants, wares_of
from shared.kernel.calendar import calendar_of

HOUR: Final = timedelta(hours=1)
OPENS_UTC: Final = {"DE": 7, "US": 14}
ROUNDS: Final = 22  # hours with people at work somewhere
LATER_ROUNDS_UTC: Final = (8, 10, 12, 14, 16, 17, 18, 19, 20, 21, 22, 23)
COLLECTED_AFTER_MINUTES: Final = 130
EVERY_FOURTH: Final = 4  # pickup is never collected
PEOPLE_WITH_STORIES: Final = 12


@dataclass(frozen=True, slots=True)
class Played:
    """The scenes of the day and the journey of one customer."""

    scenes: tuple[Scene, ...]
    journey: Journey


def dawn(day: date) -> datetime:
    """Return when the day begins: before the first store opens in Europe."""
    return datetime(day.year, day.month, day.day, 5, tzinfo=UTC)


async def play(doors: Doors, agenda: Agenda, day: date) -> Played:
    """Write the agenda of the day, and do it."""
    share = -(-doors.kept.orders // len(RETAILERS))
    scenes = tuple(_scene(doors, agenda, retailer, day) for retailer in RETAILERS)
    journey = journeys.chosen(scenes[0])
    for scene in scenes:
        await stories.connect_shop(scene)
        _morning(scene, share, (journey.sku, journey.instead))
        _rounds(scene)
        _days_after(scene)
    home, person = scenes[0], people_of(RETAILERS[0], random.Random(doors.kept.seed), 4)[3]
    agenda.at(home.opens_at + 4 * HOUR, lambda: journeys.begin(home, journey, person))
    await agenda.run()
    return Played(scenes, journey)


def _scene(doors: Doors, agenda: Agenda, retailer: Retailer, day: date) -> Scene:
    seed = doors.kept.seed
    products = {product.sku: product for product in products_of(retailer)}
    barcodes = {sku: each.barcodes[0] for sku, each in products.items() if each.barcodes}
    places = locations_of(retailer, day)
    team = random.Random(f"{seed}:{retailer.tenant_id}:floor")
    return Scene(
        doors=doors,
        agenda=agenda,
        retailer=retailer,
        floor=Floor(doors, retailer, places, barcodes, team),
        day=day,
        opens_at=dawn(day).replace(hour=OPENS_UTC[retailer.country]),
        rng=random.Random(f"{seed}:{retailer.tenant_id}:day"),
        products=products,
        places={place.location_id: place for place in places},
        barcodes=barcodes,
        stock=opening_stock(retailer, seed),
    )


def _morning(scene: Scene, orders: int, apart: Sequence[str]) -> None:
    agenda, opens = scene.agenda, scene.opens_at
    wares = wares_of(scene.retailer, scene.stock, apart)
    for want in usual_wants(scene.retailer, scene.rng, wares, opens, orders):
        agenda.at(want.at, partial(stories.buy, scene, want))
    people = people_of(scene.retailer, scene.rng, PEOPLE_WITH_STORIES)
    agenda.at(opens + HOUR, lambda: stories.backorder(scene, people))
    agenda.at(opens + 2 * HOUR, lambda: stories.oddments(scene, people[5]))
    agenda.at(opens + 3 * HOUR, lambda: stories.rush(scene, people))
    agenda.at(opens + 5 * HOUR, lambda: stories.till_takes_what_is_promised(scene, people[6]))


def _rounds(scene: Scene) -> None:
    start = scene.opens_at.replace(minute=40)
    for hour in range(ROUNDS):
        scene.agenda.at(start + hour * HOUR, partial(_round, scene, hour))


async def _round(scene: Scene, hour: int) -> None:
    if hour < 12:
        await stories.hour_of_stock(scene, hour)
        await scene.doors.settled()
    before = set(scene.floor.tally.ready)
    await scene.floor.hear_bells()
    await scene.floor.round(scene.agenda.now)
    await scene.doors.settled()
    for name in sorted(set(scene.floor.tally.ready) - before):
        _expect_customer(scene, name)


def _expect_customer(scene: Scene, fulfillment_id: str) -> None:
    """Let the customer come when the store is open; some never do."""
    scene.note("pickups ready")
    if scene.noted["pickups ready"] % EVERY_FOURTH == 0:
        scene.note("pickups that nobody came for")
        return
    place = scene.places[scene.floor.tally.ready[fulfillment_id]]
    wished = scene.after(COLLECTED_AFTER_MINUTES)
    comes_at = calendar_of(place.hours).open_from(wished) or wished

    async def come() -> None:
        await scene.floor.hand_over(fulfillment_id, "the customer")

    scene.agenda.at(comes_at, come)


def _days_after(scene: Scene) -> None:
    """Work off what is left, let goods come back, let forgotten pickups expire."""
    first = dawn(scene.day) + timedelta(days=1)
    agenda = scene.agenda
    agenda.at(first + 3 * HOUR, lambda: scene.floor.deliver(agenda.now, 60))
    for number, hour in enumerate(LATER_ROUNDS_UTC):
        at = first.replace(hour=hour, minute=50)
        agenda.at(at, partial(_round, scene, 100 + number))
    agenda.at(first + 4 * HOUR, lambda: stories.people_decide(scene))
    agenda.at(first + 12 * HOUR, lambda: goods_back.some_come_back(scene))
    agenda.at(first + timedelta(days=1, hours=7), scene.doors.settled)
