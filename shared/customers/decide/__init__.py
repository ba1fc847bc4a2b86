"""Rules of customers (pure): identifiers, what orders add to a record, changes, erasing."""

from shared.customers.decide.identifiers import (
    Mark,
    hashes_of_contact,
    mark,
    marks_of,
    marks_of_contact,
)
from shared.customers.decide.phones import normal_phone
from shared.customers.decide.record import (
    changed,
    new_customer,
    patched,
    redacted,
    refuse_taken,
    to_add,
    with_order,
)

__all__ = [
    "Mark",
    "changed",
    "hashes_of_contact",
    "mark",
    "marks_of",
    "marks_of_contact",
    "new_customer",
    "normal_phone",
    "patched",
    "redacted",
    "refuse_taken",
    "to_add",
    "with_order",
]
