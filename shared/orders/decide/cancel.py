"""Cancelling: at once where nothing was picked, by asking where hands are on the goods."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from shared.contracts.orders import (
    CancelRefused,
    CancelRequested,
    ExceptionOpened,
    PartsCancelled,
)
from shared.contracts.stock import RejectReason
from shared.kernel.errors import NotAllowed, NotFound
from shared.orders import life
from shared.orders.decide import actions
from shared.orders.decide.change import Act, Change, Cut
from shared.orders.decide.draft import Draft
from shared.orders.decide.refund import refund_of_cancelled
from shared.orders.decide.status import all_parts
from shared.orders.model import RESERVED, WAITING, Line, Order, Part, PartState
from shared.orders.refusals import NotSoMany

AUTO_CANCEL: Final = "auto-cancel-date"


class Stage(StrEnum):
    """How far a fulfillment is, as cancelling sees it; the flow knows its status and location."""

    NOT_ACCEPTED = "not-accepted"
    IN_STORE = "in-store"  # accepted by a store and not picked: it confirms at once
    COMMITTED = "committed"  # picked, or with a 3PL or vendor: it must be asked


@dataclass(frozen=True, slots=True)
class Units:
    """Units of a line, of one part of it when named; None: all that there are."""

    line_id: str
    quantity: int | None = None
    part: int | None = None


@dataclass(frozen=True, slots=True)
class _How:
    stages: Mapping[str, Stage]
    reason: str
    reply_by: datetime | None


# What costs least to cancel goes first.
_ORDER: Final = (
    *(PartState.EXCEPTION, PartState.UNFILLABLE, PartState.BACKORDERED, PartState.PREORDERED),
    *(PartState.PENDING, PartState.SOURCED),
)


def cancel(
    order: Order,
    wanted: Sequence[Units],
    stages: Mapping[str, Stage],
    reason: str,
    act: Act,
    *,
    is_refunded: bool = True,
    reply_by: datetime | None = None,
) -> Change | None:
    """Cancel units, or without any named the whole order; None when all is cancelled already.

    `stages` by fulfillment id; one that is missing is taken as committed. `is_refunded` False: the
    channel pays back itself. `reply_by`: until then a location that is asked should answer.

    Raises:
        NotSoMany: more units than are in states that can be cancelled.
        NotAllowed: the whole order is asked for and nothing of it can be cancelled any more.
        NotFound: no such line.
    """
    draft = Draft(order, act)
    how = _How(stages, reason, reply_by)
    if wanted:
        for units in _merged(wanted):
            _cancel_units(draft, units, how)
    elif not _cancel_all(draft, how):
        return None
    is_whole = not wanted
    return _finished(draft, order, reason, is_refunded=is_refunded, is_whole=is_whole)


def _merged(wanted: Sequence[Units]) -> Iterable[Units]:
    """Put rows of one line and part together, so that none is cut twice."""
    sums: dict[tuple[str, int | None], int | None] = {}
    for units in wanted:
        at = (units.line_id, units.part)
        known = sums.get(at, 0)
        has_all = known is None or units.quantity is None
        sums[at] = None if has_all else (known or 0) + (units.quantity or 0)
    return [Units(line_id, quantity, part) for (line_id, part), quantity in sums.items()]


def _cancel_all(draft: Draft, how: _How) -> bool:
    parts = [(line, part) for line, part in all_parts(draft.order)]
    can = [(line, part) for line, part in parts if part.state in _ORDER]
    for line, part in can:
        draft.cut(line.line_id, part, _cut(part, part.quantity, how))
    if can or (not parts and draft.order.cancelled_at is None):
        return True
    over = {PartState.CANCELLED, PartState.CANCEL_REQUESTED}
    if all(part.state in over for _, part in parts):
        return False
    raise NotAllowed("order", draft.order.status, "cancel", ("return",))


def _cancel_units(draft: Draft, units: Units, how: _How) -> None:
    def rank(part: Part) -> tuple[int, int]:
        return _ORDER.index(part.state), _stage(part, how.stages)

    parts = [part for part in draft.parts(units.line_id) if part.state in _ORDER]
    parts = [part for part in parts if units.part in {None, part.part}]
    possible = sum(part.quantity for part in parts)
    left = possible if units.quantity is None else units.quantity
    if left > possible or possible == 0:
        raise NotSoMany(units.line_id, left, possible)
    for part in sorted(parts, key=rank):
        taken = min(left, part.quantity)
        if taken:
            draft.cut(units.line_id, part, _cut(part, taken, how))
        left -= taken


def _stage(part: Part, stages: Mapping[str, Stage]) -> int:
    """Return how far a part's fulfillment is, least first."""
    return list(Stage).index(stages.get(part.fulfillment_id or "", Stage.COMMITTED))


