"""A retailer on disk with one of everything, so that a stranger's 404 shows isolation.

Made once through the doors themselves; tests copy its folder and open a world on the copy.
"""

import importlib
import json
import random
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import azure.functions as func

import function_app
from functions._edge_routes import ROUTES, Route
from shared.couriers.seeds import example_de_card
from shared.flows.link_customer import link_customer
from shared.kernel.bus import Message, Park
from shared.kernel.clock import SteppedClock
from shared.kernel.documents import Container
from shared.routing.rules import RuleSet
from shared.routing.seeds import by_cost
from shared.tenants import parking
from shared.tenants import service as tenants
from shared.tenants.model import Caller, Preferences, Role, TenantStatus
from shared.tenants.service import CreateKey, CreateTenant
from shared.wiring import Settings, World, embedded_world, office, use
from tests.builders import MONDAY_NINE, Shop, a_line, a_location, a_product, an_order

assert function_app.app is not None  # importing it declares every route

RETAILER: Final = "acme"
STRANGER: Final = "globex"
SUSPENDED: Final = "initech"
HERE: Final = "acme-berlin"
THERE: Final = "acme-hamburg"
SKU: Final = "ACME-BOOT"
RULES: Final = "acme-rules"
EMAIL: Final = "ada@acme.example"
SECRET: Final = "acme-webhook-secret"
KEYS_OF: Final = (RETAILER, STRANGER, SUSPENDED)
BY_FUNCTION: Final[Mapping[str, Route]] = {route.function: route for route in ROUTES}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: the values of the path, the query and the body; `reader` gives its etag."""

    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    reader: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Doors:
    """A world's HTTP doors, called as the host calls them."""

    world: World
    calls: int = 0

    async def knock(
        self, function: str, asked: Asked, key: str | None, *, etag: str | None = None
    ) -> func.HttpResponse:
        """Call a door; every call has an Idempotency-Key of its own, and one correlation id."""
        self.calls += 1
        route = BY_FUNCTION[function]
        headers = {"Idempotency-Key": f"call-{self.calls}", "X-Correlation-Id": "c-1"}
        headers |= asked.headers
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        if etag is not None:
            headers["If-Match"] = etag
        path = route.path
        for name, value in asked.path.items():
            path = path.replace(f"{{{name}}}", value)
        request = func.HttpRequest(
            route.method,
            f"http://127.0.0.1:7071/api{path}",
            headers=headers,
            params=dict(asked.query),
            route_params=dict(asked.path),
            body=raw_of(asked.body),
        )
        trigger = getattr(importlib.import_module(f"functions.{route.tag}"), function)
        with use(self.world):
            answer: func.HttpResponse = await trigger(request)
        return answer

    async def etag_of(self, asked: Asked, key: str) -> str | None:
        if asked.reader is None:
            return None
        read = Asked(path=asked.path)
        answer = await self.knock(asked.reader, read, key)
        return str(answer.headers.get("ETag", '"none"'))


def a_rule_set(version: int, name: str = "By cost") -> RuleSet:
    """Return the seeded rules under a name that only the retailer uses."""
    changes = {"rule_set_id": RULES, "version": version, "name": name}
    return by_cost().model_copy(update=changes)


def raw_of(body: Any) -> bytes:
    if body is None:
        return b""
    return body if isinstance(body, bytes) else json.dumps(body).encode()


@dataclass
class Retailer:
    """The folder of a seeded world, its keys by tenant and role, and the ids of what it holds."""

    folder: Path
    keys: dict[tuple[str, Role], str] = field(default_factory=dict)
    elsewhere: str = ""  # the key of an associate who works at another location
    platform: str = ""
    ids: dict[str, str] = field(default_factory=dict)

    def key(self, tenant_id: str, role: Role) -> str:
        return self.platform if role is Role.PLATFORM else self.keys[tenant_id, role]


def open_world(folder: Path) -> World:
    settings = Settings(
        data=folder, synchronous="NORMAL", rate_per_s=0, loopback_webhooks=True, log_level="ERROR"
    )
    return embedded_world(
        settings=settings,
        clock=SteppedClock(MONDAY_NINE),
        rng=random.Random(folder.name),
        threaded=False,
    )


