"""What couriers need from outside: providers of quotes, and a limit to waiting for them."""

from collections.abc import Awaitable
from typing import Protocol, TypeVar

from shared.couriers.model import Quote, RateRequest

T = TypeVar("T")


class RateProvider(Protocol):
    """A source of quotes: rate cards, a carrier's API, a broker.

    Raises:
        Outside, OSError: it cannot be reached or answers nonsense; the rate card takes over.
    """

    @property
    def name(self) -> str:
        """Return the name that stands in quotes and failures."""
        ...

    async def quotes(self, tenant_id: str, request: RateRequest) -> tuple[Quote, ...]:
        """Return a quote of each service that takes all parcels."""
        ...


async def without_limit(work: Awaitable[T], _seconds: float, /) -> T:
    """Wait for work however long it takes: for providers that never leave the process."""
    return await work


class Within(Protocol):
    """Wait for work, but not longer than `seconds` (`asyncio.wait_for` is one).

    Raises:
        TimeoutError: the work was not done in time, and was stopped.
    """

    async def __call__(self, work: Awaitable[T], seconds: float, /) -> T:
        """Return what the work returns."""
        ...
