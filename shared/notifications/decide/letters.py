"""A customer's message from what is known of the order: words, then text and HTML (pure).

Everything that is not ours is escaped; there is no template language that could be broken out of.
"""

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Final

from pydantic import JsonValue

from shared.kernel.money import Money
from shared.notifications.decide.formats import Locale, day, moment, money
from shared.notifications.decide.texts import CARRIER, PHRASES, WORDS
from shared.notifications.model import MessageKind

ROWS_MAX: Final = 200
# What has left or ended when the order comes in needs no confirmation: a till's receipt, a history.
_OVER: Final = frozenset({"handed-over", "shipped", "cancelled", "returned"})
_KINDS: Final[Mapping[str, MessageKind]] = {
    "orders.order-accepted.v1": MessageKind.CONFIRMED,
    "fulfillment.ready-for-pickup.v1": MessageKind.READY,
    "fulfillment.pickup-expired.v1": MessageKind.EXPIRED,
    "fulfillment.parts-shipped.v1": MessageKind.SHIPPED,
    "orders.parts-cancelled.v1": MessageKind.CANCELLED,
    "returns.refund-advised.v1": MessageKind.REFUND_ADVISED,
    "orders.refund-recorded.v1": MessageKind.REFUNDED,
}
PART: Final = "– "  # stands before what a bundle holds
REMINDER: Final = "pickup-reminder"  # the reason of the event that asks for one


@dataclass(frozen=True, slots=True)
class Row:
    """Units of a product, with what they cost where that is shown; `parts`: what a bundle holds."""

    title: str
    quantity: str
    value: Money | None = None
    parts: tuple["Row", ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What a message tells, as values; empty where it does not concern the message."""

    shop: str
    number: str
    name: str | None = None
    rows: tuple[Row, ...] = ()
    total: Money | None = None
    amount: Money | None = None
    store: str | None = None
    store_lines: tuple[str, ...] = ()
    code: str | None = None
    until: datetime | None = None
    carrier: str | None = None
    tracking: tuple[str, ...] = ()
    arrival: datetime | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    subject: str
    text: str
    html: str


def kind_of(event_type: str, data: Mapping[str, JsonValue]) -> MessageKind | None:
    """Return what a customer is told of an event; None for nothing."""
    if event_type == "fulfillment.fulfillment-changed.v1":
        return MessageKind.REMINDER if data.get("reason") == REMINDER else None
    kind = _KINDS.get(event_type)
    match kind:
        case MessageKind.CONFIRMED if not _awaits(data.get("parts")):
            return None
        case MessageKind.READY if data.get("resend"):
            return MessageKind.CODE
        case MessageKind.REFUND_ADVISED | MessageKind.REFUNDED if not _is_positive(data):
            return None
        case _:
            return kind


def _awaits(parts: JsonValue) -> bool:
    rows = parts if isinstance(parts, list) else []
    return any(isinstance(row, dict) and row.get("state") not in _OVER for row in rows)


def _is_positive(data: Mapping[str, JsonValue]) -> bool:
    amount = data.get("refund_minor")
    return isinstance(amount, int) and amount > 0


def write(kind: MessageKind, facts: Facts, locale: Locale) -> Letter:
    """Return a message as text and as HTML."""
    words, phrases = WORDS[locale.language][kind], PHRASES[locale.language]
    places = _places(facts, locale)
    subject = words.subject.format(**places)
    hello = phrases.hello if facts.name else phrases.hello_nameless
    head = [hello.format(name=facts.name or ""), words.paragraphs[0].format(**places)]
    rest = [p.format(**places) for p in words.paragraphs[1:] if _is_filled(p, places)]
    tail = [*rest, phrases.closing.format(shop=facts.shop)]
    rows = [shown for row in facts.rows for shown in _shown(row, locale)][:ROWS_MAX]
    if facts.total is not None:
        rows.append((phrases.total, "", money(facts.total, locale)))
    labels = _labels(kind, facts, locale)
    return Letter(
        subject, _text(head, rows, labels, tail), _html(locale, subject, head, rows, labels, tail)
    )


def _places(facts: Facts, locale: Locale) -> dict[str, str]:
    return {
        "shop": facts.shop,
        "number": facts.number,
        "store": facts.store or "",
        "until": moment(facts.until, locale) if facts.until else "",
        "carrier": facts.carrier or CARRIER[locale.language],
        "arrival": day(facts.arrival, locale) if facts.arrival else "",
        "amount": money(facts.amount, locale) if facts.amount else "",
    }


def _is_filled(paragraph: str, places: Mapping[str, str]) -> bool:
    names = [name for _, name, _, _ in string.Formatter().parse(paragraph) if name]
    return all(places[name] for name in names)


def _shown(row: Row, locale: Locale) -> list[tuple[str, str, str]]:
    value = money(row.value, locale) if row.value is not None else ""
    parts = [(part.title, PART + part.quantity, "") for part in row.parts]
    return [(row.title, row.quantity, value), *parts]


def _labels(kind: MessageKind, facts: Facts, locale: Locale) -> list[tuple[str, str]]:
    phrases = PHRASES[locale.language]
    labels: list[tuple[str, str]] = []
    if facts.code and kind is not MessageKind.EXPIRED:
        labels.append((phrases.code, facts.code))
    labels += [(phrases.tracking, number) for number in facts.tracking]
    if facts.store_lines:
        labels.append((phrases.address, ", ".join(facts.store_lines)))
    return labels


def _text(
    head: Sequence[str],
    rows: Sequence[tuple[str, str, str]],
    labels: Sequence[tuple[str, str]],
    tail: Sequence[str],
) -> str:
    table = [
        f"  {quantity + ' × ' if quantity else ''}{title}{'  ' + value if value else ''}"
        for title, quantity, value in rows
    ]
    blocks = [*head, *(["\n".join(table)] if table else [])]
    blocks += [f"{label}: {value}" for label, value in labels]
    return "\n\n".join([*blocks, *tail]) + "\n"


def _html(
    locale: Locale,
    subject: str,
    head: Sequence[str],
    rows: Sequence[tuple[str, str, str]],
    labels: Sequence[tuple[str, str]],
    tail: Sequence[str],
) -> str:
    table = "".join(
        f"<tr><td>{escape(title)}</td><td>{escape(quantity)}</td><td>{escape(value)}</td></tr>"
        for title, quantity, value in rows
    )
    parts = [f"<p>{escape(line)}</p>" for line in head]
    parts += [f"<table cellpadding='6'>{table}</table>"] if table else []
    parts += [
        f"<p>{escape(label)}: <strong>{escape(value)}</strong></p>" for label, value in labels
    ]
    parts += [f"<p>{escape(line)}</p>" for line in tail]
    body = "\n".join(parts)
    return (
        f'<!doctype html>\n<html lang="{escape(locale.language)}">\n<head><meta charset="utf-8">'
        f"<title>{escape(subject)}</title></head>\n<body>\n{body}\n</body>\n</html>\n"
    )
