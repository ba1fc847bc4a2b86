"""Reservation, ledger, effects of a rejection, and never selling what is not there."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from shared.adapters.embedded.documents import EmbeddedDocuments
from shared.contracts.inventory import Receipt
from shared.contracts.stock import Ending, EndReservation, Queue, RejectReason, Restore, Wait
from shared.inventory import service as inventory
from shared.inventory.model import NotReserved, Pool, Reserve, Short, Won
from shared.kernel.clock import SystemClock
from tests.conformance.availability_examples import magento
from tests.conformance.examples import Answer, Example, example, numbers, steps
from tests.conformance.shop import HERE, NOW, SKU, TENANT, Shop, a_shop

STOCK_10 = "stock-10"


@example(
    "RESV",
    reading="an order is reserved at eu-1, then eu-2, as far as they go; a cancelled part is a"
    " division of its reservation; half steps; of the third case we refuse (see its note)",
)
async def reservations(case: Example) -> Answer:
    full = case.given["salable"]
    ours: list[Any] = [await _ordered_and_cancelled()]
    async with a_shop() as shop:
        await magento(shop)
        await shop.must_reserve("o_1.1.1.1", steps(3.5), "eu-1")
        left = (await shop.ats(STOCK_10)).units
        reserved = (await shop.counters("eu-1"))["reserved"]
        ours.append({"salable": left, "reserved": reserved})
    ours.append(await _released_without_a_reservation())
    ours.append({"salable": await _asked_when_all_is_gone(full)})
    after_cancel, after_order, never, gone = case.then
    stays = f"refused, salable stays {full}"
    in_steps = {name: steps(value) for name, value in after_order.items()}
    return Answer(ours, [steps(after_cancel), in_steps, never, gone] if never == stays else [])


async def _ordered_and_cancelled() -> int:
    async with a_shop() as shop:
        await magento(shop)
        await shop.must_reserve("o_1.1.1.1", steps(5), "eu-1")
        keeps, gives = ("o_1.1.2.1", steps(3.5)), ("o_1.1.3.1", steps(1.5))
        await shop.give_back("o_1.1.1.1", keeps=keeps, gives=gives, location_id="eu-1")
        await shop.counters("eu-1")
        return (await shop.ats(STOCK_10)).units


async def _released_without_a_reservation() -> str:
    async with a_shop() as shop:
        await magento(shop)
        try:
            await inventory.release(shop.store, TENANT, SKU, "o_9.1.1.1", shop.tick())
        except NotReserved:
            return f"refused, salable stays {(await shop.ats(STOCK_10)).units / 2}"
        return "released"


async def _asked_when_all_is_gone(full: float) -> bool:
    async with a_shop() as shop:
        await magento(shop)
        await shop.must_reserve("o_1.1.1.1", steps(5.5), "eu-1")
        await shop.must_reserve("o_1.1.2.1", steps(full - 5.5), "eu-2")
        answers = [
            await shop.reserve(f"o_2.1.{part}.1", steps(1), place)
            for part, place in enumerate(("eu-1", "eu-2"), start=1)
        ]
        return any(isinstance(answer, Won) for answer in answers)


@example("MED-AVAIL", reading="available over both = ATS of a channel that sells from both")
async def medusa_available(case: Example) -> Answer:
    async with a_shop() as shop:
        await shop.receive(case.given["loc1"], "loc1")
        await shop.receive(case.given["loc2"], "loc2")
        await shop.must_reserve("o_1.1.1.1", case.given["reserved_loc2"], "loc2")
        return Answer((await shop.ats()).units, case.then)


@example(
    "MED-RESV", reading="a refusal tells what is left; a backorder reserves that, queues the rest"
)
async def medusa_reserves(case: Example) -> Answer:
    stocked = case.given["stocked"]
    wanted = [numbers(text)[0] for text in case.when]
    async with a_shop() as shop:
        await shop.receive(stocked)
        won = isinstance(await shop.reserve("o_1.1.1.1", wanted[0]), Won)
        first = f"reserved {(await shop.counters())['reserved']}" if won else "refused"
    async with a_shop() as shop:
        await shop.receive(stocked)
        refused = isinstance(await shop.reserve("o_1.1.1.1", wanted[1]), Short)
        reserved = (await shop.counters())["reserved"]
        second = f"refused, reserved {reserved}" if refused else f"reserved {reserved}"
    reserved, queued = await _backordered(stocked, wanted[2])
    third = f"reserved {reserved} and {queued} queued as backorder"
    published = [*case.then[:2], case.then[2].partition(" (")[0]]
    return Answer([first, second, third], published)


async def _backordered(stocked: int, wanted: int) -> tuple[int, int]:
    async with a_shop() as shop:
        await shop.receive(stocked)
        short = await shop.reserve("o_1.1.1.1", wanted)
        there = short.available if isinstance(short, Short) else wanted
        await shop.must_reserve("o_1.1.1.2", there)
        wait = Wait(
            order_id="o_1",
            line_id="1",
            part=2,
            sku=SKU,
            quantity=wanted - there,
            pool_id="all",
            accepted_at=NOW,
            generation=1,
        )
        await shop.perform(Queue(wait=wait))
        queued = await inventory.demand(shop.store, TENANT, SKU)
        return (await shop.counters())["reserved"], sum(queued.pools.values())


@example(
    "IDEMP", reading="rows = the ledger's rows about the reservation; a credit memo releases it"
)
async def once(case: Example) -> Answer:
    quantity, seen = case.given["order_qty"], []
    async with a_shop() as shop:
        await shop.receive(quantity)
        await shop.must_reserve("o_1.1.1.1", quantity)
        seen.append(await _rows(shop))
        for _ in case.when[1:]:
            await inventory.release(shop.store, TENANT, SKU, "o_1.1.1.1", shop.tick())
            seen.append(await _rows(shop))
        await shop.counters()
    return Answer({"reservation_rows": seen}, case.then)


async def _rows(shop: Shop) -> int:
    page = await inventory.ledger(shop.store, TENANT, SKU, HERE)
    return sum(row.id.endswith("o_1.1.1.1") for row in page.rows)


@example(
    "MOVES",
    reading="balances of on hand and reserved after each step; a cancelled unit divides the"
    " reservation, a voided shipment restores it, and cancelling then releases it",
)
async def movements(case: Example) -> Answer:
    async with a_shop() as shop:
        await shop.receive(case.given["on_hand"])
        told = [await _balance(shop)]
        for step in (_order, _cancel_one, _fulfill, _void_and_cancel, _again, _ship, _void):
            await step(shop)
            told.append(await _balance(shop))
        await _ledger_ends_with(shop, told[-1])
    return Answer(told, _published_balances(case.then))


async def _balance(shop: Shop) -> tuple[int, int]:
    found = await shop.counters()
    return found["on_hand"], found["reserved"]


async def _ledger_ends_with(shop: Shop, balance: tuple[int, int]) -> None:
    page = await inventory.ledger(shop.store, TENANT, SKU, HERE)
    last = page.rows[-1].balance
    if (last.on_hand, last.reserved) != balance:
        raise AssertionError(f"the ledger ends with {last}, the level with {balance}")


async def _order(shop: Shop) -> None:
    await shop.must_reserve("o_1.1.1.1", 3)


async def _cancel_one(shop: Shop) -> None:
    await shop.give_back("o_1.1.1.1", keeps=("o_1.1.2.1", 2), gives=("o_1.1.3.1", 1))


async def _fulfill(shop: Shop) -> None:
    await shop.end("o_1.1.2.1", 2, Ending.CONSUMED)


async def _void_and_cancel(shop: Shop) -> None:
    await shop.perform(_restore("o_1.1.2.1", "o_1.1.2.2", 2, shop))
    await shop.end("o_1.1.2.2", 2, Ending.RELEASED)


async def _again(shop: Shop) -> None:
    await shop.must_reserve("o_2.1.1.1", 1)


async def _ship(shop: Shop) -> None:
    await shop.end("o_2.1.1.1", 1, Ending.CONSUMED)


async def _void(shop: Shop) -> None:
    await shop.perform(_restore("o_2.1.1.1", "o_2.1.1.2", 1, shop))


def _restore(was: str, new: str, units: int, shop: Shop) -> Restore:
    return Restore(
        reservation_id=new,
        was=was,
        order_id=was.partition(".")[0],
        line_id="1",
        part=1,
        sku=SKU,
        location_id=HERE,
        quantity=units,
        at=shop.clock.now(),
    )


def _published_balances(rows: list[tuple[str, int]]) -> list[tuple[int, int]]:
    """Fold the source's rows; its last two are one step (a voided shipment)."""
    on_hand = reserved = 0
    balances = []
    for what, units in rows:
        if what == "ALLOCATION":
            reserved += units
        elif what == "RELEASE":
            reserved -= units
        else:
            on_hand += units
            reserved += units if what == "SALE" else 0
        balances.append((on_hand, reserved))
    return [*balances[:-2], balances[-1]]


