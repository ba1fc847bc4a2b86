"""NCRONTAB schedules: {second} {minute} {hour} {day} {month} {day of week}, in UTC.

Five fields mean second 0. A day must fit both its fields, as with the platform's library (Unix cron
takes either). Day of week 0 and 7 are Sunday. Times of day are UTC as on Flex Consumption.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

YEARS_MAX: Final = 8  # 29 February comes within them, also across a century
# How far back the last instant is looked for, step by step: it is mostly near.
SPANS: Final = tuple(timedelta(days=days) for days in (1 / 1_440, 1 / 24, 1, 32, 366 * YEARS_MAX))
MONTHS: Final = (
    *("jan", "feb", "mar", "apr", "may", "jun"),
    *("jul", "aug", "sep", "oct", "nov", "dec"),
)
DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


class WrongSchedule(ValueError):
    """A text that is no NCRONTAB schedule, or names no instant."""


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    low: int
    high: int
    words: tuple[str, ...] = ()


_FIELDS: Final = (
    _Field("second", 0, 59),
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day", 1, 31),
    _Field("month", 1, 12, ("", *MONTHS)),
    _Field("day of week", 0, 7, DAYS),
)


@dataclass(frozen=True, slots=True)
class Schedule:
    """The instants at which a timer fires."""

    text: str
    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    def after(self, instant: datetime) -> datetime:
        """Return the first instant later than this one.

        Raises:
            WrongSchedule: there is none within YEARS_MAX years, such as 31 April.
        """
        start = (instant.astimezone(UTC) + timedelta(seconds=1)).replace(microsecond=0)
        if self._has(start.date()) and (found := self._time_from(start.time())) is not None:
            return datetime.combine(start.date(), found, UTC)
        first = time(self.hours[0], self.minutes[0], self.seconds[0])
        for days in range(1, 366 * YEARS_MAX):
            day = start.date() + timedelta(days=days)
            if self._has(day):
                return datetime.combine(day, first, UTC)
        raise WrongSchedule(f"{self.text!r} names no instant")

    def last(self, earliest: datetime, now: datetime) -> datetime | None:
        """Return the last instant from `earliest` to `now`, both included, or None."""
        for span in SPANS:
            at = self.after(max(earliest, now - span) - timedelta(seconds=1))
            found = None
            while at <= now:
                found, at = at, self.after(at)
            if found is not None:
                return found
        return None

    def _has(self, day: date) -> bool:
        return (
            day.month in self.months
            and day.day in self.days
            and day.isoweekday() % 7 in self.weekdays
        )

    def _time_from(self, least: time) -> time | None:
        """Return the first time of day not before this one."""
        for hour in self.hours:
            if hour < least.hour:
                continue
            for minute in self.minutes:
                if (hour, minute) < (least.hour, least.minute):
                    continue
                is_same = (hour, minute) == (least.hour, least.minute)
                floor = least.second if is_same else 0
                second = next((each for each in self.seconds if each >= floor), None)
                if second is not None:
                    return time(hour, minute, second)
        return None


def parse_schedule(text: str) -> Schedule:
    """Read a schedule.

    Raises:
        WrongSchedule: not five or six fields, or a value out of range.
    """
    parts = text.split()
    if len(parts) == 5:
        parts.insert(0, "0")
    if len(parts) != 6:
        raise WrongSchedule(f"{text!r} has not the six fields of NCRONTAB")
    values = [_values(part, field) for part, field in zip(parts, _FIELDS, strict=True)]
    schedule = Schedule(
        text=text,
        seconds=tuple(sorted(values[0])),
        minutes=tuple(sorted(values[1])),
        hours=tuple(sorted(values[2])),
        days=frozenset(values[3]),
        months=frozenset(values[4]),
        weekdays=frozenset(day % 7 for day in values[5]),
    )
    schedule.after(datetime(2024, 1, 1, tzinfo=UTC))  # refuses what never comes
    return schedule


def _values(text: str, field: _Field) -> set[int]:
    found: set[int] = set()
    for part in text.split(","):
        found |= _range(part, field)
    return found


def _range(text: str, field: _Field) -> set[int]:
    span, _, step_text = text.partition("/")
    step = _number(step_text, field, least=1) if "/" in text else 1
    if span == "*":
        low, high = field.low, field.high if field.high != 7 else 6
    elif "-" in span:
        first, _, last = span.partition("-")
        low, high = _number(first, field), _number(last, field)
    else:
        low = _number(span, field)
        high = field.high if "/" in text else low
    if low > high:
        raise WrongSchedule(f"{text!r} runs backwards in the field {field.name}")
    return set(range(low, high + 1, step))


def _number(text: str, field: _Field, least: int | None = None) -> int:
    word = text.lower()[:3]
    if text.isalpha() and word in field.words and word:
        return field.words.index(word)
    low = field.low if least is None else least
    if not (text.isdecimal() and text.isascii()) or not low <= int(text) <= field.high:
        raise WrongSchedule(f"{text!r} is not from {low} to {field.high} in the field {field.name}")
    return int(text)
