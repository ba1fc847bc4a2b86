"""What customers are written: languages, money, dates, and nothing that could become markup."""

import string
from datetime import UTC, datetime

import pytest

from shared.kernel.money import Money
from shared.notifications.decide import formats, letters
from shared.notifications.decide.formats import LANGUAGES, Locale
from shared.notifications.decide.letters import Facts, Row
from shared.notifications.decide.texts import CARRIER, PHRASES, WORDS
from shared.notifications.model import MessageKind

AT = datetime(2026, 11, 2, 17, 5, tzinfo=UTC)
GERMAN = Locale("de", "DE", "Europe/Berlin")
BRITISH = Locale("en", "GB", "Europe/London")
AMERICAN = Locale("en", "US", "America/New_York")


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_language_has_every_message_with_the_same_places() -> None:
    assert set(WORDS) == set(PHRASES) == set(CARRIER) == LANGUAGES
    for kind in MessageKind:
        rows = [WORDS[language][kind] for language in sorted(LANGUAGES)]
        assert len({frozenset(places(row.subject)) for row in rows}) == 1
        assert len({tuple(frozenset(places(p)) for p in row.paragraphs) for row in rows}) == 1


@pytest.mark.parametrize(
    ("offered", "country", "language"),
    [
        (("en", "de"), "AT", "de"),
        (("en",), "DE", "en"),
        (("de-DE", "en-GB"), "GB", "en"),
        (("fr", "de"), "FR", "de"),
        (("fr",), "FR", "en"),
        (("de",), None, "de"),
    ],
)
def test_a_customer_is_written_in_the_language_of_the_country_if_the_tenant_offers_it(
    offered: tuple[str, ...], country: str | None, language: str
) -> None:
    assert formats.language_of(offered, country) == language


@pytest.mark.parametrize(
    ("amount", "locale", "shown"),
    [
        (Money("EUR", 123_450), GERMAN, "1.234,50\u00a0€"),
        (Money("EUR", 123_450), BRITISH, "€1,234.50"),
        (Money("USD", -5), AMERICAN, "−$0.05"),
        (Money("JPY", 1_980), BRITISH, "¥1,980"),
        (Money("KWD", 1_250), BRITISH, "KWD\u00a01.250"),
        (Money("CHF", 100), GERMAN, "1,00\u00a0CHF"),
    ],
)
def test_money_is_shown_as_the_reader_is_used_to(amount: Money, locale: Locale, shown: str) -> None:
    assert formats.money(amount, locale) == shown


@pytest.mark.parametrize(
    ("locale", "shown"),
    [
        (GERMAN, "Montag, 2. November 2026, 18:05 Uhr"),
        (BRITISH, "Monday, 2 November 2026, 17:05 GMT"),
        (AMERICAN, "Monday, November 2, 2026, 12:05 PM EST"),
    ],
)
def test_times_are_those_on_the_readers_wall(locale: Locale, shown: str) -> None:
    assert formats.moment(AT, locale) == shown


def test_morning_in_america_is_am() -> None:
    early = datetime(2026, 7, 1, 4, 30, tzinfo=UTC)
    assert formats.moment(early, AMERICAN) == "Wednesday, July 1, 2026, 12:30 AM EDT"


def test_a_zone_that_nobody_knows_is_none() -> None:
    assert formats.is_zone("Europe/Berlin")
    assert not formats.is_zone("Middle/Earth")


def test_a_pickup_message_has_the_code_the_store_and_the_last_day() -> None:
    facts = Facts(
        "Acme", "1001", store="Acme Leeds", store_lines=("1 Briggate", "LS1 6HD Leeds"),
        code="k3m9q2xz", until=AT,
    )  # fmt: skip
    text = letters.write(MessageKind.READY, facts, BRITISH).text
    assert text.startswith("Hello,\n\nYour order 1001 is ready at Acme Leeds.")
    assert "until Monday, 2 November 2026, 17:05 GMT." in text
    assert "Your pickup code: k3m9q2xz" in text
    assert "Address: 1 Briggate, LS1 6HD Leeds" in text
    expired = letters.write(MessageKind.EXPIRED, facts, BRITISH).text
    assert "k3m9q2xz" not in expired


def test_a_shipping_message_says_what_is_known_and_leaves_out_what_is_not() -> None:
    facts = Facts("Acme", "1001", rows=(Row("Boot", "1"),), tracking=("T-1", "T-2"))
    text = letters.write(MessageKind.SHIPPED, facts, BRITISH).text
    assert "to our carrier:" in text
    assert "arrive by" not in text
    assert "Tracking number: T-1\n\nTracking number: T-2" in text
    dated = letters.write(MessageKind.SHIPPED, Facts("Acme", "1", arrival=AT), BRITISH).text
    assert "arrive by Monday, 2 November 2026." in dated


def test_what_customers_and_shops_are_called_never_becomes_markup() -> None:
    evil = "<script>alert(1)</script>{shop}&"
    facts = Facts(evil, evil, evil, (Row(evil, evil),), store=evil, code=evil, store_lines=(evil,))
    for kind in MessageKind:
        html = letters.write(kind, facts, BRITISH).html
        assert "<script" not in html
        assert "&lt;script&gt;" in html


@pytest.mark.parametrize(
    ("event_type", "data", "kind"),
    [
        ("orders.order-accepted.v1", {"parts": [{"state": "pending"}]}, MessageKind.CONFIRMED),
        ("orders.order-accepted.v1", {"parts": [{"state": "handed-over"}]}, None),
        ("orders.order-accepted.v1", {}, None),
        ("fulfillment.ready-for-pickup.v1", {}, MessageKind.READY),
        ("fulfillment.ready-for-pickup.v1", {"resend": True}, MessageKind.CODE),
        ("fulfillment.fulfillment-changed.v1", {"reason": "pickup-reminder"}, MessageKind.REMINDER),
        ("fulfillment.fulfillment-changed.v1", {"status": "picked"}, None),
        ("returns.refund-advised.v1", {"refund_minor": 5}, MessageKind.REFUND_ADVISED),
        ("returns.refund-advised.v1", {"refund_minor": -5}, None),
        ("orders.refund-recorded.v1", {"refund_minor": 0}, None),
        ("orders.order-held.v1", {}, None),
    ],
)
def test_customers_are_told_what_concerns_them(
    event_type: str, data: dict[str, object], kind: MessageKind | None
) -> None:
    assert letters.kind_of(event_type, data) is kind  # type: ignore[arg-type]  # rows are JSON
