"""Who may come in: credentials, tenants and their settings, remembered for 30 s a process.

So revocation, suspension and changed settings act within 30 s everywhere, and at once in the
process that made the change.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from shared.kernel.documents import Documents
from shared.kernel.errors import Unauthenticated
from shared.tenants.decide import is_usable
from shared.tenants.keys import Token, digest_of, read_token, same_digest
from shared.tenants.model import (
    API_KEYS,
    CONFIG,
    PLATFORM,
    SETTINGS,
    SETTINGS_ID,
    TENANT_ID,
    TENANTS,
    ApiKey,
    Caller,
    Role,
    Settings,
    Tenant,
    TenantStatus,
    TenantSuspended,
)

REMEMBERED: Final = timedelta(seconds=30)
ENTRIES_MAX: Final = 1_000  # of each kind: tenants, settings, keys
V = TypeVar("V")


class Remembered(Generic[V]):
    """Values by name, each for a time; the oldest leave first. Absence is not remembered."""

    def __init__(self, entries_max: int = ENTRIES_MAX, kept: timedelta = REMEMBERED) -> None:
        self._entries: dict[str, tuple[datetime, V]] = {}
        self._max, self._kept = entries_max, kept

    async def get(
        self, name: str, now: datetime, load: Callable[[], Awaitable[V | None]]
    ) -> V | None:
        """Return the remembered value, else the loaded one."""
        entry = self._entries.get(name)
        # A clock that went back must not keep an entry beyond its time.
        if entry is not None and timedelta(0) <= now - entry[0] < self._kept:
            return entry[1]
        value = await load()
        self._entries.pop(name, None)
        if value is not None:
            if len(self._entries) >= self._max:
                self._entries.pop(next(iter(self._entries)))
            self._entries[name] = (now, value)
        return value

    def forget(self, name: str) -> None:
        """Load it anew next time."""
        self._entries.pop(name, None)


class Directory:
    """Authenticates callers and knows tenants; one a process."""

    def __init__(
        self, store: Documents, *, environment: str, pepper: bytes, platform_key: str
    ) -> None:
        self.environment = environment
        self._store, self._pepper, self._platform_key = store, pepper, platform_key
        self._keys: Remembered[ApiKey] = Remembered()
        self._tenants: Remembered[Tenant] = Remembered()
        self._settings: Remembered[Settings] = Remembered()

    async def authenticate(self, text: str, now: datetime, correlation_id: str = "") -> Caller:
        """Return who holds this credential.

        Raises:
            Unauthenticated: unknown, revoked, expired, of another environment, or malformed;
                nothing says which.
            TenantSuspended: the credential is good, its tenant is not.
        """
        if self._platform_key and same_digest(text, self._platform_key):
            return Caller(PLATFORM, "platform", Role.PLATFORM, frozenset(), correlation_id)
        token = read_token(text)
        if token is None or token.environment != self.environment:
            raise Unauthenticated
        key = await self._key(token, now)
        expected = key.digest if key is not None else ""
        if not same_digest(digest_of(token, self._pepper), expected) or key is None:
            raise Unauthenticated
        if not is_usable(key, now):
            raise Unauthenticated
        await self.active(token.tenant_id, now)
        return Caller(
            token.tenant_id,
            f"key:{key.key_id}",
            key.role,
            frozenset(key.locations),
            correlation_id,
        )

    async def active(self, tenant_id: str, now: datetime) -> Tenant:
        """Return a tenant that may work.

        Raises:
            Unauthenticated: there is no such tenant.
            TenantSuspended: there is, and it may not.
        """
        tenant = await self.tenant(tenant_id, now)
        if tenant is None:
            raise Unauthenticated
        if tenant.status is not TenantStatus.ACTIVE:
            raise TenantSuspended
        return tenant

    async def tenant(self, tenant_id: str, now: datetime) -> Tenant | None:
        """Return the tenant's row of the directory, whatever its status."""

        async def load() -> Tenant | None:
            found = await self._store.get(PLATFORM, TENANTS, f"tenant:{tenant_id}", TENANT_ID)
            return found.body if found is not None else None

        return await self._tenants.get(tenant_id, now, load)

    async def settings(self, tenant_id: str, now: datetime) -> Settings:
        """Return a tenant's settings.

        Raises:
            Unauthenticated: there is no such tenant.
        """

        async def load() -> Settings | None:
            found = await self._store.get(tenant_id, SETTINGS, CONFIG, SETTINGS_ID)
            return found.body if found is not None else None

        settings = await self._settings.get(tenant_id, now, load)
        if settings is None:
            raise Unauthenticated
        return settings

    async def _key(self, token: Token, now: datetime) -> ApiKey | None:
        async def load() -> ApiKey | None:
            found = await self._store.get(
                token.tenant_id, API_KEYS, CONFIG, f"apikey:{token.key_id}"
            )
            return found.body if found is not None else None

        return await self._keys.get(f"{token.tenant_id}.{token.key_id}", now, load)

    def digest_of(self, token: Token) -> str:
        """Return what to store of a new credential."""
        return digest_of(token, self._pepper)

    def forget(self, tenant_id: str, key_id: str = "") -> None:
        """Read a tenant, its settings and one of its keys anew: this process changed them."""
        self._tenants.forget(tenant_id)
        self._settings.forget(tenant_id)
        self._keys.forget(f"{tenant_id}.{key_id}")
