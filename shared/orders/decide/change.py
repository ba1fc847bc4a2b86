"""The values that transitions are made of and come to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from shared.contracts.orders import OrderEvent, PartChange
from shared.contracts.stock import RejectReason
from shared.orders.model import ExceptionDocument, Line, Order, Part


@dataclass(frozen=True, slots=True)
class Act:
    """For whom, when and by whom something is done; `by` is what the timeline shows."""

    tenant_id: str
    now: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Cut:
    """Units of a part that take one or more rows of the table; the rest stays as it is."""

    units: int
    events: tuple[type, ...]
    changes: Mapping[str, object] = field(default_factory=dict)
    effect: RejectReason | None = None
    picked_units: int = 0
    number: int = 0  # of the new part when the part is divided; 0: the next free one


@dataclass(frozen=True, slots=True)
class Removed:
    """Units that a fulfillment has no longer; `part` is the number that it knew."""

    fulfillment_id: str
    line_id: str
    part: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Divided:
    """A part of a fulfillment that is now several: (part, quantity, reservation) still reserved."""

    fulfillment_id: str
    line_id: str
    part: int
    shares: tuple[tuple[int, int, str], ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What a transition comes to: one batch in the order's partition.

    `removed` and `divided` are what it means for fulfillments; `also` are further events.
    """

    order: Order
    event: OrderEvent
    opened: tuple[ExceptionDocument, ...] = ()
    removed: tuple[Removed, ...] = ()
    divided: tuple[Divided, ...] = ()
    also: tuple[OrderEvent, ...] = ()


def part_change(line: Line, part: Part) -> PartChange:
    """Return a part as events tell of it."""
    return PartChange(
        line_id=line.line_id,
        part=part.part,
        sku=line.sku,
        quantity=part.quantity,
        state=part.state,
        method=line.method,
        location_id=part.location_id,
        fulfillment_id=part.fulfillment_id,
    )
