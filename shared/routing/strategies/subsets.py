"""Least cost over all ways to part an order's items among sites: exact, without a solver.

An order is a set-partition problem over its items, not its sites: for each subset of items the
cheapest site is found once, then f(M) = min over subsets s of M with M's lowest item of
best(s) + f(M without s). Any cost per parcel is allowed, two parcels from one site included.
"""

from __future__ import annotations

from shared.routing.problem import Placement, Problem, Solution, breaks_limits
from shared.routing.site import Site
from shared.routing.strategies.reach import Objective, Pick, Reach, reach_of, submasks
from shared.routing.strategies.spread import spread

ITEMS_MAX = 10
NEVER = float("inf")


def solve(problem: Problem, objective: Objective | None = None) -> Solution:
    """Return the cheapest solution of those that place the most items, within all limits.

    `objective` replaces the decision cost of a parcel from a candidate.

    Raises:
        ValueError: more than ITEMS_MAX items; `large` takes those apart.
    """
    if len(problem.items) > ITEMS_MAX:
        raise ValueError(f"{len(problem.items)} items are more than {ITEMS_MAX}")
    cost = objective or problem.pricer.cost
    reach = reach_of(problem)
    if not reach.coupled:
        solution = placed(reach, partition(reach, cost))
        if not breaks_limits(problem, solution):
            return solution
    return placed(reach, spread(reach, cost))


def of_one(problem: Problem, cost: Objective) -> Solution:
    """Return the cheapest site for the one item, without regard to limits; ties by rank."""
    item, best, least = problem.items[0], None, NEVER
    row = problem.pricer.priced(item.contents, problem.weights)
    seen: set[tuple[str, int, bool]] = set()
    for site in item.givers(problem.sites):
        twin = twin_of(problem, site)
        if twin is not None:
            if twin in seen:
                continue
            seen.add(twin)
        price = cost(row, site.candidate)
        if price is not None and price < least:
            best, least = site, price
    if best is None:
        return Solution()
    known = problem.pricer.known_cost(row, best.candidate)
    return Solution((Placement(best, row.contents, known),))


def placed(reach: Reach, picks: tuple[Pick, ...]) -> Solution:
    """Return picks as parcels at their decision cost."""
    parcels = []
    for site, mask in picks:
        row = reach.row(mask)
        cost = reach.problem.pricer.known_cost(row, site.candidate)
        parcels.append(Placement(site, row.contents, cost))
    return Solution(tuple(parcels))


def partition(reach: Reach, cost: Objective) -> tuple[Pick, ...]:
    """Return the cheapest picks that cover the most items, without regard to limits."""
    if not reach.full:
        return ()  # each of the lines has as many locations as it may
    least, who = _cheapest(reach, cost)
    size = reach.full + 1
    total: list[float] = [NEVER] * size
    cut = [0] * size
    total[0] = 0
    # The first item leaves with the first parcel, so what all of them need stands without it: the
    # other half is looked at only where something must stay behind.
    for whole in (*range(2, size, 2), reach.full):
        total[whole], cut[whole] = _best_cut(least, total, whole)
    if total[-1] == NEVER:
        for whole in range(1, reach.full, 2):
            total[whole], cut[whole] = _best_cut(least, total, whole)
    best = _most(reach, total)
    picks = []
    while best:
        picks.append((who[cut[best]], cut[best]))
        best ^= cut[best]
    return tuple(picks)


def _best_cut(least: list[float], total: list[float], whole: int) -> tuple[float, int]:
    """Return the least cost of a subset, and its part with the lowest item, which goes first."""
    lowest = whole & -whole
    rest = sub = whole ^ lowest
    best, cut = NEVER, 0
    while True:
        part = sub | lowest
        price = least[part] + total[whole ^ part]
        if price < best:
            best, cut = price, part
        if not sub:
            return best, cut
        sub = (sub - 1) & rest


def _most(reach: Reach, total: list[float]) -> int:
    """Return the subset to place: all if it can be, else the most items, units, then least cost."""
    if total[-1] < NEVER:
        return reach.full
    reachable = [mask for mask, price in enumerate(total) if price < NEVER]
    units = [item.units for item in reach.problem.items]

    def worth(mask: int) -> tuple[int, int, float]:
        held = sum(count for bit, count in enumerate(units) if mask >> bit & 1)
        return mask.bit_count(), held, -total[mask]

    return max(reachable, key=worth)


def _cheapest(reach: Reach, cost: Objective) -> tuple[list[float], dict[int, Site]]:
    """Return, for each subset, the least cost of one parcel and its site; ties by rank."""
    size = reach.full + 1
    least: list[float] = [NEVER] * size
    who: dict[int, Site] = {}
    rows = reach.rows
    for reachable, sites in _groups(reach):
        for mask in submasks(reachable):
            row = rows.get(mask) or reach.row(mask)
            for site in sites:
                price = cost(row, site.candidate)
                if price is None or price > least[mask]:
                    continue
                if price < least[mask] or site.rank < who[mask].rank:
                    least[mask], who[mask] = price, site
    return least, who


def twin_of(problem: Problem, site: Site) -> tuple[str, int, bool] | None:
    """Return what sites have in common that ask the same for every parcel; None: nothing is known.

    Of those that can give as much the first stands in for the others.
    """
    candidate = site.candidate
    if candidate.lane is None:
        return None
    return candidate.lane, candidate.labor_minor, candidate.location_id in problem.used


def _groups(reach: Reach) -> list[tuple[int, list[Site]]]:
    """Group sites by what they can give, without those that another one stands in for.

    That is an earlier twin which can give as much: it costs the same and goes first.
    """
    groups: dict[int, list[Site]] = {}
    twins: dict[tuple[str, int, bool], list[int]] = {}
    for site, mask in zip(reach.sites, reach.masks, strict=True):
        twin = twin_of(reach.problem, site)
        if twin is not None:
            earlier = twins.setdefault(twin, [])
            if any(mask & other == mask for other in earlier):
                continue
            earlier.append(mask)
        groups.setdefault(mask, []).append(site)
    return list(groups.items())
