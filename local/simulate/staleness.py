"""Reads as a store with session consistency answers them: sometimes an earlier version.

A process that has read or written a partition never sees it older than that (Cosmos DB hands out a
session token for it, also with a refused write); what others wrote since may be missing. Answers
are kept with the position of the store at which they were true, and one of them that the process
may still see is given instead of the present one, with the etag that it had then.

A replica lags less than a message's lock lasts: who works a message again sees what was written
when it was worked first. What a longer lag would leave undone, the nightly reconciler finds.
"""

import random
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from local.simulate.trouble import Points, Rates
from shared.kernel.conditions import Condition
from shared.kernel.documents import (
    Container,
    D,
    Documents,
    Feed,
    Kind,
    Operation,
    Order,
    Page,
    Stored,
)

REMEMBERED_MAX: Final = 4  # answers to one question
LAG_S: Final = 45.0

Partition = tuple[str, str, str]  # container, tenant, key; key "" for the tenant's all
_Answer: TypeAlias = tuple[int, float, Any, "_Answer | None"]


class Past:
    """What all processes were answered, with the position of the store at that time.

    Each answer leads to the one before it; all of them go with the play.
    """

    def __init__(self, now_s: Callable[[], float]) -> None:
        self.position = 0
        self._now_s = now_s
        self._answers: dict[object, _Answer] = {}

    def advance(self) -> None:
        """Note a commit."""
        self.position += 1

    def remember(self, question: object, answer: object) -> None:
        """Keep an answer that is true now."""
        known = self._answers.get(question)
        if known is None or known[0] != self.position:
            self._answers[question] = self.position, self._now_s(), answer, known

    def earlier(self, question: object, least: int) -> list[tuple[int, Any]]:
        """Return the answers that were true at or after `least`, before now and not long ago."""
        oldest_s = self._now_s() - LAG_S
        found: list[tuple[int, Any]] = []
        known = self._answers.get(question)
        for _ in range(REMEMBERED_MAX):
            if known is None or known[0] < least or known[1] < oldest_s:
                break
            if known[0] < self.position:
                found.append((known[0], known[2]))
            known = known[3]
        return found[::-1]


class StaleDocuments:
    """One process's way to the store."""

    def __init__(self, store: Documents, past: Past, chance: random.Random, points: Points) -> None:
        self._store, self._past, self._chance, self._points = store, past, chance, points
        self._draw = chance.random
        self._seen: dict[Partition, int] = {}
        self.rates = Rates()

    async def get(self, tenant_id: str, kind: Kind[D], key: str, id: str) -> Stored[D] | None:
        """Return a document, or how it was a while ago."""
        if not self.rates.stale:
            return await self._store.get(tenant_id, kind, key, id)
        at, question = (str(kind.container), tenant_id, key), (tenant_id, kind.type, key, id)
        if self._draw() < self.rates.stale:
            found, old = self._old(at, question)
            if found:
                return old  # type: ignore[no-any-return]  # it answers this question
        answer = await self._store.get(tenant_id, kind, key, id)
        self._learn(at, question, answer)
        return answer

    async def batch(
        self, tenant_id: str, container: Container, key: str, operations: Sequence[Operation]
    ) -> tuple[str, ...]:
        """Write; whatever the answer, the partition is known as it is now."""
        at = (str(container), tenant_id, key)
        try:
            etags = await self._store.batch(tenant_id, container, key, operations)
        finally:
            self._seen[at] = self._past.position
        return etags

    async def query(
        self,
        tenant_id: str,
        kind: Kind[D],
        *,
        key: str | None = None,
        where: Sequence[Condition] = (),
        order: Order | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[D]:
        """Return a page, or how it was a while ago."""
        ask = self._store.query
        if not self.rates.stale:
            return await ask(
                tenant_id, kind, key=key, where=where, order=order, limit=limit, cursor=cursor
            )
        at = (str(kind.container), tenant_id, key or "")
        question = (tenant_id, kind.type, key, tuple(where), order, limit, cursor)
        if self._draw() < self.rates.stale:
            found, old = self._old(at, question)
            if found:
                return old  # type: ignore[no-any-return]  # it answers this question
        page = await ask(
            tenant_id, kind, key=key, where=where, order=order, limit=limit, cursor=cursor
        )
        self._learn(at, question, page)
        return page

    def feed(self, container: Container, consumer: str) -> Feed:
        """Return the feed, which is late by itself."""
        return self._store.feed(container, consumer)

    def _old(self, at: Partition, question: object) -> tuple[bool, Any]:
        rows = self._past.earlier(question, self._seen.get(at, 0))
        if not rows:
            return False, None
        position, answer = self._chance.choice(rows)
        self._seen[at] = max(self._seen.get(at, 0), position)
        self._points.faults["stale"] += 1
        return True, answer

    def _learn(self, at: Partition, question: object, answer: object) -> None:
        self._seen[at] = self._past.position
        self._past.remember(question, answer)
