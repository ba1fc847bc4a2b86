"""Who is calling, on whose behalf, and what that role may do."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a credential may do; `associate` is bound to the locations that it names."""

    ADMIN = "admin"
    OPERATOR = "operator"
    ASSOCIATE = "associate"
    INTEGRATION = "integration"
    READ_ONLY = "read-only"


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
