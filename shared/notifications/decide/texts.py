"""What customers are written, by language."""

from collections.abc import Mapping
from typing import Final

from shared.notifications.decide import english, german
from shared.notifications.decide.words import Phrases, Words
from shared.notifications.model import MessageKind

PHRASES: Final[Mapping[str, Phrases]] = {"en": english.PHRASES, "de": german.PHRASES}
WORDS: Final[Mapping[str, Mapping[MessageKind, Words]]] = {
    "en": english.WORDS,
    "de": german.WORDS,
}
CARRIER: Final[Mapping[str, str]] = {"en": english.CARRIER, "de": german.CARRIER}
