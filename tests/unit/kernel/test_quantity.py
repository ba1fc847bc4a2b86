"""Quantities are counts of a selling step."""

from decimal import Decimal

import pytest

from shared.kernel.quantity import NotACountOfSteps, Step


def test_eight_and_a_half_meters_sold_by_halves_are_seventeen() -> None:
    half = Step(Decimal("0.5"))
    assert half.count("8.5") == 17
    assert half.show(17) == Decimal("8.5")


def test_a_return_is_a_negative_count() -> None:
    assert Step().count("-2") == -2


@pytest.mark.parametrize("raw", ["0.3", "two", "", "NaN", "Infinity", "1e30"])
def test_what_is_no_count_of_the_step_is_refused(raw: str) -> None:
    with pytest.raises(NotACountOfSteps) as refused:
        Step(Decimal("0.5")).count(raw)
    assert refused.value.code == "quantity-not-a-multiple-of-step"


@pytest.mark.parametrize("size", ["0", "-1", "NaN"])
def test_a_step_is_positive(size: str) -> None:
    with pytest.raises(ValueError, match="positive"):
        Step(Decimal(size))


def test_whole_counts_print_without_an_exponent() -> None:
    assert str(Step(Decimal(10)).show(10)) == "100"
