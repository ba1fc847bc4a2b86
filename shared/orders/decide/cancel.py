"""Cancelling: at once where nothing was picked, by asking where hands are on the goods."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
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
from shared.orders.decide.bundles import lines_of
from shared.orders.decide.change import Act, Change, Cut
from shared.orders.decide.draft import Draft
from shared.orders.decide.refund import refund_of_cancelled
from shared.orders.decide.status import all_parts
from shared.orders.decide.taking_off import (
    ORDER,
    How,
    Stage,
    Units,
    cut_of,
    level,
    take_bundles,
    take_units,
)
from shared.orders.model import WAITING, Line, Order, Part, PartState

# What others import from here stands here, wherever it is written.
__all__ = [
    "AUTO_CANCEL",
    "Stage",
    "Units",
    "auto_cancel",
    "cancel",
    "cancel_unanswered",
    "confirm_cancel",
    "refuse_cancel",
]

AUTO_CANCEL: Final = "auto-cancel-date"


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
    how = How(stages, reason, reply_by)
    if wanted:
        _cancel_wanted(draft, wanted, how)
    elif not _cancel_all(draft, how):
        return None
    is_whole = not wanted
    return _finished(draft, order, reason, is_refunded=is_refunded, is_whole=is_whole)


def _cancel_wanted(draft: Draft, wanted: Sequence[Units], how: How) -> None:
    """Cancel what is named; of a bundle whole ones, whichever component is named."""
    touched: dict[str, tuple[Line, ...]] = {}
    for units in _merged(wanted):
        lines = lines_of(draft.order.lines, units.line_id)
        if lines:
            touched[lines[0].line_id] = lines
        if lines and not draft.has_line(units.line_id):
            take_bundles(draft, lines, units, how)
        else:
            take_units(draft, units, how)
    for lines in touched.values():
        level(draft, lines, how)


def _merged(wanted: Sequence[Units]) -> Iterable[Units]:
    """Put rows of one line and part together, so that none is cut twice."""
    sums: dict[tuple[str, int | None], int | None] = {}
    for units in wanted:
        at = (units.line_id, units.part)
        known = sums.get(at, 0)
        has_all = known is None or units.quantity is None
        sums[at] = None if has_all else (known or 0) + (units.quantity or 0)
    return [Units(line_id, quantity, part) for (line_id, part), quantity in sums.items()]


def _cancel_all(draft: Draft, how: How) -> bool:
    parts = [(line, part) for line, part in all_parts(draft.order)]
    can = [(line, part) for line, part in parts if part.state in ORDER]
    for line, part in can:
        draft.cut(line.line_id, part, cut_of(part, part.quantity, how))
    if can or (not parts and draft.order.cancelled_at is None):
        return True
    over = {PartState.CANCELLED, PartState.CANCEL_REQUESTED}
    if all(part.state in over for _, part in parts):
        return False
    raise NotAllowed("order", draft.order.status, "cancel", ("return",))


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


def auto_cancel(order: Order, act: Act, *, reply_by: datetime | None = None) -> Change | None:
    """Cancel waiting parts whose auto-cancel date is over; None when there are none.

    What else is of their bundles goes with them; where it is worked on, the location is asked.
    """
    due = [
        Units(line.line_id, None, part.part)
        for line, part in all_parts(order)
        if part.state in WAITING and part.auto_cancel_at and part.auto_cancel_at <= act.now
    ]
    draft = Draft(order, act)
    _cancel_wanted(draft, due, How({}, AUTO_CANCEL, reply_by))
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
