import pytest

from shared.channels import shopify
from shared.channels.model import (
    CancelUnits,
    Notice,
    Privacy,
    ReceiveUnits,
    Refunded,
    RefundMoney,
    Snapshot,
)
from shared.contracts.intake import Address
from shared.contracts.intake_check import check
from shared.kernel.errors import Invalid, TooLarge, Unreadable
from shared.kernel.money import Money, NotMoney
from tests.unit.channels.samples import a_body, a_connection, an_item, raw_of, translated


def eur(amount_minor: int) -> Money:
    return Money("EUR", amount_minor)


def test_the_bare_order_becomes_the_canonical_one() -> None:
    order = translated(tags="vip, , gift", note="Ring", total_price="20.00")
    check(order.model_dump(mode="json"))
    assert (order.connection, order.reference, order.number) == ("shop", "5001", "#17")
    assert (order.tags, order.note, order.total) == (("vip", "gift"), "Ring", eur(2000))
    (line,) = order.lines
    assert (line.line_id, line.sku, line.quantity, line.unit_price) == (
        "11", "BOOT-42", 2, eur(1000),
    )  # fmt: skip
    assert (line.kind, line.discount, line.tax, line.channel_line) == (None, None, None, "11")


def test_quantities_come_as_strings_and_fractions() -> None:
    (line,) = translated(an_item(quantity="2")).lines
    assert (line.quantity, line.measure) == (2, None)
    (line,) = translated(an_item(quantity=1.5)).lines
    assert (line.quantity, line.measure) == (None, "1.5")
    with pytest.raises(Invalid):
        translated(an_item(quantity=-1))


def test_a_sku_that_is_no_identifier_is_looked_up_as_an_alias() -> None:
    (line,) = translated(an_item(sku="BOOT 42/b")).lines
    assert (line.sku, line.alias) == (None, "BOOT 42/b")


def test_discounts_are_the_allocations_and_never_above_the_price() -> None:
    rows = [{"amount": "3.34"}, {"amount": 0.16}]
    (line,) = translated(an_item(total_discount="9.00", discount_allocations=rows)).lines
    assert line.discount == eur(350)
    (line,) = translated(an_item(total_discount="9.00")).lines
    assert line.discount == eur(900)
    (line,) = translated(an_item(total_discount="99.00")).lines
    assert line.discount == eur(2000)


def test_a_tax_known_for_the_order_only_is_shared_by_value() -> None:
    shipping = {"price": "5.00", "tax_lines": [{"price": "0.50"}]}
    order = translated(
        an_item(), an_item(id=12, quantity=1), an_item(id=13, price="0.00"),
        total_tax="3.51", shipping_lines=[shipping],
    )  # fmt: skip
    assert [line.tax for line in order.lines] == [eur(201), eur(100), None]
    assert (order.shipping, order.shipping_tax) == (eur(500), eur(50))


def test_taxes_of_lines_are_their_own() -> None:
    rows = [{"price": "1.00"}, {"price": "0.25"}]
    order = translated(an_item(tax_lines=rows), an_item(id=12), taxes_included=True)
    assert [(line.tax, line.tax_included) for line in order.lines] == [
        (eur(125), True), (None, True),
    ]  # fmt: skip


def test_shipping_discounts_and_services_are_read() -> None:
    shipping = {"price": "5.00", "code": "fast", "discount_allocations": [{"amount": "5.00"}]}
    order = translated(shipping_lines=[shipping])
    assert (order.shipping_discount, order.shipping_choice) == (eur(500), "express")


def test_a_pickup_option_names_our_store_for_what_is_carried() -> None:
    option = [{"price": "0.00", "code": "pick-munich"}]
    order = translated(
        an_item(), an_item(id=12, requires_shipping="false"), an_item(id=13, gift_card=True),
        shipping_lines=option,
    )  # fmt: skip
    assert [(line.method, line.pickup_location, line.kind) for line in order.lines] == [
        ("pickup", "munich", None),
        ("ship", None, "digital"),
        ("ship", None, "gift-card"),
    ]


def test_a_sale_of_a_shopify_till_left_our_store() -> None:
    item = an_item(fulfillment_status="fulfilled", fulfillable_quantity=0)
    (line,) = translated(item, source_name="pos", location_id=77).lines
    assert (line.taken_at, line.fulfilled) == ("berlin", 0)
    (line,) = translated(item, source_name="pos", location_id=78).lines
    assert (line.taken_at, line.fulfilled) == (None, 2)


def test_removed_and_fulfilled_units_arrive_so() -> None:
    item = an_item(
        quantity=5, current_quantity=4, fulfillable_quantity=1, fulfillment_status="partial"
    )
    (line,) = translated(item).lines
    assert (line.cancelled, line.fulfilled) == (1, 3)


