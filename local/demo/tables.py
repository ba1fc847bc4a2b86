"""Tables as text (pure)."""

import unicodedata
from collections.abc import Sequence
from typing import Final

GAP: Final = "  "


def width_of(text: str) -> int:
    """Return how many columns a text takes; combining marks take none."""
    return sum(unicodedata.combining(character) == 0 for character in text)


def table(
    title: str, head: Sequence[str], rows: Sequence[Sequence[object]], *, texts: int = 1
) -> str:
    """Return a table; the first `texts` columns are words, the others figures to the right."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [
        max(width_of(row[column]) for row in [list(head), *cells]) for column in range(len(head))
    ]
    lines = [_line(row, widths, texts) for row in [list(head), *cells]]
    rule = GAP.join("-" * width for width in widths)
    return "\n".join([title, "=" * width_of(title), lines[0], rule, *lines[1:]])


def _line(row: Sequence[str], widths: Sequence[int], texts: int) -> str:
    shown = []
    for column, (cell, width) in enumerate(zip(row, widths, strict=True)):
        pad = " " * (width - width_of(cell))
        shown.append(cell + pad if column < texts else pad + cell)
    return GAP.join(shown).rstrip()


def percent(part: int, whole: int) -> str:
    """Return a share; "-" of nothing."""
    return f"{100 * part / whole:.1f} %" if whole else "-"


def money(minor: int, currency: str) -> str:
    """Return minor units as people read them; both demo currencies have two decimals."""
    return f"{minor / 100:,.2f} {currency}"
