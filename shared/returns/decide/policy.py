"""What may come back, and until when (semantics 8)."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from shared.kernel.calendar import instant, zone_of
from shared.returns.model import OPEN, FinalSale, NotReturnable, OfBundle, Return, WindowClosed

# A product's return class: these are sold for good, `14-days` has a window of its own, any other
# one has the tenant's.
EXCLUDED: Final = frozenset({"final-sale", "not-returnable"})
_OWN_DAYS: Final = re.compile(r"([0-9]{1,4})-days", re.ASCII)


@dataclass(frozen=True, slots=True)
class Out:
    """Units with the customer; `since` their hand-over or delivery, None while under way."""

    quantity: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class SoldLine:
    """An order's line as returns see it."""

    line_id: str
    sku: str | None
    title: str | None
    out: tuple[Out, ...]
    is_final_sale: bool = False
    return_class: str = "standard"
    is_tax_included: bool = False
    bundle: OfBundle | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """The tenant's window, and the clock by which it ends."""

    window_days: int
    zone: ZoneInfo


def customer_zone(order_zone: str | None, tenant_zone: str) -> ZoneInfo:
    """Return the customer's time zone where it is known, else the tenant's."""
    try:
        return zone_of(order_zone or tenant_zone)
    except ValueError:  # channels send what they like
        return zone_of(tenant_zone)


def window_days(line: SoldLine, policy: Policy) -> int | None:
    """Return how many days the line may come back; None: not at all."""
    if line.is_final_sale or line.return_class in EXCLUDED:
        return None
    own = _OWN_DAYS.fullmatch(line.return_class)
    return int(own.group(1)) if own else policy.window_days


def window_end(since: datetime, days: int, zone: ZoneInfo) -> datetime:
    """Return the first instant at which it is too late: the last day counts to its end."""
    last = since.astimezone(zone).date() + timedelta(days=days)
    return instant(zone, last + timedelta(days=1), time.min)


def spoken_for(returns: Iterable[Return], line_id: str) -> int:
    """Return the line's units that open returns still expect."""
    return sum(
        line.quantity - line.received
        for found in returns
        if found.status in OPEN
        for line in found.lines
        if line.line_id == line_id
    )


def returnable(line: SoldLine, returns: Iterable[Return]) -> int:
    """Return the units that are with the customer and named by no open return."""
    out = sum(row.quantity for row in line.out)
    return max(0, out - spoken_for(returns, line.line_id))


@dataclass(frozen=True, slots=True)
class Window:
    """How many units may come back now, and until when; `until` None while nothing has arrived."""

    units: int
    until: datetime | None


def window_of(line: SoldLine, returns: Sequence[Return], policy: Policy, now: datetime) -> Window:
    """Return what may come back of a line by policy; open returns are of its oldest units."""
    days = window_days(line, policy)
    if days is None:
        return Window(0, None)
    ends = _ends(line, days, policy)
    units = sum(quantity for quantity, end in ends if end is None or now < end)
    known = [end for _, end in ends if end is not None]
    is_under_way = len(known) < len(ends)
    until = None if is_under_way or not known else max(known)
    return Window(min(units, returnable(line, returns)), until)


def _ends(line: SoldLine, days: int, policy: Policy) -> list[tuple[int, datetime | None]]:
    return [
        (row.quantity, row.since and window_end(row.since, days, policy.zone)) for row in line.out
    ]


def check_returnable(
    line: SoldLine, asked: int, returns: Sequence[Return], policy: Policy, now: datetime
) -> None:
    """Hold units to the policy.

    Raises:
        NotReturnable: more than the customer has and no other return names.
        FinalSale: they were sold for good.
        WindowClosed: their window is over.
    """
    check_there(line, asked, returns)
    days = window_days(line, policy)
    if days is None:
        raise FinalSale(line.line_id)
    if asked > window_of(line, returns, policy, now).units:
        over = [end for _, end in _ends(line, days, policy) if end is not None and end <= now]
        raise WindowClosed(line.line_id, max(over))


def check_there(line: SoldLine, asked: int, returns: Sequence[Return]) -> None:
    """Hold units to what the customer has; no operator can override this.

    Raises:
        NotReturnable: more than that.
    """
    possible = returnable(line, returns)
    if asked > possible:
        raise NotReturnable(line.line_id, asked, possible)
