"""A world in memory with one tenant, and requests and messages as a host would hand them over."""

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import azure.functions as func
from azure.functions.servicebus import ServiceBusMessage

from shared.kernel.clock import SteppedClock
from shared.tenants import service
from shared.tenants.model import Preferences, Role
from shared.tenants.service import CreateKey, CreateTenant
from shared.wiring import Settings, World, embedded_world, office, use

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
TENANT = "acme"
OPENED: list[World] = []


async def close_all() -> None:
    """Close the worlds that a test opened."""
    while OPENED:
        await OPENED.pop().close()


class Counting:
    """Counts what the store is asked."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def charge(self, operation: str, units: float) -> None:
        self.calls.extend([operation] if units else [])


@dataclass
class Door:
    """The world and credentials of one tenant; `keys` by role."""

    world: World
    clock: SteppedClock
    meter: Counting
    keys: dict[Role, str] = field(default_factory=dict)
    admin: str = ""


def a_world(settings: Settings | None = None) -> Door:
    clock, meter = SteppedClock(START), Counting()
    world = embedded_world(
        in_memory=True, clock=clock, rng=random.Random(7), meter=meter, settings=settings
    )
    OPENED.append(world)
    return Door(world, clock, meter)


def preferences(**changes: object) -> Preferences:
    usual = {"name": "Acme", "currency": "EUR", "country": "DE", "time_zone": "Europe/Berlin"}
    return Preferences.model_validate(usual | changes, strict=False)


async def a_door(tenant_id: str = TENANT, settings: Settings | None = None) -> Door:
    """Return a world with a tenant and a key of each role; the associate works at `berlin`."""
    door = a_world(settings)
    await add_tenant(door, tenant_id)
    return door


async def add_tenant(door: Door, tenant_id: str) -> str:
    """Create a tenant with a key of each role; returns its admin key."""
    with use(door.world):
        command = CreateTenant(tenant_id=tenant_id, preferences=preferences())
        made = await service.create_tenant(office(), command, now=door.clock.now())
        for role in set(Role) - {Role.PLATFORM}:
            where = ("berlin",) if role is Role.ASSOCIATE else ()
            key = CreateKey(label=role, role=role, locations=where)
            new = await service.create_key(
                office(), tenant_id, key, actor="test", now=door.clock.now()
            )
            door.keys.setdefault(role, new.token)
    door.admin = door.admin or made.admin_key.token
    return made.admin_key.token


def a_request(
    method: str = "GET",
    path: str = "/api/v1/orders",
    *,
    key: str | None = None,
    body: object = None,
    headers: Mapping[str, str] | None = None,
    route: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
) -> func.HttpRequest:
    sent = dict(headers or {})
    if key is not None:
        sent["Authorization"] = f"Bearer {key}"
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    return func.HttpRequest(
        method,
        f"http://127.0.0.1:7071{path}",
        headers=sent,
        params=query or {},
        route_params=route or {},
        body=raw,
    )


def json_of(response: func.HttpResponse) -> Any:
    return json.loads(response.get_body())


def a_message(
    body: object,
    message_id: str = "m-1",
    *,
    session_id: str | None = None,
    subject: str | None = None,
    **properties: object,
) -> func.ServiceBusMessage:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return ServiceBusMessage(
        body=raw,
        message_id=message_id,
        session_id=session_id,
        subject=subject,
        application_properties=dict(properties),
        user_properties={},
        delivery_count=1,
    )


def a_cloud_event(data: object, **changes: object) -> dict[str, object]:
    usual: dict[str, object] = {
        "specversion": "1.0",
        "id": "till-7-00042",
        "source": "/tills/7",
        "type": "test.greet.v1",
        "tenantid": TENANT,
        "data": data,
    }
    return usual | changes
