"""When an order leaves, arrives, or is ready."""

from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from shared.couriers.decide import Rate, compile_card, promise, ready_by
from shared.couriers.model import Promise, Site
from shared.kernel.calendar import Calendar, Closure, OpeningHours, WeeklyHours, Window
from tests.unit.couriers.samples import (
    BERLIN,
    MONDAY_NOON,
    MUNICH,
    NINE_TO_SIX,
    WEEKDAYS,
    a_card,
    a_service,
    a_site,
    a_tariff,
)


def on(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    """Return an instant of 2026; 23 November is a Monday."""
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def a_rate(days: int = 2, week: dict[str, Any] | None = None, **service: Any) -> Rate:
    row = {"zone": "home", "days_min": 0, "days_max": days, "tariff": a_tariff()}
    card = a_card(services=(a_service(zones=(row,), **service),), working_week=week or {})
    lane = compile_card(card).lane(BERLIN, MUNICH)
    assert lane is not None
    return lane.rates[0]


def a_site_open(weekly: WeeklyHours, **changes: Any) -> Site:
    hours = {"zone": "UTC", "weekly": weekly} | changes.pop("hours", {})
    calendar = Calendar(OpeningHours.model_validate(hours, strict=False))
    return a_site(calendar=calendar, **changes)


def test_an_order_before_the_cutoff_leaves_today_and_arrives_after_its_transit() -> None:
    assert promise(a_site(), a_rate(days=2), on(23, 13, 59)) == Promise(on(23, 18), on(25, 20))


def test_an_order_at_the_cutoff_leaves_on_the_next_day() -> None:
    assert promise(a_site(), a_rate(days=2), on(23, 14)) == Promise(on(24, 18), on(26, 20))


def test_an_order_after_fridays_cutoff_leaves_on_monday() -> None:
    assert promise(a_site(), a_rate(days=1), on(27, 15)) == Promise(on(30, 18), on(1, 20, month=12))


def test_an_order_of_the_night_is_worked_on_from_the_opening() -> None:
    site = a_site(handling_s=9 * 3600)
    assert promise(site, a_rate(days=1), on(23, 2)) == Promise(on(23, 18), on(24, 20))


def test_an_order_on_a_closed_day_leaves_on_the_next_open_one() -> None:
    assert promise(a_site(), a_rate(days=1), on(28, 10)) == Promise(on(30, 18), on(1, 20, month=12))


def test_handling_that_does_not_fit_into_today_goes_on_tomorrow() -> None:
    site = a_site(handling_s=3 * 3600)
    assert promise(site, a_rate(cutoff=time(17)), on(23, 16)) == Promise(on(24, 18), on(26, 20))


def test_the_locations_own_cutoff_replaces_the_services() -> None:
    early = a_site(cutoffs={"postbus": time(11)})
    assert promise(early, a_rate(), MONDAY_NOON) == Promise(on(24, 18), on(26, 20))
    other = a_site(cutoffs={"another": time(11)})
    assert promise(other, a_rate(), MONDAY_NOON) == Promise(on(23, 18), on(25, 20))


def test_a_parcel_waits_for_a_day_on_which_the_carrier_works() -> None:
    saturday = WEEKDAYS.model_copy(update={"saturday": NINE_TO_SIX})
    rate = a_rate(days=1, week={"holidays": (date(2026, 11, 30),)})
    assert promise(a_site_open(saturday), rate, on(28, 10)) == Promise(
        on(1, 18, month=12), on(2, 20, month=12)
    )


def test_a_parcel_waits_for_a_day_on_which_the_location_is_open() -> None:
    closed = {"closures": (Closure(first=date(2026, 11, 24), last=date(2026, 11, 25)),)}
    site = a_site_open(WEEKDAYS, hours=closed)
    assert promise(site, a_rate(days=1), on(23, 15)) == Promise(on(26, 18), on(27, 20))


def test_transit_skips_the_carriers_weekend() -> None:
    assert promise(a_site(), a_rate(days=2), on(26, 10)) == Promise(on(26, 18), on(30, 20))


def test_the_arrival_is_told_in_the_destinations_zone() -> None:
    dates = promise(a_site(), a_rate(days=1), MONDAY_NOON, "America/New_York")
    assert dates == Promise(on(23, 18), on(25, 1))


def test_a_delivery_on_the_same_day_is_not_before_the_parcel_leaves() -> None:
    rate = a_rate(days=0, delivered_by=time(12))
    assert promise(a_site(), rate, on(23, 10)) == Promise(on(23, 18), on(23, 18))


def test_a_warehouse_that_never_closes_ships_by_midnight() -> None:
    all_day = (Window(opens=time(0), closes=time(0)),)
    always = WeeklyHours.model_validate(
        dict.fromkeys(WeeklyHours.model_fields, all_day), strict=False
    )
    site = a_site_open(always)
    assert promise(site, a_rate(days=1), on(23, 13)) == Promise(on(24, 0), on(24, 20))
    assert promise(site, a_rate(days=1), on(23, 15)) == Promise(on(25, 0), on(25, 20))


def test_a_location_that_opens_no_more_promises_nothing() -> None:
    site = a_site_open(WeeklyHours())
    assert promise(site, a_rate(), MONDAY_NOON) is None
    assert ready_by(site, MONDAY_NOON) is None


def test_a_handling_that_never_ends_promises_nothing() -> None:
    site = a_site(handling_s=400 * 24 * 3600)
    assert promise(site, a_rate(), MONDAY_NOON) is None
    assert ready_by(site, MONDAY_NOON) is None


def test_a_location_and_a_carrier_that_share_no_day_promise_nothing() -> None:
    assert promise(a_site(), a_rate(week={"weekdays": (7,)}), MONDAY_NOON) is None


def test_an_arrival_beyond_what_is_in_sight_is_not_promised() -> None:
    assert promise(a_site(), a_rate(days=120, week={"weekdays": (1,)}), on(23, 10)) is None


@pytest.mark.parametrize(
    ("handling_s", "now", "ready"),
    [
        (0, on(23, 10), on(23, 10)),
        (7_200, on(23, 10), on(23, 12)),
        (7_200, on(23, 7), on(23, 11)),
        (7_200, on(23, 17), on(24, 10)),
        (3_600, on(23, 17), on(24, 9)),  # done at the closing: the customer comes in the morning
        (3_600, on(27, 20), on(30, 10)),
    ],
)
def test_a_pickup_is_ready_when_the_store_is_open(
    handling_s: int, now: datetime, ready: datetime
) -> None:
    assert ready_by(a_site(handling_s=handling_s), now) == ready


def test_a_pickup_ordered_after_its_cutoff_is_worked_on_in_the_morning() -> None:
    site = a_site(handling_s=3_600, pickup_cutoff=time(16))
    assert ready_by(site, on(23, 15, 59)) == on(23, 16, 59)
    assert ready_by(site, on(23, 16)) == on(24, 10)


def test_a_cutoff_is_read_in_the_locations_zone_on_both_sides_of_a_clock_change() -> None:
    hours = {"zone": "Europe/Berlin"}
    site = a_site_open(WEEKDAYS, hours=hours)
    rate = a_rate(days=1)
    before = promise(site, rate, on(23, 12, 30, month=10))  # a Friday, 14:30 there
    after = promise(site, rate, on(26, 12, 30, month=10))  # the Monday after, 13:30 there
    assert before == after == Promise(on(26, 17, month=10), on(27, 19, month=10))
