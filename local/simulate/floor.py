"""Who works at the locations: looks at the queue and does the next thing, or something wrong."""

import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from local.simulate.engine import Pause
from local.simulate.furniture import LOCATIONS
from local.simulate.people import Act, Troupe
from local.simulate.stage import person
from shared.contracts.stock import RejectReason
from shared.flows import hand_out
from shared.flows.hand_out import Rejection
from shared.flows.move_work import move
from shared.flows.ship_goods import Tender, ship
from shared.fulfillment import service as work_service
from shared.fulfillment.decide import asked_items
from shared.fulfillment.model import Fulfillment, Status
from shared.kernel.documents import Documents
from shared.tenants.model import Caller
from shared.wiring import flows, store

PICKUP_KEPT: Final = timedelta(minutes=10)
LOOKED_AT: Final = 6
DONE_A_LOOK: Final = 2
REASONS: Final = tuple(r for r in RejectReason if r is not RejectReason.OVERCOMMITTED)
Step = Callable[[Caller, Fulfillment, random.Random, datetime], Awaitable[object]]


def shift(troupe: Troupe, tenant_id: str, acts: int, chance: random.Random) -> list[Act]:
    """Return what somebody does at the locations, one thing after another."""
    return [_act(troupe, tenant_id, random.Random(chance.getrandbits(64))) for _ in range(acts)]


def _act(troupe: Troupe, tenant_id: str, chance: random.Random) -> Act:
    """Look at a queue once and do the next thing for some of what is in it."""
    found: list[Fulfillment] = []
    caller = person(tenant_id, "key:store")

    async def look() -> None:
        location_id = chance.choice(LOCATIONS)
        page = await work_service.work_queue(store(), tenant_id, location_id, limit=LOOKED_AT)
        found[:] = [stored.body for stored in page.items]

    async def act() -> None:
        await troupe.give(look)
        for work in chance.sample(found, min(len(found), DONE_A_LOOK)):
            await Pause(chance.expovariate(1 / 4.0))
            await troupe.give(_command(troupe, caller, work, chance))
        if not found:
            await Pause(chance.expovariate(1 / 6.0))

    return act


def _command(troupe: Troupe, caller: Caller, work: Fulfillment, chance: random.Random) -> Act:
    step, salt = next_step(work, chance), chance.getrandbits(64)

    async def command() -> None:
        await step(caller, work, random.Random(salt), troupe.stage.clock.now())

    return command


def next_step(work: Fulfillment, chance: random.Random) -> Step:
    """Return what is done with a piece of work: mostly its next step."""
    if asked_items(work) and chance.random() < 0.6:
        return _answer
    if chance.random() < 0.12 and work.status is not Status.READY_FOR_PICKUP:
        return _reject
    if chance.random() < 0.05:
        return _move
    return STEPS.get(work.status, _nothing)


async def _nothing(*_: object) -> None:
    """Leave it alone."""


async def _accept(caller: Caller, work: Fulfillment, _: random.Random, now: datetime) -> object:
    return await work_service.accept(store(), caller, work.fulfillment_id, now)


async def _pick(caller: Caller, work: Fulfillment, chance: random.Random, now: datetime) -> object:
    if chance.random() < 0.15:
        return await hand_out.finish_pick(
            flows(), caller, work.fulfillment_id, chance.choice(REASONS), now
        )
    total = _tote(work, chance)
    return await pick_total(store(), caller, work, total, now)


async def pick_total(
    documents: Documents, caller: Caller, work: Fulfillment, total: Mapping[str, int], now: datetime
) -> object:
    """Say what is in the tote in all, so that the same again changes nothing."""
    return await work_service.pick(
        documents, caller, work.fulfillment_id, total, now, is_total=True
    )


def _tote(work: Fulfillment, chance: random.Random) -> dict[str, int]:
    total: dict[str, int] = {}
    is_whole = chance.random() < 0.75
    for item in work.items:
        units = item.quantity if is_whole else chance.randint(item.picked, item.quantity)
        total[item.sku] = total.get(item.sku, 0) + units
    return {sku: units for sku, units in total.items() if units}


async def _pack(caller: Caller, work: Fulfillment, _: random.Random, now: datetime) -> object:
    return await work_service.pack(store(), caller, work.fulfillment_id, (), now)


async def _leave(caller: Caller, work: Fulfillment, chance: random.Random, now: datetime) -> object:
    name = work.fulfillment_id
    if work.method == "pickup":
        code = work.pickup_code or f"code-{chance.randrange(10)}"
        return await work_service.ready(store(), caller, name, code, now + PICKUP_KEPT, now)
    units = None
    if chance.random() < 0.2:
        units = {work.items[0].line_id: 1}
    return await ship(flows(), caller, name, Tender(carrier="dhl", units=units), now)


async def _collect(
    caller: Caller, work: Fulfillment, chance: random.Random, now: datetime
) -> object:
    name = work.fulfillment_id
    if chance.random() < 0.3:
        return await hand_out.expire_pickup(flows(), caller, name, now)
    code = "wrong" if chance.random() < 0.1 else work.pickup_code or ""
    return await hand_out.hand_over(flows(), caller, name, code, None, now)


async def _answer(
    caller: Caller, work: Fulfillment, chance: random.Random, now: datetime
) -> object:
    return await hand_out.answer_cancel(
        flows(), caller, work.fulfillment_id, now, is_confirmed=chance.random() < 0.6
    )


async def _reject(
    caller: Caller, work: Fulfillment, chance: random.Random, now: datetime
) -> object:
    item = chance.choice(work.items)
    units = chance.choice((None, 1, item.quantity))
    row = Rejection(item.line_id, units, chance.choice(REASONS))
    return await hand_out.reject(flows(), caller, work.fulfillment_id, [row], now)


async def _move(caller: Caller, work: Fulfillment, chance: random.Random, now: datetime) -> object:
    target = chance.choice((None, *LOCATIONS))
    return await move(flows(), caller, work.fulfillment_id, now, target=target)


STEPS: Final[Mapping[Status, Step]] = {
    Status.OPEN: _accept,
    Status.ACCEPTED: _pick,
    Status.PICKING: _pick,
    Status.PICKED: _pack,
    Status.PACKED: _leave,
    Status.READY_FOR_PICKUP: _collect,
}
