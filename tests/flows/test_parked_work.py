"""Work of routing that was parked stands before a person until its replay is worked."""

import json
from typing import Any

from azure.functions.servicebus import ServiceBusMessage

from functions import insights, operations, orders, routing
from shared.kernel.documents import Container, EventDocument, Kind, Replace
from shared.kernel.model import stamp
from shared.orders.model import ORDERS, Order
from shared.wiring import use
from tests.builders import TENANT, Shop


def the_event(order: Order, **changes: Any) -> bytes:
    """Return an event that asks to source an order, as of a version that is to come."""
    type_ = "orders.parts-reset.v1"
    data = {
        "type": type_,
        "tenant_id": TENANT,
        "occurred_at": stamp(order.accepted_at),
        "order_id": order.order_id,
        "order_version": order.version + 1,
        "reason": "reset",
        "route": True,
    }
    return json.dumps(
        {
            "specversion": "1.0",
            "id": "e-1",
            "source": "/test",
            "type": type_,
            "tenantid": TENANT,
            "data": data | changes,
        }
    ).encode()


async def arrives(
    shop: Shop, body: bytes, message_id: str, session_id: str | None = None, **properties: Any
) -> None:
    message = ServiceBusMessage(
        body=body,
        message_id=message_id,
        session_id=session_id,
        application_properties=properties,
        user_properties={},
        delivery_count=1,
    )
    with use(shop.world):
        await routing.follow_events(message)


async def open_ones(shop: Shop) -> list[dict[str, Any]]:
    found = await shop.call(insights.list_exceptions, query={"code": "work-parked"})
    return list(found.body["items"])


async def test_parked_work_is_an_exception_of_its_order_and_its_replay_resolves_it(
    shop: Shop,
) -> None:
    order = await shop.place()
    body = the_event(order, order_version=order.version + 2)  # the exception itself is a version
    for _ in range(2):
        await arrives(shop, body, "e-1#r19", attempt=20, **{"original-message-id": "e-1"})
    (row,) = await open_ones(shop)
    assert (row["order_id"], row["detail"]["code"]) == (order.order_id, "attempts-exhausted")
    assert row["actions"] == ["acknowledge"]
    parked = {"parked": row["detail"]["parked"]}
    await shop.call(operations.replay_parked, parked)
    await arrives(shop, body, "e-1#p1@routing", attempt=20, **{"original-message-id": "e-1"})
    assert [again["exception_id"] for again in await open_ones(shop)] == [row["exception_id"]]
    text = {"text": "the version that was missing"}
    assert (await shop.call(orders.note_order, {"order": order.order_id}, body=text)).status < 300
    await arrives(shop, body, "e-1#p2@routing", **{"original-message-id": "e-1"})
    assert await open_ones(shop) == []


async def test_parked_work_whose_body_is_kept_apart_is_an_exception_of_its_order_too(
    shop: Shop,
) -> None:
    order = await shop.place()
    body = the_event(order, order_version=order.version + 2)
    await shop.world.claims.put(TENANT, "e-1", body)
    envelope = json.loads(body)
    del envelope["data"]
    short = json.dumps(envelope | {"dataref": "e-1"}).encode()
    of_order = f"{TENANT}:{order.order_id}"
    await arrives(shop, short, "e-1", of_order, attempt=20)
    (row,) = await open_ones(shop)
    assert (row["order_id"], row["detail"]["code"]) == (order.order_id, "attempts-exhausted")
    text = {"text": "the version that was missing"}
    assert (await shop.call(orders.note_order, {"order": order.order_id}, body=text)).status < 300
    await arrives(shop, short, "e-1#p1@routing", of_order, **{"original-message-id": "e-1"})
    assert await open_ones(shop) == []


async def test_parked_work_whose_body_is_kept_apart_may_be_about_stock_alone(shop: Shop) -> None:
    await shop.place()
    envelope = {"specversion": "1.0", "id": "e-1", "source": "/test", "tenantid": TENANT}
    short = json.dumps(envelope | {"type": "inventory.x.v1", "dataref": "gone"}).encode()
    await arrives(shop, short, "e-1", f"{TENANT}:BOOT", attempt=20)
    await arrives(shop, short, "e-2", attempt=20)
    assert len((await shop.call(operations.list_parked)).body["items"]) == 2
    assert await open_ones(shop) == []


async def test_a_person_may_close_it_and_the_next_failing_replay_opens_another(shop: Shop) -> None:
    order = await shop.place()
    body = the_event(order, order_version=99)
    await arrives(shop, body, "e-1", attempt=20)
    (row,) = await open_ones(shop)
    name, asked = {"exception": row["exception_id"]}, {"action": "acknowledge"}
    assert (await shop.call(insights.settle_exception, name, body=asked)).status == 200
    await arrives(shop, body, "e-1#p1@routing", attempt=20, **{"original-message-id": "e-1"})
    (again,) = await open_ones(shop)
    assert again["exception_id"] != row["exception_id"]


async def test_parked_work_of_no_order_is_only_parked(shop: Shop) -> None:
    order = await shop.place()
    unknown = the_event(order, order_id="o_" + "x" * 32)
    await arrives(shop, unknown, "e-1", attempt=20)
    await arrives(shop, b"not json", "e-2")
    listed = await shop.call(operations.list_parked)
    assert len(listed.body["items"]) == 1
    assert await open_ones(shop) == []


async def test_usual_work_closes_nothing(shop: Shop) -> None:
    order = await shop.place()
    await arrives(shop, the_event(order, order_version=1), "e-1")
    assert await open_ones(shop) == []


async def test_work_of_an_order_that_cannot_be_read_is_only_parked(shop: Shop) -> None:
    order = await shop.place()
    unreadable = Kind(Container.ORDERS, ORDERS.type, EventDocument)
    body = EventDocument(name="x", at=order.accepted_at, actor="x")
    stored = await shop.world.store.get(TENANT, ORDERS, order.order_id, "order")
    assert stored is not None
    broken = Replace(unreadable, "order", body, stored.etag)
    await shop.world.store.batch(TENANT, Container.ORDERS, order.order_id, (broken,))
    await arrives(shop, the_event(order, order_version=1), "e-1", attempt=20)
    listed = await shop.call(operations.list_parked)
    assert len(listed.body["items"]) == 1
