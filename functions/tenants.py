"""Tenants, their settings and their API keys."""

import azure.functions as func
from pydantic import JsonValue, RootModel

from functions._edge import Call, Reply, http, listing
from shared.tenants import service
from shared.tenants.model import Preferences, Settings, Tenant, TenantStatus
from shared.tenants.service import CreateKey, CreateTenant, KeyView, NewKey, NewTenant
from shared.wiring import office, store

bp = func.Blueprint()


class SettingsPatch(RootModel[dict[str, JsonValue]]):
    """A JSON merge patch (RFC 7396) of the settings; null sets the default."""


@http(
    bp,
    "POST",
    "tenants",
    "tenants.create",
    body=CreateTenant,
    answer=NewTenant,
    status=201,
    creates=True,
    secret_answer=True,
)
async def create_tenant(call: Call[CreateTenant]) -> Reply:
    """Create a tenant with its settings and its first admin key."""
    made = await service.create_tenant(office(), call.body, now=call.now)
    return Reply(made, location=f"/api/v1/tenants/{made.tenant.tenant_id}")


@http(bp, "GET", "tenants", "tenants.read", answer=Tenant, many=True)
async def list_tenants(call: Call[None]) -> Reply:
    """List the tenants."""
    limit, cursor = call.page()
    page = await service.list_tenants(store(), limit=limit, cursor=cursor)
    return Reply(listing([row.body for row in page.items], page.cursor))


@http(bp, "POST", "tenants/{tenant}:suspend", "tenants.suspend", answer=Tenant)
async def suspend_tenant(call: Call[None]) -> Reply:
    """Refuse everything of a tenant; other instances follow within 30 s."""
    name, status = call.param("tenant"), TenantStatus.SUSPENDED
    return Reply(await service.set_status(office(), name, status, now=call.now))


@http(bp, "POST", "tenants/{tenant}:resume", "tenants.resume", answer=Tenant)
async def resume_tenant(call: Call[None]) -> Reply:
    """Let a suspended tenant work again."""
    name, status = call.param("tenant"), TenantStatus.ACTIVE
    return Reply(await service.set_status(office(), name, status, now=call.now))


@http(bp, "GET", "tenants/me/settings", "tenants.settings.read", answer=Preferences)
async def read_settings(call: Call[None]) -> Reply:
    """Show the tenant's settings."""
    found = await service.read_settings(store(), call.tenant_id)
    return Reply(_shown(found.body), etag=found.etag)


@http(
    bp,
    "PATCH",
    "tenants/me/settings",
    "tenants.settings.write",
    body=SettingsPatch,
    answer=Preferences,
    if_match=True,
    partial=Preferences,
)
async def change_settings(call: Call[SettingsPatch]) -> Reply:
    """Change some of the tenant's settings."""
    patch, if_match = call.body.root, call.if_match()
    found = await service.write_settings(office(), call.tenant_id, patch, if_match=if_match)
    return Reply(_shown(found.body), etag=found.etag)


@http(
    bp,
    "POST",
    "tenants/me/keys",
    "tenants.keys.write",
    body=CreateKey,
    answer=NewKey,
    status=201,
    creates=True,
    secret_answer=True,
)
async def create_key(call: Call[CreateKey]) -> Reply:
    """Make an API key; its text is shown this once."""
    actor = call.caller.name
    return Reply(
        await service.create_key(office(), call.tenant_id, call.body, actor=actor, now=call.now)
    )


@http(bp, "GET", "tenants/me/keys", "tenants.keys.read", answer=KeyView, many=True)
async def list_keys(call: Call[None]) -> Reply:
    """List the tenant's API keys, revoked ones too."""
    limit, cursor = call.page()
    page = await service.list_keys(store(), call.tenant_id, limit=limit, cursor=cursor)
    return Reply(listing([service.view_of(row.body) for row in page.items], page.cursor))


@http(bp, "POST", "tenants/me/keys/{key}:revoke", "tenants.keys.write", answer=KeyView)
async def revoke_key(call: Call[None]) -> Reply:
    """End an API key; other instances follow within 30 s."""
    key_id = call.param("key")
    return Reply(await service.revoke_key(office(), call.tenant_id, key_id, now=call.now))


def _shown(settings: Settings) -> Preferences:
    return Preferences(**{name: getattr(settings, name) for name in Preferences.model_fields})
