"""Cells of counts: measures and times."""

import pytest

from shared.catalog.decide.cells import CellFault, instant_of, measure


@pytest.mark.parametrize(("cell", "read"), [(" 8.5 ", "8.5"), ("17", "17"), ("", None)])
def test_a_measure_is_a_decimal_number(cell: str, read: str | None) -> None:
    assert measure(cell) == read


@pytest.mark.parametrize("cell", ["8,5", "-1", "many", "1e3"])
def test_anything_else_is_no_measure(cell: str) -> None:
    with pytest.raises(CellFault, match="not-a-measure"):
        measure(cell)


@pytest.mark.parametrize(
    ("cell", "read"), [("2026-11-02T09:00:00Z", "2026-11-02T09:00:00Z"), (" ", None)]
)
def test_a_time_has_its_offset(cell: str, read: str | None) -> None:
    assert instant_of(cell) == read


@pytest.mark.parametrize("cell", ["2026-11-02T09:00:00", "yesterday"])
def test_a_time_without_an_offset_is_none(cell: str) -> None:
    with pytest.raises(CellFault, match="not-an-instant"):
        instant_of(cell)
