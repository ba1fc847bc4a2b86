"""The doors of tenants, settings and keys."""

import json
import logging
from collections.abc import Mapping
from typing import Any

import pytest

from functions import tenants
from functions._edge_routes import ROUTES
from functions._openapi import describe
from shared.tenants.model import Role
from shared.tenants.service import KeyView
from shared.wiring import use
from shared.wiring.logs import JsonLines, log_as_json
from tests.unit.edge.door import TENANT, Door, a_door, a_request, json_of, preferences


async def call(
    door: Door,
    trigger: Any,
    method: str = "GET",
    *,
    key: str = "",
    body: object = None,
    route: Mapping[str, str] | None = None,
    **headers: str,
) -> tuple[int, Any, Any]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    request = a_request(method, key=key or door.admin, body=body, route=route, headers=sent)
    with use(door.world):
        answer = await trigger(request)
    return answer.status_code, json_of(answer), answer.headers


async def test_the_platform_creates_lists_suspends_and_resumes_tenants() -> None:
    door = await a_door()
    key = door.world.secrets.platform_key
    body = {"tenant_id": "globex", "preferences": json.loads(preferences().model_dump_json())}
    status, made, headers = await call(
        door, tenants.create_tenant, "POST", key=key, body=body, Idempotency_Key="k"
    )
    assert (status, made["tenant"]["status"]) == (201, "active")
    assert headers["Location"] == "/api/v1/tenants/globex"
    _, listed, _ = await call(door, tenants.list_tenants, key=key)
    assert {row["tenant_id"] for row in listed["items"]} == {TENANT, "globex"}
    where = {"tenant": "globex"}
    _, suspended, _ = await call(door, tenants.suspend_tenant, "POST", key=key, route=where)
    _, resumed, _ = await call(door, tenants.resume_tenant, "POST", key=key, route=where)
    assert (suspended["status"], resumed["status"]) == ("suspended", "active")


async def test_a_tenants_admin_creates_no_tenants() -> None:
    door = await a_door()
    status, _, _ = await call(door, tenants.list_tenants)
    assert status == 403


async def test_settings_are_read_and_changed_by_their_etag() -> None:
    door = await a_door()
    _, before, headers = await call(door, tenants.read_settings)
    status, after, new = await call(
        door,
        tenants.change_settings,
        "PATCH",
        body={"max_rejects": 7},
        If_Match=headers["ETag"],
    )
    assert (status, before["max_rejects"], after["max_rejects"]) == (200, 3, 7)
    assert new["ETag"] != headers["ETag"]
    stale, _, _ = await call(
        door, tenants.change_settings, "PATCH", body={}, If_Match=headers["ETag"]
    )
    assert stale == 412


async def test_the_lookup_key_is_shown_to_nobody() -> None:
    door = await a_door()
    _, shown, _ = await call(door, tenants.read_settings)
    assert "lookup_key" not in shown


async def test_a_key_is_made_used_listed_and_revoked() -> None:
    door = await a_door()
    body = {"label": "till 7", "role": "associate", "locations": ["berlin"]}
    status, made, _ = await call(door, tenants.create_key, "POST", body=body, Idempotency_Key="k")
    assert (status, made["key"]["locations"]) == (201, ["berlin"])
    used, _, _ = await call(door, tenants.read_settings, key=made["token"])
    assert used == 200
    _, listed, _ = await call(door, tenants.list_keys)
    assert "digest" not in json.dumps(listed)
    assert made["key"] in listed["items"]
    where = {"key": made["key"]["key_id"]}
    _, revoked, _ = await call(door, tenants.revoke_key, "POST", route=where)
    assert KeyView.model_validate(revoked, strict=False).revoked_at is not None
    refused, _, _ = await call(door, tenants.read_settings, key=made["token"])
    assert refused == 401


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.ASSOCIATE, Role.INTEGRATION, Role.READ_ONLY])
async def test_only_admins_see_keys(role: Role) -> None:
    door = await a_door()
    status, _, _ = await call(door, tenants.list_keys, key=door.keys[role])
    assert status == 403


def test_a_route_is_described_with_what_it_needs() -> None:
    of_tenants = [route for route in ROUTES if route.tag == "tenants"]
    described = describe(of_tenants, "v1")["paths"]
    create = described["/api/v1/tenants"]["post"]
    assert create["x-permission"] == "tenants.create"
    assert [row["name"] for row in create["parameters"]] == ["Idempotency-Key"]
    assert set(create["responses"]) == {"201", "4XX", "5XX"}
    change = described["/api/v1/tenants/me/settings"]["patch"]
    assert [row["name"] for row in change["parameters"]] == ["If-Match"]
    patched = change["requestBody"]["content"]["application/json"]["schema"]
    assert patched["x-patch-of"] == "#/components/schemas/Preferences"
    listed = described["/api/v1/tenants"]["get"]
    assert [row["name"] for row in listed["parameters"]] == ["limit", "cursor"]


def test_log_lines_are_printed_as_json_once_however_often_it_is_asked_for() -> None:
    logger = logging.getLogger("orderloom")
    before, level, propagate = list(logger.handlers), logger.level, logger.propagate
    try:
        log_as_json("WARNING")
        log_as_json("WARNING")
        added = [handler for handler in logger.handlers if handler not in before]
        assert len(added) <= 1
        assert sum(isinstance(handler.formatter, JsonLines) for handler in logger.handlers) == 1
        assert (logger.level, logger.propagate) == (logging.WARNING, False)
    finally:
        logger.handlers[:] = before
        logger.setLevel(level)
        logger.propagate = propagate
