"""What customers are written in German."""

from collections.abc import Mapping
from typing import Final

from shared.notifications.decide.words import Phrases, Words
from shared.notifications.model import MessageKind

_K = MessageKind
DAYS: Final = ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag")
MONTHS: Final = (
    *("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli"),
    *("August", "September", "Oktober", "November", "Dezember"),
)
PHRASES: Final = Phrases(
    hello="Guten Tag {name},",
    hello_nameless="Guten Tag,",
    code="Ihr Abholcode",
    total="Summe",
    tracking="Sendungsnummer",
    address="Adresse",
    closing="Ihr Team von {shop}",
)
CARRIER: Final = "dem Versanddienst"
WORDS: Final[Mapping[MessageKind, Words]] = {
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
        (
            "Wir haben veranlasst, dass Ihnen {amount} für Ihre Bestellung {number} erstattet"
            " werden.",
        ),
    ),
    _K.REFUNDED: Words(
        "Erstattet: Ihre Bestellung {number}",
        ("Wir haben Ihnen {amount} für Ihre Bestellung {number} erstattet.",),
    ),
}
