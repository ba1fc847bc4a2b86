"""Conditions, patches and kinds, as every adapter must have them."""

import asyncio
from typing import Any

import pytest

from shared.kernel.bus import RetryCopy
from shared.kernel.conditions import Assign, Condition, Increment, apply_patch
from shared.kernel.documents import (
    EVENT_KINDS,
    Container,
    Create,
    Document,
    Kind,
    Patch,
    check_id,
    check_operations,
)
from shared.kernel.errors import Corrupt, TooManyRequests
from shared.kernel.meter import NoMeter


class Note(Document):
    text: str = ""


def newer(found: dict[str, Any]) -> dict[str, Any]:
    return {"text": found["words"]}


NOTES = Kind(Container.MASTER, "note", Note)
NEWER_NOTES = Kind(Container.MASTER, "note", Note, version=2, upgrade=newer)


@pytest.mark.parametrize(
    ("comparison", "value", "holds"),
    [
        ("eq", 5, True),
        ("eq", "5", False),
        ("eq", True, False),
        ("ne", 4, True),
        ("ne", 5, False),
        ("ne", "5", True),
        ("lt", 6, True),
        ("lt", 5, False),
        ("le", 5, True),
        ("gt", 4, True),
        ("ge", 5, True),
        ("ge", 6, False),
        ("gt", "4", False),
        ("exists", None, True),
        ("absent", None, False),
    ],
)
def test_a_number_compares_with_numbers_only(comparison: Any, value: Any, holds: bool) -> None:
    assert Condition("n", comparison, value).holds({"n": 5}) is holds


def test_booleans_have_no_order() -> None:
    assert not Condition("n", "ge", True).holds({"n": True})


def test_a_missing_field_equals_nothing_and_differs_from_nothing() -> None:
    assert not Condition("n", "eq", 1).holds({})
    assert not Condition("n", "ne", 1).holds({})
    assert Condition("n", "absent").holds({})


def test_an_array_contains_scalars_of_the_same_type() -> None:
    assert Condition("tags", "contains", "a").holds({"tags": ["a", 1]})
    assert not Condition("tags", "contains", True).holds({"tags": ["a", 1]})
    assert not Condition("tags", "contains", "a").holds({"tags": "a"})


def test_a_patch_changes_fields_where_its_guard_holds() -> None:
    body = {"free": 5, "old": 1, "pools": {"web": 1}}
    operations = (
        Increment("free", -2),
        Increment("new", 3),
        Increment("pools/web", 4),
        Increment("pickups/berlin", 1),
        Assign("old", None),
        Assign("text", "x"),
    )
    assert apply_patch(body, operations, (Condition("free", "ge", 2),)) == {
        "free": 3,
        "new": 3,
        "pools": {"web": 5},
        "pickups": {"berlin": 1},
        "text": "x",
    }
    assert body == {"free": 5, "old": 1, "pools": {"web": 1}}


def test_a_patch_does_nothing_where_its_guard_does_not_hold() -> None:
    assert apply_patch({"free": 1}, (Increment("free", -2),), (Condition("free", "ge", 2),)) is None


def test_a_body_comes_back_as_it_was_stored() -> None:
    assert NOTES.decode(NOTES.encode(Note(text="Café"))) == Note(text="Café")


def test_an_older_document_is_upgraded_on_read() -> None:
    upgraded = NEWER_NOTES.decode(b'{"schemaVersion": 1, "words": "hello"}')
    assert upgraded == Note(schemaVersion=2, text="hello")


def test_an_older_document_of_the_same_shape_is_upgraded_too() -> None:
    same = Kind(Container.MASTER, "note", Note, version=2, upgrade=lambda found: found)
    assert same.decode(b'{"schemaVersion": 1, "text": "hello"}').schemaVersion == 2


@pytest.mark.parametrize(
    "raw", [b'{"schemaVersion": 2, "other": 1}', b'{"schemaVersion": 1, "words": 5}']
)
def test_what_fits_no_version_is_corrupt(raw: bytes) -> None:
    with pytest.raises(Corrupt):
        NEWER_NOTES.decode(raw)


def test_a_kind_without_an_upgrade_does_not_guess() -> None:
    with pytest.raises(Corrupt):
        NOTES.decode(b'{"schemaVersion": 7}')


@pytest.mark.parametrize("name", ["", "a/b", "a\\b", "a?b", "a#b", "a ", "x" * 256])
def test_ids_that_some_store_refuses_are_refused_everywhere(name: str) -> None:
    with pytest.raises(ValueError, match="not a document id"):
        check_id(name)


def test_a_batch_is_bounded() -> None:
    create = Create(NOTES, "n", Note())
    for operations, sizes in (
        ([], [0]),
        ([create] * 101, [1] * 101),
        ([create], [2_000_001]),
        ([create, create], [1_500_000, 1_500_000]),
        ([Patch(NOTES, "n", ())], [0]),
        ([Patch(NOTES, "n", (Increment("a", 1),) * 11)], [0]),
    ):
        with pytest.raises(ValueError, match=r"a batch|a patch"):
            check_operations(operations, sizes)
    check_operations([create, Patch(NOTES, "n", (Increment("a", 1),))], [1, 0])


def test_kinds_are_told_apart_by_container_and_type() -> None:
    assert len(set(EVENT_KINDS.values())) == 3


def test_an_unmetered_call_costs_nothing() -> None:
    NoMeter().charge("get", 1.0)
    assert RetryCopy("busy").reason == "busy"
    assert TooManyRequests(3).retry_after_s == 3
    assert asyncio.iscoroutinefunction(NoMeter().charge) is False
