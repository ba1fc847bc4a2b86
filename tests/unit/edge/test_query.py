"""What a trigger reads from path and query."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from functions._edge import Call, Reply, listing
from functions._edge_call import encode
from shared.kernel.errors import Invalid, NotFound, Unreadable
from tests.unit.edge.door import START, a_request


def a_call(
    query: Mapping[str, str] | None = None,
    route: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Call[None]:
    request = a_request(query=query, route=route, headers=headers)
    return Call(request=request, body=None, raw=b"", now=START, correlation_id="c")


def test_a_page_has_50_items_unless_told() -> None:
    assert a_call().page() == (50, None)
    assert a_call({"limit": "10", "cursor": "abc"}).page() == (10, "abc")


@pytest.mark.parametrize("limit", ["0", "1001", "ten", "1.5", "٣", "9" * 20])
def test_a_limit_out_of_bounds_is_refused(limit: str) -> None:
    with pytest.raises(Invalid) as refused:
        a_call({"limit": limit}).page()
    assert refused.value.faults[0].pointer == "/limit"


def test_a_flag_is_true_or_false() -> None:
    assert a_call({"open": "true"}).flag("open")
    assert not a_call().flag("open")
    with pytest.raises(Invalid):
        a_call({"open": "yes"}).flag("open")


def test_a_time_carries_its_offset() -> None:
    found = a_call({"from": "2026-11-02T10:00:00+01:00"}).instant("from")
    assert found == datetime(2026, 11, 2, 9, tzinfo=UTC)
    assert a_call().instant("from") is None
    for wrong in ("2026-11-02T10:00:00", "yesterday"):
        with pytest.raises(Invalid):
            a_call({"from": wrong}).instant("from")


@pytest.mark.parametrize("value", ["", "a/b", "a b", "a\x00", "x" * 201])
def test_a_path_value_that_no_id_can_be_is_missing(value: str) -> None:
    with pytest.raises(NotFound):
        a_call(route={"order": value}).param("order")


@pytest.mark.parametrize("key", ["", "a b", "ä", "x" * 256])
def test_an_idempotency_key_is_visible_ascii(key: str) -> None:
    with pytest.raises(Unreadable):
        a_call(headers={"Idempotency-Key": key}).idempotency_key()


@pytest.mark.parametrize("sent", ['"7"', "7", 'W/"7"', ' "7" '])
def test_an_etag_is_read_with_or_without_quotes(sent: str) -> None:
    assert a_call(headers={"If-Match": sent}).if_match() == "7"


def test_a_public_call_has_no_caller() -> None:
    with pytest.raises(ValueError, match="no caller"):
        _ = a_call().caller


def test_answers_are_models_lists_or_bytes() -> None:
    assert encode(None) == b""
    assert encode(b"raw") == b"raw"
    assert encode(listing([1, {"at": START}], None)) == (
        b'{"items":[1,{"at":"2026-11-02T09:00:00Z"}],"next_cursor":null}'
    )
    assert Reply().status is None


def test_every_parameter_that_a_route_does_not_declare_is_named() -> None:
    call = a_call({"lokation": "berlin", "status": "", "limit": "5"})
    with pytest.raises(Invalid) as refused:
        call.take_only({"location": "whose work", "limit": ""})
    assert [(f.pointer, f.code) for f in refused.value.faults] == [
        ("/lokation", "unknown-parameter"),
        ("/status", "unknown-parameter"),
    ]
    call.take_only({"lokation", "status", "limit"})
