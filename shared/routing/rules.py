"""Rule sets: versioned data that says which orders go where (semantics section 5)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from shared.kernel.model import Identifier, Instant, Natural, ShortText, Strict
from shared.routing.conditions import LocationFilter, Name, OrderFilter
from shared.routing.model import ActionKind

RULES_MAX = 50

Divide = Literal["never", "if-needed", "always"]


SortBy = Literal["distance", "priority", "stock", "capacity-left", "labor", "cost"]


class LocationSort(Strict):
    """Near, priority 1, much stock or capacity, and cheap come first; or reversed."""

    by: SortBy
    is_reversed: bool = False


class OrderSort(Strict):
    by: Literal["priority", "promise", "value"]
    is_reversed: bool = False


class CostWeights(Strict):
    """Percent of each cost part that counts in the decision; 0 switches it off.

    `parcel_minor` is a price on each parcel beside its tariff, in minor units.
    """

    shipping: Natural = 100
    labor: Natural = 100
    capacity: Natural = 100
    stock: Natural = 100
    markdown: Natural = 100
    lateness: Natural = 100
    carbon: Natural = 100
    parcel_minor: Natural = 0


class Constraint(Strict):
    """A limit; hard ones hold always, soft ones only in the first pass.

    `limit` is locations, or minor units for `split-value`. Overlapping limits: the smallest wins.
    """

    kind: Literal[
        "ship-complete", "no-split", "max-locations", "max-locations-per-line", "split-value"
    ]
    limit: Natural | None = None
    is_hard: bool = True

    @model_validator(mode="after")
    def _limit_fits(self) -> Self:
        if self.kind in {"ship-complete", "no-split"}:
            if self.limit is not None:
                raise ValueError(f"{self.kind} takes no limit")
        elif not self.limit:
            raise ValueError(f"{self.kind} needs a limit of at least 1")
        return self


class LadderStep(Strict):
    max_distance_m: Natural | None = None
    may_split: bool


class Action(Strict):
    do: ActionKind
    queue: Name | None = None
    days: Natural | None = None

    @model_validator(mode="after")
    def _arguments_fit(self) -> Self:
        if (self.queue is not None) != (self.do is ActionKind.QUEUE):
            raise ValueError("move-to-queue names a queue, and only it does")
        if (self.days is not None) != (self.do is ActionKind.AUTO_CANCEL):
            raise ValueError("add-auto-cancel-days names days, and only it does")
        return self


Actions = Annotated[tuple[Action, ...], Field(min_length=1, max_length=5)]


class InventoryRule(Strict):
    """Which locations, by which strategy, and what then.

    `sorts` order the locations: walks follow them, `exact` breaks ties by them. The location id
    breaks the last tie.
    """

    name: Name
    filters: Annotated[tuple[LocationFilter, ...], Field(max_length=RULES_MAX)] = ()
    strategy: Name = "exact"
    sorts: Annotated[tuple[LocationSort, ...], Field(max_length=10)] = ()
    cost: CostWeights = CostWeights()
    constraints: Annotated[tuple[Constraint, ...], Field(max_length=10)] = ()
    ladder: Annotated[tuple[LadderStep, ...], Field(max_length=8)] = ()
    on_full: Actions = (Action(do=ActionKind.ALLOCATE),)
    on_partial: Actions = (
        Action(do=ActionKind.ALLOCATE_PARTIAL),
        Action(do=ActionKind.NEXT_RULE),
    )
    on_none: Actions = (Action(do=ActionKind.NEXT_RULE),)


class Routing(Strict):
    """Which orders (all filters hold), and by which rules.

    `sorts` rank orders that are planned together; an order that comes alone is planned at once.
    """

    name: Name
    filters: Annotated[tuple[OrderFilter, ...], Field(max_length=RULES_MAX)] = ()
    sorts: Annotated[tuple[OrderSort, ...], Field(max_length=5)] = ()
    rules: Annotated[tuple[InventoryRule, ...], Field(min_length=1, max_length=RULES_MAX)]
    constraints: Annotated[tuple[Constraint, ...], Field(max_length=10)] = ()


class RuleSet(Strict):
    """One immutable version; one is active at a time per tenant and order profile.

    `divide_lines`: never; if-needed = a line that no location fills whole; always = each location
    gives what it has, in rule order. `unfilled` is what becomes of lines that no rule decided;
    unless told, what the tenant's setting `shortage` says.
    """

    rule_set_id: Identifier
    version: Annotated[int, Field(ge=1, le=1_000_000)]
    name: ShortText
    profile: Identifier = "default"
    status: Literal["draft", "active", "archived"] = "draft"
    effective_from: Instant | None = None
    effective_to: Instant | None = None
    routings: Annotated[tuple[Routing, ...], Field(min_length=1, max_length=RULES_MAX)]
    constraints: Annotated[tuple[Constraint, ...], Field(max_length=10)] = ()
    divide_lines: Divide = "never"
    unfilled: Action = Action(do=ActionKind.AS_SETTINGS)

    def is_effective(self, now: datetime) -> bool:
        """Return whether `now` lies in the effective dates; the end belongs to the next version."""
        starts = self.effective_from is None or self.effective_from <= now
        return starts and (self.effective_to is None or now < self.effective_to)
