import pytest

from shared.kernel.documents import Container, Create
from shared.kernel.errors import Invalid, NotFound, PreconditionFailed
from shared.tenants import service
from shared.tenants.model import (
    API_KEYS,
    CONFIG,
    KEYS_PER_TENANT_MAX,
    PLATFORM,
    SETTINGS,
    SETTINGS_ID,
    TENANTS,
    Role,
    Settings,
    TenantExists,
    TenantStatus,
    TooManyKeys,
)
from shared.tenants.service import CreateKey, CreateTenant, Office
from tests.unit.edge.door import START, TENANT, Door, a_door, a_world, add_tenant, preferences


def office_of(door: Door) -> Office:
    return Office(door.world.store, door.world.ids, door.world.tenants)


async def create(door: Door, tenant_id: str) -> None:
    command = CreateTenant(tenant_id=tenant_id, preferences=preferences())
    await service.create_tenant(office_of(door), command, now=START)


async def test_a_tenant_is_created_once() -> None:
    door = await a_door()
    with pytest.raises(TenantExists):
        await create(door, TENANT)


@pytest.mark.parametrize("tenant_id", ["platform", "Orderloom", "system"])
async def test_some_ids_are_reserved(tenant_id: str) -> None:
    door = a_world()
    with pytest.raises(Invalid):
        await create(door, tenant_id)


async def test_two_tenants_have_different_lookup_keys() -> None:
    door = await a_door()
    await add_tenant(door, "globex")
    one = await service.read_settings(door.world.store, TENANT)
    other = await service.read_settings(door.world.store, "globex")
    assert one.body.lookup_key != other.body.lookup_key


async def test_a_creation_that_broke_off_is_repeated_with_the_same_lookup_key() -> None:
    door = a_world()
    left = Settings(**dict(preferences(name="Half")), lookup_key="cd" * 32)
    await door.world.store.batch(
        TENANT, Container.MASTER, CONFIG, [Create(SETTINGS, SETTINGS_ID, left)]
    )
    await create(door, TENANT)
    found = await service.read_settings(door.world.store, TENANT)
    assert (found.body.name, found.body.lookup_key) == ("Acme", "cd" * 32)


async def test_the_secret_of_a_key_is_nowhere_in_the_store() -> None:
    door = await a_door()
    page = await door.world.store.query(TENANT, API_KEYS, key=CONFIG, limit=100)
    secret = door.admin.rpartition("_")[2][:-8]
    assert len(page.items) == 6
    assert [row for row in page.items if secret in row.body.model_dump_json()] == []


async def test_the_directory_lists_tenants_and_timers_walk_the_active_ones() -> None:
    door = await a_door()
    await add_tenant(door, "globex")
    await service.set_status(office_of(door), TENANT, TenantStatus.SUSPENDED, now=START)
    page = await service.list_tenants(door.world.store, limit=10, cursor=None)
    assert {row.body.tenant_id for row in page.items} == {TENANT, "globex"}
    assert [name async for name in service.active_tenants(door.world.store)] == ["globex"]


async def test_suspending_twice_writes_once() -> None:
    door = await a_door()
    for _ in range(2):
        await service.set_status(office_of(door), TENANT, TenantStatus.SUSPENDED, now=START)
    found = await door.world.store.get(PLATFORM, TENANTS, f"tenant:{TENANT}", "tenant")
    assert found is not None
    assert found.body.status is TenantStatus.SUSPENDED


async def test_an_unknown_tenant_cannot_be_suspended() -> None:
    door = a_world()
    with pytest.raises(NotFound):
        await service.set_status(office_of(door), "nobody", TenantStatus.SUSPENDED, now=START)


async def test_settings_change_only_from_the_version_that_was_read() -> None:
    door = await a_door()
    office = office_of(door)
    found = await service.read_settings(door.world.store, TENANT)
    changed = await service.write_settings(office, TENANT, {"max_rejects": 4}, if_match=found.etag)
    assert changed.etag != found.etag
    with pytest.raises(PreconditionFailed):
        await service.write_settings(office, TENANT, {"max_rejects": 5}, if_match=found.etag)
    assert (await door.world.tenants.settings(TENANT, START)).max_rejects == 4


async def test_settings_of_nobody_are_missing() -> None:
    door = a_world()
    with pytest.raises(NotFound):
        await service.read_settings(door.world.store, "nobody")


async def test_a_key_is_revoked_once_and_stays_listed() -> None:
    door = await a_door()
    office = office_of(door)
    page = await service.list_keys(door.world.store, TENANT, limit=1, cursor=None)
    key_id = page.items[0].body.key_id
    first = await service.revoke_key(office, TENANT, key_id, now=START)
    again = await service.revoke_key(office, TENANT, key_id, now=START)
    assert first == again
    assert first.revoked_at == START


async def test_a_key_of_another_tenant_cannot_be_revoked() -> None:
    door = await a_door()
    await add_tenant(door, "globex")
    page = await service.list_keys(door.world.store, TENANT, limit=1, cursor=None)
    key_id = page.items[0].body.key_id
    with pytest.raises(NotFound):
        await service.revoke_key(office_of(door), "globex", key_id, now=START)


async def test_a_tenant_has_a_bounded_number_of_keys() -> None:
    door = await a_door()
    command = CreateKey(label="spare", role=Role.READ_ONLY)
    office = office_of(door)
    for _ in range(KEYS_PER_TENANT_MAX - 6):
        await service.create_key(office, TENANT, command, actor="test", now=START)
    with pytest.raises(TooManyKeys):
        await service.create_key(office, TENANT, command, actor="test", now=START)
