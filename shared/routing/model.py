"""What routing is asked, what it may choose from, and what it answers (semantics section 5).

Everything here lives inside one computation: frozen, slotted, without I/O. Rule sets, which cross
the API, are in `rules`; the record of why a plan was chosen is in `explanation`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Literal, Protocol

from shared.kernel.errors import Refused
from shared.kernel.values import value
from shared.routing.explanation import Explanation

Method = Literal["ship", "pickup"]
CapacityUnit = Literal["fulfillments", "lines", "units"]


class ActionKind(StrEnum):
    """What a rule does with lines; the part after `next-rule` is what becomes of a short line."""

    ALLOCATE = "allocate"
    ALLOCATE_PARTIAL = "allocate-partial"
    NEXT_RULE = "next-rule"
    QUEUE = "move-to-queue"
    HOLD = "hold"
    CANCEL = "cancel"
    BACKORDER = "backorder"
    CUSTOMER_CARE = "customer-care"
    AUTO_CANCEL = "add-auto-cancel-days"
    EXCEPTION = "exception"
    AS_SETTINGS = "as-settings"  # what the tenant's `shortage` says


class ShortReason(StrEnum):
    """Why units were not sourced."""

    NO_ROUTING = "no-routing"
    NO_STOCK = "no-stock"
    NO_CANDIDATE = "no-candidate"
    NO_CAPACITY = "no-capacity"
    NO_SERVICE = "no-service"
    NOT_WHOLE = "not-whole"
    CONSTRAINED = "constrained"
    PICKUP_SHORT = "pickup-short"


class RuleSetImmutable(Refused):
    """Only a draft can be edited or activated; a new version is a new draft."""

    code, status = "rule-set-immutable", 409

    def __init__(self, rule_set_id: str, version: int, status: str) -> None:
        super().__init__(f"rule set {rule_set_id} version {version} is {status}, not a draft")
        self.rule_set_id, self.version, self.state = rule_set_id, version, status


class RuleSetFaulty(Refused):
    """The lint found errors; each is listed."""

    code, status = "rule-set-faulty", 409

    def __init__(self, findings: tuple[str, ...]) -> None:
        super().__init__("; ".join(findings))
        self.findings = findings


@value
class Place:
    """Where the goods go; coordinates are degrees and may be unknown."""

    country: str
    postcode: str | None = None
    admin_area: str | None = None
    lat: float | None = None
    lon: float | None = None


@value
class RouteLine:
    """One part of an order line that asks for a location.

    `unit_value_minor` is discounted and without tax. Lines of one `group` leave from one location,
    all or none. `excluded_locations` rejected this line within the rejection period, or lack one of
    the capabilities that it `needs`. Lines of one `bundle` are divided in whole ones only, of which
    each holds `per_bundle` units; a bundle that no other lines travel with is its lines' group.
    """

    line_id: str
    part: int
    sku: str
    quantity: int
    unit_value_minor: int = 0
    weight_g: int = 0
    volume_cm3: int = 0
    tags: frozenset[str] = frozenset()
    category: str | None = None
    method: Method = "ship"
    pickup_location: str | None = None
    group: str | None = None
    excluded_locations: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    bundle: str | None = None
    per_bundle: int = 1


@value
class RouteRequest:
    """One order's lines that wait for a location.

    `already_at` is the value in minor units that earlier attempts placed, by location: it counts
    against the limits of locations and the split threshold.
    """

    order_id: str
    destination: Place
    lines: tuple[RouteLine, ...]
    now: datetime
    currency: str = "USD"
    channel: str = ""
    order_type: str = "sales"
    priority: int = 0
    value_minor: int = 0
    customer_tier: str | None = None
    tags: frozenset[str] = frozenset()
    promise_by: datetime | None = None
    queue: str | None = None
    attempt: int = 1
    already_at: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))


@value
class Stock:
    """One SKU at one location, in selling steps; `sellable_*` is after safety stock, never below 0.

    `free` may be negative. Unlimited stock is given as a large sellable figure.
    """

    sellable_ship: int
    sellable_pickup: int = 0
    free: int = 0
    safety_stock: int = 0
    on_hand: int = 0


@value
class Candidate:
    """One location that may be chosen, as it stood when the flow read it.

    `capacity_left` is today's, in `capacity_unit`; None is unlimited. `labor_minor` is the pick and
    pack labor of one unit. `priority` 1 is the first choice. Locations of the same `lane` and labor
    cost the same for every parcel (same origin zone and cut-off): only the first of them is priced.
    """

    location_id: str
    stock: Mapping[str, Stock]
    kind: str = "warehouse"
    groups: frozenset[str] = frozenset()
    lat: float | None = None
    lon: float | None = None
    country: str = ""
    ship_enabled: bool = True
    pickup_enabled: bool = False
    priority: int = 100
    capacity_left: int | None = None
    capacity_unit: CapacityUnit = "fulfillments"
    capacity_counts_pickups: bool = False
    capabilities: frozenset[str] = frozenset()
    labor_minor: int = 0
    is_open: bool = True
    cutoff_passed: bool = False
    feed_fresh: bool = True
    feed_age_minutes: int | None = None
    lane: str | None = None


Contents = tuple[tuple[RouteLine, int], ...]


@value
class ParcelQuote:
    """The cheapest service that keeps the promise, for some lines from one location.

    `parts` names shares of `cost_minor` (such as `lateness`); what they leave is `shipping`. Labor
    is not in it: routing adds `Candidate.labor_minor` for each unit.
    """

    cost_minor: int
    service: str = ""
    arrive_at: datetime | None = None
    parts: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))


class ParcelCost(Protocol):
    """What it costs to ship `contents` from a location; None: it cannot be there in time.

    Must be a pure function: a plan asks at most once for the same location and contents.
    """

    def __call__(self, location_id: str, contents: Contents, /) -> ParcelQuote | None: ...


@value
class Assignment:
    """Units of one line's part that one location ships or hands over."""

    line_id: str
    part: int
    quantity: int
    location_id: str
    rule: str = ""


@value
class ShortLine:
    """Units that no location was found for, and what the rules want done with them."""

    line_id: str
    part: int
    quantity: int
    reason: ShortReason
    action: ActionKind
    queue: str | None = None
    auto_cancel_days: int | None = None


@value
class Parcel:
    """What leaves one location together: (line id, part, quantity) with its cost and cost parts."""

    location_id: str
    contents: tuple[tuple[str, int, int], ...]
    cost_minor: int
    service: str
    arrive_at: datetime | None
    parts: Mapping[str, int]


@value
class SourcingPlan:
    """A graded answer: `assignments` and `short` together are exactly what was asked."""

    assignments: tuple[Assignment, ...]
    short: tuple[ShortLine, ...]
    parcels: tuple[Parcel, ...]
    cost_minor: int
    explanation: Explanation

    @property
    def is_complete(self) -> bool:
        """Return whether every unit has a location."""
        return not self.short
