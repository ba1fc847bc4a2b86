"""Opening hours and working weeks as data: what stands in documents of locations and carriers."""

from datetime import date, time
from functools import lru_cache
from itertools import pairwise
from typing import Annotated, Final, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, model_validator

from shared.kernel.model import ShortText, Strict

MIDNIGHT: Final = time(0, 0)


@lru_cache(maxsize=600)  # all of IANA's zones
def zone_of(name: str) -> ZoneInfo:
    """Return the IANA zone of that name.

    Raises:
        ValueError: no such zone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is not an IANA time zone") from error


def _known_zone(name: str) -> str:
    zone_of(name)
    return name


def _wall_time(value: time) -> time:
    if value.tzinfo is not None:
        raise ValueError("a local time carries no offset")
    return value


ZoneName = Annotated[str, AfterValidator(_known_zone)]
LocalTime = Annotated[time, AfterValidator(_wall_time)]


class Window(Strict):
    """From opening to closing on one day; closing at 00:00 is the end of that day."""

    opens: LocalTime
    closes: LocalTime

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if MIDNIGHT != self.closes <= self.opens:
            raise ValueError("a window that passes midnight is written as two")
        return self


def _apart(windows: tuple[Window, ...]) -> tuple[Window, ...]:
    for earlier, later in pairwise(windows):
        if earlier.closes == MIDNIGHT or later.opens < earlier.closes:
            raise ValueError("the windows of a day stand in order and do not overlap")
    return windows


Windows = Annotated[tuple[Window, ...], Field(max_length=12), AfterValidator(_apart)]


class WeeklyHours(Strict):
    """The usual week; a day without windows is closed."""

    monday: Windows = ()
    tuesday: Windows = ()
    wednesday: Windows = ()
    thursday: Windows = ()
    friday: Windows = ()
    saturday: Windows = ()
    sunday: Windows = ()

    def by_weekday(self) -> tuple[tuple[Window, ...], ...]:
        """Return seven days' windows, Monday first."""
        working = (self.monday, self.tuesday, self.wednesday, self.thursday, self.friday)
        return (*working, self.saturday, self.sunday)


class Closure(Strict):
    """Closed from the first to the last day, both included."""

    first: date
    last: date
    reason: ShortText | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise ValueError("a closure ends on or after its first day")
        return self


class SpecialHours(Strict):
    """The hours of one date in place of the week's, and in place of a closure."""

    on: date
    windows: Windows = ()


class OpeningHours(Strict):
    """Everything that decides when a location is open."""

    zone: ZoneName
    weekly: WeeklyHours
    closures: tuple[Closure, ...] = Field(default=(), max_length=400)
    special: tuple[SpecialHours, ...] = Field(default=(), max_length=400)

    @model_validator(mode="after")
    def _one_answer_a_day(self) -> Self:
        if len({entry.on for entry in self.special}) < len(self.special):
            raise ValueError("special hours name each date once")
        return self


class WorkingWeek(Strict):
    """The days a carrier works: ISO weekdays (1 Monday to 7 Sunday) without its holidays."""

    weekdays: tuple[Annotated[int, Field(ge=1, le=7)], ...] = Field(
        default=(1, 2, 3, 4, 5), min_length=1, max_length=7
    )
    holidays: tuple[date, ...] = Field(default=(), max_length=366)
