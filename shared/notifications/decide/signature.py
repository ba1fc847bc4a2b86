"""Standard Webhooks: HMAC-SHA256 over id, timestamp and body, one signature a secret.

Source: standard-webhooks/standard-webhooks, spec/standard-webhooks.md.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 24


def secret_of(raw: bytes) -> str:
    """Return random bytes as a secret is written."""
    return PREFIX + base64.b64encode(raw).decode("ascii")


def key_of(secret: str) -> bytes:
    """Return the key that a secret stands for.

    Raises:
        ValueError: not base64 behind the prefix.
    """
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("not a webhook secret") from error


def sign(secret: str, message_id: str, timestamp_s: int, body: bytes) -> str:
    """Return one signature, `v1,` and base64."""
    signed = f"{message_id}.{timestamp_s}.".encode() + body
    digest = hmac.new(key_of(secret), signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode("ascii")


def headers_of(
    secrets: Iterable[str], message_id: str, at: datetime, body: bytes
) -> Mapping[str, str]:
    """Return the headers of one try; with two secrets the receiver may check either."""
    timestamp_s = int(at.timestamp())
    signatures = (sign(secret, message_id, timestamp_s, body) for secret in secrets)
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": " ".join(signatures),
    }
