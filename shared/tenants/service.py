"""Tenants, their settings and their keys: load, decide, save."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import Field, JsonValue

from shared.kernel.documents import (
    Container,
    Create,
    Documents,
    Page,
    Replace,
    Stored,
    pages,
)
from shared.kernel.errors import Exists, Fault, GuardFailed, Invalid, NotFound, PreconditionFailed
from shared.kernel.ids import Ids
from shared.kernel.model import Identifier, Instant, ShortText, Strict
from shared.tenants.decide import (
    change_settings,
    check_scope,
    new_token,
    with_status,
)
from shared.tenants.directory import Directory
from shared.tenants.keys import KEY_ID_LENGTH, SECRET_LENGTH, write_token
from shared.tenants.model import (
    API_KEYS,
    CONFIG,
    KEYS_PER_TENANT_MAX,
    PLATFORM,
    RESERVED_TENANTS,
    SETTINGS,
    SETTINGS_ID,
    TENANT_ID,
    TENANTS,
    ApiKey,
    Preferences,
    Role,
    Settings,
    Tenant,
    TenantExists,
    TenantName,
    TenantStatus,
    TooManyKeys,
)

ATTEMPTS_MAX: Final = 5
TENANTS_MAX: Final = 10_000


class CreateTenant(Strict):
    """A new tenant and its first settings; `admin_label` names its first key."""

    tenant_id: TenantName
    preferences: Preferences
    admin_label: ShortText = "first admin key"


class CreateKey(Strict):
    label: ShortText
    role: Role
    locations: tuple[Identifier, ...] = Field(default=(), max_length=100)
    expires_at: Instant | None = None


class KeyView(Strict):
    """A key as it is listed: without its secret, which nobody can read again."""

    key_id: str
    label: str
    role: Role
    locations: tuple[str, ...] = ()
    created_at: Instant
    created_by: str
    revoked_at: Instant | None = None
    expires_at: Instant | None = None


class NewKey(Strict):
    """`token` is shown this once."""

    key: KeyView
    token: str


class NewTenant(Strict):
    tenant: Tenant
    admin_key: NewKey


@dataclass(frozen=True, slots=True)
class Office:
    """What managing tenants needs beside the store: randomness and the directory's caches."""

    store: Documents
    ids: Ids
    directory: Directory


async def create_tenant(office: Office, command: CreateTenant, *, now: datetime) -> NewTenant:
    """Write the settings, then the first key, then the directory's row, which opens the door.

    Raises:
        TenantExists: the id is taken.
        Invalid: a reserved id.
    """
    tenant_id = command.tenant_id
    if tenant_id.lower() in RESERVED_TENANTS:
        raise Invalid([Fault("/tenant_id", "reserved", "the id is reserved")])
    if await office.store.get(PLATFORM, TENANTS, f"tenant:{tenant_id}", TENANT_ID) is not None:
        raise TenantExists
    await _first_settings(office, command)
    key = CreateKey(label=command.admin_label, role=Role.ADMIN)
    made = await create_key(office, tenant_id, key, actor="platform", now=now)
    row = Tenant(tenant_id=tenant_id, status=TenantStatus.ACTIVE, created_at=now, changed_at=now)
    try:
        await office.store.batch(
            PLATFORM, Container.MASTER, f"tenant:{tenant_id}", [Create(TENANTS, TENANT_ID, row)]
        )
    except Exists as error:
        raise TenantExists from error
    office.directory.forget(tenant_id)
    return NewTenant(tenant=row, admin_key=made)


async def _first_settings(office: Office, command: CreateTenant) -> None:
    entropy = office.ids.secret(SECRET_LENGTH).encode()  # 260 bits
    lookup_key = hashlib.sha256(entropy).hexdigest()
    body = Settings(**dict(command.preferences), lookup_key=lookup_key)
    found = await office.store.get(command.tenant_id, SETTINGS, CONFIG, SETTINGS_ID)
    if found is not None:  # a crash left them before the directory's row was written
        body = body.model_copy(update={"lookup_key": found.body.lookup_key})
        operation = Replace(SETTINGS, SETTINGS_ID, body, found.etag)
        await office.store.batch(command.tenant_id, Container.MASTER, CONFIG, [operation])
        return
    await office.store.batch(
        command.tenant_id, Container.MASTER, CONFIG, [Create(SETTINGS, SETTINGS_ID, body)]
    )


async def list_tenants(store: Documents, *, limit: int, cursor: str | None) -> Page[Tenant]:
    return await store.query(PLATFORM, TENANTS, limit=limit, cursor=cursor)