@example("HW-REJECT", reading="the own reservation is released first; nothing of the SKU is picked")
async def rejections(case: Example) -> Answer:
    own, on_hand = case.given["own_reservation"], case.given["on_hand"]
    ours = []
    for text in case.when:
        async with a_shop() as shop:
            await shop.receive(on_hand)
            await shop.must_reserve("o_1.1.1.1", own)
            before = (await shop.counters())["free"]
            task = EndReservation(
                reservation_id="o_1.1.1.1",
                sku=SKU,
                location_id=HERE,
                quantity=numbers(text)[0],
                ending=Ending.RELEASED,
                effect=RejectReason(text.partition(",")[0]),
            )
            await shop.perform(task)
            after = await shop.counters()
        fits = before == case.given["free_before"] and after["reserved"] == 0
        ours.append({"on_hand": after["on_hand"], "free": after["free"]} if fits else {})
    return Answer(ours, case.then)


@example(
    "RACE",
    reading="two connections to one file, the orders divided among them, each write on threads",
)
async def race(case: Example) -> Answer:
    ours = [await _race(case.given["on_hand"], buyers) for buyers in numbers(case.when)[:2]]
    accepted = case.then["accepted"]
    return Answer(ours, [(accepted, buyers - accepted) for buyers in numbers(case.when)[:2]])


