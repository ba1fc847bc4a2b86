"""A usual fulfillment; a test names only what matters."""

from datetime import UTC, datetime, timedelta

from shared.fulfillment.decide import queue_of
from shared.fulfillment.model import Fulfillment, Item, Status

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def an_item(**changes: object) -> Item:
    usual = {
        "line_id": "1",
        "part": 1,
        "sku": "BOOT-42",
        "quantity": 2,
        "reservation_id": "o_7k2.1.1.1",
    }
    return Item.model_validate(usual | changes, strict=False)


def a_fulfillment(*items: Item, **changes: object) -> Fulfillment:
    status = Status(str(changes.get("status", "open")))
    usual = {
        "fulfillment_id": "o_7k2.f1",
        "order_id": "o_7k2",
        "version": 1,
        "location_id": "berlin",
        "method": "ship",
        "status": status,
        "queue": queue_of("berlin", status),
        "items": items or (an_item(),),
        "created_at": NOON,
        "due_by": NOON + timedelta(hours=4),
        "currency": "EUR",
    }
    return Fulfillment.model_validate(usual | changes, strict=False)
