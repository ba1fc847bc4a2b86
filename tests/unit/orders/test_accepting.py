from datetime import timedelta
from decimal import Decimal

import pytest

from shared.contracts.intake import Contact, ItemKind
from shared.contracts.intake_check import read_place_order
from shared.contracts.stock import Move
from shared.kernel.errors import Invalid
from shared.orders import decide
from shared.orders.decide import ProductFacts
from shared.orders.refusals import OrderDiffers
from tests.unit.orders.samples import (
    ACT,
    NOW,
    PRODUCTS,
    a_line,
    accepted,
    an_intake,
    an_order,
    eur,
    part_of,
    states,
    told,
)

TOTALS = b'"placed_at":"2026-11-22T12:00:00Z","currency":"EUR"'
HEAD = b'"connection":"web","reference":"1","channel":"web",' + TOTALS


def read(lines: str, more: str = "") -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refused:
        read_place_order(b"{" + HEAD + more.encode() + b',"lines":[' + lines.encode() + b"]}")
    return [(fault.pointer, fault.code) for fault in refused.value.faults]


def test_every_fault_of_form_and_sense_is_listed_at_once() -> None:
    line = (
        '{"quantity":0,"unit_price":{"amount_minor":-5,"currency":"USD"},"method":"pickup"},'
        '{"line_id":"1","quantity":1,"unit_price":{"amount_minor":5,"currency":"EUR"}}'
    )
    assert read(line) == [
        ("/lines/0/quantity", "greater-than-equal"),
        ("/lines/0/unit_price", "negative-amount"),
        ("/lines/0/unit_price/currency", "mixed-currencies"),
        ("/lines/0/pickup_location", "pickup-without-location"),
        ("/lines/1/line_id", "duplicate-line-id"),
    ]


def test_a_line_has_one_quantity_and_no_more_done_than_ordered() -> None:
    price = '"unit_price":{"amount_minor":5,"currency":"EUR"}'
    assert read(f'{{{price}}},{{{price},"quantity":1,"fulfilled":1,"cancelled":1}}') == [
        ("/lines/0/quantity", "one-quantity"),
        ("/lines/1/fulfilled", "more-than-ordered"),
    ]


def test_a_discount_above_the_price_is_refused() -> None:
    line = (
        '{"measure":"1.5","unit_price":{"amount_minor":3,"currency":"EUR"},'
        '"discount":{"amount_minor":6,"currency":"EUR"}}'
    )
    assert read(line) == [("/lines/0/discount", "discount-above-value")]


@pytest.mark.parametrize("lines", ['3,"x"', '{"line_id":7,"quantity":"NaN","unit_price":"x"}'])
def test_what_is_not_of_its_form_hides_no_other_fault(lines: str) -> None:
    assert all(pointer.startswith("/lines/") for pointer, _ in read(lines))


def test_a_body_that_is_no_object_is_refused() -> None:
    with pytest.raises(Invalid):
        read_place_order(b"[]")


def test_a_good_order_is_read() -> None:
    raw = an_intake(a_line(), customer=Contact(name="Ada")).model_dump_json().encode()
    assert read_place_order(raw) == an_intake(a_line(), customer=Contact(name="Ada"))


def test_an_order_made_in_code_is_held_to_the_same_sense() -> None:
    with pytest.raises(Invalid) as refused:
        accepted(a_line(), a_line())
    assert [fault.code for fault in refused.value.faults] == ["duplicate-line-id"]


def test_an_accepted_order_waits_for_routing() -> None:
    change = accepted()
    assert states(change.order) == [(1, 3, "pending")]
    assert change.order.status == "received"
    assert (told(change), change.event.route, change.event.stock) == (
        "orders.order-accepted.v1", True, (),
    )  # fmt: skip
    assert change.event.model_dump()["value_minor"] == 3000
    assert change.opened == ()


