"""The checker finds what is lost, doubled or oversold, and says nothing of what is right."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from local.audit.checks import audit_tenant
from shared.fulfillment.model import FULFILLMENTS
from shared.inventory.model import LEVELS, RESERVATIONS, WAITS, level_id
from shared.kernel.conditions import Increment
from shared.kernel.documents import D, Delete, Documents, Kind, Patch, Replace, Stored
from shared.orders.model import ORDERS, OrderStatus, PartState
from shared.wiring import embedded_world
from tests.builders import TENANT, Shop, a_line, a_location, a_shop, an_order
from tests.host.site import a_retailer, settings_of
from tests.host.test_command import run

UNITS = 5


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    """A shop whose five boots are one order's, while another waits for four."""
    made = await a_shop(a_location("berlin"))
    await made.receive("BOOT", "berlin", UNITS)
    await made.settle_all()
    await made.place(an_order(a_line(quantity=UNITS), reference="has"))
    await made.place(an_order(a_line(quantity=4), reference="waits"))
    yield made
    await made.close()


async def found(shop: Shop) -> list[str]:
    lines = await audit_tenant(shop.world.store, TENANT, shop.clock.now())
    return [line.removeprefix(f"{TENANT}: ") for line in lines]


async def the(store: Documents, kind: Kind[D]) -> Stored[D]:
    """Return the one document of a kind that matters: the first order has it, or only one does."""
    page = await store.query(TENANT, kind)
    if kind is ORDERS:
        return next(row for row in page.items if getattr(row.body, "reference", "") == "has")
    [only] = page.items
    return only


async def change(shop: Shop, kind: Kind[D], **changes: object) -> Stored[D]:
    """Write a document as no command of ours would."""
    stored = await the(shop.world.store, kind)
    body = stored.body.model_copy(update=changes)
    wrong = Replace(kind, stored.id, body, stored.etag)
    await shop.world.store.batch(TENANT, kind.container, stored.key, (wrong,))
    return stored


async def lose(shop: Shop, kind: Kind[D]) -> Stored[D]:
    stored = await the(shop.world.store, kind)
    gone = Delete(kind, stored.id, stored.etag)
    await shop.world.store.batch(TENANT, kind.container, stored.key, (gone,))
    return stored


async def test_a_shop_that_has_kept_its_books_is_left_in_peace(shop: Shop) -> None:
    assert await found(shop) == []


async def test_a_counter_that_its_ledger_does_not_explain_is_told(shop: Shop) -> None:
    wrong = Patch(LEVELS, level_id("berlin"), (Increment("on_hand", 2), Increment("free", 2)))
    await shop.world.store.batch(TENANT, LEVELS.container, "BOOT", (wrong,))
    assert await found(shop) == [
        "BOOT@berlin on_hand is 7, its documents say 5",
        "BOOT@berlin free is 2, its documents say 0",
    ]


async def test_units_that_were_sold_twice_are_told(shop: Shop) -> None:
    wrong = Patch(LEVELS, level_id("berlin"), (Increment("reserved", 1), Increment("free", -1)))
    await shop.world.store.batch(TENANT, LEVELS.container, "BOOT", (wrong,))
    assert "BOOT@berlin free is -1 and no fact says why" in await found(shop)


async def test_a_lost_reservation_is_told(shop: Shop) -> None:
    gone = await lose(shop, RESERVATIONS)
    assert f"BOOT {gone.body.reservation_id} is a part's and not open" in await found(shop)


async def test_a_lost_place_in_the_queue_is_told(shop: Shop) -> None:
    gone = await lose(shop, WAITS)
    name = f"{gone.body.order_id}.1.1"
    assert f"{name} waits 4, queued None" in await found(shop)


async def test_an_order_without_its_work_is_told(shop: Shop) -> None:
    gone = await lose(shop, FULFILLMENTS)
    name = f"{gone.body.order_id}.1.1"
    assert f"{name} sourced: its work {gone.body.fulfillment_id} is None" in await found(shop)


async def test_a_lost_order_is_told_by_what_names_it(shop: Shop) -> None:
    gone = await lose(shop, ORDERS)
    assert f"{gone.body.order_id} is named, and is no order of this tenant" in await found(shop)


async def test_a_status_that_no_event_tells_of_is_told(shop: Shop) -> None:
    order = (await the(shop.world.store, ORDERS)).body
    line = order.lines[0]
    part = line.parts[0].model_copy(update={"state": PartState.DELIVERED})
    lines = (line.model_copy(update={"parts": (part,)}),)
    await change(shop, ORDERS, lines=lines, status=OrderStatus.OPEN)
    told = await found(shop)
    assert f"{order.order_id} is open, its parts say fulfilled" in told
    name = f"{order.order_id}.1.1"
    assert f"{name} is 5 delivered, its events say (5, 'sourced')" in told
    assert "BOOT@berlin: 5 units left, stock knows of 0" in told


async def test_a_version_without_its_event_is_told(shop: Shop) -> None:
    order = (await the(shop.world.store, ORDERS)).body
    await change(shop, ORDERS, version=order.version + 1)
    missing = f"evt:order:{order.version + 1}"
    assert f"{order.order_id}: events of versions ['{missing}'] do not fit" in await found(shop)


async def test_the_command_says_good_of_a_folder_at_rest_and_lists_what_is_wrong(
    tmp_path: Path,
) -> None:
    await a_retailer(tmp_path, {"BOOT": {"berlin": UNITS}})
    good = run("audit", "--data", str(tmp_path))
    assert (good.returncode, good.stdout, good.stderr) == (0, "tenants: 1, faults: 0: good\n", "")
    world = embedded_world(settings=settings_of(tmp_path))
    try:
        wrong = Patch(LEVELS, level_id("berlin"), (Increment("free", -6),))
        await world.store.batch(TENANT, LEVELS.container, "BOOT", (wrong,))
    finally:
        await world.close()
    bad = run("audit", "--data", str(tmp_path))
    assert bad.returncode == 1
    assert bad.stdout.splitlines() == [
        "acme: BOOT@berlin free is -1, its documents say 5",
        "acme: BOOT@berlin free is -1 and no fact says why",
        "tenants: 1, faults: 2: BAD",
    ]


def test_the_command_needs_data_to_look_at(tmp_path: Path) -> None:
    done = run("audit", "--data", str(tmp_path))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "holds no orderloom.db" in done.stderr
    assert list(tmp_path.iterdir()) == []
