"""What one run of the rules came to, before it is explained."""

from __future__ import annotations

from shared.kernel.values import value
from shared.routing.filters import Drop
from shared.routing.model import Assignment, ShortLine
from shared.routing.problem import Item, Placement
from shared.routing.rules import InventoryRule, Routing
from shared.routing.site import Site


@value
class Trace:
    """What one rule saw: for the explanation."""

    rule: InventoryRule
    drops: tuple[Drop, ...]
    sites: tuple[Site, ...]
    items: tuple[Item, ...]


@value
class Outcome:
    """What became of every unit, before it is explained."""

    routing: Routing | None
    placements: tuple[Placement, ...]
    assignments: tuple[Assignment, ...]
    short: tuple[ShortLine, ...]
    traces: tuple[Trace, ...]

    @property
    def units(self) -> int:
        return sum(assignment.quantity for assignment in self.assignments)

    @property
    def cost_minor(self) -> int:
        return sum(placement.cost_minor for placement in self.placements)

    @property
    def locations(self) -> tuple[str, ...]:
        """Return the locations that parcels leave."""
        return tuple(dict.fromkeys([p.site.location_id for p in self.placements]))