def test_the_same_content_is_the_same_order_and_other_content_is_refused() -> None:
    order = an_order()
    again = an_intake(source_version=NOW + timedelta(days=1))
    assert decide.same_or_refused(order, again) is order
    with pytest.raises(OrderDiffers):
        decide.same_or_refused(order, an_intake(a_line(quantity=4)))


def test_products_are_looked_up_by_every_code_that_a_line_gives() -> None:
    intake = an_intake(a_line(sku="X", alias="y z", barcode="400"), a_line(line_id="2", sku="X"))
    assert decide.codes_of(intake) == ("X", "y z", "400")


def test_a_barcode_names_the_product_where_the_sku_does_not() -> None:
    intake = an_intake(a_line(sku=None, barcode="4006381333931"))
    change = decide.accept(intake, {"4006381333931": PRODUCTS["BOOT-42"]}, ACT)
    assert (change.order.lines[0].sku, change.order.lines[0].title) == ("BOOT-42", "Boot")
    assert change.order.skus == ("BOOT-42",)


def test_an_unknown_sku_is_accepted_and_put_before_a_person() -> None:
    change = accepted(a_line(sku="NOPE"), a_line(line_id="2"))
    assert states(change.order) == [(1, 3, "exception")]
    assert states(change.order, "2") == [(1, 3, "pending")]
    (opened,) = change.opened
    assert (opened.code, opened.line_id, opened.part) == ("unknown-sku", "1", 1)
    assert opened.actions == ("assign-sku", "cancel")
    assert opened.exception_id == f"{change.order.order_id}.x1"
    assert change.order.exceptions == 1


def test_who_settles_an_unknown_sku_reads_the_code_as_told_and_the_customers_number() -> None:
    (opened,) = accepted(a_line(sku="NOPE", alias="shop-77"), number="W-7").opened
    assert (opened.detail, opened.order_number) == ({"code_told": "NOPE, shop-77"}, "W-7")
    (nameless,) = accepted(a_line(sku=None)).opened
    assert (nameless.detail, nameless.order_number) == ({}, "#1001")


def test_very_many_unknown_skus_are_counted_in_the_last_exception() -> None:
    lines = [a_line(line_id=str(n), sku="NOPE") for n in range(1, 26)]
    change = accepted(*lines)
    assert len(change.opened) == 20
    assert change.opened[-1].detail == {"code_told": "NOPE", "more": 5}


def test_an_order_without_lines_is_an_exception_and_no_refusal() -> None:
    intake = an_intake().model_copy(update={"lines": ()})
    change = decide.accept(intake, {}, ACT)
    assert [row.code for row in change.opened] == ["order-without-lines"]
    assert change.order.status == "received"


def test_a_cancelled_order_without_lines_is_cancelled() -> None:
    intake = an_intake().model_copy(update={"lines": (), "cancelled": True})
    assert decide.accept(intake, {}, ACT).order.status == "cancelled"


def test_a_total_that_does_not_match_is_an_exception() -> None:
    change = accepted(total=eur(2900))
    assert [(row.code, row.detail) for row in change.opened] == [
        ("totals-mismatch", {"stated_minor": 2900, "gap_minor": -100})
    ]


def test_a_minor_unit_of_rounding_a_line_is_no_mismatch() -> None:
    assert accepted(total=eur(3001)).opened == ()


def test_totals_know_taxes_shipping_and_tips() -> None:
    line = a_line(discount=eur(500), tax=eur(400))
    order = an_order(
        line, shipping=eur(600), shipping_discount=eur(100), shipping_tax=eur(80), tip=eur(20),
        tenders=({"kind": "card", "amount": eur(3500), "last4": "4242"},),
    )  # fmt: skip
    assert decide.total_of(order) == 2500 + 400 + 500 + 80 + 20
    assert decide.paid(order) == 3500
    included = an_order(line.model_copy(update={"tax_included": True}), shipping_tax=eur(80))
    assert decide.total_of(included) == 2500


