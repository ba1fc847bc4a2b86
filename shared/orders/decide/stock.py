"""What a part's change asks of stock: derived from the states before and after (semantics 4).

Commands never say it, so that conservation holds by construction: a part in sourced or
cancel-requested has a reservation and no queued demand, a waiting one at most queued demand.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from shared.contracts.stock import (
    GENERATION_LAST,
    DivideReservation,
    Ending,
    EndReservation,
    Queue,
    Restore,
    Share,
    StockTask,
    Unqueue,
    Wait,
    generation_of_queue,
    generation_of_reserve,
)
from shared.orders import life
from shared.orders.decide.change import Cut
from shared.orders.model import RESERVED, WAITING, Line, Order, Part, PartState

_CONSUMING: Final = frozenset({PartState.SHIPPED, PartState.HANDED_OVER})
_REST: Final = Cut(0, ())  # what a division leaves as it was


def tasks_of(
    order: Order, now: datetime, line: Line, old: Part, new: Sequence[Part], cuts: Sequence[Cut]
) -> list[StockTask]:
    """Return the stock tasks of one part that became one or more; `cuts` made the first of them."""
    if old.state in RESERVED:
        return _of_reserved(order, line, old, new, cuts)
    if old.state in WAITING:
        return _of_waiting(order, line, old, new)
    back = [part for part in new if part.state in RESERVED]
    return [_restore(order, now, line, old, part) for part in back]


def _of_reserved(
    order: Order, line: Line, old: Part, new: Sequence[Part], cuts: Sequence[Cut]
) -> list[StockTask]:
    if len(new) > 1 or new[0].part != old.part:
        return [_division(order, line, old, new, cuts)]
    part, cut = new[0], cuts[0]
    if part.state in RESERVED:
        return []
    return [
        EndReservation(
            reservation_id=old.reservation_id or "",
            sku=line.sku or "",
            location_id=old.location_id or "",
            quantity=old.quantity,
            ending=_ending(part, cut),
            effect=cut.effect,
            wait=wait_of(order, line, part) if part.queued else None,
            picked_units=cut.picked_units,
        )
    ]


def _of_waiting(order: Order, line: Line, old: Part, new: Sequence[Part]) -> list[StockTask]:
    is_same = len(new) == 1 and new[0].part == old.part
    if is_same and old.queued == new[0].queued:
        return []
    tasks: list[StockTask] = [_unqueue(order, line, old, new)] if old.queued else []
    return tasks + [Queue(wait=wait_of(order, line, part)) for part in new if part.queued]


def _unqueue(order: Order, line: Line, old: Part, new: Sequence[Part]) -> Unqueue:
    """Take a part's demand off the queue: for good, unless it may be rejected and wait again."""
    is_kept = len(new) == 1 and new[0].part == old.part and new[0].state in RESERVED
    return Unqueue(
        sku=line.sku or "",
        order_id=order.order_id,
        line_id=line.line_id,
        part=old.part,
        generation=generation_of_reserve(order.attempts) if is_kept else GENERATION_LAST,
    )


def _division(
    order: Order, line: Line, old: Part, new: Sequence[Part], cuts: Sequence[Cut]
) -> DivideReservation:
    return DivideReservation(
        reservation_id=old.reservation_id or "",
        order_id=order.order_id,
        sku=line.sku or "",
        location_id=old.location_id or "",
        shares=tuple(
            Share(
                reservation_id=reservation_id(order, line.line_id, part.part),
                line_id=line.line_id,
                part=part.part,
                quantity=part.quantity,
                ending=None if part.state in RESERVED else _ending(part, cut),
                effect=cut.effect,
                wait=wait_of(order, line, part) if part.queued else None,
            )
            for part, cut in zip(new, (*cuts, _REST)[: len(new)], strict=True)
        ),
        picked_units=max(cut.picked_units for cut in cuts),
    )


def _restore(order: Order, now: datetime, line: Line, old: Part, new: Part) -> Restore:
    return Restore(
        reservation_id=new.reservation_id or "",
        was=old.reservation_id or "",
        order_id=order.order_id,
        line_id=line.line_id,
        part=new.part,
        sku=line.sku or "",
        location_id=new.location_id or "",
        quantity=new.quantity,
        at=now,
    )


def wait_of(order: Order, line: Line, part: Part) -> Wait:
    """Return the queued demand of a part."""
    return Wait(
        order_id=order.order_id,
        line_id=line.line_id,
        part=part.part,
        sku=line.sku or "",
        quantity=part.quantity,
        pool_id=order.pool_id or order.channel,
        pickup_location=line.pickup_location,
        priority=order.priority,
        promise_by=line.promise_by or order.promise_by,
        accepted_at=order.accepted_at,
        generation=generation_of_queue(order.attempts),
    )


def reservation_id(order: Order, line_id: str, number: int) -> str:
    """Return an id that no plan has minted: of this part and the order's next version."""
    return f"{order.order_id}.{line_id}.{number}.d{order.version + 1}"


def _ending(part: Part, cut: Cut) -> Ending:
    if part.state in _CONSUMING:
        return Ending.CONSUMED
    return Ending.EXPIRED if life.Expire in cut.events else Ending.RELEASED
