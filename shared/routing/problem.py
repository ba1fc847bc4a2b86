"""One rule's question to a strategy: which of these items from which of these sites."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from shared.routing.geo import Distances
from shared.routing.model import Candidate, Contents, RouteLine
from shared.routing.pricing import Pricer
from shared.routing.rules import CostWeights, Divide


@dataclass(frozen=True, slots=True)
class Load:
    """What this plan already placed at a location.

    `units` by SKU take stock; the rest takes capacity. `is_open`: a fulfillment to ship exists, so
    that one parcel more costs no further one; a counted pickup has a fulfillment of its own.
    """

    units: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    unit_count: int = 0
    line_count: int = 0
    is_open: bool = False
    has_pickup: bool = False

    def plus(self, contents: Contents) -> Load:
        """Return the load with a parcel on top."""
        return replace(self._counted(contents), units=self._with(contents), is_open=True)

    def plus_pickup(self, contents: Contents, *, is_counted: bool) -> Load:
        """Return the load with goods to hand over; they take capacity only where that is set."""
        if not is_counted:
            return replace(self, units=self._with(contents))
        return replace(self._counted(contents), units=self._with(contents), has_pickup=True)

    def _with(self, contents: Contents) -> dict[str, int]:
        units = dict(self.units)
        for line, quantity in contents:
            units[line.sku] = units.get(line.sku, 0) + quantity
        return units

    def _counted(self, contents: Contents) -> Load:
        added = sum(quantity for _, quantity in contents)
        return replace(
            self,
            unit_count=self.unit_count + added,
            line_count=self.line_count + len(contents),
        )


UNUSED = Load()


@dataclass(frozen=True, slots=True)
class Site:
    """A candidate that passed a rule's filters, with what is left of it."""

    candidate: Candidate
    location_id: str
    rank: int
    keep: int = 0
    load: Load = UNUSED

    def sellable(self, line: RouteLine) -> int:
        """Return the units of the line that may still be taken here."""
        stock = self.candidate.stock.get(line.sku)
        if stock is None or self.location_id in line.excluded_locations:
            return 0
        return max(0, stock.sellable_ship - self.keep - self.load.units.get(line.sku, 0))

    def units_room(self) -> int | None:
        """Return how many units today's capacity still admits; None is no limit."""
        left = self.candidate.capacity_left
        if left is None:
            return None
        match self.candidate.capacity_unit:
            case "fulfillments":
                return None if self.load.is_open or left - self.load.has_pickup >= 1 else 0
            case "lines":
                return None if left > self.load.line_count else 0
            case "units":
                return max(0, left - self.load.unit_count)

    def has_room(self, contents: Contents) -> bool:
        """Return whether today's capacity admits these contents on top of the load."""
        left = self.candidate.capacity_left
        if left is None:
            return True
        match self.candidate.capacity_unit:
            case "fulfillments":
                return self.load.is_open or left - self.load.has_pickup >= 1
            case "lines":
                return self.load.line_count + len(contents) <= left
            case "units":
                return self.load.unit_count + sum(q for _, q in contents) <= left

    def fits(self, contents: Contents) -> bool:
        """Return whether stock and capacity admit all of the contents together."""
        if not self.has_room(contents):
            return False
        if len(contents) == 1:
            return contents[0][1] <= self.sellable(contents[0][0])
        wanted: dict[str, int] = {}
        for line, quantity in contents:
            wanted[line.sku] = wanted.get(line.sku, 0) + quantity
            if wanted[line.sku] > self.sellable(line):
                return False
        return True

    def plus(self, contents: Contents) -> Site:
        """Return the site with these contents placed."""
        return replace(self, load=self.load.plus(contents))


@dataclass(frozen=True, slots=True)
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
        return sum(quantity for _, quantity in self.contents)

    @property
    def may_divide(self) -> bool:
        """Return whether it is one whole line; groups travel together or not at all."""
        return len(self.contents) == 1 and self.only_at is None and not self.contents[0][0].group


@dataclass(frozen=True, slots=True)
class Limits:
    """The constraints of one pass, the smallest of each."""

    locations: int | None = None
    per_line: int | None = None
    split_value_minor: int | None = None
    is_complete: bool = False


@dataclass(frozen=True, slots=True)
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
    limits: Limits = Limits()
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


@dataclass(frozen=True, slots=True)
class Placement:
    """One parcel: what one site gives, with its cost in the decision."""

    site: Site
    contents: Contents
    cost_minor: int


@dataclass(frozen=True, slots=True)
class Solution:
    """Where things go; what is in no placement stays open."""

    placements: tuple[Placement, ...] = ()

    @property
    def cost_minor(self) -> int:
        return sum(placement.cost_minor for placement in self.placements)

    @property
    def units(self) -> int:
        return sum(quantity for p in self.placements for _, quantity in p.contents)

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
    if not solution.placements:
        return False
    limits, values, lines = problem.limits, dict[str, int](), dict[tuple[str, int], set[str]]()
    for placement in solution.placements:
        location_id = placement.site.location_id
        values[location_id] = values.get(location_id, 0) + value_of(placement.contents)
        for line, _ in placement.contents:
            lines.setdefault((line.line_id, line.part), set()).add(location_id)
    fresh = [location for location in values if location not in problem.used]
    room = problem.new_locations_max
    is_partial = solution.units < problem.units
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
