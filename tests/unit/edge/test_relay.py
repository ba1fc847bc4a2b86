import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import azure.functions as func
import pytest

from functions._relay import change_of, happenings_of, relay
from functions.operations import relay_orders
from local.host.change_documents import documents_of
from shared.contracts import outbox
from shared.contracts.cloud_event import read_any_event, read_event
from shared.contracts.inventory import StockChanged
from shared.contracts.orders import OrderAccepted, PartsCancelled
from shared.contracts.relay import Happening, happening_in_stock, parcel_of
from shared.contracts.stock import Unqueue
from shared.kernel.bus import Message, Received
from shared.kernel.claims import CLAIM_BYTES_MAX
from shared.kernel.documents import Change, Container
from shared.kernel.errors import Invalid, Unavailable
from shared.tenants import parking
from shared.wiring import use
from tests.unit.edge.door import START, TENANT, Door, a_door


def an_accepted(**changes: object) -> OrderAccepted:
    usual: dict[str, object] = {
        "tenant_id": TENANT,
        "occurred_at": START,
        "order_id": "o_1",
        "order_version": 1,
        "connection": "web",
        "channel": "shopify",
        "currency": "EUR",
        "value_minor": 1999,
        "lines": 1,
    }
    return OrderAccepted.model_validate(usual | changes, strict=False)


def a_document(
    event: OrderAccepted | PartsCancelled, version: int = 1, document: str = "order"
) -> dict[str, Any]:
    """Return an event document as the change feed shows it."""
    create = outbox.record(
        Container.ORDERS, document, version, event, actor="key:k1", correlation_id="c-1"
    )
    around = {
        "id": create.id,
        "tenantId": TENANT,
        "key": event.order_id,
        "pk": f"{TENANT}|{event.order_id}",
        "type": "event",
        "_etag": "1",
        "_ts": 1,
    }
    body: dict[str, Any] = json.loads(create.body.model_dump_json())
    return body | around


async def run(door: Door, *documents: Mapping[str, Any]) -> int:
    with use(door.world):
        return await relay(Container.ORDERS, documents)


async def published(door: Door) -> Sequence[Received]:
    return await door.world.bus.receive("events/insights", 200)


async def parked(door: Door) -> list[str]:
    page = await parking.list_parked(door.world.store, TENANT, limit=10, cursor=None)
    return [row.body.code for row in page.items]


async def test_an_event_document_becomes_a_cloud_event_with_its_session_and_label() -> None:
    door = await a_door()
    assert await run(door, a_document(an_accepted(route=True))) == 1
    (received,) = await published(door)
    message = received.message
    event_id = outbox.event_id(Container.ORDERS, TENANT, "o_1", "evt:order:1")
    assert message.message_id == f"evt:{TENANT}:{event_id}"
    assert len(message.message_id) <= 128
    assert (message.session_id, message.subject) == ("acme:o_1", "orders.order-accepted")
    assert message.correlation_id == "c-1"
    assert dict(message.properties) == {
        "tenant": TENANT,
        "type": "orders.order-accepted.v1",
        "route": True,
    }
    event = read_event(OrderAccepted, message.body)
    assert event.data == an_accepted(route=True)
    assert (event.id, event.tenantid, event.actor) == (event_id, TENANT, "key:k1")
    assert (event.time, event.correlationid, event.subject) == (START, "c-1", "o_1")


async def test_an_event_with_stock_tasks_says_so_to_filters() -> None:
    door = await a_door()
    task = Unqueue(sku="BOOT", order_id="o_1", line_id="1", part=1)
    event = PartsCancelled(
        tenant_id=TENANT, occurred_at=START, order_id="o_1", order_version=2, stock=(task,)
    )
    await run(door, a_document(event, 2))
    (received,) = await published(door)
    assert received.message.properties["stock"] is True
    assert "route" not in received.message.properties
    assert read_event(PartsCancelled, received.message.body).data.stock == (task,)


async def test_events_are_sent_by_document_and_version() -> None:
    door = await a_door()
    versions = (10, 2, 1)
    await run(door, *(a_document(an_accepted(order_version=n), n) for n in versions))
    events = [read_any_event(one.message.body) for one in await published(door)]
    assert [event.data["order_version"] for event in events] == [1, 2, 10]


async def test_what_is_relayed_twice_is_published_once() -> None:
    door = await a_door()
    await run(door, a_document(an_accepted()))
    await run(door, a_document(an_accepted()))
    assert len(await published(door)) == 1


async def test_documents_that_are_no_events_are_passed_over() -> None:
    door = await a_door()
    assert await run(door, {"id": "order", "tenantId": TENANT, "key": "o_1", "type": "order"}) == 0
    assert len(await published(door)) == 0


async def test_an_event_that_no_subscription_takes_is_not_sent() -> None:
    door = await a_door()
    noted = an_accepted().model_dump(mode="json") | {"type": "orders.order-noted.v1"}
    document = a_document(an_accepted()) | {"name": "orders.order-noted.v1", "data": noted}
    assert await run(door, document, a_document(an_accepted(order_version=3), 3)) == 1
    assert len(await published(door)) == 1


async def test_an_unreadable_event_is_parked_and_the_others_are_sent() -> None:
    door = await a_door()
    broken = a_document(an_accepted(), 2) | {"at": "yesterday"}
    assert await run(door, broken, a_document(an_accepted(order_version=3), 3)) == 1
    assert await parked(door) == ["not-sendable"]
    assert len(await published(door)) == 1