async def _race(on_hand: int, buyers: int) -> tuple[int, int]:
    """Return how many of so many simultaneous orders of one unit won, and how many were short."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "stock.db")
        stores = [EmbeddedDocuments(path, clock=SystemClock()) for _ in range(2)]
        try:
            now = SystemClock().now()
            receipt = Receipt(
                movement_id="receipt", sku=SKU, location_id=HERE, quantity=on_hand, at=now
            )
            await inventory.record(stores[0], TENANT, receipt, now)
            orders = [
                inventory.reserve(stores[n % 2], TENANT, _one(f"o_{n}"), now) for n in range(buyers)
            ]
            answers = await asyncio.gather(*orders)
            check = await inventory.reconcile(stores[0], TENANT, SKU)
            level = await inventory.level(stores[1], TENANT, SKU, HERE, now)
        finally:
            for store in stores:
                await store.close()
    won = sum(isinstance(answer, Won) for answer in answers)
    short = sum(isinstance(answer, Short) for answer in answers)
    if not check.is_clean or level is None or (level.free, level.reserved) != (on_hand - won, won):
        raise AssertionError(f"{won} won, but the counters say {level}")
    return won, short


def _one(order_id: str) -> Reserve:
    return Reserve(
        reservation_id=f"{order_id}.1.1.1",
        sku=SKU,
        location_id=HERE,
        quantity=1,
        order_id=order_id,
        line_id="1",
        part=1,
    )


@example(
    "SHARED", reading="a store's sources are its channel's pool; store X's 15 are 10 at X, 5 at Y"
)
async def shared_source(case: Example) -> Answer:
    stores = ("storeX", "storeY")
    async with a_shop() as shop:
        for place in ("X", "Y"):
            await shop.receive(case.given[place], place)
        pools = [
            Pool(pool_id=name, locations=tuple(case.given[name]), channels=(name,))
            for name in stores
        ]
        await shop.put_rules([], pools)
        sold, asked = numbers(case.when)
        if (await shop.ats("storeX")).units != sold:
            raise AssertionError("store X cannot sell what it is said to sell")
        for part, place in enumerate(case.given["storeX"], start=1):
            await shop.must_reserve(f"o_1.1.{part}.1", case.given[place], place)
        left = (await shop.ats("storeY")).units
        answer = await shop.reserve("o_2.1.1.1", asked, "Y")
    published = case.then["storeY_available"]
    return Answer((left, answer), (published, Short("o_2.1.1.1", published)))
