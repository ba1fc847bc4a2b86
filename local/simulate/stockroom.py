"""Facts about the goods, told twice and late; quotes that expire or harden; the sweeps."""

import random
from datetime import timedelta
from typing import Any, Final

from local.simulate.engine import Pause
from local.simulate.furniture import LOCATIONS, SKUS
from local.simulate.people import Act, Troupe
from shared.contracts.inventory import Adjustment, Count, Receipt, Sale, StockMessage
from shared.flows.sweeps import sweep_tenant
from shared.inventory import service as inventory
from shared.inventory.model import Hardness, Reserve, Won
from shared.wiring import flows, store

QUOTE_KEPT: Final = timedelta(seconds=90)
TRACKED: Final = SKUS[:-1]


def facts(troupe: Troupe, tenant_id: str, number: int, chance: random.Random) -> list[Act]:
    """Return facts to be told about a tenant's goods, some of them again."""
    acts: list[Act] = []
    for index in range(number):
        act = _fact(troupe, tenant_id, f"m-{index}", random.Random(chance.getrandbits(64)))
        acts += [act, act] if chance.random() < 0.35 else [act]
    return acts


def _fact(troupe: Troupe, tenant_id: str, name: str, chance: random.Random) -> Act:
    told: list[StockMessage] = []
    wait_s = chance.expovariate(1 / 60.0)

    async def record() -> None:
        await inventory.record(store(), tenant_id, told[0], troupe.stage.clock.now())

    async def act() -> None:
        await Pause(wait_s)
        if not told:
            told.append(a_fact(troupe, name, chance))
            troupe.memory.facts.setdefault(tenant_id, {})[name] = told[0]
        await troupe.give(record)

    return act


def a_fact(troupe: Troupe, name: str, chance: random.Random) -> StockMessage:
    """Return a receipt, sale, adjustment or count, a little in the past."""
    at = troupe.stage.clock.now() - timedelta(seconds=chance.choice((0, 0, 5, 60)))
    sku, place = chance.choice(TRACKED), chance.choice(LOCATIONS)
    common: dict[str, Any] = {"movement_id": name, "sku": sku, "location_id": place}
    match chance.randrange(6):
        case 0 | 1:
            return Receipt(**common, quantity=chance.randint(1, 8), at=at)
        case 2 | 3:
            return Sale(**common, quantity=chance.choice((1, 1, 2, 4, -1)), at=at)
        case 4:
            return Adjustment(**common, on_hand=chance.randint(-3, 3), at=at, reason="found")
        case _:
            return Count(**common, counted=chance.randint(0, 12), as_of=at)


def quotes(troupe: Troupe, tenant_id: str, number: int, chance: random.Random) -> list[Act]:
    """Return soft reservations of shoppers who look, of whom some buy and bring it back."""
    return [
        _quote(troupe, tenant_id, f"q-{index}", random.Random(chance.getrandbits(64)))
        for index in range(number)
    ]


def _quote(troupe: Troupe, tenant_id: str, name: str, chance: random.Random) -> Act:
    sku, place, units = chance.choice(TRACKED), chance.choice(LOCATIONS), chance.randint(1, 3)
    stays_s, buys = chance.uniform(1.0, 200.0), chance.random() < 0.5

    def wanted(reservation_id: str, hardness: Hardness) -> Reserve:
        is_soft = hardness is Hardness.SOFT
        return Reserve(
            reservation_id=reservation_id,
            sku=sku,
            location_id=place,
            quantity=units,
            order_id=name,
            line_id="1",
            part=1,
            hardness=hardness,
            expires_at=troupe.stage.clock.now() + QUOTE_KEPT if is_soft else None,
        )

    soft: list[Reserve] = []

    async def ask() -> None:
        await inventory.reserve(store(), tenant_id, soft[0], troupe.stage.clock.now())

    async def buy_and_bring_back() -> None:
        hard = wanted(f"{name}.1.1.1", Hardness.HARD)
        now = troupe.stage.clock.now()
        outcome = await inventory.harden(store(), tenant_id, soft[0].reservation_id, hard, now)
        if isinstance(outcome, Won):
            await inventory.release(store(), tenant_id, sku, hard.reservation_id, now)

    async def act() -> None:
        await Pause(chance.expovariate(1 / 60.0))
        soft[:] = [wanted(f"{name}.1", Hardness.SOFT)]
        await troupe.give(ask)
        if buys:
            await Pause(stays_s)
            await troupe.give(buy_and_bring_back)

    return act


def sweeps(troupe: Troupe, tenant_id: str, number: int) -> list[Act]:
    """Return the timer's sweeps of whatever is due."""

    async def sweep() -> None:
        await sweep_tenant(flows(), tenant_id, troupe.stage.clock.now())

    async def act() -> None:
        await Pause(60.0)
        await troupe.give(sweep)

    return [act] * number
