"""What tells who someone is: e-mail, phone and loyalty id, in normal forms and as hashes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from shared.contracts.intake import Contact
from shared.customers.decide.phones import normal_phone
from shared.customers.model import CustomerDetails, IdentifierKind, Keyring
from shared.kernel.errors import Fault
from shared.kernel.ids import lookup_hash

EMAIL_LENGTH_MAX: Final = 254  # RFC 5321, section 4.5.3.1.3, without the angle brackets
LOYALTY_LENGTH_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Mark:
    """One identifier of someone, in its normal form."""

    kind: IdentifierKind
    value: str

    def hashed(self, ring: Keyring) -> str:
        """Return the hash under which it is looked up."""
        return lookup_hash(ring.key, self.kind, self.value)


def mark(kind: IdentifierKind, raw: str, country: str) -> Mark | None:
    """Return an identifier in its normal form; None when it is none."""
    value = _normal(kind, raw, country)
    return Mark(kind, value) if value else None


def _normal(kind: IdentifierKind, raw: str, country: str) -> str | None:
    match kind:
        case IdentifierKind.LOYALTY:
            return _loyalty(raw)
        case IdentifierKind.EMAIL:
            return _email(raw)
        case IdentifierKind.PHONE:
            return normal_phone(raw, country)


def _loyalty(raw: str) -> str | None:
    value = raw.strip()
    return value if len(value) <= LOYALTY_LENGTH_MAX else None


def _email(raw: str) -> str | None:
    value = raw.strip().lower()
    name, at, domain = value.rpartition("@")
    is_one = bool(name and at and "." in domain) and not any(map(str.isspace, value))
    return value if is_one and len(value) <= EMAIL_LENGTH_MAX else None


def marks_of_contact(contact: Contact, country: str) -> tuple[Mark, ...]:
    """Return what a contact tells, the strongest first; what is no identifier is left out."""
    told = (
        (IdentifierKind.LOYALTY, contact.loyalty_id),
        (IdentifierKind.EMAIL, contact.email),
        (IdentifierKind.PHONE, contact.phone),
    )
    found = (mark(kind, raw, country) for kind, raw in told if raw is not None)
    return tuple(one for one in found if one is not None)


def hashes_of_contact(contact: Contact | None, ring: Keyring) -> tuple[str, ...]:
    """Return the hashes that an order carries, so that it is found by e-mail, phone, loyalty id."""
    if contact is None:
        return ()
    return tuple(one.hashed(ring) for one in marks_of_contact(contact, ring.country))


def marks_of(customer: CustomerDetails) -> tuple[Mark, ...]:
    """Return the identifiers of a record, which are in their normal forms."""
    return tuple(
        Mark(kind, value) for kind, field in FIELDS.items() for value in getattr(customer, field)
    )


FIELDS: Final = {
    IdentifierKind.LOYALTY: "loyalty_ids",
    IdentifierKind.EMAIL: "emails",
    IdentifierKind.PHONE: "phones",
}


def normalized(told: CustomerDetails, country: str) -> tuple[CustomerDetails, tuple[Fault, ...]]:
    """Return the details with each identifier in its normal form and once, and what is none."""
    faults: list[Fault] = []
    found: dict[str, tuple[str, ...]] = {}
    for kind, field in FIELDS.items():
        values: Iterable[str] = getattr(told, field)
        marks = [mark(kind, raw, country) for raw in values]
        faults += _faults(field, marks)
        found[field] = tuple(dict.fromkeys(one.value for one in marks if one is not None))
    return told.model_copy(update=found), tuple(faults)


def _faults(field: str, marks: list[Mark | None]) -> Iterator[Fault]:
    for index, one in enumerate(marks):
        if one is None:
            yield Fault(f"/{field}/{index}", "not-an-identifier", "it cannot tell who someone is")
