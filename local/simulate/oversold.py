"""No reservation ever took what was not there: the ledger of a SKU, replayed in commit order.

At the end of a history a level may have recovered; the order in which its documents were committed
(their etags count on) shows each reservation with what was free at that moment.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from shared.inventory.decide.ledger import deltas_of
from shared.inventory.model import (
    ENDS,
    MOVEMENTS,
    RESERVATIONS,
    EndDocument,
    MovementDocument,
    ReservationDocument,
)
from shared.kernel.documents import Documents, pages

PAGES_MAX: Final = 100
Entry = ReservationDocument | EndDocument | MovementDocument


async def oversold(store: Documents, tenant_id: str) -> list[str]:
    """Return the reservations of orders that took more than was free."""
    entries: dict[str, list[tuple[int, Entry]]] = {}
    for kind in (RESERVATIONS, ENDS, MOVEMENTS):
        read: Any = pages(store, tenant_id, kind, pages_max=PAGES_MAX, limit=500)
        async for item in read:
            entries.setdefault(item.key, []).append((int(item.etag), item.body))
    found: list[str] = []
    for sku, rows in sorted(entries.items()):
        rows.sort(key=lambda row: row[0])
        found += [f"{sku}@{line}" for line in replayed([entry for _, entry in rows])]
    return found


def replayed(entries: list[Entry]) -> Iterator[str]:
    """Yield plain reservations behind whose batch less than nothing is free (pure)."""
    free: Counter[str] = Counter()
    for index, entry in enumerate(entries):
        free[entry.location_id] += deltas_of(entry).free
        if not isinstance(entry, ReservationDocument) or not is_plain(entry):
            continue
        # Expired soft reservations end in the same batch, behind the reservation that needs them.
        after = free[entry.location_id]
        for other in entries[index + 1 :]:
            if not isinstance(other, EndDocument) or other.at != entry.at:
                break
            after += deltas_of(other).free
        if after < 0:
            yield f"{entry.location_id} was {after} after {entry.reservation_id}"


def is_plain(entry: ReservationDocument) -> bool:
    """Tell whether this is a reservation that took free units: no share, nothing restored."""
    if entry.void or not entry.tracked:
        return False
    return entry.order_id.startswith("o_") and entry.reservation_id.rpartition(".")[2].isdecimal()
