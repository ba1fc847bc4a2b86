"""Rules of a customer's record: what orders add to it, changes by hand, erasing."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import JsonValue, ValidationError

from shared.contracts.intake import Address
from shared.customers.decide.identifiers import FIELDS, Mark, marks_of, normalized
from shared.customers.model import (
    ADDRESSES_MAX,
    IDENTIFIERS_MAX,
    SUGGESTIONS_MAX,
    Customer,
    CustomerDetails,
    CustomerErased,
    IdentifierTaken,
    Lookup,
    MergeSuggestion,
)
from shared.kernel.errors import Fault, Invalid
from shared.kernel.model import faults_of

CLAIM_GRACE: Final = timedelta(minutes=10)  # longer than any request or message is worked on
DETAILS: Final = tuple(CustomerDetails.model_fields)


def new_customer(customer_id: str, now: datetime) -> Customer:
    """Return an empty record; what is told first makes its first version."""
    return Customer(customer_id=customer_id, version=0, created_at=now, changed_at=now)


def to_add(customer: Customer, marks: Iterable[Mark]) -> tuple[Mark, ...]:
    """Return the identifiers that the record lacks and has room for."""
    found: list[Mark] = []
    for mark in marks:
        listed = getattr(customer, FIELDS[mark.kind])
        if mark.value not in listed and len(listed) < IDENTIFIERS_MAX:
            found.append(mark)
    return tuple(found)


def with_order(
    customer: Customer,
    *,
    name: str | None,
    marks: Sequence[Mark],
    addresses: Iterable[Address],
    suggestions: Iterable[MergeSuggestion],
    now: datetime,
) -> Customer:
    """Return the record with what an order tells; the same again changes nothing.

    What stands is never overwritten: a name typed at a checkout may be anyone's.
    """
    update: dict[str, Any] = {
        "name": customer.name or name,
        "addresses": _joined(customer.addresses, addresses, ADDRESSES_MAX),
        "suggestions": _suggested(customer, suggestions),
    }
    for kind, field in FIELDS.items():
        more = [mark.value for mark in marks if mark.kind is kind]
        update[field] = _joined(getattr(customer, field), more, IDENTIFIERS_MAX)
    return changed(customer, update, now)


def _joined(listed: Sequence[Any], more: Iterable[Any], most: int) -> tuple[Any, ...]:
    """Return a list with what it lacks, in the order it came, `most` at most."""
    return tuple(dict.fromkeys((*listed, *more)))[:most]


def _suggested(customer: Customer, more: Iterable[MergeSuggestion]) -> tuple[MergeSuggestion, ...]:
    known = {(one.customer_id, one.kind) for one in customer.suggestions}
    fresh = [one for one in more if (one.customer_id, one.kind) not in known]
    return (*customer.suggestions, *fresh)[:SUGGESTIONS_MAX]


def changed(customer: Customer, update: Mapping[str, Any], now: datetime) -> Customer:
    """Return the next version; the same record when nothing differs."""
    if all(getattr(customer, name) == value for name, value in update.items()):
        return customer
    counted = {"version": customer.version + 1, "changed_at": now}
    return customer.model_copy(update={**update, **counted})


def patched(
    customer: Customer, patch: Mapping[str, JsonValue], country: str, now: datetime
) -> Customer:
    """Apply a JSON merge patch (RFC 7396) to what may be changed by hand.

    Raises:
        CustomerErased: nothing can be added to the record any more.
        Invalid: an unknown field, a value that does not fit, or a text that is no identifier.
    """
    if customer.erased_at is not None:
        raise CustomerErased
    if unknown := sorted(set(patch) - set(DETAILS)):
        raise Invalid([Fault(f"/{name}", "extra-forbidden", "no such field") for name in unknown])
    found: dict[str, Any] = customer.model_dump(mode="json", include=set(DETAILS))
    for field, value in patch.items():
        if value is None:
            found.pop(field)
        else:
            found[field] = value
    try:
        told = CustomerDetails.model_validate_json(json.dumps(found))
    except ValidationError as error:
        raise Invalid(faults_of(error)) from None
    normal, faults = normalized(told, country)
    if faults:
        raise Invalid(faults)
    return changed(customer, {name: getattr(normal, name) for name in DETAILS}, now)


def refuse_taken(
    claim: Lookup, holder: Customer | None, mark: Mark, customer_id: str, now: datetime
) -> None:
    """Let a customer have an identifier that is claimed, or refuse; `holder` is whom it is of.

    What its holder does not list is in work, or left over from a crash once `CLAIM_GRACE` is over.

    Raises:
        IdentifierTaken: it is another customer's.
    """
    if claim.customer_id == customer_id or (holder is not None and holder.erased_at is not None):
        return
    is_listed = holder is not None and mark in marks_of(holder)
    if is_listed or now < claim.claimed_at + CLAIM_GRACE:
        raise IdentifierTaken(mark.kind, claim.customer_id)


def redacted(customer: Customer, now: datetime) -> Customer:
    """Return the record without personal data: its id stays, since orders name it."""
    if customer.erased_at is not None:
        return customer
    nothing = {name: field.get_default() for name, field in CustomerDetails.model_fields.items()}
    return changed(customer, {**nothing, "suggestions": (), "erased_at": now}, now)
