"""What an event adds to the counters (pure): one function an event, in one table.

Units of orders that arrive done (a till's sale, an imported history) are in none of the figures.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from pydantic import JsonValue

from shared.insights.model import Beside, PartFacts, Tally

ACCEPTED: Final = "orders.order-accepted.v1"
ROUTED: Final = "orders.order-routed.v1"
CANCELLED: Final = "orders.parts-cancelled.v1"
REJECTED: Final = "fulfillment.parts-rejected.v1"
READY: Final = "fulfillment.ready-for-pickup.v1"
SHIPPED: Final = "fulfillment.parts-shipped.v1"
HANDED_OVER: Final = "fulfillment.parts-handed-over.v1"
SHIPMENT: Final = "fulfillment.shipment-changed.v1"
RETURN: Final = "returns.return-changed.v1"
REFUND: Final = "returns.refund-advised.v1"
OVERCOMMITTED: Final = "inventory.stock-overcommitted.v1"
OPENED: Final = "orders.exception-opened.v1"
_DONE: Final = frozenset({"handed-over", "shipped", "cancelled", "delivered", "returned"})


@dataclass(frozen=True, slots=True)
class _Part:
    line_id: str
    part: int
    quantity: int
    state: str
    location_id: str | None
    fulfillment_id: str | None


@dataclass(frozen=True, slots=True)
class _Told:
    """An event as it is counted."""

    at: datetime
    data: Mapping[str, JsonValue]
    parts: Sequence[_Part]
    beside: Beside

    def text(self, name: str) -> str | None:
        value = self.data.get(name)
        return value if isinstance(value, str) else None

    def number(self, name: str) -> int:
        value = self.data.get(name)
        return value if isinstance(value, int) else 0

    def parts_in(self, state: str) -> Sequence[_Part]:
        return [part for part in self.parts if part.state == state]

    def promise(self, part: _Part) -> PartFacts:
        order = self.beside.order
        known = order.parts.get((part.line_id, part.part)) if order else None
        return known or PartFacts()


_Count: TypeAlias = Callable[[_Told], "_Counts"]


@dataclass(frozen=True, slots=True)
class _Counts:
    """Counters, and whether they are the event's location's too."""

    counts: Mapping[str, int]
    by_location: Mapping[str, Mapping[str, int]] | None = None
    is_of_location: bool = False


def needs_order(event_type: str) -> bool:
    """Tell whether counting an event needs its order."""
    return event_type in _TABLE and event_type not in {ACCEPTED, OVERCOMMITTED}


def tally_of(
    event_type: str, at: datetime, data: Mapping[str, JsonValue], beside: Beside
) -> Tally | None:
    """Return what an event adds; None when it adds nothing."""
    count = _TABLE.get(event_type)
    if count is None:
        return None
    told = _Told(at, data, tuple(_parts(data.get("parts"))), beside)
    found = count(told)
    counts = {name: by for name, by in found.counts.items() if by}
    if not counts:
        return None
    by_location = {name: dict(row) for name, row in (found.by_location or {}).items()}
    location = told.text("location_id")
    if found.is_of_location and location:
        by_location[location] = counts
    order = beside.order
    return Tally(counts, order.channel if order else told.text("channel"), by_location)


def split_tally(event_type: str, beside: Beside) -> Tally | None:
    """Return what an order that is split adds, once, to the day of its acceptance."""
    order = beside.order
    if event_type != ROUTED or order is None or not order.is_split:
        return None
    return Tally({"orders_split": 1}, order.channel)


def _parts(rows: JsonValue) -> Iterable[_Part]:
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict):
            yield _Part(
                line_id=str(row.get("line_id")),
                part=_whole(row.get("part")),
                quantity=_whole(row.get("quantity")),
                state=str(row.get("state")),
                location_id=_name(row.get("location_id")),
                fulfillment_id=_name(row.get("fulfillment_id")),
            )


def _whole(value: JsonValue) -> int:
    return value if isinstance(value, int) else 0


def _name(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None


def _lines(parts: Iterable[_Part]) -> int:
    return len({part.line_id for part in parts})


def _units(parts: Iterable[_Part]) -> int:
    return sum(part.quantity for part in parts)


def _accepted(told: _Told) -> _Counts:
    awaited = [part for part in told.parts if part.state not in _DONE]
    counts = {"lines": _lines(awaited), "units_ordered": _units(awaited)}
    return _Counts({"orders": 1, **counts} if awaited else {})


def _routed(told: _Told) -> _Counts:
    sourced = told.parts_in("sourced")
    by_location: dict[str, Counter[str]] = {}
    for location, _ in {(part.location_id, part.line_id) for part in sourced}:
        if location:
            by_location.setdefault(location, Counter())["lines_assigned"] += 1
    counts = {"lines_assigned": sum(row["lines_assigned"] for row in by_location.values())}
    if told.number("attempt") == 1:
        planned = [part for part in told.parts if part.state != "preordered"]
        missed = {part.line_id for part in planned if part.state != "sourced"}
        counts["lines_planned"] = _lines(planned)
        counts["lines_sourced_first"] = len({p.line_id for p in planned} - missed)
    return _Counts(counts, by_location)


def _cancelled(told: _Told) -> _Counts:
    return _Counts({"units_cancelled": _units(told.parts_in("cancelled"))})


def _rejected(told: _Told) -> _Counts:
    if told.text("reason") == "overcommitted":
        return _Counts({})  # taken back by us: a shortage, counted as that
    return _Counts({"lines_rejected": _lines(told.parts)}, is_of_location=True)


def _promised(told: _Told, pairs: Iterable[datetime | None]) -> dict[str, int]:
    due = [by for by in pairs if by is not None]
    return {"promises_due": len(due), "promises_kept": sum(told.at <= by for by in due)}


def _waited_s(told: _Told) -> int:
    order = told.beside.order
    return max(0, int((told.at - order.accepted_at).total_seconds())) if order else 0


def _ready(told: _Told) -> _Counts:
    if told.data.get("resend"):
        return _Counts({})
    fulfillment, order = told.text("fulfillment_id"), told.beside.order
    promises = order.ready_by_of(fulfillment) if order else ()
    counts = {"pickups_ready": 1, "ready_s": _waited_s(told), **_promised(told, promises)}
    return _Counts(counts, is_of_location=True)


def _shipped(told: _Told) -> _Counts:
    parts = told.parts_in("shipped")
    promises = [told.promise(part).ship_by for part in parts]
    counts = {"units_shipped": _units(parts), **_promised(told, promises)}
    counts |= {"shipments": 1, "ship_s": _waited_s(told), **_cost(told, _lines(parts))}
    return _Counts(counts, is_of_location=True)


def _cost(told: _Told, lines: int) -> dict[str, int]:
    shipment = told.beside.shipment
    if shipment is None:
        return {}
    counts = {
        f"cost_minor.{shipment.currency}": shipment.cost_minor,
        "parcels": shipment.parcels,
        "parcels_saved": max(0, lines - shipment.parcels),
    }
    if shipment.default_cost_minor is not None:
        saving = shipment.default_cost_minor - shipment.cost_minor
        counts[f"courier_saving_minor.{shipment.currency}"] = saving
    if shipment.distance_m is not None:
        counts |= {"distance_m": shipment.distance_m, "distances": 1}
    return counts


def _handed_over(told: _Told) -> _Counts:
    counts = {"units_shipped": _units(told.parts_in("handed-over"))}
    return _Counts(counts, is_of_location=True)


def _shipment(told: _Told) -> _Counts:
    """A voided shipment's units will ship again; a delivered one's promise is judged."""
    due = [told.promise(part).arrive_by for part in told.parts_in("delivered")]
    judged = _promised(told, due)
    return _Counts(
        {
            "units_shipped": -_units(told.parts_in("sourced")),
            "arrivals_due": judged["promises_due"],
            "arrivals_kept": judged["promises_kept"],
        }
    )


def _return(told: _Told) -> _Counts:
    return _Counts({"returns_requested": int(told.text("status") == "requested")})


def _refund(told: _Told) -> _Counts:
    since = told.beside.requested_at
    if since is None:
        return _Counts({})
    waited_s = max(0, int((told.at - since).total_seconds()))
    return _Counts({"returns_refunded": 1, "return_s": waited_s})


def _overcommitted(told: _Told) -> _Counts:
    return _Counts({"shortage_units": told.number("added")}, is_of_location=True)


def _opened(told: _Told) -> _Counts:  # noqa: ARG001 - every row of the table takes the event
    return _Counts({"exceptions_opened": 1})


_TABLE: Final[Mapping[str, _Count]] = {
    ACCEPTED: _accepted,
    ROUTED: _routed,
    CANCELLED: _cancelled,
    REJECTED: _rejected,
    READY: _ready,
    SHIPPED: _shipped,
    HANDED_OVER: _handed_over,
    SHIPMENT: _shipment,
    RETURN: _return,
    REFUND: _refund,
    OVERCOMMITTED: _overcommitted,
    OPENED: _opened,
}
COUNTED: Final = frozenset(_TABLE)  # the filter of the subscription names the same
