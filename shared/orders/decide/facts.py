"""What happened to goods: a fact is never refused; what does not fit opens `fact-conflict`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from shared.contracts.orders import (
    OrderEvent,
    PartsHandedOver,
    PartsShipped,
    ReturnEvent,
    ShipmentEvent,
)
from shared.contracts.stock import Move
from shared.kernel.machine import kebab
from shared.orders import life
from shared.orders.decide import actions
from shared.orders.decide.bundles import units_of
from shared.orders.decide.change import Act, Change, Cut
from shared.orders.decide.draft import Draft
from shared.orders.decide.reject import Work
from shared.orders.decide.status import is_routed
from shared.orders.model import PART_LIFE, PARTS_MAX, WITH_CUSTOMER, Order, Part, PartState

_S = PartState
# States in which a fact is old news: it was told before, or something later was.
_AFTER_LEAVING: Final = WITH_CUSTOMER | {_S.LOST, _S.RETURNED}
_KNOWN: Final[dict[type, frozenset[PartState]]] = {
    life.Ship: _AFTER_LEAVING,
    life.HandOver: _AFTER_LEAVING,
    life.Deliver: frozenset({_S.DELIVERED, _S.RETURNED}),
    life.Lose: frozenset({_S.LOST}),
    life.ReturnToSender: frozenset({_S.RETURNED}),
    life.Void: frozenset({_S.SOURCED, _S.CANCEL_REQUESTED}),
}


@dataclass(frozen=True, slots=True)
class Item:
    """Units of a part, by the number that the reporting document knows."""

    line_id: str
    part: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Parcels:
    """The shipment that parts left or came back in."""

    shipment_id: str
    location_id: str
    status: str = "booked"
    carrier: str | None = None
    service: str | None = None
    tracking: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Fact:
    """One event for all items: `id` and `sign` say what stock must do when it conflicts.

    `fulfillment_id` is whose goods left: a part that was given to another location since is not it.
    """

    event: type
    id: str
    location_id: str | None
    sign: int = 0
    fulfillment_id: str | None = None


def ship(
    order: Order, work: Work, parcels: Parcels, items: Sequence[Item], act: Act
) -> Change | None:
    """Record that parts left with a carrier: reservations are consumed. None: known already."""
    draft = Draft(order, act)
    fact = _Fact(life.Ship, parcels.shipment_id, work.location_id, -1, work.fulfillment_id)
    _record(draft, fact, items)
    facts = {
        "fulfillment_id": work.fulfillment_id,
        "location_id": work.location_id,
        "status": work.status,
        "shipment_id": parcels.shipment_id,
        "carrier": parcels.carrier,
        "service": parcels.service,
        "tracking": parcels.tracking,
        "channel": order.channel,
    }
    return _finished(draft, PartsShipped, facts)


def hand_over(order: Order, work: Work, items: Sequence[Item], act: Act) -> Change | None:
    """Record that the customer collected parts: reservations are consumed. None: known already."""
    draft = Draft(order, act)
    fact = _Fact(life.HandOver, work.fulfillment_id, work.location_id, -1, work.fulfillment_id)
    _record(draft, fact, items)
    facts = {
        "fulfillment_id": work.fulfillment_id,
        "location_id": work.location_id,
        "status": work.status,
        "channel": order.channel,
    }
    return _finished(draft, PartsHandedOver, facts)


def deliver(order: Order, parcels: Parcels, items: Sequence[Item], act: Act) -> Change | None:
    return _of_shipment(order, life.Deliver, parcels, items, act)


def void(order: Order, parcels: Parcels, items: Sequence[Item], act: Act) -> Change | None:
    """Record that a tender was taken back before its first scan: stock and reservation return."""
    return _of_shipment(order, life.Void, parcels, items, act, sign=1)


def lose(order: Order, parcels: Parcels, items: Sequence[Item], act: Act) -> Change | None:
    """Record that a carrier lost parts: a person decides on a replacement or a refund."""
    return _of_shipment(order, life.Lose, parcels, items, act)


def return_to_sender(
    order: Order, parcels: Parcels, items: Sequence[Item], act: Act
) -> Change | None:
    """Record that parcels came back undelivered: received and held until somebody looks."""
    return _of_shipment(order, life.ReturnToSender, parcels, items, act, sign=1)


def _of_shipment(
    order: Order, event: type, parcels: Parcels, items: Sequence[Item], act: Act, *, sign: int = 0
) -> Change | None:
    draft = Draft(order, act)
    _record(draft, _Fact(event, parcels.shipment_id, parcels.location_id, sign), items)
    facts = {"shipment_id": parcels.shipment_id, "status": parcels.status}
    return _finished(draft, ShipmentEvent, facts)


def _finished(
    draft: Draft, make: Callable[..., OrderEvent], facts: Mapping[str, object]
) -> Change | None:
    return None if draft.is_empty else draft.finish(make, facts=facts)


def _record(draft: Draft, fact: _Fact, items: Sequence[Item]) -> None:
    for item in items:
        part = draft.find(item.line_id, item.part)
        if part is not None and part.state in _KNOWN[fact.event]:
            continue
        if part is None or not _fits(draft, fact, item, part):
            _conflict(draft, fact, item, part)
            continue
        (new,) = draft.cut(item.line_id, part, Cut(item.quantity, (fact.event,)))
        if fact.event is life.ReturnToSender:
            _move(draft, fact, item)
        if new.state is PartState.LOST:
            draft.open_exception(actions.LOST, item.line_id, new, {"shipment_id": fact.id})


def _fits(draft: Draft, fact: _Fact, item: Item, part: Part) -> bool:
    is_whole = item.quantity == part.quantity
    has_room = is_whole or len(draft.parts(item.line_id)) < PARTS_MAX
    if fact.fulfillment_id not in {None, part.fulfillment_id}:
        return False
    return has_room and item.quantity <= part.quantity and PART_LIFE.allows(part.state, fact.event)


def _conflict(draft: Draft, fact: _Fact, item: Item, part: Part | None) -> None:
    """Let stock follow the fact, once by its id, and put the contradiction before a person."""
    if fact.sign:
        _move(draft, fact, item)
    is_known = draft.has_line(item.line_id)
    draft.open_exception(
        actions.FACT_CONFLICT,
        item.line_id if is_known else None,
        part,
        {
            "fact": kebab(fact.event.__name__),
            "id": fact.id,
            "state": part.state if part else "unknown",
            "quantity": item.quantity,
        },
    )


def _move(draft: Draft, fact: _Fact, item: Item) -> None:
    sku = draft.line(item.line_id).sku if draft.has_line(item.line_id) else None
    if sku is None or fact.location_id is None:
        return
    is_held = fact.event is life.ReturnToSender
    draft.stock.append(
        Move(
            movement_id=f"{fact.id}.{item.line_id}.{item.part}.{kebab(fact.event.__name__)}",
            sku=sku,
            location_id=fact.location_id,
            on_hand=fact.sign * item.quantity,
            quality_hold=item.quantity if is_held else 0,
            at=draft.act.now,
            reason="returned-to-sender" if is_held else actions.FACT_CONFLICT,
            order_id=draft.order.order_id,
        )
    )


@dataclass(frozen=True, slots=True)
class Receipt:
    """The return that units come back with, and its status after it."""

    return_id: str
    status: str
    location_id: str
    parcel: str = "1"


def receive_return(
    order: Order,
    receipt: Receipt,
    units: Sequence[tuple[str, int]],
    act: Act,
    *,
    has_stock: bool = True,
) -> Change | None:
    """Take back units (line, quantity) that are with the customer; None when there are none.

    Of a bundle's sold line the quantity counts bundles: all their components come back.

    They are received into quality hold until they are inspected, unless the return's own documents
    say what stock must do (`has_stock` False). More units than are out are a `fact-conflict`.
    """
    draft = Draft(order, act)
    for line_id, quantity in (row for told in units for row in units_of(order, *told)):
        left = _take_from_customer(draft, line_id, quantity)
        if left:
            draft.open_exception(
                actions.FACT_CONFLICT,
                line_id if draft.has_line(line_id) else None,
                detail={"fact": "receive-return", "id": receipt.return_id, "quantity": left},
            )
        if has_stock:
            _receive(draft, receipt, line_id, quantity)
    facts: dict[str, object] = {"return_id": receipt.return_id, "status": receipt.status}
    return _finished(draft, ReturnEvent, facts)


def _take_from_customer(draft: Draft, line_id: str, quantity: int) -> int:
    left = quantity
    for part in draft.parts(line_id) if draft.has_line(line_id) else ():
        taken = min(left, part.quantity)
        is_out = part.state in WITH_CUSTOMER
        has_room = taken == part.quantity or len(draft.parts(line_id)) < PARTS_MAX
        if taken and is_out and has_room:
            draft.cut(line_id, part, Cut(taken, (life.ReceiveReturn,)))
            left -= taken
    return left


def _receive(draft: Draft, receipt: Receipt, line_id: str, quantity: int) -> None:
    line = draft.line(line_id) if draft.has_line(line_id) else None
    if line is None or line.sku is None or not is_routed(line):
        return
    draft.stock.append(
        Move(
            movement_id=f"{receipt.return_id}.{line_id}.{receipt.parcel}",
            sku=line.sku,
            location_id=receipt.location_id,
            on_hand=quantity,
            quality_hold=quantity,
            at=draft.act.now,
            reason="returned",
            order_id=draft.order.order_id,
        )
    )
