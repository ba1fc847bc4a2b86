from datetime import timedelta

import pytest

from shared.kernel.errors import Unauthenticated
from shared.tenants import service
from shared.tenants.directory import ENTRIES_MAX, Directory, Remembered
from shared.tenants.keys import read_token, write_token
from shared.tenants.model import PLATFORM, Caller, Role, TenantStatus, TenantSuspended
from shared.tenants.service import Office
from shared.wiring import World
from tests.unit.edge.door import START, TENANT, Door, a_door


def another_process(world: World) -> Directory:
    """Return a directory with caches of its own over the same store."""
    return Directory(
        world.store,
        environment=world.tenants.environment,
        pepper=world.secrets.pepper,
        platform_key=world.secrets.platform_key,
    )


def office_of(door: Door) -> Office:
    return Office(door.world.store, door.world.ids, door.world.tenants)


async def test_a_key_tells_tenant_role_and_locations() -> None:
    door = await a_door()
    key = door.keys[Role.ASSOCIATE]
    caller = await door.world.tenants.authenticate(key, START, "c-1")
    token = read_token(key)
    assert token is not None
    name = f"key:{token.key_id}"
    assert caller == Caller(TENANT, name, Role.ASSOCIATE, frozenset({"berlin"}), "c-1")


async def test_the_platform_key_creates_tenants_and_is_of_none() -> None:
    door = await a_door()
    caller = await door.world.tenants.authenticate(door.world.secrets.platform_key, START)
    assert (caller.tenant_id, caller.role) == (PLATFORM, Role.PLATFORM)


async def test_a_malformed_key_is_refused_without_a_look_at_the_store() -> None:
    door = await a_door()
    door.meter.calls.clear()
    for text in ("", "nonsense", door.admin[:-1] + "0", door.admin.replace("_acme.", "_evil.")):
        with pytest.raises(Unauthenticated):
            await door.world.tenants.authenticate(text, START)
    assert door.meter.calls == []


async def test_a_key_of_another_environment_is_refused() -> None:
    door = await a_door()
    token = read_token(door.admin)
    assert token is not None
    live = write_token(type(token)("live", token.tenant_id, token.key_id, token.secret))
    with pytest.raises(Unauthenticated):
        await door.world.tenants.authenticate(live, START)


async def test_a_right_key_id_with_a_wrong_secret_is_refused() -> None:
    door = await a_door()
    token = read_token(door.admin)
    assert token is not None
    forged = write_token(type(token)(token.environment, TENANT, token.key_id, "0" * 52))
    with pytest.raises(Unauthenticated):
        await door.world.tenants.authenticate(forged, START)


async def test_an_unknown_key_id_is_refused() -> None:
    door = await a_door()
    token = read_token(door.admin)
    assert token is not None
    forged = write_token(type(token)(token.environment, TENANT, "0" * 16, token.secret))
    with pytest.raises(Unauthenticated):
        await door.world.tenants.authenticate(forged, START)


async def test_credentials_are_remembered_for_30_seconds() -> None:
    door = await a_door()
    directory = another_process(door.world)
    await directory.authenticate(door.admin, START)
    door.meter.calls.clear()
    await directory.authenticate(door.admin, START + timedelta(seconds=29.9))
    assert door.meter.calls == []
    await directory.authenticate(door.admin, START + timedelta(seconds=30))
    assert len(door.meter.calls) == 2  # the key and the tenant


async def test_a_revoked_key_is_refused_at_once_here_and_after_30_seconds_elsewhere() -> None:
    door = await a_door()
    elsewhere = another_process(door.world)
    key = door.keys[Role.OPERATOR]
    await elsewhere.authenticate(key, START)
    token = read_token(key)
    assert token is not None
    await service.revoke_key(office_of(door), TENANT, token.key_id, now=START)
    with pytest.raises(Unauthenticated):
        await door.world.tenants.authenticate(key, START)
    await elsewhere.authenticate(key, START + timedelta(seconds=29))
    with pytest.raises(Unauthenticated):
        await elsewhere.authenticate(key, START + timedelta(seconds=30))


async def test_a_suspended_tenants_good_key_is_refused_by_name() -> None:
    door = await a_door()
    await service.set_status(office_of(door), TENANT, TenantStatus.SUSPENDED, now=START)
    with pytest.raises(TenantSuspended):
        await door.world.tenants.authenticate(door.admin, START)
    with pytest.raises(Unauthenticated):
        await door.world.tenants.authenticate(door.admin[:-1] + "0", START)


async def test_a_resumed_tenant_works_again() -> None:
    door = await a_door()
    for status in (TenantStatus.SUSPENDED, TenantStatus.ACTIVE):
        await service.set_status(office_of(door), TENANT, status, now=START)
    caller = await door.world.tenants.authenticate(door.admin, START)
    assert caller.role is Role.ADMIN


async def test_settings_of_an_unknown_tenant_are_refused() -> None:
    door = await a_door()
    with pytest.raises(Unauthenticated):
        await door.world.tenants.settings("nobody", START)
    with pytest.raises(Unauthenticated):
        await door.world.tenants.active("nobody", START)


async def test_at_most_1000_entries_are_remembered_and_the_oldest_leave() -> None:
    remembered: Remembered[int] = Remembered()
    loaded: list[int] = []

    async def get(number: int) -> None:
        async def load() -> int:
            loaded.append(number)
            return number

        await remembered.get(str(number), START, load)

    for number in range(ENTRIES_MAX + 1):
        await get(number)
    loaded.clear()
    await get(ENTRIES_MAX)
    await get(0)
    assert loaded == [0]


async def test_a_clock_that_goes_back_does_not_prolong_what_is_remembered() -> None:
    door = await a_door()
    directory = another_process(door.world)
    await directory.settings(TENANT, START)
    door.meter.calls.clear()
    await directory.settings(TENANT, START - timedelta(hours=1))
    assert len(door.meter.calls) == 1
