"""Which lines units are of: by line id, or by the SKU that a scanned code means (pure)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from shared.contracts.returns import Disposition
from shared.kernel.errors import NotFound
from shared.returns.model import InspectedLine, OfBundle, ReceivedLine, Return


@dataclass(frozen=True, slots=True)
class Named:
    """Units by line id, or by the SKU that their code means."""

    line_id: str | None
    sku: str | None
    quantity: int
    reason: str = ""


class Nameable(Protocol):
    """A line that units are named by: of an order, or of a return."""

    @property
    def line_id(self) -> str: ...
    @property
    def sku(self) -> str | None: ...
    @property
    def bundle(self) -> OfBundle | None: ...


L = TypeVar("L", bound=Nameable)


def sets_named(lines: Sequence[L], row: Named) -> list[dict[str, tuple[L, int]]]:
    """Return what a row names, each with its lines by id and how many of each a unit of it holds.

    A line's id names it, or the bundle that was sold as this line; a code its product's lines, else
    the bundles of that SKU.
    """
    own = [
        line
        for line in lines
        if (row.line_id == line.line_id if row.line_id else row.sku and row.sku == line.sku)
    ]
    if own:
        return [{line.line_id: (line, 1)} for line in own]
    sets: dict[str, dict[str, tuple[L, int]]] = {}
    for line in lines:
        told = line.bundle
        if told and (row.line_id == told.line if row.line_id else row.sku == told.sku):
            sets.setdefault(told.line, {})[line.line_id] = (line, told.per_bundle)
    return list(sets.values())


def lines_for(lines: Sequence[L], line_id: str) -> dict[str, tuple[L, int]]:
    """Return the lines that a line's id means, a bundle's components each with its count."""
    return next(iter(sets_named(lines, Named(line_id, None, 0))), {})


def shared_out(
    sets: Sequence[dict[str, tuple[L, int]]], quantity: int, left: Callable[[L], int]
) -> list[tuple[str, int]]:
    """Return units by line: the first sets that have room first; too many stay with the last."""
    units: list[tuple[str, int]] = []
    for index, lines in enumerate(sets):
        room = max(0, min(left(line) // per for line, per in lines.values()))
        share = quantity if index == len(sets) - 1 else min(quantity, room)
        units += [(line_id, share * per) for line_id, (_, per) in lines.items()]
        quantity -= share
    return [(line_id, n) for line_id, n in units if n]


def summed(rows: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return the units of each line."""
    totals: dict[str, int] = {}
    for line_id, quantity in rows:
        totals[line_id] = totals.get(line_id, 0) + quantity
    return totals


def received_lines(rows: Iterable[tuple[str, int]]) -> tuple[ReceivedLine, ...]:
    """Return units by line, each line once: the movement of a parcel's line is one."""
    return tuple(ReceivedLine(line_id=at, quantity=n) for at, n in summed(rows).items())


def named_in(found: Return, rows: Sequence[Named]) -> list[tuple[str, int]]:
    """Return units by line; those of a SKU go to the lines that expect it, the first ones first.

    More units than its lines expect stay with the last of them.

    Raises:
        NotFound: the return has no such line.
    """
    left = {line.line_id: line.quantity - line.received for line in found.lines}
    units: list[tuple[str, int]] = []
    for row in rows:
        sets = sets_named(found.lines, row)
        if not sets:
            raise NotFound("line")
        named = shared_out(sets, row.quantity, lambda line: left[line.line_id])
        for line_id, quantity in named:
            left[line_id] = max(0, left[line_id] - quantity)
        units += named
    return units


def inspected_lines(
    rows: Iterable[tuple[str, Disposition, int]],
) -> tuple[InspectedLine, ...]:
    """Return units by line and disposition, each pair once."""
    totals: dict[tuple[str, Disposition], int] = {}
    for line_id, disposition, quantity in rows:
        totals[line_id, disposition] = totals.get((line_id, disposition), 0) + quantity
    return tuple(
        InspectedLine(line_id=at[0], disposition=at[1], quantity=n) for at, n in totals.items()
    )
