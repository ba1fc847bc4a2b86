"""What stores, 3PLs, vendors and carriers confirm on `fulfillment-in` (design 4).

Confirmations of what happened to goods are facts: shipped and collected imply that the work was
accepted, picked and packed, whoever told of that or did not.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import ConfigDict, Field, RootModel

from shared.contracts.base import Contract
from shared.contracts.stock import RejectReason
from shared.kernel.model import Identifier, Instant, Natural, ShortText, Text, Units

PARCELS_MAX = 50
LINES_MAX = 200

GivenReason: TypeAlias = Literal[
    RejectReason.NOT_IN_STOCK,
    RejectReason.MISMATCH,
    RejectReason.DAMAGED,
    RejectReason.WORN_DISPLAY,
    RejectReason.NO_VARIANCE,
]
"""Why a location gives work back; the others are found by Orderloom itself."""

CarrierReport: TypeAlias = Literal["scanned", "trouble", "delivered", "lost", "returned-to-sender"]


class LineUnits(Contract):
    line_id: Identifier
    quantity: Units


class RejectedUnits(Contract):
    """Units of a line that a location gives back; without a quantity all of it."""

    line_id: Identifier
    quantity: Units | None = None
    reason: GivenReason


class Scan(Contract):
    """What a scanner read: a barcode, a SKU or an alias."""

    code: ShortText
    quantity: Units = 1


class ParcelTold(Contract):
    """One parcel: weight in grams, sides in millimeters; without contents everything is in it."""

    weight_g: Natural = 0
    length_mm: Natural = 0
    width_mm: Natural = 0
    height_mm: Natural = 0
    tracking: Text | None = None
    contents: tuple[LineUnits, ...] = Field(default=(), max_length=LINES_MAX)


class Confirmation(Contract):
    tenant_id: Identifier
    fulfillment_id: Identifier


class ConfirmAccepted(Confirmation):
    type: Literal["fulfillment.confirm-accepted.v1"] = "fulfillment.confirm-accepted.v1"


class ConfirmRejected(Confirmation):
    """Without lines everything, for `reason`."""

    type: Literal["fulfillment.confirm-rejected.v1"] = "fulfillment.confirm-rejected.v1"
    reason: GivenReason = RejectReason.NOT_IN_STOCK
    lines: tuple[RejectedUnits, ...] = Field(default=(), max_length=LINES_MAX)


class ConfirmPicked(Confirmation):
    """What is in the tote in all; `complete` gives the rest back for that reason."""

    type: Literal["fulfillment.confirm-picked.v1"] = "fulfillment.confirm-picked.v1"
    scans: tuple[Scan, ...] = Field(default=(), max_length=1_000)
    complete: GivenReason | None = None


class ConfirmPacked(Confirmation):
    type: Literal["fulfillment.confirm-packed.v1"] = "fulfillment.confirm-packed.v1"
    parcels: tuple[ParcelTold, ...] = Field(default=(), max_length=PARCELS_MAX)


class ConfirmShipped(Confirmation):
    """Parcels left; `units` when only some did."""

    type: Literal["fulfillment.confirm-shipped.v1"] = "fulfillment.confirm-shipped.v1"
    carrier: Identifier | None = None
    service: Identifier | None = None
    parcels: tuple[ParcelTold, ...] = Field(default=(), max_length=PARCELS_MAX)
    tracking: tuple[Text, ...] = Field(default=(), max_length=PARCELS_MAX)
    units: tuple[LineUnits, ...] = Field(default=(), max_length=LINES_MAX)


class ConfirmReady(Confirmation):
    type: Literal["fulfillment.confirm-ready.v1"] = "fulfillment.confirm-ready.v1"


class ConfirmCollected(Confirmation):
    """The store's own system has handed the goods over and looked at who came for them."""

    type: Literal["fulfillment.confirm-collected.v1"] = "fulfillment.confirm-collected.v1"
    collector: Text | None = None


class AnswerCancel(Confirmation):
    """Whether what was asked to be cancelled could still be stopped."""

    type: Literal["fulfillment.answer-cancel.v1"] = "fulfillment.answer-cancel.v1"
    stopped: bool


class ReportTracking(Contract):
    """A carrier's report on one of its numbers, or on a shipment of ours."""

    type: Literal["fulfillment.report-tracking.v1"] = "fulfillment.report-tracking.v1"
    tenant_id: Identifier
    shipment_id: Identifier | None = None
    carrier: Identifier | None = None
    tracking: Text | None = None
    report: CarrierReport
    at: Instant


FulfillmentIn: TypeAlias = Annotated[
    ConfirmAccepted
    | ConfirmRejected
    | ConfirmPicked
    | ConfirmPacked
    | ConfirmShipped
    | ConfirmReady
    | ConfirmCollected
    | AnswerCancel
    | ReportTracking,
    Field(discriminator="type"),
]


class FulfillmentInbound(RootModel[FulfillmentIn]):
    """What travels on `fulfillment-in`."""

    model_config = ConfigDict(frozen=True, strict=True)
