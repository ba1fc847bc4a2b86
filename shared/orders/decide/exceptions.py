"""Exceptions close by one of their legal actions, or by themselves when their part goes on."""

from collections.abc import Sequence

from shared.contracts.orders import ExceptionClosed as ClosedEvent
from shared.orders.decide.change import Act
from shared.orders.model import (
    ExceptionDocument,
    ExceptionStatus,
    Order,
    PartState,
)
from shared.orders.refusals import ExceptionClosed, NotALegalAction


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
    """Return, closed, those whose part stands in exception no longer."""
    standing = {
        (line.line_id, part.part)
        for line in order.lines
        for part in line.parts
        if part.state is PartState.EXCEPTION
    }
    lines = {line.line_id for line in order.lines}
    return tuple(
        _closed(row, event, act)
        for row in found
        if row.status is ExceptionStatus.OPEN
        and row.code in _OF_A_PART
        and row.line_id in lines
        and (row.line_id, row.part) not in standing
    )


_OF_A_PART = frozenset({"unknown-sku", "max-rejects", "pickup-short", "unfillable"})
