"""A location's queue as its people see it: how late work is, and what to fetch from the shelves."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.fulfillment import model as m
from shared.fulfillment.model import Fulfillment, Status

SOON: Final = timedelta(hours=1)
_MINUTE: Final = timedelta(minutes=1)
_STORE: Final = "store"


class Urgency(StrEnum):
    """How near the due time is; work that is over has none."""

    OVERDUE = "overdue"
    DUE_SOON = "due-soon"
    ON_TIME = "on-time"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Ageing:
    """Whole minutes since the due time, 0 before it, and whole minutes waited since creation."""

    urgency: Urgency
    minutes_overdue: int
    minutes_waiting: int


def ageing(work: Fulfillment, now: datetime) -> Ageing:
    """Return how late work is; at its due time it is overdue."""
    until = work.ended_at or now
    waiting = max(0, (until - work.created_at) // _MINUTE)
    if work.status in m.ENDED:
        return Ageing(Urgency.DONE, 0, waiting)
    if work.due_by <= now:
        return Ageing(Urgency.OVERDUE, (now - work.due_by) // _MINUTE, waiting)
    is_soon = work.due_by - now <= SOON
    return Ageing(Urgency.DUE_SOON if is_soon else Urgency.ON_TIME, 0, waiting)


def can_move(work: Fulfillment) -> bool:
    """Tell whether work may go to another location: unpicked, and a 3PL has not taken it on."""
    if work.method != "ship":
        return False
    in_store = work.location_kind == _STORE and work.status is Status.ACCEPTED
    return work.status in {Status.SCHEDULED, Status.OPEN} or in_store


@dataclass(frozen=True, slots=True)
class ToPick:
    """Units of a SKU that lie on the shelf still, and the work that waits for them."""

    sku: str
    title: str | None
    quantity: int
    fulfillments: tuple[tuple[str, int], ...]


def pick_list(works: Iterable[Fulfillment]) -> tuple[ToPick, ...]:
    """Return what to fetch, by SKU; the first work named is the most urgent."""
    titles: dict[str, str | None] = {}
    wanted: dict[str, dict[str, int]] = {}
    for work in works:
        for item in work.items:
            left = item.quantity - item.picked
            if left and not item.cancel_asked:
                titles[item.sku] = titles.get(item.sku) or item.title
                by_work = wanted.setdefault(item.sku, {})
                by_work[work.fulfillment_id] = by_work.get(work.fulfillment_id, 0) + left
    return tuple(
        ToPick(sku, titles[sku], sum(by_work.values()), tuple(by_work.items()))
        for sku, by_work in sorted(wanted.items())
    )
