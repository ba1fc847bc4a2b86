"""The store port: documents in partitions, written by guarded batches only (design 3).

A change is ONE batch in ONE partition (tenant, container, key): all of it or nothing. Every write
carries its condition: a create needs absence, a replace or delete needs the etag, a patch needs its
`when`. There is no blind write.
"""

import builtins
import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Generic, NamedTuple, Protocol, TypeAlias, TypeVar

from pydantic import ValidationError

from shared.kernel.conditions import Condition, PatchOperation
from shared.kernel.errors import Corrupt
from shared.kernel.model import Instant, OwnJson, Strict

OPERATIONS_MAX: Final = 100
BATCH_BYTES_MAX: Final = 2_000_000
DOCUMENT_BYTES_MAX: Final = 2_000_000
PATCH_OPERATIONS_MAX: Final = 10
ID_LENGTH_MAX: Final = 255
PAGE_MAX: Final = 1_000
_ID: Final = re.compile(r"[^/\\?#]*[^/\\?# ]")  # Cosmos DB refuses the others


class Container(StrEnum):
    ORDERS = "orders"
    STOCK = "stock"
    MASTER = "master"


class Document(Strict):
    """Base of every stored body; the store adds id, tenantId, key, pk and type around it."""

    schemaVersion: int = 1  # the wire name of design section 3


D = TypeVar("D", bound=Document)
D_co = TypeVar("D_co", bound=Document, covariant=True)
Upgrade: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Kind(Generic[D]):
    """A type of document: where it lives, its model, the fields that queries may name.

    `upgrade` turns the JSON of an older schemaVersion into the current one; pure, applied on read.
    `is_news`: relays publish it, so a store that can wakes them for it and for nothing else.
    """

    container: Container
    type: str
    model: builtins.type[D]  # the field above hides the name
    fields: tuple[str, ...] = ()
    version: int = 1
    upgrade: Upgrade | None = None
    is_news: bool = False

    def __hash__(self) -> int:
        return hash((self.container, self.type))

    def encode(self, body: D) -> bytes:
        return body.__pydantic_serializer__.to_json(body, exclude_none=True)

    def decode(self, raw: bytes) -> D:
        """Read a stored body, upgrading an older version.

        Raises:
            Corrupt: it fits neither this version nor, upgraded, an older one.
        """
        try:
            body: D = self.model.__pydantic_validator__.validate_json(raw)
        except ValidationError as error:
            return self._decode_old(raw, error)
        return body if body.schemaVersion == self.version else self._decode_old(raw, None)

    def _decode_old(self, raw: bytes, error: ValidationError | None) -> D:
        found: dict[str, Any] = json.loads(raw)
        if self.upgrade is None or found.get("schemaVersion") == self.version:
            raise Corrupt(f"a {self.type} document does not fit its model") from error
        upgraded = self.upgrade(found) | {"schemaVersion": self.version}
        try:
            return self.model.model_validate_json(json.dumps(upgraded))
        except ValidationError as later:
            raise Corrupt(f"a {self.type} document cannot be upgraded") from later


class Stored(NamedTuple, Generic[D_co]):
    """A document as read: `etag` is the condition of the next replace."""

    id: str
    key: str
    etag: str
    body: D_co


class Create(NamedTuple, Generic[D]):
    """409 when the id is taken. `ttl_s` lets the store forget it that many seconds later."""

    kind: Kind[D]
    id: str
    body: D
    ttl_s: int | None = None
    is_redone: bool = False  # a power cut may take it, with all that was written behind it


class Replace(NamedTuple, Generic[D]):
    """412 when the etag is another, 404 when it is gone."""

    kind: Kind[D]
    id: str
    body: D
    if_match: str
    ttl_s: int | None = None


class Delete(NamedTuple):
    kind: Kind[Any]
    id: str
    if_match: str


class Patch(NamedTuple):
    """Change fields where all of `when` holds: 412 otherwise, 404 when it is gone."""

    kind: Kind[Any]
    id: str
    operations: tuple[PatchOperation, ...]
    when: tuple[Condition, ...] = ()


Operation: TypeAlias = Create[Any] | Replace[Any] | Delete | Patch


class Order(NamedTuple):
    """Sort by one declared field, then by id; `descending` turns both."""

    field: str
    descending: bool = False


class Page(NamedTuple, Generic[D_co]):
    """A page of a query; `cursor` is None on the last one. Cursors are keyset positions."""

    items: tuple[Stored[D_co], ...]
    cursor: str | None = None


