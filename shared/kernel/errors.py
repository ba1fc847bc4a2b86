"""Everything that can go wrong, drawn once.

    Exception
    ├── Refused                  expected; has a stable code and an HTTP status; a message is parked
    │   ├── Unreadable           400  not JSON, a missing header, a malformed cursor
    │   ├── Unauthenticated      401
    │   ├── Forbidden            403
    │   ├── NotFound             404  foreign and missing look the same
    │   ├── NotAllowed           409  the state machine has no such row
    │   ├── TooLarge             413
    │   ├── Invalid              422  every fault listed, each with a JSON pointer and a code
    │   ├── TooManyRequests      429
    │   └── ...                  one class a refusal, in the model.py of its capability
    ├── Outside                  a failure of the outside: 503, or a retry copy of the message
    │   ├── Unavailable          busy store, broker away, time out
    │   └── WriteLost            a conditional write found another state; the shell reads again
    │       ├── Exists           409 on a create
    │       ├── Missing          404 on a replace, patch or delete
    │       └── GuardFailed      412: the etag or the condition does not hold
    └── Corrupt                  a stored document does not match its checksum or its model
Anything else (ValueError, AssertionError ...) is a fault of ours: 500, a retry copy, an alert.
"""

from collections.abc import Sequence
from dataclasses import dataclass


class Refused(Exception):
    """An expected answer that is not the wished one."""

    code = "refused"
    status = 409


class Unreadable(Refused):
    """Not JSON, a needed header is missing, or a cursor is malformed."""

    code, status = "unreadable", 400


class Unauthenticated(Refused):
    code, status = "unauthenticated", 401

    def __init__(self, detail: str = "a valid credential is needed") -> None:
        super().__init__(detail)


class Forbidden(Refused):
    code, status = "forbidden", 403

    def __init__(self, detail: str = "the credential's role does not allow this") -> None:
        super().__init__(detail)


class NotFound(Refused):
    code, status = "not-found", 404

    def __init__(self, what: str = "resource") -> None:
        super().__init__(f"there is no such {what}")
        self.what = what


class NotAllowed(Refused):
    """A command that has no row in the state table; names the legal ones."""

    code, status = "not-allowed", 409

    def __init__(self, machine: str, state: str, command: str, legal: Sequence[str]) -> None:
        can = ", ".join(legal) or "nothing"
        super().__init__(f"{machine} is {state}: {command} is not possible; legal: {can}")
        self.machine, self.state, self.command, self.legal = machine, state, command, tuple(legal)


class TooLarge(Refused):
    """More bytes or lines than are taken."""

    code, status = "too-large", 413


class TooManyRequests(Refused):
    code, status = "too-many-requests", 429

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"the tenant's rate limit is reached; try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class PreconditionRequired(Refused):
    code, status = "precondition-required", 428

    def __init__(self) -> None:
        super().__init__("send If-Match with the ETag that you read")


class PreconditionFailed(Refused):
    code, status = "precondition-failed", 412

    def __init__(self) -> None:
        super().__init__("it was changed since you read it; read it again")


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of an input: where (a JSON pointer), which, and what is wrong."""

    pointer: str
    code: str
    detail: str


class Invalid(Refused):
    """Fields are wrong; every fault is listed at once."""

    code, status = "invalid", 422

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"{len(faults)} fault(s): " + "; ".join(f.detail for f in faults[:3]))
        self.faults = tuple(faults)


class Outside(Exception):
    """Something beyond us failed; the same call may succeed later."""

    code = "outside"


class Unavailable(Outside):
    code = "unavailable"


class WriteLost(Outside):
    """A conditional write found another state than it asked for.

    Attributes:
        index: position of the failing operation in its batch.
        document_id: the id that the failing operation names.
    """

    code = "write-lost"

    def __init__(self, document_id: str, index: int = 0) -> None:
        super().__init__(f"{self.code}: operation {index} on {document_id}")
        self.document_id, self.index = document_id, index


class Exists(WriteLost):
    code = "exists"


class Missing(WriteLost):
    code = "missing"


class GuardFailed(WriteLost):
    code = "guard-failed"


class Corrupt(Exception):
    """A stored document cannot be trusted; others are still served."""

    code = "corrupt-document"