async def active_tenants(store: Documents) -> AsyncIterator[str]:
    """Yield the ids of all active tenants: timers walk them."""
    async for row in pages(store, PLATFORM, TENANTS, limit=100, pages_max=TENANTS_MAX // 100):
        if row.body.status is TenantStatus.ACTIVE:
            yield row.body.tenant_id


async def set_status(
    office: Office, tenant_id: str, status: TenantStatus, *, now: datetime
) -> Tenant:
    """Suspend or resume a tenant; nothing happens when it is so already.

    Raises:
        NotFound: no such tenant.
    """
    key = f"tenant:{tenant_id}"
    for _ in range(ATTEMPTS_MAX):
        found = await office.store.get(PLATFORM, TENANTS, key, TENANT_ID)
        if found is None:
            raise NotFound("tenant")
        changed = with_status(found.body, status, now)
        if changed is None:
            return found.body
        try:
            operation = Replace(TENANTS, TENANT_ID, changed, found.etag)
            await office.store.batch(PLATFORM, Container.MASTER, key, [operation])
        except GuardFailed:
            continue
        office.directory.forget(tenant_id)
        return changed
    raise PreconditionFailed


async def read_settings(store: Documents, tenant_id: str) -> Stored[Settings]:
    """Return the settings as stored, with their etag.

    Raises:
        NotFound: no such tenant.
    """
    found = await store.get(tenant_id, SETTINGS, CONFIG, SETTINGS_ID)
    if found is None:
        raise NotFound("settings")
    return found


async def write_settings(
    office: Office, tenant_id: str, patch: Mapping[str, JsonValue], *, if_match: str
) -> Stored[Settings]:
    """Apply a merge patch to the version that the caller read.

    Raises:
        PreconditionFailed: they were changed since.
        Invalid: see `change_settings`.
    """
    found = await read_settings(office.store, tenant_id)
    if found.etag != if_match:
        raise PreconditionFailed
    changed = change_settings(found.body, patch)
    try:
        (etag,) = await office.store.batch(
            tenant_id,
            Container.MASTER,
            CONFIG,
            [Replace(SETTINGS, SETTINGS_ID, changed, found.etag)],
        )
    except GuardFailed as error:
        raise PreconditionFailed from error
    office.directory.forget(tenant_id)
    return Stored(found.id, found.key, etag, changed)


async def create_key(
    office: Office, tenant_id: str, command: CreateKey, *, actor: str, now: datetime
) -> NewKey:
    """Make a credential; its text is in the answer and nowhere else.

    Raises:
        Invalid: the role and the locations do not fit.
        TooManyKeys: revoke one first.
    """
    check_scope(command.role, command.locations)
    listed = await office.store.query(
        tenant_id, API_KEYS, key=CONFIG, limit=KEYS_PER_TENANT_MAX + 1
    )
    if sum(row.body.revoked_at is None for row in listed.items) >= KEYS_PER_TENANT_MAX:
        raise TooManyKeys
    key_id, secret = office.ids.secret(KEY_ID_LENGTH), office.ids.secret(SECRET_LENGTH)
    token = new_token(office.directory.environment, tenant_id, key_id, secret)
    body = ApiKey(
        key_id=key_id,
        digest=office.directory.digest_of(token),
        created_at=now,
        created_by=actor,
        **dict(command),
    )
    await office.store.batch(
        tenant_id, Container.MASTER, CONFIG, [Create(API_KEYS, f"apikey:{key_id}", body)]
    )
    return NewKey(key=view_of(body), token=write_token(token))


async def list_keys(
    store: Documents, tenant_id: str, *, limit: int, cursor: str | None
) -> Page[ApiKey]:
    return await store.query(tenant_id, API_KEYS, key=CONFIG, limit=limit, cursor=cursor)


async def revoke_key(office: Office, tenant_id: str, key_id: str, *, now: datetime) -> KeyView:
    """End a credential; it stays listed. Nothing happens when it is revoked already.

    Raises:
        NotFound: no such key.
    """
    document_id = f"apikey:{key_id}"
    found = await office.store.get(tenant_id, API_KEYS, CONFIG, document_id)
    if found is None:
        raise NotFound("key")
    if found.body.revoked_at is not None:
        return view_of(found.body)
    revoked = found.body.model_copy(update={"revoked_at": now})
    await office.store.batch(
        tenant_id,
        Container.MASTER,
        CONFIG,
        [Replace(API_KEYS, document_id, revoked, found.etag)],
    )
    office.directory.forget(tenant_id, key_id)
    return view_of(revoked)


def view_of(key: ApiKey) -> KeyView:
    """Return a key without its digest."""
    return KeyView(**{name: getattr(key, name) for name in KeyView.model_fields})
