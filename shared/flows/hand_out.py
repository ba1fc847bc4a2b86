"""What a location does with its work that changes the order too: reject, hand over, expire.

Shipping stands in `ship_goods`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.contracts.stock import RejectReason
from shared.flows.context import Flows
from shared.flows.order_command import Applied, Follow, Works, apply_command, work_of
from shared.flows.ship_goods import leaving
from shared.fulfillment import decide as work_rules
from shared.fulfillment import model as work_model
from shared.fulfillment import service as work_service
from shared.fulfillment.model import Fulfillment, NotInFulfillment, Status, WrongMethod
from shared.kernel.errors import NotAllowed
from shared.orders import decide as orders
from shared.orders.decide.cancel import Units
from shared.orders.decide.change import Act, Change
from shared.orders.decide.reject import Rejected, RejectPolicy, Work
from shared.orders.model import Order
from shared.tenants.model import Caller


@dataclass(frozen=True, slots=True)
class Rejection:
    """Units of a line that a location gives back; no quantity: all of it."""

    line_id: str
    quantity: int | None
    reason: RejectReason


async def reject(
    flows: Flows,
    caller: Caller,
    fulfillment_id: str,
    rejections: Sequence[Rejection],
    now: datetime,
    *,
    is_counted: bool = True,
    otherwise: RejectReason | None = None,
    command_id: str | None = None,
) -> Fulfillment:
    """Give units back, each with its reason; none named: everything, for the reason `otherwise`.

    `command_id`: units of a line told twice are given back once.

    Raises:
        NotFound, NotAllowed, NotInFulfillment: as the work stands.
    """
    settings = (await flows.knowledge.of(caller.tenant_id, now)).settings
    policy = RejectPolicy(settings.max_rejects, settings.rejection_period_days)
    elsewhere = await _others_work(flows, caller.tenant_id, fulfillment_id, rejections, otherwise)

    def decide(order: Order, works: Works, act: Act) -> Change | None:
        work = work_of(works, fulfillment_id)
        if _is_rejected(work):
            return None
        told = rejections or _everything(work, otherwise)
        rows = _rejected(work, told, is_counted=is_counted)
        if not rows:
            return None
        there = [*elsewhere, *(w for w in works.values() if w.location_id == work.location_id)]
        picked = work_rules.picked_units(there, {item.sku for item in work.items})
        about = Work(fulfillment_id, work.location_id, work.status)
        return orders.reject(order, about, rows, policy, act, picked_units=picked)

    about = (work_service.order_of(fulfillment_id), decide, now, Follow(ends_by=work_model.Reject))
    applied = await apply_command(flows, caller, *about, command_id=command_id)
    return applied.work(fulfillment_id)


def _is_rejected(work: Fulfillment) -> bool:
    """Tell whether all is given back already.

    Raises:
        NotAllowed: it ended otherwise; its parts may be somebody else's work by now.
    """
    if work.status in work_model.ENDED - {Status.REJECTED}:
        raise NotAllowed("fulfillment", work.status, "reject", work_rules.legal_commands(work))
    return work.status is Status.REJECTED


async def _others_work(
    flows: Flows,
    tenant_id: str,
    fulfillment_id: str,
    rejections: Sequence[Rejection],
    otherwise: RejectReason | None,
) -> list[Fulfillment]:
    """Return other orders' open work at the location: what is in their totes is not gone."""
    reasons = {rejection.reason for rejection in rejections} | {otherwise}
    if RejectReason.NOT_IN_STOCK not in reasons:
        return []
    work = (await work_service.get(flows.store, tenant_id, fulfillment_id)).body
    found = await work_service.open_work(flows.store, tenant_id, work.location_id)
    return [other for other in found if other.order_id != work.order_id]


def _everything(work: Fulfillment, reason: RejectReason | None) -> list[Rejection]:
    lines = dict.fromkeys(item.line_id for item in work.items) if reason else ()
    return [Rejection(line_id, None, reason) for line_id in lines if reason]


def _rejected(
    work: Fulfillment, rejections: Sequence[Rejection], *, is_counted: bool
) -> list[Rejected]:
    """Spread rejections by line over the work's items, unpicked ones first."""
    rows: list[Rejected] = []
    left = {item: item.quantity for item in work.items}
    for rejection in rejections:
        items = sorted(
            (item for item in left if item.line_id == rejection.line_id),
            key=lambda item: item.picked - item.quantity,
        )
        wanted = sum(left[item] for item in items)
        wanted = wanted if rejection.quantity is None else rejection.quantity
        for item in items:
            taken = min(wanted, left[item])
            if taken:
                rows.append(Rejected(item.line_id, item.part, taken, rejection.reason, is_counted))
            left[item] -= taken
            wanted -= taken
        if wanted:
            raise NotInFulfillment(f"line {rejection.line_id}", wanted)
    return rows


