"""What a cell of an import says, as JSON; None is an empty cell: the field's default.

Text that a spreadsheet would run as a formula is refused: it would run in the next export that
someone opens. Who means it writes an apostrophe before it, as spreadsheets do, and it is taken off.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from pydantic import JsonValue

from shared.kernel.model import INTEGER_MAX
from shared.kernel.money import Money, NotMoney

ITEMS: Final = "|"
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")  # OWASP, "CSV Injection"
_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._+:@~-]{0,126}[A-Za-z0-9._+~-])?")
_PHONE: Final = re.compile(r"[0-9+][0-9 ()/.-]{2,39}", re.ASCII)
_WHOLE: Final = re.compile(r"[0-9]{1,16}", re.ASCII)
_MEASURE: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?", re.ASCII)
_WALL: Final = re.compile(r"[0-9]{2}:[0-9]{2}", re.ASCII)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_TRUTH: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class CellFault(Exception):
    """A cell does not say what its column asks for; the detail never quotes the cell."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code)
        self.code, self.detail = code, detail


Read = Callable[[str], JsonValue]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name in the header, where its value stands in the document, how it is read."""

    name: str
    path: tuple[str, ...]
    read: Read
    is_key: bool = False


def text(cell: str) -> JsonValue:
    """Read text, guarded against formulas."""
    found = cell.strip(" \n")
    if found.startswith("'") and found[1:].startswith(FORMULA):
        return found[1:]
    if found.startswith(FORMULA):
        raise CellFault("formula", "it begins as a formula does; write an apostrophe before it")
    return found or None


def key(cell: str) -> JsonValue:
    """Read the id that the row is about; it is never empty."""
    found = cell.strip()
    if not _IDENTIFIER.fullmatch(found):
        raise CellFault("not-an-id", "1 to 128 of A-Z a-z 0-9 . _ + : @ ~ -")
    return found


def whole(cell: str) -> JsonValue:
    """Read a whole number that is not negative."""
    found = cell.strip()
    if not found:
        return None
    if not _WHOLE.fullmatch(found) or int(found) > INTEGER_MAX:
        raise CellFault("not-a-number", "a whole number of digits only")
    return int(found)


def measure(cell: str) -> JsonValue:
    """Read a quantity in the unit of sale, `8.5`."""
    found = cell.strip()
    if not found:
        return None
    if not _MEASURE.fullmatch(found):
        raise CellFault("not-a-measure", "a decimal number, as 8.5")
    return found


def instant_of(cell: str) -> JsonValue:
    """Read a time with its offset, `2026-11-02T09:00:00Z`."""
    found = cell.strip()
    if not found:
        return None
    try:
        at = datetime.fromisoformat(found)
    except ValueError as error:
        raise CellFault("not-an-instant", "a time, as 2026-11-02T09:00:00Z") from error
    if at.tzinfo is None:
        raise CellFault("not-an-instant", "a time with its offset, as 2026-11-02T09:00:00Z")
    return found


def truth(cell: str) -> JsonValue:
    """Read yes or no."""
    found = cell.strip().lower()
    if not found:
        return None
    if found not in _TRUTH:
        raise CellFault("not-a-flag", "true, false, yes, no, 1 or 0")
    return _TRUTH[found]


def items(cell: str) -> JsonValue:
    """Read `one|another`."""
    return [text(item) for item in _split(cell)] or None


def components(cell: str) -> JsonValue:
    """Read `SKU*2|OTHER`: a component's count is 1 where none stands."""
    return [_component(item) for item in _split(cell)] or None


def _component(item: str) -> JsonValue:
    sku, _, count = item.partition("*")
    return {"sku": key(sku), "quantity": whole(count or "1")}


def price(cell: str) -> JsonValue:
    """Read `19.99 EUR`."""
    found = cell.split()
    if not found:
        return None
    if len(found) != 2 or not re.fullmatch(r"[A-Z]{3}", found[1], re.ASCII):
        raise CellFault("not-a-price", "an amount and a currency, as 19.99 EUR")
    try:
        amount = Money.parse(found[1], found[0])
    except NotMoney as error:
        raise CellFault("not-a-price", str(error)) from error
    return {"currency": amount.currency, "amount_minor": amount.amount_minor}


def degrees(cell: str) -> JsonValue:
    """Read decimal degrees as millionths."""
    found = cell.strip()
    if not found:
        return None
    try:
        value = Decimal(found)
    except InvalidOperation as error:
        raise CellFault("not-degrees", "decimal degrees, as 52.520008") from error
    if not value.is_finite() or abs(value) > 180:
        raise CellFault("not-degrees", "decimal degrees from -180 to 180")
    return round(value * 1_000_000)


def wall(cell: str) -> JsonValue:
    """Read a local time `16:30`."""
    found = cell.strip()
    if not found:
        return None
    if not _WALL.fullmatch(found):
        raise CellFault("not-a-time", "a time of day, as 16:30")
    return found


def windows(cell: str) -> JsonValue:
    """Read `09:00-12:30|14:00-18:00`; an empty day is closed."""
    return [_window(item) for item in _split(cell)]


def _window(item: str) -> JsonValue:
    opens, _, closes = item.partition("-")
    return {"opens": _some(wall(opens)), "closes": _some(wall(closes))}


def _some(value: JsonValue) -> JsonValue:
    if value is None:
        raise CellFault("not-a-window", "opening and closing, as 09:00-18:00")
    return value


def closures(cell: str) -> JsonValue:
    """Read `2026-12-25|2027-07-01/2027-07-14`: days, and from the first to the last day."""
    return [_closure(item) for item in _split(cell)] or None


def _closure(item: str) -> JsonValue:
    first, _, last = item.partition("/")
    days = [first.strip(), (last or first).strip()]
    if not all(_DAY.fullmatch(day) for day in days):
        raise CellFault("not-a-day", "days as 2026-12-25 or 2026-12-24/2026-12-26")
    return {"first": days[0], "last": days[1]}


def cutoffs(cell: str) -> JsonValue:
    """Read `dhl=16:00|ups=15:30`: a carrier's cut-off."""
    found: dict[str, JsonValue] = {}
    for item in _split(cell):
        carrier, _, at = item.partition("=")
        found[str(key(carrier))] = _some(wall(at))
    return found or None


def phone(cell: str) -> JsonValue:
    """Read a telephone number: it may begin with a plus, as formulas do, and holds no letters."""
    found = cell.strip()
    if not found:
        return None
    if not _PHONE.fullmatch(found):
        raise CellFault("not-a-phone", "digits, spaces, brackets, dashes; a plus before them")
    return found


def _split(cell: str) -> list[str]:
    return [item.strip() for item in cell.split(ITEMS) if item.strip()]
