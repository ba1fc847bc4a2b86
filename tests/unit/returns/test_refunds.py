from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.intake import PlaceLine, PlaceOrder
from shared.flows.returned_goods import worth_between
from shared.kernel.money import Money
from shared.orders import decide as orders
from shared.orders.decide import Act, ProductFacts
from shared.orders.model import Order
from shared.returns import decide
from shared.returns.decide import Account, Paid
from shared.returns.model import Return
from tests.unit.returns.samples import NOON, a_receipt, a_return

ACT = Act("acme", NOON, "key:k1")


def a_paid_back(**changes: Any) -> Return:
    line = {"line_id": "1", "quantity": 2, "received": 2, "reason": "x", "goods_minor": 5000}
    rest = {name: changes.pop(name) for name in ("tax_minor", "tax_included") if name in changes}
    return a_return(status="received", lines=[line | rest], **changes)


def test_goods_tax_and_shipping_less_the_fee_are_paid_back() -> None:
    found = a_paid_back(tax_minor=950, shipping_minor=490, fee_minor=300)
    advice = decide.advise(found, Account(10_000, 0), NOON)
    assert (advice.goods_minor, advice.tax_minor, advice.refund_minor) == (5000, 950, 6140)
    assert [(row.kind, row.amount_minor) for row in advice.tenders] == [("original", 6140)]


def test_tax_within_the_price_is_not_paid_back_twice() -> None:
    found = a_paid_back(tax_minor=798, tax_included=True)
    assert decide.advise(found, Account(10_000, 0), NOON).refund_minor == 5000


def test_never_more_than_was_paid_less_what_was_refunded() -> None:
    assert decide.advise(a_paid_back(), Account(1200, 3800), NOON).refund_minor == 1200
    assert decide.advise(a_paid_back(), Account(0, 5000), NOON).tenders == ()


def test_a_fee_never_exceeds_what_comes_back() -> None:
    advice = decide.advise(a_paid_back(fee_minor=9000), Account(5000, 0), NOON)
    assert (advice.fee_minor, advice.refund_minor) == (5000, 0)


def test_gift_cards_come_first_and_what_was_refunded_went_that_way() -> None:
    tenders = (Paid("card", 3000, "4242"), Paid("gift-card", 1000), Paid("cash", 1000))
    first = list(decide.spread(1500, 0, tenders))
    assert [(row.kind, row.last4, row.amount_minor) for row in first] == [
        ("gift-card", None, 1000),
        ("card", "4242", 500),
    ]
    then = list(decide.spread(3400, 1500, tenders))
    assert [(row.kind, row.amount_minor) for row in then] == [("card", 2500), ("cash", 900)]


def test_like_for_like_costs_what_came_back() -> None:
    out = [{"sku": "HAT-7", "quantity": 2, "for_line": "1"}]
    found = a_return(
        lines=[
            {
                "line_id": "1",
                "quantity": 3,
                "received": 3,
                "reason": "x",
                "goods_minor": 1000,
                "tax_minor": 191,
            }
        ],
        exchange=out,
    )
    (line,) = decide.exchange_lines(found)
    assert (line.unit_price_minor, line.discount_minor, line.tax_minor) == (334, 1, 128)
    assert decide.exchange_total([line]) == 667 + 128


def test_no_more_goes_out_like_for_like_than_came() -> None:
    line = {"line_id": "1", "quantity": 2, "received": 1, "reason": "x", "goods_minor": 2500}
    out = [{"sku": "HAT-7", "quantity": 2, "for_line": "1"}]
    (sent,) = decide.exchange_lines(a_return(lines=[line], exchange=out))
    assert (sent.quantity, sent.unit_price_minor) == (1, 2500)
    nothing = a_return(lines=[line | {"received": 0, "goods_minor": 0}], exchange=out)
    assert decide.exchange_lines(nothing) == ()


def test_the_difference_of_an_exchange_is_signed() -> None:
    out = [{"sku": "HAT-7", "quantity": 1, "unit_price_minor": 6000, "tax_minor": 9}]
    advice = decide.advise(a_paid_back(exchange=out), Account(5000, 0), NOON)
    assert (advice.exchange_minor, advice.refund_minor, advice.tenders) == (6009, -1009, ())
    included = [out[0] | {"tax_included": True}]
    same = decide.advise(a_paid_back(exchange=included), Account(5000, 0), NOON)
    assert same.refund_minor == -1000


def an_order(quantity: int, unit: int, discount: int, tax: int, *, is_included: bool) -> Order:
    line = PlaceLine(
        line_id="1",
        sku="BOOT-42",
        quantity=quantity,
        unit_price=Money("EUR", unit),
        discount=Money("EUR", min(discount, unit * quantity)),
        tax=Money("EUR", tax),
        tax_included=is_included,
        taken_at="berlin",
    )
    intake = PlaceOrder(
        connection="web",
        reference="#1",
        channel="web",
        placed_at=NOON,
        currency="EUR",
        lines=(line,),
    )
    return orders.accept(intake, {"BOOT-42": ProductFacts("BOOT-42")}, ACT).order


@given(
    quantity=st.integers(1, 12),
    unit=st.integers(0, 10_000),
    discount=st.integers(0, 20_000),
    tax=st.integers(0, 5_000),
    is_included=st.booleans(),
    cuts=st.lists(st.integers(1, 5), max_size=12),
)
def test_however_units_are_grouped_the_refunds_add_up_to_what_was_paid(
    quantity: int, unit: int, discount: int, tax: int, is_included: bool, cuts: list[int]
) -> None:
    order = an_order(quantity, unit, discount, tax, is_included=is_included)
    paid, left, total = orders.paid(order), quantity, 0
    for number, cut in enumerate([*cuts, quantity]):
        units = min(cut, left)
        if not units:
            continue
        left -= units
        receipt = orders.Receipt("o_7k2.r1", "received", "berlin", str(number))
        change = orders.receive_return(order, receipt, [("1", units)], ACT)
        assert change is not None
        found = a_return(lines=[{"line_id": "1", "quantity": units, "reason": "x",
                                 "tax_included": is_included}])  # fmt: skip
        found = decide.receive(found, a_receipt(("1", units)), worth_between(order, change.order))
        account = Account(orders.refundable(order), order.refunded_minor)
        refund = decide.advise(found, account, NOON).refund_minor
        total += refund
        assert 0 <= refund <= paid
        refunded = order.refunded_minor + refund
        order = change.order.model_copy(update={"refunded_minor": refunded})
    assert (left, total) == (0, paid)


@given(
    amounts=st.lists(st.integers(0, 500), min_size=1, max_size=5),
    refunds=st.lists(st.integers(0, 300), max_size=8),
)
def test_every_tender_gets_back_at_most_what_it_paid(
    amounts: list[int], refunds: list[int]
) -> None:
    tenders = [Paid(f"tender-{n}", amount) for n, amount in enumerate(amounts)]
    back: dict[str, int] = {}
    refunded = 0
    for refund in refunds:
        amount = min(refund, sum(amounts) - refunded)
        for row in decide.spread(amount, refunded, tenders):
            back[row.kind] = back.get(row.kind, 0) + row.amount_minor
        refunded += amount
    assert sum(back.values()) == refunded
    assert all(back.get(tender.kind, 0) <= tender.amount_minor for tender in tenders)
