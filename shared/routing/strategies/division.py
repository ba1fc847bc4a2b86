"""Dividing a line that no site fills whole into pieces, in a given order of sites."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from shared.routing.model import Contents
from shared.routing.problem import Item, Problem
from shared.routing.site import Site

PIECES_MAX = 20

Order = Callable[[Item], Sequence[Site]]


def most_stock_first(problem: Problem) -> Order:
    """Return the order that needs the fewest pieces; ties in rule order."""

    def order(item: Item) -> Sequence[Site]:
        def stock(site: Site) -> int:
            return item.sets_from(site.location_id, site.sellable)

        return sorted(problem.sites, key=lambda site: (-stock(site), site.rank))

    return order


def in_pieces(problem: Problem, order: Order) -> Problem:
    """Return the problem with each line that no site can send whole divided, if it may be.

    What no site has is left out of the pieces, unless the order must be complete.
    """
    if problem.divide == "never":
        return problem
    items: list[Item] = []
    left: dict[str, Site] | None = None  # what the pieces so far leave
    for item in problem.items:
        sites = problem.sites if left is None else left.values()
        if not item.may_divide or _is_sent_whole(problem, item, sites):
            items.append(item)
            continue
        if left is None:
            left = {site.location_id: site for site in problem.sites}
        for piece in _pieces(problem, item, [left[site.location_id] for site in order(item)]):
            if piece.only_at is not None:
                left[piece.only_at] = left[piece.only_at].plus(piece.contents)
            items.append(piece)
    return problem if left is None else problem.with_items(items)


def can_send(problem: Problem, site: Site, contents: Contents) -> bool:
    """Return whether a parcel of this can leave the site and arrive in time."""
    return problem.pricer.quote(site.location_id, contents) is not None


def _is_sent_whole(problem: Problem, item: Item, sites: Iterable[Site]) -> bool:
    pricer, row = problem.pricer, problem.pricer.priced(item.contents, problem.weights)
    return any(pricer.cost(row, site.candidate) is not None for site in item.givers(sites))


def _pieces(problem: Problem, item: Item, sites: Sequence[Site]) -> list[Item]:
    most = pieces_max(problem, item)
    pieces: list[Item] = []
    left = item
    for site in sites:
        take = takeable(site, left)
        if take and len(pieces) < most and can_send(problem, site, take):
            pieces.append(Item(take, site.location_id))
            left = left.without(take)
    if not pieces or (left.contents and problem.limits.is_complete):
        return [item]
    return pieces


def takeable(site: Site, item: Item) -> Contents:
    """Return what stock and today's capacity admit: units of a line, or whole bundles."""
    if not item.contents:
        return ()
    sets, room = item.sets_from(site.location_id, site.sellable), site.units_room()
    if room is not None:
        sets = min(sets, room // item.units_of_set)
    contents = item.portion(sets, site.location_id)
    return contents if site.has_room(contents) else ()


def pieces_max(problem: Problem, item: Item) -> int:
    """Return in how many pieces a line may be sent: the smallest of the limits."""
    room = problem.new_locations_max
    limits = [PIECES_MAX]
    if problem.limits.per_line is not None:
        limits.append(problem.limits.per_line - item.places)
    if room is not None:
        limits.append(room + len(problem.used))
    return min(limits)
