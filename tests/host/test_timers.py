"""Timer triggers: NCRONTAB's instants, each fired by one process, a missed one fired late."""

from datetime import UTC, datetime, timedelta

import azure.functions as func
import pytest

from local.host.host import running_host
from local.host.ncrontab import WrongSchedule, parse_schedule
from shared.kernel.clock import SteppedClock
from tests.host.apps import NOON, a_world, an_app, hosting, options


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "after", "found"),
    [
        ("0 */5 * * * *", "2026-03-02T12:00:00", "2026-03-02T12:05:00"),
        ("0 */5 * * * *", "2026-03-02T12:04:59.5", "2026-03-02T12:05:00"),
        ("30 59 23 * * *", "2026-03-02T23:59:30", "2026-03-03T23:59:30"),
        ("0 17 * * * *", "2026-12-31T23:17:00", "2027-01-01T00:17:00"),
        ("0 0 3 * * mon-fri", "2026-03-06T03:00:00", "2026-03-09T03:00:00"),
        ("0 0 0 1 jan,jul *", "2026-03-02T00:00:00", "2026-07-01T00:00:00"),
        ("0 0 0 29 2 *", "2026-03-02T00:00:00", "2028-02-29T00:00:00"),
        ("0 0 0 13 * 5", "2026-03-13T00:00:00", "2026-11-13T00:00:00"),
        ("0 0 12 * * 7", "2026-03-02T00:00:00", "2026-03-08T12:00:00"),
        ("10-20/5 * * * * *", "2026-03-02T12:00:16", "2026-03-02T12:00:20"),
        ("5/20 * * * * *", "2026-03-02T12:00:46", "2026-03-02T12:01:05"),
        ("15 3 * * *", "2026-03-02T12:00:00", "2026-03-03T03:15:00"),
    ],
)
def test_the_next_instant_of_a_schedule(schedule: str, after: str, found: str) -> None:
    assert parse_schedule(schedule).after(at(after)) == at(found)


@pytest.mark.parametrize(
    "schedule",
    ["* * * *", "60 * * * * *", "* * * * * 8", "*/0 * * * * *", "0 0 0 31 4 *", "a * * * * *",
     "5-1 * * * * *", "0 0 0 0 * *", "00:05:00", "0 0 0 1 foo *", "0 ٣ * * * *"],
)  # fmt: skip
def test_what_names_no_instant_is_refused(schedule: str) -> None:
    with pytest.raises(WrongSchedule):
        parse_schedule(schedule)


def test_the_last_instant_is_found_however_long_ago() -> None:
    each_second, yearly = parse_schedule("* * * * * *"), parse_schedule("0 0 0 1 1 *")
    start = at("2020-01-01T00:00:00")
    assert each_second.last(start, at("2026-03-02T12:00:00.9")) == at("2026-03-02T12:00:00")
    assert yearly.last(start, at("2026-03-02T12:00:00")) == at("2026-01-01T00:00:00")
    assert yearly.last(at("2026-01-02T00:00:00"), at("2026-03-02T12:00:00")) is None
    assert yearly.last(at("2026-01-01T00:00:00"), at("2026-01-01T00:00:00")) == at(
        "2026-01-01T00:00:00"
    )


class Fired:
    """The ticks that a timer function was called for."""

    def __init__(self) -> None:
        self.ticks: list[tuple[str, bool]] = []

    def app(self, schedule: str = "0 */5 * * * *") -> func.FunctionApp:
        app = an_app()

        @app.timer_trigger(arg_name="timer", schedule=schedule)
        async def sweep(timer: func.TimerRequest) -> None:
            last: str = getattr(timer, "schedule_status")["Last"]  # noqa: B009 - not in the public type
            self.ticks.append((last[11:16], timer.past_due))

        return app


async def test_a_timer_fires_at_each_of_its_instants() -> None:
    clock, fired = SteppedClock(NOON), Fired()
    async with hosting(fired.app(), world=a_world(clock)) as running:
        for _ in range(11):
            clock.advance(timedelta(minutes=1))
            await running.host.settled()
    assert fired.ticks == [("12:05", False), ("12:10", False)]


async def test_of_several_hosts_on_one_store_one_fires() -> None:
    clock, fired = SteppedClock(NOON), Fired()
    world = a_world(clock)
    async with (
        hosting(fired.app(), world=world) as one,
        running_host(fired.app(), world, options=options()) as other,
    ):
        for _ in range(3):
            await one.host.settled()
            await other.host.settled()
            clock.advance(timedelta(minutes=5))
        await one.host.settled()
        await other.host.settled()
    assert fired.ticks == [("12:05", False), ("12:10", False), ("12:15", False)]


async def test_a_tick_that_was_missed_while_nobody_ran_is_fired_late_once() -> None:
    clock, fired = SteppedClock(NOON), Fired()
    world = a_world(clock)
    async with running_host(fired.app(), world, options=options()) as running:
        await running.host.settled()
        clock.advance(timedelta(minutes=5))
        await running.host.settled()
    clock.advance(timedelta(minutes=12))
    async with running_host(fired.app(), world, options=options()) as running:
        await running.host.settled()
    await world.close()
    assert fired.ticks == [("12:05", False), ("12:15", True)]


async def test_a_new_store_owes_no_tick_of_the_past() -> None:
    fired = Fired()
    async with hosting(fired.app(), world=a_world(SteppedClock(NOON))) as running:
        await running.host.settled()
    assert fired.ticks == []
