"""Orders with more items than the subset program takes: one site for all, or chunk by chunk."""

from __future__ import annotations

from dataclasses import replace

from shared.routing.problem import (
    Limits,
    Placement,
    Problem,
    Solution,
    breaks_limits,
    consolidated,
    joined,
)
from shared.routing.strategies.reach import Objective
from shared.routing.strategies.subsets import ITEMS_MAX, solve


def solve_any(problem: Problem, objective: Objective | None = None) -> Solution:
    """Return the exact solution up to ITEMS_MAX items, beyond that the better of two plans.

    The two are one site for everything, and exact plans of ITEMS_MAX items one after another over
    what the ones before left. No optimality is claimed for them.
    """
    if len(problem.items) <= ITEMS_MAX:
        return solve(problem, objective)
    cost = objective or problem.pricer.cost
    plans = [
        plan
        for plan in (_from_one_site(problem, cost), _in_chunks(problem, objective))
        if not breaks_limits(problem, plan)
    ]

    def worth(plan: Solution) -> tuple[int, int]:
        rows = [problem.pricer.priced(p.contents, problem.weights) for p in plan.placements]
        prices = [
            cost(row, p.site.candidate) or 0 for row, p in zip(rows, plan.placements, strict=True)
        ]
        return plan.units, -sum(prices)

    return max(plans, key=worth) if plans else Solution()


def _from_one_site(problem: Problem, cost: Objective) -> Solution:
    contents = joined(problem.items)
    row = problem.pricer.priced(contents, problem.weights)
    pinned = {item.only_at for item in problem.items} - {None}
    best: tuple[int, Placement] | None = None
    for site in problem.sites:
        if pinned - {site.location_id} or not site.fits(contents):
            continue
        price = cost(row, site.candidate)
        real = problem.pricer.cost(row, site.candidate)
        if price is not None and real is not None and (best is None or price < best[0]):
            best = (price, Placement(site, contents, real))
    return Solution() if best is None else Solution((best[1],))


def _in_chunks(problem: Problem, objective: Objective | None) -> Solution:
    sites = {site.location_id: site for site in problem.sites}
    used, placements = problem.used, list[Placement]()
    for start in range(0, len(problem.items), ITEMS_MAX):
        chunk = replace(
            problem,
            items=problem.items[start : start + ITEMS_MAX],
            asked=(),
            sites=tuple(sites.values()),
            limits=Limits(locations=problem.limits.locations),
            used=used,
        )
        solution = solve(chunk, objective)
        for placement in solution.placements:
            location_id = placement.site.location_id
            sites[location_id] = sites[location_id].plus(placement.contents)
        used |= set(solution.locations)
        placements.extend(solution.placements)
    return Solution(consolidated(problem.pricer, problem.weights, placements))
