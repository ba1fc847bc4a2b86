"""Waiting parts go on: reset by a person, a release date, another method, a known SKU."""

from collections.abc import Sequence
from typing import Final

from shared.contracts.orders import PartsReset
from shared.kernel.errors import NotAllowed
from shared.orders import life
from shared.orders.decide.change import Act, Change, Cut
from shared.orders.decide.draft import Draft
from shared.orders.decide.lines import ProductFacts
from shared.orders.decide.status import all_parts, is_routed
from shared.orders.model import (
    PART_LIFE,
    WAITING,
    Line,
    Method,
    Order,
    Part,
    PartState,
)

_FRESH: Final[dict[str, object]] = {
    "rejects": 0,
    "excluded": (),
    "excluded_until": None,
    "reason": None,
}


def reset(
    order: Order, act: Act, *, only: Sequence[tuple[str, int]] | None = None
) -> Change | None:
    """Send waiting parts to routing again with a clean slate; None when they are pending already.

    Without `only` (line, part): every part in exception, backordered or unfillable.

    Raises:
        NotAllowed: a named part is in no state to be reset, or its SKU is not known.
    """
    draft = Draft(order, act)
    for line, part in all_parts(order):
        if not _is_meant(line, part, only):
            continue
        if not is_routed(line):
            raise NotAllowed("line part", part.state, "reset", ("assign-sku", "cancel"))
        draft.cut(line.line_id, part, Cut(part.quantity, (life.Reset,), _FRESH))
    return None if draft.is_empty else draft.finish(PartsReset, facts={"reason": "reset"})


def _is_meant(line: Line, part: Part, only: Sequence[tuple[str, int]] | None) -> bool:
    if only is None:
        return is_routed(line) and PART_LIFE.allows(part.state, life.Reset)
    return (line.line_id, part.part) in only and part.state is not PartState.PENDING


def reach_release_date(order: Order, act: Act) -> Change | None:
    """Make preordered parts pending whose release date has come; None when there are none."""
    draft = Draft(order, act)
    for line, part in all_parts(order):
        is_due = line.release_at is not None and line.release_at <= act.now
        if part.state is PartState.PREORDERED and is_due:
            draft.cut(line.line_id, part, Cut(part.quantity, (life.ReleaseDate,)))
    return None if draft.is_empty else draft.finish(PartsReset, facts={"reason": "release-date"})


def assign_sku(order: Order, line_id: str, product: ProductFacts, act: Act) -> Change | None:
    """Say which product a line of an unknown SKU is, and route it; None when it says so already.

    Raises:
        NotAllowed: the line has another product.
        NotFound: no such line.
    """
    draft = Draft(order, act)
    line = draft.line(line_id)
    if line.sku == product.sku:
        return None
    if line.sku is not None:
        raise NotAllowed("line", line.sku, "assign-sku", ("cancel",))
    draft.edit_line(line_id, sku=product.sku, kind=product.kind, title=line.title or product.title)
    for part in line.parts:
        if part.state is PartState.EXCEPTION:
            events = (life.Reset,) if is_routed(draft.line(line_id)) else (life.Reset, life.Grant)
            draft.cut(line_id, part, Cut(part.quantity, events, _FRESH))
    skus = tuple(dict.fromkeys((*order.skus, product.sku)))
    return draft.finish(PartsReset, facts={"reason": "sku-assigned"}, changes={"skus": skus})


def redirect(
    order: Order, line_id: str, method: Method, pickup_location: str | None, act: Act
) -> Change:
    """Let the customer get a waiting line otherwise: shipped, or at another store.

    Its queued demand is queued anew under the new way; parts that left already stay as they are.

    Raises:
        NotAllowed: a part of it is being worked on.
        NotFound: no such line.
    """
    draft = Draft(order, act)
    line = draft.line(line_id)
    busy = {PartState.SOURCED, PartState.CANCEL_REQUESTED}
    waiting = [part for part in line.parts if part.state in WAITING]
    if not waiting or any(part.state in busy for part in line.parts):
        raise NotAllowed("line", line.method, "redirect", ("cancel",))
    store = pickup_location if method is Method.PICKUP else None
    draft.edit_line(line_id, method=method, pickup_location=store)
    for part in waiting:
        events = (life.Reset,) if PART_LIFE.allows(part.state, life.Reset) else ()
        # A new number, because a part's queued demand cannot change its pool or store.
        number = draft.next_number(line_id)
        draft.cut(line_id, part, Cut(part.quantity, events, _FRESH, number=number))
    changes = {"replan_after": order.version + 1}
    return draft.finish(PartsReset, facts={"reason": "redirected"}, changes=changes)
