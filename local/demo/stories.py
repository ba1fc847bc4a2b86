"""What goes otherwise: repeats, late payments, holds, cancels, edits, scarce goods, backorders."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, Final

from local.demo import paper
from local.demo.scene import ADMIN, INTEGRATION, OPERATOR, Scene, look, place
from local.demo.seed import SAME_DAY
from local.demo.shopping import Door, Item, Person, Want
from shared.contracts.inventory import (
    Adjustment,
    Count,
    Receipt,
    RecordStock,
    Sale,
    StockMessage,
)
from shared.kernel.bus import Entity

DECISIONS: Final = ("convert-to-shipment", "reset", "intercepted")
BUYERS: Final = 8  # of a product of which there are four
SPECIALS_FROM: Final = 900  # numbers of the wants that are no usual ones


async def buy(scene: Scene, want: Want) -> None:
    """Place a usual order, and write down what will happen to it later."""
    is_urgent = want.door is Door.APP and want.number % 20 == 5
    name = await place(scene, want, **({"order_type": SAME_DAY} if is_urgent else {}))
    if want.door is Door.SHOP:
        _shop_stories(scene, want)
    elif want.door is Door.APP:
        _app_stories(scene, want, name)
    if want.number % 19 == 6:
        await _nobody_answers(scene, name)


def _shop_stories(scene: Scene, want: Want) -> None:
    number, at = want.number, scene.agenda.at
    if number % 11 == 3:
        at(scene.after(0), lambda: _again(scene, want))
    if want.is_unpaid:
        at(scene.after(70), lambda: _paid(scene, want))
    elif number % 17 == 9:
        at(scene.after(20), lambda: _cancelled_by_shop(scene, want))
    elif number % 7 == 2 and want.items[0].quantity > 1:
        at(scene.after(15), lambda: _unit_taken_off(scene, want))


def _app_stories(scene: Scene, want: Want, name: str) -> None:
    number, at = want.number, scene.agenda.at
    match number % 9:
        case 4:
            at(scene.after(50), lambda: _cancel(scene, name, "in-flight"))
        case 7:
            at(scene.after(135), lambda: _cancel(scene, name, "after-picking"))
        case 2:
            at(scene.after(1), lambda: _hold(scene, name))
            at(scene.after(95), lambda: _release(scene, name))
        case 8:
            at(scene.after(25), lambda: _edit(scene, want, name))
        case _:
            return


async def _again(scene: Scene, want: Want) -> None:
    """The channel delivers once more: under the same event id, then under another."""
    body = paper.shop_order(scene.retailer, want)
    for event in ("create", "redelivered"):
        event_id = f"{scene.tenant_id}-{want.reference}-{event}"
        await scene.doors.shopify(scene.tenant_id, "orders/create", body, event_id=event_id)
        scene.note("repeated webhooks")


async def _paid(scene: Scene, want: Want) -> None:
    now = scene.agenda.now
    body = paper.shop_order(scene.retailer, want, updated_at=now, is_paid=True)
    event_id = f"{scene.tenant_id}-{want.reference}-paid"
    await scene.doors.shopify(scene.tenant_id, "orders/updated", body, event_id=event_id)
    scene.note("paid later")


async def _cancelled_by_shop(scene: Scene, want: Want) -> None:
    body = paper.shop_order(scene.retailer, want, updated_at=scene.agenda.now)
    event_id = f"{scene.tenant_id}-{want.reference}-cancelled"
    await scene.doors.shopify(scene.tenant_id, "orders/cancelled", body, event_id=event_id)
    scene.note("cancels")


async def _unit_taken_off(scene: Scene, want: Want) -> None:
    body = paper.shop_refund(want, want.items[0], 1, scene.agenda.now)
    event_id = f"{scene.tenant_id}-{want.reference}-refund"
    await scene.doors.shopify(scene.tenant_id, "refunds/create", body, event_id=event_id)
    scene.note("units taken off by refund")


async def _cancel(scene: Scene, name: str, when: str) -> None:
    body = {"reason": "customer"}
    path = f"/orders/{name}:cancel"
    await scene.doors.attempt(scene.who(INTEGRATION), "POST", path, body, key=f"{name}-{when}")
    scene.note("cancels")


async def _hold(scene: Scene, name: str) -> None:
    body = {"reason": "fraud", "note": "address differs from the card's"}
    await scene.doors.attempt(scene.who(OPERATOR), "POST", f"/orders/{name}:hold", body)
    scene.note("holds")


async def _release(scene: Scene, name: str) -> None:
    body = {"reason": "fraud"}
    await scene.doors.attempt(scene.who(OPERATOR), "POST", f"/orders/{name}:release", body)


async def _edit(scene: Scene, want: Want, name: str) -> None:
    town = scene.retailer.towns[(want.number * 7) % len(scene.retailer.towns)]
    moved = replace(want.person, town=town, lat=town.lat, lon=town.lon)
    address = paper.address(scene.retailer, moved)
    body = {"ship_to": address.model_dump(mode="json", exclude_none=True, exclude={"type"})}
    await scene.doors.attempt(scene.who(OPERATOR), "POST", f"/orders/{name}:edit", body)
    scene.note("address edits")


async def _nobody_answers(scene: Scene, name: str) -> None:
    """A store does not look at its queue: when accept-by is over, the work goes elsewhere."""
    shown = await look(scene, name)
    towns = {town.code for town in scene.retailer.towns}
    for work in shown["fulfillments"]:
        if work["location"] in towns and work["method"] == "ship":
            scene.floor.ignored.add(work["fulfillment"])
            scene.note("work that nobody answered")


async def rush(scene: Scene, people: tuple[Person, ...]) -> None:
    """More buyers than units at one moment: each is sourced or told to wait, none oversold."""
    sku = scene.retailer.scarce[0]
    for number in range(BUYERS):
        want = special(scene, 10 + number, people[number % len(people)], [(sku, 1)])
        await place(scene, want)
    scene.note("buyers of four scarce units", BUYERS)


async def till_takes_what_is_promised(scene: Scene, person: Person) -> None:
    """The last unit of a store is promised online and sold at its till: facts win."""
    sku, home = scene.retailer.scarce[1], scene.retailer.home
    want = special(scene, 30, person, [(sku, 1)], pickup=home)
    await place(scene, want)
    await tell_stock(scene, Sale(
        movement_id=f"till-{home}-rush", sku=sku, location_id=home, quantity=1,
        at=scene.agenda.now,
    ))  # fmt: skip
    scene.note("till sales of promised units")


async def backorder(scene: Scene, people: tuple[Person, ...]) -> None:
    """Two customers order what is out of stock; five hours later a truck comes."""
    sku = scene.retailer.backordered
    for number in range(2):
        want = special(scene, 40 + number, people[number], [(sku, 1 + number)])
        name = await place(scene, want)
        scene.agenda.at(scene.after(301), partial(_served, scene, name))
    scene.note("backorders", 2)
    house = scene.retailer.warehouses[1].town.code
    scene.agenda.at(scene.after(300), lambda: tell_stock(scene, Receipt(
        movement_id=f"asn-{sku}", sku=sku, location_id=house, quantity=12, at=scene.agenda.now,
    )))  # fmt: skip


async def oddments(scene: Scene, person: Person) -> None:
    """Other kinds: a bundle, digital goods, a gift card, half meters, hazmat, a vendor's goods."""
    retailer = scene.retailer
    extras = {extra.kind: extra.sku for extra in reversed(retailer.extras)}
    by_step = next(sku for sku, product in scene.products.items() if product.step != "1")
    hazmat = next(sku for sku, product in scene.products.items() if product.hazmat)
    vendor = next(
        sku for sku, levels in scene.stock.items()
        if levels and levels[0].location_id == retailer.vendor.town.code
    )  # fmt: skip
    baskets = (
        [(extras["bundle"], 1)],
        [(extras["digital"], 1), (extras["gift-card"], 2)],
        [(extras["service"], 1), (retailer.made_to_order, 1)],
        [(by_step, 17)],
        [(hazmat, 2)],
        [(vendor, 1)],
    )
    for number, basket in enumerate(baskets):
        await place(scene, special(scene, 50 + number, person, basket))
    unknown = special(scene, 60, person, [(retailer.scarce[0], 1)])
    strange = replace(unknown, items=(replace(unknown.items[0], sku="NOT-IN-OUR-BOOKS"),))
    await place(scene, strange)