def test_digital_goods_are_delivered_once_paid() -> None:
    line = a_line(sku=None, kind=ItemKind.DIGITAL)
    paid = accepted(line)
    assert states(paid.order) == [(1, 3, "delivered")]
    assert (paid.order.status, paid.opened, paid.event.route) == ("fulfilled", (), False)
    unpaid = accepted(line, payment="unpaid")
    assert states(unpaid.order) == [(1, 3, "pending")]
    assert [hold.reason for hold in unpaid.order.holds] == ["payment"]


def test_an_unpaid_order_carries_a_payment_hold_beside_the_wished_ones() -> None:
    change = accepted(payment="unpaid", holds=({"reason": "fraud", "note": "check"},))
    assert [(hold.reason, hold.note) for hold in change.order.holds] == [
        ("payment", None), ("fraud", "check"),
    ]  # fmt: skip
    assert (change.order.status, change.event.route) == ("on-hold", False)
    assert decide.paid(change.order) == 0


def test_preordered_goods_wait_for_their_release_date() -> None:
    change = accepted(a_line(release_at=NOW + timedelta(days=9)))
    assert states(change.order) == [(1, 3, "preordered")]
    assert change.event.route  # so that their demand is queued
    assert states(an_order(a_line(release_at=NOW))) == [(1, 3, "pending")]


def test_what_arrives_fulfilled_or_cancelled_stays_so() -> None:
    change = accepted(a_line(quantity=6, fulfilled=1, cancelled=2), payment="unpaid")
    assert states(change.order) == [(1, 1, "shipped"), (2, 2, "cancelled"), (3, 3, "pending")]
    assert change.event.stock == ()
    everything = an_order(a_line(fulfilled=3), payment="unpaid", holds=({"reason": "fraud"},))
    assert (everything.status, everything.holds) == ("fulfilled", ())
    assert an_order(cancelled=True).status == "cancelled"


def test_what_a_till_handed_out_left_the_shelf() -> None:
    change = accepted(a_line(taken_at="berlin"), a_line(line_id="2"))
    assert states(change.order) == [(1, 3, "handed-over")]
    movement = decide.till_movement_id("web", "#1001", "1")
    assert change.event.stock == (
        Move(
            movement_id=movement, sku="BOOT-42", location_id="berlin", on_hand=-3, at=NOW,
            reason="sold-at-till", order_id=change.order.order_id,
        ),
    )  # fmt: skip


def test_an_unknown_article_sold_at_a_till_is_gone_and_asked_about() -> None:
    change = accepted(a_line(sku="NOPE", taken_at="berlin"))
    assert states(change.order) == [(1, 3, "handed-over")]
    assert (change.event.stock, [row.code for row in change.opened]) == ((), ["unknown-sku"])


def test_a_measure_becomes_a_count_of_selling_steps_with_an_exact_value() -> None:
    fabric = {"FABRIC": ProductFacts("FABRIC", step=Decimal("0.5"))}
    line = a_line(sku="FABRIC", quantity=None, measure="8.5", unit_price=eur(999))
    change = decide.accept(an_intake(line), fabric, ACT)
    (made,) = change.order.lines
    assert (made.quantity, made.value_minor) == (17, 8492)  # 84.915 rounded half up
    assert made.unit_price_minor == 500


@pytest.mark.parametrize("measure", ["0.3", "0"])
def test_a_measure_that_is_no_count_of_steps_is_refused(measure: str) -> None:
    with pytest.raises(Invalid) as refused:
        accepted(a_line(quantity=None, measure=measure))
    (fault,) = refused.value.faults
    assert (fault.pointer, fault.code) == ("/lines/0/measure", "quantity-not-a-multiple-of-step")


def test_notes_tiers_and_lookups_are_kept() -> None:
    change = decide.accept(
        an_intake(note="Ring twice"), PRODUCTS, ACT, pool_id="eu", lookups=("h1",),
        customer_tier="gold",
    )  # fmt: skip
    order = change.order
    assert order.notes[0].text == "Ring twice"
    assert (order.pool_id, order.lookups, order.customer_tier) == ("eu", ("h1",), "gold")
    assert part_of(order).reason is None
