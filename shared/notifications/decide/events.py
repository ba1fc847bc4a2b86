"""Which events tenants' systems are told, under which names, and what of them (pure).

The names and fields here are a published language: they do not follow the contracts inside.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from pydantic import JsonValue

from shared.kernel.errors import Fault
from shared.kernel.model import stamp

ALL: Final = "*"
TEST: Final = "test.sent"
PUBLIC: Final[Mapping[str, str]] = {
    "orders.order-accepted.v1": "order.accepted",
    "orders.order-routed.v1": "order.routed",
    "orders.order-held.v1": "order.held",
    "orders.order-released.v1": "order.released",
    "orders.order-edited.v1": "order.edited",
    "orders.parts-cancelled.v1": "order.cancelled",
    "orders.cancel-requested.v1": "order.cancel-requested",
    "orders.cancel-refused.v1": "order.cancel-refused",
    "orders.parts-reset.v1": "order.reset",
    "orders.order-closed.v1": "order.closed",
    "orders.exception-opened.v1": "order.exception-opened",
    "orders.exception-closed.v1": "order.exception-closed",
    "fulfillment.fulfillment-changed.v1": "fulfillment.changed",
    "fulfillment.parts-rejected.v1": "fulfillment.rejected",
    "fulfillment.ready-for-pickup.v1": "fulfillment.ready-for-pickup",
    "fulfillment.parts-shipped.v1": "fulfillment.shipped",
    "fulfillment.parts-handed-over.v1": "fulfillment.handed-over",
    "fulfillment.pickup-expired.v1": "fulfillment.pickup-expired",
    "fulfillment.shipment-changed.v1": "shipment.changed",
    "returns.return-changed.v1": "return.changed",
    "returns.refund-advised.v1": "refund.advised",
    "orders.refund-recorded.v1": "refund.recorded",
    "inventory.stock-changed.v1": "availability.changed",
}
# Ours alone: a hash's owner and what a person wrote down are nobody's to be told.
INTERNAL: Final = frozenset({"orders.customer-linked.v1", "orders.order-noted.v1"})
_SHOWN: Final = (
    *("order_id", "order_version", "connection", "channel", "lines", "attempt", "reason"),
    *("fulfillment_id", "location_id", "status", "expires_at", "resend", "shipment_id", "carrier"),
    *("service", "tracking", "return_id", "exception_id", "sku", "parts"),
)
_MONEY: Final = {"value_minor": "value", "refund_minor": "refund"}


def patterns() -> frozenset[str]:
    """Return everything that an endpoint may ask for."""
    names = set(PUBLIC.values())
    return frozenset({ALL, *names, *(f"{name.partition('.')[0]}.*" for name in names)})


def pattern_faults(events: Iterable[str]) -> list[Fault]:
    """Return a fault for each pattern that fits no event."""
    known = patterns()
    return [
        Fault(f"/events/{i}", "unknown-event", "no event fits; see the list in docs/events.md")
        for i, wanted in enumerate(events)
        if wanted not in known
    ]


def is_wanted(name: str, events: Iterable[str]) -> bool:
    """Tell whether patterns cover an event's public name."""
    return bool({ALL, name, f"{name.partition('.')[0]}.*"} & set(events))


def payload_of(name: str, at: datetime, data: Mapping[str, JsonValue]) -> str:
    """Return the body of a webhook: type, timestamp and the public fields of an event."""
    shown = {key: data[key] for key in _SHOWN if data.get(key) not in (None, [], "")}
    currency = data.get("currency")
    for minor, key in _MONEY.items():
        if currency is not None and data.get(minor) is not None:
            shown[key] = {"amount_minor": data[minor], "currency": currency}
    body = {"type": name, "timestamp": stamp(at), "data": shown}
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)
