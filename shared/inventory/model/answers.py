"""What stock is asked for, what it answers, and why it refuses."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from shared.inventory.model.documents import Hardness
from shared.kernel.errors import Outside, Refused


@dataclass(frozen=True, slots=True)
class ClosesWait:
    """The wait that a reservation covers: its part and the generation that closes it."""

    part: int
    generation: int


@dataclass(frozen=True, slots=True)
class Reserve:
    """Units wanted of one SKU at one location.

    `guard` is the safety stock that must remain. `closes_wait` is named when the part was queued
    before: its wait ends in the same write. `expires_at`: soft only.
    """

    reservation_id: str
    sku: str
    location_id: str
    quantity: int
    order_id: str
    line_id: str
    part: int
    guard: int = 0
    hardness: Hardness = Hardness.HARD
    expires_at: datetime | None = None
    tracked: bool = True
    closes_wait: ClosesWait | None = None


@dataclass(frozen=True, slots=True)
class Won:
    """The units are reserved, now or by an earlier call with the same content."""

    reservation_id: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The id is spent: plan again with a new one. `reason`: void, differs, or its ending."""

    reservation_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Short:
    """Too few units there; `available` is what may be reserved above the guard, never below 0."""

    reservation_id: str
    available: int


Reserved: TypeAlias = Won | Lost | Short


class Outcome(StrEnum):
    """What a stock task or a stock message came to."""

    DONE = "done"
    REPEATED = "repeated"  # it was done before; nothing changed
    VOIDED = "voided"  # the reservation had not come; its id is spent now
    LOST = "lost"  # another ending had won; only what is still true of the task was done


@dataclass(frozen=True, slots=True)
class Recorded:
    """A fact is in the ledger. Not `effective`: a newer count had seen it."""

    outcome: Outcome
    effective: bool = True
    short: int = 0


class NotYetReserved(Outside):
    """A task overtook the one that makes its reservation; try again later."""

    code = "not-yet-reserved"

    def __init__(self, reservation_id: str) -> None:
        super().__init__(f"{reservation_id} is not reserved yet")
        self.reservation_id = reservation_id


class NotReserved(Refused):
    """A caller releases what was never reserved, or has ended."""

    code, status = "not-reserved", 409

    def __init__(self, reservation_id: str) -> None:
        super().__init__(f"{reservation_id} holds no units")
        self.reservation_id = reservation_id


class SharesDiffer(Refused):
    """The shares of a division are more units than the reservation has."""

    code, status = "shares-differ", 422

    def __init__(self, reservation_id: str, has: int, shared: int) -> None:
        super().__init__(f"{reservation_id} has {has} units; its shares have {shared}")
        self.reservation_id, self.has, self.shared = reservation_id, has, shared


class RuleInvalid(Refused):
    """A stock rule does not say what its kind needs."""

    code, status = "stock-rule-invalid", 422

    def __init__(self, rule_id: str, detail: str) -> None:
        super().__init__(f"rule {rule_id}: {detail}")
        self.rule_id = rule_id
