"""Which lines units are of: by line id, or by the SKU that a scanned code means (pure)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.contracts.returns import Disposition
from shared.kernel.errors import NotFound
from shared.returns.model import InspectedLine, ReceivedLine, Return


@dataclass(frozen=True, slots=True)
class Named:
    """Units by line id, or by the SKU that their code means."""

    line_id: str | None
    sku: str | None
    quantity: int
    reason: str = ""


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
        names = _lines_named(found, row)
        quantity = row.quantity
        for name in names[:-1]:
            share = min(quantity, left[name])
            units.append((name, share))
            left[name] -= share
            quantity -= share
        units.append((names[-1], quantity))
        left[names[-1]] = max(0, left[names[-1]] - quantity)
    return [(name, quantity) for name, quantity in units if quantity]


def _lines_named(found: Return, row: Named) -> list[str]:
    by_id = [line.line_id for line in found.lines if line.line_id == row.line_id]
    by_sku = [line.line_id for line in found.lines if row.sku and line.sku == row.sku]
    names = by_sku if row.line_id is None else by_id
    if not names:
        raise NotFound("line")
    return names


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
