"""Write routing's answer down as the decision of one attempt (pure)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from shared.catalog.model import CapacityUnit, StockMode
from shared.couriers.decide import ready_by
from shared.couriers.model import Promise
from shared.flows.knowledge import TenantKnowledge
from shared.flows.sourcing import StockView
from shared.flows.tariffs import Tariffs, Wanted
from shared.kernel.values import value
from shared.orders.decide.bundles import group_of
from shared.orders.model import Line, Order
from shared.orders.work import Decision, Pick, Short
from shared.routing.model import ActionKind, Assignment, Parcel, SourcingPlan
from shared.routing.rules import RuleSet

# What a rule does with a short line, in the words of the order's closing; whatever else it does,
# the line waits.
_ACTIONS: Final[Mapping[ActionKind, str]] = {
    ActionKind.HOLD: "hold",
    ActionKind.CANCEL: "cancel",
    ActionKind.BACKORDER: "backorder",
    ActionKind.CUSTOMER_CARE: "customer-care",
    ActionKind.EXCEPTION: "exception",
}
NO_TARIFF_NOTE: Final = "no tariff: there is no rate card, so the nearest location was taken"


@value
class Answered:
    known: TenantKnowledge
    order: Order
    plan: SourcingPlan
    tariffs: Tariffs
    stock: Mapping[str, Mapping[str, StockView]]
    now: datetime


def decision_of(answered: Answered, wanted: Sequence[Wanted], first_attempt: int) -> Decision:
    order, answer = answered.order, answered.plan
    numbers = _part_numbers(order, answer)
    fulfillments = _fulfillment_ids(order, wanted, answer.assignments)
    by_part = {(item.line.line_id, item.part.part): item for item in wanted}
    picks = tuple(
        _pick(answered, by_part[a.line_id, a.part], a, numbers[index], fulfillments)
        for index, a in enumerate(answer.assignments)
    )
    shorts = tuple(
        Short(
            line_id=short.line_id,
            source_part=short.part,
            part=numbers[len(picks) + index],
            sku=by_part[short.line_id, short.part].product.sku,
            quantity=short.quantity,
            reason=short.reason,
            action=_action(answered.known, by_part[short.line_id, short.part].line, short.action),
            queue=short.queue,
            auto_cancel_days=short.auto_cancel_days,
        )
        for index, short in enumerate(answer.short)
    )
    rules = answer.explanation
    return Decision(
        order_id=order.order_id,
        attempt=order.attempts + 1,
        first_attempt=first_attempt,
        decided_at=answered.now,
        rule_set=f"{rules.rule_set_id}:{rules.version}",
        order_version=order.version,
        picks=_with_capacity(answered, picks),
        shorts=shorts,
        all_or_nothing=_groups(answered, wanted),
        bundles=_bundles(wanted),
        cost_minor=answer.cost_minor,
        currency=order.currency,
        explanation=_explanation(answered),
    )


def _explanation(answered: Answered) -> dict[str, object]:
    found: dict[str, object] = dict(answered.plan.explanation.to_json())
    notes = found.get("notes")
    if answered.tariffs.is_missing and isinstance(notes, list):
        found["notes"] = [NO_TARIFF_NOTE, *notes]
    return found


def _action(known: TenantKnowledge, line: Line, action: ActionKind) -> str:
    """Return what becomes of a short line.

    A component whose bundle comes from several places is cancelled by a person only: with it goes
    what other locations work on by now.
    """
    is_settings = action is ActionKind.AS_SETTINGS
    name = known.settings.shortage.value if is_settings else _ACTIONS.get(action, "queue")
    is_apart = line.bundle is not None and line.bundle.may_split
    return "customer-care" if name == "cancel" and is_apart else name


def _part_numbers(order: Order, answer: SourcingPlan) -> list[int]:
    """Number the plan's pieces: a part that is divided gets new numbers, others keep theirs."""
    pieces = [(a.line_id, a.part) for a in answer.assignments]
    pieces += [(s.line_id, s.part) for s in answer.short]
    last = {
        line.line_id: max(part.part for part in line.parts) for line in order.lines if line.parts
    }
    numbers = []
    for line_id, part in pieces:
        if pieces.count((line_id, part)) > 1:
            last[line_id] += 1
            numbers.append(last[line_id])
        else:
            numbers.append(part)
    return numbers


def _fulfillment_ids(
    order: Order, wanted: Sequence[Wanted], assignments: Sequence[Assignment]
) -> dict[tuple[str, str], str]:
    """Mint one fulfillment for each location and method of the plan, in the plan's order."""
    methods = {(item.line.line_id, item.part.part): item.line.method.value for item in wanted}
    minted: dict[tuple[str, str], str] = {}
    for a in assignments:
        at = (a.location_id, methods[a.line_id, a.part])
        minted.setdefault(at, f"{order.order_id}.f{order.fulfillments + len(minted) + 1}")
    return minted


