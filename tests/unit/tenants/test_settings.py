from datetime import UTC, datetime

import pytest

from shared.kernel.errors import Invalid
from shared.tenants.decide import change_settings, with_status
from shared.tenants.model import Settings, Shortage, Tenant, TenantStatus
from tests.unit.edge.door import preferences

NOW = datetime(2026, 11, 2, tzinfo=UTC)


def some_settings(**changes: object) -> Settings:
    return Settings(**dict(preferences(**changes)), lookup_key="ab" * 32)


def pointers_of(patch: dict[str, object]) -> list[str]:
    with pytest.raises(Invalid) as refused:
        change_settings(some_settings(), patch)  # type: ignore[arg-type]  # faulty on purpose
    return [fault.pointer for fault in refused.value.faults]


def test_a_patch_changes_what_it_names_and_nothing_else() -> None:
    changed = change_settings(some_settings(), {"max_rejects": 5, "shortage": "queue"})
    assert changed == some_settings(max_rejects=5, shortage=Shortage.QUEUE)


def test_null_sets_the_default_again() -> None:
    assert change_settings(some_settings(max_rejects=9), {"max_rejects": None}).max_rejects == 3


def test_every_unknown_setting_is_named() -> None:
    assert pointers_of({"zeal": 1, "lookup_key": "00" * 32}) == ["/lookup_key", "/zeal"]


def test_a_value_that_does_not_fit_is_named() -> None:
    assert pointers_of({"max_rejects": 0}) == ["/max_rejects"]
    assert pointers_of({"time_zone": "Mars/Olympus"}) == ["/time_zone"]
    assert pointers_of({"name": None}) == ["/name"]


def test_the_lookup_key_is_32_bytes() -> None:
    assert some_settings().lookup_bytes == b"\xab" * 32


def test_a_tenant_is_suspended_once() -> None:
    tenant = Tenant(tenant_id="acme", status=TenantStatus.ACTIVE, created_at=NOW, changed_at=NOW)
    suspended = with_status(tenant, TenantStatus.SUSPENDED, NOW)
    assert suspended is not None
    assert suspended.status is TenantStatus.SUSPENDED
    assert with_status(suspended, TenantStatus.SUSPENDED, NOW) is None
