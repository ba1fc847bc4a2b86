"""What becomes of a tender: a carrier reports, or it is taken back before its first scan."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.couriers import tracking
from shared.couriers.shipment import (
    CarrierFact,
    Deliver,
    Lose,
    ReturnToSender,
    Scan,
    ShipmentStatus,
    Trouble,
    Void,
    advance,
    report,
)
from shared.couriers.tender import Shipment
from shared.flows.context import Flows
from shared.flows.order_command import Follow, Works, apply_command
from shared.fulfillment import decide as work_rules
from shared.fulfillment.model import Fulfillment
from shared.fulfillment.model import Item as WorkItem
from shared.kernel.documents import Stored
from shared.kernel.errors import GuardFailed, Unavailable
from shared.kernel.machine import kebab
from shared.orders import decide as orders
from shared.orders.decide import Act, Change, Item, Parcels
from shared.orders.decide.actions import FACT_CONFLICT
from shared.orders.model import Order
from shared.tenants.model import Caller

ATTEMPTS_MAX: Final = 3  # each of them tries the order five times
OnOrder = Callable[[Order, Parcels, Sequence[Item], Act], Change | None]
FACTS: Final[Mapping[str, CarrierFact]] = {
    "scanned": Scan,
    "trouble": Trouble,
    "delivered": Deliver,
    "lost": Lose,
    "returned-to-sender": ReturnToSender,
}
_ON_ORDER: Final[Mapping[CarrierFact, OnOrder]] = {
    Deliver: orders.deliver,
    Lose: orders.lose,
    ReturnToSender: orders.return_to_sender,
}


@dataclass(frozen=True, slots=True)
class Report:
    """What a carrier says, with its own time."""

    fact: CarrierFact
    at: datetime


async def track(
    flows: Flows, caller: Caller, shipment_id: str, told: Report, now: datetime
) -> Shipment:
    """Record a carrier's report: a fact, never refused; the same again changes nothing.

    One that the state does not allow leaves it and opens `fact-conflict`, unless it is older than
    what ended the shipment: carriers' reports come late and out of order.

    Raises:
        NotFound: no such shipment.
        Unavailable: others changed it at every attempt.
    """
    for _ in range(ATTEMPTS_MAX):
        stored = await tracking.get_shipment(flows.store, caller.tenant_id, shipment_id)
        found = report(stored.body.status, told.fact)
        if found.conflicts:
            return await _conflict(flows, caller, stored, told, now)
        if found.status is stored.body.status:
            return stored.body
        changed = tracking.in_status(stored.body, found.status, min(told.at, now))
        try:
            return await _reported(flows, caller, stored, changed, told.fact, now)
        except (GuardFailed, Unavailable):
            continue
    raise Unavailable(f"{shipment_id} is being changed by others")


async def _reported(
    flows: Flows,
    caller: Caller,
    stored: Stored[Shipment],
    changed: Shipment,
    fact: CarrierFact,
    now: datetime,
) -> Shipment:
    on_order = _ON_ORDER.get(fact)
    if on_order is not None:
        about = _parcels(changed)
        applied = await apply_command(
            flows,
            caller,
            changed.order_id,
            lambda order, _, act: on_order(order, about, _items(changed), act),
            now,
            Follow(beside=lambda _: [tracking.replacement(stored, changed)]),
        )
        if applied.change is not None:
            return changed
    return await tracking.save_shipment(flows.store, caller, stored, changed, now)


async def _conflict(
    flows: Flows, caller: Caller, stored: Stored[Shipment], told: Report, now: datetime
) -> Shipment:
    shipment = stored.body
    if shipment.ended_at is not None and told.at <= shipment.ended_at:
        return shipment
    name = kebab(told.fact.__name__)
    detail: dict[str, str | int] = {
        "fact": name,
        "id": shipment.shipment_id,
        "state": shipment.status.value,
    }
    await apply_command(
        flows,
        caller,
        shipment.order_id,
        lambda order, _, act: orders.open_exception(order, FACT_CONFLICT, act, detail),
        now,
        command_id=f"{shipment.shipment_id}.v{shipment.version}.{name}",
    )
    return shipment


async def void(flows: Flows, caller: Caller, shipment_id: str, now: datetime) -> Shipment:
    """Take a tender back: its goods are packed again, on hand and reserved; again: nothing.

    Raises:
        NotFound: no such shipment.
        NotAllowed: the carrier has scanned it.
        Unavailable: others changed it at every attempt.
    """
    for _ in range(ATTEMPTS_MAX):
        stored = await tracking.get_shipment(flows.store, caller.tenant_id, shipment_id)
        shipment = stored.body
        if shipment.status is ShipmentStatus.VOIDED:
            return shipment
        changed = tracking.in_status(shipment, advance(shipment.status, Void), now)
        try:
            return await _voided(flows, caller, stored, changed, now)
        except (GuardFailed, Unavailable):
            continue
    raise Unavailable(f"{shipment_id} is being changed by others")


async def _voided(
    flows: Flows, caller: Caller, stored: Stored[Shipment], changed: Shipment, now: datetime
) -> Shipment:
    def decide(order: Order, _: Works, act: Act) -> Change | None:
        return orders.void(order, _parcels(changed), _items(changed), act)

    def back(work: Fulfillment) -> Fulfillment:
        if work.fulfillment_id != changed.fulfillment_id:
            return work
        return work_rules.unshipped(work, _work_items(work, changed), now)

    follow = Follow(replaced=back, beside=lambda _: [tracking.replacement(stored, changed)])
    applied = await apply_command(flows, caller, changed.order_id, decide, now, follow)
    if applied.change is None:
        return await tracking.save_shipment(flows.store, caller, stored, changed, now)
    return changed


def _parcels(shipment: Shipment) -> Parcels:
    return Parcels(shipment.shipment_id, shipment.location_id, status=shipment.status)


def _items(shipment: Shipment) -> list[Item]:
    return [Item(item.line_id, item.part, item.quantity) for item in shipment.items]


def _work_items(work: Fulfillment, shipment: Shipment) -> list[WorkItem]:
    titles = {item.line_id: item.title for item in work.items}
    return [
        WorkItem(
            line_id=item.line_id,
            part=item.part,
            sku=item.sku,
            quantity=item.quantity,
            reservation_id=item.reservation_id,
            title=titles.get(item.line_id),
            picked=item.quantity,
        )
        for item in shipment.items
    ]
