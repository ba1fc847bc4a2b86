"""Carriers and the packing table: scans and deliveries told twice and late, tenders taken back."""

import random
from datetime import timedelta
from typing import Final

from local.simulate.engine import Pause
from local.simulate.people import Act, Troupe
from local.simulate.stage import person
from shared.couriers import tracking
from shared.flows.track_shipment import FACTS, Report, track, void
from shared.wiring import flows, store

VOIDED: Final = 0.25  # of the looks at a shipment: its parcel is taken back
LOOKED_AT: Final = 10


def reports(troupe: Troupe, tenant_id: str, number: int, chance: random.Random) -> list[Act]:
    """Return what carriers tell of a tenant's shipments, one thing after another."""
    return [_act(troupe, tenant_id, random.Random(chance.getrandbits(64))) for _ in range(number)]


def _act(troupe: Troupe, tenant_id: str, chance: random.Random) -> Act:
    caller = person(tenant_id, "key:carrier")
    found: list[str] = []

    async def look() -> None:
        known = sorted(troupe.memory.orders.get(tenant_id, ()))
        if not known:
            return
        page = await tracking.shipments_of(
            store(), tenant_id, chance.choice(known), limit=LOOKED_AT, cursor=None
        )
        found[:] = [stored.body.shipment_id for stored in page.items]

    async def act() -> None:
        await Pause(chance.expovariate(1 / 12.0))
        await troupe.give(look)
        if not found:
            return
        name, fact = chance.choice(found), FACTS[chance.choice(sorted(FACTS))]
        is_void = chance.random() < VOIDED
        told = Report(fact, troupe.stage.clock.now() - timedelta(seconds=chance.choice((0, 30))))

        async def tell() -> None:
            now = troupe.stage.clock.now()
            if is_void:
                await void(flows(), caller, name, now)
            else:
                await track(flows(), caller, name, told, now)

        await troupe.give(tell)

    return act
