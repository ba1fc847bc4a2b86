"""Which items each site can give whole, as bit masks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from shared.routing.model import Candidate, Contents, RouteLine
from shared.routing.pricing import Priced
from shared.routing.problem import Item, Problem, Site, joined

Objective = Callable[[Priced, Candidate], int | None]
Pick = tuple[Site, int]
Single = tuple[RouteLine, int] | None


@dataclass(frozen=True, slots=True)
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
    """Find what each site can give; one pass over sites and items."""
    singles: list[Single] = [
        item.contents[0] if len(item.contents) == 1 else None for item in problem.items
    ]
    skus = [line.sku for item in problem.items for line, _ in item.contents]
    has_twins = len(set(skus)) < len(skus)
    sites: list[Site] = []
    masks: list[int] = []
    coupled: set[str] = set()
    for site in problem.sites:
        mask = _mask(site, problem.items, singles)
        if mask:
            sites.append(site)
            masks.append(mask)
            if (has_twins or site.candidate.capacity_left is not None) and not _fits_all(
                site, problem.items, mask
            ):
                coupled.add(site.location_id)
    return Reach(problem, tuple(sites), tuple(masks), frozenset(coupled), {})


def submasks(mask: int) -> Iterator[int]:
    """Yield the non-empty submasks of a mask, from the smallest up."""
    sub = -mask & mask
    while sub:
        yield sub
        sub = (sub - mask) & mask


def _mask(site: Site, items: tuple[Item, ...], singles: list[Single]) -> int:
    mask, bit = 0, 1
    location_id, stocks = site.location_id, site.candidate.stock
    is_limited = site.candidate.capacity_left is not None or bool(site.load.units)
    keep = site.keep
    for item, single in zip(items, singles, strict=True):
        if item.only_at is not None and item.only_at != location_id:
            fits = False
        elif single is None or is_limited:
            fits = site.fits(item.contents)
        else:  # the usual case in one step: nothing is taken here yet and nothing is limited
            line, quantity = single
            stock = stocks.get(line.sku)
            fits = (
                stock is not None
                and stock.sellable_ship - keep >= quantity
                and location_id not in line.excluded_locations
            )
        if fits:
            mask |= bit
        bit <<= 1
    return mask


def _fits_all(site: Site, items: tuple[Item, ...], mask: int) -> bool:
    chosen = [item for bit, item in enumerate(items) if mask >> bit & 1]
    return site.fits(tuple(pair for item in chosen for pair in item.contents))
