"""Idempotency keys of creating requests: the same key and body give the same answer for 24 h.

The claim is written before the command runs and the answer after it. A crash between leaves the
claim; its time passes, and the next request with the key runs the command again, which is
idempotent by its own ids (`command_id`).
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from pydantic import Field

from shared.kernel.documents import Container, Create, Delete, Document, Documents, Kind, Replace
from shared.kernel.errors import Exists, Outside, Refused, Unavailable, WriteLost
from shared.kernel.ids import hash_id
from shared.kernel.model import Instant

KEPT_S: Final = 86_400
IN_FLIGHT: Final = timedelta(seconds=60)  # longer than any request is worked on
ATTEMPTS_MAX: Final = 3


class IdempotencyKeyReused(Refused):
    code, status = "idempotency-key-reused", 422

    def __init__(self) -> None:
        super().__init__("the Idempotency-Key was used with another request")


class InFlight(Refused):
    code, status = "request-in-flight", 409

    def __init__(self) -> None:
        super().__init__("a request with this Idempotency-Key is in work")


class AnswerNotRepeatable(Refused):
    code, status = "answer-not-repeatable", 409

    def __init__(self) -> None:
        super().__init__("it was done, and its answer held a secret that is shown once")


class Stage(StrEnum):
    IN_FLIGHT = "in-flight"
    DONE = "done"


class IdempotencyRecord(Document):
    """`answer` is the body as it was sent; absent where it held a secret."""

    fingerprint: str
    stage: Stage
    until: Instant
    status: int = 0
    headers: dict[str, str] = Field(default_factory=dict)
    answer: str | None = None


IDEMPOTENCY: Final = Kind(Container.MASTER, "idem", IdempotencyRecord)


@dataclass(frozen=True, slots=True)
class Claim:
    """This request may run the command."""

    tenant_id: str
    key: str
    fingerprint: str
    etag: str


@dataclass(frozen=True, slots=True)
class Kept:
    """The command ran; this was its answer."""

    status: int
    headers: Mapping[str, str]
    answer: str


def command_id(tenant_id: str, caller: str, key: str) -> str:
    """Return the id of the command that a caller names by a key; services write it down."""
    return hash_id("c", tenant_id, caller, key)


async def claim(
    store: Documents, tenant_id: str, command: str, fingerprint: str, *, now: datetime
) -> Claim | Kept:
    """Take a key, or find the answer that it has.

    Raises:
        IdempotencyKeyReused: the key belongs to another request.
        InFlight: the same request is in work elsewhere.
        AnswerNotRepeatable: it was done, and its answer was not kept.
    """
    key = f"idem:{command}"
    body = IdempotencyRecord(fingerprint=fingerprint, stage=Stage.IN_FLIGHT, until=now + IN_FLIGHT)
    for _ in range(ATTEMPTS_MAX):
        found = None
        try:
            # It waits for no disk: the command is written behind it, in the same log, so a power
            # cut that takes the claim takes the command too, and a repeat runs it anew.
            first = Create(IDEMPOTENCY, key, body, KEPT_S, is_redone=True)
            return await _take(store, tenant_id, key, first)
        except Exists:
            found = await store.get(tenant_id, IDEMPOTENCY, key, key)
        if found is None:
            continue  # its day ended, or its owner gave up, between the two calls
        kept = _judge(found.body, fingerprint, now)
        if kept is not None:
            return kept
        with suppress(WriteLost):
            again = Replace(IDEMPOTENCY, key, body, found.etag, KEPT_S)
            return await _take(store, tenant_id, key, again)
    raise Unavailable("the Idempotency-Key is contended")


async def _take(
    store: Documents,
    tenant_id: str,
    key: str,
    operation: Create[IdempotencyRecord] | Replace[IdempotencyRecord],
) -> Claim:
    (etag,) = await store.batch(tenant_id, Container.MASTER, key, [operation])
    return Claim(tenant_id, key, operation.body.fingerprint, etag)


def _judge(record: IdempotencyRecord, fingerprint: str, now: datetime) -> Kept | None:
    """Return the answer; None when the claim's time has passed."""
    if record.fingerprint != fingerprint:
        raise IdempotencyKeyReused
    if record.stage is Stage.DONE:
        if record.answer is None:
            raise AnswerNotRepeatable
        return Kept(record.status, record.headers, record.answer)
    if now < record.until:
        raise InFlight
    return None


async def keep(
    store: Documents, taken: Claim, kept: Kept, *, is_secret: bool, now: datetime
) -> None:
    """Write the answer down. Failing that the command stands, and a repeat runs it again."""
    body = IdempotencyRecord(
        fingerprint=taken.fingerprint,
        stage=Stage.DONE,
        until=now,
        status=kept.status,
        headers=dict(kept.headers),
        answer=None if is_secret else kept.answer,
    )
    with suppress(Outside):
        operation = Replace(IDEMPOTENCY, taken.key, body, taken.etag, KEPT_S)
        await store.batch(taken.tenant_id, Container.MASTER, taken.key, [operation])


async def give_up(store: Documents, taken: Claim) -> None:
    """Free the key: the command was refused or failed, and may be sent again at once."""
    with suppress(Outside):
        operation = Delete(IDEMPOTENCY, taken.key, taken.etag)
        await store.batch(taken.tenant_id, Container.MASTER, taken.key, [operation])
