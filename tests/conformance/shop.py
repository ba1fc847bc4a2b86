"""A store of stock with the few verbs that the worked examples use, all of them the service's."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from shared.adapters.embedded.documents import EmbeddedDocuments
from shared.contracts.inventory import Receipt
from shared.contracts.stock import DivideReservation, Ending, EndReservation, Share, StockTask
from shared.inventory import service as inventory
from shared.inventory.decide.availability import Ats, Sellable
from shared.inventory.decide.rules import Item, Site
from shared.inventory.model import Outcome, Pool, Reserve, Reserved, StockRule, Won
from shared.kernel.clock import SteppedClock
from shared.kernel.documents import Documents

TENANT: Final = "acme"
SKU: Final = "SKU-1"
HERE: Final = "here"
NOW: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass(slots=True)
class Shop:
    """One tenant's stock; a minute passes with every write, so that the ledger has an order."""

    store: Documents
    clock: SteppedClock
    places: dict[str, Site] = field(default_factory=dict)

    def tick(self) -> datetime:
        self.clock.advance(timedelta(minutes=1))
        return self.clock.now()

    async def receive(self, units: int, location_id: str = HERE, sku: str = SKU) -> None:
        self.places.setdefault(location_id, Site(location_id))
        receipt = Receipt(
            movement_id=f"receipt.{sku}.{location_id}",
            sku=sku,
            location_id=location_id,
            quantity=units,
            at=self.tick(),
        )
        recorded = await inventory.record(self.store, TENANT, receipt, self.clock.now())
        if recorded.outcome is not Outcome.DONE:
            raise ValueError(f"{location_id}: received twice")

    async def put_rules(self, rules: Sequence[StockRule], pools: Sequence[Pool] = ()) -> None:
        await inventory.save_stock_rules(self.store, TENANT, rules, pools, 0)

    async def reserve(
        self, name: str, units: int, location_id: str = HERE, sku: str = SKU, guard: int = 0
    ) -> Reserved:
        """Reserve for an order's first line; `name` is the reservation's id."""
        wanted = Reserve(
            reservation_id=name,
            sku=sku,
            location_id=location_id,
            quantity=units,
            order_id=name.partition(".")[0],
            line_id="1",
            part=1,
            guard=guard,
        )
        return await inventory.reserve(self.store, TENANT, wanted, self.tick())

    async def must_reserve(
        self, name: str, units: int, location_id: str = HERE, sku: str = SKU
    ) -> None:
        answer = await self.reserve(name, units, location_id, sku)
        if answer != Won(name):
            raise ValueError(f"{name}: {answer}")

    async def perform(self, task: StockTask) -> Outcome:
        return await inventory.perform(self.store, TENANT, task, self.tick())

    async def end(self, name: str, units: int, ending: Ending, location_id: str = HERE) -> Outcome:
        task = EndReservation(
            reservation_id=name, sku=SKU, location_id=location_id, quantity=units, ending=ending
        )
        return await self.perform(task)

    async def give_back(
        self, name: str, *, keeps: tuple[str, int], gives: tuple[str, int], location_id: str = HERE
    ) -> Outcome:
        """Divide a reservation: some units stay reserved under a new id, others are released."""
        shares = (
            Share(reservation_id=keeps[0], line_id="1", part=2, quantity=keeps[1]),
            Share(
                reservation_id=gives[0],
                line_id="1",
                part=3,
                quantity=gives[1],
                ending=Ending.RELEASED,
            ),
        )
        task = DivideReservation(
            reservation_id=name,
            order_id=name.partition(".")[0],
            sku=SKU,
            location_id=location_id,
            shares=shares,
        )
        return await self.perform(task)

    async def ats(self, channel: str = "web", sku: str = SKU, inbound: int = 0) -> Ats:
        places = list(self.places.values())
        return await inventory.ats(
            self.store, TENANT, Item(sku), places, self.tick(), channel=channel, inbound=inbound
        )

    async def sellable(self, location_id: str = HERE, sku: str = SKU) -> Sellable:
        (found,) = await inventory.availability(
            self.store,
            TENANT,
            Item(sku),
            {location_id: self.places[location_id]},
            self.tick(),
        )
        return found

    async def pickup(self, location_id: str, sku: str = SKU) -> int:
        place = self.places[location_id]
        found = await inventory.pickup(self.store, TENANT, Item(sku), place, self.tick())
        return found.units

    async def counters(self, location_id: str = HERE, sku: str = SKU) -> Mapping[str, int]:
        """Return on hand, reserved and free as stored, once all counters agree with the ledger."""
        check = await inventory.reconcile(self.store, TENANT, sku)
        if not check.is_clean:
            raise AssertionError(f"counters are not what the ledger adds up to: {check}")
        level = await inventory.level(self.store, TENANT, sku, location_id, self.tick())
        if level is None:
            raise AssertionError(f"{location_id} has no level of {sku}")
        return {"on_hand": level.on_hand, "reserved": level.reserved, "free": level.free}


@asynccontextmanager
async def a_shop() -> AsyncIterator[Shop]:
    clock = SteppedClock(NOW)
    store = EmbeddedDocuments(":memory:", clock=clock, threaded=False)
    try:
        yield Shop(store, clock)
    finally:
        await store.close()
