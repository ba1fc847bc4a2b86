"""CSV files as people's spreadsheets write them."""

import pytest
from pydantic import JsonValue

from shared.catalog.decide import (
    BYTES_MAX,
    LOCATION_COLUMNS,
    PRODUCT_COLUMNS,
    ROWS_MAX,
    read_table,
    row_errors,
    told_by,
)
from shared.catalog.decide import cells as cell
from shared.catalog.decide.cells import CellFault, Read
from shared.catalog.decide.table import Row, RowError, Table
from shared.catalog.model import LocationDetails, ProductDetails
from shared.kernel.errors import Fault, Invalid, TooLarge, Unreadable
from tests.unit.catalog.samples import csv, stored_product


def products(*lines: str) -> Table:
    return read_table(csv(*lines), PRODUCT_COLUMNS)


def told(row: Row) -> ProductDetails | tuple[RowError, ...]:
    return told_by(row, ProductDetails, PRODUCT_COLUMNS, None)


@pytest.mark.parametrize("head", ["", "\ufeff"])
@pytest.mark.parametrize("mark", [",", ";"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_marks_and_line_ends_of_every_spreadsheet_are_read(head: str, mark: str, end: str) -> None:
    text = head + end.join((f"SKU{mark} Name ", f'A-1{mark}"Boot{mark} ""red"""', "", ""))
    table = read_table(text.encode(), PRODUCT_COLUMNS)
    assert table.errors == ()
    assert table.rows == (Row(2, "A-1", {"sku": "A-1", "name": f'Boot{mark} "red"'}),)


def test_rows_are_numbered_by_where_they_begin_though_cells_hold_line_breaks() -> None:
    table = products("sku,name", 'A-1,"two\nlines"', "", "A-2,x,y")
    assert table.rows[0].line == 2
    assert table.errors == (RowError(5, None, "cell-count", "3 cells under 2 columns"),)
    assert table.refused == 1


def test_a_file_that_is_no_table_is_refused_whole() -> None:
    with pytest.raises(Unreadable, match="byte 4"):
        read_table(b"sku,\xff", PRODUCT_COLUMNS)
    with pytest.raises(Unreadable, match="header"):
        read_table(b"\n\n", PRODUCT_COLUMNS)
    with pytest.raises(TooLarge):
        read_table(b"x" * (BYTES_MAX + 1), PRODUCT_COLUMNS)


def test_every_fault_of_a_header_is_listed_at_once() -> None:
    with pytest.raises(Invalid) as refused:
        products("name,shade,name")
    assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [
        ("/header/1", "unknown-column"),
        ("/header/2", "column-twice"),
        ("/header", "column-missing"),
    ]


def test_a_file_has_a_greatest_number_of_rows() -> None:
    rows = [f"S{n}" for n in range(ROWS_MAX)]
    assert len(products("sku", *rows).rows) == ROWS_MAX
    with pytest.raises(TooLarge):
        products("sku", *rows, "one-more")


def test_reading_stops_where_quotes_do_not_match_and_says_so() -> None:
    table = products("sku,name", "A-1,Boot", 'A-2,"Boo"t', "A-3,Sock")
    assert [row.key for row in table.rows] == ["A-1"]
    assert [(error.line, error.code) for error in table.errors] == [(3, "malformed-quotes")]


def test_every_fault_of_a_row_is_listed_with_its_column() -> None:
    table = products("sku,weight_g,hazmat,price", "a b,-5,perhaps,9.99", "A-1,5,yes,9.99 EUR")
    assert [(error.line, error.column, error.code) for error in table.errors] == [
        (2, "sku", "not-an-id"),
        (2, "weight_g", "not-a-number"),
        (2, "hazmat", "not-a-flag"),
        (2, "price", "not-a-price"),
    ]
    assert [row.key for row in table.rows] == ["A-1"]


def test_a_second_row_about_the_same_sku_is_refused() -> None:
    table = products("sku,name", "A-1,Boot", "A-1,Sock")
    assert [(error.line, error.code) for error in table.errors] == [(3, "twice-in-file")]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx"])
def test_text_that_a_spreadsheet_would_run_is_refused_unless_it_is_guarded(text: str) -> None:
    with pytest.raises(CellFault) as refused:
        cell.text(text)
    assert refused.value.code == "formula"
    assert cell.text("'" + text) == text


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (cell.text, " Boot ", "Boot"),
        (cell.text, "'90s shirt", "'90s shirt"),
        (cell.text, "", None),
        (cell.whole, " 42 ", 42),
        (cell.whole, "", None),
        (cell.measure, "8.5", "8.5"),
        (cell.measure, "", None),
        (cell.instant_of, "2026-11-02T09:00:00Z", "2026-11-02T09:00:00Z"),
        (cell.instant_of, "", None),
        (cell.truth, "Yes", True),
        (cell.truth, "0", False),
        (cell.truth, "", None),
        (cell.items, "a | b|", ["a", "b"]),
        (cell.items, "", None),
        (cell.components, "A*2|B", [{"sku": "A", "quantity": 2}, {"sku": "B", "quantity": 1}]),
        (cell.components, "", None),
        (cell.price, "19.99 EUR", {"currency": "EUR", "amount_minor": 1999}),
        (cell.price, "500 JPY", {"currency": "JPY", "amount_minor": 500}),
        (cell.price, "", None),
        (cell.degrees, "52.520008", 52_520_008),
        (cell.degrees, "-0.1278", -127_800),
        (cell.degrees, "", None),
        (cell.wall, "16:30", "16:30"),
        (cell.wall, "", None),
        (cell.windows, "09:00-12:30", [{"opens": "09:00", "closes": "12:30"}]),
        (cell.windows, "", []),
        (
            cell.closures,
            "2026-12-25|2027-07-01/2027-07-14",
            [
                {"first": "2026-12-25", "last": "2026-12-25"},
                {"first": "2027-07-01", "last": "2027-07-14"},
            ],
        ),
        (cell.closures, "", None),
        (cell.cutoffs, "dhl=16:00|ups=15:30", {"dhl": "16:00", "ups": "15:30"}),
        (cell.cutoffs, "", None),
        (cell.phone, "+49 (30) 123-456", "+49 (30) 123-456"),
        (cell.phone, "", None),
    ],
)
def test_cells_say_what_their_column_asks_for(read: Read, text: str, value: JsonValue) -> None:
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "text", "code"),
    [
        (cell.key, "", "not-an-id"),
        (cell.whole, "9007199254740992", "not-a-number"),
        (cell.measure, "much", "not-a-measure"),
        (cell.instant_of, "yesterday", "not-an-instant"),
        (cell.instant_of, "2026-11-02T09:00:00", "not-an-instant"),
        (cell.components, "A*x", "not-a-number"),
        (cell.price, "19.99 eur", "not-a-price"),
        (cell.price, "1.999 EUR", "not-a-price"),
        (cell.degrees, "north", "not-degrees"),
        (cell.degrees, "NaN", "not-degrees"),
        (cell.degrees, "181", "not-degrees"),
        (cell.wall, "4 pm", "not-a-time"),
        (cell.windows, "09:00", "not-a-window"),
        (cell.closures, "25.12.2026", "not-a-day"),
        (cell.cutoffs, "dhl", "not-a-window"),
        (cell.phone, "+HYPERLINK", "not-a-phone"),
    ],
)
def test_other_cells_are_refused_with_a_code(read: Read, text: str, code: str) -> None:
    with pytest.raises(CellFault) as refused:
        read(text)
    assert refused.value.code == code


