"""Hashes by which an order is found for a return without its receipt.

E-mail, phone and loyalty id are hashed as customers' identifiers are; here are the card with its
day and the buyer's name with its day. The day is that of the purchase by the customer's clock.
"""

import unicodedata
from collections.abc import Iterable
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from shared.kernel.ids import lookup_hash

CARD: Final = "card"
NAME: Final = "name"
EACH_MAX: Final = 3  # cards, and names, of one order


def card_hash(key: bytes, last4: str, on: date) -> str:
    """Return the hash of a card's last four digits and the day."""
    return lookup_hash(key, CARD, f"{last4} {on.isoformat()}")


def name_hash(key: bytes, name: str, on: date) -> str | None:
    """Return the hash of a name and the day; None when the name has no letters."""
    folded = folded_name(name)
    return lookup_hash(key, NAME, f"{folded} {on.isoformat()}") if folded else None


def folded_name(name: str) -> str:
    """Return a name as two writings of it compare: no case, accents or marks, any order."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(" " if not c.isalnum() else c for c in plain if not unicodedata.combining(c))
    return " ".join(sorted(letters.split()))


def hashes_of_purchase(
    key: bytes,
    cards: Iterable[str | None],
    names: Iterable[str | None],
    placed_at: datetime,
    zone: ZoneInfo,
) -> tuple[str, ...]:
    """Return the hashes that an order carries beside those of its customer's identifiers."""
    on = placed_at.astimezone(zone).date()
    last4s = [last4 for last4 in dict.fromkeys(cards) if last4]
    people = [name for name in dict.fromkeys(names) if name]
    by_name = dict.fromkeys(name_hash(key, name, on) for name in people)
    return (
        *(card_hash(key, last4, on) for last4 in last4s[:EACH_MAX]),
        *[found for found in by_name if found is not None][:EACH_MAX],
    )
