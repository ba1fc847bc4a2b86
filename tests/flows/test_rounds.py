"""Sweeps pass by what is refused, go on where they stopped, and close what is over."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from functions import returns, sweeps
from shared.flows import follow as following
from shared.flows import sweeps as flow
from shared.flows.close_orders import close_orders, closes_at
from shared.flows.rounds import CONFIG, ROUNDS, Due, Round, Rounds, Walk
from shared.flows.steer_order import cancel
from shared.kernel.documents import Create, Replace
from shared.orders.model import ORDERS, OrderStatus, PartState
from shared.returns.decide import Policy, window_end
from shared.routing.seeds import by_cost
from shared.wiring import use
from tests.builders import TENANT, Shop, a_line, a_shop, an_order
from tests.unit.orders import samples

DATES = Due("dates", ORDERS, "due_at")


async def waiting(shop: Shop, count: int) -> list[str]:
    """Place orders that wait for a date each, a minute apart."""
    found = []
    for number in range(count):
        found.append((await shop.place(an_order(reference=f"w-{number}"))).order_id)
        shop.later(minutes=1)
    return found


async def walked(shop: Shop, limit: int = 2, at: datetime | None = None) -> list[str]:
    walk = Walk(shop.world.store, TENANT, "due", at or shop.clock.now())
    rows = await walk.rows(DATES, limit)
    await walk.keep()
    return [row.body.order_id for row in rows]


@pytest.fixture
async def strict() -> AsyncIterator[Shop]:
    """A retailer that gives waits up after a day."""
    made = await a_shop(auto_cancel_days=1)
    yield made
    await made.close()


async def test_a_round_goes_on_where_it_stopped_and_then_begins_anew(strict: Shop) -> None:
    placed = await waiting(strict, 5)
    now = strict.later(days=2)
    seen = [await walked(strict, at=now) for _ in range(4)]
    assert seen == [placed[:2], placed[2:4], placed[4:], placed[:2]]


async def test_what_falls_due_during_a_round_is_of_the_next_one(strict: Shop) -> None:
    placed = await waiting(strict, 3)
    first = strict.clock.now() + timedelta(hours=23, minutes=58)  # two of them are due
    assert await walked(strict, 1, first) == placed[:1]
    later = first + timedelta(hours=1)
    assert await walked(strict, 2, later) == placed[1:2]
    assert await walked(strict, 2, later) == placed[:2]


async def test_a_page_that_holds_all_that_is_due_ends_the_round(strict: Shop) -> None:
    placed = await waiting(strict, 3)
    now = strict.later(days=2)
    assert await walked(strict, 1, now) == placed[:1]
    assert await walked(strict, 3, now) == placed


async def test_of_a_round_whose_rest_was_done_meanwhile_a_new_one_begins(strict: Shop) -> None:
    placed = await waiting(strict, 3)
    now = strict.later(days=2)
    assert await walked(strict, 2, now) == placed[:2]
    caller = following.system(TENANT, "test")
    await cancel(strict.world.flows, caller, placed[2], [], "customer", now)
    assert await walked(strict, 1, now) == placed[:1]


async def test_a_cursor_that_cannot_be_read_begins_the_round_anew(strict: Shop) -> None:
    placed = await waiting(strict, 2)
    now = strict.later(days=2)
    odd = Rounds(rounds={"dates": Round(until=now, cursor="odd")})
    create = Create(ROUNDS, "sweeprounds:due", odd)
    await strict.world.store.batch(TENANT, ROUNDS.container, CONFIG, (create,))
    assert await walked(strict, 1, now) == placed[:1]


async def test_of_two_runs_at_once_one_keeps_its_place(strict: Shop) -> None:
    await waiting(strict, 3)
    store, now = strict.world.store, strict.later(days=2)
    await walked(strict, 1, now)
    walk = Walk(store, TENANT, "due", now)
    await walk.rows(DATES, 1)
    stored = await store.get(TENANT, ROUNDS, CONFIG, "sweeprounds:due")
    assert stored is not None
    write = Replace(ROUNDS, stored.id, Rounds(), stored.etag)
    await store.batch(TENANT, ROUNDS.container, CONFIG, (write,))
    await walk.keep()
    after = await store.get(TENANT, ROUNDS, CONFIG, "sweeprounds:due")
    assert after is not None
    assert after.body.rounds == {}


async def test_refused_rows_do_not_starve_the_others(
    strict: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed = await waiting(strict, 5)
    strict.later(days=2)
    monkeypatch.setattr(flow, "SWEPT_MAX", 2)
    reached: list[str] = []

    async def refused(_flows: object, _tenant: str, order: object, _now: object) -> bool:
        reached.append(getattr(order, "order_id", ""))
        return False

    monkeypatch.setattr(flow, "_reach_dates", refused)
    for _ in range(3):
        await flow.sweep_tenant(strict.world.flows, TENANT, strict.clock.now())
    assert reached == placed


async def test_whoever_stands_behind_many_that_cannot_be_served_is_served() -> None:
    shop = await a_shop(rules=by_cost().model_copy(update={"divide_lines": "never"}))
    for number in range(130):  # they want more than ever comes
        line = a_line(quantity=50)
        await shop.place(an_order(line, reference=f"big-{number}", priority=5))
    small = await shop.place(an_order(reference="small"))
    await shop.receive("BOOT", "berlin", 1)
    await shop.settle_all()
    order = await shop.order(small.order_id)
    assert order.lines[0].parts[0].location_id == "berlin"
    assert following.ASKED_MAX == 1_000
    await shop.close()


async def taken_along(shop: Shop) -> str:
    """Sell something over the counter; it is with the customer at once."""
    line = a_line(taken_at="berlin")
    return (await shop.place(an_order(line))).order_id


async def test_an_order_closes_when_its_last_day_is_over(shop: Shop) -> None:
    order_id = await taken_along(shop)
    shop.later(days=30, hours=14)  # 23:00 of the thirtieth day in Berlin
    assert await close_orders(shop.world.flows, TENANT, shop.clock.now()) == 0
    shop.later(hours=1)
    with use(shop.world):
        await sweeps.close_orders(None)
    assert (await shop.order(order_id)).status is OrderStatus.CLOSED
    assert await close_orders(shop.world.flows, TENANT, shop.clock.now()) == 0


async def test_an_order_stays_open_while_a_return_is_under_way(shop: Shop) -> None:
    order_id = await taken_along(shop)
    body = {
        "order_id": order_id,
        "lines": [{"line_id": "1", "quantity": 1, "reason": "too-small"}],
    }
    made = await shop.call(returns.create_return, body=body)
    assert made.status == 201, made.body
    now = shop.later(days=40)
    assert await close_orders(shop.world.flows, TENANT, now) == 0
    path = {"return": made.body["return_id"]}
    gone = await shop.call(returns.cancel_return, path, body={"reason": "customer"})
    assert gone.status == 200, gone.body
    assert await close_orders(shop.world.flows, TENANT, now) == 1


def test_a_parcel_of_which_nobody_tells_counts_from_when_it_was_to_arrive() -> None:
    sent = samples.NOW + timedelta(days=1)
    known = samples.an_order()
    left = {"state": PartState.SHIPPED, "out_since": samples.NOW, "arrive_by": sent}
    part = known.lines[0].parts[0].model_copy(update=left)
    line = known.lines[0].model_copy(update={"parts": (part,)})
    order = known.model_copy(update={"lines": (line,)})
    policy = Policy(30, ZoneInfo("Europe/Berlin"))
    assert closes_at(order, {}, policy) == window_end(sent, 30, policy.zone)
    final = line.model_copy(update={"final_sale": True})
    for_good = order.model_copy(update={"lines": (final,)})
    assert closes_at(for_good, {}, policy) == sent
