"""Builders of connections and of Shopify bodies written for these tests."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any, Final

from shared.channels import shopify
from shared.channels.model import Connection, Snapshot
from shared.contracts.intake import PlaceOrder

NOW: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECRET: Final = b"current-secret"


def a_connection(**changes: Any) -> Connection:
    usual = {
        "connection_id": "shop",
        "channel": "shopify",
        "created_at": NOW,
        "locations": {"77": "berlin"},
        "pickup_codes": {"pick-munich": "munich"},
        "services": {"fast": "express"},
        "default_location": "warehouse",
    }
    return Connection.model_validate(usual | changes)


def an_item(**changes: Any) -> dict[str, Any]:
    usual = {"id": 11, "sku": "BOOT-42", "title": "Boot", "quantity": 2, "price": "10.00"}
    return usual | changes


def a_body(*items: dict[str, Any], **changes: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "id": 5001,
        "name": "#17",
        "created_at": "2026-11-22T12:00:00Z",
        "updated_at": "2026-11-22T12:00:01Z",
        "currency": "EUR",
        "financial_status": "paid",
        "line_items": list(items) or [an_item()],
    }
    return usual | changes


def raw_of(body: Any) -> bytes:
    return json.dumps(body).encode()


def translated(*items: dict[str, Any], **changes: Any) -> PlaceOrder:
    found = shopify.read("orders/create", raw_of(a_body(*items, **changes)), a_connection())
    assert isinstance(found, Snapshot)
    return found.order


def signed(raw: bytes, topic: str) -> dict[str, str]:
    signature = base64.b64encode(hmac.new(SECRET, raw, hashlib.sha256).digest()).decode()
    return {
        "X-Shopify-Hmac-Sha256": signature,
        "X-Shopify-Topic": topic,
        "X-Shopify-Event-Id": "event-1",
    }
