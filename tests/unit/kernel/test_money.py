"""Money never loses a cent."""

import itertools
from decimal import Decimal

import iso4217
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel.money import Money, NotMoney, cumulative_share, exponent, split_minor


def test_a_euro_in_three_is_34_33_33() -> None:
    assert Money("EUR", 100).split((1, 1, 1)) == (
        Money("EUR", 34),
        Money("EUR", 33),
        Money("EUR", 33),
    )


def test_a_refund_splits_as_its_payment_did() -> None:
    assert Money("EUR", -100).split((1, 1, 1)) == (
        Money("EUR", -34),
        Money("EUR", -33),
        Money("EUR", -33),
    )


def test_weights_that_are_all_zero_share_equally() -> None:
    assert split_minor(5, (0, 0)) == (3, 2)


@pytest.mark.parametrize("weights", [(), (1, -1)])
def test_weights_are_at_least_one_and_none_negative(weights: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="weights"):
        split_minor(5, weights)


@given(st.integers(-(10**12), 10**12), st.lists(st.integers(0, 10**6), min_size=1, max_size=20))
def test_parts_sum_to_the_whole_and_miss_their_share_by_less_than_a_cent(
    amount: int, weights: list[int]
) -> None:
    parts = split_minor(amount, weights)
    total = sum(weights) or len(weights)
    effective = weights if any(weights) else [1] * len(weights)
    assert sum(parts) == amount
    assert all(
        abs(part * total - amount * weight) < total
        for part, weight in zip(parts, effective, strict=True)
    )


@given(st.integers(-(10**9), 10**9), st.integers(1, 50), st.data())
def test_refunding_in_any_grouping_pays_the_line_exactly(
    amount: int, whole: int, data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, whole), max_size=5)))
    steps = [0, *cuts, whole]
    refunds = [
        cumulative_share(amount, later, whole) - cumulative_share(amount, earlier, whole)
        for earlier, later in itertools.pairwise(steps)
    ]
    assert sum(refunds) == amount
    assert cumulative_share(amount, 1, whole) == split_minor(amount, [1] * whole)[0]


@pytest.mark.parametrize(("counted", "whole"), [(-1, 2), (3, 2), (0, 0)])
def test_a_share_counts_units_of_the_line(counted: int, whole: int) -> None:
    with pytest.raises(ValueError, match="units"):
        cumulative_share(100, counted, whole)


@pytest.mark.parametrize(
    ("currency", "raw", "minor"),
    [("EUR", "19.99", 1999), ("JPY", "500", 500), ("KWD", "1.234", 1234), ("USD", 3, 300)],
)
def test_an_amount_is_read_in_its_currencys_minor_unit(
    currency: str, raw: str | int, minor: int
) -> None:
    assert Money.parse(currency, raw) == Money(currency, minor)


@pytest.mark.parametrize("raw", ["", "1,5", "NaN", "Infinity", "0.001", "1e99", "--1"])
def test_what_is_no_whole_number_of_cents_is_refused(raw: str) -> None:
    with pytest.raises(NotMoney) as refused:
        Money.parse("EUR", raw)
    assert refused.value.code == "amount-unreadable"


def test_an_amount_prints_with_its_currencys_decimals() -> None:
    assert [str(Money(c, 1234)) for c in ("JPY", "EUR", "KWD")] == [
        "1234 JPY",
        "12.34 EUR",
        "1.234 KWD",
    ]


def test_amounts_of_one_currency_add_and_subtract() -> None:
    five, two = Money("EUR", 5), Money("EUR", 2)
    assert (five + two, five - two, -five, two.times(3)) == (
        Money("EUR", 7),
        Money("EUR", 3),
        Money("EUR", -5),
        Money("EUR", 6),
    )


def test_currencies_do_not_mix() -> None:
    with pytest.raises(ValueError, match="do not mix"):
        Money("EUR", 1) + Money("USD", 1)


def test_an_amount_beyond_exact_json_is_a_fault() -> None:
    with pytest.raises(ValueError, match="2\\^53"):
        Money("EUR", 2**53)


def test_the_exponents_are_those_of_iso_4217() -> None:
    differing = {
        currency.code: currency.exponent
        for currency in iso4217.Currency
        if currency.exponent is not None and exponent(currency.code) != currency.exponent
    }
    assert differing == {}


def test_decimals_are_read_as_they_are() -> None:
    assert Money.parse("EUR", Decimal("0.10")).amount_minor == 10
