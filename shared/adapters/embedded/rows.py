"""How a document lies in SQLite: its row, its checksum, and the rows that queries search.

Declared fields are kept twice. `documents.terms` is a small JSON object of them, on which the
kernel's own `Condition.holds` is evaluated, so that the embedded store cannot disagree with it.
`fields` is the index that narrows what must be looked at; it may name too much, never too little.
"""

import zlib
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final, TypeAlias

from pydantic import TypeAdapter

from shared.adapters.embedded.opening import Layout
from shared.kernel.documents import Container

RANGES: Final = 4  # parts of the change feed that processes can share
SHARDS_KEPT: Final = 8_192  # the same few partitions are written over and over
INT64_MAX: Final = 2**63 - 1
SHARD_OF: Final = {Container.ORDERS: 0, Container.STOCK: RANGES, Container.MASTER: 2 * RANGES}

SqlValue: TypeAlias = int | float | str | bytes
Terms: TypeAlias = dict[str, Any]
FieldRow: TypeAlias = tuple[str, SqlValue]
Place: TypeAlias = tuple[str, str, str, str]
"""Container, tenant, key, id."""

FALSE: Final = b"\x00"  # blobs: SQLite knows no booleans, and 1 must not be found as true
TRUE: Final = b"\x01"
COMPOSITE: Final = b"\xff"  # there is a value, an array or an object, that only `exists` finds

# Partitions of stock grow without end (ledgers), hence an index of their own by partition; lists of
# a whole tenant are of master data. Partial indexes spare the other containers' writes.
LAYOUT: Final = Layout(
    application_id=0x4F4C4443,
    version=1,
    schema="""
    CREATE TABLE documents(
      doc INTEGER PRIMARY KEY, container TEXT NOT NULL, tenant TEXT NOT NULL, key TEXT NOT NULL,
      id TEXT NOT NULL, type TEXT NOT NULL, seq INTEGER NOT NULL, shard INTEGER NOT NULL,
      ttl_s INTEGER, expires INTEGER, checksum BLOB NOT NULL, terms BLOB NOT NULL,
      body BLOB NOT NULL);
    CREATE UNIQUE INDEX place ON documents(container, tenant, key, id);
    CREATE INDEX kind ON documents(container, tenant, type, key, id);
    CREATE INDEX catalog ON documents(tenant, type, id, key) WHERE container = 'master';
    CREATE INDEX feed ON documents(shard, seq);
    CREATE INDEX expiring ON documents(expires) WHERE expires IS NOT NULL;
    CREATE TABLE fields(
      container TEXT NOT NULL, tenant TEXT NOT NULL, type TEXT NOT NULL, field TEXT NOT NULL,
      value BLOB NOT NULL, id TEXT NOT NULL, key TEXT NOT NULL, doc INTEGER NOT NULL,
      PRIMARY KEY(container, tenant, type, field, value, id, key)) WITHOUT ROWID;
    CREATE INDEX ledger ON fields(tenant, key, type, field, value, id) WHERE container = 'stock';
    CREATE TABLE kinds(
      container TEXT NOT NULL, type TEXT NOT NULL, fields BLOB NOT NULL,
      PRIMARY KEY(container, type)) WITHOUT ROWID;
    CREATE TABLE meta(
      one INTEGER PRIMARY KEY CHECK(one = 1), seq INTEGER NOT NULL, registry INTEGER NOT NULL);
    INSERT INTO meta VALUES(1, 0, 0);
    CREATE TABLE leases(
      container TEXT NOT NULL, consumer TEXT NOT NULL, range INTEGER NOT NULL, owner TEXT NOT NULL,
      epoch INTEGER NOT NULL, expires INTEGER NOT NULL, position INTEGER NOT NULL,
      PRIMARY KEY(container, consumer, range)) WITHOUT ROWID;
    CREATE TABLE readers(
      container TEXT NOT NULL, consumer TEXT NOT NULL, owner TEXT NOT NULL,
      expires INTEGER NOT NULL, PRIMARY KEY(container, consumer, owner)) WITHOUT ROWID
    """,
)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_JSON: Final[TypeAdapter[Any]] = TypeAdapter(Any)  # thrice as fast as the json module here
# Called behind the adapter's back: what it does around them takes longer than they do.
to_json: Final[Callable[[Any], bytes]] = _JSON.serializer.to_json
from_json: Final[Callable[[bytes], Any]] = _JSON.validator.validate_json


def microseconds(instant: datetime) -> int:
    """Return an aware instant as whole microseconds since 1970, exactly."""
    return (instant - _EPOCH) // _MICROSECOND


@lru_cache(maxsize=SHARDS_KEPT)
def shard_of(container: Container, tenant_id: str, key: str) -> int:
    """Return which range of the container's feed a partition belongs to, over all containers."""
    return SHARD_OF[container] + zlib.crc32(f"{tenant_id}\0{key}".encode()) % RANGES


def checksum(place: Place, row: tuple[str, int, int | None], body: bytes) -> bytes:
    """Return 128 bits of BLAKE2b over a document and where it lies.

    BLAKE2b, as it is twice as fast here as SHA-256; 128 bits, as it guards against accidents of the
    disk and not against forgers. The place is part of it, so that a row cannot pass for another.

    Args:
        place: where it lies.
        row: type, seq, expires.
        body: the JSON as stored.
    """
    container, tenant, key, id = place
    head = f"{container}\0{tenant}\0{key}\0{id}\0{row[0]}\0{row[1]}\0{row[2]}"
    return blake2b(head.encode() + body, digest_size=16).digest()


def terms_of(body: Mapping[str, Any], fields: Iterable[str]) -> Terms:
    """Return the declared fields that a body has; null counts as absent."""
    return {field: body[field] for field in fields if body.get(field) is not None}


def field_rows(terms: Terms) -> set[FieldRow]:
    """Return a document's rows of the index: `field` for each, `field[]` for items of arrays."""
    rows: set[FieldRow] = set()
    for field, value in terms.items():
        match value:
            case str():
                rows.add((field, value))
            case list():
                rows.add((field, COMPOSITE))
                items = [sql_value(item) for item in value if item is not None]
                rows.update([(f"{field}[]", item) for item in items if item != COMPOSITE])
            case _:
                rows.add((field, sql_value(value)))
    return rows


def sql_value(value: Any) -> SqlValue:
    """Return a JSON value as the index compares it.

    Raises:
        ValueError: an integer beyond what SQLite holds.
    """
    match value:
        case str() | float():
            return value
        case bool():
            return TRUE if value else FALSE
        case int():
            if not -INT64_MAX <= value <= INT64_MAX:
                raise ValueError("a declared field holds an integer beyond 2^63")
            return value
        case _:
            return COMPOSITE


def sort_rank(value: SqlValue) -> tuple[int, Any]:
    """Return what sorts in Python as SQLite sorts the value: numbers, texts, blobs."""
    match value:
        case str():
            return 1, value
        case bytes():
            return 2, value
        case _:
            return 0, value
