"""Conditions on documents, and guarded patches with their one interpreter (design 3)."""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from pydantic import JsonValue

Comparison: TypeAlias = Literal["eq", "ne", "lt", "le", "gt", "ge", "exists", "absent", "contains"]
Scalar: TypeAlias = str | int | bool
Test: TypeAlias = Callable[[Any, Scalar | None], bool]


class Condition(NamedTuple):
    """One clause of an all-of: a top-level field compared with a scalar of the same type.

    `contains` is on arrays of scalars; `exists` and `absent` take no value. Values of another type
    never match (but for `ne`, which then holds when the field exists).
    """

    field: str
    comparison: Comparison
    value: Scalar | None = None

    def holds(self, body: Mapping[str, Any]) -> bool:
        return _HOLDS[self.comparison](body.get(self.field), self.value)


def _same(found: Any, value: Scalar | None) -> bool:
    return type(found) is type(value) and bool(found == value)


def _ordered(compare: Callable[[Any, Any], bool]) -> Test:
    def is_in_order(found: Any, value: Scalar | None) -> bool:
        kind = type(found)
        return kind is type(value) and kind in _SORTED and compare(found, value)

    return is_in_order


_SORTED: Final = frozenset({str, int, float})
_HOLDS: Final[Mapping[Comparison, Test]] = {
    "eq": _same,
    "ne": lambda found, value: found is not None and not _same(found, value),
    "lt": _ordered(operator.lt),
    "le": _ordered(operator.le),
    "gt": _ordered(operator.gt),
    "ge": _ordered(operator.ge),
    "exists": lambda found, _: found is not None,
    "absent": lambda found, _: found is None,
    "contains": lambda found, value: (
        isinstance(found, list) and any(_same(item, value) for item in found)
    ),
}


class Increment(NamedTuple):
    """Add to a number; `field` is a name, or `map/name` for one entry of a map."""

    field: str
    by: int


class Assign(NamedTuple):
    """Set a field; None removes it."""

    field: str
    value: JsonValue


PatchOperation: TypeAlias = Increment | Assign


def apply_patch(
    body: dict[str, Any], operations: Sequence[PatchOperation], when: Sequence[Condition]
) -> dict[str, Any] | None:
    """Return the patched body, or None when a condition does not hold.

    The one interpreter of guarded patches, for the embedded store and for tests. An increment of a
    missing field starts at 0, as Cosmos DB does.
    """
    if False in [condition.holds(body) for condition in when]:
        return None
    result = dict(body)
    for operation in operations:
        outer, _, name = operation.field.rpartition("/")
        inside = result
        if outer:
            inside = result[outer] = dict(result.get(outer) or {})
        match operation:
            case Increment():
                inside[name] = inside.get(name, 0) + operation.by
            case Assign(value=None):
                inside.pop(name, None)
            case Assign():
                inside[name] = operation.value
    return result
