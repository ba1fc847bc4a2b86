"""Overlapping constraints as the limits of each pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from shared.routing.problem import NO_LIMITS, Limits
from shared.routing.rules import Constraint, InventoryRule, Routing, RuleSet

UNLIMITED: Final = (NO_LIMITS,)


def passes(rule_set: RuleSet, routing: Routing, rule: InventoryRule) -> tuple[Limits, ...]:
    """Return the limits of pass 1 (all constraints) and, with soft ones, pass 2 (hard only)."""
    constraints = rule_set.constraints + routing.constraints + rule.constraints
    if not constraints:
        return UNLIMITED
    hard = [constraint for constraint in constraints if constraint.is_hard]
    if len(hard) == len(constraints):
        return (limits_of(hard),)
    return limits_of(constraints), limits_of(hard)


def limits_of(constraints: Sequence[Constraint]) -> Limits:
    """Return overlapping constraints as one: the smallest limit wins."""
    smallest: dict[str, int] = {}
    for constraint in constraints:
        kind = "max-locations" if constraint.kind == "no-split" else constraint.kind
        limit = constraint.limit or 1
        smallest[kind] = min(limit, smallest.get(kind, limit))
    return Limits(
        locations=smallest.get("max-locations"),
        per_line=smallest.get("max-locations-per-line"),
        split_value_minor=smallest.get("split-value"),
        is_complete="ship-complete" in smallest,
    )
