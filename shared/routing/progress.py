"""What one allocation has taken so far, and the pickup lines, which have no choice of location."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from shared.routing.model import (
    ActionKind,
    Assignment,
    Candidate,
    Contents,
    RouteLine,
    ShortLine,
    ShortReason,
)
from shared.routing.problem import Item, Placement
from shared.routing.rules import Divide
from shared.routing.site import UNUSED, Load, Site

Name = tuple[str, int]


@dataclass(slots=True)
class Progress:
    """What is still open and what is taken; lives inside one allocation only."""

    open: dict[Name, tuple[RouteLine, int]]
    loads: dict[str, Load]
    used: frozenset[str]
    placements: list[Placement] = field(default_factory=list)
    assignments: list[Assignment] = field(default_factory=list)

    def copy(self) -> Progress:
        return Progress(
            dict(self.open),
            dict(self.loads),
            self.used,
            list(self.placements),
            list(self.assignments),
        )

    def items(self) -> tuple[Item, ...]:
        """Return what is open; lines of one group as one item."""
        groups: dict[object, list[tuple[RouteLine, int]]] = {}
        for name, pair in self.open.items():
            key = name if pair[0].group is None else pair[0].group
            groups.setdefault(key, []).append(pair)
        return tuple(Item(tuple(pairs), places=self._places(pairs)) for pairs in groups.values())

    def _places(self, pairs: list[tuple[RouteLine, int]]) -> int:
        names = {(line.line_id, line.part) for line, _ in pairs}
        return len({a.location_id for a in self.assignments if (a.line_id, a.part) in names})

    def take(self, location_id: str, contents: Contents, rule: str) -> None:
        """Move a parcel's contents from open to assigned."""
        self.loads[location_id] = self.loads.get(location_id, UNUSED).plus(contents)
        self.assign(location_id, contents, rule)

    def assign(self, location_id: str, contents: Contents, rule: str) -> None:
        """Record the assignment of contents whose load is already counted."""
        for line, quantity in contents:
            name = (line.line_id, line.part)
            left = self.open[name][1] - quantity
            if left:
                self.open[name] = (line, left)
            else:
                del self.open[name]
            self.assignments.append(Assignment(*name, quantity, location_id, rule))


def hand_over(
    lines: Sequence[RouteLine],
    candidates: Sequence[Candidate],
    progress: Progress,
    divide: Divide,
) -> Iterator[ShortLine]:
    """Source pickup lines at their named store only; yield what it is short of."""
    stores = {candidate.location_id: candidate for candidate in candidates}
    for line in lines:
        if line.method != "pickup" or line.quantity <= 0:
            continue
        store = stores.get(line.pickup_location or "")
        given = 0 if store is None else _given(line, store, progress)
        if given < line.quantity and divide == "never":
            given = 0
        if store is not None and given:
            load = progress.loads.get(store.location_id, UNUSED)
            progress.loads[store.location_id] = load.plus_pickup(
                ((line, given),), is_counted=store.capacity_counts_pickups
            )
            progress.open[line.line_id, line.part] = (line, given)
            progress.assign(store.location_id, ((line, given),), "pickup")
        if given < line.quantity:
            yield ShortLine(
                line.line_id,
                line.part,
                line.quantity - given,
                ShortReason.PICKUP_SHORT,
                ActionKind.EXCEPTION,
            )


def _given(line: RouteLine, store: Candidate, progress: Progress) -> int:
    """Return the units that the store can hand over."""
    stock = store.stock.get(line.sku)
    if stock is None or not store.pickup_enabled or store.location_id in line.excluded_locations:
        return 0
    load = progress.loads.get(store.location_id, UNUSED)
    units = stock.sellable_pickup - load.units.get(line.sku, 0)
    if store.capacity_counts_pickups and store.capacity_left is not None:
        # A pickup's fulfillment stands beside that of a parcel, so the two flags change places.
        seen = replace(load, is_open=load.has_pickup, has_pickup=load.is_open)
        room = Site(store, store.location_id, 0, load=seen).units_room()
        units = units if room is None else min(units, room)
    return max(0, min(line.quantity, units))
