"""Whose data a stored body is: by what names a person, as it was typed (pure)."""

import base64
import binascii
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from shared.contracts.intake import Address, Contact
from shared.customers.model import Customer
from shared.orders.model import Order

LENGTH_MIN: Final = 5  # a shorter text stands in bodies of anybody


@dataclass(frozen=True, slots=True)
class Person:
    """What names one person: `marks` nobody else has (e-mail, phone, loyalty id), `texts` all."""

    marks: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()


def person_of(customer: Customer, orders: Iterable[Order]) -> Person:
    """Return what names a customer, in their record and in their orders."""
    marks: set[str | None] = {*customer.emails, *customer.phones, *customer.loyalty_ids}
    texts: set[str | None] = {customer.name}
    for address in customer.addresses:
        texts |= _of_address(address)
    for order in orders:
        marks |= _marks(order.customer)
        texts.add(order.customer.name if order.customer else None)
        for told in (order.ship_to, order.bill_to):
            if told is not None:
                texts |= _of_address(told)
    own = _as_written(marks)
    return Person(own, own | _as_written(texts))


def names(needles: Iterable[str], text: str | None) -> bool:
    """Tell whether a body holds one of the texts, in any case."""
    if text is None:
        return False
    folded = text.casefold()
    return any(needle in folded for needle in needles)


def text_of(body: str, *, is_base64: bool) -> str:
    """Return a parked body as text."""
    if not is_base64:
        return body
    try:
        return base64.b64decode(body).decode("utf-8", "replace")
    except binascii.Error:
        return body


def _marks(contact: Contact | None) -> set[str | None]:
    return set() if contact is None else {contact.email, contact.phone, contact.loyalty_id}


def _of_address(address: Address) -> set[str | None]:
    return {address.name, address.phone, *address.lines}


def _as_written(texts: Iterable[str | None]) -> frozenset[str]:
    """Return the texts as bodies may hold them: as they are, or with JSON's escapes."""
    long = {text.casefold() for text in texts if text and len(text) >= LENGTH_MIN}
    return frozenset(long | {json.dumps(text)[1:-1].casefold() for text in long})
