"""The vault port: secrets of tenants' connections, by name; never in a document."""

from typing import Protocol


class Vault(Protocol):
    async def get(self, tenant_id: str, name: str) -> bytes | None:
        """Return a secret, at most 30 s old; None when there is none of that name."""
        ...

    async def put(self, tenant_id: str, name: str, secret: bytes) -> None: ...

    async def forget(self, tenant_id: str, name: str) -> None: ...
