from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from shared.kernel.errors import Invalid, NotFound
from shared.returns.decide import (
    Named,
    Out,
    Policy,
    check_request,
    check_returnable,
    customer_zone,
    hashes_of_purchase,
    known,
    name_hash,
    new_return,
    returnable,
    spoken_for,
    units_by_line,
    window_of,
)
from shared.returns.decide.lookups import card_hash, folded_name
from shared.returns.decide.policy import window_end
from shared.returns.model import (
    RETURNS_MAX,
    FinalSale,
    NotReturnable,
    ReturnDiffers,
    TooMany,
    WindowClosed,
)
from tests.unit.returns.samples import (
    BERLIN,
    NOON,
    POLICY,
    TERMS,
    a_request,
    a_return,
    a_sale,
    a_sold_line,
)

KEY = b"k" * 32
ONE = [Named("1", None, 1, "too-small")]


def test_the_last_day_counts_to_its_end() -> None:
    assert window_end(NOON, 30, BERLIN) == datetime(2026, 12, 23, 23, tzinfo=UTC)
    assert window_end(NOON, 0, BERLIN) == datetime(2026, 11, 23, 23, tzinfo=UTC)


def test_a_window_over_a_clock_change_ends_at_the_walls_midnight() -> None:
    sold = datetime(2026, 10, 20, 10, tzinfo=UTC)
    assert window_end(sold, 4, BERLIN) == datetime(2026, 10, 24, 22, tzinfo=UTC)
    assert window_end(sold, 5, BERLIN) == datetime(2026, 10, 25, 23, tzinfo=UTC)


def test_an_unknown_zone_of_a_channel_is_the_tenants() -> None:
    assert customer_zone("Mars/Olympus", "Europe/Berlin") == BERLIN
    assert customer_zone(None, "Europe/Berlin") == BERLIN
    assert str(customer_zone("Asia/Tokyo", "Europe/Berlin")) == "Asia/Tokyo"


def test_what_is_under_way_has_no_end_of_its_window_yet() -> None:
    line = a_sold_line(out=(Out(1, None), Out(1, NOON - timedelta(days=60))))
    window = window_of(line, (), POLICY, NOON)
    assert (window.units, window.until) == (1, None)
    with pytest.raises(WindowClosed) as refused:
        check_returnable(line, 2, (), POLICY, NOON)
    assert refused.value.until == datetime(2026, 10, 24, 22, tzinfo=UTC)


def test_what_nobody_has_has_no_window() -> None:
    window = window_of(a_sold_line(out=()), (), POLICY, NOON)
    assert (window.units, window.until) == (0, None)


@pytest.mark.parametrize(
    "line",
    [
        a_sold_line(is_final_sale=True),
        a_sold_line(return_class="final-sale"),
        a_sold_line(return_class="not-returnable"),
    ],
)
def test_what_was_sold_for_good_stays_sold(line: Any) -> None:
    assert window_of(line, (), POLICY, NOON).units == 0
    with pytest.raises(FinalSale):
        check_returnable(line, 1, (), POLICY, NOON)


@pytest.mark.parametrize(("days", "possible"), [(13, 2), (14, 0)])
def test_a_return_class_may_name_its_own_days(days: int, possible: int) -> None:
    line = a_sold_line(return_class="13-days")
    now = NOON + timedelta(days=days)
    assert window_of(line, (), Policy(5, BERLIN), now).units == possible


def test_only_open_returns_speak_for_units() -> None:
    rows = [
        a_return(status=status)
        for status in ("requested", "declined", "cancelled", "inspected", "closed")
    ]
    other = a_return(lines=[{"line_id": "2", "quantity": 9, "reason": "x"}])
    half = a_return(
        status="received",
        lines=[{"line_id": "1", "quantity": 3, "received": 2, "reason": "x"}],
    )
    assert spoken_for([*rows, other, half], "1") == 3
    assert returnable(a_sold_line(out=(Out(4, NOON),)), [*rows, other, half]) == 1
    assert returnable(a_sold_line(), [*rows, other, half]) == 0


