"""Counters in the store: an event and what it adds are one batch, so that it counts once."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final, TypeVar

from shared.insights.decide import summed
from shared.insights.model import (
    GROUPS_MAX,
    KPIS,
    OTHER,
    SEEN,
    SEEN_TTL_S,
    Counters,
    Dimension,
    Seen,
    Tally,
)
from shared.kernel.conditions import Condition, Increment
from shared.kernel.documents import (
    OPERATIONS_MAX,
    PATCH_OPERATIONS_MAX,
    Container,
    Create,
    Documents,
    Operation,
    Patch,
    pages,
)
from shared.kernel.errors import Exists, Missing, Unavailable

ATTEMPTS_MAX: Final = 30  # each of them creates a missing document: all, channel, locations
LOCATIONS_MAX: Final = 20  # of one event
DAYS_MAX: Final = 92

T = TypeVar("T")
Place = tuple[Dimension, str]
TOTAL: Final[Place] = (Dimension.ALL, "")


async def count(
    store: Documents, tenant_id: str, day: str, mark: str, tally: Tally, now: datetime
) -> bool:
    """Add what an event (`mark`) counts to its day; False when it is counted already.

    Raises:
        Unavailable: not known to be counted; count it again.
    """
    return await count_all(store, tenant_id, day, {mark: tally}, now) == 1


async def count_all(
    store: Documents, tenant_id: str, day: str, tallies: Mapping[str, Tally], now: datetime
) -> int:
    """Add what several events count to their day, each once; returns how many were new.

    Raises:
        Unavailable: not known of all to be counted; count them again.
    """
    counted, rest = 0, dict(tallies)
    instead: dict[Place, Place] = {}
    for _ in range(ATTEMPTS_MAX + len(tallies)):
        if not rest:
            return counted
        marks, operations = _operations(rest, instead, now)
        try:
            await store.batch(tenant_id, Container.MASTER, _key(day), operations)
        except Exists:
            rest = await _not_seen(store, tenant_id, day, rest)
        except Missing as missing:
            await _begin(store, tenant_id, day, _place(missing.document_id), instead)
        else:
            counted += len(marks)
            rest = {mark: tally for mark, tally in rest.items() if mark not in marks}
    raise Unavailable(f"the counters of {day} cannot be begun")


async def _not_seen(
    store: Documents, tenant_id: str, day: str, tallies: Mapping[str, Tally]
) -> dict[str, Tally]:
    found = {m: await store.get(tenant_id, SEEN, _key(day), f"seen:{m}") for m in tallies}
    return {mark: tally for mark, tally in tallies.items() if found[mark] is None}


def _operations(
    tallies: Mapping[str, Tally], instead: Mapping[Place, Place], now: datetime
) -> tuple[list[str], list[Operation]]:
    """Return as many events as one batch holds, and the batch: a mark each, the sums of all."""
    marks: list[str] = []
    sums: dict[Place, Counter[str]] = {}
    for mark, tally in tallies.items():
        ahead = {place: Counter(counts) for place, counts in sums.items()}
        for place, counts in _rows(tally).items():
            ahead.setdefault(instead.get(place, place), Counter()).update(counts)
        if marks and len(marks) + 1 + _patches(ahead) > OPERATIONS_MAX:
            break
        marks.append(mark)
        sums = ahead
    operations: list[Operation] = [
        Create(SEEN, f"seen:{mark}", Seen(at=now), SEEN_TTL_S) for mark in marks
    ]
    for place, counts in sums.items():
        increments = [Increment(f"counts/{name}", by) for name, by in sorted(counts.items())]
        operations += [Patch(KPIS, _id(place), tuple(chunk)) for chunk in _chunks(increments)]
    return marks, operations


def _rows(tally: Tally) -> dict[Place, Mapping[str, int]]:
    rows: dict[Place, Mapping[str, int]] = {TOTAL: tally.counts}
    if tally.channel:
        rows[Dimension.CHANNEL, tally.channel] = tally.counts
    for name in sorted(tally.by_location)[:LOCATIONS_MAX]:
        rows[Dimension.LOCATION, name] = tally.by_location[name]
    return rows


def _patches(sums: Mapping[Place, Counter[str]]) -> int:
    return sum(len(_chunks(list(counts))) for counts in sums.values())


def _chunks(increments: Sequence[T]) -> list[Sequence[T]]:
    size = PATCH_OPERATIONS_MAX
    return [increments[start : start + size] for start in range(0, len(increments), size)]


async def _begin(
    store: Documents, tenant_id: str, day: str, place: Place, instead: dict[Place, Place]
) -> None:
    """Create the counters of a place, or let a place beyond the bound count as OTHER."""
    dimension, name = place
    if dimension is not Dimension.ALL and name != OTHER:
        where = (Condition("dimension", "eq", dimension.value),)
        page = await store.query(tenant_id, KPIS, key=_key(day), where=where, limit=GROUPS_MAX)
        if len(page.items) >= GROUPS_MAX:
            instead[place] = (dimension, OTHER)
            return
    body = Counters(day=day, dimension=dimension, name=name)
    try:
        await store.batch(tenant_id, Container.MASTER, _key(day), (Create(KPIS, _id(place), body),))
    except Exists:
        return  # another event of the same day was first


async def totals(store: Documents, tenant_id: str, first: date, last: date) -> dict[str, int]:
    """Return the sum of all counters of some days, both included."""
    rows: list[Mapping[str, int]] = []
    for day in _days(first, last):
        found = await store.get(tenant_id, KPIS, _key(day), _id(TOTAL))
        if found is not None:
            rows.append(found.body.counts)
    return summed(rows)


async def totals_by(
    store: Documents, tenant_id: str, dimension: Dimension, first: date, last: date
) -> dict[str, dict[str, int]]:
    """Return the sums of some days by channel or by location."""
    rows: dict[str, list[Mapping[str, int]]] = {}
    where = (Condition("dimension", "eq", dimension.value),)
    for day in _days(first, last):
        found = pages(store, tenant_id, KPIS, pages_max=2, key=_key(day), where=where, limit=500)
        async for stored in found:
            rows.setdefault(stored.body.name, []).append(stored.body.counts)
    return {name: summed(row) for name, row in sorted(rows.items())}


def _days(first: date, last: date) -> list[str]:
    span = min((last - first).days, DAYS_MAX - 1)
    return [(first + timedelta(days=n)).isoformat() for n in range(span + 1)]


def _key(day: str) -> str:
    return f"kpi:{day}"


def _id(place: Place) -> str:
    dimension, name = place
    return f"kpi:{dimension.value}:{name}"


def _place(document_id: str) -> Place:
    _, dimension, name = document_id.split(":", 2)
    return Dimension(dimension), name
