"""What a location does with its work that changes the order too: reject, ship, hand over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.contracts.stock import RejectReason
from shared.couriers.model import Quote
from shared.couriers.shipment import ShipmentStatus
from shared.couriers.tender import (
    SHIPMENTS,
    KeptQuote,
    Shipment,
    ShippedItem,
    ShippedParcel,
)
from shared.flows.context import Flows
from shared.flows.order_command import Applied, Follow, Works, apply_command
from shared.fulfillment import decide as work_rules
from shared.fulfillment import model as work_model
from shared.fulfillment import service as work_service
from shared.fulfillment.model import (
    Fulfillment,
    Item,
    NotInFulfillment,
    Parcel,
    Status,
    WrongMethod,
)
from shared.kernel.documents import Create, Operation
from shared.kernel.errors import NotAllowed, NotFound
from shared.orders import decide as orders
from shared.orders.decide.cancel import Units
from shared.orders.decide.change import Act, Change
from shared.orders.decide.facts import Item as Shipped
from shared.orders.decide.facts import Parcels
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
) -> Fulfillment:
    """Give units back with a reason; none named: everything, for the first reason given.

    Raises:
        NotFound, NotAllowed, NotInFulfillment: as the work stands.
    """
    known = await flows.knowledge.of(caller.tenant_id, now)
    settings = known.settings
    policy = RejectPolicy(settings.max_rejects, settings.rejection_period_days)

    def decide(order: Order, works: Works, act: Act) -> Change | None:
        work = _work(works, fulfillment_id)
        if work.status is Status.REJECTED:
            return None
        rows = _rejected(work, rejections, is_counted=is_counted)
        if not rows:
            return None
        picked = work_rules.picked_units(works.values(), {item.sku for item in work.items})
        about = Work(fulfillment_id, work.location_id, work.status)
        return orders.reject(order, about, rows, policy, act, picked_units=picked)

    follow = Follow(ends_by=work_model.Reject)
    await apply_command(flows, caller, work_service.order_of(fulfillment_id), decide, now, follow)
    return (await work_service.get(flows.store, caller.tenant_id, fulfillment_id)).body


def _work(works: Works, fulfillment_id: str) -> Fulfillment:
    if fulfillment_id not in works:
        raise NotFound("fulfillment")
    return works[fulfillment_id]


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


@dataclass(frozen=True, slots=True)
class Tender:
    """What is handed to a carrier: parcels with tracking, and the service with its rivals.

    `units` by line: a partial shipment; None: everything.
    """

    carrier: str | None = None
    service: str | None = None
    parcels: tuple[Parcel, ...] = ()
    cost_minor: int = 0
    arrive_by: datetime | None = None
    quotes: tuple[Quote, ...] = ()
    units: Mapping[str, int] | None = None


async def ship(
    flows: Flows, caller: Caller, fulfillment_id: str, tender: Tender, now: datetime
) -> Fulfillment:
    """Record that packed parcels left: the parts are shipped, their reservations consumed.

    Raises:
        WrongMethod: its customer collects it.
        NotAllowed: it is not packed.
        NotInFulfillment: more units than the work has.
    """

    def decide(order: Order, works: Works, act: Act) -> Change | None:
        work = _work(works, fulfillment_id)
        if work.status is Status.SHIPPED:
            return None
        if work.method != "ship":
            raise WrongMethod(work.method, "ship")
        if work.status is not Status.PACKED:
            raise NotAllowed("fulfillment", work.status, "ship", work_rules.legal_commands(work))
        shipment_id = f"{fulfillment_id}.s{work.shipments + 1}"
        parcels = Parcels(
            shipment_id,
            work.location_id,
            carrier=tender.carrier,
            service=tender.service,
            tracking=tuple(p.tracking for p in tender.parcels if p.tracking),
        )
        about = Work(fulfillment_id, work.location_id, Status.SHIPPED)
        return orders.ship(order, about, parcels, _leaving(work, tender.units), act)

    shipped: list[Fulfillment] = []

    def moved(work: Fulfillment) -> Fulfillment:
        if work.fulfillment_id != fulfillment_id:
            return work
        shipped.append(work)
        parcels = tender.parcels or work.parcels
        return work.model_copy(update={"shipments": work.shipments + 1, "parcels": tuple(parcels)})

    def kept(change: Change) -> list[Operation]:
        work = shipped[-1]
        document = _shipment(work, tender, change, now)
        return [Create(SHIPMENTS, f"shipment:{document.shipment_id}", document)]

    follow = Follow(ends_by=work_model.Ship, replaced=moved, beside=kept)
    await apply_command(flows, caller, work_service.order_of(fulfillment_id), decide, now, follow)
    return (await work_service.get(flows.store, caller.tenant_id, fulfillment_id)).body


def _leaving(work: Fulfillment, units: Mapping[str, int] | None) -> list[Shipped]:
    if units is None:
        return [Shipped(item.line_id, item.part, item.quantity) for item in work.items]
    left, rows = dict(units), []
    for item in work.items:
        taken = min(left.get(item.line_id, 0), item.quantity)
        if taken:
            rows.append(Shipped(item.line_id, item.part, taken))
            left[item.line_id] -= taken
    for line_id, excess in left.items():
        if excess:
            raise NotInFulfillment(f"line {line_id}", excess)
    return rows


def _shipment(work: Fulfillment, tender: Tender, change: Change, now: datetime) -> Shipment:
    """Return the tender's document: the parts that left are those that the change shipped."""
    known: dict[str, Item] = {item.line_id: item for item in work.items}
    gone = [
        part
        for part in change.event.parts
        if part.fulfillment_id == work.fulfillment_id and part.state == "shipped"
    ]
    reservations = {
        (line.line_id, part.part): part.reservation_id or ""
        for line in change.order.lines
        for part in line.parts
    }
    parcels = tender.parcels or work.parcels
    return Shipment(
        shipment_id=f"{work.fulfillment_id}.s{work.shipments + 1}",
        order_id=work.order_id,
        fulfillment_id=work.fulfillment_id,
        location_id=work.location_id,
        version=1,
        status=ShipmentStatus.BOOKED,
        carrier=tender.carrier,
        service=tender.service,
        tracking=tuple(parcel.tracking for parcel in parcels if parcel.tracking),
        items=tuple(
            ShippedItem(
                line_id=part.line_id,
                part=part.part,
                sku=known[part.line_id].sku,
                quantity=part.quantity,
                reservation_id=reservations[part.line_id, part.part],
            )
            for part in gone
        ),
        parcels=tuple(
            ShippedParcel(**parcel.model_dump(exclude={"contents"})) for parcel in parcels
        ),
        cost_minor=tender.cost_minor or work.cost_minor,
        currency=work.currency,
        quotes=tuple(
            KeptQuote(
                carrier=quote.carrier,
                service=quote.service,
                cost_minor=quote.cost_minor,
                arrive_by=quote.arrive_by,
            )
            for quote in tender.quotes
        ),
        shipped_at=now,
        arrive_by=tender.arrive_by,
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
    await work_service.check_code(flows.store, caller, fulfillment_id, code, now)

    def decide(order: Order, works: Works, act: Act) -> Change | None:
        work = _work(works, fulfillment_id)
        if work.status is Status.HANDED_OVER:
            return None
        if work.status is not Status.READY_FOR_PICKUP:
            legal = work_rules.legal_commands(work)
            raise NotAllowed("fulfillment", work.status, "handover", legal)
        about = Work(fulfillment_id, work.location_id, Status.HANDED_OVER)
        return orders.hand_over(order, about, _leaving(work, None), act)

    def moved(work: Fulfillment) -> Fulfillment:
        is_it = work.fulfillment_id == fulfillment_id
        return work.model_copy(update={"collector": collector}) if is_it else work

    follow = Follow(ends_by=work_model.HandOver, replaced=moved)
    await apply_command(flows, caller, work_service.order_of(fulfillment_id), decide, now, follow)
    return (await work_service.get(flows.store, caller.tenant_id, fulfillment_id)).body


async def expire_pickup(
    flows: Flows, caller: Caller, fulfillment_id: str, now: datetime
) -> Applied:
    """Cancel what nobody collected in time; nothing when its time has not come."""

    def decide(order: Order, works: Works, act: Act) -> Change | None:
        work = _work(works, fulfillment_id)
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
        work = _work(works, fulfillment_id)
        asked = [Units(i.line_id, i.quantity, i.part) for i in work_rules.asked_items(work)]
        if not asked:
            return None
        if is_confirmed:
            return orders.confirm_cancel(order, asked, act)
        return orders.refuse_cancel(order, asked, act)

    await apply_command(flows, caller, work_service.order_of(fulfillment_id), decide, now)
    return (await work_service.get(flows.store, caller.tenant_id, fulfillment_id)).body
