"""Which location ships or hands over each line (semantics section 5)."""

from __future__ import annotations

from collections.abc import Sequence

from shared.routing.allocation import Allocator
from shared.routing.explain import explanation_of
from shared.routing.geo import Distances
from shared.routing.model import (
    Candidate,
    Parcel,
    ParcelCost,
    RouteRequest,
    SourcingPlan,
)
from shared.routing.outcome import Outcome
from shared.routing.pricing import Pricer, key_of, parts_of
from shared.routing.problem import Placement
from shared.routing.rules import RuleSet


def plan(
    request: RouteRequest,
    candidates: Sequence[Candidate],
    rule_set: RuleSet,
    parcel_cost: ParcelCost,
) -> SourcingPlan:
    """Return where each unit goes, what is short and why, and the record of the decision.

    Total: whatever the figures, every unit asked for is assigned or short. Equal inputs give equal
    plans; the location id breaks the last tie. `cost_minor` is what the parcels cost; the
    explanation's costs are weighted by the rule.
    """
    allocator = Allocator(request, rule_set, Pricer(parcel_cost), Distances(request.destination))
    return _told(allocator, candidates, allocator.allocate(candidates))


def plan_if_any(
    request: RouteRequest,
    candidates: Sequence[Candidate],
    rule_set: RuleSet,
    parcel_cost: ParcelCost,
) -> SourcingPlan | None:
    """Return the plan, or None where no unit has a location: nothing is explained then."""
    allocator = Allocator(request, rule_set, Pricer(parcel_cost), Distances(request.destination))
    outcome = allocator.allocate(candidates)
    return _told(allocator, candidates, outcome) if outcome.assignments else None


def _told(allocator: Allocator, candidates: Sequence[Candidate], outcome: Outcome) -> SourcingPlan:
    parcels = tuple([parcel_of(allocator.pricer, placement) for placement in outcome.placements])
    hold_to_account(allocator.request, outcome)
    return SourcingPlan(
        assignments=outcome.assignments,
        short=outcome.short,
        parcels=parcels,
        cost_minor=sum(parcel.cost_minor for parcel in parcels),
        explanation=explanation_of(allocator, candidates, outcome),
    )


def parcel_of(pricer: Pricer, placement: Placement) -> Parcel:
    """Return a placement with what it really costs.

    Raises:
        ValueError: it has no quote, so it should not have been chosen.
    """
    site, contents = placement.site, placement.contents
    quote = pricer.quote(site.location_id, contents)
    if quote is None:
        raise ValueError(f"{site.location_id} was chosen for what it cannot ship")
    labor = site.candidate.labor_minor * sum(quantity for _, quantity in contents)
    return Parcel(
        location_id=site.location_id,
        contents=key_of(contents),
        cost_minor=quote.cost_minor + labor,
        service=quote.service,
        arrive_at=quote.arrive_at,
        parts=parts_of(quote, labor),
    )


def hold_to_account(request: RouteRequest, outcome: Outcome) -> None:
    """Refuse a plan whose assignments and short lines are not exactly what was asked.

    Raises:
        AssertionError: units were lost or made up; a fault of ours.
    """
    asked = sum(line.quantity for line in request.lines if line.quantity > 0)
    answered = outcome.units + sum(line.quantity for line in outcome.short)
    if asked != answered:
        raise AssertionError(f"order {request.order_id}: {asked} asked, {answered} answered")
