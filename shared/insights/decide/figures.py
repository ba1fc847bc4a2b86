"""The key figures from the counters (pure; semantics 11)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from shared.insights.model import Figure, OpenExceptions

HOUR_S: Final = 3_600
DAY_S: Final = 86_400
# name, numerator, denominator, divisor of the quotient, unit
_RATES: Final = (
    ("first-attempt-sourcing", "lines_sourced_first", "lines_planned", 1, "ratio"),
    ("fill", "units_shipped", "units_ordered", 1, "ratio"),
    ("split", "orders_split", "orders", 1, "ratio"),
    ("reject", "lines_rejected", "lines_assigned", 1, "ratio"),
    ("promise-kept", "promises_kept", "promises_due", 1, "ratio"),
    ("arrival-kept", "arrivals_kept", "arrivals_due", 1, "ratio"),
    ("distance-per-order", "distance_m", "distances", 1_000, "km"),
    ("accept-to-ship", "ship_s", "shipments", HOUR_S, "hours"),
    ("pickup-ready", "ready_s", "pickups_ready", HOUR_S, "hours"),
    ("return-to-refund", "return_s", "returns_refunded", DAY_S, "days"),
)
_COUNTS: Final = (
    ("orders", "orders"),
    ("oversold", "oversold_units"),  # counted by the nightly reconciler
    ("skus-reconciled", "skus_reconciled"),
    ("shortage", "shortage_units"),
    ("parcels-saved", "parcels_saved"),
    ("exceptions-opened", "exceptions_opened"),
)
_MONEY: Final = (
    ("cost-per-order", "cost_minor.", "orders"),
    ("courier-saving", "courier_saving_minor.", None),
)
PLACES: Final = 4


def summed(rows: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Return the sum of several days' counters."""
    total: Counter[str] = Counter()
    for row in rows:
        total.update(row)
    return dict(total)


def figures_of(counts: Mapping[str, int]) -> tuple[Figure, ...]:
    """Return every figure with what it was made of."""
    rates = [
        _rate(name, counts.get(over, 0), counts.get(under, 0), divisor, unit)
        for name, over, under, divisor, unit in _RATES
    ]
    plain = [
        Figure(name=name, numerator=counts.get(key, 0), value=counts.get(key, 0), unit="count")
        for name, key in _COUNTS
    ]
    return (*rates, *_money(counts), *plain)


def _money(counts: Mapping[str, int]) -> Iterable[Figure]:
    for name, prefix, under in _MONEY:
        for key in sorted(key for key in counts if key.startswith(prefix)):
            unit = f"minor units of {key.removeprefix(prefix)}"
            if under is None:
                yield Figure(name=name, numerator=counts[key], value=counts[key], unit=unit)
            else:
                yield _rate(name, counts[key], counts.get(under, 0), 1, unit)


def _rate(name: str, over: int, under: int, divisor: int, unit: str) -> Figure:
    value = round(over / under / divisor, PLACES) if under else None
    return Figure(name=name, numerator=over, denominator=under, value=value, unit=unit)


def ages_of(opened: Sequence[datetime], now: datetime, *, is_more: bool) -> OpenExceptions:
    """Return how long open exceptions have waited, the oldest and the mean."""
    hours = [max(0.0, (now - at).total_seconds()) / HOUR_S for at in opened]
    if not hours:
        return OpenExceptions(open=0)
    return OpenExceptions(
        open=len(hours),
        oldest_hours=round(max(hours), 2),
        mean_hours=round(sum(hours) / len(hours), 2),
        is_more=is_more,
    )
