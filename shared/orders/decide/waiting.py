"""Waiting parts go on: reset by a person, a release date, another method, a known SKU."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from shared.contracts.orders import PartsReset
from shared.kernel.errors import NotAllowed
from shared.orders import life
from shared.orders.decide.bundles import (
    companions,
    component_lines,
    lines_of,
    per_bundle,
    skus_of,
    with_companions,
)
from shared.orders.decide.change import Act, Change, Cut
from shared.orders.decide.draft import Draft
from shared.orders.decide.lines import is_preordered
from shared.orders.decide.products import ProductFacts
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


_STANDS: Final = frozenset({PartState.EXCEPTION, PartState.BACKORDERED, PartState.UNFILLABLE})


def reset(
    order: Order, act: Act, *, only: Sequence[tuple[str, int]] | None = None
) -> Change | None:
    """Send waiting parts to routing again with a clean slate; None when they are pending already.

    Without `only` (line, part): every part in exception, backordered or unfillable. What travels
    with a named part in a bundle, and stands as it does, goes with it.

    Raises:
        NotAllowed: a named part is in no state to be reset, or its SKU is not known.
    """
    draft = Draft(order, act)
    if only is not None:
        only = with_companions(order, only, _STANDS)
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

    Before its release date it waits as other preorders do.

    A bundle's components take the line's place.

    Raises:
        NotAllowed: the line has another product.
        NotFound: no such line.
    """
    draft = Draft(order, act)
    if not draft.has_line(line_id) and _is_sold_as(order, line_id, product):
        return None
    line = draft.line(line_id)
    if line.sku == product.sku:
        return None
    if line.sku is not None:
        raise NotAllowed("line", line.sku, "assign-sku", ("cancel",))
    for known in _known_as(draft, line, product):
        for part in known.parts:
            if part.state is PartState.EXCEPTION:
                events = _begins_by(known, act.now)
                draft.cut(known.line_id, part, Cut(part.quantity, events, _FRESH))
    skus = tuple(dict.fromkeys((*order.skus, *skus_of(draft.lines()))))
    return draft.finish(PartsReset, facts={"reason": "sku-assigned"}, changes={"skus": skus})


def _begins_by(line: Line, now: datetime) -> tuple[type, ...]:
    """Return the rows to where a line that is known only now would have begun."""
    if not is_routed(line):
        return (life.Reset, life.Grant)
    return (life.Preorder,) if is_preordered(line.release_at, now) else (life.Reset,)


def _is_sold_as(order: Order, line_id: str, product: ProductFacts) -> bool:
    bundles = (line.bundle for line in lines_of(order.lines, line_id))
    return any(bundle is not None and bundle.sku == product.sku for bundle in bundles)


def _known_as(draft: Draft, line: Line, product: ProductFacts) -> Sequence[Line]:
    """Put a line's product in its place, or the components of the bundle that it is."""
    title = line.title or product.title
    sold = line.model_copy(update={"sku": product.sku, "kind": product.kind, "title": title})
    lines: tuple[Line, ...] = (sold,)
    if product.components:
        taken = {known.line_id for known in draft.order.lines}
        lines = tuple(
            row.model_copy(update={"parts": _times(line.parts, per_bundle(row))})
            for row in component_lines(sold, product, draft.order.currency, taken)
        )
    draft.replace_line(line.line_id, lines)
    return lines


def _times(parts: Sequence[Part], count: int) -> tuple[Part, ...]:
    return tuple(p.model_copy(update={"quantity": p.quantity * count}) for p in parts)


def redirect(
    order: Order, line_id: str, method: Method, pickup_location: str | None, act: Act
) -> Change:
    """Let the customer get a waiting line otherwise: shipped, or at another store.

    Its queued demand is queued anew under the new way; parts that left already stay as they are.
    What travels with it in a bundle goes the same way.

    Raises:
        NotAllowed: a part of it is being worked on.
        NotFound: no such line.
    """
    draft = Draft(order, act)
    line = draft.line(line_id)
    lines = companions(order, line)
    busy = {PartState.SOURCED, PartState.CANCEL_REQUESTED}
    is_waiting = any(part.state in WAITING for part in line.parts)
    if not is_waiting or any(part.state in busy for row in lines for part in row.parts):
        raise NotAllowed("line", line.method, "redirect", ("cancel",))
    store = pickup_location if method is Method.PICKUP else None
    for row in lines:
        draft.edit_line(row.line_id, method=method, pickup_location=store)
        _queue_anew(draft, row)
    changes = {"replan_after": order.version + 1}
    return draft.finish(PartsReset, facts={"reason": "redirected"}, changes=changes)


def _queue_anew(draft: Draft, line: Line) -> None:
    for part in line.parts:
        if part.state in WAITING:
            events = (life.Reset,) if PART_LIFE.allows(part.state, life.Reset) else ()
            # A new number, because a part's queued demand cannot change its pool or store.
            number = draft.next_number(line.line_id)
            draft.cut(line.line_id, part, Cut(part.quantity, events, _FRESH, number=number))
