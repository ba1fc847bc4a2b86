"""Webhook endpoints: made, changed, their secrets rotated; secrets stand in the vault."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from shared.kernel.documents import (
    Container,
    Create,
    Delete,
    Documents,
    Order,
    Page,
    Replace,
    Stored,
)
from shared.kernel.errors import GuardFailed, Missing, NotFound, PreconditionFailed, Unavailable
from shared.kernel.ids import Ids, hash_id
from shared.kernel.model import Identifier, Instant, Strict, Text
from shared.kernel.outbound import Outbound
from shared.kernel.vault import Vault
from shared.notifications.decide import delivery as decide
from shared.notifications.decide.signature import secret_of
from shared.notifications.model import (
    CONFIG,
    ENDPOINTS,
    ENDPOINTS_MAX,
    Disabled,
    Endpoint,
    EndpointDetails,
    EndpointStatus,
    TooManyEndpoints,
)

KEPT_FOR: Final = timedelta(seconds=30)
TENANTS_KEPT_MAX: Final = 1_000
ATTEMPTS_MAX: Final = 5
SECRET_CHARACTERS: Final = 48  # of 5 bits: 240 bits


@dataclass(slots=True)
class Shelf:
    """The endpoints of tenants as a process knows them, at most 30 s old."""

    store: Documents
    _kept: dict[str, tuple[datetime, tuple[Endpoint, ...]]] = field(default_factory=dict)

    async def of(self, tenant_id: str, now: datetime) -> tuple[Endpoint, ...]:
        """Return a tenant's endpoints, those that are out of use too."""
        kept = self._kept.get(tenant_id)
        if kept is not None and kept[0] <= now < kept[0] + KEPT_FOR:
            return kept[1]
        page = await self.store.query(tenant_id, ENDPOINTS, key=CONFIG, limit=ENDPOINTS_MAX)
        found = tuple(row.body for row in page.items)
        if len(self._kept) >= TENANTS_KEPT_MAX:
            self._kept.clear()
        self._kept[tenant_id] = (now, found)
        return found

    def forget(self, tenant_id: str) -> None:
        """Read a tenant's endpoints again at the next question."""
        self._kept.pop(tenant_id, None)


@dataclass(frozen=True, slots=True)
class Hooks:
    """What telling tenants' systems stands on; `loopback` allows http://127.0.0.1 for tries."""

    store: Documents
    outbound: Outbound
    vault: Vault
    ids: Ids
    shelf: Shelf
    loopback: bool = False


class EndpointView(Strict):
    """An endpoint as it is shown: without its secrets, of which only the number is told."""

    endpoint_id: Identifier
    url: str
    events: tuple[str, ...]
    description: Text | None = None
    status: EndpointStatus
    secrets: int
    created_at: Instant
    failing_since: Instant | None = None
    disabled: Disabled | None = None


class NewSecret(EndpointView):
    """An endpoint with its new secret, which is shown this once."""

    secret: str


def view_of(endpoint: Endpoint) -> EndpointView:
    """Return what is shown of an endpoint."""
    return EndpointView.model_validate(_shown(endpoint))


def _shown(endpoint: Endpoint) -> dict[str, object]:
    shown = endpoint.model_dump(exclude={"schemaVersion", "secrets"})
    return {**shown, "secrets": len(endpoint.secrets)}


async def create_endpoint(
    hooks: Hooks, tenant_id: str, details: EndpointDetails, now: datetime
) -> NewSecret:
    """Add an endpoint with its first secret.

    Raises:
        Invalid: its URL or its events.
        TooManyEndpoints: the tenant has the most that it may.
    """
    decide.check_endpoint(details, loopback=hooks.loopback)
    page = await hooks.store.query(tenant_id, ENDPOINTS, key=CONFIG, limit=ENDPOINTS_MAX)
    if len(page.items) >= ENDPOINTS_MAX:
        raise TooManyEndpoints
    endpoint_id = hooks.ids.new("ep")
    name, secret = await _keep_secret(hooks, tenant_id, endpoint_id)
    endpoint = Endpoint(
        **details.model_dump(), endpoint_id=endpoint_id, secrets=(name,), created_at=now
    )
    create = Create(ENDPOINTS, _id(endpoint_id), endpoint)
    await hooks.store.batch(tenant_id, Container.MASTER, CONFIG, (create,))
    hooks.shelf.forget(tenant_id)
    return NewSecret.model_validate({**_shown(endpoint), "secret": secret})


async def _keep_secret(hooks: Hooks, tenant_id: str, endpoint_id: str) -> tuple[str, str]:
    secret = secret_of(hooks.ids.secret(SECRET_CHARACTERS).encode("ascii"))
    name = hash_id("secret", tenant_id, endpoint_id, secret)
    await hooks.vault.put(tenant_id, name, secret.encode("ascii"))
    return name, secret


async def list_endpoints(
    store: Documents, tenant_id: str, *, limit: int, cursor: str | None
) -> Page[Endpoint]:
    """Return the tenant's endpoints, the oldest first."""
    return await store.query(
        tenant_id, ENDPOINTS, key=CONFIG, order=Order("created_at"), limit=limit, cursor=cursor
    )


