"""What each role may do, as data, and the rules of settings and keys (pure)."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from pydantic import JsonValue, ValidationError

from shared.kernel.errors import Fault, Forbidden, Invalid
from shared.kernel.model import faults_of
from shared.tenants.keys import KEY_ID_LENGTH, SECRET_LENGTH, Token
from shared.tenants.model import ApiKey, Caller, Preferences, Role, Settings, Tenant, TenantStatus

_ADMIN: Final = frozenset({Role.ADMIN})
_OFFICE: Final = frozenset({Role.ADMIN, Role.OPERATOR})
_DOORS: Final = _OFFICE | {Role.INTEGRATION}
_FLOOR: Final = _OFFICE | {Role.ASSOCIATE}
_WORK: Final = _DOORS | _FLOOR
_READ: Final = _WORK | {Role.READ_ONLY}
_BACK_OFFICE: Final = _OFFICE | {Role.READ_ONLY}
_SYSTEMS: Final = _DOORS | {Role.READ_ONLY}
_PLATFORM: Final = frozenset({Role.PLATFORM})

_BY_ROLES: Final[tuple[tuple[frozenset[Role], str], ...]] = (
    (
        _READ,
        "orders.read orders.search orders.timeline products.read products.search availability.read"
        " promises.quote locations.read locations.search levels.read fulfillments.read"
        " fulfillments.search shipments.read returns.read returns.search returns.lookup"
        " tenants.settings.read",
    ),
    (_DOORS, "orders.place orders.edit orders.cancel products.write products.import"),
    (_DOORS, "locations.write locations.import levels.import channels.import"),
    (_WORK, "orders.note inventory.adjust inventory.count inventory.receive inventory.sell"),
    (_OFFICE, "orders.hold orders.release orders.reroute orders.erase"),
    (
        _WORK,
        "fulfillments.accept fulfillments.reject fulfillments.pick fulfillments.pack"
        " fulfillments.ready fulfillments.handover fulfillments.ship fulfillments.confirm-cancel"
        " fulfillments.refuse-cancel shipments.rate shipments.book shipments.void shipments.track",
    ),
    (_WORK, "promises.reserve"),
    (_FLOOR, "fulfillments.resend-code"),
    (_OFFICE, "fulfillments.move fulfillments.hold fulfillments.resume"),
    (_WORK, "returns.request returns.receive returns.inspect returns.cancel"),
    (_OFFICE, "returns.approve returns.decline returns.close"),
    (_SYSTEMS, "inventory.ledger routing.rulesets.read routing.decisions.read customers.read"),
    (_SYSTEMS, "customers.search exceptions.read kpis.read"),
    (_DOORS, "customers.write"),
    (_ADMIN, "customers.erase"),
    (_OFFICE, "routing.rulesets.write routing.rulesets.activate routing.simulate"),
    (_OFFICE, "inventory.rules.write inventory.reconcile exceptions.act"),
    (_SYSTEMS, "inventory.rules.read couriers.read channels.read endpoints.read"),
    (_ADMIN, "couriers.write channels.write endpoints.write"),
    (_OFFICE, "endpoints.replay parked.replay"),
    (_BACK_OFFICE, "parked.read"),
    (_ADMIN, "tenants.settings.write tenants.keys.read tenants.keys.write"),
    (_PLATFORM, "tenants.create tenants.read tenants.suspend tenants.resume"),
)

PERMISSIONS: Final[Mapping[str, frozenset[Role]]] = {
    operation: roles for roles, operations in _BY_ROLES for operation in operations.split()
}


def require(caller: Caller, operation: str, location_id: str | None = None) -> None:
    """Let the caller pass, or refuse; an operation that nobody listed is nobody's.

    `location_id` binds store associates: call again with it once the location is known.

    Raises:
        Forbidden: the role may not, or the associate is not of that location.
    """
    if caller.role not in PERMISSIONS.get(operation, frozenset()):
        raise Forbidden
    if location_id is not None and not may_work_at(caller, location_id):
        raise Forbidden("the credential is not of this location")


def may_work_at(caller: Caller, location_id: str) -> bool:
    """Tell whether the caller may see and do what is of one location."""
    return caller.role is not Role.ASSOCIATE or location_id in caller.locations


def own_locations(caller: Caller) -> frozenset[str] | None:
    """Return the only locations that the caller may see; None when there is no such limit."""
    return caller.locations if caller.role is Role.ASSOCIATE else None


def is_usable(key: ApiKey, now: datetime) -> bool:
    """Tell whether a key still opens the door; it ends AT its instant."""
    return key.revoked_at is None and (key.expires_at is None or now < key.expires_at)


def check_scope(role: Role, locations: Sequence[str]) -> None:
    """Hold a new key to what a role can be.

    Raises:
        Invalid: a platform key, an associate without locations, or another role with some.
    """
    if role is Role.PLATFORM:
        raise Invalid([Fault("/role", "role-reserved", "platform keys are not made here")])
    if (role is Role.ASSOCIATE) != bool(locations):
        detail = "an associate has locations, and only an associate has"
        raise Invalid([Fault("/locations", "locations-do-not-fit-role", detail)])


def new_token(environment: str, tenant_id: str, key_id: str, secret: str) -> Token:
    """Return a token of fresh randomness.

    Raises:
        ValueError: too little of it.
    """
    if len(key_id) != KEY_ID_LENGTH or len(secret) != SECRET_LENGTH:
        raise ValueError("a key id or a secret of the wrong length")
    return Token(environment, tenant_id, key_id, secret)


def change_settings(settings: Settings, patch: Mapping[str, JsonValue]) -> Settings:
    """Apply a JSON merge patch (RFC 7396) to the fields that a tenant may choose.

    Raises:
        Invalid: an unknown field, a value that does not fit, or a pool that is not listed.
    """
    if unknown := sorted(set(patch) - set(Preferences.model_fields)):
        raise Invalid([Fault(f"/{name}", "extra-forbidden", "no such setting") for name in unknown])
    found: dict[str, Any] = json.loads(settings.model_dump_json())
    for name, value in patch.items():
        if value is None:
            found.pop(name, None)
        else:
            found[name] = value
    try:
        return Settings.model_validate_json(json.dumps(found))
    except ValidationError as error:
        raise Invalid(faults_of(error)) from None


def with_status(tenant: Tenant, status: TenantStatus, now: datetime) -> Tenant | None:
    """Return the tenant with another status; None when it has it already."""
    if tenant.status is status:
        return None
    return tenant.model_copy(update={"status": status, "changed_at": now})