def test_open_returns_are_of_the_oldest_units() -> None:
    line = a_sold_line(out=(Out(2, NOON - timedelta(days=60)), Out(2, NOON)))
    assert window_of(line, (), POLICY, NOON).units == 2
    assert window_of(line, (a_return(),), POLICY, NOON).units == 2
    three = a_return(lines=[{"line_id": "1", "quantity": 3, "reason": "x"}])
    assert window_of(line, (three,), POLICY, NOON).units == 1


def test_a_request_becomes_a_return_that_waits_for_approval() -> None:
    made = new_return(a_sale(), a_request(reference="R-1"), ONE, TERMS, NOON)
    assert (made.return_id, made.status, made.reference) == ("o_7k2.r1", "requested", "R-1")
    (line,) = made.lines
    assert (line.line_id, line.sku, line.quantity, line.reason) == (
        "1",
        "BOOT-42",
        1,
        "too-small",
    )
    assert made.override is None


def test_an_override_goes_past_the_window_and_never_past_the_units() -> None:
    sale = a_sale(a_sold_line(is_final_sale=True))
    made = new_return(sale, a_request(override="faulty"), ONE, TERMS, NOON)
    assert made.override is not None
    with pytest.raises(NotReturnable):
        new_return(sale, a_request(override="faulty"), [Named("1", None, 3, "x")], TERMS, NOON)


def test_an_order_has_so_many_returns() -> None:
    closed = tuple(a_return(status="closed") for _ in range(RETURNS_MAX))
    with pytest.raises(TooMany):
        new_return(a_sale(returns=closed), a_request(), ONE, TERMS, NOON)


def test_the_same_command_and_the_same_reference_are_known_again() -> None:
    request = a_request(reference="R-1")
    made = new_return(a_sale(), request, ONE, TERMS, NOON)
    assert known([made], request, "c-2") == made
    assert known([made], a_request(), "c-1") == made
    assert known([made], a_request(), "c-2") is None
    with pytest.raises(ReturnDiffers):
        known([made], a_request(reference="R-1", received=True, location_id="x"), "c-1")


def test_units_of_a_sku_go_to_its_lines_in_turn() -> None:
    sale = a_sale(a_sold_line(), a_sold_line(line_id="2"), a_sold_line(line_id="3", sku="HAT-7"))
    rows = [Named("1", None, 1, "a"), Named(None, "BOOT-42", 2, "b")]
    assert units_by_line(sale, rows) == {"1": (2, "a"), "2": (1, "b")}
    assert units_by_line(sale, [Named(None, "BOOT-42", 9, "b")]) == {"1": (2, "b"), "2": (7, "b")}


@pytest.mark.parametrize("row", [Named(None, None, 1), Named(None, "SOCK-1", 1)])
def test_a_code_that_the_order_has_not_is_no_line(row: Named) -> None:
    with pytest.raises(NotFound):
        units_by_line(a_sale(), [row])


def test_a_line_that_the_order_has_not_is_refused() -> None:
    with pytest.raises(NotFound):
        new_return(a_sale(), a_request(), [Named("9", None, 1, "x")], TERMS, NOON)


def codes(error: pytest.ExceptionInfo[Invalid]) -> list[str]:
    return [fault.code for fault in error.value.faults]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"order_id": None}, ["one-order"]),
        ({"connection": "web", "order_reference": "#1"}, ["one-order"]),
        ({"received": True}, ["location-missing"]),
        ({"lines": [{"quantity": 1, "reason": "x"}]}, ["one-name"]),
        (
            {"exchange": [{"sku": "A", "quantity": 1, "taken": True, "for_line": "1"}]},
            ["location-missing", "taken-before-received"],
        ),
        (
            {"exchange": [{"sku": "A", "quantity": 1, "method": "pickup", "for_line": "1"}]},
            ["pickup-without-location"],
        ),
    ],
)
def test_a_request_that_contradicts_itself_lists_every_fault(
    changes: dict[str, Any], expected: list[str]
) -> None:
    with pytest.raises(Invalid) as refused:
        check_request(a_request(**changes))
    assert codes(refused) == expected


