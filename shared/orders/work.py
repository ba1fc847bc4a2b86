"""Documents beside the order in its partition: what routing planned, and what a person must do."""

from enum import StrEnum
from typing import Final

from pydantic import Field

from shared.contracts.intake import LINES_MAX
from shared.kernel.documents import Container, Document, Kind
from shared.kernel.model import (
    Currency,
    Identifier,
    Instant,
    Integer,
    Natural,
    ShortText,
    Strict,
    Text,
    Units,
)


class Decision(Document):
    """What the promise flow planned, written before it is done (design 5); create-only."""

    order_id: Identifier
    attempt: int = Field(ge=1)
    first_attempt: int = Field(ge=1)  # of this run of the flow
    decided_at: Instant
    rule_set: str
    order_version: int
    picks: tuple["Pick", ...] = Field(max_length=LINES_MAX * 4)
    shorts: tuple["Short", ...] = Field(default=(), max_length=LINES_MAX * 4)
    all_or_nothing: tuple[tuple[str, ...], ...] = ()  # line ids that fail together
    bundles: tuple[tuple[str, ...], ...] = ()  # line ids that fail together at one location
    cost_minor: Integer = 0
    currency: Currency
    explanation: dict[str, object] = {}


class Pick(Strict):
    """Units of a part at a location, with the reservation and fulfillment ids minted for them.

    `source_part` is the part that was planned; when a plan divides it, `part` is the new number.
    """

    line_id: Identifier
    source_part: int = Field(ge=1)
    part: int = Field(ge=1)
    sku: Identifier
    quantity: Units
    location_id: Identifier
    reservation_id: Identifier
    fulfillment_id: Identifier
    guard: Integer  # safety stock evaluated by the rule version that the decision names
    tracked: bool = True
    service: str | None = None
    cost_minor: Integer = 0
    ship_by: Instant | None = None
    arrive_by: Instant | None = None
    ready_by: Instant | None = None
    capacity_day: str | None = None  # local date; None where capacity is not limited
    capacity_limit: int | None = None
    capacity_units: int = 1


class Short(Strict):
    """Units that the plan could not place, and the rule's action on them."""

    line_id: Identifier
    source_part: int = Field(ge=1)
    part: int = Field(ge=1)
    sku: Identifier
    quantity: Units
    reason: Identifier
    action: Identifier  # queue, backorder, unfillable, exception, cancel, hold
    queue: ShortText | None = None  # the rule's name for where it waits
    auto_cancel_days: Natural | None = None  # the rule's, in place of the tenant's


DECISIONS: Final = Kind(Container.ORDERS, "decision", Decision, ("attempt",))


class ExceptionStatus(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class ExceptionDocument(Document):
    """Work that a person must decide; `subject`: the order, location, SKU or connection."""

    exception_id: Identifier
    status: ExceptionStatus
    code: Identifier
    subject: Identifier
    order_id: Identifier | None = None
    order_number: Text | None = None  # as its customer knows it
    line_id: Identifier | None = None
    part: int | None = None
    location_id: Identifier | None = None
    sku: Identifier | None = None
    opened_at: Instant
    closed_at: Instant | None = None
    closed_by: Text | None = None
    detail: dict[str, str | int] = {}
    actions: tuple[Identifier, ...] = ()


class CommandDone(Document):
    """Create-only in the batch of a command that changes quantities or money: done once."""

    at: Instant
    by: Text


COMMANDS: Final = Kind(Container.ORDERS, "cmd", CommandDone)
EXCEPTIONS: Final = Kind(
    Container.ORDERS, "exception", ExceptionDocument, ("status", "code", "opened_at", "location_id")
)
