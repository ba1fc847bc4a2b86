"""Who buys: one record of a customer over all channels (semantics 2; design 3).

Personal data stands here and in orders only. The documents that find a customer hold hashes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pydantic import Field

from shared.contracts.intake import Address
from shared.kernel.documents import Container, Document, Kind
from shared.kernel.errors import Refused
from shared.kernel.model import Country, Identifier, Instant, Strict, Text
from shared.tenants.model import Settings

IDENTIFIERS_MAX: Final = 20  # of one kind
ADDRESSES_MAX: Final = 30
SUGGESTIONS_MAX: Final = 20
LEFT_MAX: Final = 100  # orders named where an erase is refused, or leaves some
CUSTOMER_ID: Final = "customer"
LOOKUP_ID: Final = "lookup"


class IdentifierKind(StrEnum):
    """What tells who someone is, the strongest first."""

    LOYALTY = "loyalty"
    EMAIL = "email"
    PHONE = "phone"


class MergeSuggestion(Strict):
    """An order named this customer, and by a weaker identifier another one: perhaps one person."""

    customer_id: Identifier
    kind: IdentifierKind
    order_id: Identifier
    at: Instant


class CustomerDetails(Strict):
    """What may be changed by hand. Identifiers stand in their normal form (decide.identifiers)."""

    name: Text | None = None
    emails: tuple[Text, ...] = Field(default=(), max_length=IDENTIFIERS_MAX)
    phones: tuple[Text, ...] = Field(default=(), max_length=IDENTIFIERS_MAX)
    loyalty_ids: tuple[Text, ...] = Field(default=(), max_length=IDENTIFIERS_MAX)
    addresses: tuple[Address, ...] = Field(default=(), max_length=ADDRESSES_MAX)
    tier: Identifier | None = None


class Customer(CustomerDetails, Document):
    """One customer. Orders and returns are counted by asking for them, not here."""

    customer_id: Identifier
    version: int = Field(default=1, ge=0)
    created_at: Instant
    changed_at: Instant
    erased_at: Instant | None = None
    suggestions: tuple[MergeSuggestion, ...] = Field(default=(), max_length=SUGGESTIONS_MAX)


CUSTOMERS: Final = Kind(Container.MASTER, "customer", Customer)


class Lookup(Document):
    """Which customer an identifier is of; found by its hash, and holds no personal data."""

    customer_id: Identifier
    kind: IdentifierKind
    claimed_at: Instant


LOOKUPS: Final = Kind(Container.MASTER, "lookup", Lookup, ("customer_id",))


class ErasureStage(StrEnum):
    """What an erase is at; each step may be repeated."""

    LINKS = "links"  # orders that name their customer only now, where they are many
    BODIES = "bodies"  # what came in or went out as it was: while it is known whose it is
    ORDERS = "orders"
    CUSTOMER = "customer"
    FILES = "files"  # old pages of the databases
    DONE = "done"


class Erasure(Document):
    """How far the erase of one customer has come; holds no personal data.

    `step` and `cursor` say where a stage goes on; `left` are orders that came meanwhile and are
    still to be fulfilled: ask again once they are.
    """

    customer_id: Identifier
    stage: ErasureStage = ErasureStage.BODIES
    is_open: bool = True
    step: int = Field(default=0, ge=0)
    cursor: str | None = None
    bodies: int = Field(default=0, ge=0)
    orders: int = Field(default=0, ge=0)
    left: tuple[Identifier, ...] = Field(default=(), max_length=LEFT_MAX)
    asked_at: Instant
    asked_by: Text
    done_at: Instant | None = None


ERASURES: Final = Kind(Container.MASTER, "erasure", Erasure, ("is_open", "customer_id"))
ERASURE_ID: Final = "erasure"


@dataclass(frozen=True, slots=True)
class Keyring:
    """What it takes to hash personal data of a tenant: its key, and the country of its numbers."""

    key: bytes
    country: Country


def keyring_of(settings: Settings) -> Keyring:
    """Return the tenant's keyring."""
    return Keyring(settings.lookup_bytes, settings.country)


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What linking a customer must know of the order beside its contact."""

    order_id: str
    addresses: tuple[Address, ...] = ()


class IdentifierTaken(Refused):
    """The e-mail, phone or loyalty id is another customer's."""

    code, status = "identifier-taken", 409

    def __init__(self, kind: IdentifierKind, customer_id: str) -> None:
        super().__init__(f"the {kind} is that of customer {customer_id}")
        self.kind, self.customer_id = str(kind), customer_id


class CustomerHasOpenOrders(Refused):
    """Goods are still to be handed out or sent: the address is needed until then."""

    code, status = "customer-has-open-orders", 409

    def __init__(self, orders: Sequence[str]) -> None:
        super().__init__(f"{len(orders)} orders are still to be fulfilled; cancel or finish them")
        self.orders = tuple(orders)


class CustomerErased(Refused):
    code, status = "customer-erased", 409

    def __init__(self) -> None:
        super().__init__("the customer's personal data was erased; nothing can be added")
