"""Who is calling, on whose behalf, and what a tenant has chosen."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from shared.kernel.documents import Container, Document, Kind
from shared.kernel.errors import Refused
from shared.kernel.hours import zone_of
from shared.kernel.model import (
    Country,
    Currency,
    Identifier,
    Instant,
    ShortText,
    Strict,
)

PLATFORM: Final = "_platform"  # the reserved tenant that holds the directory of tenants
CONFIG: Final = "config"
SETTINGS_ID: Final = "settings"
TENANT_ID: Final = "tenant"
RESERVED_TENANTS: Final = frozenset({"platform", "orderloom", "system"})
KEYS_PER_TENANT_MAX: Final = 200


class Role(StrEnum):
    """What a credential may do; `associate` is bound to the locations that it names.

    `platform` creates and suspends tenants, and sees none of their data.
    """

    ADMIN = "admin"
    OPERATOR = "operator"
    ASSOCIATE = "associate"
    INTEGRATION = "integration"
    READ_ONLY = "read-only"
    PLATFORM = "platform"


@dataclass(frozen=True, slots=True)
class Caller:
    """The authenticated caller of one request or message.

    `name` is what the timeline shows: `key:<key id>`, `channel:<connection>` or `system:<flow>`.
    """

    tenant_id: str
    name: str
    role: Role
    locations: frozenset[str] = frozenset()
    correlation_id: str = ""


class TenantSuspended(Refused):
    code, status = "tenant-suspended", 403

    def __init__(self) -> None:
        super().__init__("the tenant is suspended")


class TenantExists(Refused):
    code, status = "tenant-exists", 409

    def __init__(self) -> None:
        super().__init__("a tenant of that id exists with other settings")


class TooManyKeys(Refused):
    code, status = "too-many-keys", 409

    def __init__(self) -> None:
        super().__init__(f"a tenant has at most {KEYS_PER_TENANT_MAX} keys; revoke one")


class TenantStatus(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"


TenantName = Annotated[str, Field(pattern=r"^[0-9A-Za-z]{1,32}$")]
"""A tenant's id: part of credentials, paths and message ids."""


class Tenant(Document):
    """One row of the directory of tenants."""

    tenant_id: TenantName
    status: TenantStatus
    created_at: Instant
    changed_at: Instant


TENANTS: Final = Kind(Container.MASTER, "tenant", Tenant, ("status",))


def _zone(value: str) -> str:
    zone_of(value)
    return value


TimeZone = Annotated[str, Field(max_length=64), AfterValidator(_zone)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?$")]


class Shortage(StrEnum):
    """What becomes of units that no location can give where the rule set leaves it open.

    That is its action `as-settings` (the default of `unfilled`), and what was planned and taken by
    others in each attempt (semantics 5, partial failure).
    """

    BACKORDER = "backorder"  # queued, and shown to the customer as such
    QUEUE = "queue"  # queued as unfillable
    EXCEPTION = "exception"  # queued, and a person decides


class Preferences(Strict):
    """What a tenant may choose; the defaults are those of a mid-size retailer.

    Counts of days and minutes carry their unit in the name; times of day are the location's own.
    """

    name: ShortText
    currency: Currency
    country: Country
    time_zone: TimeZone
    languages: tuple[Language, ...] = Field(default=("en",), min_length=1, max_length=20)
    customer_messages: bool = True
    shortage: Shortage = Shortage.BACKORDER
    max_rejects: int = Field(default=3, ge=1, le=100)
    rejection_period_days: int = Field(default=1, ge=0, le=365)
    accept_by_minutes: int = Field(default=120, ge=1, le=10_080)
    cancel_reply_minutes: int = Field(default=240, ge=1, le=10_080)
    auto_cancel_days: int | None = Field(default=None, ge=1, le=365)
    pickup_expiry_days: int = Field(default=7, ge=1, le=90)
    pickup_reminder_days: int = Field(default=3, ge=1, le=90)
    pickup_code_tries: int = Field(default=5, ge=1, le=20)
    quote_minutes: int = Field(default=15, ge=1, le=1_440)  # life of a soft reservation
    return_window_days: int = Field(default=30, ge=0, le=3_650)
    refund_shipping: bool = False
    return_fee_minor: int = Field(default=0, ge=0, le=1_000_000_000)
    blind_return_price_days: int = Field(default=90, ge=1, le=3_650)
    default_service: Identifier | None = None  # the courier service that savings are measured by


class Settings(Preferences, Document):
    """The settings document. `lookup_key` (hex) hashes personal data and is shown to nobody."""

    lookup_key: str = Field(pattern=r"^[0-9a-f]{64}$")

    @property
    def lookup_bytes(self) -> bytes:
        """The key of `shared.kernel.ids.lookup_hash`."""
        return bytes.fromhex(self.lookup_key)


SETTINGS: Final = Kind(Container.MASTER, "settings", Settings)


class ApiKey(Document):
    """A credential; of the secret only its HMAC is kept."""

    key_id: str = Field(pattern=r"^[0-9A-Za-z]{1,40}$")
    label: ShortText
    role: Role
    locations: tuple[Identifier, ...] = Field(default=(), max_length=100)
    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    created_at: Instant
    created_by: str
    revoked_at: Instant | None = None
    expires_at: Instant | None = None


API_KEYS: Final = Kind(Container.MASTER, "apikey", ApiKey, ("created_at",))
