"""What a return asks of stock: receipt into quality hold, then by disposition (semantics 8)."""

from collections.abc import Iterator
from datetime import datetime

from shared.contracts.returns import Disposition
from shared.contracts.stock import Move
from shared.kernel.ids import hash_id
from shared.returns.model import InspectedLine, Inspection, Receipt, Return

RETURNED = "returned"


def receipt_moves(found: Return, receipt: Receipt) -> tuple[Move, ...]:
    """Return the movements of a parcel: on hand, and held until somebody has looked."""
    return tuple(
        Move(
            # A hash, since ids of lines and parcels may hold whatever would join them.
            movement_id=hash_id("rr", found.return_id, receipt.parcel, row.line_id),
            sku=sku,
            location_id=receipt.location_id,
            on_hand=row.quantity,
            quality_hold=row.quantity,
            at=receipt.at,
            reason=RETURNED,
            order_id=found.order_id,
        )
        for row in receipt.lines
        if (sku := _sku(found, row.line_id)) is not None
    )


def inspection_moves(found: Return, inspection: Inspection) -> tuple[Move, ...]:
    """Return the movements of a batch, by what becomes of its units."""
    return tuple(_inspection_moves(found, inspection))


def _inspection_moves(found: Return, inspection: Inspection) -> Iterator[Move]:
    for row in inspection.units:
        sku = _sku(found, row.line_id)
        if sku is None or row.disposition is Disposition.KEEP:
            continue
        on_hand, damaged = _deltas(row)
        yield Move(
            movement_id=hash_id(
                "ri", found.return_id, inspection.batch, row.line_id, row.disposition
            ),
            sku=sku,
            location_id=inspection.location_id,
            on_hand=on_hand,
            damaged=damaged,
            quality_hold=-row.quantity,
            at=inspection.at,
            reason=row.disposition,
            order_id=found.order_id,
        )


def _deltas(row: InspectedLine) -> tuple[int, int]:
    """Return what on hand and damaged change by, the hold being taken off."""
    match row.disposition:
        case Disposition.DAMAGED:
            return 0, row.quantity
        case Disposition.RETURN_TO_VENDOR | Disposition.WRITE_OFF:
            return -row.quantity, 0
        case Disposition.RESELL | Disposition.KEEP:
            return 0, 0


def _sku(found: Return, line_id: str) -> str | None:
    return next((line.sku for line in found.lines if line.line_id == line_id), None)


def movement_time(told: datetime | None, now: datetime) -> datetime:
    """Return when goods moved: the sender's time, but never later than now."""
    return now if told is None else min(told, now)
