"""Channels: their signed webhooks come in, their connections are kept."""

import re
from datetime import datetime
from typing import Final

import azure.functions as func
from pydantic import Field, SecretStr, TypeAdapter, ValidationError

from functions._edge import Call, Reply, http, listing
from shared.channels import service
from shared.channels.model import Connection, Notice
from shared.channels.ports import token_name
from shared.channels.registry import channel
from shared.flows.channel_update import Webhook, take_webhook
from shared.flows.privacy_request import take_notice
from shared.kernel.errors import Fault, Invalid, NotFound
from shared.kernel.ids import hash_id
from shared.kernel.model import Identifier, Strict, Text
from shared.tenants.model import Caller, Role
from shared.wiring import World, eraser, flows, store, vault, world

bp = func.Blueprint()

SECRET_MAX: Final = 500
TOKEN_MIN: Final = 8
_TOKEN: Final = re.compile(r"[\x21-\x7e]+", re.ASCII)  # it travels in a header
_NAME: Final[TypeAdapter[str]] = TypeAdapter(Identifier)


class ConnectionBody(Strict):
    """An account of a channel. `secret` signs its webhooks; the one before stays valid."""

    channel: Identifier
    domain: Text | None = None
    secret: SecretStr | None = Field(default=None, min_length=8, max_length=SECRET_MAX)
    is_active: bool = True
    locations: dict[str, Identifier] = {}
    pickup_codes: dict[str, Identifier] = {}
    services: dict[str, Identifier] = {}
    default_location: Identifier | None = None


class ConnectionView(Strict):
    """A connection as it is shown: without its secrets, which nobody can read again."""

    connection_id: str
    channel: str
    is_active: bool
    domain: str | None = None
    secrets: int
    locations: dict[str, str] = {}
    pickup_codes: dict[str, str] = {}
    services: dict[str, str] = {}
    default_location: str | None = None
    has_token: bool = False
    webhook_path: str


class AccessTokenBody(Strict):
    """An access token to the channel's API; it is kept in the vault and shown to nobody."""

    token: SecretStr = Field(min_length=TOKEN_MIN, max_length=SECRET_MAX)


class Taken(Strict):
    """What became of a webhook: done, known, waiting for its order, or noted."""

    outcome: str


@http(
    bp,
    "POST",
    "webhooks/{channel}/{tenant}/{subscription}",
    "webhooks",
    answer=Taken,
    public=True,
)
async def take_channel_webhook(call: Call[None]) -> Reply:
    """Take a channel's webhook; its signature over the raw body is the credential."""
    current = world()
    tenant_id, connection = await _connection(call, current)
    secrets = [await current.vault.get(tenant_id, name) for name in connection.secrets]
    received = service.receive(
        tenant_id,
        connection,
        call.raw,
        dict(call.request.headers),
        [secret for secret in secrets if secret],
        call.now,
    )
    caller = Caller(
        tenant_id,
        f"channel:{connection.connection_id}",
        Role.INTEGRATION,
        correlation_id=call.correlation_id,
    )
    call.note(tenant_id=tenant_id)
    webhook = Webhook(received, connection, call.raw)
    return Reply(Taken(outcome=await _taken(caller, webhook, call.now)))


async def _taken(caller: Caller, webhook: Webhook, now: datetime) -> str:
    received = webhook.received
    if isinstance(received.intent, Notice):
        return await take_notice(eraser(), caller, received, received.intent, now)
    return await take_webhook(flows(), caller, webhook, now)


async def _connection(call: Call[None], current: World) -> tuple[str, Connection]:
    """Return the tenant and connection that the path names; whatever is missing looks the same."""
    tenant_id = call.param("tenant")
    if await current.tenants.tenant(tenant_id, call.now) is None:
        raise NotFound("connection")
    await current.tenants.active(tenant_id, call.now)
    name = call.param("subscription")
    connection = await service.get_connection(current.store, tenant_id, name)
    if connection.channel != call.param("channel") or not connection.is_active:
        raise NotFound("connection")
    return tenant_id, connection


@http(bp, "GET", "channels", "channels.read", answer=ConnectionView, many=True)
async def list_connections(call: Call[None]) -> Reply:
    """List the tenant's connections."""
    limit, cursor = call.page()
    page = await service.list_connections(store(), call.tenant_id, limit=limit, cursor=cursor)
    rows = [_view(call.tenant_id, row.body) for row in page.items]
    return Reply(listing(rows, page.cursor))


