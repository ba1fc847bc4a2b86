"""The life of a return: each rule gives the next version, or None when it is done already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.contracts.returns import Disposition
from shared.returns import model
from shared.returns.decide.naming import summed
from shared.returns.model import (
    PARCELS_MAX,
    RETURN_LIFE,
    Inspection,
    NotAllInspected,
    NotInReturn,
    Receipt,
    ReceivedLine,
    Return,
    ReturnLine,
    ReturnStatus,
    TooMany,
)


@dataclass(frozen=True, slots=True)
class Worth:
    """What units of a line are worth, as the order's arithmetic says; tax apart."""

    goods_minor: int = 0
    tax_minor: int = 0


NOTHING = Worth()


def approve(found: Return) -> Return | None:
    """Let the goods come.

    Raises:
        NotAllowed: it is past that.
    """
    if found.status is ReturnStatus.APPROVED:
        return None
    return _next(found, model.Approve)


def decline(found: Return, reason: str) -> Return | None:
    """Refuse it.

    Raises:
        NotAllowed: it is past that.
    """
    if found.status is ReturnStatus.DECLINED:
        return None
    return _next(found, model.Decline, reason=reason)


def cancel(found: Return, reason: str) -> Return | None:
    """Call it off before anything came.

    Raises:
        NotAllowed: something came, or it ended otherwise.
    """
    if found.status is ReturnStatus.CANCELLED:
        return None
    return _next(found, model.Cancel, reason=reason)


def depart(found: Return) -> Return | None:
    """Record that the carrier has the goods; None when that is old news.

    Raises:
        NotAllowed: it was never approved, or has ended.
    """
    if found.status in {ReturnStatus.IN_TRANSIT, ReturnStatus.RECEIVED, ReturnStatus.INSPECTED}:
        return None
    return _next(found, model.Depart)


def close(found: Return, now: datetime) -> Return | None:
    """End it; everything was inspected and the refund advised.

    Raises:
        NotAllowed: it is not that far.
    """
    if found.status is ReturnStatus.CLOSED:
        return None
    return _next(found, model.Close, closed_at=now)


def _next(found: Return, event: type, **changes: object) -> Return:
    status = RETURN_LIFE.next(found.status, event)
    fixed: dict[str, object] = {"status": status, "version": found.version + 1}
    return found.model_copy(update=fixed | changes)


def expected(found: Return) -> tuple[ReceivedLine, ...]:
    """Return what has still to come."""
    return tuple(
        ReceivedLine(line_id=line.line_id, quantity=line.quantity - line.received)
        for line in found.lines
        if line.received < line.quantity
    )


def is_received(found: Return, parcel: str) -> bool:
    """Tell whether a receipt of that number was recorded."""
    return any(receipt.parcel == parcel for receipt in found.receipts)


def is_looked_at(found: Return, batch: str) -> bool:
    """Tell whether an inspection of that number was recorded."""
    return any(inspection.batch == batch for inspection in found.inspections)


def check_receivable(found: Return, receipt: Receipt) -> None:
    """Hold a receipt to the state and to what is expected.

    Raises:
        NotAllowed: no goods are expected in this state.
        NotInReturn: more units than are expected.
        TooMany: more parcels than a return can have.
    """
    RETURN_LIFE.next(found.status, model.Receive)
    if len(found.receipts) >= PARCELS_MAX:
        raise TooMany("parcels of a return", PARCELS_MAX)
    left = {row.line_id: row.quantity for row in expected(found)}
    for line_id, quantity in summed((row.line_id, row.quantity) for row in receipt.lines).items():
        if quantity > left.get(line_id, 0):
            raise NotInReturn(line_id, quantity, left.get(line_id, 0))
    if not receipt.lines:
        raise NotInReturn(found.lines[0].line_id, 0, 0)


def receive(found: Return, receipt: Receipt, worth: Mapping[str, Worth]) -> Return:
    """Record a parcel; `worth` by line is what the order's arithmetic gives for its units.

    Raises:
        NotAllowed, NotInReturn, TooMany: see `check_receivable`.
    """
    check_receivable(found, receipt)
    came = summed((row.line_id, row.quantity) for row in receipt.lines)
    return _next(
        found,
        model.Receive,
        lines=_with_units(found.lines, came, worth),
        receipts=(*found.receipts, receipt),
        received_at=found.received_at or receipt.at,
    )


