"""Policies that walk the sites in an order and take what they find, as most systems do."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from shared.routing.model import Candidate
from shared.routing.pricing import Priced
from shared.routing.problem import Item, Placement, Problem, Solution, breaks_limits, consolidated
from shared.routing.site import Site
from shared.routing.strategies.division import Order, in_pieces, takeable
from shared.routing.strategies.large import solve_any

FARTHEST = 1 << 60

Key = Callable[[Problem, Site, Item], int]


def by_rank(_: Problem, site: Site, __: Item) -> int:
    """Order sites as the rule's sorts do."""
    return site.rank


def by_distance(problem: Problem, site: Site, _: Item) -> int:
    """Order sites by meters to the destination; unknown ones last."""
    distance = problem.distances.to(site.candidate)
    return FARTHEST if distance is None else distance


def by_priority(_: Problem, site: Site, __: Item) -> int:
    """Order sites by their own priority, 1 first."""
    return site.candidate.priority


def by_stock(_: Problem, site: Site, item: Item) -> int:
    """Order sites by what they can give of the item's first line, most first."""
    return -site.sellable(item.contents[0][0])


def by_cost(problem: Problem, site: Site, item: Item) -> int:
    """Order sites by the cost of the item alone."""
    row = problem.pricer.priced(item.contents, problem.weights)
    cost = problem.pricer.cost(row, site.candidate)
    return FARTHEST if cost is None else cost


def walking(key: Key) -> Callable[[Problem], Solution]:
    """Return the policy that serves each item from the first site, by `key`, that can send it.

    Where the walk breaks a limit, the subset program finds the plan with the best places in the
    same order that keeps it.
    """

    def strategy(problem: Problem) -> Solution:
        order = _ordered(problem, key)
        if problem.divide == "always":
            solution = _walk(problem, order, _take_parts)
            if not breaks_limits(problem, solution):
                return solution
        pieces = in_pieces(problem, order)
        solution = _walk(pieces, order, _take_whole)
        if breaks_limits(problem, solution):
            return solve_any(pieces, _by_place(problem, order))
        return solution

    return strategy


def _ordered(problem: Problem, key: Key) -> Order:
    known: dict[tuple[str, int], list[Site]] = {}

    def order(item: Item) -> Sequence[Site]:
        line = item.contents[0][0]
        name = (line.line_id, line.part)
        if name not in known:
            known[name] = sorted(problem.sites, key=lambda s: (key(problem, s, item), s.rank))
        return known[name]

    return order


Take = Callable[[Problem, Item, Sequence[Site]], list[Placement]]


def _walk(problem: Problem, order: Order, take: Take) -> Solution:
    left = {site.location_id: site for site in problem.sites}
    placements: list[Placement] = []
    for item in problem.items:
        for placement in take(problem, item, [left[site.location_id] for site in order(item)]):
            location_id = placement.site.location_id
            left[location_id] = placement.site.plus(placement.contents)
            placements.append(placement)
    return Solution(consolidated(problem.pricer, problem.weights, placements))


def _take_whole(problem: Problem, item: Item, sites: Sequence[Site]) -> list[Placement]:
    for site in sites:
        if item.only_at in {None, site.location_id} and site.fits(item.contents):
            placement = _placement(problem, item, site)
            if placement is not None:
                return [placement]
    return []


def _take_parts(problem: Problem, item: Item, sites: Sequence[Site]) -> list[Placement]:
    if not item.may_divide:
        return _take_whole(problem, item, sites)
    left = item
    placements = []
    for site in sites:
        take = takeable(site, left)
        if not take:
            continue
        placement = _placement(problem, Item(take), site)
        if placement is not None:
            placements.append(placement)
            left = left.without(take)
    return placements


def _placement(problem: Problem, item: Item, site: Site) -> Placement | None:
    row = problem.pricer.priced(item.contents, problem.weights)
    cost = problem.pricer.cost(row, site.candidate)
    return None if cost is None else Placement(site, item.contents, cost)


def _by_place(problem: Problem, order: Order) -> Callable[[Priced, Candidate], int | None]:
    def place(row: Priced, candidate: Candidate) -> int | None:
        if problem.pricer.cost(row, candidate) is None:
            return None
        ids = [site.location_id for site in order(Item(row.contents))]
        return ids.index(candidate.location_id) + 1

    return place
