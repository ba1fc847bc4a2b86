"""Shopify's webhooks through their door: signed, repeated, early, late, forged."""

import asyncio
import base64
import hashlib
import hmac
import json
import random
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import azure.functions as func
import pytest
from pydantic import BaseModel

from functions.catalog import create_location, create_product
from functions.channels import save_connection, take_channel_webhook
from functions.couriers import create_rate_card
from functions.customers import sweep_erasures
from functions.insights import settle_exception
from functions.tenants import suspend_tenant
from shared.couriers.seeds import example_de_card
from shared.customers.model import CUSTOMERS
from shared.customers.service import get_customer
from shared.flows.knowledge import BUILT_IN
from shared.flows.link_customer import link_customer
from shared.kernel.clock import SteppedClock
from shared.kernel.documents import Container, Delete
from shared.kernel.ids import order_id
from shared.orders.model import ExceptionDocument, Order, PartState
from shared.orders.service import OrderSearch, decisions, exceptions, find, search
from shared.tenants import service as tenants
from shared.tenants.model import Preferences
from shared.tenants.service import CreateTenant
from shared.wiring import Settings, World, embedded_world, office, use
from tests.builders import Shop, Trigger, a_location, a_product
from tests.host.retailer import rows_of
from tests.unit.channels.samples import NOW, a_body, an_item, raw_of
from tests.unit.edge.door import a_request, json_of

TENANT: Final = "acme"
CONNECTION: Final = "shop"
SECRET: Final = "the-app's-client-secret"
CREATE: Final = "orders/create"
ANSWERED_WITHIN_S: Final = 1


@dataclass
class Storefront:
    """A tenant on disk with one Shopify connection, and its store at the other end."""

    folder: Path
    world: World
    clock: SteppedClock
    admin: str = ""

    async def reopen(self) -> None:
        """Close the process's world and open the same folder again."""
        await self.world.close()
        self.world = opened(self.folder, self.clock)

    async def post(
        self,
        topic: str,
        raw: bytes,
        event: str = "event-1",
        *,
        secret: str | None = SECRET,
        sent: bytes | None = None,
        path: Mapping[str, str] | None = None,
    ) -> func.HttpResponse:
        """Post a body signed by `secret` (None: unsigned); `sent` is what arrives instead."""
        headers = {"X-Shopify-Topic": topic, "X-Shopify-Event-Id": event}
        if secret is not None:
            digest = hmac.new(secret.encode(), raw, hashlib.sha256).digest()
            headers["X-Shopify-Hmac-Sha256"] = base64.b64encode(digest).decode()
        route = {"channel": "shopify", "tenant": TENANT, "subscription": CONNECTION}
        route |= path or {}
        request = a_request(
            "POST",
            "/api/v1/webhooks/" + "/".join(route.values()),
            body=raw if sent is None else sent,
            headers=headers,
            route=route,
        )
        with use(self.world):
            async with asyncio.timeout(ANSWERED_WITHIN_S):
                return await take_channel_webhook(request)

    async def told(self, topic: str, body: Any, event: str) -> str:
        """Post what is signed and understood; returns what became of it."""
        raw = body if isinstance(body, bytes) else raw_of(body)
        answer = await self.post(topic, raw, event)
        assert answer.status_code == 200, answer.get_body()
        return str(json_of(answer)["outcome"])

    async def orders(self) -> list[str]:
        page = await search(self.world.store, TENANT, OrderSearch(), limit=100)
        return sorted(row.body.order_id for row in page.items)

    async def order(self, reference: object = 5001) -> Order:
        name = order_id(TENANT, CONNECTION, str(reference))
        stored = await find(self.world.store, TENANT, name)
        assert stored is not None
        return stored.body

    def stored(self) -> str:
        return rows_of(self.folder, TENANT)


