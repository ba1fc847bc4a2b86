"""Strategies by name: a new one is one function here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from shared.routing.problem import Problem, Solution
from shared.routing.strategies.exact import exact, fewest_splits
from shared.routing.strategies.walk import (
    by_cost,
    by_distance,
    by_priority,
    by_rank,
    by_stock,
    walking,
)

Strategy = Callable[[Problem], Solution]

STRATEGIES: Final[Mapping[str, Strategy]] = MappingProxyType(
    {
        "exact": exact,
        "fewest-splits": fewest_splits,
        "in-order": walking(by_rank),
        "nearest": walking(by_distance),
        "priority": walking(by_priority),
        "highest-stock": walking(by_stock),
        "cheapest-per-line": walking(by_cost),
    }
)
