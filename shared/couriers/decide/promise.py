"""Promise dates: when an order leaves, arrives, or is ready to be picked up.

The order is worked on from now, or from the next opening; after the cut-off (or at it) from the
next day's opening. Handling passes in opening hours. It leaves on the first day from then on which
the location is open and the carrier works, by that day's last closing; transit counts the
carrier's working days.
"""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.couriers.decide.tariff import Rate
from shared.couriers.model import Promise, Site
from shared.kernel.calendar import ONE_DAY, Calendar, WorkingDays, instant, zone_of
from shared.kernel.hours import MIDNIGHT

DISPATCH_DAYS_MAX = 60  # a location and a carrier that share no day in two months share none


def is_late(calendar: Calendar, cutoff: time | None, now: datetime) -> bool:
    """Tell whether today's cut-off is gone; met exactly, it is (semantics 5)."""
    return cutoff is not None and now >= calendar.instant(calendar.local_date(now), cutoff)


def handling_start(calendar: Calendar, now: datetime, *, after_cutoff: bool) -> datetime | None:
    """Return when work on an order begins; None when the location does not open any more."""
    if not after_cutoff:
        return calendar.open_from(now)
    return calendar.open_from(calendar.instant(calendar.local_date(now) + ONE_DAY, MIDNIGHT))


def ready_by(site: Site, now: datetime) -> datetime | None:
    """Return when a pickup is ready, at an instant at which the store is open."""
    after_cutoff = is_late(site.calendar, site.pickup_cutoff, now)
    start = handling_start(site.calendar, now, after_cutoff=after_cutoff)
    if start is None:
        return None
    done = site.calendar.add_open_time(start, timedelta(seconds=site.handling_s))
    return None if done is None else site.calendar.open_from(done)


def ship_day(
    site: Site, days: WorkingDays, now: datetime, *, after_cutoff: bool
) -> tuple[date, datetime] | None:
    """Return the local day on which an order leaves, and the instant by which it has left."""
    calendar = site.calendar
    start = handling_start(calendar, now, after_cutoff=after_cutoff)
    done = start and calendar.add_open_time(start, timedelta(seconds=site.handling_s))
    if done is None:
        return None
    day = calendar.local_date(done)
    for _ in range(DISPATCH_DAYS_MAX):
        closing = calendar.last_close(day)
        if closing is not None and days.is_working_day(day):
            return day, closing
        day += ONE_DAY
    return None


class Dispatch:
    """One location's promises of one moment, for one carrier's calendar; remembers its answers.

    However many services a carrier has, there are two days to leave on: that of orders before the
    cut-off, and that of orders after it.
    """

    __slots__ = ("_carrier", "_days", "_late", "_leaving", "_now", "_site", "_zone")

    def __init__(
        self, site: Site, carrier: str, days: WorkingDays, now: datetime, zone: str | None = None
    ) -> None:
        self._site, self._carrier, self._days, self._now = site, carrier, days, now
        self._zone: ZoneInfo = site.calendar.zone if zone is None else zone_of(zone)
        self._leaving: dict[bool, tuple[date, datetime] | None] = {}
        self._late: dict[time, bool] = {}  # by cut-off

    def promise(self, rate: Rate) -> Promise | None:
        """Return a service's dates by its longest transit; None when it never leaves."""
        cutoff = self._site.cutoffs.get(self._carrier, rate.cutoff)
        late = self._late.get(cutoff)
        if late is None:
            late = self._late[cutoff] = is_late(self._site.calendar, cutoff, self._now)
        if late not in self._leaving:
            self._leaving[late] = ship_day(self._site, self._days, self._now, after_cutoff=late)
        leaving = self._leaving[late]
        if leaving is None:
            return None
        day, ship_by = leaving
        arrival = self._days.add(day, rate.days_max)
        if arrival is None:
            return None
        return Promise(ship_by, max(ship_by, instant(self._zone, arrival, rate.delivered_by)))


def promise(site: Site, rate: Rate, now: datetime, zone: str | None = None) -> Promise | None:
    """Return when an order of now leaves and arrives; `zone` is the destination's, if known.

    None when the location or the carrier does not work in sight. `ready_by` is the pickup's date.
    """
    compiled = rate.card
    return Dispatch(site, compiled.card.carrier, compiled.days, now, zone).promise(rate)