def _pick(
    answered: Answered,
    item: Wanted,
    assignment: Assignment,
    part: int,
    fulfillments: Mapping[tuple[str, str], str],
) -> Pick:
    order, known, at = answered.order, answered.known, assignment.location_id
    method, sku = item.line.method.value, item.product.sku
    parcel = None if method == "pickup" else _parcel_of(answered.plan, assignment)
    shown = _promised(answered, parcel)
    view = answered.stock.get(sku, {}).get(at)
    return Pick(
        line_id=assignment.line_id,
        source_part=assignment.part,
        part=part,
        sku=sku,
        quantity=assignment.quantity,
        location_id=at,
        reservation_id=f"{order.order_id}.{assignment.line_id}.{part}.{order.attempts + 1}",
        fulfillment_id=fulfillments[at, method],
        guard=view.guard(method) if view else 0,
        tracked=item.product.stock_mode is not StockMode.UNLIMITED,
        service=parcel.service or None if parcel else None,
        cost_minor=parcel.cost_minor if parcel else 0,
        ship_by=shown.ship_by if shown else None,
        arrive_by=shown.arrive_by if shown else None,
        ready_by=ready_by(known.sites[at], answered.now) if method == "pickup" else None,
    )


def _parcel_of(plan: SourcingPlan, assignment: Assignment) -> Parcel | None:
    named = (assignment.line_id, assignment.part)
    for parcel in plan.parcels:
        is_there = parcel.location_id == assignment.location_id
        if is_there and any(content[:2] == named for content in parcel.contents):
            return parcel
    return None


def _promised(answered: Answered, parcel: Parcel | None) -> Promise | None:
    """Return the dates of the service that routing chose for a parcel."""
    if parcel is None or "/" not in parcel.service:
        return None
    carrier, _, service = parcel.service.partition("/")
    return answered.tariffs.offer_from(parcel.location_id).arrivals().get((carrier, service))


def _with_capacity(answered: Answered, picks: Sequence[Pick]) -> tuple[Pick, ...]:
    """Note on each pick what its fulfillment takes of its location's day, where that is limited."""
    methods = {line.line_id: line.method.value for line in answered.order.lines}
    noted = []
    for pick in picks:
        location = answered.known.locations[pick.location_id]
        counts = methods[pick.line_id] == "ship" or location.capacity_counts_pickups
        if location.capacity_per_day is None or not counts:
            noted.append(pick)
            continue
        same = [p for p in picks if p.fulfillment_id == pick.fulfillment_id]
        change = {
            "capacity_day": answered.known.local_day(pick.location_id, answered.now),
            "capacity_limit": location.capacity_per_day,
            "capacity_units": capacity_units(location.capacity_unit, same),
        }
        noted.append(pick.model_copy(update=change))
    return tuple(noted)


def capacity_units(unit: CapacityUnit, picks: Sequence[Pick]) -> int:
    """Return what one fulfillment's picks take of a location's day."""
    match unit:
        case CapacityUnit.FULFILLMENTS:
            return 1
        case CapacityUnit.LINES:
            return len(picks)
        case CapacityUnit.UNITS:
            return sum(pick.quantity for pick in picks)


def _groups(answered: Answered, wanted: Sequence[Wanted]) -> tuple[tuple[str, ...], ...]:
    """Return the lines that fail together: ship-complete orders, and lines that travel together."""
    rules = answered.known.rule_set(answered.order.order_type)
    if ships_complete(rules, answered.plan.explanation.routing):
        return (tuple(sorted({item.line.line_id for item in wanted})),)
    return _together(
        (item.line.group or "", item.line.line_id) for item in wanted if not _leaves_alone(item)
    )


def _bundles(wanted: Sequence[Wanted]) -> tuple[tuple[str, ...], ...]:
    """Return the lines of each bundle: what one location gives of them fails together."""
    return _together(
        (item.line.group or "", item.line.line_id) for item in wanted if _leaves_alone(item)
    )


def _leaves_alone(item: Wanted) -> bool:
    """Tell whether it is of a bundle that no other lines travel with."""
    bundle = item.line.bundle
    return bundle is not None and item.line.group == group_of(bundle)


def _together(rows: Iterable[tuple[str, str]]) -> tuple[tuple[str, ...], ...]:
    groups: dict[str, set[str]] = {}
    for group, line_id in rows:
        groups.setdefault(group, set()).add(line_id)
    named = (lines for group, lines in groups.items() if group)
    return tuple(tuple(sorted(lines)) for lines in named if len(lines) > 1)


def ships_complete(rules: RuleSet, routing_name: str | None) -> bool:
    """Return whether the routing that served an order ships it whole or not at all."""
    served = [routing for routing in rules.routings if routing.name == routing_name]
    constraints = list(rules.constraints)
    for routing in served:
        constraints += routing.constraints
        constraints += [c for rule in routing.rules for c in rule.constraints]
    return any(c.kind == "ship-complete" and c.is_hard for c in constraints)