def test_a_row_tells_a_product() -> None:
    (row,) = products("sku,name,tags,price,step", "A-1,Boot,red|new,9.99 EUR,0.5").rows
    found = told(row)
    assert isinstance(found, ProductDetails)
    assert (found.tags, str(found.price), found.step) == (("red", "new"), "9.99 EUR", "0.5")


def test_what_a_row_lacks_for_a_new_product_is_named_by_its_column() -> None:
    (row,) = products("sku,kind", "A-1,cheese").rows
    errors = told(row)
    assert isinstance(errors, tuple)
    assert {(error.column, error.code) for error in errors} == {
        ("name", "missing"),
        ("kind", "enum"),
    }


def test_a_column_left_out_keeps_what_stands_and_an_empty_cell_sets_the_default() -> None:
    before = stored_product(sku="A-1", tags=["red"], weight_g=500, hazmat=True)
    (row,) = products("sku,weight_g,hazmat", "A-1,,yes").rows
    found = told_by(row, ProductDetails, PRODUCT_COLUMNS, before)
    assert isinstance(found, ProductDetails)
    assert (found.name, found.tags, found.weight_g, found.hazmat) == (
        "Boot, size 42",
        ("red",),
        0,
        True,
    )


def test_a_row_tells_a_location_with_its_hours() -> None:
    (row,) = read_table(
        csv(
            "location_id;name;kind;country;postcode;latitude;longitude;zone;monday;cutoffs;address",
            "berlin;Berlin;store;DE;10115;52.52;13.4;Europe/Berlin;09:00-18:00;dhl=16:00;Main 1",
        ),
        LOCATION_COLUMNS,
    ).rows
    found = told_by(row, LocationDetails, LOCATION_COLUMNS, None)
    assert isinstance(found, LocationDetails)
    assert (found.place.lat_e6, found.place.lines) == (52_520_000, ("Main 1",))
    assert str(found.hours.weekly.monday[0].closes) == "18:00:00"
    assert str(found.cutoffs["dhl"]) == "16:00:00"


def test_faults_of_a_document_name_the_column_that_they_come_from() -> None:
    faults = [
        Fault("/hours/weekly/monday/0/opens", "x", ""),
        Fault("/hours", "missing", ""),
        Fault("/elsewhere", "x", ""),
        Fault("", "x", ""),
    ]
    found = row_errors(7, faults, LOCATION_COLUMNS)
    assert [error.column for error in found] == ["monday", "zone", None, None]
