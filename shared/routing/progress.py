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
        return tuple([Item(tuple(pairs), None, self._places(pairs)) for pairs in groups.values()])

    def _places(self, pairs: list[tuple[RouteLine, int]]) -> int:
        if not self.assignments:
            return 0
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


def has_units(sites: Sequence[Site], progress: Progress) -> bool:
    """Tell whether any site can give a unit of anything open: else no strategy can place any."""
    lines = [line for line, _ in progress.open.values()]
    for site in sites:
        if site.candidate.capacity_left is not None and site.units_room() == 0:
            continue
        if any(site.sellable(line) for line in lines):
            return True
    return False


def loaded(sites: tuple[Site, ...], progress: Progress) -> tuple[Site, ...]:
    """Return the sites under what the plan has taken by now."""
    loads = progress.loads
    if not loads:
        return sites
    return tuple(
        [
            site if (load := loads.get(site.location_id)) is None else site.under(load)
            for site in sites
        ]
    )


def hand_over(
    lines: Sequence[RouteLine],
    candidates: Sequence[Candidate],
    progress: Progress,
    divide: Divide,
) -> Iterator[ShortLine]:
    """Source pickup lines at their named store only; yield what it is short of."""
    stores = {candidate.location_id: candidate for candidate in candidates}
    for item in _pickups(lines):
        store = stores.get(item.contents[0][0].pickup_location or "")
        given: Contents = () if store is None else _given(item, store, progress)
        short = item.without(given)
        if short.contents and divide == "never":
            given, short = (), item
        if store is not None and given:
            load = progress.loads.get(store.location_id, UNUSED)
            progress.loads[store.location_id] = load.plus_pickup(
                given, is_counted=store.capacity_counts_pickups
            )
            progress.open |= {(line.line_id, line.part): (line, n) for line, n in given}
            progress.assign(store.location_id, given, "pickup")
        for line, quantity in short.contents:
            yield ShortLine(
                line.line_id,
                line.part,
                quantity,
                ShortReason.PICKUP_SHORT,
                ActionKind.EXCEPTION,
            )


def _pickups(lines: Sequence[RouteLine]) -> Iterator[Item]:
    """Yield each line to be collected, and bundles whole; what is not of whole ones, by line."""
    bundles: dict[object, list[tuple[RouteLine, int]]] = {}
    for line in lines:
        if line.method == "pickup" and line.quantity > 0:
            name = (line.line_id, line.part) if line.bundle is None else line.bundle
            bundles.setdefault(name, []).append((line, line.quantity))
    for pairs in bundles.values():
        # Groups have no say: there is one store for all.
        alone = tuple(
            (line if line.group == line.bundle else replace(line, group=line.bundle), n)
            for line, n in pairs
        )
        if Item(alone).may_divide:
            yield Item(alone)
        else:
            for line, n in alone:
                yield Item(((replace(line, group=None, bundle=None, per_bundle=1), n),))


def _given(item: Item, store: Candidate, progress: Progress) -> Contents:
    """Return what the store can hand over."""
    if not store.pickup_enabled:
        return ()
    load = progress.loads.get(store.location_id, UNUSED)

    def sellable(line: RouteLine) -> int:
        stock = store.stock.get(line.sku)
        return max(0, stock.sellable_pickup - load.units.get(line.sku, 0)) if stock else 0

    sets = item.sets_from(store.location_id, sellable)
    if not store.capacity_counts_pickups or store.capacity_left is None:
        return item.portion(sets, store.location_id)
    # A pickup's fulfillment stands beside that of a parcel, so the two flags change places.
    seen = replace(load, is_open=load.has_pickup, has_pickup=load.is_open)
    site = Site(store, store.location_id, 0, load=seen)
    room = site.units_room()
    sets = sets if room is None else min(sets, room // item.units_of_set)
    given = item.portion(sets, store.location_id)
    return given if site.has_room(given) else ()
