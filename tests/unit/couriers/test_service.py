"""Rate cards in the store, and providers that fail."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from datetime import timedelta
from typing import TypeVar

import pytest

from shared.adapters.embedded.documents import EmbeddedDocuments
from shared.couriers import service as subject
from shared.couriers.decide.quotes import quote
from shared.couriers.model import Quote, RateRequest
from shared.couriers.ports import RateProvider
from shared.couriers.seeds import example_cards
from shared.couriers.service import (
    PROVIDERS_MAX,
    CardShelf,
    Gathered,
    gather_quotes,
    rate_cards,
    save_rate_card,
)
from shared.kernel.clock import SteppedClock
from shared.kernel.errors import Exists, GuardFailed, Unavailable
from tests.unit.couriers.samples import MONDAY_NOON, a_card, a_quote, a_request

T = TypeVar("T")


@pytest.fixture
async def store() -> AsyncIterator[EmbeddedDocuments]:
    opened = EmbeddedDocuments(":memory:", clock=SteppedClock(MONDAY_NOON), threaded=False)
    yield opened
    await opened.close()


async def within(work: Awaitable[T], seconds: float, /) -> T:
    """Wait as production does, a thousand times less patiently."""
    return await asyncio.wait_for(work, seconds / 1_000)


class Carrier:
    """A carrier's API as another process would show it: answers, breaks, or hangs."""

    def __init__(self, name: str, answer: tuple[Quote, ...] | Exception | None) -> None:
        self.name, self._answer = name, answer
        self.asked: list[tuple[str, RateRequest]] = []

    async def quotes(self, tenant_id: str, request: RateRequest) -> tuple[Quote, ...]:
        self.asked.append((tenant_id, request))
        if self._answer is None:
            await asyncio.Event().wait()
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer or ()


CARD_QUOTE = a_quote(cost_minor=700, source="ratecard:card")
REQUEST = a_request()
API_QUOTE = a_quote(cost_minor=400, source="api")


async def gathered(*carriers: RateProvider) -> tuple[Gathered, Carrier]:
    card = Carrier("ratecard", (CARD_QUOTE,))
    return await gather_quotes("acme", REQUEST, carriers, card, within), card


async def test_quotes_of_all_providers_are_gathered_and_the_card_is_not_asked() -> None:
    found, card = await gathered(Carrier("a", (API_QUOTE,)), Carrier("b", (a_quote(),)))
    assert found == Gathered((API_QUOTE, a_quote()))
    assert card.asked == []


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (Unavailable("carrier away"), "Unavailable"),
        (ConnectionResetError(), "ConnectionResetError"),
        (None, "TimeoutError"),
    ],
)
async def test_a_provider_that_breaks_or_hangs_is_replaced_by_the_card(
    answer: Exception | None, name: str
) -> None:
    broken = Carrier("broken", answer)
    found, card = await gathered(broken, Carrier("fine", (API_QUOTE,)), broken)
    assert found == Gathered((API_QUOTE, CARD_QUOTE), (("broken", name), ("broken", name)))
    assert card.asked == [("acme", REQUEST)]


async def test_without_providers_the_card_answers() -> None:
    found, _ = await gathered()
    assert found == Gathered((CARD_QUOTE,))


async def test_a_fault_of_ours_is_not_taken_for_the_carriers() -> None:
    with pytest.raises(ZeroDivisionError):
        await gathered(Carrier("broken", ZeroDivisionError()))


async def test_more_providers_than_the_limit_are_not_asked() -> None:
    carrier = Carrier("a", ())
    with pytest.raises(ValueError, match="at most 8"):
        await gathered(*[carrier] * (PROVIDERS_MAX + 1))
    assert carrier.asked == []


async def test_the_cards_of_the_store_give_the_quotes(store: EmbeddedDocuments) -> None:
    for card in (*example_cards(), a_card()):
        await save_rate_card("acme", store, card)
    cards = await CardShelf(store).cards("acme", MONDAY_NOON)
    quotes = [found for card in cards for found in quote(card, a_request())]
    assert [(found.source, found.service) for found in quotes] == [
        ("ratecard:example-de", "economy"),
        ("ratecard:example-de", "standard"),
        ("ratecard:example-de", "express"),
        ("ratecard:home", "standard"),
    ]


async def test_another_tenants_cards_are_not_seen(store: EmbeddedDocuments) -> None:
    await save_rate_card("acme", store, a_card())
    assert await rate_cards("other", store) == ()
    assert await CardShelf(store).cards("other", MONDAY_NOON) == ()


async def test_a_card_is_created_once_and_replaced_as_it_was_read(
    store: EmbeddedDocuments,
) -> None:
    first = await save_rate_card("acme", store, a_card())
    with pytest.raises(Exists):
        await save_rate_card("acme", store, a_card())
    second = await save_rate_card("acme", store, a_card(fuel_bp=100), first)
    with pytest.raises(GuardFailed):
        await save_rate_card("acme", store, a_card(fuel_bp=900), first)
    (stored,) = await rate_cards("acme", store)
    assert (stored.id, stored.key, stored.etag) == ("ratecard:home", "config", second)
    assert stored.body == a_card(fuel_bp=100)


async def test_a_changed_card_acts_within_half_a_minute(store: EmbeddedDocuments) -> None:
    shelf = CardShelf(store)
    etag = await save_rate_card("acme", store, a_card())
    (first,) = await shelf.cards("acme", MONDAY_NOON)
    await save_rate_card("acme", store, a_card(fuel_bp=100), etag)
    (kept,) = await shelf.cards("acme", MONDAY_NOON + timedelta(seconds=29))
    assert kept is first
    (fresh,) = await shelf.cards("acme", MONDAY_NOON + timedelta(seconds=30))
    assert fresh.fuel_bp == 100


async def test_an_unchanged_card_is_compiled_once(store: EmbeddedDocuments) -> None:
    shelf = CardShelf(store)
    await save_rate_card("acme", store, a_card())
    (first,) = await shelf.cards("acme", MONDAY_NOON)
    (later,) = await shelf.cards("acme", MONDAY_NOON + timedelta(hours=1))
    assert later is first


async def test_a_shelf_forgets_tenants_before_it_grows_without_end(
    store: EmbeddedDocuments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "TENANTS_KEPT_MAX", 1)
    shelf = CardShelf(store)
    await save_rate_card("acme", store, a_card())
    (first,) = await shelf.cards("acme", MONDAY_NOON)
    await shelf.cards("other", MONDAY_NOON)
    (again,) = await shelf.cards("acme", MONDAY_NOON)
    assert again is not first
