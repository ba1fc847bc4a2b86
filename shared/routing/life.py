"""A rule set's life: draft, active, archived; each version immutable once it was active."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from shared.routing.lint import lint
from shared.routing.model import Candidate, RuleSetFaulty, RuleSetImmutable
from shared.routing.rules import RuleSet

SCHEMA_VERSION = 1


def edited(stored: RuleSet | None, draft: RuleSet) -> RuleSet:
    """Return the draft to store in place of `stored`.

    Raises:
        RuleSetImmutable: what is stored, or what is sent, is not a draft.
    """
    for rule_set in (stored, draft):
        if rule_set is not None and rule_set.status != "draft":
            raise RuleSetImmutable(rule_set.rule_set_id, rule_set.version, rule_set.status)
    return draft


def activated(
    draft: RuleSet, active: Iterable[RuleSet], locations: Sequence[Candidate] | None = None
) -> tuple[RuleSet, tuple[RuleSet, ...]]:
    """Return the draft as active, and the versions of its profile that it archives or ends.

    Raises:
        RuleSetImmutable: it is not a draft.
        RuleSetFaulty: the lint finds errors.
    """
    if draft.status != "draft":
        raise RuleSetImmutable(draft.rule_set_id, draft.version, draft.status)
    errors = tuple(f"{f.where}: {f.detail}" for f in lint(draft, locations) if f.is_error)
    if errors:
        raise RuleSetFaulty(errors)
    replaced = tuple(
        _ended(other, draft)
        for other in active
        if other.profile == draft.profile and other.status == "active"
    )
    return draft.model_copy(update={"status": "active"}), replaced


def _ended(other: RuleSet, draft: RuleSet) -> RuleSet:
    """Archive what a version replaces; one that begins later lets today's run until then."""
    begins = draft.effective_from
    overlaps = begins is not None and (other.effective_to is None or begins < other.effective_to)
    began_before = other.effective_from is None or (
        begins is not None and other.effective_from < begins
    )
    if overlaps and began_before:
        return other.model_copy(update={"effective_to": begins})
    return other.model_copy(update={"status": "archived"})


def in_force(rule_sets: Iterable[RuleSet], now: datetime) -> dict[str, RuleSet]:
    """Return the active rule set of each order profile, as far as its dates admit it."""
    found = [r for r in rule_sets if r.status == "active" and r.is_effective(now)]
    return {r.profile: r for r in sorted(found, key=lambda r: (r.rule_set_id, r.version))}


def upgrade(document: dict[str, Any]) -> dict[str, Any]:
    """Return a stored rule set in the current schema; there is one schema so far.

    Raises:
        ValueError: it was written by a newer version than this one reads.
    """
    found = version_of(document)
    if found > SCHEMA_VERSION:
        raise ValueError(f"a rule set of schema version {found}; this reads {SCHEMA_VERSION}")
    return document


def version_of(document: Mapping[str, Any]) -> int:
    """Return the schema version that a stored document names; absent is the first."""
    return int(document.get("schemaVersion", SCHEMA_VERSION))