def test_an_order_is_named_by_its_channels_reference_too() -> None:
    check_request(a_request(order_id=None, connection="web", order_reference="#1"))


def money(minor: int, currency: str = "EUR") -> dict[str, Any]:
    return {"currency": currency, "amount_minor": minor}


@pytest.mark.parametrize(
    ("out", "expected"),
    [
        ([{"unit_price": money(5), "for_line": "1"}], ["two-prices"]),
        ([{"for_line": "1"}, {"for_line": "1"}], ["line-twice"]),
        ([{"unit_price": money(5, "USD")}], ["mixed-currencies"]),
        ([{"unit_price": money(5), "tax": money(1, "USD")}], ["mixed-currencies"]),
        ([{"unit_price": money(5), "discount": money(6)}], ["discount-above-value"]),
        ([{}], ["price-missing"]),
    ],
)
def test_what_goes_out_has_one_price_in_the_orders_currency(
    out: list[dict[str, Any]], expected: list[str]
) -> None:
    rows = [{"sku": "HAT-7", "quantity": 1} | row for row in out]
    with pytest.raises(Invalid) as refused:
        new_return(a_sale(), a_request(exchange=rows), ONE, TERMS, NOON)
    assert codes(refused) == expected


def test_a_fee_is_in_the_orders_currency() -> None:
    with pytest.raises(Invalid) as refused:
        new_return(a_sale(), a_request(fee=money(1, "USD")), ONE, TERMS, NOON)
    assert codes(refused) == ["mixed-currencies"]
    assert new_return(a_sale(), a_request(fee=money(7)), ONE, TERMS, NOON).fee_minor == 7


def test_an_exchange_line_keeps_what_it_was_told() -> None:
    row = {
        "sku": "HAT-7",
        "quantity": 2,
        "unit_price": money(500),
        "discount": money(10),
        "tax": money(3),
        "taken": True,
    }
    made = new_return(a_sale(), a_request(exchange=[row], location_id="munich"), ONE, TERMS, NOON)
    (line,) = made.exchange
    assert (line.unit_price_minor, line.discount_minor, line.tax_minor) == (500, 10, 3)
    assert line.taken_at == "munich"


def test_like_for_like_has_no_price_of_its_own() -> None:
    row = {"sku": "HAT-7", "quantity": 1, "for_line": "1"}
    (line,) = new_return(a_sale(), a_request(exchange=[row]), ONE, TERMS, NOON).exchange
    assert (line.for_line, line.unit_price_minor) == ("1", None)


def test_a_name_is_the_same_in_any_case_accents_and_order() -> None:
    assert folded_name("  ÅSA  Märtens-Groß ") == "asa gross martens"
    on = date(2026, 11, 23)
    assert name_hash(KEY, "Anna Maier", on) == name_hash(KEY, "maier, ANNA", on)
    assert name_hash(KEY, "Anna Maier", on) != name_hash(KEY, "Anna Maier", date(2026, 11, 24))
    assert name_hash(KEY, "--", on) is None


def test_a_purchase_is_hashed_with_the_day_of_its_customer() -> None:
    late = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)  # past midnight in Berlin
    on = date(2026, 11, 24)
    found = hashes_of_purchase(
        KEY, ["4242", None, "4242", "1111"], ["Anna", None, "anna", "?"], late, BERLIN
    )
    assert found == (
        card_hash(KEY, "4242", on),
        card_hash(KEY, "1111", on),
        name_hash(KEY, "Anna", on),
    )


def test_an_order_carries_a_bounded_number_of_hashes() -> None:
    cards = [f"000{n}" for n in range(9)]
    names = [f"name {n}" for n in range(9)]
    assert len(hashes_of_purchase(KEY, cards, names, NOON, BERLIN)) == 6
