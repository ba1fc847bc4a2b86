"""Counters of a day, and which events they have seen."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from pydantic import Field

from shared.kernel.documents import Container, Document, Kind
from shared.kernel.model import Instant, Integer, Strict

SEEN_TTL_S: Final = 8 * 86_400  # longer than a parked message can be replayed
GROUPS_MAX: Final = 200  # of one dimension and day; what comes later is counted as OTHER
OTHER: Final = "other"


class Dimension(StrEnum):
    ALL = "all"
    CHANNEL = "channel"
    LOCATION = "location"


class Counters(Document):
    """What was counted on one UTC day: all of it, or a channel's or location's share."""

    day: str
    dimension: Dimension
    name: str
    counts: dict[str, Integer] = {}


KPIS: Final = Kind(Container.MASTER, "kpi", Counters, ("dimension",))


class Seen(Document):
    """That an event is in the counters of its day: create-only, in the same batch."""

    at: Instant


SEEN: Final = Kind(Container.MASTER, "seen", Seen)


@dataclass(frozen=True, slots=True)
class Tally:
    """What one event adds to the counters of its day."""

    counts: dict[str, int]
    channel: str | None = None
    by_location: dict[str, dict[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PartFacts:
    """What was promised of a part of an order."""

    ship_by: datetime | None = None
    ready_by: datetime | None = None
    arrive_by: datetime | None = None
    fulfillment_id: str | None = None


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What counting an order's event must know of the order; parts by (line id, part)."""

    order_id: str
    day: str
    channel: str
    accepted_at: datetime
    is_split: bool = False
    parts: dict[tuple[str, int], PartFacts] = field(default_factory=dict)

    def ready_by_of(self, fulfillment_id: str | None) -> tuple[datetime | None, ...]:
        """Return when each part of a fulfillment was to be ready."""
        return tuple(p.ready_by for p in self.parts.values() if p.fulfillment_id == fulfillment_id)


@dataclass(frozen=True, slots=True)
class ShipmentFacts:
    """What a shipment cost; `default_cost_minor` is what the tenant's default service would."""

    currency: str
    cost_minor: int
    parcels: int
    default_cost_minor: int | None = None
    distance_m: int | None = None


@dataclass(frozen=True, slots=True)
class Beside:
    """What an event alone does not say."""

    order: OrderFacts | None = None
    shipment: ShipmentFacts | None = None
    requested_at: datetime | None = None  # of the return that a refund is for


class Figure(Strict):
    """One key figure with what it was made of; `value` is missing where nothing was counted."""

    name: str
    numerator: int
    denominator: int | None = None
    value: float | None = None
    unit: str


class Group(Strict):
    """A channel's or location's figures."""

    name: str
    figures: tuple[Figure, ...]


class OpenExceptions(Strict):
    """What waits for a person now; `is_more`: there are more than were looked at."""

    open: int
    oldest_hours: float | None = None
    mean_hours: float | None = None
    is_more: bool = False


class KpiReport(Strict):
    """The figures of some days, both included."""

    first_day: str
    last_day: str
    figures: tuple[Figure, ...]
    groups: tuple[Group, ...] = Field(default=())
    exceptions: OpenExceptions
