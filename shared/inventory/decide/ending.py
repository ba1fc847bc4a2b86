"""Ending reservations: consume, release with the effects of a rejection, divide (semantics 7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from shared.contracts.stock import (
    DivideReservation,
    Ending,
    EndReservation,
    RejectReason,
    Share,
)
from shared.inventory.decide.amounts import (
    NOTHING,
    Deltas,
    LevelWrite,
    Sight,
    changed,
    held,
    held_by,
    new_level,
    put_level,
    total,
    write_level,
)
from shared.inventory.decide.recording import movement_creation
from shared.inventory.decide.reserving import creation, end_creation
from shared.inventory.decide.reserving import ending as plain_ending
from shared.inventory.decide.waiting import wait_operations
from shared.inventory.model import (
    EndDocument,
    MovementDocument,
    ReservationDocument,
    SharesDiffer,
)
from shared.kernel.documents import Operation

SOFTS_MAX: Final = 30  # soft reservations that one batch may end beside 20 shares


@dataclass(frozen=True, slots=True)
class Emptied:
    """Not in stock: on hand becomes what is picked, damaged and on hold, as of the rejection.

    `on_hand` is the change to make now: movements after the rejection stand. `softs` end there.
    """

    on_hand: int
    softs: tuple[ReservationDocument, ...] = ()


def emptied(
    sight: Sight, location_id: str, picked: int, later: Deltas, softs: Sequence[ReservationDocument]
) -> Emptied:
    """Return what a not-in-stock rejection does to the level in sight.

    `later` sums the movements whose own time is after the rejection.
    """
    stored = sight.levels.get(location_id)
    level = stored.body if stored else new_level("", location_id)
    unusable = level.damaged - later.damaged + level.quality_hold - later.quality_hold
    return Emptied(picked + unusable + later.on_hand - level.on_hand, tuple(softs[:SOFTS_MAX]))


def empties(task: EndReservation | DivideReservation) -> bool:
    """Tell whether a task says that nothing is left: then the level is set, not changed."""
    effects = (
        (task.effect,)
        if isinstance(task, EndReservation)
        else tuple(share.effect for share in task.shares)
    )
    return RejectReason.NOT_IN_STOCK in effects


def effect_of(reason: RejectReason | None, quantity: int) -> Deltas:
    """Return what a rejection of `quantity` units does to the goods, not-in-stock apart."""
    match reason:
        case RejectReason.MISMATCH:
            return Deltas(on_hand=-quantity)
        case RejectReason.DAMAGED | RejectReason.WORN_DISPLAY:
            return Deltas(damaged=quantity)
        case None | RejectReason.NOT_IN_STOCK | RejectReason.NO_VARIANCE:
            return NOTHING
        case RejectReason.NO_RESPONSE | RejectReason.OVERCOMMITTED:
            return NOTHING


def facts_of(how: Ending, effect: RejectReason | None, quantity: int) -> Deltas:
    """Return what an ending does to the goods."""
    if how is Ending.CONSUMED:
        return Deltas(on_hand=-quantity)
    return effect_of(effect, quantity)


def end_operations(
    task: EndReservation,
    found: ReservationDocument,
    at: str,
    sight: Sight,
    nothing_left: Emptied | None = None,
) -> list[Operation]:
    """End a reservation, with its effect, and queue its demand again, in one write.

    409 on the first: it has ended. The counters follow the reservation as it stands, the effect
    is that of the task.
    """
    nothing_left = nothing_left if found.tracked else None
    facts = NOTHING
    if found.tracked:
        facts = facts_of(task.ending, task.effect, task.quantity)
    if nothing_left:
        facts += Deltas(on_hand=nothing_left.on_hand)
    softs = nothing_left.softs if nothing_left else ()
    deltas = total([-held_by(found), facts, *(-held_by(soft) for soft in softs)])
    level = _level(task.sku, found.location_id, deltas, at, sight, is_count=bool(nothing_left))
    end = _end(found, task.ending, at, task.effect, facts, level)
    waits = wait_operations(sight, [task.wait] if task.wait else [])
    others = [end_creation(plain_ending(soft, Ending.RELEASED, at)) for soft in softs]
    return [end_creation(end), *level.operations, *others, *waits]


def _freed(found: ReservationDocument, facts: Deltas, level: LevelWrite) -> int:
    """Return the units of this reservation that others may have now."""
    made = facts if level.effective else NOTHING
    return max(0, (made + -held_by(found)).free)


def _level(
    sku: str, location_id: str, deltas: Deltas, at: str, sight: Sight, *, is_count: bool
) -> LevelWrite:
    """Return the write of a level; a count also moves `counted_as_of`."""
    write = write_level(sight, sku, location_id, deltas, at)
    if not is_count or not write.effective:
        return write
    stored = sight.levels[location_id]
    before = stored.body if stored else new_level(sku, location_id)
    after = changed(before, deltas).model_copy(update={"counted_as_of": at})
    return LevelWrite((put_level(after, stored),), deltas, short=max(0, -after.free))


def _end(
    found: ReservationDocument,
    how: Ending,
    at: str,
    effect: RejectReason | None,
    facts: Deltas,
    level: LevelWrite,
) -> EndDocument:
    return plain_ending(found, how, at).model_copy(
        update={
            "reason": None if effect is None else effect.value,
            "on_hand": facts.on_hand,
            "damaged": facts.damaged,
            "quality_hold": facts.quality_hold,
            "effective": level.effective,
            "freed": _freed(found, facts, level),
            "short": level.short,
        }
    )


def void_operations(
    task: EndReservation, at: str, sight: Sight, nothing_left: Emptied | None = None
) -> list[Operation]:
    """Spend the id of a reservation that has not come, so that a late reserve finds it taken.

    No reserved counter changes; effect and demand are those of the task.
    """
    order_id = task.wait.order_id if task.wait else task.reservation_id.split(".")[0]
    void = ReservationDocument(
        reservation_id=task.reservation_id,
        sku=task.sku,
        location_id=task.location_id,
        quantity=task.quantity,
        order_id=order_id,
        line_id=task.wait.line_id if task.wait else "-",
        part=task.wait.part if task.wait else 0,
        void=True,
        at=at,
    )
    end, *rest = end_operations(task, void, at, sight, nothing_left)
    return [creation(void), end, *rest]


def consumed_anyway(task: EndReservation, at: str, sight: Sight) -> list[Operation]:
    """Record that goods left whose reservation had ended otherwise: facts are never refused."""
    deltas = Deltas(on_hand=-task.quantity)
    level = write_level(sight, task.sku, task.location_id, deltas, at)
    body = MovementDocument(
        movement_id=f"{task.reservation_id}.consumed",
        sku=task.sku,
        location_id=task.location_id,
        reason="shipped-unreserved",
        on_hand=-task.quantity,
        effective=level.effective,
        short=level.short,
        at=at,
    )
    return [movement_creation(body), *level.operations]


def divide_operations(
    task: DivideReservation,
    found: ReservationDocument,
    at: str,
    sight: Sight,
    nothing_left: Emptied | None = None,
) -> list[Operation]:
    """End a reservation as moved and open one for each share; shares may end at once.

    409 on the first: it was done, or the reservation ended otherwise. A share whose id a later
    task has voided holds nothing: its units become free. So do units in no share.

    Raises:
        SharesDiffer: the shares are more than the reservation has.
    """
    shared = sum(share.quantity for share in task.shares)
    if shared > found.quantity:
        raise SharesDiffer(task.reservation_id, found.quantity, shared)
    nothing_left = nothing_left if found.tracked else None
    shares = [share for share in task.shares if share.reservation_id not in sight.taken]
    facts = [_share_facts(share, found, nothing_left) for share in shares]
    softs = nothing_left.softs if nothing_left else ()
    kept = sum(share.quantity for share in shares if share.ending is None)
    gone = sum(share.quantity for share in shares if share.ending is not None)
    holding = held(kept, found.hardness, tracked=found.tracked)
    releases = [-held_by(body) for body in (found, *softs)]
    deltas = total([holding, *facts, *releases])
    level = _level(task.sku, found.location_id, deltas, at, sight, is_count=bool(nothing_left))
    freed = found.quantity - kept - gone
    operations: list[Operation] = [
        end_creation(plain_ending(found, Ending.MOVED, at, freed=freed)),
        *level.operations,
    ]
    for share, made in zip(shares, facts, strict=True):
        body = _share_body(share, task, found, at)
        operations.append(creation(body))
        if share.ending is not None:
            operations.append(end_creation(_share_end(share, body, made, level)))
    operations += [end_creation(plain_ending(soft, Ending.RELEASED, at)) for soft in softs]
    return operations + wait_operations(sight, [s.wait for s in task.shares if s.wait])


def _share_facts(share: Share, found: ReservationDocument, nothing_left: Emptied | None) -> Deltas:
    if share.ending is None or not found.tracked:
        return NOTHING
    facts = facts_of(share.ending, share.effect, share.quantity)
    if share.effect is RejectReason.NOT_IN_STOCK and nothing_left:
        facts += Deltas(on_hand=nothing_left.on_hand)
    return facts


def _share_body(
    share: Share, task: DivideReservation, found: ReservationDocument, at: str
) -> ReservationDocument:
    return found.model_copy(
        update={
            "reservation_id": share.reservation_id,
            "order_id": task.order_id,
            "line_id": share.line_id,
            "part": share.part,
            "quantity": share.quantity,
            "at": at,
        }
    )


def _share_end(
    share: Share, body: ReservationDocument, facts: Deltas, level: LevelWrite
) -> EndDocument:
    how = share.ending or Ending.RELEASED
    return _end(body, how, body.at, share.effect, facts, level)


def as_end(share: Share, task: DivideReservation, how: Ending) -> EndReservation:
    """Return a share's own task, for when there is nothing left to divide."""
    return EndReservation(
        reservation_id=share.reservation_id,
        sku=task.sku,
        location_id=task.location_id,
        quantity=share.quantity,
        ending=how,
        effect=share.effect,
        wait=share.wait,
        picked_units=task.picked_units,
    )