async def finish_pick(
    flows: Flows, caller: Caller, fulfillment_id: str, reason: RejectReason, now: datetime
) -> Fulfillment:
    """End picking: what is not in the tote is rejected for `reason`, the rest is picked.

    Raises:
        NotAllowed: it is not being picked.
    """
    work = (await work_service.get(flows.store, caller.tenant_id, fulfillment_id)).body
    short = work_rules.shortages(work)
    if work.status is Status.PICKED or not short:
        return work
    if work.status not in {Status.ACCEPTED, Status.PICKING}:
        raise NotAllowed("fulfillment", work.status, "pick", work_rules.legal_commands(work))
    missing: dict[str, int] = {}
    for item in short:
        missing[item.line_id] = missing.get(item.line_id, 0) + item.quantity - item.picked
    rows = [Rejection(line_id, units, reason) for line_id, units in missing.items()]
    left = await reject(flows, caller, fulfillment_id, rows, now)
    if left.status is not Status.PICKING:
        return left
    return await work_service.change(
        flows.store,
        caller,
        fulfillment_id,
        lambda w: work_rules.finish_pick(w, now) if w.status is Status.PICKING else None,
        now,
    )


async def hand_over(
    flows: Flows,
    caller: Caller,
    fulfillment_id: str,
    code: str,
    collector: str | None,
    now: datetime,
) -> Fulfillment:
    """Give the goods to whoever shows the code.

    Raises:
        WrongCode, CodeLocked: the code does not fit; counted before it is refused.
        NotAllowed: it is not ready for pickup.
    """
    settings = (await flows.knowledge.of(caller.tenant_id, now)).settings
    tries = settings.pickup_code_tries
    await work_service.check_code(flows.store, caller, fulfillment_id, code, now, tries_max=tries)

    def decide(order: Order, works: Works, act: Act) -> Change | None:
        work = work_of(works, fulfillment_id)
        if work.status is Status.HANDED_OVER:
            return None
        if work.status is not Status.READY_FOR_PICKUP:
            legal = work_rules.legal_commands(work)
            raise NotAllowed("fulfillment", work.status, "handover", legal)
        about = Work(fulfillment_id, work.location_id, Status.HANDED_OVER)
        return orders.hand_over(order, about, leaving(work, None), act)

    def moved(work: Fulfillment) -> Fulfillment:
        is_it = work.fulfillment_id == fulfillment_id
        return work.model_copy(update={"collector": collector}) if is_it else work

    follow = Follow(ends_by=work_model.HandOver, replaced=moved)
    applied = await apply_command(
        flows, caller, work_service.order_of(fulfillment_id), decide, now, follow
    )
    return applied.work(fulfillment_id)


async def record_collected(
    flows: Flows,
    caller: Caller,
    fulfillment_id: str,
    collector: str | None,
    now: datetime,
    *,
    command_id: str,
) -> Fulfillment:
    """Record that the store's own system has handed the goods over: a fact, without our code.

    Raises:
        NotFound: there is no such work.
        WrongMethod: it is shipped, not collected.
    """

    def decide(order: Order, works: Works, act: Act) -> Change | None:
        work = work_of(works, fulfillment_id)
        if work.method != "pickup":
            raise WrongMethod(work.method, "handover")
        if work.status is Status.HANDED_OVER:
            return None
        about = Work(fulfillment_id, work.location_id, Status.HANDED_OVER)
        return orders.hand_over(order, about, leaving(work, None), act)

    def moved(work: Fulfillment) -> Fulfillment:
        if work.fulfillment_id != fulfillment_id:
            return work
        return work_rules.overtaken(work).model_copy(update={"collector": collector})

    follow = Follow(ends_by=work_model.HandOver, replaced=moved)
    order_id = work_service.order_of(fulfillment_id)
    applied = await apply_command(
        flows, caller, order_id, decide, now, follow, command_id=command_id
    )
    return applied.work(fulfillment_id)


async def expire_pickup(
    flows: Flows, caller: Caller, fulfillment_id: str, now: datetime
) -> Applied:
    """Cancel what nobody collected in time; nothing when its time has not come."""

    def decide(order: Order, works: Works, act: Act) -> Change | None:
        work = work_of(works, fulfillment_id)
        due = work.pickup_expires_at
        if work.status is not Status.READY_FOR_PICKUP or due is None or due > now:
            return None
        return orders.expire(order, Work(fulfillment_id, work.location_id, Status.EXPIRED), act)

    follow = Follow(ends_by=work_model.Expire)
    order_id = work_service.order_of(fulfillment_id)
    return await apply_command(flows, caller, order_id, decide, now, follow)


async def answer_cancel(
    flows: Flows, caller: Caller, fulfillment_id: str, now: datetime, *, is_confirmed: bool
) -> Fulfillment:
    """Say whether units can still be stopped; all that were asked for, together."""

    def decide(order: Order, works: Works, act: Act) -> Change | None:
        work = work_of(works, fulfillment_id)
        asked = [Units(i.line_id, i.quantity, i.part) for i in work_rules.asked_items(work)]
        if not asked:
            return None
        if is_confirmed:
            return orders.confirm_cancel(order, asked, act)
        return orders.refuse_cancel(order, asked, act)

    applied = await apply_command(flows, caller, work_service.order_of(fulfillment_id), decide, now)
    return applied.work(fulfillment_id)
