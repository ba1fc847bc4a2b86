"""A store in which callers at once take turns at every call, and processes die where they are told.

The embedded store in memory never waits, so that tasks would run one after another; here each call
yields before and after, a seeded number of times.
"""

import random
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager

from shared.adapters.embedded.documents import EmbeddedDocuments
from shared.adapters.embedded.faults import Crash
from shared.kernel.clock import SteppedClock
from tests.unit.catalog.samples import NOW

TURNS_MAX = 3


class Turn:
    """Lets the others run once."""

    def __await__(self) -> Generator[None]:
        yield


class Interleaving:
    """Fault points that yield; `crash_at` counts batches, and the process dies after that one."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)
        self.batches = 0
        self.crash_at: int | None = None

    async def before(self, call: str, detail: object) -> None:
        del call, detail
        await self._turns()

    async def after(self, call: str, detail: object) -> None:
        del detail
        if call == "documents.batch":
            self.batches += 1
            if self.batches == self.crash_at:
                raise Crash
        await self._turns()

    def crash_after(self, batches: int) -> None:
        """Let the process die after so many batches from now on."""
        self.crash_at = self.batches + batches

    async def _turns(self) -> None:
        for _ in range(self._random.randint(0, TURNS_MAX)):
            await Turn()


@asynccontextmanager
async def an_interleaved_store(
    seed: int = 0,
) -> AsyncIterator[tuple[EmbeddedDocuments, Interleaving]]:
    faults = Interleaving(seed)
    opened = EmbeddedDocuments(":memory:", clock=SteppedClock(NOW), threaded=False, faults=faults)
    try:
        yield opened, faults
    finally:
        await opened.close()
