"""The ledger of a level, page by page, with the balances after each row (semantics 4)."""

import base64
import binascii
import json
from dataclasses import dataclass, field
from typing import Any, Final

from shared.inventory.decide import ledger as decide
from shared.inventory.decide.amounts import COUNTERS, NOTHING, Deltas
from shared.inventory.model import ENDS, MOVEMENTS, RESERVATIONS
from shared.kernel.conditions import Condition
from shared.kernel.documents import Documents, Kind, Order
from shared.kernel.errors import Unreadable

STREAMS: Final[tuple[Kind[Any], ...]] = (MOVEMENTS, RESERVATIONS, ENDS)
LIMIT_MAX: Final = 500
REFILLS_MAX: Final = 1_000
BEGINNING: Final = ("", 0, "")

Position = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class LedgerPage:
    """Rows in the order of their own times; `cursor` is None on the last page."""

    rows: tuple[decide.Row, ...]
    cursor: str | None


@dataclass(slots=True)
class _Stream:
    """One kind of document: the page that begins at `cursor`, less what was shown before."""

    kind: Kind[Any]
    cursor: str | None = None
    is_done: bool = False
    entries: list[decide.Entry] = field(default_factory=list)
    behind: str | None = None  # the cursor of the next page

    @property
    def is_blocked(self) -> bool:
        """All of its page is taken, and there is more behind it."""
        return not self.is_done and not self.entries and self.behind is not None


async def ledger(
    store: Documents,
    tenant_id: str,
    sku: str,
    location_id: str,
    limit: int = 100,
    cursor: str | None = None,
) -> LedgerPage:
    """Return a page of a level's ledger, with the balances after each row.

    Raises:
        Unreadable: the cursor is not one of this ledger.
    """
    limit = max(1, min(limit, LIMIT_MAX))
    streams, last, balance = _decode(cursor)
    where = (Condition("location_id", "eq", location_id),)
    for stream in streams:
        for _ in range(REFILLS_MAX):
            if stream.is_done or stream.entries:
                break
            page = await store.query(
                tenant_id,
                stream.kind,
                key=sku,
                where=where,
                order=Order("at"),
                limit=limit,
                cursor=stream.cursor,
            )
            _fill(stream, [item.body for item in page.items], page.cursor, last)
    rows = decide.rows(_merge(streams, limit), balance)
    if all(stream.is_done for stream in streams) or not rows:
        return LedgerPage(rows, None)
    return LedgerPage(rows, _encode(streams, rows[-1]))


def _fill(stream: _Stream, entries: list[decide.Entry], behind: str | None, last: Position) -> None:
    """Take a page in; what was shown before is left out, and so is what came in behind it."""
    stream.entries = [entry for entry in entries if decide.position(entry) > last]
    stream.behind = behind
    if not stream.entries:
        stream.cursor, stream.is_done = behind, behind is None


def _merge(streams: list[_Stream], limit: int) -> list[decide.Entry]:
    """Take entries in order, until a stream must be read on to know what is next."""
    taken: list[decide.Entry] = []
    while len(taken) < limit and not any(stream.is_blocked for stream in streams):
        waiting = [stream for stream in streams if stream.entries]
        if not waiting:
            break
        first = min(waiting, key=lambda stream: decide.position(stream.entries[0]))
        taken.append(first.entries.pop(0))
        if not first.entries:
            first.cursor, first.is_done = first.behind, first.behind is None
    return taken


def _encode(streams: list[_Stream], last: decide.Row) -> str:
    states = [[stream.cursor, stream.is_done] for stream in streams]
    balance = [getattr(last.balance, name) for name in COUNTERS]
    return base64.urlsafe_b64encode(json.dumps([states, last.position, balance]).encode()).decode()


def _decode(cursor: str | None) -> tuple[list[_Stream], Position, Deltas]:
    if cursor is None:
        return [_Stream(kind) for kind in STREAMS], BEGINNING, NOTHING
    try:
        states, (at, rank, name), balance = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        streams = [
            _Stream(kind, page if page is None else str(page), bool(is_done))
            for kind, (page, is_done) in zip(STREAMS, states, strict=True)
        ]
        return streams, (str(at), int(rank), str(name)), Deltas(*(int(n) for n in balance))
    except (ValueError, TypeError, binascii.Error) as error:
        raise Unreadable("the cursor is not one of this ledger") from error