def _cut(part: Part, units: int, how: _How) -> Cut:
    is_asked = part.state in RESERVED and (
        how.stages.get(part.fulfillment_id or "", Stage.COMMITTED) is Stage.COMMITTED
    )
    if is_asked:
        return Cut(units, (life.AskCancel,), {"reason": how.reason, "reply_by": how.reply_by})
    return Cut(units, (life.Cancel,), {"reason": how.reason})


def _finished(
    draft: Draft, order: Order, reason: str, *, is_refunded: bool = True, is_whole: bool = False
) -> Change:
    """Return the change with its refund advice; a pure request tells of no cancelled part."""
    lines = draft.lines()
    has_cancelled = _cancelled(lines) > _cancelled(order.lines)
    if not has_cancelled and not is_whole:
        return draft.finish(CancelRequested, facts={"reason": reason})
    after = order.model_copy(update={"lines": lines})
    refund = refund_of_cancelled(order, after) if is_refunded and has_cancelled else 0
    changes: dict[str, object] = {"refunded_minor": order.refunded_minor + refund}
    if is_whole and order.cancelled_at is None:
        changes["cancelled_at"] = draft.act.now
    facts = {"reason": reason, "refund_minor": refund, "currency": order.currency}
    return draft.finish(PartsCancelled, facts=facts, changes=changes)


def _cancelled(lines: Iterable[Line]) -> int:
    states = (part for line in lines for part in line.parts)
    return sum(part.quantity for part in states if part.state is PartState.CANCELLED)


def _asked_parts(draft: Draft, wanted: Sequence[Units]) -> list[tuple[str, Part, int]]:
    rows = []
    for units in _merged(wanted):
        part = draft.find(units.line_id, units.part or 0)
        if part is None:
            raise NotFound("part")
        rows.append((units.line_id, part, units.quantity or part.quantity))
    return rows


def confirm_cancel(
    order: Order,
    wanted: Sequence[Units],
    act: Act,
    *,
    effect: RejectReason | None = None,
    is_refunded: bool = True,
) -> Change | None:
    """Cancel parts whose location agreed; None when they are cancelled already.

    The goods go back to the shelf: the reservation is released. `effect`: the location found on
    that occasion that the units are missing or damaged.

    Raises:
        NotAllowed: cancelling was not asked for.
        NotFound: no such part.
    """
    draft = Draft(order, act)
    for line_id, part, units in _asked_parts(draft, wanted):
        if part.state is not PartState.CANCELLED:
            draft.cut(line_id, part, Cut(units, (life.ConfirmCancel,), effect=effect))
    if draft.is_empty:
        return None
    return _finished(draft, order, "confirmed", is_refunded=is_refunded)


def refuse_cancel(order: Order, wanted: Sequence[Units], act: Act) -> Change | None:
    """Go on with parts whose location cannot stop them; None when they went on already.

    Raises:
        NotAllowed: they are neither asked for nor going on.
        NotFound: no such part.
    """
    draft = Draft(order, act)
    for line_id, part, units in _asked_parts(draft, wanted):
        if part.state is not PartState.SOURCED:
            draft.cut(line_id, part, Cut(units, (life.RefuseCancel,), {"reason": None}))
    return None if draft.is_empty else draft.finish(CancelRefused)


def auto_cancel(order: Order, act: Act) -> Change | None:
    """Cancel waiting parts whose auto-cancel date is over; None when there are none."""
    draft = Draft(order, act)
    for line, part in all_parts(order):
        due = part.auto_cancel_at
        if part.state in WAITING and due is not None and due <= act.now:
            draft.cut(
                line.line_id, part, Cut(part.quantity, (life.Cancel,), {"reason": AUTO_CANCEL})
            )
    return None if draft.is_empty else _finished(draft, order, AUTO_CANCEL)


def cancel_unanswered(order: Order, act: Act) -> Change | None:
    """Put before a person what a location was asked to cancel and is silent about; None: nothing.

    The parts stay asked for: whoever finds out confirms or refuses in the location's place.
    """
    draft = Draft(order, act)
    for line, part in all_parts(order):
        is_asked = part.state is PartState.CANCEL_REQUESTED
        if is_asked and part.reply_by is not None and part.reply_by <= act.now:
            draft.cut(line.line_id, part, Cut(part.quantity, (), {"reply_by": None}))
            detail: dict[str, str | int] = {
                "fulfillment_id": part.fulfillment_id or "",
                "quantity": part.quantity,
            }
            draft.open_exception(actions.CANCEL_UNANSWERED, line.line_id, part, detail)
    if draft.is_empty:
        return None
    first = f"{order.order_id}.x{order.exceptions + 1}"
    facts = {"exception_id": first, "reason": actions.CANCEL_UNANSWERED}
    return draft.finish(ExceptionOpened, facts=facts)
