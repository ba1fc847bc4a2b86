"""Builders of endpoints and deliveries, and an outside that answers as it is told."""

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from shared.adapters.embedded.documents import EmbeddedDocuments
from shared.adapters.embedded.vault import MemoryVault
from shared.kernel.clock import SteppedClock
from shared.kernel.ids import SortableIds
from shared.kernel.outbound import Answer, Request
from shared.notifications.decide.delivery import new_delivery
from shared.notifications.model import Delivery, Endpoint, EndpointDetails
from shared.notifications.service import Hooks, Shelf

NOW: Final = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
TENANT: Final = "acme"


class Outside:
    """Answers in turn, the last answer for good; keeps what it was asked."""

    def __init__(self, *statuses: int) -> None:
        self.answers = [Answer(status) for status in statuses] or [Answer(204)]
        self.asked: list[Request] = []

    async def call(self, request: Request) -> Answer:
        self.asked.append(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    async def call_all(self, requests: Sequence[Request]) -> Sequence[Answer]:
        return [await self.call(request) for request in requests]


@dataclass
class Office:
    hooks: Hooks
    outside: Outside
    clock: SteppedClock
    vault: MemoryVault = field(default_factory=MemoryVault)


@asynccontextmanager
async def an_office(*statuses: int, loopback: bool = False) -> AsyncIterator[Office]:
    clock, outside, vault = SteppedClock(NOW), Outside(*statuses), MemoryVault()
    store = EmbeddedDocuments(":memory:", clock=clock, threaded=False)
    ids = SortableIds(clock, random.Random(7))
    hooks = Hooks(store, outside, vault, ids, Shelf(store), loopback)
    try:
        yield Office(hooks, outside, clock, vault)
    finally:
        await store.close()


def details(**changes: Any) -> EndpointDetails:
    usual = {"url": "https://shop.example/hooks", "events": ("*",)}
    return EndpointDetails.model_validate(usual | changes)


def an_endpoint(**changes: Any) -> Endpoint:
    usual = {
        **details().model_dump(),
        "endpoint_id": "ep_1",
        "secrets": ("secret_1",),
        "created_at": NOW,
    }
    return Endpoint.model_validate(usual | changes)


def a_delivery(**changes: Any) -> Delivery:
    made = new_delivery(an_endpoint(), "e_1", "order.accepted", "{}", NOW)
    return made.model_copy(update=changes)