def opened(folder: Path, clock: SteppedClock) -> World:
    settings = Settings(data=folder, synchronous="NORMAL", rate_per_s=0, log_level="ERROR")
    return embedded_world(settings=settings, clock=clock, rng=random.Random(7))


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Storefront]:
    clock = SteppedClock(NOW)
    made = Storefront(tmp_path / "data", opened(tmp_path / "data", clock), clock)
    told = {"name": "Acme", "currency": "EUR", "country": "DE", "time_zone": "Europe/Berlin"}
    with use(made.world):
        command = CreateTenant(tenant_id=TENANT, preferences=Preferences.model_validate(told))
        new = await tenants.create_tenant(office(), command, now=NOW)
        made.admin = new.admin_key.token
        answer = await save_connection(
            a_request(
                "PUT",
                key=made.admin,
                body={"channel": "shopify", "secret": SECRET, "locations": {"77": "berlin"}},
                route={"connection": CONNECTION},
            )
        )
    assert answer.status_code == 200
    yield made
    await made.world.close()


async def with_stock(shop: Storefront, units: int) -> Shop:
    """Give the tenant a location with boots; returns what lets events be followed."""
    follower = Shop(shop.world, shop.clock)
    await _create(shop, create_location, a_location("berlin"))
    await _create(shop, create_product, a_product("BOOT-42"))
    await _create(shop, create_rate_card, example_de_card())
    await follower.receive("BOOT-42", "berlin", units)
    follower.feeds = [shop.world.store.feed(container, "test") for container in Container]
    return follower


async def _create(shop: Storefront, door: Trigger, made: BaseModel) -> None:
    headers = {"Idempotency-Key": type(made).__name__}
    body = json.loads(made.model_dump_json())
    with use(shop.world):
        answer = await door(a_request("POST", key=shop.admin, body=body, headers=headers))
    assert answer.status_code == 201, answer.get_body()


def states(order: Order) -> list[tuple[int, PartState]]:
    return [(part.quantity, part.state) for line in order.lines for part in line.parts]


async def taken_once_each(shop: Storefront, bodies: dict[str, bytes]) -> list[str]:
    """Post each order twice and, after a restart, twice more: as itself and as another event.

    Returns the ids of the orders that are there then, none of them changed by the repeats.
    """
    for event, raw in bodies.items():
        assert await shop.told(CREATE, raw, event) == "done"
        assert await shop.told(CREATE, raw, event) == "known"
    references = [str(json.loads(raw)["id"]) for raw in bodies.values()]
    before = [await shop.order(reference) for reference in references]
    await shop.reopen()
    for event, raw in bodies.items():
        assert await shop.told(CREATE, raw, event) == "known"
        assert await shop.told(CREATE, raw, f"{event}-again") == "done"
    assert [await shop.order(reference) for reference in references] == before
    return await shop.orders()


def ids_of(bodies: dict[str, bytes]) -> list[str]:
    references = (str(json.loads(raw)["id"]) for raw in bodies.values())
    return sorted(order_id(TENANT, CONNECTION, reference) for reference in references)


async def test_every_sample_order_is_one_order_however_often_it_comes(
    fixtures: Path, shop: Storefront
) -> None:
    files = sorted((fixtures / "shopify").glob("order_*.json"))
    assert len(files) >= 6
    bodies = {path.stem: path.read_bytes() for path in files}
    assert await taken_once_each(shop, bodies) == ids_of(bodies)


async def test_an_order_is_one_order_however_often_it_comes(shop: Storefront) -> None:
    orders = {
        "paid": a_body(),
        "unpaid": a_body(id=5002, financial_status="pending"),
        "cancelled": a_body(id=5003, cancelled_at="2026-11-22T12:00:00Z"),
        "fulfilled": a_body(an_item(fulfillment_status="fulfilled"), id=5004),
        "without lines": a_body(id=5005, line_items=[]),
        "without a SKU": a_body(an_item(sku=None), id=5006),
    }
    bodies = {event: raw_of(body) for event, body in orders.items()}
    assert await taken_once_each(shop, bodies) == ids_of(bodies)


