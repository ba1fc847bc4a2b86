"""An order's events on their way to tenants' systems, customers, channels and counters."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest

from functions import insights, notifications
from shared.adapters.embedded.channel_folder import FolderWriteBack
from shared.adapters.embedded.outbox import FolderOutbox
from shared.catalog import service as catalog
from shared.catalog.model import ProductDetails
from shared.channels import service as channels
from shared.channels.model import Connection
from shared.contracts.cloud_event import AnyEvent
from shared.contracts.intake import PlaceOrder
from shared.contracts.relay import happening_of, parcel_of
from shared.flows.fold_insights import order_facts
from shared.flows.place_order import place_order
from shared.flows.tell_channel import tell_channel
from shared.flows.tell_customer import tell_customer
from shared.kernel.documents import EVENT_KINDS, Container
from shared.kernel.model import read_json
from shared.notifications.model import MessageKind
from shared.orders.model import Order
from shared.tenants.model import Caller, Role
from shared.wiring import World, telling, use
from tests.unit.edge.door import TENANT, Door, a_door, a_request, close_all, json_of
from tests.unit.notifications.samples import Outside

OPERATOR = Caller(TENANT, "key:k1", Role.OPERATOR)


@dataclass
class Shop:
    door: Door
    world: World
    outside: Outside
    folder: Path

    def pages(self) -> list[str]:
        found = sorted(self.folder.glob(f"{TENANT}/*/*.html"))
        return [page.read_text("utf-8") for page in found]


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    door = await a_door()
    outside = Outside()
    with use(door.world):
        told, folder = telling(), tmp_path / "outbox"
        door.world.telling = replace(
            told,
            hooks=replace(told.hooks, outbound=outside),
            messenger=FolderOutbox(folder),
            channels=FolderWriteBack(folder / "channel"),
        )
        yield Shop(door, door.world, outside, folder)
    await close_all()


def an_intake(**changes: Any) -> PlaceOrder:
    usual = {
        "connection": "web",
        "reference": "4711",
        "channel": "shopify",
        "placed_at": "2026-11-02T08:00:00Z",
        "currency": "EUR",
        "customer": {"name": "Zoë Müller", "email": "zoe@example.com"},
        "ship_to": {"country": "DE", "postcode": "10115"},
        "lines": [
            {
                "line_id": "1",
                "sku": "BOOT-42",
                "title": "Stiefel <warm>",
                "quantity": 2,
                "unit_price": {"currency": "EUR", "amount_minor": 1000},
                "channel_line": "11",
            }
        ],
    }
    return PlaceOrder.model_validate(usual | changes, strict=False)


async def placed(shop: Shop, **changes: Any) -> Order:
    now = shop.door.clock.now()
    return (await place_order(shop.world.flows, OPERATOR, an_intake(**changes), now)).order


async def events_of(shop: Shop, order: Order) -> list[AnyEvent]:
    """Return an order's events as the relay publishes them."""
    kind = EVENT_KINDS[Container.ORDERS]
    page = await shop.world.store.query(TENANT, kind, key=order.order_id)
    told = [happening_of(Container.ORDERS, TENANT, r.key, r.id, r.body) for r in page.items]
    return [read_json(AnyEvent, parcel_of(one).message.body) for one in told]


def shipped(order: Order, event_id: str = "e_ship", **data: Any) -> AnyEvent:
    part = {"line_id": "1", "part": 1, "quantity": 2, "state": "shipped", "sku": "BOOT-42"}
    usual = {
        "order_id": order.order_id,
        "order_version": 2,
        "fulfillment_id": f"{order.order_id}.f1",
        "shipment_id": f"{order.order_id}.f1.s1",
        "location_id": "berlin",
        "carrier": "DHL",
        "tracking": ["T-1"],
        "parts": [part],
    }
    event = {
        "specversion": "1.0",
        "id": event_id,
        "source": "/orderloom",
        "type": "fulfillment.parts-shipped.v1",
        "tenantid": TENANT,
        "time": "2026-11-02T10:00:00Z",
        "data": usual | data,
    }
    return AnyEvent.model_validate(event, strict=False)


def a_message(event: AnyEvent) -> func.ServiceBusMessage:
    from tests.unit.edge.door import a_message as made

    return made(event.model_dump_json(exclude_none=True).encode(), event.id, session_id="s")


async def accepted(shop: Shop, order: Order) -> AnyEvent:
    found = await events_of(shop, order)
    return next(event for event in found if event.type == "orders.order-accepted.v1")


