"""Money, dates and languages as customers read them (pure).

A language is served when its texts exist: a new one is a file beside `english` and a row in each
table here and in `texts`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from shared.kernel.hours import zone_of
from shared.kernel.money import Money, exponent
from shared.notifications.decide import english, german

DEFAULT: Final = "en"
_SYMBOLS: Final = {"EUR": "€", "GBP": "£", "USD": "$", "JPY": "¥"}
_SPOKEN: Final = {
    **dict.fromkeys(("DE", "AT", "CH", "LI"), "de"),
    **dict.fromkeys(("GB", "IE", "US", "AU", "NZ", "ZA"), "en"),
}
_DAYS: Final = {"en": english.DAYS, "de": german.DAYS}
_MONTHS: Final = {"en": english.MONTHS, "de": german.MONTHS}
LANGUAGES: Final = frozenset(_DAYS)


@dataclass(frozen=True, slots=True)
class Locale:
    """A language with texts, the country whose habits it follows, and the reader's time zone."""

    language: str
    country: str
    zone: str


def language_of(offered: Sequence[str], country: str | None) -> str:
    """Return the language to write in: the country's if the tenant offers it, else its first.

    Of what a tenant offers only languages with texts count; without any it is English.
    """
    known = [tag.partition("-")[0] for tag in offered]
    known = [language for language in known if language in LANGUAGES]
    spoken = _SPOKEN.get(country or "")
    if spoken in known:
        return spoken
    return known[0] if known else DEFAULT


def money(amount: Money, locale: Locale) -> str:
    """Return an amount with grouped thousands: €1,234.50, 1.234,50 €, CHF 1.00."""
    digits = f"{Decimal(abs(amount.amount_minor)).scaleb(-exponent(amount.currency)):,f}"
    sign = "−" if amount.amount_minor < 0 else ""
    symbol = _SYMBOLS.get(amount.currency)
    if locale.language == "de":
        digits = digits.translate(str.maketrans(",.", ".,"))
        return f"{sign}{digits}\u00a0{symbol or amount.currency}"
    if symbol is None:
        return f"{sign}{amount.currency}\u00a0{digits}"
    return f"{sign}{symbol}{digits}"


def day(at: datetime, locale: Locale) -> str:
    """Return the date on the reader's wall: Monday, 2 November 2026."""
    local = at.astimezone(zone_of(locale.zone))
    week_day = _DAYS[locale.language][local.weekday()]
    month = _MONTHS[locale.language][local.month - 1]
    if locale.language == "de":
        return f"{week_day}, {local.day}. {month} {local.year}"
    if locale.country == "US":
        return f"{week_day}, {month} {local.day}, {local.year}"
    return f"{week_day}, {local.day} {month} {local.year}"


def moment(at: datetime, locale: Locale) -> str:
    """Return date and time on the reader's wall, with the zone's short name."""
    local = at.astimezone(zone_of(locale.zone))
    if locale.language == "de":
        return f"{day(at, locale)}, {local:%H:%M} Uhr"
    if locale.country == "US":
        half = "AM" if local.hour < 12 else "PM"
        clock = f"{local.hour % 12 or 12}:{local:%M} {half}"
        return f"{day(at, locale)}, {clock} {local.tzname()}"
    return f"{day(at, locale)}, {local:%H:%M} {local.tzname()}"


def is_zone(name: str) -> bool:
    """Tell whether a channel's name of a time zone is one that we know."""
    try:
        zone_of(name)
    except ValueError:
        return False
    return True
