"""Foreign texts and numbers made fit for our fields; what is empty counts as absent."""

import re
import unicodedata
from decimal import Decimal
from typing import Final

_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_IDENTIFIER: Final = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9._+:@~-]{0,126}[A-Za-z0-9._+~-])?", re.ASCII
)
TEXT_MAX: Final = 200


def clean(value: object, length: int = TEXT_MAX) -> str | None:
    """Return a text without what cannot be seen, at most `length` long; None when it is empty."""
    if value is None:
        return None
    normal = unicodedata.normalize("NFC", str(value))
    seen = "".join(" " if c in "\n\r\t" else c for c in normal if c in "\n\r\t" or _is_seen(c))
    return seen.strip()[:length].strip() or None


def _is_seen(character: str) -> bool:
    return unicodedata.category(character) not in _UNSEEN


def identifier(value: object, length: int = 128) -> str | None:
    """Return a foreign code that is an identifier as it stands, else None."""
    text = clean(value)
    return text if text and len(text) <= length and _IDENTIFIER.fullmatch(text) else None


def country(value: object) -> str | None:
    """Return an ISO 3166-1 code, else None."""
    text = (clean(value) or "").upper()
    return text if re.fullmatch(r"[A-Z]{2}", text, re.ASCII) else None


def micro_degrees(value: Decimal | None, limit: int) -> int | None:
    """Return degrees in millionths, or None when they are no place on earth."""
    if value is None or not value.is_finite() or abs(value) > limit:
        return None
    return int((value * 1_000_000).to_integral_value())


def whole(value: Decimal | None) -> int | None:
    """Return a count that is a whole number of at least 0, else None."""
    if value is None or not value.is_finite() or value != value.to_integral_value() or value < 0:
        return None
    return int(value)


def measure(value: Decimal) -> str:
    """Return a quantity in the unit of sale as plain digits."""
    return f"{value.normalize():f}"
