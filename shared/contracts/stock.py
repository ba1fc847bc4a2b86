"""Stock tasks: what a change of order parts or of a return asks of one SKU's stock.

An event carries them beside the change that it tells of, so that they are known exactly when the
change is; the stock side does each once, in any order, however often the event comes (design 3).
"""

from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from shared.contracts.base import Contract
from shared.kernel.model import Identifier, Instant, Integer, Units


class Ending(StrEnum):
    """How a reservation ends; exactly one wins."""

    CONSUMED = "consumed"
    RELEASED = "released"
    EXPIRED = "expired"
    MOVED = "moved"
    HARDENED = "hardened"


class RejectReason(StrEnum):
    """Why a location gives work back (semantics 7); overcommitted and no-response are ours."""

    NOT_IN_STOCK = "not-in-stock"
    MISMATCH = "mismatch"
    DAMAGED = "damaged"
    WORN_DISPLAY = "worn-display"
    NO_VARIANCE = "no-variance"
    NO_RESPONSE = "no-response"
    OVERCOMMITTED = "overcommitted"


GENERATION_LAST = 2**31 - 1


def generation_of_reserve(attempt: int) -> int:
    """Return the generation with which a reservation of `attempt` closes its part's wait."""
    return 2 * attempt


def generation_of_queue(attempt: int) -> int:
    """Return the generation of queueing a part again after what `attempt` did to it.

    After a failed attempt, or after the reservation made by `attempt` was given back.
    """
    return 2 * attempt + 1


class Wait(Contract):
    """Demand of one order part that no reservation covers (queued demand).

    Queueing and unqueueing of one part may come late, twice and in any order: the wait document
    is never deleted; it carries the highest `generation` that it has seen and whether it is open,
    and a task with a lower or equal generation changes nothing. Reserving a part in attempt n
    closes it with generation 2n (creating it closed when its queue task has not come yet), queueing
    after attempt n opens it with 2n + 1, and cancelling closes it with GENERATION_LAST. A part that
    was never queued has no wait document, and its first reservation does not create one.
    """

    order_id: Identifier
    line_id: Identifier
    part: int = Field(ge=1)
    sku: Identifier
    quantity: Units
    pool_id: Identifier
    pickup_location: Identifier | None = None
    priority: int = Field(default=0, ge=-1000, le=1000)
    promise_by: Instant | None = None
    accepted_at: Instant
    generation: int = Field(ge=1, le=GENERATION_LAST)


class EndReservation(Contract):
    """End a reservation; `wait` queues its demand again in the same write, `effect` follows it.

    `unpicked_only`: on-hand becomes what is picked, packed, damaged and on hold (not-in-stock).
    """

    task: Literal["end"] = "end"
    reservation_id: Identifier
    sku: Identifier
    location_id: Identifier
    quantity: Units
    ending: Ending
    effect: RejectReason | None = None
    wait: Wait | None = None
    picked_units: int = Field(default=0, ge=0)  # of this SKU here, in fulfillments: not-in-stock


class Share(Contract):
    """One part of a divided reservation: a new reservation, or an ending when `ending` is set."""

    reservation_id: Identifier
    line_id: Identifier
    part: int = Field(ge=1)
    quantity: Units
    ending: Ending | None = None
    effect: RejectReason | None = None
    wait: Wait | None = None


class DivideReservation(Contract):
    """End a reservation as moved and open one for each share, in one write."""

    task: Literal["divide"] = "divide"
    reservation_id: Identifier
    order_id: Identifier
    sku: Identifier
    location_id: Identifier
    shares: tuple[Share, ...] = Field(min_length=1, max_length=20)
    picked_units: int = Field(default=0, ge=0)


class Queue(Contract):
    """Queue a part's demand; nothing when a later generation was seen (see Wait)."""

    task: Literal["queue"] = "queue"
    wait: Wait


class Unqueue(Contract):
    """Take a part's demand off the queue for good, or up to `generation` (see Wait)."""

    task: Literal["unqueue"] = "unqueue"
    sku: Identifier
    order_id: Identifier
    line_id: Identifier
    part: int = Field(ge=1)
    generation: int = Field(default=GENERATION_LAST, ge=1, le=GENERATION_LAST)


class Move(Contract):
    """A movement: deltas of one level, recorded once by its id."""

    task: Literal["move"] = "move"
    movement_id: Identifier
    sku: Identifier
    location_id: Identifier
    on_hand: Integer = 0
    damaged: Integer = 0
    quality_hold: Integer = 0
    at: Instant
    reason: Identifier
    order_id: Identifier | None = None


class Restore(Contract):
    """A shipment was voided before its first scan: on hand and reservation come back."""

    task: Literal["restore"] = "restore"
    reservation_id: Identifier  # the new one
    was: Identifier  # the consumed one
    order_id: Identifier
    line_id: Identifier
    part: int = Field(ge=1)
    sku: Identifier
    location_id: Identifier
    quantity: Units
    at: Instant


StockTask: TypeAlias = Annotated[
    EndReservation | DivideReservation | Queue | Unqueue | Move | Restore,
    Field(discriminator="task"),
]
