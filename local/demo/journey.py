"""One customer's journey over four channels, with the evidence of each step."""

from dataclasses import dataclass, field
from typing import Any, Final

from local.demo import paper
from local.demo.retailers import variants
from local.demo.scene import INTEGRATION, READER, Scene, look, post_order
from local.demo.seed import FLOOR
from local.demo.shopping import Door, Item, Person, Want
from local.demo.tables import money

UNITS: Final = 2
ENOUGH: Final = 4  # units at each of both stores, so that a busy day leaves some
NUMBER: Final = 990
LATER_MINUTES: Final = 45


@dataclass(slots=True)
class Journey:
    """What was done, and what the system answered."""

    sku: str
    instead: str
    title: str
    steps: list[tuple[str, str]] = field(default_factory=list)
    name: str = ""
    is_complete: bool = False

    def tell(self, what: str, evidence: str) -> None:
        self.steps.append((what, evidence))


def chosen(scene: Scene) -> Journey:
    """Choose the goods: two of one kind at home, another size of it at the other store."""
    retailer = scene.retailer
    for family in retailer.families:
        skus = [sku for sku, _ in variants(family)]
        at_home = [sku for sku in skus if _units(scene, sku, retailer.home) >= ENOUGH]
        there = [sku for sku in skus if _units(scene, sku, retailer.other) >= ENOUGH]
        for sku in at_home:
            for instead in there:
                if instead != sku:
                    return Journey(sku, instead, scene.products[sku].name)
    raise ValueError(f"{retailer.name} has nothing for the journey")


def _units(scene: Scene, sku: str, place: str) -> int:
    return sum(row.units for row in scene.stock.get(sku, ()) if row.location_id == place)


async def begin(scene: Scene, journey: Journey, person: Person) -> None:
    """See it on social, look at the local store, order by voice."""
    ask, who = scene.doors.ask, scene.who(READER)
    query = {"sku": journey.sku, "channel": "social"}
    seen = await ask(who, "GET", "/availability", query=query)
    ats = seen["ats"]
    journey.tell(
        "seen on social",
        f"{journey.title} ({journey.sku}): {ats['units']} available to sell = {_steps(ats)}",
    )
    store = scene.retailer.home
    query = {"sku": journey.sku, "method": "pickup", "location": store, "channel": "voice"}
    local = await ask(who, "GET", "/availability", query=query)
    journey.tell(
        "checked at the local store",
        f"{store}: {local['pickup']['units']} for pickup = {_steps(local['pickup'])}",
    )
    await _order(scene, journey, person)
    scene.agenda.at(scene.after(LATER_MINUTES), lambda: _prepare(scene, journey))


def _steps(answer: dict[str, Any]) -> str:
    shown = []
    for step in answer["steps"]:
        rule = f" [{step['rule_id']}]" if step.get("rule_id") else ""
        shown.append(f"{step['name']} {step['amount']}{rule}")
    return ", ".join(shown)


async def _order(scene: Scene, journey: Journey, person: Person) -> None:
    price = scene.products[journey.sku].price
    item = Item(
        "1",
        journey.sku,
        journey.title,
        UNITS,
        price.amount_minor if price else 0,
        scene.retailer.home,
    )
    want = Want(NUMBER, scene.agenda.now, Door.APP, person, (item,))
    order = paper.canonical(scene.retailer, want, connection="voice-1", channel="voice")
    journey.name = await post_order(scene, order)
    await scene.doors.settled()
    shown = await look(scene, journey.name)
    part = shown["lines"][0]["parts"][0]
    works = [work["fulfillment"] for work in shown["fulfillments"]]
    scene.floor.untouched.update(works)
    journey.tell(
        "ordered by voice",
        f"order {shown['reference']} {shown['status']}: {UNITS} units {part['state']} at"
        f" {part.get('location')}, ready by {part.get('ready_by', '?')[:16]}Z",
    )


async def _prepare(scene: Scene, journey: Journey) -> None:
    shown = await look(scene, journey.name)
    work = shown["fulfillments"][0]["fulfillment"]
    who, ask = scene.who(FLOOR), scene.doors.ask
    path = f"/fulfillments/{work}"
    code = scene.barcodes[journey.sku]
    await ask(who, "POST", f"{path}:accept")
    body = {"scans": [{"code": code, "quantity": UNITS}], "total": True}
    await ask(who, "POST", f"{path}:pick", body, key=f"{work}-journey-pick")
    await ask(who, "POST", f"{path}:pack", {})
    ready = await ask(who, "POST", f"{path}:ready")
    journey.tell(
        "picked and made ready",
        f"barcode {code} scanned {UNITS} times, {ready['status']},"
        f" kept until {ready['pickup_expires_at'][:16]}Z",
    )
    scene.agenda.at(scene.after(LATER_MINUTES), lambda: _collect(scene, journey, work))


async def _collect(scene: Scene, journey: Journey, work: str) -> None:
    is_done = await scene.floor.hand_over(work, "the customer")
    await scene.doors.settled()
    shown = await look(scene, journey.name)
    state = shown["lines"][0]["parts"][0]["state"]
    journey.tell(
        "collected with the code",
        f"the code of the message in the outbox was {'taken' if is_done else 'refused'}:"
        f" {UNITS} units {state}, order {shown['status']}",
    )
    scene.agenda.at(scene.after(LATER_MINUTES), lambda: _exchange(scene, journey))


async def _exchange(scene: Scene, journey: Journey) -> None:
    store = scene.retailer.other
    before = await _on_hand(scene, journey.instead, store)
    body = {
        "order_id": journey.name,
        "location_id": store,
        "received": True,
        "lines": [{"line_id": "1", "quantity": 1, "reason": "wrong-size"}],
        "exchange": [{"sku": journey.instead, "quantity": 1, "for_line": "1", "taken": True}],
    }
    who = scene.who(FLOOR)
    made = await scene.doors.ask(who, "POST", "/returns", body, key="journey-exchange")
    looked_at = {
        "batch": "counter-1",
        "location_id": store,
        "units": [{"line_id": "1", "disposition": "resell", "quantity": 1}],
    }
    path = f"/returns/{made['return_id']}"
    inspected = await scene.doors.ask(who, "POST", f"{path}:inspect", looked_at)
    await scene.doors.settled()
    after = await _on_hand(scene, journey.instead, store)
    shown = await look(scene, journey.name)
    states = sorted(f"{p['quantity']} {p['state']}" for p in shown["lines"][0]["parts"])
    advice, currency = inspected["advice"], scene.retailer.currency
    is_even = advice["credited_minor"] == advice["exchange_minor"] > 0
    is_out = before - after == 1 and states == ["1 handed-over", "1 returned"]
    journey.is_complete = inspected["status"] == "inspected" and is_even and is_out
    journey.tell(
        f"one unit exchanged in {store}",
        f"{journey.sku} back, {journey.instead} out ({before} -> {after} on hand there);"
        f" order now {', '.join(states)}; return {inspected['status']},"
        f" {money(advice['credited_minor'], currency)} credited,"
        f" {money(advice['exchange_minor'], currency)} for what went out,"
        f" to pay back {money(advice['refund_minor'], currency)}",
    )


async def _on_hand(scene: Scene, sku: str, store: str) -> int:
    query = {"sku": sku, "location": store}
    page = await scene.doors.ask(scene.who(INTEGRATION), "GET", "/inventory/levels", query=query)
    return sum(int(row["on_hand"]) for row in page["items"])
