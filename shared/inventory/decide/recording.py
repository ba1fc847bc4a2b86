"""Facts about the goods: deltas and counts, each recorded once, in any order (semantics 4)."""

from collections.abc import Iterable

from shared.contracts.inventory import Adjustment, Count, Receipt, Sale
from shared.contracts.stock import Move, Restore
from shared.inventory.decide.amounts import (
    Deltas,
    LevelWrite,
    Sight,
    changed,
    held_by,
    made_by,
    new_level,
    put_level,
    recorded,
    total,
    write_level,
)
from shared.inventory.decide.reserving import creation
from shared.inventory.model import (
    MOVEMENTS,
    EndDocument,
    Level,
    MovementDocument,
    ReservationDocument,
    move_id,
    stamp,
)
from shared.kernel.documents import Create, Operation, Stored

Delta = Adjustment | Receipt | Sale | Move


def movement_creation(body: MovementDocument) -> Create[MovementDocument]:
    return Create(MOVEMENTS, move_id(body.movement_id), body)


def deltas_of(message: Delta) -> Deltas:
    """Return what a fact does to the goods; a sale takes them, a return to a till brings them."""
    match message:
        case Adjustment() | Move():
            return Deltas(message.on_hand, message.damaged, message.quality_hold)
        case Receipt():
            return Deltas(message.quantity)
        case Sale():
            return Deltas(-message.quantity)


def reason_of(message: Delta) -> str:
    """Return why it happened, as the ledger shows it."""
    match message:
        case Adjustment() | Move():
            return message.reason
        case Receipt():
            return "receipt"
        case Sale():
            return "sale" if message.quantity >= 0 else "sale-returned"


def delta_operations(message: Delta, sight: Sight) -> tuple[MovementDocument, list[Operation]]:
    """Record a delta. 409 on the first: it came before.

    Its own time decides: where a newer count has seen it, it is recorded without effect.
    """
    at, deltas = stamp(message.at), deltas_of(message)
    level = write_level(sight, message.sku, message.location_id, deltas, at)
    body = MovementDocument(
        movement_id=message.movement_id,
        sku=message.sku,
        location_id=message.location_id,
        reason=reason_of(message),
        on_hand=deltas.on_hand,
        damaged=deltas.damaged,
        quality_hold=deltas.quality_hold,
        effective=level.effective,
        short=level.short,
        order_id=message.order_id if isinstance(message, Move) else None,
        at=at,
    )
    return body, [movement_creation(body), *level.operations]


def sum_after(
    bodies: Iterable[EndDocument | MovementDocument], location_id: str, at: str
) -> Deltas:
    """Return what happened to the goods of a location after a time, by their own times."""
    return total(recorded(b) for b in bodies if b.location_id == location_id and b.at > at)


def held_then(level: Level, bodies: Iterable[ReservationDocument | EndDocument], at: str) -> int:
    """Return the units that were reserved for orders at a time; `bodies` name all that came after.

    Soft reservations are no work that a location was given, so its feed does not leave them out.
    """
    since = (b for b in bodies if b.location_id == level.location_id and b.at > at)
    made = (held_by(b) if isinstance(b, ReservationDocument) else made_by(b) for b in since)
    return max(0, level.reserved - total(made).reserved)


def count_operations(
    message: Count, as_of: str, stored: Stored[Level] | None, later: Deltas, withheld: int = 0
) -> tuple[MovementDocument, list[Operation]]:
    """Replace a level by what was counted plus what happened since, under the level's etag.

    `withheld`: units reserved at the time, which the figure leaves out. A count older than the
    last one is recorded and changes nothing.
    """
    before = stored.body if stored else new_level(message.sku, message.location_id)
    made = (
        Deltas(message.counted + withheld, message.damaged, message.quality_hold)
        + later
        + -Deltas(before.on_hand, before.damaged, before.quality_hold)
    )
    write = LevelWrite((), made, effective=as_of >= before.counted_as_of)
    if write.effective:
        after = changed(before, made).model_copy(update={"counted_as_of": as_of})
        write = LevelWrite((put_level(after, stored),), made, short=max(0, -after.free))
    body = MovementDocument(
        movement_id=message.movement_id,
        sku=message.sku,
        location_id=message.location_id,
        reason="count",
        on_hand=made.on_hand,
        damaged=made.damaged,
        quality_hold=made.quality_hold,
        counted=message.counted,
        effective=write.effective,
        short=write.short,
        at=as_of,
    )
    return body, [movement_creation(body), *write.operations]


def restore_operations(task: Restore, sight: Sight, *, tracked: bool) -> list[Operation]:
    """Bring goods and reservation of a voided shipment back. 409 on the first: done before.

    Where a later task has voided the new reservation, only the goods come back.
    """
    at = stamp(task.at)
    goods = Deltas(on_hand=task.quantity) if tracked else Deltas()
    is_void = task.reservation_id in sight.taken
    holding = Deltas(reserved=task.quantity) if tracked and not is_void else Deltas()
    level = write_level(sight, task.sku, task.location_id, goods + holding, at)
    body = MovementDocument(
        movement_id=task.reservation_id,
        sku=task.sku,
        location_id=task.location_id,
        reason="shipment-voided",
        on_hand=goods.on_hand,
        effective=level.effective,
        short=level.short,
        order_id=task.order_id,
        at=at,
    )
    reservation = ReservationDocument(
        reservation_id=task.reservation_id,
        sku=task.sku,
        location_id=task.location_id,
        quantity=task.quantity,
        order_id=task.order_id,
        line_id=task.line_id,
        part=task.part,
        tracked=tracked,
        at=at,
    )
    reservations = [] if is_void else [creation(reservation)]
    return [movement_creation(body), *reservations, *level.operations]
