"""All invariants of a tenant's books; each breach is a line of text."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from local.audit import orders, returns, stock
from local.audit.books import Books, read_books
from shared.kernel.documents import Documents
from shared.tenants import parking
from shared.tenants.parking import ParkedStatus

PARKED_MAX: Final = 200

Check = Callable[[Books], Iterator[str]]
CHECKS: Final[tuple[Check, ...]] = (
    *orders.CHECKS,
    *stock.CHECKS,
    *returns.CHECKS,
)


def breaches(books: Books) -> list[str]:
    """Return every broken invariant of a tenant, with its facts (pure)."""
    return [f"{books.tenant_id}: {line}" for check in CHECKS for line in check(books)]


async def audit_tenant(store: Documents, tenant_id: str, now: datetime) -> list[str]:
    """Return what is lost, doubled or oversold at a tenant, and what stays parked.

    Raises:
        Unavailable: somebody writes meanwhile.
    """
    books = await read_books(store, tenant_id, now)
    return [*breaches(books), *await parked(store, tenant_id)]


async def parked(store: Documents, tenant_id: str) -> list[str]:
    """Return the messages that could not be worked and that nobody has looked at."""
    page = await parking.list_parked(store, tenant_id, limit=PARKED_MAX, cursor=None)
    return [
        f"{tenant_id}: a message stays parked: {row.body.subject} {row.body.code} {row.body.detail}"
        for row in page.items
        if row.body.status is ParkedStatus.PARKED
    ]
