"""The least cost, and the fewest locations: both exact for each order."""

from __future__ import annotations

from shared.routing.model import Candidate
from shared.routing.pricing import Priced
from shared.routing.problem import Problem, Solution, breaks_limits
from shared.routing.strategies.division import in_pieces, most_stock_first
from shared.routing.strategies.large import solve_any
from shared.routing.strategies.reach import Objective
from shared.routing.strategies.subsets import of_one

# More than any order's cost in minor units, so that one location less always wins.
LOCATION_MINOR = 10**15


def exact(problem: Problem) -> Solution:
    """Return the cheapest plan that places the most, divided lines where no site fills them."""
    return _solved(problem, problem.pricer.cost)


def fewest_splits(problem: Problem) -> Solution:
    """Return the plan with the fewest new locations, the cheapest of those."""

    def cost(row: Priced, candidate: Candidate) -> int | None:
        price = problem.pricer.cost(row, candidate)
        if price is None or candidate.location_id in problem.used:
            return price
        return price + LOCATION_MINOR

    return _solved(problem, cost)


def _solved(problem: Problem, cost: Objective) -> Solution:
    """Return the best plan; what one site can send whole is not divided."""
    if len(problem.items) == 1:
        solution = of_one(problem, cost)
        if solution.placements and not breaks_limits(problem, solution):
            return solution
    return solve_any(in_pieces(problem, most_stock_first(problem)), cost)
