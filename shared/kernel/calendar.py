"""Opening hours, closures, working days and cut-offs in a place's own time zone.

`OpeningHours` and `WorkingWeek` (shared.kernel.hours) are the data in documents; `Calendar` and
`WorkingDays` are compiled from them, answer in microseconds and are meant to be kept.

Days with a clock change: a wall time that is skipped means the instant of the jump, one that comes
twice means its first pass. So a window may shrink to nothing, and a cut-off is never later than a
customer could read it.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from shared.kernel.hours import (
    MIDNIGHT,
    Closure,
    OpeningHours,
    SpecialHours,
    WeeklyHours,
    Window,
    WorkingWeek,
    zone_of,
)

__all__ = [
    "Calendar",
    "Closure",
    "OpeningHours",
    "SpecialHours",
    "WeeklyHours",
    "Window",
    "WorkingDays",
    "WorkingWeek",
    "add_working_days",
    "calendar_of",
    "instant",
    "zone_of",
]

LOOK_AHEAD_DAYS_MAX: Final = 400  # a season and a year: whoever is closed longer is closed for good
DAYS_KEPT_MAX: Final = 1_000  # computed days in one calendar's memory
ONE_DAY: Final = timedelta(days=1)

Span = tuple[datetime, datetime]  # UTC, from inclusive, to exclusive


@lru_cache(maxsize=20_000)  # the order path asks for the same few cut-offs of 40 locations
def instant(zone: ZoneInfo, day: date, wall: time) -> datetime:
    """Return the UTC instant of a wall time (clock changes: see the module's head)."""
    first = datetime.combine(day, wall.replace(fold=0), zone)
    second = first.replace(fold=1)
    before, after = first.utcoffset(), second.utcoffset()
    if before is None or after is None or before >= after:
        return first.astimezone(UTC)
    return _jump(zone, second.astimezone(UTC), first.astimezone(UTC))


def _jump(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """Find the clock change between two instants, to the second."""
    before = low.astimezone(zone).utcoffset()
    for _ in range((high - low).days + 18):  # 2**17 s is more than a day
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high


def add_working_days(day: date, count: int, is_working: Callable[[date], bool]) -> date | None:
    """Return the count-th working day after `day`; count 0: `day`, or the next that works.

    None when fewer than `count` working days are in sight (`LOOK_AHEAD_DAYS_MAX`).
    """
    left = count
    if left == 0:
        day, left = day - ONE_DAY, 1
    for _ in range(LOOK_AHEAD_DAYS_MAX):
        day += ONE_DAY
        if is_working(day):
            left -= 1
            if left == 0:
                return day
    return None


class WorkingDays:
    """A working week, compiled."""

    __slots__ = ("_after", "_holidays", "_weekdays")

    def __init__(self, week: WorkingWeek) -> None:
        self._weekdays = frozenset(week.weekdays)
        self._holidays = frozenset(week.holidays)
        self._after: dict[tuple[date, int], date | None] = {}

    def is_working_day(self, day: date) -> bool:
        """Tell whether the carrier works that day."""
        return day.isoweekday() in self._weekdays and day not in self._holidays

    def add(self, day: date, count: int) -> date | None:
        """Return the count-th working day after `day` (see `add_working_days`)."""
        key = (day, count)
        if key not in self._after:
            if len(self._after) >= DAYS_KEPT_MAX:
                self._after.clear()
            self._after[key] = add_working_days(day, count, self.is_working_day)
        return self._after[key]


class Calendar:
    """Opening hours, compiled; remembers the days it was asked about, so keep it.

    Arguments named `at` are aware instants; answers are UTC.
    """

    __slots__ = ("_closures", "_days", "_special", "_week", "zone")

    def __init__(self, hours: OpeningHours) -> None:
        self.zone = zone_of(hours.zone)
        self._week = hours.weekly.by_weekday()
        self._special = {entry.on: entry.windows for entry in hours.special}
        self._closures = tuple((closure.first, closure.last) for closure in hours.closures)
        self._days: dict[date, tuple[Span, ...]] = {}

    def local_date(self, at: datetime) -> date:
        """Return the date on the wall at that instant."""
        return at.astimezone(self.zone).date()

    def instant(self, day: date, wall: time) -> datetime:
        """Return the instant of a wall time here."""
        return instant(self.zone, day, wall)

    def windows_on(self, day: date) -> tuple[Window, ...]:
        """Return the windows of a date: special hours, else a closure, else the week's."""
        special = self._special.get(day)
        if special is not None:
            return special
        if any(first <= day <= last for first, last in self._closures):
            return ()
        return self._week[day.weekday()]

    def spans_on(self, day: date) -> tuple[Span, ...]:
        """Return the windows of a date as instants, without those that a clock change swallows."""
        spans = self._days.get(day)
        if spans is None:
            if len(self._days) >= DAYS_KEPT_MAX:
                self._days.clear()
            spans = self._days[day] = tuple(self._spans(day))
        return spans

    def _spans(self, day: date) -> Iterator[Span]:
        for window in self.windows_on(day):
            last_day = day + ONE_DAY if window.closes == MIDNIGHT else day
            opens = instant(self.zone, day, window.opens)
            closes = instant(self.zone, last_day, window.closes)
            if opens < closes:
                yield opens, closes

    def _spans_from(self, day: date) -> Iterator[Span]:
        for _ in range(LOOK_AHEAD_DAYS_MAX):
            yield from self.spans_on(day)
            day += ONE_DAY

    def is_working_day(self, day: date) -> bool:
        """Tell whether the place opens at all on a date."""
        return bool(self.spans_on(day))

    def add_working_days(self, day: date, count: int) -> date | None:
        """Return the count-th open day after `day` (see the function of that name)."""
        return add_working_days(day, count, self.is_working_day)

    def is_open(self, at: datetime) -> bool:
        """Tell whether the place is open; it is at its opening, and is not at its closing."""
        return any(opens <= at < closes for opens, closes in self.spans_on(self.local_date(at)))

    def open_from(self, at: datetime) -> datetime | None:
        """Return `at` when open, else the next opening; None when none is in sight."""
        return self.add_open_time(at, timedelta(0))

    def next_close(self, at: datetime) -> datetime | None:
        """Return the first closing after `at`; None when it never closes, or never opens."""
        today = self.local_date(at)
        closing = None
        for opens, closes in self._spans_from(today):
            if closes <= at:
                continue
            if closing is not None and opens > closing:
                return closing
            closing = closes
        if closing is not None and self.local_date(closing) < today + ONE_DAY * LOOK_AHEAD_DAYS_MAX:
            return closing  # the last one before it shuts for good
        return None

    def last_close(self, day: date) -> datetime | None:
        """Return the end of a date's last window; None when closed all day."""
        spans = self.spans_on(day)
        return spans[-1][1] if spans else None

    def add_open_time(self, at: datetime, work: timedelta) -> datetime | None:
        """Return when work that goes on in opening hours only, begun at `at`, is done.

        Work that fills the hours to the last second is done at the closing. None when the open
        hours in sight are too few.
        """
        for opens, closes in self._spans_from(self.local_date(at)):
            begin = max(at, opens)
            if begin >= closes:
                continue
            if work <= closes - begin:
                return begin.astimezone(UTC) + work
            work -= closes - begin
        return None


@lru_cache(maxsize=2_000)
def calendar_of(hours: OpeningHours) -> Calendar:
    """Return the compiled calendar of these hours, kept for a process's busiest locations."""
    return Calendar(hours)