@http(
    bp,
    "PUT",
    "channels/{connection}",
    "channels.write",
    body=ConnectionBody,
    answer=ConnectionView,
)
async def save_connection(call: Call[ConnectionBody]) -> Reply:
    """Create a connection or change it; a new secret is used beside the one before."""
    channel(call.body.channel)
    name, body = _new_name(call.param("connection")), call.body
    before = await _before(call.tenant_id, name)
    secrets = before.secrets if before else ()
    if body.secret is not None:
        secrets = await _keep_secret(call.tenant_id, name, body.secret, secrets)
    saved = await service.save_connection(
        store(), call.tenant_id, _connection_of(name, body, secrets, call.now, before)
    )
    return Reply(_view(call.tenant_id, saved))


def _new_name(name: str) -> str:
    """Return the name that a caller gives a connection, once it is known to be an id."""
    try:
        return _NAME.validate_python(name)
    except ValidationError:
        detail = "letters, digits and . _ + : @ ~ -, beginning with a letter or digit"
        raise Invalid([Fault("/connection", "not-an-id", detail)]) from None


async def _before(tenant_id: str, name: str) -> Connection | None:
    try:
        return await service.get_connection(store(), tenant_id, name)
    except NotFound:
        return None


async def _keep_secret(
    tenant_id: str, name: str, secret: SecretStr, before: tuple[str, ...]
) -> tuple[str, ...]:
    value = secret.get_secret_value()
    kept = hash_id("secret", tenant_id, name, value)
    await vault().put(tenant_id, kept, value.encode())
    names = (kept, *(known for known in before if known != kept))
    for old in names[2:]:
        await vault().forget(tenant_id, old)
    return names[:2]


def _connection_of(
    name: str,
    body: ConnectionBody,
    secrets: tuple[str, ...],
    now: datetime,
    before: Connection | None,
) -> Connection:
    return Connection(
        connection_id=name,
        channel=body.channel,
        is_active=body.is_active,
        domain=body.domain,
        secrets=secrets,
        locations=body.locations,
        pickup_codes=body.pickup_codes,
        services=body.services,
        default_location=body.default_location,
        has_token=before is not None and before.has_token,
        created_at=before.created_at if before else now,
    )


@http(bp, "DELETE", "channels/{connection}", "channels.write", status=204)
async def forget_connection(call: Call[None]) -> Reply:
    """Remove a connection; its orders stay."""
    name = call.param("connection")
    before = await _before(call.tenant_id, name)
    if before is None:
        raise NotFound("connection")
    await service.forget_connection(store(), call.tenant_id, name)
    for secret in (*before.secrets, token_name(name)):
        await vault().forget(call.tenant_id, secret)
    return Reply()


@http(
    bp,
    "PUT",
    "channels/{connection}/access-token",
    "channels.write",
    body=AccessTokenBody,
    status=204,
)
async def keep_access_token(call: Call[AccessTokenBody]) -> Reply:
    """Keep the access token with which a channel is told of what left; nobody can read it again."""
    connection = await service.get_connection(store(), call.tenant_id, call.param("connection"))
    token = call.body.token.get_secret_value()
    if not _TOKEN.fullmatch(token):
        detail = "visible ASCII characters, without spaces"
        raise Invalid([Fault("/token", "not-a-token", detail)])
    name = token_name(connection.connection_id)
    await vault().put(call.tenant_id, name, token.encode("ascii"))
    try:
        await service.mark_token(store(), call.tenant_id, connection.connection_id, has_token=True)
    except NotFound:  # it was removed at this moment, with what the vault had of it by then
        await vault().forget(call.tenant_id, name)
        raise
    return Reply()


@http(bp, "DELETE", "channels/{connection}/access-token", "channels.write", status=204)
async def forget_access_token(call: Call[None]) -> Reply:
    """Forget a connection's access token; what leaves is told to its channel no longer."""
    connection = await service.get_connection(store(), call.tenant_id, call.param("connection"))
    await vault().forget(call.tenant_id, token_name(connection.connection_id))
    await service.mark_token(store(), call.tenant_id, connection.connection_id, has_token=False)
    return Reply()


def _view(tenant_id: str, connection: Connection) -> ConnectionView:
    kind, name = connection.channel, connection.connection_id
    return ConnectionView(
        connection_id=name,
        channel=kind,
        is_active=connection.is_active,
        domain=connection.domain,
        secrets=len(connection.secrets),
        locations=dict(connection.locations),
        pickup_codes=dict(connection.pickup_codes),
        services=dict(connection.services),
        default_location=connection.default_location,
        has_token=connection.has_token,
        webhook_path=f"/api/v1/webhooks/{kind}/{tenant_id}/{name}",
    )
