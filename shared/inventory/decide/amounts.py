"""Deltas of a level, as a guarded patch or, once the level was read, exactly under its etag.

`Sight` is what a writer has read so far. Blind at first: the operations are guarded patches that
hold for the usual case. Whatever document turns the batch away is read and put in sight; then the
operations are exact for it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from shared.inventory.model import (
    LEVELS,
    EndDocument,
    Hardness,
    Level,
    MovementDocument,
    ReservationDocument,
    WaitDocument,
    level_id,
)
from shared.kernel.conditions import Condition, Increment
from shared.kernel.documents import Create, Operation, Patch, Replace, Stored

COUNTERS: Final = ("on_hand", "damaged", "quality_hold", "reserved", "soft_reserved")
CURRENT: Final = Condition("schemaVersion", "eq", LEVELS.version)


class Deltas(NamedTuple):
    """What a write adds to a level's counters; `free` follows from them."""

    on_hand: int = 0
    damaged: int = 0
    quality_hold: int = 0
    reserved: int = 0
    soft_reserved: int = 0

    @property
    def free(self) -> int:
        return self.on_hand - self.damaged - self.quality_hold - self.reserved - self.soft_reserved

    @property
    def is_fact(self) -> bool:
        """Whether goods moved: what a later count has seen."""
        return bool(self.on_hand or self.damaged or self.quality_hold)

    def without_facts(self) -> "Deltas":
        return Deltas(reserved=self.reserved, soft_reserved=self.soft_reserved)

    def __add__(self, other: "Deltas") -> "Deltas":  # type: ignore[override]  # sums, no longer row
        return Deltas(
            self.on_hand + other.on_hand,
            self.damaged + other.damaged,
            self.quality_hold + other.quality_hold,
            self.reserved + other.reserved,
            self.soft_reserved + other.soft_reserved,
        )

    def __neg__(self) -> "Deltas":
        return Deltas(
            -self.on_hand,
            -self.damaged,
            -self.quality_hold,
            -self.reserved,
            -self.soft_reserved,
        )


NOTHING: Final = Deltas()


def total(deltas: Iterable[Deltas]) -> Deltas:
    return sum(deltas, NOTHING)


@dataclass(slots=True)
class Sight:
    """What was read of the documents that turned a batch away; None: there is none."""

    levels: dict[str, Stored[Level] | None] = field(default_factory=dict)  # by location
    waits: dict[str, Stored[WaitDocument] | None] = field(default_factory=dict)  # by document id
    has_demand: bool = True
    taken: frozenset[str] = frozenset()  # reservation ids that stand there, void


class LevelWrite(NamedTuple):
    """The operation on a level, with what it really does: a newer count may have seen the facts."""

    operations: tuple[Operation, ...]
    deltas: Deltas
    effective: bool = True
    short: int = 0


def held(quantity: int, hardness: Hardness, *, tracked: bool) -> Deltas:
    """Return what an open reservation adds to its level."""
    if not tracked:
        return NOTHING
    if hardness is Hardness.SOFT:
        return Deltas(soft_reserved=quantity)
    return Deltas(reserved=quantity)


def held_by(body: ReservationDocument) -> Deltas:
    """Return what this reservation adds to its level while it is open."""
    return NOTHING if body.void else held(body.quantity, body.hardness, tracked=body.tracked)


def recorded(body: EndDocument | MovementDocument) -> Deltas:
    """Return what an ending or a movement says of the goods, whether or not it had an effect."""
    return Deltas(body.on_hand, body.damaged, body.quality_hold)


def made_by(body: EndDocument | MovementDocument) -> Deltas:
    """Return what an ending or a movement changed in its level."""
    facts = recorded(body) if body.effective else NOTHING
    if isinstance(body, MovementDocument):
        return facts
    return facts + Deltas(reserved=body.reserved, soft_reserved=body.soft_reserved)


def write_level(
    sight: Sight, sku: str, location_id: str, deltas: Deltas, at: str, *, need: int | None = None
) -> LevelWrite:
    """Return the write of `deltas`, which happened at `at`, on a level.

    `need`: free units that must be there before (a reservation); its caller looks at a level in
    sight itself.
    """
    if location_id not in sight.levels:
        return _guarded(location_id, deltas, at, need)
    stored = sight.levels[location_id]
    level = stored.body if stored else new_level(sku, location_id)
    seen = deltas.is_fact and level.counted_as_of >= at
    made = deltas.without_facts() if seen else deltas
    after = changed(level, made)
    # What leaves takes its promise along: whoever is left is short of as much as before.
    short = max(0, -after.free) if made.free < 0 or made.on_hand < 0 else 0
    if made == NOTHING:
        return LevelWrite((), made, not seen, short)
    return LevelWrite((put_level(after, stored),), made, not seen, short)


def _guarded(location_id: str, deltas: Deltas, at: str, need: int | None) -> LevelWrite:
    increments = tuple(_increments(deltas))
    if not increments:
        return LevelWrite((), deltas)
    when = [CURRENT]
    if deltas.is_fact:
        when.append(Condition("counted_as_of", "lt", at))
    if need is not None:
        when.append(Condition("free", "ge", need))
    elif deltas.free < 0 or deltas.on_hand < 0:
        # Facts may overdraw, but what is short behind them must be reported: read first.
        when.append(Condition("free", "ge", max(0, -deltas.free)))
    patch = Patch(LEVELS, level_id(location_id), increments, tuple(when))
    return LevelWrite((patch,), deltas)


def _increments(deltas: Deltas) -> Iterable[Increment]:
    for name in COUNTERS:
        by = getattr(deltas, name)
        if by:
            yield Increment(name, by)
    if deltas.free:
        yield Increment("free", deltas.free)


def new_level(sku: str, location_id: str) -> Level:
    return Level(sku=sku, location_id=location_id)


def changed(level: Level, deltas: Deltas) -> Level:
    """Return the level with the deltas added."""
    return level.model_copy(
        update={
            "on_hand": level.on_hand + deltas.on_hand,
            "damaged": level.damaged + deltas.damaged,
            "quality_hold": level.quality_hold + deltas.quality_hold,
            "reserved": level.reserved + deltas.reserved,
            "soft_reserved": level.soft_reserved + deltas.soft_reserved,
            "free": level.free + deltas.free,
        }
    )


def put_level(body: Level, stored: Stored[Level] | None) -> Operation:
    """Return the write of a whole level, under the etag it was read with."""
    if stored is None:
        return Create(LEVELS, level_id(body.location_id), body)
    return Replace(LEVELS, stored.id, body, stored.etag)
