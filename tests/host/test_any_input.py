"""Whatever is sent: no route answers with a fault of ours, and what it refuses it refuses by code.

The bodies are random JSON, and the bodies of good requests with one thing in them replaced.
"""

import asyncio
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import azure.functions as func
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.tenants.model import Role
from tests.architecture.tree import ROOT
from tests.host.doors import rows
from tests.host.retailer import (
    BY_FUNCTION,
    RETAILER,
    Asked,
    Doors,
    Retailer,
    a_retailer,
    open_world,
)

PAGE: Final = ROOT / "docs" / "errors.md"
CODES: Final = frozenset(
    re.findall(r"^\| \d+ \| `([a-z-]+)`", PAGE.read_text("utf-8"), re.MULTILINE)
)
PRIVATE: Final = sorted(name for name, route in BY_FUNCTION.items() if not route.public)
DEEP: Final = 100_000
NASTY_TEXTS: Final = (
    "\u202egnp.exe",  # right to left from here on
    "\u2066\u2069\u200b\ufeff",
    "\x00",
    "\x7f\x1b[31m",
    "a" * 10_000,
    "e\u0301" * 50,
    "\U0001f9e6",
    "' OR 1=1 --",
    "../../etc/passwd",
    "o_1:evt:2",
    "{{7*7}}",
    " ",
    "",
)
NASTY_NUMBERS: Final = (2**53, -(2**53), 2**63, 2**64, 10**40, -1, 0, 1.5, 1e308, -0.0, True)
NASTY_BODIES: Final = (
    b"",
    b"null",
    b"[]",
    b"{",
    b'{"a":1,"a":2}',
    b'{"sku":"a","\\u0073ku":"b"}',
    b"NaN",
    b'{"quantity":Infinity}',
    b'{"quantity":1e999}',
    b'{"quantity":' + b"9" * 5_000 + b"}",
    b'"\\ud800"',
    b'{"\\ud800":"\\udfff"}',
    b"\xff\xfe{}",
    b"\xef\xbb\xbf{}",
    b"[" * DEEP + b"]" * DEEP,
    b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    b"\x00" * 1_000,
    b" " * 1_048_577,
    b"sku,name\n\x00,\xe2\x80\xae\n" * 20,
)

text = st.one_of(st.sampled_from(NASTY_TEXTS), st.text(max_size=20))
leaf = st.one_of(st.none(), st.sampled_from(NASTY_NUMBERS), st.integers(), text)
anything = st.recursive(
    leaf,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def retailer(tmp_path_factory: pytest.TempPathFactory) -> Retailer:
    return asyncio.run(a_retailer(tmp_path_factory.mktemp("retailer") / "data"))


@pytest.fixture
def doors(retailer: Retailer, tmp_path: Path) -> Iterator[Doors]:
    folder = tmp_path / "data"
    shutil.copytree(retailer.folder, folder)
    world = open_world(folder)
    yield Doors(world, calls=1_000)
    asyncio.run(world.close())


def places(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to everything within a JSON value."""
    yield here
    inner: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
    for name, part in inner:
        yield from places(part, (*here, name))


def with_other(value: Any, way: tuple[Any, ...], other: Any) -> Any:
    if not way:
        return other
    first, *rest = way
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[first] = with_other(changed[first], tuple(rest), other)
    return changed


def at(value: Any, way: tuple[Any, ...]) -> Any:
    return at(value[way[0]], way[1:]) if way else value


def one_like(value: Any) -> st.SearchStrategy[Any]:
    """Return other values of a value's type, which come further than any others."""
    match value:
        case bool():
            return st.booleans()
        case int():
            return st.sampled_from((0, 1, 2, -1, 10**6, 2**31, 2**53 - 1, 2**53))
        case str():
            return text | st.sampled_from((value * 2, value.lower(), f"{value} ", "2026-02-30"))
        case list():
            return st.sampled_from(([], value * 2, value * 60, value * 2_000))
        case dict():
            return st.sampled_from(
                [{k: v for k, v in value.items() if k != left} for left in value] or [{}]
            )
        case _:
            return leaf


def a_body(good: Any) -> st.SearchStrategy[Any]:
    """Return bodies: nasty bytes, any JSON, and the good one with something else in one place."""
    kinds: list[st.SearchStrategy[Any]] = [st.sampled_from(NASTY_BODIES), anything]
    if isinstance(good, dict):
        ways = st.sampled_from(list(places(good)))
        kinds.append(st.builds(with_other, st.just(good), ways, anything))
        alike = ways.flatmap(
            lambda way: one_like(at(good, way)).map(lambda other: with_other(good, way, other))
        )
        kinds += [alike] * 4
        extra = st.builds(lambda name, value: good | {name: value}, text, anything)
        kinds.append(extra)
    return st.one_of(kinds)


def values_like(good: Mapping[str, str]) -> st.SearchStrategy[dict[str, str]]:
    """Return the good values, each of them as it is or some text."""
    return st.fixed_dictionaries({name: st.just(value) | text for name, value in good.items()})


def queries(names: Mapping[str, str] | None) -> st.SearchStrategy[dict[str, str]]:
    known = [*(names or ()), "limit", "cursor"]
    return st.dictionaries(st.sampled_from(known), text | st.just("1"), max_size=3)


def check(answer: func.HttpResponse) -> None:
    assert answer.status_code < 500, answer.get_body()
    if answer.status_code < 400:
        return
    found = json.loads(answer.get_body())
    assert answer.mimetype == "application/problem+json"
    assert found["code"] in CODES, found
    assert found["type"] == f"urn:orderloom:problem:{found['code']}"
    assert found["status"] == answer.status_code
    assert ("errors" in found) == (found["code"] == "invalid")


@pytest.mark.parametrize("name", PRIVATE)
def test_whatever_is_sent_is_answered_or_refused_by_code(
    name: str, retailer: Retailer, doors: Doors
) -> None:
    route, asked = BY_FUNCTION[name], rows(retailer)[name].asked
    is_platforms = route.operation.startswith("tenants.") and "/me/" not in route.path
    key = retailer.key(RETAILER, Role.PLATFORM if is_platforms else Role.ADMIN)
    body = a_body(asked.body) if asked.body is not None else st.sampled_from(NASTY_BODIES[:6])
    reads = replace(asked, query={})

    with asyncio.Runner() as runner:

        @settings(
            max_examples=30 if asked.body is not None else 10,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(body=body, path=values_like(asked.path), query=queries(route.query))
        def send(body: Any, path: dict[str, str], query: dict[str, str]) -> None:
            wanted = Asked(path=path, query={**asked.query, **query}, body=body)
            etag = runner.run(doors.etag_of(reads, key))
            check(runner.run(doors.knock(name, wanted, key, etag=etag)))

        send()


@pytest.mark.parametrize("raw", NASTY_BODIES, ids=range(len(NASTY_BODIES)))
async def test_a_webhook_of_anything_is_turned_away(doors: Doors, raw: bytes) -> None:
    path = {"channel": "shopify", "tenant": RETAILER, "subscription": "acme-shop"}
    answer = await doors.knock("take_channel_webhook", Asked(path=path, body=raw), None)
    check(answer)
    assert answer.status_code in {401, 413}


def test_the_page_of_errors_is_that_of_the_code() -> None:
    """`tools/errors` writes the page anew."""
    command = [sys.executable, "tools/errors", "--print"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert PAGE.read_text(encoding="utf-8") == done.stdout


def test_every_code_names_one_refusal() -> None:
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    assert len(rows) - 1 == len(CODES)
