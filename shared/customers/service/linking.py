"""Linking an order to its customer at intake; idempotent, and safe for many orders at once."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from shared.contracts.intake import Contact
from shared.customers.decide import Mark, marks_of_contact, new_customer, to_add, with_order
from shared.customers.model import Customer, Keyring, MergeSuggestion, OrderFacts
from shared.customers.service.lookups import (
    Marked,
    claim,
    free,
    get_customer,
    look_up,
    write_customer,
)
from shared.kernel.documents import Documents, Stored
from shared.kernel.errors import Unavailable, WriteLost
from shared.kernel.ids import Ids

ATTEMPTS_MAX: Final = 10
# Names a customer (id, tier) in the order; False: the order is erased, or another customer's.
Name: TypeAlias = Callable[[str, str | None], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class _Told:
    """What the order tells of its customer."""

    contact: Contact
    facts: OrderFacts
    now: datetime


async def link(
    store: Documents,
    tenant_id: str,
    contact: Contact,
    facts: OrderFacts,
    *,
    ring: Keyring,
    ids: Ids,
    name: Name,
    now: datetime,
) -> str | None:
    """Return the id of the customer whom an order is of, making or completing their record.

    The order names them first: an erase then finds the order by it, and whoever finds the order
    erased writes nothing of the person any more.

    The strongest identifier decides (loyalty id, e-mail, phone); where a weaker one is another
    customer's, the record suggests a merge. The same order again changes nothing. None when the
    contact tells nothing by which anybody could be known again, or the order takes no name.
    """
    marks = marks_of_contact(contact, ring.country)
    if not marks:
        return None
    told = _Told(contact, facts, now)
    for _ in range(ATTEMPTS_MAX):
        found = [await _living(store, tenant_id, one, ring) for one in marks]
        with suppress(WriteLost):
            if not any(one.owner for one in found):
                found[:1] = await claim(store, tenant_id, found[:1], ids.new("c"), now)
            owner = next(one.owner for one in found if one.owner is not None)
            stored = await get_customer(store, tenant_id, owner)
            if not await name(owner, stored.body.tier if stored else None):
                fresh = [one.lookup for one in found if one.is_fresh and one.lookup]
                await free(store, tenant_id, fresh)
                return None
            return await _complete(store, tenant_id, told, found, stored)
    raise Unavailable("the customer's record is contended")


async def _living(store: Documents, tenant_id: str, one: Mark, ring: Keyring) -> Marked:
    """Read an identifier's lookup; one of an erased customer is left over, and taken away."""
    found = await look_up(store, tenant_id, one, ring)
    if found.lookup is not None:
        holder = await get_customer(store, tenant_id, found.lookup.body.customer_id)
        if holder is not None and holder.body.erased_at is not None:
            await free(store, tenant_id, [found.lookup])
            return Marked(one, found.key, None)
    return found


async def _complete(
    store: Documents,
    tenant_id: str,
    told: _Told,
    found: Sequence[Marked],
    stored: Stored[Customer] | None,
) -> str:
    """Bring the record of the strongest identifier's owner up to what the order tells.

    Raises:
        WriteLost: another order changed the record or a lookup meanwhile, or it was erased.
    """
    owner = next(one.owner for one in found if one.owner is not None)
    if stored is not None and stored.body.erased_at is not None:
        raise WriteLost(stored.id)  # erased since the lookups were read
    before = stored.body if stored else new_customer(owner, told.now)
    added = to_add(before, [one.mark for one in found if one.owner in {None, owner}])
    after = _with_order(before, told, found, added)
    if after is not before:
        fresh = [one for one in found if one.mark in added]
        await claim(store, tenant_id, fresh, owner, told.now)
        await write_customer(store, tenant_id, after, stored)
    return owner


def _with_order(
    before: Customer, told: _Told, found: Sequence[Marked], added: Sequence[Mark]
) -> Customer:
    suggestions = [
        MergeSuggestion(
            customer_id=one.owner,
            kind=one.mark.kind,
            order_id=told.facts.order_id,
            at=told.now,
        )
        for one in found
        if one.owner is not None and one.owner != before.customer_id
    ]
    return with_order(
        before,
        name=told.contact.name,
        marks=added,
        addresses=told.facts.addresses,
        suggestions=suggestions,
        now=told.now,
    )
