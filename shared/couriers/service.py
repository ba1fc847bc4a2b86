"""Load rate cards, ask providers, fail over; the rules stand in decide."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.couriers.cards import RATE_CARD, RATE_CARD_KEY, RateCard, rate_card_id
from shared.couriers.decide.tariff import CompiledCard, compile_card
from shared.couriers.model import Quote, RateRequest
from shared.couriers.ports import RateProvider, Within
from shared.kernel.documents import Container, Create, Documents, Page, Replace, Stored
from shared.kernel.errors import (
    Exists,
    GuardFailed,
    Missing,
    NotFound,
    Outside,
    PreconditionFailed,
    Refused,
)

CARDS_MAX: Final = 50
TENANTS_KEPT_MAX: Final = 1_000
KEPT_FOR: Final = timedelta(seconds=30)  # settings act within 30 s (design section 3)
PROVIDERS_MAX: Final = 8
PROVIDER_WAIT_S_MAX: Final = 2.0


async def rate_cards(tenant_id: str, store: Documents) -> tuple[Stored[RateCard], ...]:
    """Return a tenant's rate cards by id, `CARDS_MAX` at most."""
    page = await store.query(tenant_id, RATE_CARD, key=RATE_CARD_KEY, limit=CARDS_MAX)
    return page.items


async def page_of_cards(
    tenant_id: str, store: Documents, *, limit: int, cursor: str | None
) -> Page[RateCard]:
    """Return a page of a tenant's rate cards, by id."""
    return await store.query(tenant_id, RATE_CARD, key=RATE_CARD_KEY, limit=limit, cursor=cursor)


class CardExists(Refused):
    """The id is that of another card."""

    code, status = "rate-card-exists", 409

    def __init__(self, card_id: str) -> None:
        super().__init__(f"there is a rate card {card_id}")
        self.card_id = card_id


async def get_rate_card(tenant_id: str, store: Documents, card_id: str) -> Stored[RateCard]:
    """Return one card with its etag.

    Raises:
        NotFound: there is none of this id.
    """
    found = await store.get(tenant_id, RATE_CARD, RATE_CARD_KEY, rate_card_id(card_id))
    if found is None:
        raise NotFound("rate card")
    return found


async def create_rate_card(tenant_id: str, store: Documents, card: RateCard) -> str:
    """Keep a new card; told again in the same words it is the same card. Returns its etag.

    Raises:
        CardExists: there is one of its id with other contents.
    """
    try:
        return await save_rate_card(tenant_id, store, card)
    except Exists:
        found = await get_rate_card(tenant_id, store, card.card_id)
        if found.body != card:
            raise CardExists(card.card_id) from None
        return found.etag


async def replace_rate_card(tenant_id: str, store: Documents, card: RateCard, if_match: str) -> str:
    """Write a card over the version that the caller read; returns the new etag.

    Raises:
        NotFound: there is none of this id.
        PreconditionFailed: it was changed since.
    """
    try:
        return await save_rate_card(tenant_id, store, card, if_match)
    except Missing:
        raise NotFound("rate card") from None
    except GuardFailed:
        raise PreconditionFailed from None


async def save_rate_card(
    tenant_id: str, store: Documents, card: RateCard, if_match: str | None = None
) -> str:
    """Create a card, or replace the version that was read; returns the new etag.

    Raises:
        Exists: a new card has the id of another.
        GuardFailed, Missing: the card was changed or deleted since it was read.
    """
    document_id = rate_card_id(card.card_id)
    write: Create[RateCard] | Replace[RateCard] = (
        Create(RATE_CARD, document_id, card)
        if if_match is None
        else Replace(RATE_CARD, document_id, card, if_match)
    )
    return (await store.batch(tenant_id, Container.MASTER, RATE_CARD_KEY, (write,)))[0]


@dataclass(frozen=True, slots=True)
class _Kept:
    read_at: datetime
    by_etag: dict[tuple[str, str], CompiledCard]


class CardShelf:
    """Compiled rate cards by tenant, read again after 30 s, compiled again when they changed."""

    def __init__(self, store: Documents) -> None:
        self._store = store
        self._kept: dict[str, _Kept] = {}

    def forget(self, tenant_id: str) -> None:
        """Read a tenant's cards again at the next question."""
        self._kept.pop(tenant_id, None)

    async def cards(self, tenant_id: str, now: datetime) -> tuple[CompiledCard, ...]:
        """Return a tenant's compiled cards, at most 30 s old.

        Raises:
            Unavailable: the store is busy or away.
        """
        kept = self._kept.get(tenant_id)
        if kept is None or not kept.read_at <= now < kept.read_at + KEPT_FOR:
            kept = _Kept(now, await self._read(tenant_id, kept.by_etag if kept else {}))
            if len(self._kept) >= TENANTS_KEPT_MAX:
                self._kept.clear()
            self._kept[tenant_id] = kept
        return tuple(kept.by_etag.values())

    async def _read(
        self, tenant_id: str, compiled: dict[tuple[str, str], CompiledCard]
    ) -> dict[tuple[str, str], CompiledCard]:
        stored = await rate_cards(tenant_id, self._store)
        return {
            (found.id, found.etag): compiled.get((found.id, found.etag)) or compile_card(found.body)
            for found in stored
        }


@dataclass(frozen=True, slots=True)
class Gathered:
    """All quotes there are, and the providers that failed, by name with the class of the error."""

    quotes: tuple[Quote, ...]
    failed: tuple[tuple[str, str], ...] = ()


async def gather_quotes(
    tenant_id: str,
    request: RateRequest,
    providers: Sequence[RateProvider],
    fallback: RateProvider,
    within: Within,
) -> Gathered:
    """Ask every provider; those that fail are replaced by the fallback, asked once.

    Without providers the fallback answers. Its own failure is the caller's to see.

    Raises:
        ValueError: more than `PROVIDERS_MAX` providers.
        Unavailable: the fallback failed too.
    """
    if len(providers) > PROVIDERS_MAX:
        raise ValueError(f"{len(providers)} providers, at most {PROVIDERS_MAX}")
    found: list[Quote] = []
    failed: list[tuple[str, str]] = []
    for provider in providers:
        answer = await _ask(provider.quotes(tenant_id, request), within)
        if isinstance(answer, Exception):
            failed.append((provider.name, type(answer).__name__))
        else:
            found.extend(answer)
    if failed or not providers:
        found.extend(await fallback.quotes(tenant_id, request))
    return Gathered(tuple(found), tuple(failed))


async def _ask(
    work: Awaitable[tuple[Quote, ...]], within: Within
) -> tuple[Quote, ...] | Outside | OSError:
    try:
        return await within(work, PROVIDER_WAIT_S_MAX)
    except (Outside, OSError) as error:  # TimeoutError is an OSError
        return error
