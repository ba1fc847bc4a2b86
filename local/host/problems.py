"""What the host itself answers when there is no function to ask: RFC 9457 problem documents."""

import json
from typing import Final

BASE: Final = "urn:orderloom:problem:"
CONTENT_TYPE: Final = b"application/problem+json"


def problem(status: int, code: str, title: str, detail: str, path: str) -> bytes:
    """Return a problem document in the form that the functions use."""
    document = {
        "type": BASE + code,
        "title": title,
        "status": status,
        "detail": detail,
        "instance": path,
        "code": code,
    }
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
