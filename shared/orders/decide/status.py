"""What follows from the states of an order's parts, and is never set by hand."""

from collections.abc import Iterator, Set
from datetime import datetime
from typing import Final

from shared.orders.model import (
    RESERVED,
    WAITING,
    ItemKind,
    Line,
    Order,
    OrderStatus,
    Part,
    PartState,
)

ROUTED_KINDS: Final = frozenset({ItemKind.GOOD, ItemKind.BUNDLE})
PAYMENT: Final = "payment"
_ROUTABLE: Final = frozenset({PartState.PENDING})
_SERVED_LATER: Final = _ROUTABLE | {PartState.BACKORDERED, PartState.UNFILLABLE}
_OUT: Final = frozenset(
    {PartState.SHIPPED, PartState.HANDED_OVER, PartState.DELIVERED}
    | {PartState.RETURNED, PartState.LOST}
)


def all_parts(order: Order) -> Iterator[tuple[Line, Part]]:
    for line in order.lines:
        for part in line.parts:
            yield line, part


def loose_takes(order: Order) -> dict[str, str]:
    """Return the capacity that no part waits for work with, location by fulfillment.

    Whether that work is done, or over undone, the work itself tells.
    """
    held = {part.fulfillment_id for _, part in all_parts(order) if part.state in RESERVED}
    return {name: location for name, location in order.takes.items() if name not in held}


def without_takes(order: Order, spent: Set[str]) -> Order:
    """Return the order without the takes whose capacity has gone back: nobody looks at them again.

    For what is written of the order next, as long as that is not refused.
    """
    if spent.isdisjoint(order.takes):
        return order
    left = {name: location for name, location in order.takes.items() if name not in spent}
    return order.model_copy(update={"takes": left})


def status_of(order: Order) -> OrderStatus:
    """Fold the parts into the order's status (semantics 6)."""
    states = {part.state for _, part in all_parts(order)}
    live = states - {PartState.CANCELLED}
    if order.cancelled_at is not None and not live:
        return OrderStatus.CANCELLED
    if states and not live:
        return OrderStatus.CANCELLED
    if order.holds:
        return OrderStatus.ON_HOLD
    return _open_status(order, live)


def _open_status(order: Order, live: set[PartState]) -> OrderStatus:
    if live <= WAITING:
        return OrderStatus.RECEIVED
    if live <= _OUT:
        return OrderStatus.CLOSED if order.closed_at else OrderStatus.FULFILLED
    return OrderStatus.PARTIALLY_FULFILLED if live & _OUT else OrderStatus.OPEN


def has_open_work(order: Order) -> bool:
    """Tell whether a hold could still stop something, or an order has not even a line."""
    return not order.lines or any(
        part.state not in _OUT and part.state is not PartState.CANCELLED
        for _, part in all_parts(order)
    )


def is_routed(line: Line) -> bool:
    """Tell whether the line's parts are sourced from a location at all."""
    return line.sku is not None and line.kind in ROUTED_KINDS


def parts_to_route(order: Order, *, is_freed: bool = False) -> tuple[tuple[Line, Part], ...]:
    """Return the parts that the promise flow may source now; none while a hold stands.

    `is_freed`: stock came free, so that backordered and unfillable parts have their turn too.
    """
    if order.holds:
        return ()
    states = _SERVED_LATER if is_freed else _ROUTABLE
    return tuple(
        (line, part) for line, part in all_parts(order) if is_routed(line) and part.state in states
    )


def preorders_to_queue(order: Order) -> tuple[tuple[Line, Part], ...]:
    """Return the preordered parts whose demand is not queued yet; none while a hold stands."""
    return tuple(
        (line, part)
        for line, part in all_parts(order)
        if part.state is PartState.PREORDERED and not part.queued and not order.holds
    )


def parts_of(order: Order, fulfillment_id: str) -> tuple[tuple[Line, Part], ...]:
    """Return the parts that a fulfillment has, or had when they left or were cancelled."""
    return tuple(row for row in all_parts(order) if row[1].fulfillment_id == fulfillment_id)


def due_at(order: Order) -> datetime | None:
    """Return the next date at which something happens to the order by itself."""
    dates = [
        part.auto_cancel_at
        for _, part in all_parts(order)
        if part.state in WAITING and part.auto_cancel_at is not None
    ]
    dates += [
        line.release_at
        for line, part in all_parts(order)
        if part.state is PartState.PREORDERED and line.release_at is not None
    ]
    dates += [
        part.reply_by
        for _, part in all_parts(order)
        if part.state is PartState.CANCEL_REQUESTED and part.reply_by is not None
    ]
    return min(dates, default=None)
