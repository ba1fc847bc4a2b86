"""The decision record: why this plan, for every order, in a few kilobytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, cast

from shared.kernel.values import value

EXAMPLES_MAX = 3
RANKED_MAX = 20
COUNTERFACTUALS_MAX = 4

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]


@value
class Dropped:
    """One filter of one rule: how many candidates it dropped, with up to three of them."""

    rule: str
    filter: str
    count: int
    examples: tuple[str, ...]


@value
class Ranked:
    """One way to serve the whole of what was open when a rule ran, from one location."""

    location_id: str
    rule: str
    lines: int
    units: int
    cost_minor: int
    distance_m: int | None
    parts: Mapping[str, int]


@value
class Counterfactual:
    """A change of one number that was verified by planning again with it."""

    location_id: str
    change: str
    value: int
    cost_minor: int
    text: str


@value
class Alternative:
    """A complete way to place the lines: which locations, how many parcels, at what cost."""

    locations: tuple[str, ...]
    units: int
    parcels: int
    cost_minor: int


@value
class Explanation:
    """Everything a person needs to see why the order went where it went."""

    rule_set_id: str
    version: int
    routing: str | None
    rules: tuple[str, ...]
    candidates: int
    dropped: tuple[Dropped, ...]
    ranked: tuple[Ranked, ...]
    winner: Alternative
    runner_up: Alternative | None
    delta_minor: int | None
    counterfactuals: tuple[Counterfactual, ...]
    notes: tuple[str, ...] = ()
    at: datetime | None = None

    def to_json(self) -> dict[str, Json]:
        """Return the record as plain JSON values with stable keys."""
        return {
            "rule_set": {"id": self.rule_set_id, "version": self.version},
            "routing": self.routing,
            "rules": list(self.rules),
            "candidates": self.candidates,
            "dropped": [_row(row) for row in self.dropped],
            "ranked": [_row(row) for row in self.ranked],
            "winner": _row(self.winner),
            "runner_up": None if self.runner_up is None else _row(self.runner_up),
            "delta_minor": self.delta_minor,
            "counterfactuals": [_row(row) for row in self.counterfactuals],
            "notes": list(self.notes),
            "at": None if self.at is None else self.at.isoformat(),
        }


def as_text(record: Mapping[str, Any]) -> str:
    """Return a record as `to_json` gave it, as lines that a person reads."""
    rule_set, second, delta = record["rule_set"], record["runner_up"], record["delta_minor"]
    beside = "" if delta is None else f", {delta:+d} minor units"
    return "\n".join(
        [
            f"rule set {rule_set['id']} version {rule_set['version']}, "
            f"routing {record['routing'] or 'none'}, {record['candidates']} candidates",
            *(
                f"rule {row['rule']}: {row['filter']} dropped {row['count']} "
                f"({'; '.join(row['examples'])})"
                for row in record["dropped"]
            ),
            *(
                f"{place}. {row['location_id']}: {row['units']} units for {row['cost_minor']}"
                + "".join(f", {name} {amount}" for name, amount in row["parts"].items())
                for place, row in enumerate(record["ranked"], start=1)
            ),
            f"winner: {_told(record['winner'])}",
            f"runner-up: {'no other plan' if second is None else _told(second)}{beside}",
            *(row["text"] for row in record["counterfactuals"]),
            *record["notes"],
        ]
    )


def _told(plan: Mapping[str, Any]) -> str:
    where = ", ".join(plan["locations"]) or "nowhere"
    return f"{where} ({plan['units']} units, {plan['parcels']} parcels, cost {plan['cost_minor']})"


Row = Dropped | Ranked | Counterfactual | Alternative

_NAMES: Final[Mapping[type[Row], tuple[str, ...]]] = MappingProxyType(
    {
        kind: tuple(field.name for field in fields(kind))
        for kind in (Dropped, Ranked, Counterfactual, Alternative)
    }
)
_SCALARS: Final = frozenset({type(None), str, int, float, bool})


def _row(record: Row) -> dict[str, Json]:
    return {name: _plain(getattr(record, name)) for name in _NAMES[type(record)]}


def _plain(value: object) -> Json:
    kind = type(value)
    if kind in _SCALARS:
        return cast(Json, value)
    if kind is tuple:
        return [_plain(item) for item in cast(tuple[object, ...], value)]
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    raise ValueError(f"{kind.__name__} has no place in a decision record")