async def test_an_accepted_order_is_confirmed_once_in_the_customers_language(shop: Shop) -> None:
    changes = {"languages": ["en", "de"]}
    settings = await settings_of(shop)
    await write_settings(shop, settings, changes)
    event = await accepted(shop, await placed(shop))
    for _ in range(2):
        await notifications.tell_others(a_message(event))
    (page,) = shop.pages()
    assert "Guten Tag Zoë Müller," in page
    assert "Stiefel &lt;warm&gt;" in page
    assert "20,00\u00a0€" in page


async def settings_of(shop: Shop) -> str:
    from shared.tenants import service

    return (await service.read_settings(shop.world.store, TENANT)).etag


async def write_settings(shop: Shop, etag: str, changes: dict[str, Any]) -> None:
    from shared.tenants import service
    from shared.wiring import office

    await service.write_settings(office(), TENANT, changes, if_match=etag)
    shop.world.flows.knowledge.forget(TENANT)


async def test_who_wants_no_messages_or_has_no_address_gets_none(shop: Shop) -> None:
    now = shop.door.clock.now()
    nobody = await accepted(shop, await placed(shop, reference="1", customer=None))
    assert await tell_customer(telling(), nobody, now) is None
    await write_settings(shop, await settings_of(shop), {"customer_messages": False})
    event = await accepted(shop, await placed(shop, reference="2"))
    assert await tell_customer(telling(), event, now) is None
    assert shop.pages() == []


async def test_a_shipment_is_told_to_the_customer_with_its_tracking(shop: Shop) -> None:
    order = await placed(shop)
    told = await tell_customer(telling(), shipped(order), shop.door.clock.now())
    assert told is MessageKind.SHIPPED
    (page,) = shop.pages()
    assert "<strong>T-1</strong>" in page
    assert "DHL" in page


async def test_the_channel_that_sold_it_is_told_what_left(shop: Shop) -> None:
    order, now = await placed(shop), shop.door.clock.now()
    assert not await tell_channel(telling(), shipped(order), now)
    connection = Connection(connection_id="web", channel="shopify", created_at=now)
    await channels.save_connection(shop.world.store, TENANT, connection)
    await notifications.update_channels(a_message(shipped(order)))
    (path,) = (shop.folder / "channel" / TENANT / "web").iterdir()
    assert '"11": 2' in path.read_text("utf-8")
    other = await placed(shop, reference="2", channel="web")
    assert not await tell_channel(telling(), shipped(other), now)
    assert not await tell_channel(telling(), await accepted(shop, order), now)


async def test_an_endpoint_is_made_tried_told_and_removed_over_http(shop: Shop) -> None:
    admin, path = shop.door.keys[Role.ADMIN], "/api/v1/webhook-endpoints"
    body = {"url": "https://shop.example/h", "events": ["order.*"]}
    headers = {"Idempotency-Key": "k1"}
    made = json_of(
        await notifications.create_webhook_endpoint(
            a_request("POST", path, key=admin, body=body, headers=headers)
        )
    )
    assert made["secret"].startswith("whsec_")
    route = {"endpoint": made["endpoint_id"]}
    listed = json_of(await notifications.list_webhook_endpoints(a_request(path=path, key=admin)))
    assert [set(row) & {"secret"} for row in listed["items"]] == [set()]
    tested = json_of(
        await notifications.test_webhook_endpoint(a_request("POST", path, key=admin, route=route))
    )
    assert tested["status"] == "delivered"
    shop.door.clock.advance(timedelta(minutes=1))
    await notifications.tell_others(a_message(await accepted(shop, await placed(shop))))
    found = json_of(
        await notifications.list_webhook_deliveries(a_request(path=path, key=admin, route=route))
    )
    assert [row["event_type"] for row in found["items"]] == ["order.accepted", "test.sent"]
    names = route | {"delivery": found["items"][0]["delivery_id"]}
    again = json_of(
        await notifications.replay_webhook_delivery(a_request("POST", path, key=admin, route=names))
    )
    assert (again["status"], len(again["attempts"])) == ("delivered", 2)
    gone = await notifications.forget_webhook_endpoint(
        a_request("DELETE", path, key=admin, route=route)
    )
    assert gone.status_code == 204
    assert len(shop.outside.asked) == 3


