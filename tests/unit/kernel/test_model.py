"""Foreign JSON is read strictly, and every fault is named without echoing the input."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from shared.kernel.errors import Invalid, Unreadable
from shared.kernel.model import (
    DEPTH_MAX,
    Identifier,
    Instant,
    Integer,
    ShortText,
    Strict,
    Text,
    parse_json,
    pointer_of,
    read_json,
    stamp,
)


class Thing(Strict):
    name: Text = ""
    count: Integer = 0
    ref: Identifier = "a"
    title: ShortText = "t"
    at: Instant | None = None


def read(raw: str) -> Thing:
    return read_json(Thing, raw.encode())


@pytest.mark.parametrize(
    "raw",
    [
        '{"count": 1, "count": 2}',
        '{"count": NaN}',
        '{"count": Infinity}',
        '{"count": 9007199254740992}',
        '{"count": ' + "9" * 4000 + "}",
        "{",
        "[" * (DEPTH_MAX + 1) + "]" * (DEPTH_MAX + 1),
        "",
    ],
)
def test_json_that_readers_disagree_about_is_unreadable(raw: str) -> None:
    with pytest.raises(Unreadable):
        read(raw)


def test_bytes_that_are_not_utf_8_are_unreadable() -> None:
    with pytest.raises(Unreadable, match="UTF-8"):
        read_json(Thing, b"\xff")


def test_brackets_inside_strings_do_not_nest() -> None:
    assert parse_json(b'{"a": "' + b"[" * 40 + b'\\"{"}') == {"a": "[" * 40 + '"{'}


def test_many_brackets_side_by_side_are_not_deep() -> None:
    assert parse_json(b"[" + b"[]," * 40 + b"[]]") == [[]] * 41


@pytest.mark.parametrize(
    ("raw", "pointer", "code"),
    [
        ('{"count": true}', "/count", "int-type"),
        ('{"count": "1"}', "/count", "int-type"),
        ('{"extra": 1}', "/extra", "extra-forbidden"),
        ('{"name": "a\\u202eb"}', "/name", "value-error"),
        ('{"ref": "a/b"}', "/ref", "value-error"),
        ('{"title": ""}', "/title", "string-too-short"),
        ('{"at": "2026-01-01T00:00:00"}', "/at", "timezone-aware"),
    ],
)
def test_a_wrong_field_is_named_by_pointer_and_code(raw: str, pointer: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(raw)
    assert [(f.pointer, f.code) for f in refused.value.faults] == [(pointer, code)]


def test_every_fault_is_listed_at_once() -> None:
    with pytest.raises(Invalid) as refused:
        read('{"count": "1", "extra": 1}')
    assert {fault.pointer for fault in refused.value.faults} == {"/count", "/extra"}


def test_text_is_kept_in_one_form() -> None:
    assert read('{"name": "Caf\\u0065\\u0301"}').name == "Café"


def test_pointers_escape_slashes_and_tildes() -> None:
    assert pointer_of(["a/b", 0, "c~d"]) == "/a~1b/0/c~0d"


def test_times_are_written_so_that_text_sorts_as_time_does() -> None:
    early = read('{"at": "2026-01-01T00:00:43Z"}').model_dump(mode="json")["at"]
    later = read('{"at": "2026-01-01T02:00:43.1+02:00"}').model_dump(mode="json")["at"]
    assert [early, later] == ["2026-01-01T00:00:43.000000Z", "2026-01-01T00:00:43.100000Z"]


def test_an_hour_that_a_night_has_twice_is_two_times() -> None:
    first = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    assert [stamp(first), stamp(first.replace(fold=1)), stamp(first.astimezone(UTC))] == [
        "2026-10-25T00:30:00.000000Z",
        "2026-10-25T01:30:00.000000Z",
        "2026-10-25T00:30:00.000000Z",
    ]


class Box(Strict):
    label: str = ""
    rows: dict[str, list[int]] = {}


def test_a_copy_differs_in_what_is_changed_and_leaves_the_first_as_it_was() -> None:
    first = Box(rows={"a": [1]})
    changed = first.model_copy(update={"label": "new"})
    assert (changed, changed.model_fields_set) == (
        Box(label="new", rows={"a": [1]}),
        {"label", "rows"},
    )
    assert first == Box(rows={"a": [1]}) == first.model_copy()
    assert hash(Thing(name="a")) == hash(Thing().model_copy(update={"name": "a"}))


def test_a_deep_copy_shares_nothing() -> None:
    first = Box(rows={"a": [1]})
    deep = first.model_copy(update={"label": "new"}, deep=True)
    deep.rows["a"].append(2)
    assert (first.rows, deep.rows) == ({"a": [1]}, {"a": [1, 2]})
