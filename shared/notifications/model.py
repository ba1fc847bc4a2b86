"""Webhook endpoints with their deliveries, and messages to customers."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pydantic import Field

from shared.kernel.documents import Container, Document, Kind
from shared.kernel.errors import Refused
from shared.kernel.model import Identifier, Instant, Natural, ShortText, Strict, Text

CONFIG: Final = "config"
ENDPOINTS_MAX: Final = 10  # of one tenant
SECRETS_MAX: Final = 2  # the current one and, while it is rotated, the one before
PATTERNS_MAX: Final = 30
ATTEMPTS_KEPT_MAX: Final = 30  # replays included
DELIVERY_TTL_S: Final = 7 * 86_400
URL_LENGTH_MAX: Final = 1_000


class EndpointStatus(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"


class Disabled(StrEnum):
    """Why an endpoint gets nothing any more."""

    BY_HAND = "by-hand"
    GONE = "gone"  # it answered 410
    FAILING = "failing"  # a delivery failed for the last time, and none has succeeded meanwhile


class EndpointDetails(Strict):
    """An endpoint as its owner tells it. `events`: public names, `family.*`, or `*` for all."""

    url: str = Field(min_length=9, max_length=URL_LENGTH_MAX)
    events: tuple[ShortText, ...] = Field(min_length=1, max_length=PATTERNS_MAX)
    description: Text | None = None


class Endpoint(EndpointDetails, Document):
    """A stored endpoint. `secrets` names them, the newest first; they are kept elsewhere."""

    endpoint_id: Identifier
    status: EndpointStatus = EndpointStatus.ACTIVE
    secrets: tuple[Identifier, ...] = Field(min_length=1, max_length=SECRETS_MAX)
    created_at: Instant
    failing_since: Instant | None = None  # the first failure since the last success
    disabled: Disabled | None = None


ENDPOINTS: Final = Kind(Container.MASTER, "endpoint", Endpoint, ("created_at",))


class DeliveryStatus(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class Attempt(Strict):
    """One try: the status that was answered, or why there was no answer."""

    at: Instant
    status: Natural = 0
    failure: str | None = None


class Delivery(Document):
    """One event for one endpoint, kept 7 days.

    `next_at` is when it is tried next; a try puts it ahead before it begins, so that a process that
    dies in the middle leaves a delivery that is tried again. `tries` counts since the last replay.
    """

    delivery_id: Identifier
    endpoint_id: Identifier
    event_id: Identifier
    event_type: str
    payload: str
    status: DeliveryStatus = DeliveryStatus.PENDING
    created_at: Instant
    next_at: Instant
    tries: Natural = 0
    attempts: tuple[Attempt, ...] = Field(default=(), max_length=ATTEMPTS_KEPT_MAX)


DELIVERIES: Final = Kind(
    Container.MASTER, "delivery", Delivery, ("status", "created_at", "next_at", "event_type")
)


class TooManyEndpoints(Refused):
    code, status = "too-many-endpoints", 409

    def __init__(self) -> None:
        super().__init__(f"a tenant has at most {ENDPOINTS_MAX} webhook endpoints")


class EndpointDisabled(Refused):
    code, status = "endpoint-disabled", 409

    def __init__(self) -> None:
        super().__init__("the endpoint is disabled; enable it first")


class MessageKind(StrEnum):
    """What a customer is told."""

    CONFIRMED = "order-confirmed"
    READY = "ready-for-pickup"
    CODE = "pickup-code"  # the code once more
    REMINDER = "pickup-reminder"
    EXPIRED = "pickup-expired"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"
    REFUND_ADVISED = "refund-advised"
    REFUNDED = "refunded"


class MessageDocument(Document):
    """That a customer was told: create-only, and without personal data."""

    kind: MessageKind
    event_id: Identifier
    language: str
    at: Instant


MESSAGES: Final = Kind(Container.ORDERS, "message", MessageDocument, ("at",))


@dataclass(frozen=True, slots=True)
class CustomerMessage:
    """A message as it is handed to whoever sends it; the same id is the same message."""

    message_id: str
    tenant_id: str
    order_id: str
    kind: MessageKind
    to_address: str
    to_name: str | None
    sender: str
    subject: str
    text: str
    html: str
    language: str
    at: str  # the customer's own time, as text
