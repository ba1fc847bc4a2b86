"""Usual things of a retailer, and a world in memory: a test names only what matters to it."""

import json
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import azure.functions as func
from azure.functions.servicebus import ServiceBusMessage

from functions._relay import happenings_of
from shared.catalog import service as catalog
from shared.catalog.model import LocationDetails, LocationKind, Place, ProductDetails
from shared.contracts.following import FollowUp, follow_up_of
from shared.contracts.intake import Address, Contact, Method, PlaceLine, PlaceOrder
from shared.contracts.inventory import Receipt
from shared.couriers.seeds import example_de_card
from shared.couriers.service import create_rate_card
from shared.flows.follow import follow
from shared.flows.place_order import place_order
from shared.fulfillment import service as work_service
from shared.fulfillment.model import Fulfillment
from shared.inventory import service as inventory
from shared.kernel.clock import SteppedClock
from shared.kernel.documents import Container, Feed
from shared.kernel.errors import Outside
from shared.kernel.hours import OpeningHours, WeeklyHours, Window
from shared.kernel.money import Money
from shared.orders import service as orders
from shared.orders.model import Order, PartState
from shared.routing import service as routing
from shared.routing.rules import RuleSet
from shared.routing.seeds import by_cost
from shared.tenants import service as tenants
from shared.tenants.model import Caller, Preferences, Role
from shared.tenants.service import CreateKey, CreateTenant
from shared.wiring import World, embedded_world, office, use

MONDAY_NINE = datetime(2026, 11, 2, 8, tzinfo=UTC)  # nine in Berlin
TENANT = "acme"
ROUNDS_MAX = 60
Trigger = Callable[[func.HttpRequest], Awaitable[func.HttpResponse]]
MessageTrigger = Callable[[func.ServiceBusMessage], Awaitable[None]]


def a_location(location_id: str, **changes: Any) -> LocationDetails:
    """Return a store in Berlin that ships, hands out, and is open from eight to eight."""
    day = (Window(opens=time(8), closes=time(20)),)
    names = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
    usual: dict[str, Any] = {
        "location_id": location_id,
        "name": f"Store {location_id}",
        "kind": LocationKind.STORE,
        "place": Place(country="DE", postcode="10115", lat_e6=52_530_000, lon_e6=13_380_000),
        "hours": OpeningHours(
            zone="Europe/Berlin", weekly=WeeklyHours.model_validate(dict.fromkeys(names, day))
        ),
        "pickup_enabled": True,
    }
    return LocationDetails.model_validate(usual | changes, strict=False)


def a_product(sku: str = "BOOT", **changes: Any) -> ProductDetails:
    """Return a boot of 800 g, sold by the piece."""
    usual: dict[str, Any] = {"sku": sku, "name": f"The {sku.lower()}", "weight_g": 800}
    return ProductDetails.model_validate(usual | changes, strict=False)


def a_line(sku: str = "BOOT", quantity: int = 1, **changes: Any) -> PlaceLine:
    """Return a line at 20.00 EUR a piece, to be shipped."""
    usual: dict[str, Any] = {
        "sku": sku,
        "quantity": quantity,
        "unit_price": Money("EUR", 2_000),
        "method": Method.SHIP,
    }
    return PlaceLine.model_validate(usual | changes, strict=False)


def an_order(*lines: PlaceLine, reference: str = "1001", **changes: Any) -> PlaceOrder:
    """Return a paid web order to Munich."""
    usual: dict[str, Any] = {
        "connection": "webshop",
        "reference": reference,
        "channel": "web",
        "placed_at": MONDAY_NINE,
        "currency": "EUR",
        "customer": Contact(name="Ada Example", email="ada@example.com"),
        "ship_to": Address(
            name="Ada Example",
            lines=("Ringstr. 1",),
            postcode="80331",
            locality="Munich",
            country="DE",
        ),
        "lines": lines or (a_line(),),
    }
    return PlaceOrder.model_validate(usual | changes, strict=False)


