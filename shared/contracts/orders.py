"""Events of an order's partition: the order, its fulfillments and its returns.

Each is one `evt:` document, written in the batch of the change it tells of. `stock` is what the
change asks of stock; `route` says that parts wait to be sourced. The relay turns both into message
properties, and the routing subscription takes every event that has one of them.
"""

from typing import Literal

from pydantic import ConfigDict, Field

from shared.contracts.base import Contract, Event
from shared.contracts.stock import StockTask
from shared.kernel.model import Currency, Identifier, Instant, Integer, Natural, Units


class PartChange(Contract):
    """A part of a line as it stands after the event."""

    line_id: Identifier
    part: int = Field(ge=1)
    sku: Identifier | None = None
    quantity: Units
    state: str
    method: str = "ship"
    location_id: Identifier | None = None
    fulfillment_id: Identifier | None = None


class OrderEvent(Event):
    """`order_version` is that of the document that changed: order, fulfillment or return."""

    order_id: Identifier
    order_version: int = Field(ge=1)
    parts: tuple[PartChange, ...] = ()
    reason: str | None = None
    stock: tuple[StockTask, ...] = ()
    route: bool = False


class OrderWork(Event):
    """What the routing consumer reads of any order event: the rest of it is not looked at."""

    model_config = ConfigDict(extra="ignore")

    order_id: Identifier
    order_version: int = Field(ge=1)
    stock: tuple[StockTask, ...] = ()
    route: bool = False
    exchange: Identifier | None = None
    is_waiting: bool = False


class OrderAccepted(OrderEvent):
    type: Literal["orders.order-accepted.v1"] = "orders.order-accepted.v1"
    connection: Identifier
    channel: Identifier
    currency: Currency
    value_minor: Natural
    lines: Natural


class OrderRouted(OrderEvent):
    """The promise flow closed an attempt: parts are sourced, or wait and say why.

    `is_waiting`: some wait that were not queued before.
    """

    type: Literal["orders.order-routed.v1"] = "orders.order-routed.v1"
    attempt: Natural
    is_waiting: bool = False


class OrderHeld(OrderEvent):
    type: Literal["orders.order-held.v1"] = "orders.order-held.v1"


class OrderReleased(OrderEvent):
    type: Literal["orders.order-released.v1"] = "orders.order-released.v1"


class OrderEdited(OrderEvent):
    type: Literal["orders.order-edited.v1"] = "orders.order-edited.v1"


class OrderNoted(OrderEvent):
    type: Literal["orders.order-noted.v1"] = "orders.order-noted.v1"


class CustomerLinked(OrderEvent):
    type: Literal["orders.customer-linked.v1"] = "orders.customer-linked.v1"
    customer_id: Identifier


class PartsCancelled(OrderEvent):
    type: Literal["orders.parts-cancelled.v1"] = "orders.parts-cancelled.v1"
    refund_minor: Natural = 0
    currency: Currency | None = None


class RefundRecorded(OrderEvent):
    """The channel has paid money back itself; whatever is advised later counts it in."""

    type: Literal["orders.refund-recorded.v1"] = "orders.refund-recorded.v1"
    refund_minor: Natural
    currency: Currency


class OrderClosed(OrderEvent):
    """Fulfilled, and the return window is over."""

    type: Literal["orders.order-closed.v1"] = "orders.order-closed.v1"


class CancelRequested(OrderEvent):
    type: Literal["orders.cancel-requested.v1"] = "orders.cancel-requested.v1"


class CancelRefused(OrderEvent):
    type: Literal["orders.cancel-refused.v1"] = "orders.cancel-refused.v1"


class PartsReset(OrderEvent):
    """A person, a release date or a freed unit sent waiting parts to routing again."""

    type: Literal["orders.parts-reset.v1"] = "orders.parts-reset.v1"


class FulfillmentEvent(OrderEvent):
    fulfillment_id: Identifier
    location_id: Identifier
    status: str


class FulfillmentMoved(FulfillmentEvent):
    """Accepted, picking, picked, packed, held, resumed: only the fulfillment changed."""

    type: Literal["fulfillment.fulfillment-changed.v1"] = "fulfillment.fulfillment-changed.v1"


class PartsRejected(FulfillmentEvent):
    type: Literal["fulfillment.parts-rejected.v1"] = "fulfillment.parts-rejected.v1"


class ReadyForPickup(FulfillmentEvent):
    type: Literal["fulfillment.ready-for-pickup.v1"] = "fulfillment.ready-for-pickup.v1"
    expires_at: Instant | None = None
    resend: bool = False


class PartsShipped(FulfillmentEvent):
    type: Literal["fulfillment.parts-shipped.v1"] = "fulfillment.parts-shipped.v1"
    shipment_id: Identifier
    carrier: str | None = None
    service: str | None = None
    tracking: tuple[str, ...] = ()
    channel: Identifier | None = None  # that sold it


class PartsHandedOver(FulfillmentEvent):
    type: Literal["fulfillment.parts-handed-over.v1"] = "fulfillment.parts-handed-over.v1"
    channel: Identifier | None = None  # that sold it


class PickupExpired(FulfillmentEvent):
    type: Literal["fulfillment.pickup-expired.v1"] = "fulfillment.pickup-expired.v1"


class ShipmentEvent(OrderEvent):
    """Delivered, lost, returned to sender or voided, as `status` says."""

    type: Literal["fulfillment.shipment-changed.v1"] = "fulfillment.shipment-changed.v1"
    shipment_id: Identifier
    status: str


class ReturnEvent(OrderEvent):
    """A return changed; the money has an event of its own."""

    type: Literal["returns.return-changed.v1"] = "returns.return-changed.v1"
    return_id: Identifier
    status: str
    exchange: Identifier | None = None  # the return whose goods out are to be ordered


class RefundAdvised(OrderEvent):
    """What a payment system should pay back; signed: an exchange may ask for a payment instead."""

    type: Literal["returns.refund-advised.v1"] = "returns.refund-advised.v1"
    return_id: Identifier | None = None
    refund_minor: Integer
    currency: Currency


class ExceptionOpened(OrderEvent):
    type: Literal["orders.exception-opened.v1"] = "orders.exception-opened.v1"
    exception_id: Identifier


class ExceptionClosed(OrderEvent):
    type: Literal["orders.exception-closed.v1"] = "orders.exception-closed.v1"
    exception_id: Identifier