async def test_the_same_order_many_times_at_once_is_one_order(shop: Storefront) -> None:
    raw = raw_of(a_body())
    answers = await asyncio.gather(*(shop.post(CREATE, raw, f"event-{n}") for n in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert await shop.orders() == [order_id(TENANT, CONNECTION, "5001")]


@pytest.mark.parametrize("secret", [None, "another", "", SECRET.upper()])
async def test_what_is_not_signed_by_the_channel_is_401_and_leaves_nothing(
    shop: Storefront, secret: str | None
) -> None:
    before = shop.stored()
    answer = await shop.post(CREATE, raw_of(a_body()), secret=secret)
    assert (answer.status_code, json_of(answer)["code"]) == (401, "bad-signature")
    assert shop.stored() == before


async def test_a_body_that_was_changed_on_its_way_is_401_and_leaves_nothing(
    shop: Storefront,
) -> None:
    before, raw = shop.stored(), raw_of(a_body())
    for sent in (raw.replace(b"10.00", b"01.00"), raw + b" ", b""):
        answer = await shop.post(CREATE, raw, sent=sent)
        assert (answer.status_code, json_of(answer)["code"]) == (401, "bad-signature")
    assert shop.stored() == before


@pytest.mark.parametrize(
    "path",
    [
        {"tenant": "globex"},
        {"tenant": "_platform"},
        {"tenant": "ac me"},
        {"subscription": "unknown"},
        {"subscription": "../shop"},
        {"channel": "woocommerce"},
    ],
)
async def test_an_unknown_tenant_or_connection_is_404_and_leaves_nothing(
    shop: Storefront, path: dict[str, str]
) -> None:
    before = shop.stored()
    answer = await shop.post(CREATE, raw_of(a_body()), path=path)
    assert (answer.status_code, json_of(answer)["code"]) == (404, "not-found")
    assert shop.stored() == before
    assert rows_of(shop.folder, "globex") == rows_of(shop.folder, "nobody")


async def test_a_suspended_tenants_webhooks_are_refused_and_leave_nothing(
    shop: Storefront,
) -> None:
    before = shop.stored()
    with use(shop.world):
        platform = shop.world.secrets.platform_key
        await suspend_tenant(a_request("POST", key=platform, route={"tenant": TENANT}))
    answer = await shop.post(CREATE, raw_of(a_body()))
    assert (answer.status_code, json_of(answer)["code"]) == (403, "tenant-suspended")
    assert shop.stored() == before


async def test_a_signed_body_that_says_nothing_we_understand_is_refused_as_a_whole(
    shop: Storefront,
) -> None:
    before = shop.stored()
    for raw in (b"[]", b"{", b'{"id":1,"id":2}', b"\xff", raw_of(a_body(currency="?"))):
        answer = await shop.post(CREATE, raw)
        assert answer.status_code in {400, 422}, raw
    assert shop.stored() == before


@pytest.mark.parametrize("name", ["\u202egnp.exe", "a b", "-shop", "x" * 200])
async def test_a_connection_is_named_by_an_id(shop: Storefront, name: str) -> None:
    before = shop.stored()
    body = {"channel": "shopify", "secret": SECRET}
    with use(shop.world):
        request = a_request("PUT", key=shop.admin, body=body, route={"connection": name})
        answer = await save_connection(request)
    assert answer.status_code in {404, 422}
    assert json_of(answer)["code"] in {"not-found", "invalid"}
    assert shop.stored() == before


async def test_an_update_that_comes_before_its_order_waits_for_it(shop: Storefront) -> None:
    update = a_body(an_item(current_quantity=1), updated_at="2026-11-22T12:30:00Z")
    assert await shop.told("orders/updated", update, "event-2") == "waiting"
    assert await shop.told("orders/updated", update, "event-2") == "known"
    assert await shop.orders() == []
    await shop.reopen()
    assert await shop.told(CREATE, a_body(), "event-1") == "done"
    assert sorted(states(await shop.order())) == [
        (1, PartState.CANCELLED),
        (1, PartState.EXCEPTION),
    ]


async def test_an_older_update_is_acknowledged_and_ignored(shop: Storefront) -> None:
    await shop.told(CREATE, a_body(updated_at="2026-11-22T12:30:00Z"), "event-1")
    before = await shop.order()
    older = a_body(an_item(current_quantity=0), updated_at="2026-11-22T12:29:59Z")
    assert await shop.told("orders/updated", older, "event-2") == "done"
    same = a_body(an_item(current_quantity=0), updated_at="2026-11-22T12:30:00Z")
    assert await shop.told("orders/updated", same, "event-3") == "done"
    assert await shop.order() == before


async def test_a_newer_update_cancels_what_was_taken_off(shop: Storefront) -> None:
    follower = await with_stock(shop, 5)
    await shop.told(CREATE, a_body(), "event-1")
    await follower.settle_all()
    assert await follower.stock("BOOT-42", "berlin") == (5, 2, 3)
    newer = a_body(an_item(current_quantity=1), updated_at="2026-11-22T12:30:00Z")
    for event in ("event-2", "event-2", "event-3"):
        await shop.told("orders/updated", newer, event)
    await follower.settle_all()
    assert sorted(states(await shop.order())) == [(1, PartState.CANCELLED), (1, PartState.SOURCED)]
    assert await follower.stock("BOOT-42", "berlin") == (5, 1, 4)


async def test_a_tenant_without_rules_of_its_own_is_served_by_the_built_in_ones(
    shop: Storefront,
) -> None:
    follower = await with_stock(shop, 5)
    await shop.told(CREATE, a_body(), "event-1")
    await follower.settle_all()
    assert states(await shop.order()) == [(2, PartState.SOURCED)]
    page = await decisions(shop.world.store, TENANT, (await shop.order()).order_id)
    assert [row.body.rule_set for row in page.items] == [f"{BUILT_IN.rule_set_id}:1"]


async def test_a_cancelled_order_gives_its_stock_back(shop: Storefront) -> None:
    follower = await with_stock(shop, 5)
    await shop.told(CREATE, a_body(), "event-1")
    await follower.settle_all()
    gone = a_body(
        cancelled_at="2026-11-22T12:30:00Z",
        updated_at="2026-11-22T12:30:00Z",
        financial_status="refunded",
    )
    assert await shop.told("orders/cancelled", gone, "event-2") == "done"
    await follower.settle_all()
    assert (await shop.order()).status == "cancelled"
    assert await follower.stock("BOOT-42", "berlin") == (5, 0, 5)


def a_refund(order: object = 5001, **changes: Any) -> dict[str, Any]:
    usual = {
        "id": 9001,
        "order_id": order,
        "created_at": "2026-11-22T13:00:00Z",
        "refund_line_items": [],
        "transactions": [
            {"kind": "refund", "status": "success", "amount": "5.00", "currency": "EUR"}
        ],
    }
    return usual | changes


async def test_a_refund_is_counted_once(shop: Storefront) -> None:
    await shop.told(CREATE, a_body(), "event-1")
    for event in ("event-2", "event-2", "event-3"):
        await shop.told("refunds/create", a_refund(), event)
    assert (await shop.order()).refunded_minor == 500


async def test_a_refund_that_comes_before_its_order_waits_for_it(shop: Storefront) -> None:
    assert await shop.told("refunds/create", a_refund(), "event-2") == "waiting"
    assert await shop.told(CREATE, a_body(), "event-1") == "done"
    assert (await shop.order()).refunded_minor == 500


async def test_refunded_units_that_never_left_are_cancelled(shop: Storefront) -> None:
    follower = await with_stock(shop, 5)
    await shop.told(CREATE, a_body(), "event-1")
    await follower.settle_all()
    row = {"line_item_id": 11, "quantity": 2, "restock_type": "cancel", "location_id": None}
    refund = a_refund(refund_line_items=[row])
    for event in ("event-2", "event-3"):
        await shop.told("refunds/create", refund, event)
    await follower.settle_all()
    assert states(await shop.order()) == [(2, PartState.CANCELLED)]
    assert await follower.stock("BOOT-42", "berlin") == (5, 0, 5)


async def test_refunded_units_that_came_back_are_received_at_their_location(
    shop: Storefront,
) -> None:
    follower = await with_stock(shop, 5)
    await shop.told(CREATE, a_body(an_item(fulfillment_status="fulfilled")), "event-1")
    await follower.settle_all()
    row = {"line_item_id": 11, "quantity": 1, "restock_type": "return", "location_id": 77}
    for event in ("event-2", "event-3"):
        await shop.told("refunds/create", a_refund(refund_line_items=[row]), event)
    await follower.settle_all()
    found = states(await shop.order())
    assert sorted(found) == [(1, PartState.RETURNED), (1, PartState.SHIPPED)]
    on_hand, reserved, _ = await follower.stock("BOOT-42", "berlin")
    assert (on_hand, reserved) == (6, 0)


async def test_the_sample_refund_gives_money_back_once(fixtures: Path, shop: Storefront) -> None:
    raw = (fixtures / "shopify" / "refund_full_with_transactions.json").read_bytes()
    reference = json.loads(raw)["order_id"]
    order = a_body(an_item(price="30.00"), id=reference, currency="USD")
    assert await shop.told("refunds/create", raw, "event-2") == "waiting"
    assert await shop.told(CREATE, order, "event-1") == "done"
    assert await shop.told("refunds/create", raw, "event-2") == "known"
    assert await shop.told("refunds/create", raw, "event-3") == "done"
    found = await shop.order(reference)
    assert found.refunded_minor == 4194
    assert states(found) == [(2, PartState.EXCEPTION)]


def hers(number: int = 5001, *, is_sent: bool = True, **changes: Any) -> dict[str, Any]:
    status = "fulfilled" if is_sent else None
    item = an_item(fulfillment_status=status)
    address = {"name": "Erika Muster", "address1": "Geheimweg 17", "country_code": "DE"}
    told = {"email": "erika@example.org", "shipping_address": address}
    return a_body(item, id=number, **(told | changes))


async def named(shop: Storefront, reference: int = 5001) -> Order:
    """Name an order's customer, as its event does."""
    follower = Shop(shop.world, shop.clock)
    order = await shop.order(reference)
    await link_customer(shop.world.flows, follower.caller, order.order_id, shop.clock.now())
    return await shop.order(reference)


async def swept(shop: Storefront) -> None:
    with use(shop.world):
        await sweep_erasures(None)


async def asked_of_people(shop: Storefront) -> list[ExceptionDocument]:
    page = await exceptions(shop.world.store, TENANT, code="privacy-request", limit=9)
    return [row.body for row in page.items]


REDACT: Final = {
    "shop_domain": "acme.example",
    "customer": {"id": 1, "email": "erika@example.org", "phone": None},
    "orders_to_redact": [5001, 404],
}


async def test_a_customer_whom_the_channel_has_us_forget_is_erased_once(shop: Storefront) -> None:
    await shop.told(CREATE, hers(), "event-1")
    customer_id = (await named(shop)).customer_id
    assert await shop.told("customers/redact", REDACT, "event-2") == "done"
    assert await shop.told("customers/redact", REDACT, "event-2") == "known"
    assert await shop.told("customers/redact", REDACT, "event-3") == "done"
    await swept(shop)
    order = await shop.order()
    assert (order.customer, order.customer_id) == (None, customer_id)
    assert "erika" not in shop.stored().lower()
    assert await asked_of_people(shop) == []


async def test_orders_that_name_nobody_yet_are_erased_with_their_customer(
    shop: Storefront,
) -> None:
    await shop.told(CREATE, hers(), "event-1")
    assert await shop.told("customers/redact", REDACT, "event-2") == "done"
    await swept(shop)
    assert (await shop.order()).customer is None
    assert "erika" not in shop.stored().lower()


async def test_an_order_by_which_nobody_is_known_again_is_erased_at_once(
    shop: Storefront,
) -> None:
    await shop.told(CREATE, hers(email=None), "event-1")
    assert await shop.told("customers/redact", REDACT, "event-2") == "done"
    assert (await shop.order()).customer is None


async def test_a_phone_tells_whom_to_forget_only_where_nothing_else_does(shop: Storefront) -> None:
    await shop.told(CREATE, hers(email=None, phone="+49 30 123456"), "event-1")
    await named(shop)
    both = {"customer": {"email": "bob@example.org", "phone": "+4930123456"}}
    await shop.told("customers/redact", both, "event-2")
    await swept(shop)
    assert (await shop.order()).customer is not None
    await shop.told("customers/redact", {"customer": {"phone": "+4930123456"}}, "event-3")
    await swept(shop)
    assert (await shop.order()).customer is None


async def test_whom_we_are_to_forget_with_goods_still_to_go_stands_before_a_person(
    shop: Storefront,
) -> None:
    await shop.told(CREATE, hers(is_sent=False), "event-1")
    order = await named(shop)
    assert await shop.told("customers/redact", REDACT, "event-2") == "noted"
    await swept(shop)
    (found,) = await asked_of_people(shop)
    assert (found.subject, found.actions) == (CONNECTION, ("answered", "acknowledge"))
    assert found.detail == {
        "topic": "customers/redact",
        "customers": order.customer_id,
        "orders": order.order_id,
    }
    assert (await shop.order()).customer is not None


async def test_whose_record_is_only_being_written_is_forgotten_when_the_channel_asks_again(
    shop: Storefront,
) -> None:
    await shop.told(CREATE, hers(), "event-1")
    order = await named(shop)
    record = await get_customer(shop.world.store, TENANT, str(order.customer_id))
    assert record is not None
    gone = Delete(CUSTOMERS, record.id, record.etag)
    await shop.world.store.batch(TENANT, Container.MASTER, record.key, (gone,))
    answer = await shop.post("customers/redact", raw_of(REDACT), "event-2")
    assert answer.status_code == 503
    await named(shop)
    assert await shop.told("customers/redact", REDACT, "event-2") == "done"


async def test_nobody_is_forgotten_at_the_word_of_someone_else(shop: Storefront) -> None:
    await shop.told(CREATE, hers(), "event-1")
    await named(shop)
    before = shop.stored()
    answer = await shop.post("customers/redact", raw_of(REDACT), "event-2", secret="another")
    assert (answer.status_code, json_of(answer)["code"]) == (401, "bad-signature")
    assert shop.stored() == before


async def test_what_is_held_of_a_customer_is_told_to_them_by_a_person(shop: Storefront) -> None:
    await shop.told(CREATE, hers(), "event-1")
    order = await named(shop)
    asked = {"customer": {"email": "erika@example.org"}, "orders_requested": [5001]}
    assert await shop.told("customers/data_request", asked, "event-2") == "noted"
    assert await shop.told("customers/data_request", asked, "event-2") == "known"
    (found,) = await asked_of_people(shop)
    assert found.detail == {"topic": "customers/data_request", "customers": order.customer_id}
    act = {"action": "answered"}
    for _ in range(2):
        request = a_request(
            "POST", key=shop.admin, body=act, route={"exception": found.exception_id}
        )
        with use(shop.world):
            answer = await settle_exception(request)
        assert (answer.status_code, json_of(answer)["status"]) == (200, "closed")
    assert await asked_of_people(shop) == []


async def test_a_shop_that_left_is_forgotten_by_a_person(shop: Storefront) -> None:
    assert await shop.told("shop/redact", {"shop_id": 7}, "event-1") == "noted"
    (found,) = await asked_of_people(shop)
    assert (found.detail, found.subject) == ({"topic": "shop/redact"}, CONNECTION)


async def test_a_notice_that_asks_for_nothing_is_only_remembered(shop: Storefront) -> None:
    assert await shop.told("app/uninstalled", {"id": 7}, "event-1") == "noted"
    assert await asked_of_people(shop) == []