async def test_other_roles_cannot_make_endpoints_and_other_tenants_cannot_see_them(
    shop: Shop,
) -> None:
    from tests.unit.edge.door import add_tenant

    body = {"url": "https://shop.example/h", "events": ["*"]}
    request = a_request("POST", key=shop.door.keys[Role.OPERATOR], body=body)
    assert (await notifications.create_webhook_endpoint(request)).status_code == 403
    admin = shop.door.keys[Role.ADMIN]
    made = json_of(
        await notifications.create_webhook_endpoint(
            a_request("POST", key=admin, body=body, headers={"Idempotency-Key": "k"})
        )
    )
    foreign = await add_tenant(shop.door, "other")
    route = {"endpoint": made["endpoint_id"]}
    answer = await notifications.read_webhook_endpoint(a_request(key=foreign, route=route))
    assert answer.status_code == 404


async def test_an_order_is_counted_once_and_shown_with_its_figures(shop: Shop) -> None:
    order = await placed(shop, lines=[LINE | {"sku": "BOOT-42"}])
    event = await accepted(shop, order)
    for _ in range(2):
        await insights.fold_insights([a_message(event)])
    request = a_request(key=shop.door.keys[Role.READ_ONLY], query={"by": "channel"})
    report = json_of(await insights.read_kpis(request))
    figures = {row["name"]: row for row in report["figures"]}
    assert figures["orders"]["numerator"] == 1
    assert figures["fill"] == {
        "name": "fill", "numerator": 0, "denominator": 2, "value": 0.0, "unit": "ratio",
    }  # fmt: skip
    assert [group["name"] for group in report["groups"]] == ["shopify"]
    assert report["exceptions"]["open"] == 1


LINE = {
    "line_id": "1",
    "quantity": 2,
    "unit_price": {"currency": "EUR", "amount_minor": 1000},
}


@pytest.mark.parametrize(
    "query",
    [{"from": "x"}, {"from": "2026-11-03", "to": "2026-11-02"}, {"by": "customer"}],
)
async def test_days_and_shares_that_make_no_sense_are_refused(
    shop: Shop, query: dict[str, str]
) -> None:
    request = a_request(key=shop.door.keys[Role.ADMIN], query=query)
    assert (await insights.read_kpis(request)).status_code == 422


async def exception_of(shop: Shop, status: str = "open") -> dict[str, Any]:
    key = shop.door.keys[Role.OPERATOR]
    found = json_of(await insights.list_exceptions(a_request(key=key, query={"status": status})))
    (row,) = found["items"]
    assert isinstance(row, dict)
    return row


async def settle(shop: Shop, name: str, **body: str) -> func.HttpResponse:
    request = a_request(
        "POST", key=shop.door.keys[Role.OPERATOR], body=body, route={"exception": name}
    )
    return await insights.settle_exception(request)


async def test_an_unknown_sku_is_settled_by_naming_the_product_and_again_changes_nothing(
    shop: Shop,
) -> None:
    await placed(shop, lines=[LINE | {"sku": "NOBODY-KNOWS"}])
    shop.door.clock.advance(timedelta(minutes=1))
    row = await exception_of(shop)
    assert (row["code"], row["age_s"]) == ("unknown-sku", 60)
    name = row["exception_id"]
    refused = json_of(await settle(shop, name, action="ship-to-store"))
    assert (refused["status"], refused["code"]) == (409, "action-not-legal")
    assert "assign-sku, cancel" in refused["detail"]
    missing = await settle(shop, name, action="assign-sku", sku="STILL-UNKNOWN")
    assert missing.status_code == 422
    product = ProductDetails(sku="BOOT-42", name="Boot")
    await catalog.create_product(shop.world.store, TENANT, product, now=shop.door.clock.now())
    shop.world.flows.knowledge.forget(TENANT)
    for _ in range(2):
        done = json_of(await settle(shop, name, action="assign-sku", sku="BOOT-42"))
        assert (done["status"], done["actions"]) == ("closed", [])
    other = json_of(await settle(shop, name, action="cancel"))
    assert other["code"] == "exception-closed"


async def test_an_exception_that_is_cancelled_cancels_its_part(shop: Shop) -> None:
    from shared.orders import service as orders

    order = await placed(shop, lines=[LINE | {"sku": "NOBODY-KNOWS"}])
    row = await exception_of(shop)
    for _ in range(2):
        done = json_of(await settle(shop, row["exception_id"], action="cancel"))
        assert done["status"] == "closed"
    after = await orders.get_order(shop.world.store, TENANT, order.order_id)
    assert after.lines[0].parts[0].state == "cancelled"
    assert (await exception_of(shop, "closed"))["exception_id"] == row["exception_id"]
    assert (await settle(shop, "o_none.x1", action="cancel")).status_code == 404


async def test_an_order_on_one_fulfillment_is_not_split(shop: Shop) -> None:
    assert not order_facts(await placed(shop)).is_split