@dataclass
class Answer:
    """An HTTP answer, read."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def code(self) -> str:
        return str(self.body["code"])


@dataclass
class Shop:
    """One tenant's world; doors are called as a host would, and events are followed by hand."""

    world: World
    clock: SteppedClock
    keys: dict[str, str] = field(default_factory=dict)
    feeds: list[Feed] = field(default_factory=list)
    calls: int = 0

    @property
    def caller(self) -> Caller:
        return Caller(TENANT, "test", Role.OPERATOR)

    def later(self, **by: float) -> datetime:
        return self.clock.advance(timedelta(**by))

    async def call(
        self,
        trigger: Trigger,
        route: Mapping[str, str] | None = None,
        *,
        body: Any = None,
        query: Mapping[str, str] | None = None,
        role: str = Role.OPERATOR,
        key: str | None = None,
        if_match: str | None = None,
    ) -> Answer:
        """Call a door with the key of a role; `key` is the Idempotency-Key, else a new one."""
        self.calls += 1
        headers = {
            "Authorization": f"Bearer {self.keys[role]}",
            "Idempotency-Key": key or f"call-{self.calls}",
        }
        if if_match is not None:
            headers["If-Match"] = f'"{if_match}"'
        raw = b"" if body is None else body
        raw = raw if isinstance(raw, bytes) else json.dumps(raw).encode()
        request = func.HttpRequest(
            "POST",
            f"http://127.0.0.1:7071/api/v1/{getattr(trigger, '__name__', '')}",
            headers=headers,
            params=query or {},
            route_params=route or {},
            body=raw,
        )
        with use(self.world):
            response = await trigger(request)
        found = response.get_body()
        is_json = "json" in (response.mimetype or "")
        return Answer(
            response.status_code,
            json.loads(found) if found and is_json else found,
            dict(response.headers),
        )

    async def deliver(
        self, trigger: MessageTrigger, type_: str, data: Mapping[str, Any], event_id: str = "m-1"
    ) -> None:
        """Hand a message of a queue to its trigger."""
        event = {
            "specversion": "1.0",
            "id": event_id,
            "source": "/test",
            "type": type_,
            "tenantid": TENANT,
            "data": {"type": type_, "tenant_id": TENANT, **data},
        }
        message = ServiceBusMessage(
            body=json.dumps(event).encode(),
            message_id=event_id,
            application_properties={},
            user_properties={},
            delivery_count=1,
        )
        with use(self.world):
            await trigger(message)

    async def place(self, intake: PlaceOrder | None = None) -> Order:
        """Accept an order and let everything that follows happen."""
        placed = await place_order(
            self.world.flows, self.caller, intake or an_order(), self.clock.now()
        )
        await self.settle_all()
        return await self.order(placed.order.order_id)

    async def order(self, order_id: str) -> Order:
        return await orders.get_order(self.world.store, TENANT, order_id)

    async def works(self, order_id: str) -> list[Fulfillment]:
        found = await work_service.of_order(self.world.store, TENANT, order_id)
        return [row.body for row in found]

    async def stock(self, sku: str, location_id: str) -> tuple[int, int, int]:
        """Return on hand, reserved and free."""
        level = await inventory.level(self.world.store, TENANT, sku, location_id, self.clock.now())
        return (level.on_hand, level.reserved, level.free) if level else (0, 0, 0)

    async def receive(self, sku: str, location_id: str, quantity: int) -> None:
        """Put units on a shelf."""
        self.calls += 1
        told = Receipt(
            movement_id=f"receipt-{self.calls}",
            sku=sku,
            location_id=location_id,
            quantity=quantity,
            at=self.clock.now(),
        )
        await inventory.record(self.world.store, TENANT, told, self.clock.now())

    async def settle_all(self) -> int:
        """Follow what the feeds show until nothing is new; returns how many events were followed.

        What is not ready yet is followed again in the next round.
        """
        waiting: list[FollowUp] = []
        followed = 0
        for _ in range(ROUNDS_MAX):
            waiting += await self._news()
            if not waiting:
                return followed
            again: list[FollowUp] = []
            for asked in waiting:
                try:
                    await follow(self.world.flows, asked, self.clock.now())
                    followed += 1
                except Outside:
                    again.append(asked)
            waiting = again
        raise AssertionError(f"not quiet after {ROUNDS_MAX} rounds: {waiting[:3]}")

    async def _news(self) -> list[FollowUp]:
        found: list[FollowUp] = []
        for feed in self.feeds:
            for batch in await feed.read(500):
                for change in batch.changes:
                    for happening in happenings_of(change):
                        asked = follow_up_of(
                            happening.name, {**happening.data, "tenant_id": change.tenant_id}
                        )
                        found += [asked] if asked else []
                await feed.checkpoint(batch)
        return found

    async def close(self) -> None:
        for feed in self.feeds:
            await feed.close()
        await self.world.close()


async def a_shop(
    *locations: LocationDetails,
    products: tuple[ProductDetails, ...] = (),
    rules: RuleSet | None = None,
    associate_at: str = "berlin",
    folder: Path | None = None,
    **preferences: Any,
) -> Shop:
    """Return a tenant with two stores and a boot, an active rule set, and the example tariffs.

    With a `folder` its world is in files.
    """
    clock = SteppedClock(MONDAY_NINE)
    rng = random.Random(7)
    world = embedded_world(folder, in_memory=folder is None, clock=clock, rng=rng, threaded=False)
    shop = Shop(world, clock)
    await _tenant(shop, associate_at, preferences)
    store = world.store
    for location in locations or (a_location("berlin"), a_location("hamburg", **HAMBURG)):
        await catalog.create_location(store, TENANT, location)
    for product in products or (a_product(),):
        await catalog.create_product(store, TENANT, product, now=clock.now())
    draft = rules or by_cost()
    await routing.save_draft(store, TENANT, draft)
    await routing.activate(store, TENANT, draft.rule_set_id, draft.version)
    await create_rate_card(TENANT, store, example_de_card())
    shop.feeds = [store.feed(container, "test") for container in Container]
    await shop.settle_all()
    return shop


HAMBURG: dict[str, Any] = {
    "place": Place(country="DE", postcode="20095", lat_e6=53_550_000, lon_e6=10_000_000),
    "name": "Store hamburg",
}


async def _tenant(shop: Shop, associate_at: str, preferences: Mapping[str, Any]) -> None:
    usual: dict[str, Any] = {
        "name": "Acme",
        "currency": "EUR",
        "country": "DE",
        "time_zone": "Europe/Berlin",
    }
    chosen = Preferences.model_validate(usual | dict(preferences), strict=False)
    now = shop.clock.now()
    with use(shop.world):
        command = CreateTenant(tenant_id=TENANT, preferences=chosen)
        await tenants.create_tenant(office(), command, now=now)
        for role in set(Role) - {Role.PLATFORM}:
            where = (associate_at,) if role is Role.ASSOCIATE else ()
            key = CreateKey(label=role, role=role, locations=where)
            made = await tenants.create_key(office(), TENANT, key, actor="test", now=now)
            shop.keys[role] = made.token


def states(order: Order) -> list[tuple[str, int, PartState]]:
    """Return line, units and state of every part."""
    return [
        (line.line_id, part.quantity, part.state) for line in order.lines for part in line.parts
    ]
