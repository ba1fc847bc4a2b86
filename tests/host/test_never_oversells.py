"""Never oversell (design 1.4), through the doors, with several processes on one store."""

import asyncio
from collections import Counter
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from local.audit.books import Books
from shared.kernel.clock import SystemClock
from shared.tenants.model import Shortage
from tests.host.site import a_retailer, an_order, at_once, audited, customers, post, served

pytestmark = pytest.mark.slow


def states(books: Books) -> Counter[str]:
    return Counter(part.state.value for _, _, part in books.parts())


def statuses(answers: list[httpx.Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def counters(books: Books, sku: str, place: str) -> tuple[int, int, int]:
    """Return on hand, reserved and free."""
    [level] = [level for level in books.levels[sku] if level.location_id == place]
    return (level.on_hand, level.reserved, level.free)


def held(books: Books, sku: str) -> int:
    """Return the units of a SKU that orders hold."""
    return sum(
        part.quantity
        for _, line, part in books.parts()
        if line.sku == sku and part.state == "sourced"
    )


@pytest.mark.parametrize(
    ("shortage", "waiting"),
    [(Shortage.BACKORDER, "backordered"), (Shortage.QUEUE, "unfillable")],
)
async def test_one_unit_and_200_buyers_at_once_make_one_sale(
    tmp_path: Path, shortage: Shortage, waiting: str
) -> None:
    token = await a_retailer(tmp_path, {"BOOT": {"berlin": 1}}, shortage=shortage)
    with served(tmp_path) as host:
        async with customers(host, token) as client:
            orders = [an_order(f"B{n}", "BOOT") for n in range(200)]
            answers = await at_once(client, "/orders", orders)
        books = await audited(tmp_path)
    assert statuses(answers) == {201: 200}
    assert states(books) == {"sourced": 1, waiting: 199}
    assert counters(books, "BOOT", "berlin") == (1, 1, 0)


async def test_5_units_of_20_skus_and_40_buyers_each_make_100_sales(tmp_path: Path) -> None:
    skus = [f"BOOT-{n}" for n in range(20)]
    token = await a_retailer(tmp_path, {sku: {"berlin": 3, "hamburg": 2} for sku in skus})
    with served(tmp_path) as host:
        async with customers(host, token) as client:
            orders = [an_order(f"B{n}-{sku}", sku) for n in range(40) for sku in skus]
            answers = await at_once(client, "/orders", orders, most=8)
        books = await audited(tmp_path)
    assert statuses(answers) == {201: 800}
    assert states(books) == {"sourced": 100, "backordered": 700}
    assert {held(books, sku) for sku in skus} == {5}


async def test_the_same_order_posted_20_times_at_once_is_one_order(tmp_path: Path) -> None:
    token = await a_retailer(tmp_path, {"BOOT": {"berlin": 5}})
    with served(tmp_path) as host:
        async with customers(host, token) as client:
            answers = await at_once(client, "/orders", [an_order("B1", "BOOT")] * 20)
        books = await audited(tmp_path)
    assert statuses(answers) == {201: 1, 200: 19}
    assert len({answer.json()["order_id"] for answer in answers}) == 1
    assert states(books) == {"sourced": 1}
    assert counters(books, "BOOT", "berlin") == (5, 1, 4)


async def test_the_same_key_20_times_at_once_is_one_order_and_asks_for_patience(
    tmp_path: Path,
) -> None:
    token = await a_retailer(tmp_path, {"BOOT": {"berlin": 5}})
    order = an_order("B1", "BOOT")
    with served(tmp_path) as host:
        async with customers(host, token) as client:
            answers = await asyncio.gather(
                *(post(client, "/orders", order, "one-key") for _ in range(20))
            )
            again = await post(client, "/orders", order, "one-key")
        books = await audited(tmp_path)
    assert statuses(answers).keys() <= {201, 409}
    assert {a.json()["code"] for a in answers if a.status_code == 409} <= {"request-in-flight"}
    assert (again.status_code, states(books)) == (201, {"sourced": 1})


async def test_web_orders_tills_and_a_count_share_what_is_there(tmp_path: Path) -> None:
    """10 units by the system, 9 by the count, 4 of them sold at tills afterwards: 5 are left."""
    token = await a_retailer(tmp_path, {"BOOT": {"berlin": 10}})
    now = SystemClock().now()
    place = {"sku": "BOOT", "location_id": "berlin"}
    counted_at = f"{now - timedelta(seconds=60):%Y-%m-%dT%H:%M:%SZ}"
    count = place | {"counted": 9, "as_of": counted_at}
    sold_at = f"{now - timedelta(seconds=30):%Y-%m-%dT%H:%M:%SZ}"
    sales = [place | {"quantity": 1, "at": sold_at, "movement_id": f"till-1.{n}"} for n in range(4)]
    with served(tmp_path) as host:
        async with customers(host, token) as client:
            orders = [an_order(f"B{n}", "BOOT") for n in range(20)]
            webs, tills, counts = await asyncio.gather(
                at_once(client, "/orders", orders),
                at_once(client, "/inventory/sales", sales * 2),
                at_once(client, "/inventory/counts", [count]),
            )
        books = await audited(tmp_path)
    assert statuses([*webs, *counts]) == {201: 21}
    assert statuses(tills) == {201: 8}
    assert states(books) == {"sourced": 5, "backordered": 15}
    assert counters(books, "BOOT", "berlin") == (5, 5, 0)


async def test_pickup_at_a_store_and_shipping_from_it_share_its_units(tmp_path: Path) -> None:
    token = await a_retailer(tmp_path, {"BOOT": {"berlin": 3}})
    pickup = {"method": "pickup", "pickup_location": "berlin"}
    orders = [an_order(f"P{n}", "BOOT", line=pickup) for n in range(20)]
    orders += [an_order(f"S{n}", "BOOT") for n in range(20)]
    with served(tmp_path) as host:
        async with customers(host, token) as client:
            answers = await at_once(client, "/orders", orders)
        books = await audited(tmp_path)
    assert statuses(answers) == {201: 40}
    found = states(books)
    assert (found["sourced"], sum(found.values())) == (3, 40)
    assert found.keys() <= {"sourced", "backordered", "exception"}
    assert counters(books, "BOOT", "berlin") == (3, 3, 0)


async def test_a_store_with_2_units_hands_out_2_pickups_of_30(tmp_path: Path) -> None:
    token = await a_retailer(tmp_path, {"BOOT": {"berlin": 2, "hamburg": 50}})
    pickup = {"method": "pickup", "pickup_location": "berlin"}
    with served(tmp_path) as host:
        async with customers(host, token) as client:
            orders = [an_order(f"P{n}", "BOOT", line=pickup) for n in range(30)]
            answers = await at_once(client, "/orders", orders)
        books = await audited(tmp_path)
    assert statuses(answers) == {201: 30}
    assert states(books) == {"sourced": 2, "exception": 28}
    assert {row.code for row in books.exceptions} == {"pickup-short"}
    assert counters(books, "BOOT", "hamburg") == (50, 0, 50)
