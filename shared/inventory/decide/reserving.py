"""Taking units: reserve, harden a quote's reservation, move one to another location (design 3)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from shared.contracts.stock import Ending
from shared.inventory.decide.amounts import (
    Deltas,
    Sight,
    held,
    held_by,
    total,
    write_level,
)
from shared.inventory.decide.waiting import closed_by, wait_operations
from shared.inventory.model import (
    ENDS,
    RESERVATIONS,
    EndDocument,
    Lost,
    ReservationDocument,
    Reserve,
    Reserved,
    Short,
    Won,
    end_id,
    reservation_doc,
    stamp,
)
from shared.kernel.documents import Create, Operation


def reservation_of(wanted: Reserve, at: str) -> ReservationDocument:
    """Return the document of a reservation."""
    return ReservationDocument(
        reservation_id=wanted.reservation_id,
        sku=wanted.sku,
        location_id=wanted.location_id,
        quantity=wanted.quantity,
        hardness=wanted.hardness,
        order_id=wanted.order_id,
        line_id=wanted.line_id,
        part=wanted.part,
        expires_at=None if wanted.expires_at is None else stamp(wanted.expires_at),
        tracked=wanted.tracked,
        at=at,
    )


def holding(wanted: Reserve) -> Deltas:
    return held(wanted.quantity, wanted.hardness, tracked=wanted.tracked)


def creation(body: ReservationDocument) -> Create[ReservationDocument]:
    return Create(RESERVATIONS, reservation_doc(body.reservation_id), body)


def reserve_operations(
    wanted: Reserve, at: str, sight: Sight, expired: Sequence[ReservationDocument] = ()
) -> list[Operation]:
    """Take units of one SKU at one location, or nothing.

    409 on the first: the same call came twice, or the id was voided. 412: short. `expired` are
    soft reservations of the level whose time is over; they end in the same write.
    """
    ends = [ending(body, Ending.EXPIRED, at, freed=body.quantity) for body in expired]
    deltas = total([holding(wanted), *(-held_by(body) for body in expired)])
    need = wanted.quantity + wanted.guard
    level = write_level(sight, wanted.sku, wanted.location_id, deltas, at, need=need)
    waits = wait_operations(sight, closed_by(wanted))
    return [
        creation(reservation_of(wanted, at)),
        *level.operations,
        *map(end_creation, ends),
        *waits,
    ]


def shortfall(
    wanted: Reserve, sight: Sight, expired: Sequence[ReservationDocument] = ()
) -> Short | None:
    """Return how short the level in sight is; None when it has enough, or was not looked at."""
    if wanted.location_id not in sight.levels or not wanted.tracked:
        return None
    stored = sight.levels[wanted.location_id]
    free = stored.body.free if stored else 0
    left = free + sum(body.quantity for body in expired if body.tracked) - wanted.guard
    if left >= wanted.quantity and stored:
        return None
    return Short(wanted.reservation_id, max(0, left))


def may_hold_soft(wanted: Reserve, sight: Sight) -> bool:
    """Tell whether the level in sight has soft reservations, of which some may have expired."""
    stored = sight.levels.get(wanted.location_id)
    return stored is not None and stored.body.soft_reserved > 0


def earlier(
    wanted: Reserve, found: ReservationDocument | None, end: EndDocument | None
) -> Reserved | None:
    """Return what an earlier call with this id came to; None when there was none."""
    if found is None:
        return None
    if found.void:
        return Lost(wanted.reservation_id, "void")
    if end is not None:
        return Lost(wanted.reservation_id, end.ending)
    same = (found.sku, found.location_id, found.quantity, found.hardness)
    if same != (wanted.sku, wanted.location_id, wanted.quantity, wanted.hardness):
        return Lost(wanted.reservation_id, "differs")
    return Won(wanted.reservation_id)


def ending(
    body: ReservationDocument,
    how: Ending,
    at: str,
    *,
    freed: int = 0,
    reason: str | None = None,
) -> EndDocument:
    """Return the ending of a reservation that only gives its units back."""
    back = -held_by(body)
    return EndDocument(
        reservation_id=body.reservation_id,
        sku=body.sku,
        location_id=body.location_id,
        ending=how,
        quantity=body.quantity,
        reason=reason,
        reserved=back.reserved,
        soft_reserved=back.soft_reserved,
        freed=freed if body.tracked else 0,
        at=at,
    )


def end_creation(body: EndDocument) -> Create[EndDocument]:
    return Create(ENDS, end_id(body.reservation_id), body)


def is_expired(body: ReservationDocument, now: str) -> bool:
    """Tell whether a soft reservation's time is over; it ends AT its instant."""
    return body.expires_at is not None and body.expires_at <= now


@dataclass(frozen=True, slots=True)
class Exchange:
    """One reservation for another, in one write: hardened, or moved to another location."""

    old: ReservationDocument
    how: Ending
    new: Reserve

    @property
    def is_same_place(self) -> bool:
        return self.old.location_id == self.new.location_id

    @property
    def extra(self) -> int:
        """Units that the new one needs beyond the old one's, at the new one's location."""
        kept = self.old.quantity if self.is_same_place and self.old.tracked else 0
        return self.new.quantity - kept


def exchange_operations(exchange: Exchange, at: str, sight: Sight) -> list[Operation]:
    """End one reservation and open another. 409 on the first: it had ended, or this came twice."""
    old, new = exchange.old, exchange.new
    extra = exchange.extra
    freed = max(0, -extra) if exchange.is_same_place else old.quantity
    operations: list[Operation] = [
        end_creation(ending(old, exchange.how, at, freed=freed)),
        creation(reservation_of(new, at)),
    ]
    need = extra + new.guard if extra > 0 else None
    if exchange.is_same_place:
        deltas = holding(new) + -held_by(old)
        operations += write_level(sight, new.sku, new.location_id, deltas, at, need=need).operations
    else:
        operations += write_level(sight, old.sku, old.location_id, -held_by(old), at).operations
        level = write_level(sight, new.sku, new.location_id, holding(new), at, need=need)
        operations += level.operations
    return operations + wait_operations(sight, closed_by(new))


def exchange_shortfall(exchange: Exchange, sight: Sight) -> Short | None:
    """Return how short the new location is for what it must give beyond the old reservation."""
    if exchange.extra <= 0:
        return None
    return shortfall(replace(exchange.new, quantity=exchange.extra), sight)


def expire_operations(body: ReservationDocument, at: str, sight: Sight) -> list[Operation]:
    """End a soft reservation whose time is over. 409: it was hardened or ended before."""
    level = write_level(sight, body.sku, body.location_id, -held_by(body), at)
    end = ending(body, Ending.EXPIRED, at, freed=body.quantity)
    return [end_creation(end), *level.operations]
