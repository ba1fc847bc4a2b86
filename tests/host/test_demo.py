"""`python -m local demo`: what a person sees who starts it for the first time, and again."""

import asyncio
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.audit.checks import audit_tenant
from local.demo.command import usual_day
from local.demo.retailers import RETAILERS, gtin13, locations_of, opening_stock, products_of
from local.demo.tables import money, table
from shared.catalog.decide import check_location, check_product, is_gtin
from shared.catalog.model import LocationKind, ProductKind
from shared.fulfillment.model import FULFILLMENTS
from shared.inventory.model import ENDS, LEVELS, MOVEMENTS, RESERVATIONS
from shared.kernel.documents import Document, Documents, Kind, pages
from shared.orders.model import ORDERS
from shared.returns.model import RETURNS
from shared.wiring import embedded_world

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {"PATH": os.defpath, "ORDERLOOM_LOG_LEVEL": "ERROR"}
DAY = "2026-11-12"
FEW = ("--orders", "6", "--day", DAY)
KINDS: tuple[Kind[Any], ...] = (
    *(ORDERS, FULFILLMENTS, RETURNS),
    *(LEVELS, RESERVATIONS, ENDS, MOVEMENTS),
)
# Keys are random, so is what is hashed with a caller or under a tenant's own key.
MADE_UP = re.compile(r'"lookups":\[[^\]]*\]|key:[0-9a-z]+|\bc_[a-z2-7]{32}')