async def _served(scene: Scene, name: str) -> None:
    """See whether the truck's goods have found who waited for them."""
    shown = await look(scene, name)
    states = {part["state"] for line in shown["lines"] for part in line["parts"]}
    scene.note("backorders served by a delivery", int(states == {"sourced"}))


def special(
    scene: Scene,
    number: int,
    person: Person,
    basket: list[tuple[str, int]],
    *,
    pickup: str | None = None,
) -> Want:
    """Return an order with a story of its own, through the API."""
    items = []
    for index, (sku, units) in enumerate(basket):
        product = scene.products[sku]
        price = product.price.amount_minor if product.price else 0
        items.append(Item(str(index + 1), sku, product.name, units, price, pickup))
    return Want(SPECIALS_FROM + number, scene.agenda.now, Door.APP, person, tuple(items))


async def tell_stock(scene: Scene, fact: StockMessage) -> None:
    """Send a fact about stock as a till, a warehouse or a counter does."""
    told = RecordStock(tenant_id=scene.tenant_id, record=fact)
    name = f"{fact.sku}:{fact.movement_id}"
    await scene.doors.put_on(Entity.INVENTORY_IN, told, name=name, session=fact.sku)


async def hour_of_stock(scene: Scene, hour: int) -> None:
    """Tell what happened on the shelves within an hour: sales, a count, a delivery, a breakage."""
    now, known = scene.agenda.now, [sku for sku in scene.stock if sku not in scene.retailer.scarce]
    for number in range(4):
        level = scene.rng.choice(scene.stock[scene.rng.choice(known)])
        common: dict[str, Any] = {
            "movement_id": f"h{hour}.{number}.{level.location_id}",
            "sku": level.sku,
            "location_id": level.location_id,
        }
        match number:
            case 0 | 1:
                fact: StockMessage = Sale(**common, quantity=1, at=now - timedelta(minutes=3))
            case 2 if hour % 2:
                counted = max(0, level.units - scene.rng.randint(0, 2))
                fact = Count(**common, counted=counted, as_of=now - timedelta(minutes=5))
            case 2:
                fact = Receipt(**common, quantity=6, at=now)
            case _:
                fact = Adjustment(**common, damaged=1, at=now, reason="broken-display")
        await tell_stock(scene, fact)
        scene.note("stock messages")


async def people_decide(scene: Scene) -> None:
    """Let an operator settle what waits for a person, as far as an action is offered."""
    query = {"status": "open", "limit": "100"}
    page = await scene.doors.ask(scene.who(OPERATOR), "GET", "/exceptions", query=query)
    for row in page["items"]:
        action = next((name for name in DECISIONS if name in row["actions"]), None)
        if action is None:
            continue
        path = f"/exceptions/{row['exception_id']}:act"
        body = {"action": action}
        if await scene.doors.attempt(scene.who(OPERATOR), "POST", path, body) is not None:
            scene.note(f"exceptions settled: {row['code']} by {action}")
        await scene.doors.settled()


async def connect_shop(scene: Scene) -> None:
    """Connect the web shop: its webhooks are signed, its delivery options name stores."""
    retailer = scene.retailer
    body = {
        "channel": "shopify",
        "domain": retailer.shop_domain,
        "secret": scene.doors.kept.secrets[scene.tenant_id],
        "pickup_codes": {f"pickup-{town.code}": town.code for town in retailer.towns},
        "default_location": retailer.warehouses[0].town.code,
    }
    await scene.doors.ask(scene.who(ADMIN), "PUT", "/channels/shop", body)
