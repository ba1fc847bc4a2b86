"""Overcommitment: which reservations are taken back when a fact overdraws a level (semantics 4)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

_NO_PROMISE: Final = datetime.max.replace(tzinfo=UTC)  # the latest of all promises


@dataclass(frozen=True, slots=True)
class Claim:
    """An open hard reservation at an overcommitted level, with what its order promised."""

    reservation_id: str
    quantity: int
    priority: int
    promise_by: datetime | None
    accepted_at: datetime
    is_picked: bool = False


@dataclass(frozen=True, slots=True)
class TakeBack:
    """What to do about a shortage: reservations to take back, picked ones to show a person."""

    taken: tuple[Claim, ...]
    exceptions: tuple[Claim, ...]
    still_short: int  # units that no reservation covers: the shortage stands as it is


def take_back(short: int, claims: Iterable[Claim]) -> TakeBack:
    """Choose until free is 0 again: unpicked, lowest priority and latest promise first.

    Where those do not suffice, picked ones become exceptions in the same order.
    """
    ordered = sorted(claims, key=_last_served_first)
    taken, short = _until_covered(short, (c for c in ordered if not c.is_picked))
    exceptions, short = _until_covered(short, (c for c in ordered if c.is_picked))
    return TakeBack(taken, exceptions, short)


def _last_served_first(claim: Claim) -> tuple[int, float, float, str]:
    promise = claim.promise_by or _NO_PROMISE
    by_time = -promise.timestamp(), -claim.accepted_at.timestamp()
    return (claim.priority, *by_time, claim.reservation_id)


def _until_covered(short: int, claims: Iterable[Claim]) -> tuple[tuple[Claim, ...], int]:
    chosen: list[Claim] = []
    for claim in claims:
        if short <= 0:
            break
        chosen.append(claim)
        short -= claim.quantity
    return tuple(chosen), max(0, short)
