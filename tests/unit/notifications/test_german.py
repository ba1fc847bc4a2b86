"""What customers are written in German."""

from shared.kernel.money import Money
from shared.notifications.decide import letters
from shared.notifications.decide.formats import Locale
from shared.notifications.decide.letters import Facts, Row
from shared.notifications.model import MessageKind

GERMAN = Locale("de", "DE", "Europe/Berlin")


def test_a_confirmation_lists_what_was_ordered_with_its_total() -> None:
    rows = (Row("Stiefel „Zoë“", "2", Money("EUR", 4_000)),)
    facts = Facts("Acme", "1001", "Zoë Müller", rows, total=Money("EUR", 4_490))
    letter = letters.write(MessageKind.CONFIRMED, facts, GERMAN)
    assert letter.subject == "Ihre Bestellung 1001 bei Acme"
    assert letter.text == (
        "Guten Tag Zoë Müller,\n\n"
        "Vielen Dank. Ihre Bestellung 1001 ist bei uns eingegangen.\n\n"
        "  2 × Stiefel „Zoë“  40,00\u00a0€\n"
        "  Summe  44,90\u00a0€\n\n"
        "Ihr Team von Acme\n"
    )
