"""One rule's question to a strategy: which of these items from which of these sites."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Final

from shared.kernel.values import value
from shared.routing.geo import Distances
from shared.routing.model import Contents, RouteLine
from shared.routing.pricing import Pricer, units_of
from shared.routing.rules import CostWeights, Divide
from shared.routing.site import Site


@value
class Item:
    """What travels together: one line, a group of lines, or a piece that one site gives.

    `places` is how many locations earlier passes already gave the line.
    """

    contents: Contents
    only_at: str | None = None
    places: int = 0

    @property
    def value_minor(self) -> int:
        return value_of(self.contents)

    @property
    def units(self) -> int:
        return units_of(self.contents)

    @property
    def may_divide(self) -> bool:
        """Return whether it is one whole line, or whole bundles; groups travel together."""
        first = self.contents[0][0]
        if self.only_at is not None or first.group != first.bundle:
            return False
        if first.bundle is None:
            return len(self.contents) == 1
        is_one = all(line.bundle == first.bundle for line, _ in self.contents)
        return is_one and len({Fraction(n, per) for per, n in self._by_line().values()}) == 1

    @property
    def units_of_set(self) -> int:
        """Return the units of the least that it is divided into: of a line 1, else a bundle's."""
        return sum(per for per, _ in self._by_line().values())

    def _by_line(self) -> dict[str, tuple[int, int]]:
        """Return by line what a bundle holds of it, and the units that are here."""
        lines: dict[str, tuple[int, int]] = {}
        for line, quantity in self.contents:
            before = lines.get(line.line_id, (line.per_bundle, 0))
            lines[line.line_id] = (line.per_bundle, before[1] + quantity)
        return lines

    def sets_from(self, location_id: str, sellable: Callable[[RouteLine], int]) -> int:
        """Return how much of it a location has: units of a line, or whole bundles."""
        if len(self.contents) == 1:
            line, quantity = self.contents[0]
            is_out = location_id in line.excluded_locations
            return 0 if is_out else min(quantity, sellable(line)) // line.per_bundle
        sets: dict[str, tuple[int, int, int]] = {}
        for line, quantity in self.contents:
            _, wanted, stock = sets.get(line.line_id, (1, 0, 0))
            if location_id not in line.excluded_locations:
                wanted, stock = wanted + quantity, sellable(line)
            sets[line.line_id] = (line.per_bundle, wanted, stock)
        return min((min(n, stock) // per for per, n, stock in sets.values()), default=0)

    def givers(self, sites: Iterable[Site]) -> Iterator[Site]:
        """Yield the sites that can give all of it."""
        line, quantity = self.contents[0]
        is_single = len(self.contents) == 1
        sku, excluded, only_at = line.sku, line.excluded_locations, self.only_at
        for site in sites:
            if only_at is not None and only_at != site.location_id:
                continue
            if not is_single or site.load.units or site.candidate.capacity_left is not None:
                fits = site.fits(self.contents)
            else:  # the usual case in one step: nothing is taken here yet and nothing is limited
                stock = site.candidate.stock.get(sku)
                fits = (
                    stock is not None
                    and stock.sellable_ship - site.keep >= quantity
                    and site.location_id not in excluded
                )
            if fits:
                yield site

    def portion(self, sets: int, location_id: str) -> Contents:
        """Return so many units of a line, or whole bundles, of what may come from a location."""
        if not sets:
            return ()
        left = {line.line_id: sets * line.per_bundle for line, _ in self.contents}
        taken: list[tuple[RouteLine, int]] = []
        for line, quantity in self.contents:
            units = 0
            if location_id not in line.excluded_locations:
                units = min(quantity, left[line.line_id])
            left[line.line_id] -= units
            taken += [(line, units)] if units else []
        return tuple(taken)

    def without(self, contents: Contents) -> Item:
        """Return what is left of it."""
        gone = {(line.line_id, line.part): quantity for line, quantity in contents}
        rest = ((line, n - gone.get((line.line_id, line.part), 0)) for line, n in self.contents)
        kept = tuple([(line, n) for line, n in rest if n])
        return Item(kept, self.only_at, self.places)


@value
class Limits:
    """The constraints of one pass, the smallest of each."""

    locations: int | None = None
    per_line: int | None = None
    split_value_minor: int | None = None
    is_complete: bool = False

    @property
    def is_any(self) -> bool:
        """Return whether anything is limited at all."""
        numbers = (self.locations, self.per_line, self.split_value_minor)
        return self.is_complete or numbers != (None, None, None)


NO_LIMITS: Final = Limits()


@value
class Problem:
    """Items to place; `sites` stand in rule order, the location id last.

    `used` are the locations that the order already has: they count against the limits and are
    free to be used again.
    """

    items: tuple[Item, ...]
    sites: tuple[Site, ...]
    pricer: Pricer
    weights: CostWeights
    distances: Distances
    limits: Limits = NO_LIMITS
    divide: Divide = "never"
    used: frozenset[str] = frozenset()
    asked: tuple[Item, ...] = ()

    @property
    def whole(self) -> tuple[Item, ...]:
        """Return what was asked before any line was divided."""
        return self.asked or self.items

    @property
    def units(self) -> int:
        return sum(item.units for item in self.whole)

    @property
    def value_minor(self) -> int:
        return sum(item.value_minor for item in self.whole)

    @property
    def new_locations_max(self) -> int | None:
        """Return how many further locations the order may use; None is no limit."""
        limit = self.limits.locations
        return None if limit is None else max(0, limit - len(self.used))

    def with_items(self, items: Iterable[Item]) -> Problem:
        """Return the same question with some lines in pieces."""
        return replace(self, items=tuple(items), asked=self.whole)


@value
class Placement:
    """One parcel: what one site gives, with its cost in the decision."""

    site: Site
    contents: Contents
    cost_minor: int


@value
class Solution:
    """Where things go; what is in no placement stays open."""

    placements: tuple[Placement, ...] = ()

    @property
    def cost_minor(self) -> int:
        return sum(placement.cost_minor for placement in self.placements)

    @property
    def units(self) -> int:
        return sum(units_of(placement.contents) for placement in self.placements)

    @property
    def locations(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(p.site.location_id for p in self.placements))


def value_of(contents: Contents) -> int:
    """Return the value in minor units, discounted and without tax."""
    return sum(line.unit_value_minor * quantity for line, quantity in contents)


def joined(items: Sequence[Item]) -> Contents:
    """Return the contents of several items as one parcel's, the pieces of one line added up."""
    if len(items) == 1:
        return items[0].contents
    merged: dict[tuple[str, int], tuple[RouteLine, int]] = {}
    for item in items:
        for line, quantity in item.contents:
            key = (line.line_id, line.part)
            before = merged.get(key)
            merged[key] = (line, quantity if before is None else quantity + before[1])
    return tuple(merged.values())


def consolidated(
    pricer: Pricer, weights: CostWeights, placements: Sequence[Placement]
) -> tuple[Placement, ...]:
    """Put what leaves one location into one parcel where that is possible and costs no more."""
    if len({placement.site.location_id for placement in placements}) == len(placements):
        return tuple(placements)
    by_location: dict[str, list[Placement]] = {}
    for placement in placements:
        by_location.setdefault(placement.site.location_id, []).append(placement)
    result: list[Placement] = []
    for parcels in by_location.values():
        site = parcels[0].site
        contents = joined([Item(parcel.contents) for parcel in parcels])
        apart = sum(parcel.cost_minor for parcel in parcels)
        cost = (
            None
            if len(parcels) == 1
            else pricer.cost(pricer.priced(contents, weights), site.candidate)
        )
        if cost is None or cost > apart:
            result.extend(parcels)
        else:
            result.append(Placement(site, contents, cost))
    return tuple(result)


def breaks_limits(problem: Problem, solution: Solution) -> bool:
    """Return whether a solution holds less than it must or spreads more than it may."""
    if not solution.placements or not problem.limits.is_any:
        return False
    is_partial = solution.units < problem.units
    if len(solution.placements) == 1 and not is_partial and not problem.used:
        return False  # all of it from the first location
    limits, values, lines = problem.limits, dict[str, int](), dict[tuple[str, int], set[str]]()
    for placement in solution.placements:
        location_id = placement.site.location_id
        values[location_id] = values.get(location_id, 0) + value_of(placement.contents)
        for line, _ in placement.contents:
            lines.setdefault((line.line_id, line.part), set()).add(location_id)
    fresh = [location for location in values if location not in problem.used]
    room = problem.new_locations_max
    return (
        (room is not None and len(fresh) > room)
        or (limits.is_complete and is_partial)
        or (limits.per_line is not None and _most_places(problem, lines) > limits.per_line)
        or _strands_value(
            problem,
            [values[location] for location in fresh],
            sum(values.values()),
            is_partial=is_partial,
        )
    )


def _most_places(problem: Problem, lines: Mapping[tuple[str, int], set[str]]) -> int:
    before = {
        (line.line_id, line.part): item.places
        for item in problem.whole
        for line, _ in item.contents
    }
    return max(len(places) + before.get(name, 0) for name, places in lines.items())


def _strands_value(problem: Problem, fresh: list[int], placed: int, *, is_partial: bool) -> bool:
    least = problem.limits.split_value_minor
    if least is None:
        return False
    rest = problem.value_minor - placed
    parts = fresh + ([rest] if is_partial else [])
    if len(parts) + len(problem.used) <= 1:
        return False
    return any(part < least for part in parts)
