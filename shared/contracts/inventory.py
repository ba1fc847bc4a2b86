"""Events of a SKU's partition, and the stock messages that come in from outside."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from shared.contracts.base import Contract, Event
from shared.kernel.model import Identifier, Instant, Integer, Natural, Units


class StockFreed(Event):
    """Units became free at a location: waiters may be served (semantics 4)."""

    type: Literal["inventory.stock-freed.v1"] = "inventory.stock-freed.v1"
    sku: Identifier
    location_id: Identifier
    quantity: Units


class StockChanged(Event):
    """A level changed in a way that channels may care about (availability)."""

    type: Literal["inventory.stock-changed.v1"] = "inventory.stock-changed.v1"
    sku: Identifier
    location_id: Identifier
    reason: Identifier


class StockOvercommitted(Event):
    """Free is below 0 behind a fact at a location: unpicked reservations are taken back.

    `short` is how far below; `added` is how much of it this fact brought.
    """

    type: Literal["inventory.stock-overcommitted.v1"] = "inventory.stock-overcommitted.v1"
    sku: Identifier
    location_id: Identifier
    short: Units
    added: Natural = 0


class Adjustment(Contract):
    """A delta with its reason; `damaged` and `quality_hold` are parts of on hand."""

    kind: Literal["adjustment"] = "adjustment"
    movement_id: Identifier
    sku: Identifier
    location_id: Identifier
    on_hand: Integer = 0
    damaged: Integer = 0
    quality_hold: Integer = 0
    at: Instant
    reason: Identifier


class Receipt(Contract):
    kind: Literal["receipt"] = "receipt"
    movement_id: Identifier
    sku: Identifier
    location_id: Identifier
    quantity: Units
    at: Instant


class Sale(Contract):
    """A till's sale (positive) or return (negative), by its receipt number and line."""

    kind: Literal["sale"] = "sale"
    movement_id: Identifier
    sku: Identifier
    location_id: Identifier
    quantity: Integer
    at: Instant


class Count(Contract):
    """What was counted at a location as of a time.

    `net_of_reservations`: the figure is less what we had reserved there; None: as the location's
    feed always tells it.
    """

    kind: Literal["count"] = "count"
    movement_id: Identifier
    sku: Identifier
    location_id: Identifier
    counted: Natural
    damaged: Natural = 0
    quality_hold: Natural = 0
    as_of: Instant
    net_of_reservations: bool | None = None


StockMessage: TypeAlias = Annotated[
    Adjustment | Receipt | Sale | Count, Field(discriminator="kind")
]


class RecordStock(Contract):
    """What travels on `inventory-in`: one SKU a message."""

    type: Literal["inventory.record-stock.v1"] = "inventory.record-stock.v1"
    tenant_id: Identifier
    record: StockMessage
