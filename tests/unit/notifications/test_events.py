"""What tenants' systems are told, and of which events."""

import json

import pytest
from pydantic import JsonValue

from shared.contracts import inventory, orders
from shared.contracts.base import Event
from shared.notifications.decide.events import (
    INTERNAL,
    PUBLIC,
    is_wanted,
    pattern_faults,
    payload_of,
)
from tests.unit.notifications.samples import NOW


def contract_names() -> set[str]:
    found = [*vars(orders).values(), *vars(inventory).values()]
    events = [c for c in found if isinstance(c, type) and issubclass(c, Event)]
    return {e.model_fields["type"].default for e in events if "type" in e.model_fields}


def test_every_event_is_either_told_or_kept_on_purpose() -> None:
    silent = {"inventory.stock-freed.v1", "inventory.stock-overcommitted.v1"}
    assert contract_names() - set(PUBLIC) - INTERNAL == silent
    assert set(PUBLIC) <= contract_names()


@pytest.mark.parametrize(
    ("patterns", "is_told"),
    [
        (("*",), True),
        (("order.*",), True),
        (("order.accepted",), True),
        (("order.held", "fulfillment.*"), False),
        (("refund.*",), False),
    ],
)
def test_an_endpoint_is_told_what_it_asked_for(patterns: tuple[str, ...], is_told: bool) -> None:
    assert is_wanted("order.accepted", patterns) is is_told


def test_a_pattern_that_fits_no_event_is_named() -> None:
    faults = pattern_faults(["order.*", "orders.*", "availability.changed"])
    assert [(f.pointer, f.code) for f in faults] == [("/events/1", "unknown-event")]


def test_a_payload_has_public_fields_and_money_but_no_stock_tasks() -> None:
    data: dict[str, JsonValue] = {
        "tenant_id": "acme",
        "order_id": "o_1",
        "currency": "EUR",
        "value_minor": 1999,
        "stock": [{"task": "end"}],
        "route": True,
        "reason": None,
        "parts": [],
    }
    found = json.loads(payload_of("order.accepted", NOW, data))
    assert found == {
        "type": "order.accepted",
        "timestamp": "2026-11-02T09:00:00.000000Z",
        "data": {"order_id": "o_1", "value": {"amount_minor": 1999, "currency": "EUR"}},
    }
