"""Ids: hashes of what identifies a thing, or sortable by the time of making (style 8)."""

import base64
import hashlib
import hmac
import random
import secrets
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, Protocol

from shared.kernel.clock import Clock
from shared.kernel.model import OrderId

ORDERS_KEPT: Final = 4_096  # each door on an order's way asks for its id again
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's, lower case: sorts as its value


class Ids(Protocol):
    def new(self, prefix: str) -> str:
        """Return a new id `<prefix>_<26 characters>`, later ones sorting after earlier ones."""
        ...

    def secret(self, length: int) -> str:
        """Return `length` random characters of 5 bits each, for codes and keys."""
        ...


class SortableIds:
    """48 bits of milliseconds, a counter within the millisecond, then random bits (as UUIDv7)."""

    def __init__(self, clock: Clock, source: random.Random | None = None) -> None:
        self._clock = clock
        self._random = source or secrets.SystemRandom()
        self._last_ms = 0
        self._count = 0

    def new(self, prefix: str) -> str:
        now_ms = int(self._clock.now().timestamp() * 1000)
        if now_ms > self._last_ms:
            self._last_ms, self._count = now_ms, 0
        else:
            self._count += 1  # the clock stood still or went back: order is kept by the counter
        value = (self._last_ms << 82) | (self._count << 62) | self._random.getrandbits(62)
        return f"{prefix}_{_base32(value, 26)}"

    def secret(self, length: int) -> str:
        return _base32(self._random.getrandbits(5 * length), length)


def _base32(value: int, length: int) -> str:
    return "".join(_ALPHABET[(value >> shift) & 31] for shift in range(5 * (length - 1), -1, -5))


def _length_prefixed(parts: Iterable[str]) -> bytes:
    encoded = [part.encode("utf-8") for part in parts]
    return b"".join([len(part).to_bytes(4, "big") + part for part in encoded])


def hash_id(prefix: str, *parts: str) -> str:
    """Return the one id of what `parts` name: `<prefix>_` + base32 of 160 bits of their SHA-256."""
    digest = hashlib.sha256(_length_prefixed(parts)).digest()[:20]
    return f"{prefix}_{base64.b32encode(digest).decode('ascii').lower()}"


@lru_cache(maxsize=ORDERS_KEPT)
def order_id(tenant_id: str, connection: str, reference: str) -> OrderId:
    """Return the id of an order: the same order through any door is one document (design 3)."""
    return OrderId(hash_id("o", tenant_id, connection, reference))


def lookup_hash(key: bytes, kind: str, value: str) -> str:
    """Return the HMAC under which personal data is looked up; plain hashes could be reversed."""
    digest = hmac.new(key, _length_prefixed((kind, value)), hashlib.sha256).digest()[:20]
    return base64.b32encode(digest).decode("ascii").lower()
