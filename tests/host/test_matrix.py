"""Every route with every role, with none, as another tenant, and from another location.

What is expected comes from PERMISSIONS. A route without a row of its own fails.
"""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest

from functions._edge_routes import Route
from shared.tenants.decide import PERMISSIONS
from shared.tenants.model import Role
from tests.host.doors import Row, rows
from tests.host.retailer import (
    BY_FUNCTION,
    RETAILER,
    STRANGER,
    SUSPENDED,
    Asked,
    Doors,
    Retailer,
    a_retailer,
    open_world,
    rows_of,
)

PRIVATE = sorted(name for name, route in BY_FUNCTION.items() if not route.public)
NAMED = sorted(name for name in PRIVATE if "{" in BY_FUNCTION[name].path)
NO_ONE_HAS = "nobodys"  # takes the place of what a stranger's request names


@dataclass
class Stage:
    """A world on a copy of the retailer's folder, and the row that is played on it."""

    made: Retailer
    doors: Doors
    folder: Path
    row: Row
    route: Route

    @property
    def allowed(self) -> list[Role]:
        """The roles that may, admins first: what they do must succeed."""
        may = PERMISSIONS[self.route.operation]
        return [role for role in Role if role in may]

    async def knock(self, key: str | None, asked: Asked | None = None) -> func.HttpResponse:
        asked = asked or self.row.asked
        reads = self.made.key(RETAILER, Role.ADMIN)
        etag = await self.doors.etag_of(self.row.asked, reads)
        return await self.doors.knock(self.route.function, asked, key, etag=etag)

    def stored(self) -> str:
        return rows_of(self.folder, RETAILER)


def code_of(answer: func.HttpResponse) -> Any:
    return json.loads(answer.get_body())["code"]


@pytest.fixture(scope="module")
def retailer(tmp_path_factory: pytest.TempPathFactory) -> Retailer:
    return asyncio.run(a_retailer(tmp_path_factory.mktemp("retailer") / "data"))


@pytest.fixture
async def stage(
    request: pytest.FixtureRequest, retailer: Retailer, tmp_path: Path
) -> AsyncIterator[Stage]:
    name: str = request.param
    folder = tmp_path / "data"
    shutil.copytree(retailer.folder, folder)
    world = open_world(folder)
    yield Stage(
        retailer, Doors(world, calls=1_000), folder, rows(retailer)[name], BY_FUNCTION[name]
    )
    await world.close()


every_private_route = pytest.mark.parametrize("stage", PRIVATE, indirect=True)


def test_every_route_but_the_public_ones_has_a_row(retailer: Retailer) -> None:
    assert sorted(rows(retailer)) == PRIVATE


def test_only_these_routes_are_public() -> None:
    public = {name for name, route in BY_FUNCTION.items() if route.public}
    assert public == {"health", "openapi", "take_channel_webhook"}


@every_private_route
async def test_without_a_credential_or_with_a_made_up_one_nobody_comes_in(stage: Stage) -> None:
    before = stage.stored()
    made_up = stage.made.key(RETAILER, Role.ADMIN)[:-12] + "000000000000"
    for key in (None, "", "ol_dev_acme.nobody_nothing", made_up):
        answer = await stage.knock(key)
        assert (answer.status_code, code_of(answer)) == (401, "unauthenticated")
    assert stage.stored() == before


@every_private_route
async def test_a_role_that_may_not_is_refused_and_changes_nothing(stage: Stage) -> None:
    before = stage.stored()
    for role in set(Role) - set(stage.allowed):
        answer = await stage.knock(stage.made.key(RETAILER, role))
        assert (role, answer.status_code, code_of(answer)) == (role, 403, "forbidden")
    assert stage.stored() == before


@every_private_route
async def test_a_role_that_may_comes_through(stage: Stage) -> None:
    first, *others = stage.allowed
    answer = await stage.knock(stage.made.key(RETAILER, first))
    assert answer.status_code in stage.row.success, answer.get_body()
    for role in others:
        # What the first has done may be done: refused by its state then, never by its role.
        answer = await stage.knock(stage.made.key(RETAILER, role))
        assert answer.status_code not in {401, 403}, (role, answer.get_body())
        assert answer.status_code < 500, (role, answer.get_body())


@every_private_route
async def test_an_associate_works_at_the_own_location_only(stage: Stage) -> None:
    if Role.ASSOCIATE not in stage.allowed:
        assert stage.row.elsewhere is None
        return
    before = stage.stored()
    answer = await stage.knock(stage.made.elsewhere)
    if stage.row.elsewhere is None:
        assert answer.status_code in stage.row.success, answer.get_body()
        return
    assert (answer.status_code, code_of(answer)) == (stage.row.elsewhere, "forbidden")
    assert stage.stored() == before


@every_private_route
async def test_a_suspended_tenant_is_refused_in_every_role(stage: Stage) -> None:
    for role in set(Role) - {Role.PLATFORM}:
        answer = await stage.knock(stage.made.key(SUSPENDED, role))
        assert (role, answer.status_code, code_of(answer)) == (role, 403, "tenant-suspended")


def unnamed(made: Retailer, asked: Asked) -> tuple[Asked, Mapping[str, str]]:
    """Return the request with what is the retailer's replaced by what nobody has."""
    known = sorted(set(made.ids.values()), key=len, reverse=True)
    swaps = {name: f"{name[:2]}{NO_ONE_HAS}{number}" for number, name in enumerate(known)}
    path = {name: _swapped(value, swaps) for name, value in asked.path.items()}
    query = {name: _swapped(value, swaps) for name, value in asked.query.items()}
    body = asked.body
    if body is not None and not isinstance(body, bytes):
        body = json.loads(_swapped(json.dumps(body), swaps))
    return Asked(path, query, body, asked.reader, asked.headers), swaps


def _swapped(text: str, swaps: Mapping[str, str]) -> str:
    for name, other in swaps.items():
        text = text.replace(name, other)
    return text


@pytest.mark.parametrize("stage", NAMED, indirect=True)
async def test_what_others_own_looks_like_what_nobody_owns(stage: Stage) -> None:
    if stage.allowed == [Role.PLATFORM]:
        return  # the platform's own: no tenant comes this far
    stranger, before = stage.made.key(STRANGER, Role.ADMIN), stage.stored()
    answer = await stage.knock(stranger)
    assert stage.stored() == before
    if stage.row.own:
        assert answer.status_code in stage.row.success
        return
    nobodys, swaps = unnamed(stage.made, stage.row.asked)
    missing = await stage.knock(stranger, nobodys)
    assert (answer.status_code, missing.status_code) == (404, 404)
    assert _swapped(answer.get_body().decode(), swaps) == missing.get_body().decode()


@every_private_route
async def test_a_stranger_is_shown_and_changes_nothing_of_the_retailers(stage: Stage) -> None:
    before = stage.stored()
    for role in set(stage.allowed) - {Role.PLATFORM}:
        answer = await stage.knock(stage.made.key(STRANGER, role))
        assert answer.status_code < 500, (role, answer.get_body())
        told = answer.get_body().decode().lower()
        asked = stage.row.asked
        for word in (*asked.path.values(), *asked.query.values(), json.dumps(str(asked.body))):
            told = told.replace(word.lower(), "")
        # What a stranger sent comes back in facts and created things; nothing else of theirs does.
        hidden = {name for name in stage.made.ids.values() if name.lower() in told}
        sent = json.dumps(str(asked)).lower()
        assert {name for name in hidden if name.lower() not in sent} == set()
    assert stage.stored() == before