def start(data: Path, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "local", "demo", "--data", str(data), *arguments],
        cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def ended(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    out, err = process.communicate(timeout=250)
    return process.returncode, out, err


def results_of(printed: str) -> str:
    """Return the summary without what is this run's own: its duration, keys and folders."""
    return printed.partition("\nPlayed in ")[0]


async def _digest(data: Path) -> str:
    world = embedded_world(data)
    found = hashlib.sha256()
    try:
        for retailer in RETAILERS:
            for kind in KINDS:
                for body in await _bodies(world.store, retailer.tenant_id, kind):
                    found.update(MADE_UP.sub("", body).encode())
    finally:
        await world.close()
    return found.hexdigest()


async def _bodies(store: Documents, tenant_id: str, kind: Kind[Document]) -> list[str]:
    walk = pages(store, tenant_id, kind, limit=1_000)
    return [stored.key + stored.id + stored.body.model_dump_json() async for stored in walk]


async def _faults(data: Path) -> list[str]:
    world = embedded_world(data)
    try:
        found: list[str] = []
        for retailer in RETAILERS:
            found += await audit_tenant(world.store, retailer.tenant_id, world.clock.now())
        return found
    finally:
        await world.close()


@dataclass(frozen=True)
class Twice:
    """The same day played into two folders, side by side."""

    folders: tuple[Path, Path]
    printed: tuple[str, str]
    codes: tuple[int, int]


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> Twice:
    one, two = (tmp_path_factory.mktemp(name) for name in ("one", "two"))
    first, second = (start(folder, "--once", *FEW) for folder in (one, two))
    (code, out, _), (other_code, other_out, _) = ended(first), ended(second)
    return Twice((one, two), (out, other_out), (code, other_code))


@pytest.mark.slow
def test_one_seed_and_day_have_one_result(twice: Twice) -> None:
    first, second = (results_of(printed) for printed in twice.printed)
    assert twice.codes == (0, 0)
    assert first == second
    assert "oversold units: 0" in first
    assert "one unit exchanged in boulder" in first
    one, two = (asyncio.run(_digest(folder)) for folder in twice.folders)
    assert one == two


@pytest.mark.slow
def test_a_second_start_serves_what_the_day_has_left(twice: Twice, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(twice.folders[0], folder)
    printed, answer = _served(start(folder, "--port", "0"), folder)
    assert printed.startswith(f"The demo day of {DAY} (seed 1) was played to its end")
    assert results_of(twice.printed[0]) in printed
    assert "Played in" not in printed
    assert answer.status_code == 200
    assert len(answer.json()["items"]) == 23  # 3 usual ones, and those with stories
    assert asyncio.run(_faults(folder)) == []


def _served(process: "subprocess.Popen[str]", folder: Path) -> tuple[str, httpx.Response]:
    """Return what it printed until it served, and its answer to a question for orders."""
    printed = ""
    try:
        assert process.stdout is not None
        for line in process.stdout:
            printed += line
            if line.startswith("Orderloom answers on "):
                break
        url = line.split()[3]
        key = json.loads((folder / "demo.json").read_text("utf-8"))["tokens"]["northbeck"]
        answer = httpx.get(
            f"{url}/api/v1/orders",
            params={"limit": "1000"},
            headers={"Authorization": f"Bearer {key['read-only']}"},
        )
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 0
    return printed, answer


@pytest.mark.slow
def test_a_day_that_was_killed_loses_nothing(tmp_path: Path) -> None:
    process = start(tmp_path, "--once", *FEW)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("day: ") and int(line.split()[1]) >= 20:
            break
    process.kill()
    process.communicate(timeout=60)

    code, out, err = ended(start(tmp_path, "--once"))
    assert code == 0, out + err
    assert out.startswith(f"The demo day of {DAY} (seed 1) was interrupted")


def test_the_seed_is_two_whole_retailers() -> None:
    for retailer in RETAILERS:
        places = locations_of(retailer, date(2026, 11, 12))
        products = {product.sku: product for product in products_of(retailer)}
        kinds = [place.kind for place in places]
        assert kinds.count(LocationKind.WAREHOUSE) == 3
        assert kinds.count(LocationKind.VENDOR) == 1
        assert 38 <= len(places) <= 42
        assert 370 <= len(products) <= 430
        assert {product.kind for product in products.values()} == set(ProductKind)
        for place in places:
            check_location(place)
        codes = [code for product in products.values() for code in product.barcodes]
        assert len(codes) == len(set(codes))
        names = {place.location_id for place in places}
        for sku, levels in opening_stock(retailer, 1).items():
            assert sku in products
            assert {level.location_id for level in levels} <= names


def test_every_product_of_the_seed_would_be_accepted() -> None:
    from shared.catalog.decide import product_of

    for retailer in RETAILERS:
        told = products_of(retailer)
        known = {product.sku: product_of(product, None) for product in told}
        for product in told:
            check_product(product, None, known)


def test_a_seed_draws_the_same_stock_and_another_draws_other() -> None:
    retailer = RETAILERS[1]
    assert opening_stock(retailer, 7) == opening_stock(retailer, 7)
    assert opening_stock(retailer, 7) != opening_stock(retailer, 8)


def test_barcodes_carry_their_check_digit() -> None:
    assert gtin13("20", 9) == "2000000000091"
    assert all(is_gtin(gtin13("21", number)) for number in range(100))


def test_the_day_is_a_thursday_that_is_over() -> None:
    assert usual_day(date(2026, 11, 22)) == date(2026, 11, 19)
    assert usual_day(date(2026, 11, 21)) == date(2026, 11, 12)


def test_a_table_lines_up_words_to_the_left_and_figures_to_the_right() -> None:
    shown = table("Stock", ["where", "units"], [["Köln", 7], ["Bad Hersfeld", 112]])
    assert shown.splitlines() == [
        "Stock",
        "=====",
        "where         units",
        "------------  -----",
        "Köln              7",
        "Bad Hersfeld    112",
    ]
    assert money(123_456, "EUR") == "1,234.56 EUR"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--orders", "0"), "'0' is no number from 1 to 5000"),
        (("--day", "tomorrow"), "'tomorrow' is no date like 2026-11-12"),
        (("--port", "x"), "'x' is no port from 0 to 65535"),
    ],
)
def test_wrong_arguments_are_said_in_a_line(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    code, out, err = ended(start(tmp_path, *arguments))
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_a_file_of_an_earlier_start_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "demo.json").write_text("{", encoding="utf-8")
    code, _, err = ended(start(tmp_path, "--once"))
    assert code == 2
    assert "demo.json is not readable" in err