async def get_endpoint(store: Documents, tenant_id: str, endpoint_id: str) -> Stored[Endpoint]:
    """Return one endpoint.

    Raises:
        NotFound: there is none of this id in this tenant.
    """
    found = await store.get(tenant_id, ENDPOINTS, CONFIG, _id(endpoint_id))
    if found is None:
        raise NotFound("webhook endpoint")
    return found


async def change_endpoint(
    hooks: Hooks, tenant_id: str, endpoint_id: str, details: EndpointDetails, if_match: str
) -> Stored[Endpoint]:
    """Write an endpoint's URL, events and description anew.

    Raises:
        NotFound, Invalid: see above.
        PreconditionFailed: it was changed since it was read.
    """
    decide.check_endpoint(details, loopback=hooks.loopback)
    stored = await get_endpoint(hooks.store, tenant_id, endpoint_id)
    changed = stored.body.model_copy(update={**details.model_dump()})
    try:
        return await _replace(hooks, tenant_id, stored, changed, if_match)
    except (GuardFailed, Missing):
        raise PreconditionFailed from None


async def forget_endpoint(hooks: Hooks, tenant_id: str, endpoint_id: str) -> None:
    """Remove an endpoint and its secrets; its deliveries are let go with their 7 days.

    Raises:
        NotFound: there is none.
        Unavailable: others change it at this moment.
    """
    stored = await get_endpoint(hooks.store, tenant_id, endpoint_id)
    delete = Delete(ENDPOINTS, stored.id, stored.etag)
    try:
        await hooks.store.batch(tenant_id, Container.MASTER, CONFIG, (delete,))
    except (GuardFailed, Missing):
        raise Unavailable(f"{endpoint_id} is being changed by others") from None
    hooks.shelf.forget(tenant_id)
    await _forget_secrets(hooks, tenant_id, stored.body.secrets)


async def rotate_secret(hooks: Hooks, tenant_id: str, endpoint_id: str) -> NewSecret:
    """Give an endpoint a new secret; deliveries are signed with the one before as well.

    Raises:
        NotFound: there is none.
    """
    await get_endpoint(hooks.store, tenant_id, endpoint_id)
    name, secret = await _keep_secret(hooks, tenant_id, endpoint_id)
    gone: list[str] = []

    def decided(endpoint: Endpoint) -> Endpoint:
        changed, dropped = decide.rotated(endpoint, name)
        gone[:] = dropped
        return changed

    stored = await update_endpoint(hooks, tenant_id, endpoint_id, decided)
    await _forget_secrets(hooks, tenant_id, gone)
    return NewSecret.model_validate({**_shown(stored), "secret": secret})


async def drop_old_secret(hooks: Hooks, tenant_id: str, endpoint_id: str) -> Endpoint:
    """Sign with the newest secret only; nothing when there is no other."""
    gone: list[str] = []

    def decided(endpoint: Endpoint) -> Endpoint | None:
        changed, dropped = decide.only_newest(endpoint)
        gone[:] = dropped
        return changed if dropped else None

    stored = await update_endpoint(hooks, tenant_id, endpoint_id, decided)
    await _forget_secrets(hooks, tenant_id, gone)
    return stored


async def set_in_use(
    hooks: Hooks, tenant_id: str, endpoint_id: str, *, is_in_use: bool
) -> Endpoint:
    """Put an endpoint in or out of use; what waits for it goes on when it is back."""
    decided = decide.enabled if is_in_use else decide.disabled
    return await update_endpoint(hooks, tenant_id, endpoint_id, decided)


async def update_endpoint(
    hooks: Hooks,
    tenant_id: str,
    endpoint_id: str,
    decided: Callable[[Endpoint], Endpoint | None],
) -> Endpoint:
    """Apply a decision to an endpoint; None from it means that nothing is to be written.

    Raises:
        NotFound: there is none.
        Unavailable: five others changed it meanwhile.
    """
    for _ in range(ATTEMPTS_MAX):
        stored = await get_endpoint(hooks.store, tenant_id, endpoint_id)
        changed = decided(stored.body)
        if changed is None:
            return stored.body
        try:
            return (await _replace(hooks, tenant_id, stored, changed, stored.etag)).body
        except (GuardFailed, Missing):
            continue
    raise Unavailable(f"{endpoint_id} is being changed by others")


async def _replace(
    hooks: Hooks, tenant_id: str, stored: Stored[Endpoint], changed: Endpoint, if_match: str
) -> Stored[Endpoint]:
    replace = Replace(ENDPOINTS, stored.id, changed, if_match)
    (etag,) = await hooks.store.batch(tenant_id, Container.MASTER, CONFIG, (replace,))
    hooks.shelf.forget(tenant_id)
    return Stored(stored.id, stored.key, etag, changed)


async def _forget_secrets(hooks: Hooks, tenant_id: str, names: Sequence[str]) -> None:
    for name in names:
        await hooks.vault.forget(tenant_id, name)


def _id(endpoint_id: str) -> str:
    return f"endpoint:{endpoint_id}"
