"""Exceptions close by one of their legal actions, or by themselves when their part goes on."""

from collections.abc import Mapping, Sequence

from shared.contracts.orders import ExceptionClosed as ClosedEvent
from shared.orders.decide.actions import actions_for
from shared.orders.decide.change import Act
from shared.orders.model import (
    ExceptionDocument,
    ExceptionStatus,
    Order,
    PartState,
)
from shared.orders.refusals import ExceptionClosed, NotALegalAction


def apart(
    exception_id: str, code: str, subject: str, detail: Mapping[str, str | int], act: Act
) -> ExceptionDocument:
    """Return work for a person that is about no one order; `subject` says what else."""
    return ExceptionDocument(
        exception_id=exception_id,
        status=ExceptionStatus.OPEN,
        code=code,
        subject=subject,
        opened_at=act.now,
        detail=dict(detail),
        actions=actions_for(code),
    )


def close_exception(found: ExceptionDocument, action: str, act: Act) -> ExceptionDocument | None:
    """Close an exception by an action; None when this action has closed it already.

    Raises:
        NotALegalAction: its code has no such way out.
        ExceptionClosed: another action has closed it.
    """
    if found.status is ExceptionStatus.CLOSED:
        if found.detail.get("action") == action:
            return None
        raise ExceptionClosed
    if action not in found.actions:
        raise NotALegalAction(action, found.actions)
    return _closed(found, action, act)


def _closed(found: ExceptionDocument, action: str, act: Act) -> ExceptionDocument:
    return found.model_copy(
        update={
            "status": ExceptionStatus.CLOSED,
            "closed_at": act.now,
            "closed_by": act.by,
            "detail": found.detail | {"action": action},
        }
    )


def closed_event(closed: ExceptionDocument, order: Order, act: Act) -> ClosedEvent:
    """Return the event that tells of a closed exception of an order."""
    return ClosedEvent(
        tenant_id=act.tenant_id,
        occurred_at=act.now,
        order_id=order.order_id,
        order_version=order.version,
        exception_id=closed.exception_id,
        reason=closed.code,
    )


def settled_by(
    order: Order, found: Sequence[ExceptionDocument], event: str, act: Act
) -> tuple[ExceptionDocument, ...]:
    """Return, closed, those whose part stands in exception no longer.

    Of a part that was divided meanwhile a rest may still stand: its exception stays open for it.
    """
    parts = {(line.line_id, p.part): p.state for line in order.lines for p in line.parts}
    standing = {at for at, state in parts.items() if state is PartState.EXCEPTION}
    told_of = [row for row in found if row.status is ExceptionStatus.OPEN]
    named = {(row.line_id, row.part) for row in told_of}
    rests = {line_id for line_id, part in standing - named}
    lines = {line.line_id for line in order.lines}
    lines |= {line.bundle.line for line in order.lines if line.bundle}  # sold, now its components
    return tuple(
        _closed(row, event, act)
        for row in told_of
        if row.code in _OF_A_PART
        and row.line_id in lines
        and (row.line_id, row.part) not in standing
        and ((row.line_id, row.part) in parts or row.line_id not in rests)
    )


_OF_A_PART = frozenset({"unknown-sku", "max-rejects", "pickup-short", "unfillable"})
