"""A shipment's life: the table, what moves it, and pure helpers for those who store it.

Commands (book, label, manifest, void) are refused when the table has no row. What the carrier
reports is a fact and never refused: `report` keeps the state and says that it conflicts.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from shared.kernel.machine import Machine


class ShipmentStatus(StrEnum):
    """Where a shipment stands (semantics 6)."""

    QUOTED = "quoted"
    BOOKED = "booked"
    LABELLED = "labelled"
    MANIFESTED = "manifested"
    IN_TRANSIT = "in-transit"
    EXCEPTION = "exception"
    DELIVERED = "delivered"
    LOST = "lost"
    RETURNED_TO_SENDER = "returned-to-sender"
    VOIDED = "voided"


class Book:
    """A service was chosen and the carrier told."""


class Label:
    """The labels of all parcels are there."""


class Manifest:
    """The parcels stand on the list that the carrier collects."""


class Void:
    """Taken back; possible before the first scan only."""


class Scan:
    """The carrier has it: the first scan, or a sign of life after an exception."""


class Trouble:
    """The carrier reports a failed attempt, damage, customs, a wrong address."""


class Deliver:
    """Handed to the recipient."""


class Lose:
    """The carrier has given it up."""


class ReturnToSender:
    """It came back."""


ShipmentCommand: TypeAlias = type[Book] | type[Label] | type[Manifest] | type[Void]
CarrierFact: TypeAlias = (
    type[Scan] | type[Trouble] | type[Deliver] | type[Lose] | type[ReturnToSender]
)

# Carriers leave scans out: whatever is at least booked may be reported delivered or lost at once.
_REPORTS: Final[dict[type, ShipmentStatus]] = {
    Scan: ShipmentStatus.IN_TRANSIT,
    Trouble: ShipmentStatus.EXCEPTION,
    Deliver: ShipmentStatus.DELIVERED,
    Lose: ShipmentStatus.LOST,
    ReturnToSender: ShipmentStatus.RETURNED_TO_SENDER,
}

SHIPMENT_LIFE: Final = Machine(
    "shipment",
    ShipmentStatus.QUOTED,
    edges={
        ShipmentStatus.QUOTED: {Book: ShipmentStatus.BOOKED, Void: ShipmentStatus.VOIDED},
        ShipmentStatus.BOOKED: {
            Label: ShipmentStatus.LABELLED,
            Void: ShipmentStatus.VOIDED,
            **_REPORTS,
        },
        ShipmentStatus.LABELLED: {
            Manifest: ShipmentStatus.MANIFESTED,
            Void: ShipmentStatus.VOIDED,
            **_REPORTS,
        },
        ShipmentStatus.MANIFESTED: {Void: ShipmentStatus.VOIDED, **_REPORTS},
        ShipmentStatus.IN_TRANSIT: dict(_REPORTS),
        ShipmentStatus.EXCEPTION: dict(_REPORTS),
        # A parcel given up may turn up; one delivered may be refused at the door and come back.
        ShipmentStatus.LOST: {
            Deliver: ShipmentStatus.DELIVERED,
            ReturnToSender: ShipmentStatus.RETURNED_TO_SENDER,
        },
        ShipmentStatus.DELIVERED: {ReturnToSender: ShipmentStatus.RETURNED_TO_SENDER},
        ShipmentStatus.RETURNED_TO_SENDER: {},
        ShipmentStatus.VOIDED: {},
    },
)


@dataclass(frozen=True, slots=True)
class Report:
    """The state after a carrier's report; `conflicts`: the table has no row, so it stayed."""

    status: ShipmentStatus
    conflicts: bool = False


def advance(status: ShipmentStatus, command: ShipmentCommand) -> ShipmentStatus:
    """Return the state after a command of ours.

    Raises:
        NotAllowed: the table has no row; names the legal ones.
    """
    return SHIPMENT_LIFE.next(status, command)


def report(status: ShipmentStatus, fact: CarrierFact) -> Report:
    """Return the state after what a carrier reported; the same report again changes nothing."""
    if SHIPMENT_LIFE.allows(status, fact):
        return Report(SHIPMENT_LIFE.next(status, fact))
    return Report(status, conflicts=_REPORTS[fact] is not status)
