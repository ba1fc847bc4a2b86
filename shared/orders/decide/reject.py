"""Work that comes back from a location: rejected, taken back, or never collected."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from shared.contracts.orders import OrderEdited, PartsRejected, PickupExpired, RefundAdvised
from shared.contracts.stock import RejectReason
from shared.kernel.errors import NotFound
from shared.orders import life
from shared.orders.decide import actions
from shared.orders.decide.bundles import companions, per_bundle, with_companions
from shared.orders.decide.cancel import Stage
from shared.orders.decide.change import Act, Change, Cut
from shared.orders.decide.draft import Draft
from shared.orders.decide.refund import refund_of_cancelled
from shared.orders.decide.status import all_parts
from shared.orders.model import RESERVED, Line, Method, Order, Part, PartState

EXCLUDED_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Work:
    """The fulfillment that a change happens in, with its status after it."""

    fulfillment_id: str
    location_id: str
    status: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """Units that a location gives back; `is_counted` False: not its first hand refusal."""

    line_id: str
    part: int
    quantity: int
    reason: RejectReason
    is_counted: bool = True


@dataclass(frozen=True, slots=True)
class RejectPolicy:
    max_rejects: int
    rejection_period_days: int


def reject(
    order: Order,
    work: Work,
    rejected: Sequence[Rejected],
    policy: RejectPolicy,
    act: Act,
    *,
    picked_units: Mapping[str, int] | None = None,
) -> Change:
    """Take rejected units back to pending, excluded from the location for a while.

    What travels with them in a bundle comes back too, from the shelf or the tote. After the most
    rejects, and for pickup lines at once, they stand before a person. Units whose cancelling was
    asked for are cancelled. `picked_units` by SKU: what is in totes there.

    Raises:
        NotFound: no such part.
        NotAllowed: a part is not in fulfillment.
        NotSoMany: more units than the part has.
    """
    draft, picked = Draft(order, act), picked_units or {}
    by_part = _by_part(_in_bundles(order, work, rejected))
    over = _over(order, by_part, policy)
    until = {"excluded_until": act.now + timedelta(days=policy.rejection_period_days)}
    for (line_id, number), rows in by_part.items():
        part = draft.find(line_id, number)
        if part is None:
            raise NotFound("part")
        line = draft.line(line_id)
        in_totes, is_over = picked.get(line.sku or "", 0), _fate(line, number) in over
        cuts = [_cut(line, part, row, in_totes, is_over=is_over) for row in rows]
        excluded = _excluded(part, work.location_id) | until
        cuts = [replace(cut, changes={**cut.changes, **excluded}) for cut in cuts]
        for new in draft.cut(line_id, part, *cuts):
            _put_before_a_person(draft, line, new)
    reason = rejected[0].reason if rejected else None
    return draft.finish(PartsRejected, facts={**asdict(work), "reason": reason})


def _in_bundles(order: Order, work: Work, rejected: Sequence[Rejected]) -> list[Rejected]:
    """Add what makes the rejected components of bundles that travel together whole bundles."""
    named = {row.line_id for row in rejected}
    bundles = {
        line.bundle.line: companions(order, line)
        for line in order.lines
        if line.bundle and line.line_id in named
    }
    rows = list(rejected)
    for lines in bundles.values():
        for state in sorted(RESERVED):
            rows += _missing(lines, work, rows, state)
    return rows


def _missing(
    lines: Sequence[Line], work: Work, rows: Sequence[Rejected], state: PartState
) -> Iterable[Rejected]:
    """Return what is left there of bundles of which something was rejected."""
    told: dict[tuple[str, int], int] = {}
    for row in rows:
        told[row.line_id, row.part] = told.get((row.line_id, row.part), 0) + row.quantity
    there = {
        line.line_id: [
            (part, told.get((line.line_id, part.part), 0))
            for part in line.parts
            if part.state is state and part.fulfillment_id == work.fulfillment_id
        ]
        for line in lines
    }
    units = {line_id: sum(n for _, n in parts) for line_id, parts in there.items()}
    bundles = max(-(-units[line.line_id] // per_bundle(line)) for line in lines)
    is_counted = any(row.is_counted for row in rows if row.line_id in there)
    for line in lines:
        short = bundles * per_bundle(line) - units[line.line_id]
        for part, already in there[line.line_id]:
            taken = min(short, part.quantity - already)
            if taken > 0:
                reason = RejectReason.NO_VARIANCE
                yield Rejected(line.line_id, part.part, taken, reason, is_counted)
                short -= taken


def _by_part(rejected: Iterable[Rejected]) -> dict[tuple[str, int], list[Rejected]]:
    rows: dict[tuple[str, int], list[Rejected]] = {}
    for row in rejected:
        rows.setdefault((row.line_id, row.part), []).append(row)
    return rows


def _over(
    order: Order, by_part: Mapping[tuple[str, int], Sequence[Rejected]], policy: RejectPolicy
) -> frozenset[tuple[str, int]]:
    """Return what was rejected too often: parts, but of bundles all that comes back together."""
    return frozenset(
        _fate(line, part.part)
        for line, part in all_parts(order)
        for row in by_part.get((line.line_id, part.part), ())
        if row.is_counted and part.rejects + 1 >= policy.max_rejects
    )


def _fate(line: Line, part: int) -> tuple[str, int]:
    if line.bundle is None or line.bundle.may_split:
        return line.line_id, part
    return line.bundle.line, 0


def _cut(line: Line, part: Part, row: Rejected, in_totes: int, *, is_over: bool) -> Cut:
    rejects = part.rejects + row.is_counted
    events = _events(line, part, is_over=is_over and row.is_counted)
    changes = {"reason": row.reason, "rejects": rejects}
    return Cut(row.quantity, events, changes, row.reason, in_totes)


def _events(line: Line, part: Part, *, is_over: bool) -> tuple[type, ...]:
    if part.state is PartState.CANCEL_REQUESTED:
        return (life.ConfirmCancel,)
    if is_over or line.method is Method.PICKUP:
        return (life.Reject, life.GiveUp)
    return (life.Reject,)


def _excluded(part: Part, location_id: str) -> dict[str, object]:
    excluded = dict.fromkeys((*part.excluded, location_id))
    return {"excluded": tuple(excluded)[-EXCLUDED_MAX:]}


def _put_before_a_person(draft: Draft, line: Line, part: Part) -> None:
    if part.state is not PartState.EXCEPTION:
        return
    is_pickup = line.method is Method.PICKUP
    code = actions.PICKUP_SHORT if is_pickup else actions.MAX_REJECTS
    draft.open_exception(code, line.line_id, part, {"rejects": part.rejects})


def expire(order: Order, work: Work, act: Act) -> Change | None:
    """Cancel what nobody collected in time, with its refund advice; None when nothing is left."""
    draft = Draft(order, act)
    for line, part in all_parts(order):
        if part.fulfillment_id != work.fulfillment_id:
            continue
        if part.state is PartState.SOURCED:
            draft.cut(line.line_id, part, Cut(part.quantity, (life.Expire,), _EXPIRED))
        elif part.state is PartState.CANCEL_REQUESTED:
            draft.cut(line.line_id, part, Cut(part.quantity, (life.ConfirmCancel,), _EXPIRED))
    if draft.is_empty:
        return None
    refund = refund_of_cancelled(order, order.model_copy(update={"lines": draft.lines()}))
    facts = {
        "fulfillment_id": work.fulfillment_id,
        "location_id": work.location_id,
        "status": work.status,
        "reason": "pickup-expired",
    }
    change = draft.finish(
        PickupExpired, facts=facts, changes={"refunded_minor": order.refunded_minor + refund}
    )
    return with_refund(change, refund, act)


_EXPIRED: Final = {"reason": "pickup-expired"}


def with_refund(change: Change, refund: int, act: Act) -> Change:
    """Add the advice to pay back to a change whose own event has no room for it."""
    if not refund:
        return change
    advice = RefundAdvised(
        tenant_id=act.tenant_id,
        occurred_at=act.now,
        order_id=change.order.order_id,
        order_version=change.order.version,
        refund_minor=refund,
        currency=change.order.currency,
    )
    return Change(
        change.order, change.event, change.opened, change.removed, change.divided, (advice,)
    )


def take_back(
    draft: Draft,
    stages: Mapping[str, Stage],
    *,
    reason: str,
    effect: RejectReason | None = None,
    only: Sequence[tuple[str, int]] | None = None,
    excluded_until: datetime | None = None,
) -> tuple[tuple[Line, Part], ...]:
    """Take sourced parts back to pending, not counted as rejected; returns those in hands already.

    Pickup parts stay unless they are named in `only`. `excluded_until`: until then they are not
    sourced where they were.
    """
    kept = []
    for line, part in all_parts(draft.order):
        is_wanted = (
            line.method is Method.SHIP if only is None else (line.line_id, part.part) in only
        )
        if part.state is not PartState.SOURCED or not is_wanted:
            continue
        if stages.get(part.fulfillment_id or "", Stage.COMMITTED) is Stage.COMMITTED:
            kept.append((line, part))
            continue
        changes: dict[str, object] = {"reason": reason, "queued": True}
        if excluded_until is not None and part.location_id is not None:
            changes |= _excluded(part, part.location_id) | {"excluded_until": excluded_until}
        cut = Cut(part.quantity, (life.Reject,), changes, effect)
        draft.cut(line.line_id, part, cut)
    return tuple(kept)


def reroute(
    order: Order,
    stages: Mapping[str, Stage],
    act: Act,
    *,
    only: Sequence[tuple[str, int]] | None = None,
    effect: RejectReason | None = None,
    excluded_until: datetime | None = None,
) -> Change | None:
    """Send parts that nobody picked to routing again; None when there are none.

    `only` names (line, part); what travels with them in a bundle goes too. `effect` overcommitment
    when a fact took the stock away; `excluded_until`: until then they go elsewhere than they were.
    """
    draft = Draft(order, act)
    reason = effect or "rerouted"
    if only is not None:
        only = with_companions(order, only, {PartState.SOURCED})
    take_back(draft, stages, reason=reason, effect=effect, only=only, excluded_until=excluded_until)
    if draft.is_empty:
        return None
    changes = {"replan_after": order.version + 1}
    return draft.finish(OrderEdited, facts={"reason": effect or "rerouted"}, changes=changes)
