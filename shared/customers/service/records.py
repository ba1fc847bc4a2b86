"""A customer's record: found by what tells who they are, changed by hand, erased."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Final

from pydantic import JsonValue

from shared.contracts.intake import Contact
from shared.customers.decide import (
    mark,
    marks_of,
    marks_of_contact,
    patched,
    redacted,
    refuse_taken,
)
from shared.customers.model import LOOKUPS, Customer, IdentifierKind, Keyring
from shared.customers.service.lookups import (
    Marked,
    claim,
    free,
    get_customer,
    look_up,
    write_customer,
)
from shared.kernel.conditions import Condition
from shared.kernel.documents import Documents, Stored
from shared.kernel.errors import NotFound, PreconditionFailed, Unavailable, WriteLost

ATTEMPTS_MAX: Final = 10
LOOKUPS_PAGE: Final = 100
SWEEPS_MAX: Final = 10


async def find_customer(
    store: Documents, tenant_id: str, kind: IdentifierKind, value: str, *, ring: Keyring
) -> Stored[Customer] | None:
    """Return the customer who has an e-mail, phone or loyalty id, in whatever form it is typed."""
    wanted = mark(kind, value, ring.country)
    if wanted is None:
        return None
    found = await look_up(store, tenant_id, wanted, ring)
    if found.owner is None:
        return None
    customer = await get_customer(store, tenant_id, found.owner)
    return customer if customer is not None and wanted in marks_of(customer.body) else None


async def known_customer(
    store: Documents, tenant_id: str, contact: Contact, *, ring: Keyring
) -> Customer | None:
    """Return whom the strongest known identifier of a contact names; None: nobody is known by it.

    Reads only: an order is linked, and a customer made, by `link`.
    """
    for one in marks_of_contact(contact, ring.country):
        found = await look_up(store, tenant_id, one, ring)
        customer = await get_customer(store, tenant_id, found.owner) if found.owner else None
        if customer is not None and one in marks_of(customer.body):
            return customer.body
    return None


async def change_customer(
    store: Documents,
    tenant_id: str,
    customer_id: str,
    patch: Mapping[str, JsonValue],
    *,
    if_match: str,
    ring: Keyring,
    now: datetime,
) -> Stored[Customer]:
    """Apply a merge patch to the version that the caller read.

    Raises:
        NotFound: there is no such customer.
        PreconditionFailed: it was changed since.
        Invalid, CustomerErased: see `patched`.
        IdentifierTaken: an identifier is another customer's.
    """
    stored = await get_customer(store, tenant_id, customer_id)
    if stored is None:
        raise NotFound("customer")
    if stored.etag != if_match:
        raise PreconditionFailed
    after = patched(stored.body, patch, ring.country, now)
    if after is stored.body:
        return stored
    old, new = marks_of(stored.body), marks_of(after)
    lost = [await look_up(store, tenant_id, one, ring) for one in old if one not in new]
    gained = [await look_up(store, tenant_id, one, ring) for one in new if one not in old]
    for one in gained:
        await _refuse_taken(store, tenant_id, one, customer_id, now)
    try:
        await claim(store, tenant_id, gained, customer_id, now)
        saved = await write_customer(store, tenant_id, after, stored)
    except WriteLost as error:
        raise PreconditionFailed from error
    own = [one.lookup for one in lost if one.lookup and one.owner == customer_id]
    await free(store, tenant_id, own)
    return saved


async def _refuse_taken(
    store: Documents, tenant_id: str, one: Marked, customer_id: str, now: datetime
) -> None:
    if one.lookup is not None:
        holder = await get_customer(store, tenant_id, one.lookup.body.customer_id)
        refuse_taken(one.lookup.body, holder.body if holder else None, one.mark, customer_id, now)


async def erase(
    store: Documents, tenant_id: str, customer_id: str, *, now: datetime
) -> Stored[Customer]:
    """Take the personal data out of a record and delete its lookups; again it is done already.

    The record itself stays, since orders name its id: their data is theirs to erase.

    Raises:
        NotFound: there is no such customer.
    """
    for _ in range(ATTEMPTS_MAX):
        stored = await get_customer(store, tenant_id, customer_id)
        if stored is None:
            raise NotFound("customer")
        after = redacted(stored.body, now)
        with suppress(WriteLost):
            if after is not stored.body:
                stored = await write_customer(store, tenant_id, after, stored)
            await _sweep(store, tenant_id, customer_id)
            return stored
    raise Unavailable("the customer's record is contended")


async def _sweep(store: Documents, tenant_id: str, customer_id: str) -> None:
    where = (Condition("customer_id", "eq", customer_id),)
    for _ in range(SWEEPS_MAX):
        page = await store.query(tenant_id, LOOKUPS, where=where, limit=LOOKUPS_PAGE)
        if not page.items:
            return
        await free(store, tenant_id, page.items)
    raise Unavailable("the customer's lookups are contended")
