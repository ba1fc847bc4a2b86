"""The ledger of a level, and what its documents add up to (semantics 4)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from shared.contracts.stock import RejectReason
from shared.inventory.decide.amounts import (
    COUNTERS,
    NOTHING,
    Deltas,
    held_by,
    made_by,
)
from shared.inventory.decide.waiting import demand_field
from shared.inventory.model import (
    NEVER,
    Demand,
    EndDocument,
    Hardness,
    Level,
    MovementDocument,
    ReservationDocument,
    WaitDocument,
    end_id,
    move_id,
    reservation_doc,
)

Entry = ReservationDocument | EndDocument | MovementDocument
_RANK: Final = {MovementDocument: 0, ReservationDocument: 1, EndDocument: 2}


@dataclass(frozen=True, slots=True)
class Row:
    """One entry with the balances after it; not `effective`: a newer count had seen it."""

    id: str
    at: str
    what: str
    reason: str | None
    deltas: Deltas
    balance: Deltas
    counted: int | None = None
    effective: bool = True
    position: tuple[str, int, str] = ("", 0, "")

    @property
    def free(self) -> int:
        return self.balance.free


def deltas_of(entry: Entry) -> Deltas:
    """Return what a document changed in its level."""
    return held_by(entry) if isinstance(entry, ReservationDocument) else made_by(entry)


def position(entry: Entry) -> tuple[str, int, str]:
    """Return where an entry stands in the ledger: by its own time."""
    return (entry.at, _RANK[type(entry)], document_id(entry))


def document_id(entry: Entry) -> str:
    match entry:
        case ReservationDocument():
            return reservation_doc(entry.reservation_id)
        case EndDocument():
            return end_id(entry.reservation_id)
        case MovementDocument():
            return move_id(entry.movement_id)


def rows(entries: Iterable[Entry], before: Deltas = NOTHING) -> tuple[Row, ...]:
    """Return entries of one level, in order, with the balance after each."""
    found, balance = [], before
    for entry in entries:
        made = deltas_of(entry)
        balance += made
        found.append(replace(_row(entry, made, balance), position=position(entry)))
    return tuple(found)


def _row(entry: Entry, made: Deltas, balance: Deltas) -> Row:
    name = document_id(entry)
    match entry:
        case ReservationDocument():
            what = "voided" if entry.void else "reserved"
            if entry.hardness is Hardness.SOFT:
                what = f"soft-{what}"
            return Row(name, entry.at, what, None, made, balance)
        case EndDocument():
            what, why = entry.ending.value, entry.reason
            return Row(name, entry.at, what, why, made, balance, effective=entry.effective)
        case MovementDocument():
            what = "movement" if entry.counted is None else "count"
            why, counted = entry.reason, entry.counted
            return Row(name, entry.at, what, why, made, balance, counted, entry.effective)


@dataclass(frozen=True, slots=True)
class Difference:
    """A counter that is not what its documents add up to. `place`: a location, or `demand`."""

    place: str
    counter: str
    stored: int
    folded: int


def fold_levels(entries: Iterable[Entry]) -> dict[str, Deltas]:
    """Return what the documents of a SKU add up to, by location."""
    sums: dict[str, Deltas] = defaultdict(lambda: NOTHING)
    for entry in entries:
        sums[entry.location_id] += deltas_of(entry)
    return dict(sums)


def fold_counted(entries: Iterable[Entry]) -> dict[str, str]:
    """Return the as-of of each location's last effective count; not-in-stock counts as one."""
    last: dict[str, str] = {}
    for entry in entries:
        if _is_count(entry):
            last[entry.location_id] = max(entry.at, last.get(entry.location_id, NEVER))
    return last


def _is_count(entry: Entry) -> bool:
    match entry:
        case MovementDocument():
            return entry.counted is not None and entry.effective
        case EndDocument():
            return entry.reason == RejectReason.NOT_IN_STOCK and entry.effective
        case ReservationDocument():
            return False


def fold_demand(waits: Iterable[WaitDocument]) -> Counter[str]:
    """Return queued units by field of the demand document."""
    sums: Counter[str] = Counter()
    for wait in waits:
        if wait.open:
            sums[demand_field(wait)] += wait.quantity
    return sums


def open_reservations(entries: Sequence[Entry]) -> dict[str, ReservationDocument]:
    """Return the reservations that hold units or are recorded, and have not ended."""
    ended = {e.reservation_id for e in entries if isinstance(e, EndDocument)}
    return {
        e.reservation_id: e
        for e in entries
        if isinstance(e, ReservationDocument) and not e.void and e.reservation_id not in ended
    }


def level_differences(levels: Iterable[Level], entries: Sequence[Entry]) -> list[Difference]:
    """Return counters that differ from the fold of the documents, `free` included."""
    stored = {level.location_id: level for level in levels}
    folded = fold_levels(entries)
    found = []
    for place in sorted(stored.keys() | folded.keys()):
        level, want = stored.get(place), folded.get(place, NOTHING)
        for name in (*COUNTERS, "free"):
            has = getattr(level, name) if level else 0
            if has != getattr(want, name):
                found.append(Difference(place, name, has, getattr(want, name)))
    return found


def demand_differences(demand: Demand, waits: Iterable[WaitDocument]) -> list[Difference]:
    """Return sums of queued units that differ from the open waits."""
    stored = {f"pools/{k}": v for k, v in demand.pools.items()}
    stored |= {f"pickups/{k}": v for k, v in demand.pickups.items()}
    folded = fold_demand(waits)
    return [
        Difference("demand", name, stored.get(name, 0), folded.get(name, 0))
        for name in sorted(stored.keys() | folded.keys())
        if stored.get(name, 0) != folded.get(name, 0)
    ]


def unexpected(
    open_here: Mapping[str, ReservationDocument], expected: Mapping[str, int]
) -> list[ReservationDocument]:
    """Return open hard reservations that no order part names, or with another quantity."""
    return [
        body
        for name, body in sorted(open_here.items())
        if body.hardness is Hardness.HARD and expected.get(name) != body.quantity
    ]


def missing(open_here: Mapping[str, ReservationDocument], expected: Mapping[str, int]) -> list[str]:
    """Return reservations that order parts name and that are not open."""
    return sorted(name for name in expected if name not in open_here)


def folded_level(level: Level, entries: Sequence[Entry]) -> Level:
    """Return a level with its counters as the documents say."""
    sums = fold_levels(entries).get(level.location_id, NOTHING)
    counters = {name: getattr(sums, name) for name in COUNTERS}
    counted = fold_counted(entries).get(level.location_id, NEVER)
    return level.model_copy(update=counters | {"free": sums.free, "counted_as_of": counted})


def folded_demand(waits: Iterable[WaitDocument]) -> Demand:
    """Return the demand document as the waits say."""
    sums: dict[str, dict[str, int]] = {"pools": {}, "pickups": {}}
    for name, units in fold_demand(waits).items():
        kind, _, entry = name.partition("/")
        sums[kind][entry] = units
    return Demand(pools=sums["pools"], pickups=sums["pickups"])
