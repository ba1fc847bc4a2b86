from datetime import UTC, datetime, timedelta

import pytest

from shared.adapters.embedded.documents import EmbeddedDocuments
from shared.channels import pos, service
from shared.channels.model import (
    BadSignature,
    HeaderMissing,
    InboxStatus,
    Notice,
    Snapshot,
    UnknownChannel,
)
from shared.channels.ports import Shipped
from shared.channels.service import Received
from shared.channels.shopify_payloads import FulfillmentOrder, FulfillmentOrderLine
from shared.channels.shopify_write_back import fulfillment_body
from shared.contracts.intake import Method, ReceiptLine, TillReceipt
from shared.kernel.clock import SteppedClock
from shared.kernel.documents import Container
from shared.kernel.errors import NotFound
from shared.kernel.ids import order_id
from shared.kernel.money import Money
from tests.unit.channels.samples import NOW, SECRET, a_body, a_connection, raw_of, signed

CREATE = "orders/create"


def a_store() -> EmbeddedDocuments:
    return EmbeddedDocuments(":memory:", clock=SteppedClock(NOW), threaded=False)


def received(topic: str = CREATE, **headers: str) -> Received:
    raw = raw_of(a_body())
    return service.receive(
        "acme", a_connection(), raw, signed(raw, topic) | headers, [b"older", SECRET], NOW
    )


def test_a_signed_webhook_is_read_under_either_active_secret() -> None:
    found = received(**{"X-Shopify-Triggered-At": "2026-11-22T11:59:59Z"})
    assert isinstance(found.intent, Snapshot)
    assert found.key == order_id("acme", "shop", "5001")
    assert (found.envelope.dedupe_key, found.envelope.reference) == ("event-1", "5001")
    assert found.envelope.occurred_at == datetime(2026, 11, 22, 11, 59, 59, tzinfo=UTC)
    assert found.envelope.payload is None


@pytest.mark.parametrize("secrets", [[], [b"other"]])
def test_a_body_that_is_not_signed_is_turned_away(secrets: list[bytes]) -> None:
    raw = raw_of(a_body())
    with pytest.raises(BadSignature):
        service.receive("acme", a_connection(), raw, signed(raw, CREATE), secrets, NOW)
    with pytest.raises(BadSignature):
        service.receive("acme", a_connection(), raw + b" ", signed(raw, CREATE), [SECRET], NOW)


def test_a_webhook_says_its_topic_and_comes_of_a_channel_that_we_know() -> None:
    raw = raw_of(a_body())
    with pytest.raises(HeaderMissing):
        service.receive("acme", a_connection(), raw, signed(raw, ""), [SECRET], NOW)
    with pytest.raises(UnknownChannel):
        service.receive("acme", a_connection(channel="store"), raw, {}, [SECRET], NOW)


def test_an_event_without_a_name_is_known_by_topic_and_content() -> None:
    found = received(**{"X-Shopify-Event-Id": "", "X-Shopify-Triggered-At": "yesterday"})
    assert found.envelope.dedupe_key == f"{CREATE}:{found.envelope.sha256}"
    assert found.envelope.occurred_at == NOW


def test_what_is_about_no_order_lies_in_the_connections_own_partition() -> None:
    assert received("themes/publish").key == "inbox:shop"
    assert received("themes/publish").intent == Notice("themes/publish")


async def test_a_webhook_is_remembered_once() -> None:
    store = a_store()
    assert not await service.is_known(store, "acme", received())
    assert await service.acknowledge(store, "acme", received())
    assert not await service.acknowledge(store, "acme", received())
    assert await service.is_known(store, "acme", received())
    assert not await service.is_known(store, "globex", received())
    await store.close()


async def test_an_update_before_its_order_waits_for_it() -> None:
    store = a_store()
    raw = raw_of(a_body())
    update = received("orders/updated")
    assert await service.keep_waiting(store, "acme", update, raw)
    assert not await service.keep_waiting(store, "acme", update, raw)
    (row,) = await service.waiting(store, "acme", update.key)
    assert row.body.payload == raw.decode()
    assert service.read_again(row.body, a_connection()) == update.intent
    finish = service.finish_waiting(row)
    assert (finish.body.status, finish.body.payload) == (InboxStatus.DONE, None)
    await store.batch("acme", Container.ORDERS, update.key, (finish,))
    assert await service.waiting(store, "acme", update.key) == ()
    await store.close()


async def test_connections_are_kept_and_forgotten() -> None:
    store = a_store()
    with pytest.raises(NotFound):
        await service.get_connection(store, "acme", "shop")
    await service.save_connection(store, "acme", a_connection())
    changed = a_connection(is_active=False)
    await service.save_connection(store, "acme", changed)
    assert await service.get_connection(store, "acme", "shop") == changed
    assert len((await service.list_connections(store, "acme")).items) == 1
    assert await service.forget_connection(store, "acme", "shop")
    assert not await service.forget_connection(store, "acme", "shop")
    await store.close()


def test_a_receipt_is_an_order_of_its_till_and_business_date() -> None:
    price = Money("EUR", 1000)
    receipt = TillReceipt(
        store="berlin", till="3", business_date="2026-11-22", number="0042", sold_at=NOW,
        currency="EUR",
        lines=(
            ReceiptLine(line="1", code="4006381333931", quantity=1, unit_price=price),
            ReceiptLine(line="2", code="BOOT", quantity=1, unit_price=price, deliver=Method.SHIP),
            ReceiptLine(line="3", code="BOOT", quantity=1, unit_price=price, deliver=Method.PICKUP),
        ),
    )  # fmt: skip
    order = pos.order_of(receipt)
    assert (order.connection, order.reference, order.channel) == (
        "berlin:3:2026-11-22", "0042", "store",
    )  # fmt: skip
    assert [(row.taken_at, row.method, row.pickup_location) for row in order.lines] == [
        ("berlin", "ship", None), (None, "ship", None), (None, "pickup", "berlin"),
    ]  # fmt: skip


def a_fulfillment_order(**changes: object) -> FulfillmentOrder:
    lines = (
        FulfillmentOrderLine(id=1, line_item_id=11, fulfillable_quantity=1),
        FulfillmentOrderLine(id=2, line_item_id=12, fulfillable_quantity=1),
    )
    return FulfillmentOrder.model_validate(
        {"id": 900, "status": "open", "line_items": lines} | changes
    )


def test_what_left_is_told_against_the_open_fulfillment_orders() -> None:
    shipped = Shipped("5001", "s1", {"11": 2}, "dhl", ("JD01",))
    found = [a_fulfillment_order(id=899, status="closed"), a_fulfillment_order()]
    found += [a_fulfillment_order(id=901), a_fulfillment_order(id=902)]
    body = fulfillment_body(shipped, found)
    assert body == {
        "fulfillment": {
            "line_items_by_fulfillment_order": [
                {
                    "fulfillment_order_id": 900,
                    "fulfillment_order_line_items": [{"id": 1, "quantity": 1}],
                },
                {
                    "fulfillment_order_id": 901,
                    "fulfillment_order_line_items": [{"id": 1, "quantity": 1}],
                },
            ],
            "tracking_info": {"company": "dhl", "numbers": ["JD01"]},
            "notify_customer": True,
        }
    }
    assert fulfillment_body(Shipped("5001", "s1", {"99": 1}), found) is None
    plain = fulfillment_body(Shipped("5001", "s1", {"12": 1}), [a_fulfillment_order()])
    assert plain is not None


def test_inbox_rows_last_a_week() -> None:
    assert service.remember(received()).ttl_s == timedelta(days=7).total_seconds()
