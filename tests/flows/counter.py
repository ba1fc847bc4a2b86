"""A tenant with three stores and goods sold at them, for what happens at a counter."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Any, Final

from shared.adapters.embedded.faults import Faults
from shared.catalog import service as catalog
from shared.catalog.model import LocationDetails, LocationKind, Place, ProductDetails
from shared.contracts.following import follow_up_of
from shared.contracts.intake import PlaceLine, PlaceOrder
from shared.contracts.inventory import Receipt
from shared.contracts.returns import RequestReturn
from shared.flows.accept_return import request_return
from shared.flows.follow import follow
from shared.flows.place_order import place_order
from shared.inventory import service as inventory
from shared.kernel.calendar import OpeningHours, WeeklyHours, Window
from shared.kernel.clock import SteppedClock
from shared.kernel.documents import EVENT_KINDS, Container, EventDocument
from shared.kernel.money import Money
from shared.orders.model import Order
from shared.orders.service import get_order
from shared.returns.model import Return
from shared.routing import service as routing
from shared.routing.seeds import by_cost
from shared.tenants import service as tenants
from shared.tenants.model import Caller, Preferences, Role
from shared.tenants.service import CreateTenant
from shared.wiring import World, embedded_world, office, use

START: Final = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
TENANT: Final = "acme"
STORES: Final = ("berlin", "hamburg", "munich")
OPENED: Final[list[World]] = []


async def close_all() -> None:
    while OPENED:
        await OPENED.pop().close()


def eur(minor: int) -> Money:
    return Money("EUR", minor)


@dataclass
class Counter:
    world: World
    clock: SteppedClock
    seen: set[str] = field(default_factory=set)

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def caller(self, role: Role = Role.OPERATOR, *locations: str) -> Caller:
        return Caller(TENANT, f"key:{role}", role, frozenset(locations))

    async def sold(self, *lines: PlaceLine, **changes: Any) -> Order:
        """Place an order whose goods are taken along, unless its lines say otherwise."""
        usual: dict[str, Any] = {
            "connection": "web",
            "reference": "#1001",
            "channel": "web",
            "placed_at": self.now,
            "currency": "EUR",
            "lines": lines or (a_line(),),
        }
        intake = PlaceOrder.model_validate(usual | changes, strict=False)
        placed = await place_order(self.world.flows, self.caller(), intake, self.now)
        await self.settle(placed.order.order_id)
        return placed.order

    async def ask(
        self, order: Order, *units: tuple[str, int], by: Caller | None = None, **changes: Any
    ) -> Return:
        """Ask to return units of lines; each call is a command of its own unless it says so."""
        made_by = changes.pop("made_by", None) or self.world.ids.new("c")
        usual: dict[str, Any] = {
            "order_id": order.order_id,
            "lines": [
                {"line_id": line_id, "quantity": quantity, "reason": "too-small"}
                for line_id, quantity in units
            ],
        }
        request = RequestReturn.model_validate(usual | changes, strict=False)
        caller = by or self.caller()
        return await request_return(self.world.flows, caller, request, made_by, self.now)

    async def order(self, order_id: str) -> Order:
        return await get_order(self.world.store, TENANT, order_id)

    async def events(self, key: str) -> list[tuple[str, EventDocument]]:
        page = await self.world.store.query(
            TENANT, EVENT_KINDS[Container.ORDERS], key=key, limit=500
        )
        return [(stored.id, stored.body) for stored in page.items]

    async def settle(self, key: str, *, times: int = 1) -> None:
        """Let what the events of a partition ask for happen; `times`: as often as they come."""
        for name, event in await self.events(key):
            asked = follow_up_of(event.name, {**event.data, "type": event.name})
            if asked is None or f"{key} {name}" in self.seen:
                continue
            self.seen.add(f"{key} {name}")
            for _ in range(times):
                await follow(self.world.flows, asked, self.now)

    async def stock(self, sku: str = "BOOT-42", location_id: str = "berlin") -> tuple[int, ...]:
        """Return on hand, quality hold, damaged and free."""
        level = await inventory.level(self.world.store, TENANT, sku, location_id, self.now)
        if level is None:
            return (0, 0, 0, 0)
        return (level.on_hand, level.quality_hold, level.damaged, level.free)


def a_line(**changes: Any) -> PlaceLine:
    usual = {
        "line_id": "1",
        "sku": "BOOT-42",
        "quantity": 2,
        "unit_price": eur(2500),
        "taken_at": "berlin",
    }
    wanted = {name: value for name, value in (usual | changes).items() if value is not None}
    return PlaceLine.model_validate(wanted, strict=False)


async def a_counter(
    stock: int = 10, *, faults: Faults | None = None, **preferences: Any
) -> Counter:
    clock = SteppedClock(START)
    world = embedded_world(in_memory=True, clock=clock, rng=random.Random(7), faults=faults)
    OPENED.append(world)
    usual = {"name": "Acme", "currency": "EUR", "country": "DE", "time_zone": "Europe/Berlin"}
    chosen = Preferences.model_validate(usual | preferences, strict=False)
    with use(world):
        command = CreateTenant(tenant_id=TENANT, preferences=chosen)
        await tenants.create_tenant(office(), command, now=START)
    for store in STORES:
        await catalog.create_location(world.store, TENANT, _store(store))
    for sku, kind in (("BOOT-42", "standard"), ("SOCK-1", "final-sale"), ("HAT-7", "7-days")):
        product = ProductDetails(
            sku=sku, name=sku.title(), return_class=kind, barcodes=(f"barcode-{sku}",)
        )
        await catalog.create_product(world.store, TENANT, product, now=START)
        for store in STORES:
            receipt = Receipt(
                movement_id=f"first.{sku}.{store}",
                sku=sku,
                location_id=store,
                quantity=stock,
                at=START,
            )
            await inventory.record(world.store, TENANT, receipt, START)
    rules = by_cost()
    await routing.save_draft(world.store, TENANT, rules)
    await routing.activate(world.store, TENANT, rules.rule_set_id, rules.version)
    return Counter(world, clock)


def _store(name: str) -> LocationDetails:
    return LocationDetails(
        location_id=name,
        name=name.title(),
        kind=LocationKind.STORE,
        place=Place(country="DE", postcode="10115"),
        hours=OpeningHours(
            zone="Europe/Berlin",
            weekly=WeeklyHours(monday=(Window(opens=time(9), closes=time(20)),)),
        ),
        pickup_enabled=True,
    )
