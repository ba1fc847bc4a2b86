"""Claim checks: bodies too large for a message wait here, and the message names them (design 4)."""

from collections.abc import Callable
from typing import Final, Protocol

CLAIM_BYTES_FROM: Final = 200_000  # below it a body travels in its message
CLAIM_BYTES_MAX: Final = 4_000_000


class Claims(Protocol):
    async def put(self, tenant_id: str, name: str, body: bytes) -> None:
        """Keep a body for 7 days; the same name again keeps the first (it is the same body).

        Raises:
            Unavailable: not known to be kept.
        """
        ...

    async def get(self, tenant_id: str, name: str) -> bytes | None:
        """Return a body; None when there is none, or its days are over.

        Raises:
            Unavailable: try again.
        """
        ...

    async def forget(self, tenant_id: str, is_about: Callable[[bytes], bool]) -> int:
        """Remove a tenant's bodies of which that holds, and return how many: an erase asks.

        Raises:
            Unavailable: some may still be there; ask again.
        """
        ...

    async def sweep(self) -> int:
        """Remove what is over, where the store does not do so by itself; returns how many."""
        ...
