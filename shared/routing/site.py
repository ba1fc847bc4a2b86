"""What a rule may still take from a location: its candidate under the plan's own load."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from shared.kernel.values import value
from shared.routing.model import Candidate, Contents, RouteLine


@value
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
        added, units = self._with(contents)
        lines = self.line_count + len(contents)
        return Load(units, self.unit_count + added, lines, is_open=True, has_pickup=self.has_pickup)

    def plus_pickup(self, contents: Contents, *, is_counted: bool) -> Load:
        """Return the load with goods to hand over; they take capacity only where that is set."""
        added, units = self._with(contents)
        if not is_counted:
            return replace(self, units=units)
        lines = self.line_count + len(contents)
        return Load(units, self.unit_count + added, lines, is_open=self.is_open, has_pickup=True)

    def _with(self, contents: Contents) -> tuple[int, dict[str, int]]:
        """Return the units added, and those of each SKU with them."""
        added, units = 0, dict(self.units)
        for line, quantity in contents:
            units[line.sku] = units.get(line.sku, 0) + quantity
            added += quantity
        return added, units


UNUSED = Load()


@dataclass(slots=True)
class Site:
    """A candidate that passed a rule's filters, with what is left of it; never changed.

    Not frozen: a plan makes one for each location and rule, and frozen ones take thrice as long.
    """

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
        left = stock.sellable_ship - self.keep
        if self.load.units:
            left -= self.load.units.get(line.sku, 0)
        return max(0, left)

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
        if self.candidate.capacity_left is not None and not self.has_room(contents):
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
        return self.under(self.load.plus(contents))

    def under(self, load: Load) -> Site:
        """Return the site with another load."""
        return Site(self.candidate, self.location_id, self.rank, self.keep, load)
