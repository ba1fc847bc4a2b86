"""The promise flow's closing transition: what a plan came to, on the order as it is by now."""

from collections.abc import Iterable, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.contracts.orders import OrderRouted
from shared.contracts.stock import Queue
from shared.orders import life
from shared.orders.decide import actions
from shared.orders.decide.change import Act, Change, Cut
from shared.orders.decide.draft import Draft
from shared.orders.decide.refund import refund_of_cancelled
from shared.orders.decide.reject import with_refund
from shared.orders.decide.status import loose_takes, preorders_to_queue
from shared.orders.decide.stock import wait_of
from shared.orders.model import (
    HOLDS_MAX,
    PARTS_MAX,
    TAKES_KEPT,
    Decision,
    Hold,
    Method,
    Order,
    Part,
    PartState,
    Pick,
    Short,
)

ROUTING_HOLD: Final = "routing"
_ROUTED_FROM: Final = frozenset({PartState.PENDING, PartState.BACKORDERED, PartState.UNFILLABLE})
# A rule's action on units that no location gives, as rows of the table.
_ACTION: Final[dict[str, type | None]] = {
    "queue": life.NoLocation,
    "unfillable": life.NoLocation,
    "backorder": life.Backorder,
    "exception": life.GiveUp,
    "customer-care": life.GiveUp,
    "cancel": life.Cancel,
    "hold": None,
    "next": None,  # to be planned again in this run
}


@dataclass(frozen=True, slots=True)
class Closing:
    """`sourced` need their fulfillments; `ended` are reservations won in vain, to be released."""

    change: Change
    sourced: tuple[Pick, ...]
    ended: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How executing a decision went.

    `won` are the reservation ids that stock gave. `lost_action` is what becomes of the others:
    "next" while the run plans again, else the tenant's policy. `auto_cancel_at` is for those that
    wait from now on.
    """

    won: frozenset[str]
    lost_action: str = "next"
    auto_cancel_at: datetime | None = None


def close_attempt(order: Order, decision: Decision, outcome: Outcome, act: Act) -> Closing | None:
    """Write an attempt's result; None when it is written already.

    Parts that were cancelled, divided, held back or edited since the decision are left as they are,
    and their reservations are named in `ended`.
    """
    if decision.attempt <= order.attempts:
        return None
    # The queue's generations count on from this attempt.
    order = order.model_copy(update={"attempts": decision.attempt})
    draft = Draft(order, act)
    won = _kept(decision, outcome.won)
    sourced: list[Pick] = []
    holds: list[str] = []
    is_waiting = False
    for (line_id, number), rows in _by_source(decision).items():
        part = draft.find(line_id, number)
        if part is None or not _is_as_planned(draft, decision, part, rows):
            continue
        cuts = [_cut(part, row, won, outcome, act.now) for row in rows]
        new = draft.cut(line_id, part, *cuts)
        is_waiting |= not part.queued and any(fresh.queued for fresh in new)
        sourced += [row for row in rows if isinstance(row, Pick) and row.reservation_id in won]
        holds += [r.reason for r in rows if isinstance(r, Short) and r.action == "hold"]
        _put_before_a_person(draft, line_id, new)
    _queue_again(draft, decision)
    _queue_preorders(draft)
    kept = {pick.reservation_id for pick in sourced}
    ended = tuple(
        pick.reservation_id
        for pick in decision.picks
        if pick.reservation_id in outcome.won and pick.reservation_id not in kept
    )
    change = _finished(draft, decision, holds, is_waiting=is_waiting)
    return Closing(change, tuple(sourced), ended)


def may_execute(order: Order, decision: Decision, act: Act) -> bool:
    """Tell whether any part of a plan would still get what the plan takes for it."""
    won = frozenset(pick.reservation_id for pick in decision.picks)
    closing = close_attempt(order, decision, Outcome(won), act)
    return closing is not None and bool(closing.sourced)


def _kept(decision: Decision, won: Set[str]) -> frozenset[str]:
    """Leave out what was won by lines that fail together with one that was not."""
    failed: set[str] = set()
    lost = {pick.line_id for pick in decision.picks if pick.reservation_id not in won}
    lost |= {short.line_id for short in decision.shorts}
    for group in decision.all_or_nothing:
        if lost & set(group):
            failed |= set(group)
    bundle_of = {line_id: bundle for bundle in decision.bundles for line_id in bundle}
    broken = {
        (bundle_of.get(pick.line_id), pick.fulfillment_id)
        for pick in decision.picks
        if pick.reservation_id not in won and pick.line_id in bundle_of
    }
    return frozenset(
        pick.reservation_id
        for pick in decision.picks
        if pick.reservation_id in won
        and pick.line_id not in failed
        and (bundle_of.get(pick.line_id), pick.fulfillment_id) not in broken
    )


def _by_source(decision: Decision) -> dict[tuple[str, int], list[Pick | Short]]:
    rows: dict[tuple[str, int], list[Pick | Short]] = {}
    planned: tuple[Pick | Short, ...] = (*decision.picks, *decision.shorts)
    for row in planned:
        rows.setdefault((row.line_id, row.source_part), []).append(row)
    return rows


def _is_as_planned(draft: Draft, decision: Decision, part: Part, rows: list[Pick | Short]) -> bool:
    order = draft.order
    if order.holds or order.replan_after > decision.order_version:
        return False
    line_id = rows[0].line_id
    numbers = {row.part for row in rows}
    others = {known.part for known in draft.parts(line_id)} - {part.part}
    is_free = len(numbers) == len(rows) and not numbers & others
    has_room = len(others) + len(rows) <= PARTS_MAX
    planned = sum(row.quantity for row in rows)
    return part.state in _ROUTED_FROM and planned == part.quantity and is_free and has_room


def _cut(part: Part, row: Pick | Short, won: Set[str], outcome: Outcome, now: datetime) -> Cut:
    if isinstance(row, Pick) and row.reservation_id in won:
        return Cut(row.quantity, (life.Route,), _assignment(row), number=row.part)
    action = row.action if isinstance(row, Short) else outcome.lost_action
    event = _ACTION.get(action, life.GiveUp)
    target = part.state
    changes: dict[str, object] = {}
    if isinstance(row, Short):
        changes |= {"reason": row.reason, "queue": row.queue}
    if event is not life.Cancel:
        changes |= {"queued": True, "auto_cancel_at": _given_up_at(part, row, outcome, now)}
    events = _rows(target, event)
    return Cut(row.quantity, events, changes, number=row.part)


def _given_up_at(part: Part, row: Pick | Short, outcome: Outcome, now: datetime) -> datetime | None:
    """Return a wait's end: the one that runs already, else the rule's, else the tenant's."""
    if isinstance(row, Pick) and outcome.lost_action == "next":
        return part.auto_cancel_at
    days = row.auto_cancel_days if isinstance(row, Short) else None
    own = outcome.auto_cancel_at if days is None else now + timedelta(days=days)
    return part.auto_cancel_at or own


