"""Key figures from counters, and counters in the store."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Final

import pytest

from shared.adapters.embedded.documents import EmbeddedDocuments
from shared.insights import service
from shared.insights.decide import ages_of, figures_of, summed
from shared.insights.model import Dimension, Figure, OpenExceptions, Tally
from shared.kernel.clock import SteppedClock

NOW: Final = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
DAY: Final = "2026-11-02"
FIRST: Final = date(2026, 11, 2)


def figure(name: str, **counts: int) -> Figure:
    return next(row for row in figures_of(counts) if row.name == name)


def test_a_rate_is_shown_with_what_it_was_made_of() -> None:
    found = figure("fill", units_shipped=3, units_ordered=4)
    assert found == Figure(name="fill", numerator=3, denominator=4, value=0.75, unit="ratio")


def test_a_rate_of_nothing_has_no_value() -> None:
    assert figure("split").value is None


def test_hours_days_and_kilometers_are_means() -> None:
    assert figure("accept-to-ship", ship_s=5_400, shipments=1).value == 1.5
    assert figure("return-to-refund", return_s=172_800, returns_refunded=2).value == 1.0
    assert figure("distance-per-order", distance_m=12_500, distances=2).value == 6.25


def test_money_is_shown_a_currency() -> None:
    counts = {"cost_minor.EUR": 900, "cost_minor.SEK": 100, "orders": 2}
    rows = [row for row in figures_of(counts) if row.name == "cost-per-order"]
    assert [(row.value, row.unit) for row in rows] == [
        (450.0, "minor units of EUR"),
        (50.0, "minor units of SEK"),
    ]
    assert figures_of({"courier_saving_minor.EUR": -5})[10].value == -5


def test_oversold_units_are_shown_even_when_there_are_none() -> None:
    assert figure("oversold") == Figure(name="oversold", numerator=0, value=0, unit="count")


def test_days_add_up() -> None:
    assert summed([{"orders": 1}, {"orders": 2, "lines": 5}]) == {"orders": 3, "lines": 5}


def test_exceptions_have_the_age_of_the_oldest_and_the_mean() -> None:
    opened = [NOW - timedelta(hours=3), NOW - timedelta(hours=1)]
    assert ages_of(opened, NOW, is_more=True) == OpenExceptions(
        open=2, oldest_hours=3.0, mean_hours=2.0, is_more=True
    )
    assert ages_of([], NOW, is_more=False) == OpenExceptions(open=0)


@pytest.fixture
async def store() -> AsyncIterator[EmbeddedDocuments]:
    made = EmbeddedDocuments(":memory:", clock=SteppedClock(NOW), threaded=False)
    yield made
    await made.close()


async def test_an_event_counts_once_however_often_it_comes(store: EmbeddedDocuments) -> None:
    tally = Tally({"orders": 1}, "web", {"berlin": {"lines_assigned": 2}})
    assert await service.count(store, "acme", DAY, "e_1", tally, NOW)
    assert not await service.count(store, "acme", DAY, "e_1", tally, NOW)
    assert await service.count(store, "acme", DAY, "e_2", tally, NOW)
    assert await service.totals(store, "acme", FIRST, FIRST) == {"orders": 2}
    by_channel = await service.totals_by(store, "acme", Dimension.CHANNEL, FIRST, FIRST)
    by_location = await service.totals_by(store, "acme", Dimension.LOCATION, FIRST, FIRST)
    assert by_channel == {"web": {"orders": 2}}
    assert by_location == {"berlin": {"lines_assigned": 4}}
    assert await service.totals(store, "other", FIRST, FIRST) == {}


async def test_more_counters_than_a_patch_takes_are_all_written(store: EmbeddedDocuments) -> None:
    tally = Tally({f"count_{n}": n for n in range(1, 25)})
    await service.count(store, "acme", DAY, "e_1", tally, NOW)
    assert await service.totals(store, "acme", FIRST, FIRST) == tally.counts


async def test_days_are_summed_over_their_range(store: EmbeddedDocuments) -> None:
    for day in ("2026-11-01", "2026-11-02", "2026-11-04"):
        await service.count(store, "acme", day, f"e_{day}", Tally({"orders": 1}), NOW)
    assert await service.totals(store, "acme", FIRST, date(2026, 11, 4)) == {"orders": 2}


async def test_channels_beyond_the_bound_are_counted_together(
    store: EmbeddedDocuments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "GROUPS_MAX", 2)
    for n in range(5):
        await service.count(store, "acme", DAY, f"e_{n}", Tally({"orders": 1}, f"c{n}"), NOW)
    found = await service.totals_by(store, "acme", Dimension.CHANNEL, FIRST, FIRST)
    assert found == {"c0": {"orders": 1}, "c1": {"orders": 1}, "other": {"orders": 3}}


async def test_events_that_are_counted_together_count_once_each(store: EmbeddedDocuments) -> None:
    tallies = {f"e_{n}": Tally({"orders": 1}, "web", {"berlin": {"shipped": 2}}) for n in range(3)}
    assert await service.count(store, "acme", DAY, "e_1", tallies["e_1"], NOW)
    assert await service.count_all(store, "acme", DAY, tallies, NOW) == 2
    assert await service.count_all(store, "acme", DAY, tallies, NOW) == 0
    assert await service.totals(store, "acme", FIRST, FIRST) == {"orders": 3}
    by_location = await service.totals_by(store, "acme", Dimension.LOCATION, FIRST, FIRST)
    assert by_location == {"berlin": {"shipped": 6}}


async def test_more_events_than_one_batch_holds_are_all_counted(store: EmbeddedDocuments) -> None:
    tallies = {
        f"e_{n}": Tally({"orders": 1}, None, {f"store-{n % 40}": {"shipped": 1}})
        for n in range(250)
    }
    await service.count(store, "acme", DAY, "e_0", tallies["e_0"], NOW)
    for name in range(40):  # each place's counters begin with an attempt of their own
        tally = Tally({}, None, {f"store-{name}": {"shipped": 0}})
        await service.count(store, "acme", DAY, f"begin-{name}", tally, NOW)
    assert await service.count_all(store, "acme", DAY, tallies, NOW) == 249
    assert await service.totals(store, "acme", FIRST, FIRST) == {"orders": 250}
