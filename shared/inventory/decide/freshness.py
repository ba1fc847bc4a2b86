"""How old a location's figures are, and what was probably sold since it told them (semantics 3).

A location's feed is its counts: `counted_as_of` of a level is when it last told. Without a limit
nothing is ever stale; with one, a level that was never counted is.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from shared.inventory.model import NEVER, Level, MovementDocument

WINDOW: Final = timedelta(days=28)  # how far back sales are looked at
SOLD_BY: Final = frozenset({"sale", "sale-returned", "count"})


def age_minutes(counted_as_of: str, now: datetime) -> int | None:
    """Return how long ago a level was counted, in started minutes; None: never."""
    if counted_as_of == NEVER:
        return None
    age = now - datetime.fromisoformat(counted_as_of)
    return max(0, -(-age // timedelta(minutes=1)))


def is_stale(counted_as_of: str, fresh_minutes: int | None, now: datetime) -> bool:
    """Tell whether a location has told nothing within its limit; at the limit it is fresh."""
    if fresh_minutes is None:
        return False
    age = age_minutes(counted_as_of, now)
    return age is None or age > fresh_minutes


def expected_sold(level: Level, movements: Iterable[MovementDocument], now: datetime) -> int:
    """Return the units that a stale location has probably sold since its last count, rounded up.

    `movements`: of this level within `WINDOW`. Its tills' sales, and what its counts found missing,
    are its rate; our own orders are known at once and are not expected.
    """
    sold = sum(max(0, -m.on_hand) for m in movements if m.effective and m.reason in SOLD_BY)
    age = age_minutes(level.counted_as_of, now)
    silent = WINDOW if age is None else timedelta(minutes=age)
    return -(-sold * silent // WINDOW)
