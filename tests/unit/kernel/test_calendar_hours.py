"""What opening hours may say."""

from datetime import UTC, date, time, timezone

import pytest
from pydantic import ValidationError

from shared.kernel.calendar import (
    Closure,
    OpeningHours,
    SpecialHours,
    WeeklyHours,
    Window,
    WorkingWeek,
    calendar_of,
    zone_of,
)

NINE_TO_FIVE = Window(opens=time(9), closes=time(17))


def test_hours_come_back_from_their_document_as_they_were() -> None:
    hours = OpeningHours(
        zone="Europe/Berlin",
        weekly=WeeklyHours(monday=(NINE_TO_FIVE,)),
        closures=(Closure(first=date(2026, 12, 24), last=date(2026, 12, 26), reason="holidays"),),
        special=(SpecialHours(on=date(2026, 12, 31), windows=(NINE_TO_FIVE,)),),
    )
    assert OpeningHours.model_validate_json(hours.model_dump_json()) == hours


def test_equal_hours_share_one_compiled_calendar() -> None:
    weekly = WeeklyHours(monday=(NINE_TO_FIVE,))
    first = calendar_of(OpeningHours(zone="Asia/Tokyo", weekly=weekly))
    assert calendar_of(OpeningHours(zone="Asia/Tokyo", weekly=weekly)) is first


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd", "Europe"])
def test_a_zone_that_is_not_ianas_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not an IANA time zone"):
        zone_of(name)
    with pytest.raises(ValidationError):
        OpeningHours(zone=name, weekly=WeeklyHours())


def test_a_window_that_passes_midnight_is_refused() -> None:
    with pytest.raises(ValidationError, match="written as two"):
        Window(opens=time(18), closes=time(2))


def test_an_empty_window_is_refused() -> None:
    with pytest.raises(ValidationError, match="written as two"):
        Window(opens=time(9), closes=time(9))


def test_a_window_may_last_the_whole_day() -> None:
    assert Window(opens=time(0), closes=time(0)).closes == time(0)


@pytest.mark.parametrize("offset", [UTC, timezone.max])
def test_a_local_time_with_an_offset_is_refused(offset: timezone) -> None:
    with pytest.raises(ValidationError, match="carries no offset"):
        Window(opens=time(9, tzinfo=offset), closes=time(17))


@pytest.mark.parametrize(
    "windows",
    [
        (NINE_TO_FIVE, Window(opens=time(16), closes=time(18))),
        (Window(opens=time(18), closes=time(0)), NINE_TO_FIVE),
        (Window(opens=time(18), closes=time(19)), NINE_TO_FIVE),
    ],
)
def test_windows_of_a_day_that_overlap_or_stand_out_of_order_are_refused(
    windows: tuple[Window, ...],
) -> None:
    with pytest.raises(ValidationError, match="do not overlap"):
        WeeklyHours(friday=windows)


def test_a_closure_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValidationError, match="on or after"):
        Closure(first=date(2026, 1, 2), last=date(2026, 1, 1))


def test_two_special_hours_for_one_date_are_refused() -> None:
    twice = SpecialHours(on=date(2026, 12, 24))
    with pytest.raises(ValidationError, match="each date once"):
        OpeningHours(zone="UTC", weekly=WeeklyHours(), special=(twice, twice))


def test_a_carrier_that_never_works_is_refused() -> None:
    with pytest.raises(ValidationError):
        WorkingWeek(weekdays=())
