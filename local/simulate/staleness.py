"""Reads as a store with session consistency answers them: sometimes an earlier version.

A process that has read or written a partition never sees it older than that (Cosmos DB hands out a
session token for it, also with a refused write); what others wrote since may be missing. Answers
are kept with the position of the store at which they were true, and one of them that the process
may still see is given instead of the present one, with the etag that it had then.

A replica lags less than a message's lock lasts: who works a message again sees what was written
when it was worked first. What a longer lag would leave undone, the nightly reconciler finds.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any, Final

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


class Past:
    """What all processes were answered, with the position of the store at that time."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self.position = 0
        self._now_s = now_s
        self._answers: dict[object, list[tuple[int, float, Any]]] = defaultdict(list)

    def advance(self) -> None:
        """Note a commit."""
        self.position += 1

    def remember(self, question: object, answer: object) -> None:
        """Keep an answer that is true now."""
        known = self._answers[question]
        if not known or known[-1][0] != self.position:
            known.append((self.position, self._now_s(), answer))
            del known[:-REMEMBERED_MAX]

    def earlier(self, question: object, least: int) -> list[tuple[int, Any]]:
        """Return the answers that were true at or after `least`, before now and not long ago."""
        oldest_s = self._now_s() - LAG_S
        return [
            (position, answer)
            for position, at_s, answer in self._answers[question]
            if least <= position < self.position and at_s >= oldest_s
        ]


class StaleDocuments:
    """One process's way to the store."""

    def __init__(self, store: Documents, past: Past, chance: random.Random, points: Points) -> None:
        self._store, self._past, self._chance, self._points = store, past, chance, points
        self._seen: Counter[Partition] = Counter()
        self.rates = Rates()

    async def get(self, tenant_id: str, kind: Kind[D], key: str, id: str) -> Stored[D] | None:
        """Return a document, or how it was a while ago."""
        at, question = (kind.container.value, tenant_id, key), (tenant_id, kind.type, key, id)
        found, old = self._old(at, question)
        if found:
            return old  # type: ignore[no-any-return]  # answers to this question are of its kind
        answer = await self._store.get(tenant_id, kind, key, id)
        self._learn(at, question, answer)
        return answer

    async def batch(
        self, tenant_id: str, container: Container, key: str, operations: Sequence[Operation]
    ) -> tuple[str, ...]:
        """Write; whatever the answer, the partition is known as it is now."""
        at = (container.value, tenant_id, key)
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
        at = (kind.container.value, tenant_id, key or "")
        question = (tenant_id, kind.type, key, tuple(where), order, limit, cursor)
        found, old = self._old(at, question)
        if found:
            return old  # type: ignore[no-any-return]  # answers to this question are of its kind
        page = await self._store.query(
            tenant_id, kind, key=key, where=where, order=order, limit=limit, cursor=cursor
        )
        self._learn(at, question, page)
        return page

    def feed(self, container: Container, consumer: str) -> Feed:
        """Return the feed, which is late by itself."""
        return self._store.feed(container, consumer)

    def _old(self, at: Partition, question: object) -> tuple[bool, Any]:
        if self._chance.random() >= self.rates.stale:
            return False, None
        rows = self._past.earlier(question, self._seen[at])
        if not rows:
            return False, None
        position, answer = self._chance.choice(rows)
        self._seen[at] = max(self._seen[at], position)
        self._points.faults["stale"] += 1
        return True, answer

    def _learn(self, at: Partition, question: object, answer: object) -> None:
        self._seen[at] = self._past.position
        self._past.remember(question, answer)