def kept(inspection: Inspection) -> dict[str, int]:
    """Return the units, by line, that are refunded without coming back."""
    return summed(
        (row.line_id, row.quantity)
        for row in inspection.units
        if row.disposition is Disposition.KEEP
    )


def inspect(
    found: Return, inspection: Inspection, worth: Mapping[str, Worth], *, is_last: bool = False
) -> Return:
    """Record what was found; the return is inspected when nothing more is expected.

    `worth` is that of kept units, which are received by this. `is_last` lets go of what never came.

    Raises:
        NotAllowed: there is nothing to inspect in this state.
        NotInReturn: units that did not come to this location, or were inspected already.
        NotAllInspected: `is_last`, while received units wait.
        TooMany: more batches than a return can have.
    """
    at_home = kept(inspection)
    status = _received_without_goods(found, inspection) if at_home else found.status
    RETURN_LIFE.next(status, model.InspectUnits)
    _check_units(found, inspection, at_home)
    after = found.model_copy(
        update={
            "status": status,
            "version": found.version + 1,
            "lines": _with_units(found.lines, at_home, worth),
            "inspections": (*found.inspections, inspection),
            "received_at": found.received_at or inspection.at,
        }
    )
    waiting = uninspected(after)
    if is_last and waiting:
        raise NotAllInspected(waiting)
    if waiting or (expected(after) and not is_last):
        return after
    ended = RETURN_LIFE.next(status, model.Inspect)
    return after.model_copy(update={"status": ended, "inspected_at": inspection.at})


def _received_without_goods(found: Return, inspection: Inspection) -> ReturnStatus:
    """Let kept units take the row of a receipt, where nothing else has come yet."""
    is_all_kept = all(row.disposition is Disposition.KEEP for row in inspection.units)
    if is_all_kept and found.status is not ReturnStatus.RECEIVED:
        return RETURN_LIFE.next(found.status, model.Receive)
    return found.status


def uninspected(found: Return) -> int:
    """Return how many units came and were not looked at yet."""
    came = sum(row.quantity for receipt in found.receipts for row in receipt.lines)
    return came - sum(
        row.quantity
        for inspection in found.inspections
        for row in inspection.units
        if row.disposition is not Disposition.KEEP
    )


def _check_units(found: Return, inspection: Inspection, at_home: Mapping[str, int]) -> None:
    if len(found.inspections) >= PARCELS_MAX:
        raise TooMany("inspections of a return", PARCELS_MAX)
    left = {row.line_id: row.quantity for row in expected(found)}
    for line_id, quantity in at_home.items():
        if quantity > left.get(line_id, 0):
            raise NotInReturn(line_id, quantity, left.get(line_id, 0))
    there = waiting_at(found, inspection.location_id)
    looked = summed(
        (row.line_id, row.quantity)
        for row in inspection.units
        if row.disposition is not Disposition.KEEP
    )
    for line_id, quantity in looked.items():
        if quantity > there.get(line_id, 0):
            raise NotInReturn(line_id, quantity, there.get(line_id, 0))


def waiting_at(found: Return, location_id: str) -> dict[str, int]:
    """Return the units, by line, that came to a location and wait for inspection there."""
    came = [
        (row.line_id, row.quantity)
        for receipt in found.receipts
        if receipt.location_id == location_id
        for row in receipt.lines
    ]
    gone = [
        (row.line_id, -row.quantity)
        for inspection in found.inspections
        if inspection.location_id == location_id
        for row in inspection.units
        if row.disposition is not Disposition.KEEP
    ]
    return summed((*came, *gone))


def _with_units(
    lines: Sequence[ReturnLine], units: Mapping[str, int], worth: Mapping[str, Worth]
) -> tuple[ReturnLine, ...]:
    return tuple(_more(line, units.get(line.line_id, 0), worth) for line in lines)


def _more(line: ReturnLine, units: int, worth: Mapping[str, Worth]) -> ReturnLine:
    if not units:
        return line
    value = worth.get(line.line_id, NOTHING)
    return line.model_copy(
        update={
            "received": line.received + units,
            "goods_minor": line.goods_minor + value.goods_minor,
            "tax_minor": line.tax_minor + value.tax_minor,
        }
    )
