"""Shopify's own samples, read from the folder in ORDERLOOM_FIXTURES."""

import json
from pathlib import Path
from typing import Any

import pytest

from shared.channels import shopify
from shared.channels.model import Refunded, RefundMoney, Snapshot
from shared.channels.shopify_payloads import FulfillmentOrder
from shared.contracts.intake_check import check
from shared.kernel.model import parse_json
from shared.kernel.money import Money
from shared.orders import decide
from shared.orders.decide import Act, Change, ProductFacts
from tests.unit.channels.samples import NOW, a_connection


def accepted(folder: Path, name: str) -> Change:
    raw = (folder / "shopify" / f"{name}.json").read_bytes()
    found = shopify.read("orders/create", raw, a_connection())
    assert isinstance(found, Snapshot)
    order = found.order
    check(order.model_dump(mode="json"))
    products = {code: ProductFacts(code) for code in decide.codes_of(order)}
    return decide.accept(order, products, Act("acme", NOW, "channel:shop"))


@pytest.mark.parametrize(
    ("name", "status", "parts", "exceptions"),
    [
        ("order_cancelled_refunded", "cancelled", ["cancelled"] * 3, []),
        ("order_discount_code", "received", ["pending"], []),
        ("order_fulfilled_customer_no_address", "fulfilled", ["shipped"], []),
        ("order_guest_null_everything", "received", ["pending"], []),
        (
            "order_multi_tax_lines_two_jurisdictions",
            "received",
            ["exception"] * 3,
            ["unknown-sku"] * 3,
        ),
        ("order_pending_no_shipping_address", "on-hold", ["pending"], []),
    ],
)
def test_every_sample_order_is_accepted_as_it_stands(
    fixtures: Path, name: str, status: str, parts: list[str], exceptions: list[str]
) -> None:
    change = accepted(fixtures, name)
    assert change.order.status == status
    assert [part.state for _, part in decide.all_parts(change.order)] == parts
    assert [row.code for row in change.opened] == exceptions


def test_no_sample_order_is_left_out(fixtures: Path) -> None:
    for path in sorted((fixtures / "shopify").glob("order_*.json")):
        assert decide.total_of(accepted(fixtures, path.stem).order) > 0


def test_amounts_add_up_to_the_cent(fixtures: Path) -> None:
    order = accepted(fixtures, "order_multi_tax_lines_two_jurisdictions").order
    assert [line.tax_minor for line in order.lines] == [1107, 0, 338]
    assert decide.total_of(order) == order.total_minor == 27037
    order = accepted(fixtures, "order_cancelled_refunded").order
    assert [line.discount_minor for line in order.lines] == [334, 333, 333]
    assert decide.total_of(order) == order.total_minor == 59894


def test_an_address_of_a_sample_has_its_coordinates(fixtures: Path) -> None:
    order = accepted(fixtures, "order_cancelled_refunded").order
    assert order.bill_to is not None
    assert (order.bill_to.lat_e6, order.bill_to.lon_e6) == (45_416_340, -75_686_800)


def test_a_sample_refund_without_restock_is_money_only(fixtures: Path) -> None:
    raw = (fixtures / "shopify" / "refund_full_with_transactions.json").read_bytes()
    found = shopify.read("refunds/create", raw, a_connection())
    assert isinstance(found, Refunded)
    assert found.commands == (RefundMoney(Money("USD", 4194)),)


def test_the_published_signature_is_reproduced(fixtures: Path) -> None:
    vector: dict[str, Any] = json.loads(
        (fixtures / "shopify" / "signature_vectors.json").read_text()
    )
    headers = {vector["header"].lower(): vector["signature"]}
    raw, secret = vector["body"].encode(), vector["secret"].encode()
    assert shopify.verify(raw, headers, [b"another", secret])
    assert not shopify.verify(raw, headers, [b"another"])
    assert not shopify.verify(raw, {}, [secret])


def test_a_sample_fulfillment_order_is_understood(fixtures: Path) -> None:
    found = parse_json((fixtures / "shopify" / "fulfillment_order_open.json").read_bytes())
    body = found.get("fulfillment_order", found)
    read = FulfillmentOrder.model_validate(body)
    assert read.status == "open"
    assert len(read.line_items) == len(body["line_items"])
