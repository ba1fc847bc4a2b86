"""Facts about the goods, told twice and late; quotes that expire or harden; the sweeps."""

import random
from datetime import datetime, timedelta
from typing import Any, Final

from local.simulate.engine import Pause
from local.simulate.furniture import LOCATIONS, SKUS
from local.simulate.people import Act, Troupe
from shared.contracts.inventory import Adjustment, Count, Receipt, Sale, StockMessage
from shared.flows.sweeps import sweep_tenant
from shared.inventory import service as inventory
from shared.inventory.model import Hardness, Reserve
from shared.wiring import flows, store

QUOTE_KEPT: Final = timedelta(seconds=90)
SOFT: Final = ".1"  # how the ids of reservations end, behind the quote's
HARD: Final = ".1.1.1"
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
    wait_s = chance.expovariate(1 / 15.0)

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
    acts: list[Act] = []
    for index in range(number):
        own = random.Random(chance.getrandbits(64))
        acts += _Shopper(troupe, tenant_id, f"q-{index}", own).acts()
    return acts


class _Shopper:
    """Somebody with a quote."""

    def __init__(self, troupe: Troupe, tenant_id: str, name: str, chance: random.Random) -> None:
        self._troupe, self._tenant_id, self._name, self._chance = troupe, tenant_id, name, chance
        self._place, self._units = chance.choice(LOCATIONS), chance.randint(1, 3)
        self._sku, self._buys = chance.choice(TRACKED), chance.random() < 0.5

    def acts(self) -> list[Act]:
        """Return what the shopper does: ask, and perhaps buy and bring back."""
        return [self._ask, self._buy, self._bring_back] if self._buys else [self._ask]

    def _wanted(self, ending: str, expires_at: datetime | None) -> Reserve:
        return Reserve(
            reservation_id=f"{self._name}{ending}",
            sku=self._sku,
            location_id=self._place,
            quantity=self._units,
            order_id=self._name,
            line_id="1",
            part=1,
            hardness=Hardness.SOFT if expires_at else Hardness.HARD,
            expires_at=expires_at,
        )

    def _now(self) -> datetime:
        return self._troupe.stage.clock.now()

    async def _ask(self) -> None:
        await Pause(self._chance.expovariate(1 / 15.0))
        soft = self._wanted(SOFT, self._now() + QUOTE_KEPT)

        async def reserve() -> None:
            await inventory.reserve(store(), self._tenant_id, soft, self._now())

        await self._troupe.give(reserve)

    async def _buy(self) -> None:
        await Pause(self._chance.uniform(1.0, 200.0))
        hard, soft_id = self._wanted(HARD, None), f"{self._name}{SOFT}"

        async def harden() -> None:
            await inventory.harden(store(), self._tenant_id, soft_id, hard, self._now())

        await self._troupe.give(harden)

    async def _bring_back(self) -> None:
        name = f"{self._name}{HARD}"

        async def release() -> None:
            await inventory.release(store(), self._tenant_id, self._sku, name, self._now())

        while not await self._troupe.give(release):
            await Pause(5.0)


def sweeps(troupe: Troupe, tenant_id: str, number: int) -> list[Act]:
    """Return the timer's sweeps of whatever is due."""

    async def sweep() -> None:
        await sweep_tenant(flows(), tenant_id, troupe.stage.clock.now())

    async def act() -> None:
        await Pause(60.0)
        await troupe.give(sweep)

    return [act] * number