@pytest.mark.parametrize(
    ("status", "payment"),
    [
        ("paid", "paid"),
        ("authorized", "paid"),
        ("pending", "unpaid"),
        ("odd", "unpaid"),
        (None, "unpaid"),
    ],
)
def test_only_money_that_is_there_lets_an_order_go(status: str | None, payment: str) -> None:
    assert translated(financial_status=status).payment == payment


def test_addresses_keep_their_coordinates_and_lose_what_is_empty() -> None:
    found = translated(
        email="",
        contact_email=None,
        shipping_address={
            "first_name": "Ada", "last_name": "L", "address1": "Torstrasse 1",
            "address2": "", "zip": "10117", "country_code": "de", "latitude": 52.5163,
            "longitude": "13.3777", "city": "Berlin\u200b",
        },
        billing_address={"name": None, "latitude": 999, "country_code": "XXX"},
    )  # fmt: skip
    assert found.ship_to == Address(
        name="Ada L", lines=("Torstrasse 1",), postcode="10117", country="DE",
        locality="Berlin", lat_e6=52_516_300, lon_e6=13_377_700,
    )  # fmt: skip
    assert found.bill_to is None
    assert found.customer is not None
    assert (found.customer.name, found.customer.email) == ("Ada L", None)


def test_an_order_without_a_customer_or_lines_is_translated() -> None:
    order = translated(customer=None, line_items=None)
    assert (order.customer, order.lines) == (None, ())


def test_the_customer_is_read_where_the_order_is_silent() -> None:
    person = {"first_name": "Ada", "last_name": None, "email": "a@example.org", "phone": "+49"}
    order = translated(customer=person)
    assert order.customer is not None
    assert (order.customer.name, order.customer.email, order.customer.phone) == (
        "Ada", "a@example.org", "+49",
    )  # fmt: skip


def test_what_cannot_be_an_order_is_refused_with_its_reason() -> None:
    with pytest.raises(Unreadable):
        translated(created_at=None)
    with pytest.raises(Unreadable):
        translated(currency="")
    with pytest.raises(NotMoney):
        translated(an_item(price="1.005"))
    with pytest.raises(TooLarge):
        translated(*[an_item(id=n) for n in range(1, 202)])
    with pytest.raises(Invalid):
        shopify.read("orders/create", b"{}", a_connection())


def test_a_cancelled_order_says_so_by_topic_or_date() -> None:
    found = shopify.read("orders/cancelled", raw_of(a_body()), a_connection())
    assert isinstance(found, Snapshot)
    assert (found.order.cancelled, found.is_create) == (True, False)
    assert translated(cancelled_at="2026-11-22T13:00:00Z").cancelled


def test_a_refund_cancels_receives_or_only_pays() -> None:
    body = {
        "id": 9, "order_id": 5001, "created_at": "2026-11-22T14:00:00Z",
        "refund_line_items": [
            {"line_item_id": 11, "quantity": "1", "restock_type": "cancel"},
            {"line_item_id": 12, "quantity": 2, "restock_type": "return", "location_id": 77},
            {"line_item_id": 13, "quantity": 1, "restock_type": "legacy_restock"},
            {"line_item_id": 14, "quantity": 1, "restock_type": "no_restock"},
            {"line_item_id": 15, "quantity": 0, "restock_type": "cancel"},
        ],
        "transactions": [
            {"kind": "refund", "status": "success", "amount": "41.94", "currency": "EUR"},
            {"kind": "refund", "status": "success", "amount": "0.06", "currency": "EUR"},
            {"kind": "refund", "status": "failure", "amount": "9.00", "currency": "EUR"},
            {"kind": "void", "status": "success", "amount": "9.00", "currency": "EUR"},
        ],
    }  # fmt: skip
    found = shopify.read("refunds/create", raw_of(body), a_connection())
    assert isinstance(found, Refunded)
    assert (found.reference, found.refund_id) == ("5001", "9")
    assert found.commands == (
        CancelUnits("11", 1),
        ReceiveUnits("12", 2, "berlin"),
        ReceiveUnits("13", 1, "warehouse"),
        RefundMoney(eur(4200)),
    )


def test_privacy_requests_and_removed_apps_are_notices() -> None:
    body = {
        "customer": {"email": "a@example.org", "phone": "+49"},
        "orders_to_redact": [1], "orders_requested": [2],
    }  # fmt: skip
    found = shopify.read("customers/redact", raw_of(body), a_connection())
    asked = Notice("customers/redact", Privacy.ERASE, "a@example.org", "+49", ("1", "2"))
    assert found == asked
    told = shopify.read("customers/data_request", b"{}", a_connection())
    assert told == Notice("customers/data_request", Privacy.TELL)
    gone = shopify.read("shop/redact", b"{}", a_connection())
    assert gone == Notice("shop/redact", Privacy.ERASE_SHOP)
    assert shopify.read("app/uninstalled", b"{}", a_connection()) == Notice("app/uninstalled")
    assert shopify.read("themes/publish", b"{}", a_connection()) == Notice("themes/publish")