def _rows(state: PartState, event: type | None) -> tuple[type, ...]:
    """Return the rows that lead there: what waits as that already stays as it is."""
    stays = {
        (PartState.UNFILLABLE, life.NoLocation),
        (PartState.BACKORDERED, life.Backorder),
    }
    return () if event is None or (state, event) in stays else (event,)


def _assignment(pick: Pick) -> dict[str, object]:
    return {
        "location_id": pick.location_id,
        "fulfillment_id": pick.fulfillment_id,
        "reservation_id": pick.reservation_id,
        "ship_by": pick.ship_by,
        "arrive_by": pick.arrive_by,
        "ready_by": pick.ready_by,
        "reason": None,
        "auto_cancel_at": None,
        "queue": None,
    }


def _put_before_a_person(draft: Draft, line_id: str, new: Iterable[Part]) -> None:
    line = draft.line(line_id)
    for part in new:
        if part.state is PartState.EXCEPTION:
            is_pickup = line.method is Method.PICKUP
            code = actions.PICKUP_SHORT if is_pickup else "unfillable"
            draft.open_exception(code, line_id, part, {"reason": part.reason or "lost"})


def _queue_again(draft: Draft, decision: Decision) -> None:
    """Queue what was planned and still waits: a reservation won in vain has closed its wait."""
    done = {(t.wait.line_id, t.wait.part) for t in draft.stock if isinstance(t, Queue)}
    for line_id, number in _by_source(decision):
        part = draft.find(line_id, number)
        if part is not None and part.queued and (line_id, number) not in done:
            wait = wait_of(draft.order, draft.line(line_id), part)
            draft.stock.append(Queue(wait=wait))


def _queue_preorders(draft: Draft) -> None:
    for line, part in preorders_to_queue(draft.order):
        draft.cut(line.line_id, part, Cut(part.quantity, (), {"queued": True}))


def _finished(draft: Draft, decision: Decision, holds: list[str], *, is_waiting: bool) -> Change:
    order, act = draft.order, draft.act
    changes: dict[str, object] = {}
    minted = [int(pick.fulfillment_id.rpartition(".f")[2]) for pick in decision.picks]
    changes["fulfillments"] = max((order.fulfillments, *minted))
    after = order.model_copy(update={"lines": draft.lines()})
    changes["takes"] = _takes(after, decision)
    if holds and len(order.holds) < HOLDS_MAX:
        held = Hold(reason=ROUTING_HOLD, at=act.now, by=act.by, note=holds[0])
        changes["holds"] = (*order.holds, held)
    refund = refund_of_cancelled(order, after)
    changes["refunded_minor"] = order.refunded_minor + refund
    facts = {"attempt": decision.attempt, "is_waiting": is_waiting}
    change = draft.finish(OrderRouted, facts=facts, route=False, changes=changes)
    return with_refund(change, refund, act)


def _takes(order: Order, decision: Decision) -> dict[str, str]:
    """Return the takes that may yet have to go back: of very many the oldest loose are let go.

    What a part holds is kept, however old, and so is what this attempt took: earlier loose ones
    were given back before it began, and nothing else would find these.
    """
    limited = [pick for pick in decision.picks if pick.capacity_day is not None]
    taken = {pick.fulfillment_id: pick.location_id for pick in limited}
    takes = order.takes | taken
    loose = loose_takes(order.model_copy(update={"takes": takes}))
    done = [name for name in loose if name not in taken][: max(0, len(takes) - TAKES_KEPT)]
    return {name: location for name, location in takes.items() if name not in done}


def queue_preorders(order: Order, act: Act) -> Change | None:
    """Queue the demand of preordered parts; None when it is queued, or nothing is preordered."""
    draft = Draft(order, act)
    _queue_preorders(draft)
    if draft.is_empty:
        return None
    return draft.finish(OrderRouted, facts={"attempt": order.attempts}, route=False)