class Change(NamedTuple):
    """A document as the change feed shows it: its latest version, body as raw JSON."""

    container: Container
    tenant_id: str
    key: str
    id: str
    type: str
    etag: str
    body: bytes


class ChangeBatch(NamedTuple):
    """Changes of one range, in order within a partition key; `position` is what to checkpoint."""

    changes: tuple[Change, ...]
    range: int
    epoch: int
    position: int


class Feed(Protocol):
    """One consumer's reading of one container's changes, shared by processes through leases."""

    async def read(self, limit: int) -> Sequence[ChangeBatch]:
        """Return what is new in the ranges this reader holds; empty when there is nothing."""
        ...

    async def checkpoint(self, batch: ChangeBatch) -> bool:
        """Remember a batch as done; False when the lease was lost: it comes again elsewhere."""
        ...

    async def close(self) -> None:
        """Give the leases back."""
        ...


class Documents(Protocol):
    """The store. Every verb's first argument is the tenant, and the only way to a partition.

    Raises (all verbs):
        Unavailable: the store is busy or away; nothing is known to be written.
        Corrupt: the document read does not match its checksum or model.
    """

    async def get(self, tenant_id: str, kind: Kind[D], key: str, id: str) -> Stored[D] | None: ...

    async def batch(
        self, tenant_id: str, container: Container, key: str, operations: Sequence[Operation]
    ) -> tuple[str, ...]:
        """Write all or nothing in one partition; returns the new etags ("" for a delete).

        Raises:
            Exists, Missing, GuardFailed: with the index of the first operation that fails.
            ValueError: beyond the port's limits (a fault of ours, never of an input).
        """
        ...

    async def query(
        self,
        tenant_id: str,
        kind: Kind[D],
        *,
        key: str | None = None,
        where: Sequence[Condition] = (),
        order: Order | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[D]:
        """Return documents of one kind, of one partition (`key`) or of the tenant.

        Without `order`, by id. `where` and `order` name declared fields of the kind only.

        Raises:
            Unreadable: the cursor is not one of this query.
        """
        ...

    def feed(self, container: Container, consumer: str) -> Feed: ...


def check_operations(operations: Sequence[Operation], sizes: Sequence[int]) -> None:
    """Hold a batch to the limits that every adapter shares.

    Raises:
        ValueError: too many operations, too large, or an id that some store refuses.
    """
    if not 1 <= len(operations) <= OPERATIONS_MAX:
        raise ValueError(f"a batch has 1 to {OPERATIONS_MAX} operations, not {len(operations)}")
    if sum(sizes) > BATCH_BYTES_MAX or max(sizes) > DOCUMENT_BYTES_MAX:
        raise ValueError(f"a batch of {sum(sizes)} bytes")
    for operation in operations:
        check_id(operation.id)
        patches = len(operation.operations) if isinstance(operation, Patch) else 1
        if not 1 <= patches <= PATCH_OPERATIONS_MAX:
            raise ValueError(f"a patch has 1 to {PATCH_OPERATIONS_MAX} operations")


def check_id(value: str) -> None:
    """Refuse an id that a store would refuse.

    Raises:
        ValueError: empty, too long, with a slash, backslash, ? or #, or with a trailing space.
    """
    if not _ID.fullmatch(value) or len(value.encode()) > ID_LENGTH_MAX:
        raise ValueError(f"not a document id: {value[:60]!r}")


class EventDocument(Document):
    """A domain event beside the change that it tells of: outbox and timeline at once.

    Its id is `evt:<document id>:<document version>`; `name` is the contract's type. Holds ids and
    reason codes only, never personal data.
    """

    name: str
    at: Instant
    actor: str
    correlation_id: str = ""
    data: dict[str, OwnJson] = {}


_TOLD: Final = ("name", "at")
EVENT_KINDS: Final = {c: Kind(c, "event", EventDocument, _TOLD, is_news=True) for c in Container}


async def pages(
    store: Documents, tenant_id: str, kind: Kind[D], *, pages_max: int = 100, **query: Any
) -> AsyncIterator[Stored[D]]:
    """Walk a query page by page, `pages_max` at most."""
    cursor: str | None = None
    for _ in range(pages_max):
        page = await store.query(tenant_id, kind, cursor=cursor, **query)
        for item in page.items:
            yield item
        cursor = page.cursor
        if cursor is None:
            return
