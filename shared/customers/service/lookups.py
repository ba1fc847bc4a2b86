"""Lookups of identifiers, and the record they lead to.

An identifier's lookup lies in another partition than the record that lists it, so it is claimed
first and freed last; it is created only, so that two orders at once of one new customer make one
record. Every claim of what the record does not list yet gives the lookup a new etag: whoever is
about to free it, having read it before, then leaves it alone.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from shared.customers.decide import Mark
from shared.customers.model import (
    CUSTOMER_ID,
    CUSTOMERS,
    LOOKUP_ID,
    LOOKUPS,
    Customer,
    Keyring,
    Lookup,
)
from shared.kernel.documents import Container, Create, Delete, Documents, Operation, Replace, Stored
from shared.kernel.errors import WriteLost


@dataclass(frozen=True, slots=True)
class Marked:
    """An identifier with its lookup, as read; `is_fresh`: this call has just created it."""

    mark: Mark
    key: str
    lookup: Stored[Lookup] | None
    is_fresh: bool = False

    @property
    def owner(self) -> str | None:
        return self.lookup.body.customer_id if self.lookup else None


async def look_up(store: Documents, tenant_id: str, one: Mark, ring: Keyring) -> Marked:
    """Read an identifier's lookup."""
    key = f"lookup:{one.hashed(ring)}"
    return Marked(one, key, await store.get(tenant_id, LOOKUPS, key, LOOKUP_ID))


async def claim(
    store: Documents, tenant_id: str, wanted: Iterable[Marked], customer_id: str, now: datetime
) -> list[Marked]:
    """Make identifiers a customer's.

    Raises:
        WriteLost: one was claimed or freed since it was read.
    """
    claimed = []
    for one in wanted:
        if one.is_fresh:
            continue
        body = Lookup(customer_id=customer_id, kind=one.mark.kind, claimed_at=now)
        operation: Operation = (
            Replace(LOOKUPS, LOOKUP_ID, body, one.lookup.etag)
            if one.lookup
            else Create(LOOKUPS, LOOKUP_ID, body)
        )
        (etag,) = await store.batch(tenant_id, Container.MASTER, one.key, [operation])
        lookup = Stored(LOOKUP_ID, one.key, etag, body)
        claimed.append(Marked(one.mark, one.key, lookup, is_fresh=True))
    return claimed


async def free(store: Documents, tenant_id: str, lookups: Iterable[Stored[Lookup]]) -> None:
    """Delete lookups as they were read; what was claimed anew meanwhile stays."""
    for lookup in lookups:
        with suppress(WriteLost):
            gone = Delete(LOOKUPS, LOOKUP_ID, lookup.etag)
            await store.batch(tenant_id, Container.MASTER, lookup.key, [gone])


async def get_customer(
    store: Documents, tenant_id: str, customer_id: str
) -> Stored[Customer] | None:
    """Return a customer's record, erased or not."""
    return await store.get(tenant_id, CUSTOMERS, f"customer:{customer_id}", CUSTOMER_ID)


async def write_customer(
    store: Documents, tenant_id: str, body: Customer, stored: Stored[Customer] | None
) -> Stored[Customer]:
    """Write a record over the version given.

    Raises:
        WriteLost: it is another version by now.
    """
    operation: Operation = (
        Replace(CUSTOMERS, CUSTOMER_ID, body, stored.etag)
        if stored
        else Create(CUSTOMERS, CUSTOMER_ID, body)
    )
    key = f"customer:{body.customer_id}"
    (etag,) = await store.batch(tenant_id, Container.MASTER, key, [operation])
    return Stored(CUSTOMER_ID, key, etag, body)