async def test_a_large_event_leaves_its_body_as_a_claim_check() -> None:
    door = await a_door()
    tags = {"note": "x" * 250_000}
    happening = a_happening(tags)
    parcel = parcel_of(happening)
    assert parcel.claim_name == happening.id
    assert len(parcel.message.body) < 1_000
    document = a_document(an_accepted()) | {"data": {**tags, "tenant_id": TENANT}}
    await run(door, document)
    claimed = await door.world.claims.get(TENANT, happening.id)
    assert claimed is not None
    assert read_any_event(claimed).data["note"] == tags["note"]


async def test_an_event_too_large_for_anything_is_parked() -> None:
    door = await a_door()
    document = a_document(an_accepted()) | {"data": {"note": "x" * CLAIM_BYTES_MAX}}
    assert await run(door, document) == 0
    assert await parked(door) == ["not-sendable"]


class OneIsRefused:
    """A publisher that never takes one message, as a broker may."""

    def __init__(self, inner: Any, refused: str) -> None:
        self.inner, self.refused = inner, refused

    async def send(self, entity: str, messages: Sequence[Message]) -> None:
        if any(self.refused in message.body.decode() for message in messages):
            raise ValueError("not acceptable")
        await self.inner.send(entity, messages)


async def test_one_message_that_the_broker_never_takes_does_not_stop_the_others() -> None:
    door = await a_door()
    door.world.bus = OneIsRefused(door.world.bus, '"lines":7')  # type: ignore[assignment]  # sends only
    documents = [a_document(an_accepted(lines=n), n) for n in (6, 7, 8)]
    await run(door, *documents)
    assert await parked(door) == ["not-sendable"]
    door.world.bus = door.world.bus.inner  # type: ignore[attr-defined]  # the wrapper's
    assert len(await published(door)) == 2


class Away:
    async def send(self, entity: str, messages: Sequence[Message]) -> None:
        raise Unavailable(f"{entity}: {len(messages)}")


async def test_a_broker_that_is_away_is_raised_so_that_the_host_tries_again() -> None:
    door = await a_door()
    door.world.bus = Away()  # type: ignore[assignment]  # sends only
    with pytest.raises(Unavailable):
        await run(door, a_document(an_accepted()))
    assert await parked(door) == []


async def test_the_trigger_takes_the_documents_of_the_host() -> None:
    door = await a_door()
    documents = func.DocumentList([func.Document.from_dict(a_document(an_accepted()))])
    with use(door.world):
        await relay_orders(documents)
    assert len(await published(door)) == 1


def a_happening(data: Mapping[str, Any], key: str = "o_1") -> Happening:
    name = "orders.order-accepted.v1"
    return Happening(Container.ORDERS, TENANT, key, "evt:order:1", name, START, data)


@pytest.mark.parametrize(
    ("data", "session"),
    [
        ({"order_id": "o_1", "sku": "BOOT"}, "acme:o_1"),
        ({"sku": "BOOT"}, "acme:BOOT"),
        ({}, "acme:customer:c1"),
        ({"order_id": None}, "acme:customer:c1"),
    ],
)
def test_the_session_is_the_order_else_the_sku_else_the_partition(
    data: dict[str, Any], session: str
) -> None:
    assert parcel_of(a_happening(data, "customer:c1")).message.session_id == session


def test_each_event_of_a_stock_document_has_its_own_id() -> None:
    changed = StockChanged(
        tenant_id=TENANT, occurred_at=START, sku="BOOT", location_id="berlin", reason="sold"
    )
    happening = happening_in_stock("BOOT", "move:m1", changed)
    assert happening.document_id == "move:m1#inventory.stock-changed.v1"
    message = parcel_of(happening).message
    assert (message.session_id, message.subject) == ("acme:BOOT", "inventory.stock-changed")
    assert read_event(StockChanged, message.body).data == changed


def test_a_document_is_read_without_what_the_store_puts_around_it() -> None:
    change = change_of(Container.STOCK, {"id": "level:b", "tenantId": "t", "key": "k", "x": 1})
    assert (change.tenant_id, change.key, change.id, change.body) == (
        "t",
        "k",
        "level:b",
        b'{"x":1}',
    )
    assert happenings_of(change) == []


def test_a_document_that_has_its_bytes_is_read_by_them() -> None:
    body = b'{"name":"x","at":"2026-01-01T00:00:00.000000Z"}'
    stored = Change(Container.ORDERS, TENANT, "o_1", "evt:order:1", "event", "7", body)
    (document,) = documents_of([stored])
    assert change_of(Container.ORDERS, document) == stored


def test_bytes_that_are_no_event_are_invalid() -> None:
    for raw in (b"{", b"[]", b'{"specversion":"1.0"}'):
        with pytest.raises(Invalid):
            read_any_event(raw)


async def test_claim_checks_are_forgotten_after_7_days() -> None:
    door = await a_door()
    await door.world.claims.put(TENANT, "c", b"body")
    await door.world.claims.put(TENANT, "c", b"another")
    assert await door.world.claims.get(TENANT, "c") == b"body"
    door.clock.advance(timedelta(days=7))
    assert await door.world.claims.get(TENANT, "c") is None
    assert await door.world.claims.sweep() == 1
