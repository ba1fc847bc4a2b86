"""Which units a cancel takes, and how: at once, or by asking; of a bundle always whole ones."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeAlias

from shared.orders import life
from shared.orders.decide.bundles import goods_of, per_bundle
from shared.orders.decide.change import Cut
from shared.orders.decide.draft import Draft
from shared.orders.model import RESERVED, Line, Part, PartState
from shared.orders.refusals import NotSoMany


class Stage(StrEnum):
    """How far a fulfillment is, as cancelling sees it; the flow knows its status and location."""

    NOT_ACCEPTED = "not-accepted"
    IN_STORE = "in-store"  # accepted by a store and not picked: it confirms at once
    COMMITTED = "committed"  # picked, or with a 3PL or vendor: it must be asked


@dataclass(frozen=True, slots=True)
class Units:
    """Units of a line, of one part of it when named; None: all that there are.

    Of a bundle's sold line the quantity counts bundles.
    """

    line_id: str
    quantity: int | None = None
    part: int | None = None


@dataclass(frozen=True, slots=True)
class How:
    """How far each fulfillment is, why it is cancelled, and until when who is asked may answer."""

    stages: Mapping[str, Stage]
    reason: str
    reply_by: datetime | None = None


# What costs least to cancel goes first.
ORDER: Final = (
    *(PartState.EXCEPTION, PartState.UNFILLABLE, PartState.BACKORDERED, PartState.PREORDERED),
    *(PartState.PENDING, PartState.SOURCED),
)
_OFF: Final = frozenset({PartState.CANCELLED, PartState.CANCEL_REQUESTED})

Meant: TypeAlias = Callable[[Part], bool]


def cut_of(part: Part, units: int, how: How) -> Cut:
    """Return how units of a part are cancelled: who may have them in hands is asked."""
    is_asked = part.state in RESERVED and (
        how.stages.get(part.fulfillment_id or "", Stage.COMMITTED) is Stage.COMMITTED
    )
    if is_asked:
        return Cut(units, (life.AskCancel,), {"reason": how.reason, "reply_by": how.reply_by})
    return Cut(units, (life.Cancel,), {"reason": how.reason})


def take_units(draft: Draft, units: Units, how: How) -> None:
    """Cancel units of a line; of a component, unless a part is named, enough for whole bundles.

    Raises:
        NotSoMany: more than are in states that can be cancelled.
        NotFound: no such line.
    """
    possible = _possible(draft, units.line_id, _is_part(units.part))
    wanted = possible if units.quantity is None else units.quantity
    if wanted > possible or possible == 0:
        raise NotSoMany(units.line_id, wanted, possible)
    if units.part is None:
        count, off = per_bundle(draft.line(units.line_id)), _off(draft, units.line_id, _any)
        wanted = -(-(off + wanted) // count) * count - off
    _take(draft, units.line_id, wanted, how, _is_part(units.part))


def take_bundles(draft: Draft, lines: Sequence[Line], units: Units, how: How) -> None:
    """Cancel bundles of these component lines; without a quantity all that is left of them.

    What needs no shipping and was granted already stands in the way of nothing.

    Raises:
        NotSoMany: more bundles than can be cancelled whole.
    """
    left = {line.line_id: _possible(draft, line.line_id, _any) for line in lines}
    goods = goods_of(lines)
    possible = min(left[line.line_id] // per_bundle(line) for line in goods)
    if units.quantity is None and any(left.values()):
        for line in lines:
            _take(draft, line.line_id, left[line.line_id], how, _any)
        return
    if units.quantity is None or units.quantity > possible:
        raise NotSoMany(units.line_id, units.quantity or 0, possible)
    _take(draft, goods[0].line_id, units.quantity * per_bundle(goods[0]), how, _any)
    level(draft, lines, how)


def level(draft: Draft, lines: Sequence[Line], how: How) -> None:
    """Cancel of each component as many bundles as of that which lost most, as far as they can be.

    First where that one lost them, so that what is left of the bundles stays together.
    """
    at = {part.fulfillment_id for line in lines for part in draft.parts(line.line_id)}
    for is_meant in (*(_is_at(name) for name in sorted(at, key=str)), _any):
        off = {line.line_id: _off(draft, line.line_id, is_meant) for line in lines}
        bundles = max(-(-off[line.line_id] // per_bundle(line)) for line in lines)
        for line in lines:
            short = bundles * per_bundle(line) - off[line.line_id]
            _take(draft, line.line_id, short, how, is_meant)


def _take(draft: Draft, line_id: str, units: int, how: How, is_meant: Meant) -> None:
    def rank(part: Part) -> tuple[int, int]:
        stage = how.stages.get(part.fulfillment_id or "", Stage.COMMITTED)
        return ORDER.index(part.state), list(Stage).index(stage)

    left = units
    for part in sorted(_parts(draft, line_id, is_meant), key=rank):
        taken = min(left, part.quantity)
        if taken:
            draft.cut(line_id, part, cut_of(part, taken, how))
        left -= taken


def _possible(draft: Draft, line_id: str, is_meant: Meant) -> int:
    return sum(part.quantity for part in _parts(draft, line_id, is_meant))


def _parts(draft: Draft, line_id: str, is_meant: Meant) -> list[Part]:
    return [part for part in draft.parts(line_id) if part.state in ORDER and is_meant(part)]


def _off(draft: Draft, line_id: str, is_meant: Meant) -> int:
    parts = (part for part in draft.parts(line_id) if part.state in _OFF and is_meant(part))
    return sum(part.quantity for part in parts)


def _any(_: Part) -> bool:
    return True


def _is_part(number: int | None) -> Meant:
    return lambda part: number in {None, part.part}


def _is_at(fulfillment_id: str | None) -> Meant:
    return lambda part: part.fulfillment_id == fulfillment_id
