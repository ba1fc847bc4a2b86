"""Goods that come back: taken in at a counter or by parcel, looked at, repaid, exchanged."""

import random
from datetime import datetime
from typing import Final

from local.simulate.engine import Pause
from local.simulate.furniture import LOCATIONS, SKUS, STORES
from local.simulate.people import Act, Troupe
from local.simulate.stage import person
from shared.contracts.returns import (
    Disposition,
    ExchangeUnits,
    InspectedUnits,
    InspectUnits,
    ReceiveParcel,
    RequestReturn,
    ReturnUnits,
)
from shared.flows.accept_return import inspect_units, receive_parcel, request_return
from shared.kernel.money import Money
from shared.orders.model import WITH_CUSTOMER, Line, Order
from shared.orders.service import find
from shared.returns import service as return_service
from shared.returns.model import Return, ReturnStatus
from shared.wiring import flows, store

LOOKS_MAX: Final = 4  # for an order of which somebody has something
EXCHANGED: Final = 0.2


def counter(troupe: Troupe, tenant_id: str, number: int, chance: random.Random) -> list[Act]:
    """Return what a returns counter does: one customer after another, each with one return."""
    acts: list[Act] = []
    for index in range(number):
        own = random.Random(chance.getrandbits(64))
        acts += _Visit(troupe, tenant_id, f"back-{index}", own).acts()
    return acts


class _Visit:
    """One return, from the wish to the refund; who is interrupted goes on where it stands."""

    def __init__(self, troupe: Troupe, tenant_id: str, name: str, chance: random.Random) -> None:
        self._troupe, self._tenant_id, self._name, self._chance = troupe, tenant_id, name, chance
        self._caller = person(tenant_id, "key:counter")
        self._store, self._is_at_counter = chance.choice(STORES), chance.random() < 0.6
        self._asked: RequestReturn | None = None
        self._made: Return | None = None

    def acts(self) -> list[Act]:
        """Return the steps of it; each can be given again."""
        return [self._wish, self._ask, self._receive, self._inspect]

    def _now(self) -> datetime:
        return self._troupe.stage.clock.now()

    async def _wish(self) -> None:
        await Pause(self._chance.expovariate(1 / 25.0))
        known = sorted(self._troupe.memory.orders.get(self._tenant_id, ()))
        for name in self._chance.sample(known, min(LOOKS_MAX, len(known))):

            async def look(name: str = name) -> None:
                stored = await find(store(), self._tenant_id, name)
                self._asked = self._request(stored.body) if stored else None

            await self._troupe.give(look)
            if self._asked is not None:
                return

    def _request(self, order: Order) -> RequestReturn | None:
        """Return what the customer asks for; None when there is nothing to bring back."""
        lines = [line for line in order.lines if _in_hand(line)]
        if not lines:
            return None
        line = self._chance.choice(lines)
        units = self._chance.randint(1, _in_hand(line))
        return RequestReturn(
            order_id=order.order_id,
            reference=self._name,
            location_id=self._store if self._is_at_counter else None,
            received=self._is_at_counter,
            lines=(ReturnUnits(line_id=line.line_id, quantity=units, reason="too-small"),),
            exchange=self._instead(line.line_id, order.currency),
        )

    def _instead(self, line_id: str, currency: str) -> tuple[ExchangeUnits, ...]:
        if self._chance.random() >= EXCHANGED:
            return ()
        price = Money(amount_minor=1_990, currency=currency)
        sku = self._chance.choice(SKUS)
        return (ExchangeUnits(sku=sku, quantity=1, for_line=line_id, unit_price=price),)

    async def _ask(self) -> None:
        asked = self._asked
        if asked is None:
            return

        async def request() -> None:
            self._made = await request_return(
                flows(), self._caller, asked, f"key:{self._name}", self._now()
            )

        await self._troupe.give(request)

    async def _receive(self) -> None:
        made = self._made
        if made is None or self._is_at_counter:
            return
        await Pause(self._chance.expovariate(1 / 10.0))
        place = self._chance.choice(LOCATIONS)

        async def approve() -> None:
            if made.status is ReturnStatus.REQUESTED:
                await return_service.approve(store(), self._caller, made.return_id, self._now())

        async def receive() -> None:
            parcel = ReceiveParcel(parcel="p1", location_id=place)
            await receive_parcel(flows(), self._caller, made.return_id, parcel, self._now())

        if await self._troupe.give(approve):
            await self._troupe.give(receive)

    async def _inspect(self) -> None:
        made = self._made
        if made is None:
            return
        found: list[Return] = []

        async def look() -> None:
            stored = await return_service.get(store(), self._tenant_id, made.return_id)
            found[:] = [stored.body]

        async def inspect() -> None:
            batch = self._batch(found[0], random.Random(self._name))
            await inspect_units(flows(), self._caller, made.return_id, batch, self._now())

        if await self._troupe.give(look) and found and found[0].receipts:
            await self._troupe.give(inspect)

    def _batch(self, found: Return, chance: random.Random) -> InspectUnits:
        """Return the finding on all that has come, the same however often it is told."""
        receipt = found.receipts[0]
        back = (Disposition.RESELL, Disposition.RESELL, Disposition.DAMAGED, Disposition.WRITE_OFF)
        units = tuple(
            InspectedUnits(
                line_id=row.line_id, disposition=chance.choice(back), quantity=row.quantity
            )
            for row in receipt.lines
        )
        return InspectUnits(batch="b1", location_id=receipt.location_id, units=units, last=True)


def _in_hand(line: Line) -> int:
    return sum(part.quantity for part in line.parts if part.state in WITH_CUSTOMER)
