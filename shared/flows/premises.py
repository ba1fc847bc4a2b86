"""What routing knows of a location whatever the order: worked out once, with the tenant (pure)."""

from dataclasses import dataclass
from datetime import datetime, time

from shared.catalog.model import Location
from shared.kernel.calendar import Calendar


@dataclass(frozen=True, slots=True)
class Premises:
    """A location with its calendar compiled; degrees, and sets instead of lists."""

    location: Location
    calendar: Calendar
    groups: frozenset[str]
    capabilities: frozenset[str]
    lat: float | None
    lon: float | None
    last_cutoff: time | None  # after it every carrier that the location names has left

    @property
    def location_id(self) -> str:
        return self.location.location_id


def premises_of(location: Location, calendar: Calendar) -> Premises:
    """Return a location as routing sees it; `calendar` is that of its hours."""
    place = location.place
    return Premises(
        location=location,
        calendar=calendar,
        groups=frozenset(location.groups),
        capabilities=frozenset(location.capabilities),
        lat=None if place.lat_e6 is None else place.lat_e6 / 1e6,
        lon=None if place.lon_e6 is None else place.lon_e6 / 1e6,
        last_cutoff=max(location.cutoffs.values(), default=None),
    )


@dataclass(frozen=True, slots=True)
class Hour:
    """How a location stands at one moment."""

    is_open: bool
    is_past_cutoffs: bool


class Hours:
    """One moment at many locations: a chain's stores share few calendars."""

    __slots__ = ("_known", "_now")

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._known: dict[tuple[Calendar, time | None], Hour] = {}

    def at(self, premises: Premises) -> Hour:
        """Return how the location stands; a cut-off met exactly is late (semantics 5)."""
        key = (premises.calendar, premises.last_cutoff)
        hour = self._known.get(key)
        if hour is None:
            hour = self._known[key] = _hour(*key, self._now)
        return hour


def _hour(calendar: Calendar, last_cutoff: time | None, now: datetime) -> Hour:
    is_past = last_cutoff is not None and now >= calendar.instant(
        calendar.local_date(now), last_cutoff
    )
    return Hour(calendar.is_open(now), is_past)
