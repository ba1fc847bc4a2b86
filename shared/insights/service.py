"""Counters in the store: an event and what it adds are one batch, so that it counts once."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

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

Place = tuple[Dimension, str]
TOTAL: Final[Place] = (Dimension.ALL, "")


async def count(
    store: Documents, tenant_id: str, day: str, mark: str, tally: Tally, now: datetime
) -> bool:
    """Add what an event (`mark`) counts to its day; False when it is counted already.

    Raises:
        Unavailable: not known to be counted; count it again.
    """
    instead: dict[Place, Place] = {}
    for _ in range(ATTEMPTS_MAX):
        operations = _operations(mark, tally, instead, now)
        try:
            await store.batch(tenant_id, Container.MASTER, _key(day), operations)
        except Exists:
            return False
        except Missing as missing:
            await _begin(store, tenant_id, day, _place(missing.document_id), instead)
        else:
            return True
    raise Unavailable(f"the counters of {day} cannot be begun")


def _operations(
    mark: str, tally: Tally, instead: Mapping[Place, Place], now: datetime
) -> list[Operation]:
    rows: dict[Place, Mapping[str, int]] = {TOTAL: tally.counts}
    if tally.channel:
        rows[Dimension.CHANNEL, tally.channel] = tally.counts
    for name in sorted(tally.by_location)[:LOCATIONS_MAX]:
        rows[Dimension.LOCATION, name] = tally.by_location[name]
    operations: list[Operation] = [Create(SEEN, f"seen:{mark}", Seen(at=now), SEEN_TTL_S)]
    for place, counts in rows.items():
        increments = [Increment(f"counts/{name}", by) for name, by in sorted(counts.items())]
        operations += [
            Patch(KPIS, _id(instead.get(place, place)), tuple(chunk))
            for chunk in _chunks(increments)
        ]
    return operations


def _chunks(increments: Sequence[Increment]) -> list[Sequence[Increment]]:
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
