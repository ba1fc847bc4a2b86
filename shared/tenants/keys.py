"""API keys: `ol_<env>_<tenant>.<key id>_<secret><crc32>` (facts: 256 random bits, HMAC, pepper).

The checksum lets a mistyped or invented key be refused without reading the store, and lets secret
scanners recognize a leaked one.
"""

import hashlib
import hmac
import re
import zlib
from dataclasses import dataclass
from typing import Final

SECRET_LENGTH: Final = 52  # of 5 bits each: 260 bits
KEY_ID_LENGTH: Final = 16
_FORM: Final = re.compile(
    r"ol_([0-9a-z]{1,12})_([0-9A-Za-z]{1,32})\.([0-9A-Za-z]{1,40})_([0-9A-Za-z]{40,80})([0-9a-f]{8})",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A credential taken apart; its checksum held."""

    environment: str
    tenant_id: str
    key_id: str
    secret: str


def write_token(token: Token) -> str:
    """Return the credential as it is handed out, once."""
    text = f"ol_{token.environment}_{token.tenant_id}.{token.key_id}_{token.secret}"
    return f"{text}{zlib.crc32(text.encode()):08x}"


def read_token(text: str) -> Token | None:
    """Take a credential apart; None when its form or its checksum is wrong."""
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    environment, tenant_id, key_id, secret, checksum = found.groups()
    if f"{zlib.crc32(text[:-8].encode()):08x}" != checksum:
        return None
    return Token(environment, tenant_id, key_id, secret)


def digest_of(token: Token, pepper: bytes) -> str:
    """Return what is stored instead of the secret; bound to the tenant and the key id."""
    message = f"{token.tenant_id}.{token.key_id}.{token.secret}".encode()
    return hmac.new(pepper, message, hashlib.sha256).hexdigest()


def same_digest(found: str, expected: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(found, expected)