def rows_of(folder: Path, tenant_id: str) -> str:
    """Return a digest of all that is stored of a tenant."""
    found = sha256()
    connection = sqlite3.connect(f"file:{folder}/orderloom.db?mode=ro", uri=True)
    try:
        rows = connection.execute(
            "SELECT container, key, id, seq, body FROM documents WHERE tenant = ? ORDER BY 1, 2, 3",
            (tenant_id,),
        )
        for row in rows:
            found.update(repr(row).encode())
    finally:
        connection.close()
    return found.hexdigest()


async def a_retailer(folder: Path) -> Retailer:
    """Make the world; it is closed again when this returns."""
    world = open_world(folder)
    made = Retailer(folder, platform=world.secrets.platform_key)
    clock = SteppedClock(MONDAY_NINE)
    shop = Shop(world, clock)
    seeding = _Seeding(made, Doors(world), shop)
    try:
        await seeding.tenants()
        await seeding.catalog()
        await seeding.rules()
        await seeding.orders()
        await seeding.returns()
        await seeding.others()
        with use(world):
            await tenants.set_status(office(), SUSPENDED, TenantStatus.SUSPENDED, now=MONDAY_NINE)
    finally:
        await shop.close()
    return made


@dataclass
class _Seeding:
    made: Retailer
    doors: Doors
    shop: Shop

    async def ask(self, function: str, asked: Asked) -> Any:
        """Call a door as the retailer's admin, who must succeed."""
        key = self.made.keys[RETAILER, Role.ADMIN]
        etag = await self.doors.etag_of(asked, key)
        answer = await self.doors.knock(function, asked, key, etag=etag)
        if answer.status_code >= 300:
            raise AssertionError(f"{function}: {answer.status_code} {answer.get_body()!r}")
        return json.loads(answer.get_body() or b"null")

    async def tenants(self) -> None:
        for name in KEYS_OF:
            await self._tenant(name)
        await self._key(RETAILER, Role.ASSOCIATE, THERE)

    async def _tenant(self, name: str) -> None:
        told = {"name": name, "currency": "EUR", "country": "DE", "time_zone": "Europe/Berlin"}
        chosen = Preferences.model_validate(told)
        with use(self.shop.world):
            command = CreateTenant(tenant_id=name, preferences=chosen)
            await tenants.create_tenant(office(), command, now=MONDAY_NINE)
        for role in set(Role) - {Role.PLATFORM}:
            where = f"{name}-berlin" if role is Role.ASSOCIATE else ""
            self.made.keys[name, role] = await self._key(name, role, where)

    async def _key(self, tenant_id: str, role: Role, where: str) -> str:
        key = CreateKey(label=role, role=role, locations=(where,) if where else ())
        with use(self.shop.world):
            new = await tenants.create_key(office(), tenant_id, key, actor="test", now=MONDAY_NINE)
        if where == THERE:
            self.made.elsewhere = new.token
        if tenant_id == RETAILER:
            self.made.ids.setdefault("key", new.key.key_id)
        return new.token

    async def catalog(self) -> None:
        for name in (HERE, THERE):
            body = json.loads(a_location(name).model_dump_json())
            await self.ask("create_location", Asked(body=body))
        body = json.loads(a_product(SKU, barcodes=("4006381333931",)).model_dump_json())
        await self.ask("create_product", Asked(body=body))
        stock = {"sku": SKU, "location_id": HERE, "quantity": 100}
        await self.ask("receive_stock", Asked(body=stock))
        card = json.loads(example_de_card().model_dump_json())
        await self.ask("create_rate_card", Asked(body=card))
        self.made.ids["card"] = card["card_id"]

    async def rules(self) -> None:
        for version in (1, 2):
            body = json.loads(a_rule_set(version).model_dump_json())
            await self.ask("draft_rule_set", Asked(body=body))
        path = {"ruleset": RULES, "version": "1"}
        await self.ask("activate_rule_set", Asked(path=path))
        self.made.ids["rule set"] = RULES

    async def orders(self) -> None:
        """Place orders whose work stands at different points, all of it at one store."""
        ids, shop = self.made.ids, self.shop
        shop.feeds = [shop.world.store.feed(container, "seed") for container in Container]
        for name in ("open", "picked", "packed", "shipped", "asked"):
            ids[f"order {name}"] = await self._order(name)
        ids["order held"] = await self._order("held", holds=[{"reason": "fraud"}])
        ids["order odd"] = await self._order("odd", sku="ACME-UNKNOWN")
        for name in ("new pickup", "pickup"):
            pickup = {"method": "pickup", "pickup_location": HERE}
            ids[f"order {name}"] = await self._order(name, **pickup)
        ids["order sold"] = await self._order("sold", taken_at=HERE, quantity=10)
        await self._work()
        caller = Caller(RETAILER, "system:link", Role.INTEGRATION)
        await link_customer(shop.world.flows, caller, ids["order open"], MONDAY_NINE)
        found = await self.ask("search_customers", Asked(query={"email": EMAIL}))
        ids["customer"] = found["items"][0]["customer_id"]

    async def _order(self, name: str, **changes: Any) -> str:
        order = {key: changes.pop(key) for key in ("holds",) if key in changes}
        line = a_line(**({"sku": SKU} | changes))
        customer = {"name": "Ada Acme", "email": EMAIL}
        intake = an_order(line, reference=f"acme {name}", customer=customer, **order)
        body = json.loads(intake.model_dump_json(exclude_none=True))
        placed = await self.ask("place_order", Asked(body=body))
        await self.shop.settle_all()
        return str(placed["order_id"])

    async def _work(self) -> None:
        for name in ("picked", "packed", "shipped", "asked", "pickup"):
            await self._do("accept_fulfillment", name)
            await self._do("pick_fulfillment", name, {"scans": [{"code": SKU}]})
        await self._do("accept_fulfillment", "new pickup")
        await self._do("pick_fulfillment", "new pickup", {"scans": [{"code": SKU}]})
        for name in ("packed", "shipped", "pickup", "new pickup"):
            await self._do("pack_fulfillment", name, {})
        await self._do("ship_fulfillment", "shipped", {})
        await self._do("ready_fulfillment", "pickup")
        order = {"order": self.made.ids["order asked"]}
        await self.ask("cancel_order", Asked(path=order, body={"reason": "customer"}))
        await self.shop.settle_all()

    async def _do(self, function: str, name: str, body: Any = None) -> None:
        path = {"fulfillment": f"{self.made.ids[f'order {name}']}.f1"}
        await self.ask(function, Asked(path=path, body=body))

    async def returns(self) -> None:
        ids = self.made.ids
        for name in ("asked", "approved", "received", "inspected"):
            lines = [{"line_id": "1", "quantity": 1, "reason": "too-small"}]
            body = {"order_id": ids["order sold"], "location_id": HERE, "lines": lines}
            made = await self.ask("create_return", Asked(body=body))
            ids[f"return {name}"] = made["return_id"]
        for name in ("approved", "received", "inspected"):
            path = {"return": ids[f"return {name}"]}
            await self.ask("approve_return", Asked(path=path))
        for name in ("received", "inspected"):
            path = {"return": ids[f"return {name}"]}
            parcel = {"parcel": f"parcel {name}".replace(" ", "-"), "location_id": HERE}
            await self.ask("receive_return", Asked(path=path, body=parcel))
        seen = [{"line_id": "1", "disposition": "resell", "quantity": 1}]
        batch = {"batch": "b-1", "location_id": HERE, "units": seen, "last": True}
        path = {"return": ids["return inspected"]}
        await self.ask("inspect_return", Asked(path=path, body=batch))

    async def others(self) -> None:
        ids = self.made.ids
        ids["connection"] = "acme-shop"
        body = {"channel": "shopify", "secret": SECRET}
        path = {"connection": ids["connection"]}
        await self.ask("save_connection", Asked(path=path, body=body))
        url = "http://127.0.0.1:9/acme"  # nobody listens there
        made = await self.ask("create_webhook_endpoint", Asked(body={"url": url, "events": ["*"]}))
        ids["endpoint"] = made["endpoint_id"]
        path = {"endpoint": ids["endpoint"]}
        sent = await self.ask("test_webhook_endpoint", Asked(path=path))
        ids["delivery"] = sent["delivery_id"]
        found = await self.ask("list_exceptions", Asked())
        row = next(row for row in found["items"] if row.get("order_id") == ids["order odd"])
        ids["exception"], ids["action"] = row["exception_id"], row["actions"][0]
        message = Message(message_id="acme-parked", body=b"{}", subject="odd")
        lot = parking.Lot("orders-in", "", "acme-parked", message)
        store = self.shop.world.store
        why = Park("unreadable", "for the matrix")
        await parking.park(store, RETAILER, lot, why, now=MONDAY_NINE)
        ids["parked"] = parking.parked_id_of(lot)
