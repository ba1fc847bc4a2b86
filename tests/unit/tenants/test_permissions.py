from datetime import UTC, datetime, timedelta

import pytest

from shared.kernel.errors import Forbidden, Invalid
from shared.tenants.decide import (
    PERMISSIONS,
    check_scope,
    is_usable,
    may_work_at,
    own_locations,
    require,
)
from shared.tenants.model import ApiKey, Caller, Role

NOW = datetime(2026, 11, 2, tzinfo=UTC)


def a_caller(role: Role, *locations: str) -> Caller:
    return Caller("acme", "key:k1", role, frozenset(locations))


def a_key(**changes: object) -> ApiKey:
    usual: dict[str, object] = {
        "key_id": "k1",
        "label": "till",
        "role": "operator",
        "digest": "0" * 64,
        "created_at": NOW,
        "created_by": "key:k0",
    }
    return ApiKey.model_validate(usual | changes, strict=False)


def test_only_the_platform_creates_tenants() -> None:
    assert PERMISSIONS["tenants.create"] == {Role.PLATFORM}


def test_the_platform_sees_no_data_of_tenants() -> None:
    of_platform = {name for name, roles in PERMISSIONS.items() if Role.PLATFORM in roles}
    assert of_platform == {"tenants.create", "tenants.read", "tenants.suspend", "tenants.resume"}


def test_who_may_only_read_changes_nothing() -> None:
    verbs = {
        name.rpartition(".")[2] for name, roles in PERMISSIONS.items() if Role.READ_ONLY in roles
    }
    assert verbs == {"read", "search", "timeline", "quote", "lookup", "ledger"}


def test_an_admin_may_do_all_that_any_role_of_the_tenant_may() -> None:
    assert [
        name
        for name, roles in PERMISSIONS.items()
        if Role.ADMIN not in roles and roles != {Role.PLATFORM}
    ] == []


def test_an_operation_that_nobody_listed_is_nobodys() -> None:
    with pytest.raises(Forbidden):
        require(a_caller(Role.ADMIN), "orders.teleport")


def test_a_reader_may_not_place_an_order() -> None:
    with pytest.raises(Forbidden):
        require(a_caller(Role.READ_ONLY), "orders.place")


def test_an_associate_works_at_the_own_locations_only() -> None:
    associate = a_caller(Role.ASSOCIATE, "berlin")
    require(associate, "fulfillments.accept", "berlin")
    with pytest.raises(Forbidden, match="not of this location"):
        require(associate, "fulfillments.accept", "hamburg")
    assert may_work_at(associate, "berlin")
    assert own_locations(associate) == frozenset({"berlin"})


def test_an_operator_works_everywhere() -> None:
    operator = a_caller(Role.OPERATOR)
    require(operator, "fulfillments.accept", "hamburg")
    assert own_locations(operator) is None


def test_a_key_ends_at_its_instant() -> None:
    key = a_key(expires_at=NOW)
    assert is_usable(key, NOW - timedelta(microseconds=1))
    assert not is_usable(key, NOW)


def test_a_revoked_key_opens_nothing() -> None:
    assert is_usable(a_key(), NOW)
    assert not is_usable(a_key(revoked_at=NOW), NOW)


@pytest.mark.parametrize(
    ("role", "locations", "pointer"),
    [
        (Role.PLATFORM, (), "/role"),
        (Role.ASSOCIATE, (), "/locations"),
        (Role.OPERATOR, ("berlin",), "/locations"),
    ],
)
def test_a_key_that_no_role_can_be_is_refused(
    role: Role, locations: tuple[str, ...], pointer: str
) -> None:
    with pytest.raises(Invalid) as refused:
        check_scope(role, locations)
    assert [fault.pointer for fault in refused.value.faults] == [pointer]


def test_an_associate_has_locations_and_an_operator_has_none() -> None:
    check_scope(Role.ASSOCIATE, ("berlin",))
    check_scope(Role.OPERATOR, ())
