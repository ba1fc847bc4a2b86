"""The outbound port: HTTP calls to addresses that tenants name (facts of the outside as values)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

ANSWER_BYTES_MAX: Final = 64_000
ANSWER_WITHIN_S: Final = 10.0
AT_ONCE_MAX: Final = 16


class CallFailure(StrEnum):
    """Why there is no answer."""

    ADDRESS_REFUSED = "address-refused"  # the name leads to an address that is not public
    NO_SUCH_HOST = "no-such-host"
    NOT_CONNECTED = "not-connected"
    NOT_TRUSTED = "not-trusted"  # the certificate is not one of that name
    TIMED_OUT = "timed-out"
    UNREADABLE = "answer-unreadable"


@dataclass(frozen=True, slots=True)
class Request:
    """One call. Headers must be visible ASCII; Host, Content-Length and Connection are added."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, at most 64 KB of it; `status` 0 with a `failure` when nothing did."""

    status: int
    body: bytes = b""
    failure: CallFailure | None = None
    retry_after_s: int | None = None

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


class Outbound(Protocol):
    """Calls https URLs: the name is resolved once, every address checked, no redirect followed."""

    async def call(self, request: Request) -> Answer:
        """Call once; whatever goes wrong out there is in the answer, nothing is raised."""
        ...

    async def call_all(self, requests: Sequence[Request]) -> Sequence[Answer]:
        """Call all, some at once; answers stand in the order of the requests."""
        ...
