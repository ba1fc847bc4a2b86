"""What customers are written, by language: one row a message, the same places in each language."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from shared.notifications.model import MessageKind


@dataclass(frozen=True, slots=True)
class Words:
    """Subject and paragraphs with places in braces; one whose place is empty is left out."""

    subject: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Phrases:
    """What every message of a language has around its words."""

    hello: str
    hello_nameless: str
    code: str
    total: str
    tracking: str
    address: str
    closing: str


PHRASES: Final[Mapping[str, Phrases]] = {
    "en": Phrases(
        hello="Hello {name},",
        hello_nameless="Hello,",
        code="Your pickup code",
        total="Total",
        tracking="Tracking number",
        address="Address",
        closing="Your {shop} team",
    ),
    "de": Phrases(
        hello="Guten Tag {name},",
        hello_nameless="Guten Tag,",
        code="Ihr Abholcode",
        total="Summe",
        tracking="Sendungsnummer",
        address="Adresse",
        closing="Ihr Team von {shop}",
    ),
}

_K = MessageKind
WORDS: Final[Mapping[str, Mapping[MessageKind, Words]]] = {
    "en": {
        _K.CONFIRMED: Words(
            "Your order {number} at {shop}",
            ("Thank you. We have received your order {number}.",),
        ),
        _K.READY: Words(
            "Your order {number} is ready for pickup",
            (
                "Your order {number} is ready at {store}.",
                "Please bring the code below. We keep your goods until {until}.",
            ),
        ),
        _K.CODE: Words(
            "Your new pickup code for order {number}",
            (
                "Here is a new code for your order {number} at {store}; the one before is void.",
                "We keep your goods until {until}.",
            ),
        ),
        _K.REMINDER: Words(
            "Your order {number} is waiting for you",
            (
                "Your order {number} is still waiting at {store}.",
                "We keep your goods until {until}.",
            ),
        ),
        _K.EXPIRED: Words(
            "Your order {number} was not collected",
            (
                "Your order {number} was not collected at {store} in time, so we have cancelled"
                " what was waiting there.",
                "What you paid for it is paid back.",
            ),
        ),
        _K.SHIPPED: Words(
            "Your order {number} is on its way",
            (
                "We have handed these goods of your order {number} to {carrier}:",
                "We expect them to arrive by {arrival}.",
            ),
        ),
        _K.CANCELLED: Words(
            "Cancelled: your order {number}",
            (
                "These goods of your order {number} were cancelled:",
                "We pay back {amount}.",
            ),
        ),
        _K.REFUND_ADVISED: Words(
            "Your refund for order {number}",
            ("We have asked for {amount} to be paid back to you for your order {number}.",),
        ),
        _K.REFUNDED: Words(
            "Refunded: your order {number}",
            ("We have paid back {amount} for your order {number}.",),
        ),
    },
    "de": {
        _K.CONFIRMED: Words(
            "Ihre Bestellung {number} bei {shop}",
            ("Vielen Dank. Ihre Bestellung {number} ist bei uns eingegangen.",),
        ),
        _K.READY: Words(
            "Ihre Bestellung {number} liegt zur Abholung bereit",
            (
                "Ihre Bestellung {number} liegt in {store} für Sie bereit.",
                "Bitte bringen Sie den Code unten mit. Wir bewahren die Ware bis {until} auf.",
            ),
        ),
        _K.CODE: Words(
            "Ihr neuer Abholcode zur Bestellung {number}",
            (
                "Hier ist ein neuer Code für Ihre Bestellung {number} in {store}; der bisherige"
                " gilt nicht mehr.",
                "Wir bewahren die Ware bis {until} auf.",
            ),
        ),
        _K.REMINDER: Words(
            "Ihre Bestellung {number} wartet auf Sie",
            (
                "Ihre Bestellung {number} liegt noch in {store} für Sie bereit.",
                "Wir bewahren die Ware bis {until} auf.",
            ),
        ),
        _K.EXPIRED: Words(
            "Ihre Bestellung {number} wurde nicht abgeholt",
            (
                "Ihre Bestellung {number} wurde in {store} nicht rechtzeitig abgeholt. Wir haben"
                " storniert, was dort bereitlag.",
                "Was Sie dafür bezahlt haben, wird erstattet.",
            ),
        ),
        _K.SHIPPED: Words(
            "Ihre Bestellung {number} ist unterwegs",
            (
                "Diese Ware aus Ihrer Bestellung {number} haben wir {carrier} übergeben:",
                "Wir erwarten sie bis {arrival} bei Ihnen.",
            ),
        ),
        _K.CANCELLED: Words(
            "Storniert: Ihre Bestellung {number}",
            (
                "Diese Ware aus Ihrer Bestellung {number} wurde storniert:",
                "Wir erstatten {amount}.",
            ),
        ),
        _K.REFUND_ADVISED: Words(
            "Ihre Erstattung zur Bestellung {number}",
            ("Wir haben veranlasst, dass Ihnen {amount} für Ihre Bestellung {number} erstattet"
             " werden.",),
        ),
        _K.REFUNDED: Words(
            "Erstattet: Ihre Bestellung {number}",
            ("Wir haben Ihnen {amount} für Ihre Bestellung {number} erstattet.",),
        ),
    },
}  # fmt: skip
CARRIER: Final = {"en": "our carrier", "de": "dem Versanddienst"}
