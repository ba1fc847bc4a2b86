"""Which items each site can give whole, as bit masks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from shared.kernel.values import value
from shared.routing.model import Candidate, Contents
from shared.routing.pricing import Priced, key_of
from shared.routing.problem import Item, Problem, joined
from shared.routing.site import Site

Objective = Callable[[Priced, Candidate], int | None]
Pick = tuple[Site, int]


@value
class Reach:
    """`masks[i]` are the items that `sites[i]` fills, one bit each; others are left out.

    `coupled` are locations that fill two subsets each but not both: one stock or capacity serves
    several items. `rows` holds the cost row of each subset that was asked for.
    """

    problem: Problem
    sites: tuple[Site, ...]
    masks: tuple[int, ...]
    coupled: frozenset[str]
    rows: dict[int, Priced]

    @property
    def full(self) -> int:
        return (1 << len(self.problem.items)) - 1

    def items_of(self, mask: int) -> list[Item]:
        """Return the items of a subset."""
        return [item for bit, item in enumerate(self.problem.items) if mask >> bit & 1]

    def contents_of(self, mask: int) -> Contents:
        """Return a subset as one parcel's contents."""
        return joined(self.items_of(mask))

    def row(self, mask: int) -> Priced:
        """Return the cost row of a subset."""
        row = self.rows.get(mask)
        if row is None:
            problem = self.problem
            row = problem.pricer.priced(self.contents_of(mask), problem.weights)
            self.rows[mask] = row
        return row


def reach_of(problem: Problem) -> Reach:
    """Find what each site can give; one pass over items and sites."""
    masks: dict[str, int] = {}
    for bit, item in enumerate(problem.items):
        for site in item.givers(problem.sites):
            masks[site.location_id] = masks.get(site.location_id, 0) | 1 << bit
    skus = [line.sku for item in problem.items for line, _ in item.contents]
    has_twins = len(set(skus)) < len(skus)
    given = [(s, masks[s.location_id]) for s in problem.sites if s.location_id in masks]
    coupled = frozenset(
        site.location_id
        for site, mask in given
        if (has_twins or site.candidate.capacity_left is not None)
        and not _fits_all(site, problem.items, mask)
    )
    sites = tuple([site for site, _ in given])
    names = tuple([key_of(item.contents) for item in problem.items])
    rows = problem.pricer.rows(names, problem.weights)
    return Reach(problem, sites, tuple([mask for _, mask in given]), coupled, rows)


def submasks(mask: int) -> Iterator[int]:
    """Yield the non-empty submasks of a mask, from the smallest up."""
    sub = -mask & mask
    while sub:
        yield sub
        sub = (sub - mask) & mask


def _fits_all(site: Site, items: tuple[Item, ...], mask: int) -> bool:
    chosen = [item for bit, item in enumerate(items) if mask >> bit & 1]
    return site.fits(tuple(pair for item in chosen for pair in item.contents))
