"""When a place is open, and when work or a carrier gets things done."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel import calendar as subject
from shared.kernel.calendar import (
    Calendar,
    Closure,
    OpeningHours,
    SpecialHours,
    WeeklyHours,
    Window,
    WorkingDays,
    WorkingWeek,
    add_working_days,
    instant,
)

BERLIN = ZoneInfo("Europe/Berlin")
DAY = (Window(opens=time(9), closes=time(18)),)
SPLIT_DAY = (Window(opens=time(9), closes=time(12)), Window(opens=time(14), closes=time(18)))
ALL_DAY = (Window(opens=time(0), closes=time(0)),)
ALWAYS = WeeklyHours(
    monday=ALL_DAY,
    tuesday=ALL_DAY,
    wednesday=ALL_DAY,
    thursday=ALL_DAY,
    friday=ALL_DAY,
    saturday=ALL_DAY,
    sunday=ALL_DAY,
)


def a_calendar(**changes: object) -> Calendar:
    """Return a store in Berlin: weekdays 9 to 18, Wednesday with a break, Saturday 10 to 14."""
    weekly = WeeklyHours(
        monday=DAY,
        tuesday=DAY,
        wednesday=SPLIT_DAY,
        thursday=DAY,
        friday=DAY,
        saturday=(Window(opens=time(10), closes=time(14)),),
    )
    usual: dict[str, object] = {"zone": "Europe/Berlin", "weekly": weekly}
    return Calendar(OpeningHours.model_validate(usual | changes, strict=False))


def at(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    """Return a wall time of Berlin in 2026; 23 November is a Monday."""
    return datetime(2026, month, day, hour, minute, tzinfo=BERLIN)


def utc(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def test_a_store_is_open_at_its_opening_and_closed_at_its_closing() -> None:
    store = a_calendar()
    assert not store.is_open(at(23, 8, 59))
    assert store.is_open(at(23, 9))
    assert store.is_open(at(23, 17, 59))
    assert not store.is_open(at(23, 18))


def test_a_store_is_closed_in_its_midday_break() -> None:
    store = a_calendar()
    assert [store.is_open(at(25, hour)) for hour in (11, 12, 13, 14)] == [True, False, False, True]


def test_the_hours_are_those_of_the_stores_zone_and_not_of_the_caller() -> None:
    tokyo = a_calendar(zone="Asia/Tokyo")
    assert tokyo.is_open(utc(11, 23, 0))  # 9:00 in Tokyo
    assert tokyo.local_date(utc(11, 22, 15)) == date(2026, 11, 23)
    assert a_calendar().local_date(utc(11, 22, 15)) == date(2026, 11, 22)


def test_a_closure_shuts_its_first_and_its_last_day() -> None:
    store = a_calendar(closures=(Closure(first=date(2026, 11, 24), last=date(2026, 11, 25)),))
    open_days = [day for day in range(23, 28) if store.is_working_day(date(2026, 11, day))]
    assert open_days == [23, 26, 27]


def test_special_hours_replace_the_weeks_hours_and_a_closure() -> None:
    late = (Window(opens=time(20), closes=time(22)),)
    store = a_calendar(
        closures=(Closure(first=date(2026, 11, 23), last=date(2026, 11, 24)),),
        special=(
            SpecialHours(on=date(2026, 11, 23), windows=late),
            SpecialHours(on=date(2026, 11, 25)),
        ),
    )
    assert store.windows_on(date(2026, 11, 23)) == late
    assert store.windows_on(date(2026, 11, 24)) == ()
    assert store.windows_on(date(2026, 11, 25)) == ()
    assert store.windows_on(date(2026, 11, 26)) == DAY


def test_the_next_close_of_a_closed_store_is_that_of_its_next_day() -> None:
    store = a_calendar()
    assert store.next_close(at(25, 10)) == at(25, 12)
    assert store.next_close(at(25, 12)) == at(25, 18)
    assert store.next_close(at(29, 12)) == at(30, 18)


def test_windows_that_meet_at_midnight_are_one() -> None:
    night = a_calendar(
        weekly=WeeklyHours(
            friday=(Window(opens=time(20), closes=time(0)),),
            saturday=(Window(opens=time(0), closes=time(3)),),
        )
    )
    assert night.next_close(at(27, 21)) == at(28, 3)
    assert night.is_open(at(28, 0))


def test_a_place_that_never_closes_has_no_next_close() -> None:
    warehouse = a_calendar(weekly=ALWAYS)
    assert warehouse.next_close(at(23, 9)) is None
    assert warehouse.open_from(at(23, 3)) == at(23, 3)


def test_a_place_without_hours_never_opens() -> None:
    shut = a_calendar(weekly=WeeklyHours())
    assert shut.next_close(at(23, 9)) is None
    assert shut.open_from(at(23, 9)) is None
    assert shut.last_close(date(2026, 11, 23)) is None
    assert shut.add_working_days(date(2026, 11, 23), 1) is None


def test_the_last_closing_before_a_place_shuts_for_good_is_found() -> None:
    store = a_calendar(closures=(Closure(first=date(2026, 11, 24), last=date(2099, 1, 1)),))
    assert store.next_close(at(23, 10)) == at(23, 18)
    assert store.next_close(at(23, 18)) is None


def test_the_last_close_of_a_day_is_that_of_its_last_window() -> None:
    assert a_calendar().last_close(date(2026, 11, 25)) == at(25, 18)


def test_work_goes_on_in_opening_hours_only() -> None:
    store = a_calendar()
    assert store.add_open_time(at(25, 11), timedelta(hours=2)) == at(25, 15)
    assert store.add_open_time(at(28, 13), timedelta(hours=2)) == at(30, 10)
    assert store.add_open_time(at(23, 7), timedelta(hours=1)) == at(23, 10)


def test_work_that_fills_the_hours_is_done_at_the_closing() -> None:
    assert a_calendar().add_open_time(at(23, 17), timedelta(hours=1)) == at(23, 18)


def test_answers_are_in_utc() -> None:
    done = a_calendar().add_open_time(at(23, 10), timedelta(hours=1))
    assert done is not None
    assert (done, done.tzinfo) == (utc(11, 23, 10), UTC)


def test_working_days_skip_what_is_closed() -> None:
    store = a_calendar()
    friday = date(2026, 11, 27)
    assert store.add_working_days(friday, 0) == friday
    assert store.add_working_days(friday, 1) == date(2026, 11, 28)
    assert store.add_working_days(friday, 2) == date(2026, 11, 30)
    assert store.add_working_days(date(2026, 11, 29), 0) == date(2026, 11, 30)
    assert store.add_working_days(date(2026, 11, 29), 1) == date(2026, 11, 30)


def test_a_carrier_skips_weekends_and_holidays() -> None:
    days = WorkingDays(WorkingWeek(holidays=(date(2026, 12, 25),)))
    assert days.add(date(2026, 12, 24), 1) == date(2026, 12, 28)
    assert days.add(date(2026, 12, 24), 1) == date(2026, 12, 28)
    assert not days.is_working_day(date(2026, 12, 25))
    assert not days.is_working_day(date(2026, 12, 26))


def test_working_days_beyond_what_is_in_sight_have_no_date() -> None:
    assert add_working_days(date(2026, 11, 23), 1, lambda _: False) is None


def test_a_leap_day_is_a_day_like_others() -> None:
    store = a_calendar()
    assert add_working_days(date(2028, 2, 28), 1, lambda _: True) == date(2028, 2, 29)
    assert store.is_open(datetime(2028, 2, 29, 9, tzinfo=BERLIN))  # a Tuesday
    assert store.add_working_days(date(2028, 2, 28), 2) == date(2028, 3, 1)


def test_an_hour_that_is_skipped_is_not_worked() -> None:
    night = a_calendar(weekly=WeeklyHours(sunday=(Window(opens=time(1), closes=time(4)),)))
    # 29 March 2026: 2:00 becomes 3:00
    assert night.spans_on(date(2026, 3, 29)) == ((utc(3, 29, 0), utc(3, 29, 2)),)
    done = night.add_open_time(at(29, 1, month=3), timedelta(hours=2))
    assert done == at(29, 4, month=3)


def test_a_wall_time_that_is_skipped_is_the_instant_of_the_jump() -> None:
    assert instant(BERLIN, date(2026, 3, 29), time(2)) == utc(3, 29, 1)
    assert instant(BERLIN, date(2026, 3, 29), time(2, 30)) == utc(3, 29, 1)
    assert instant(BERLIN, date(2026, 3, 29), time(3)) == utc(3, 29, 1)


def test_a_window_within_the_skipped_hour_is_no_window() -> None:
    night = a_calendar(weekly=WeeklyHours(sunday=(Window(opens=time(2, 10), closes=time(2, 50)),)))
    assert night.spans_on(date(2026, 3, 29)) == ()
    assert not night.is_working_day(date(2026, 3, 29))
    assert night.is_working_day(date(2026, 3, 22))


def test_a_calendar_reads_wall_times_in_its_own_zone() -> None:
    assert a_calendar().instant(date(2026, 11, 23), time(9)) == utc(11, 23, 8)


def test_a_wall_time_that_comes_twice_is_its_first_pass() -> None:
    # 25 October 2026: 3:00 becomes 2:00
    assert instant(BERLIN, date(2026, 10, 25), time(2, 30)) == utc(10, 25, 0, 30)
    assert instant(BERLIN, date(2026, 10, 25), time(3)) == utc(10, 25, 2)


def test_a_window_over_the_repeated_hour_lasts_an_hour_longer() -> None:
    night = a_calendar(weekly=WeeklyHours(sunday=(Window(opens=time(1), closes=time(4)),)))
    assert night.spans_on(date(2026, 10, 25)) == ((utc(10, 24, 23), utc(10, 25, 3)),)


def test_a_day_that_a_zone_skipped_has_no_hours() -> None:
    # Samoa went from 29 to 31 December 2011 over the date line.
    apia = a_calendar(zone="Pacific/Apia", weekly=ALWAYS)
    assert apia.spans_on(date(2011, 12, 30)) == ()
    opens, closes = apia.spans_on(date(2011, 12, 31))[0]
    assert opens == datetime(2011, 12, 30, 10, tzinfo=UTC)
    assert closes - opens == timedelta(hours=24)


def test_a_calendar_forgets_days_before_it_grows_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(subject, "DAYS_KEPT_MAX", 2)
    store, days = a_calendar(), WorkingDays(WorkingWeek())
    monday = date(2026, 11, 23)
    for ahead in range(5):
        store.spans_on(monday + timedelta(days=ahead))
        days.add(monday + timedelta(days=ahead), 1)
    assert store.is_open(at(23, 9))
    assert days.add(monday, 1) == date(2026, 11, 24)


@given(
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"]),
    moment=st.timedeltas(timedelta(0), timedelta(days=1_095)).map(utc(1, 1, 0).__add__),
)
def test_openings_and_closings_agree_with_what_is_open(zone: str, moment: datetime) -> None:
    store = a_calendar(zone=zone)
    second = timedelta(seconds=1)
    closing = store.next_close(moment)
    assert closing is not None
    assert moment < closing
    assert store.is_open(closing - second)
    assert not store.is_open(closing)
    opening = store.open_from(moment)
    assert opening is not None
    assert moment <= opening < closing
    assert store.is_open(opening)
    assert store.is_open(moment) is (opening == moment)
    assert opening == moment or not store.is_open(opening - second)
