"""What a language has to say: one row a message, the same places in each language."""

from dataclasses import dataclass


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
