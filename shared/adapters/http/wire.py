"""HTTP/1.1 as it is written and read: one request, one bounded answer, no connection kept."""

import re
from asyncio import IncompleteReadError, LimitOverrunError, StreamReader
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from shared.kernel.outbound import ANSWER_BYTES_MAX, Answer, Request

HEAD_BYTES_MAX: Final = 32_000
INTERIM_MAX: Final = 5  # 1xx answers before the real one
CHUNKS_MAX: Final = 10_000
RETRY_AFTER_MAX_S: Final = 86_400
_STATUS: Final = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: .*)?", re.ASCII)
_VISIBLE: Final = re.compile(r"[\x20-\x7e]*", re.ASCII)
_TOKEN: Final = re.compile(r"[A-Za-z0-9-]+", re.ASCII)
_HOST: Final = re.compile(r"[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]", re.ASCII)
_PATH: Final = re.compile(r"[\x21-\x7e]*", re.ASCII)


class NotHttp(Exception):
    """What came back cannot be read as an answer."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads; `host` is the name as it stands in the certificate."""

    host: str
    port: int
    path: str
    is_tls: bool

    @property
    def authority(self) -> str:
        """The Host header: without the port where it is the usual one."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == (443 if self.is_tls else 80) else f"{name}:{self.port}"


def target_of(url: str) -> Target:
    """Return where a URL leads.

    Raises:
        ValueError: not an absolute http(s) URL of visible ASCII, or one that carries a password.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    if parts.scheme not in {"http", "https"} or "@" in parts.netloc or not _HOST.fullmatch(shown):
        raise ValueError("not an absolute http or https URL")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not _PATH.fullmatch(path):
        raise ValueError("a path of other than visible ASCII characters")
    is_tls = parts.scheme == "https"
    return Target(host, parts.port or (443 if is_tls else 80), path, is_tls)


def request_bytes(request: Request, target: Target) -> bytes:
    """Return a request as it is sent.

    Raises:
        ValueError: a method or header that would break out of its line.
    """
    headers = {
        "Host": target.authority,
        "User-Agent": "Orderloom",
        "Accept-Encoding": "identity",
        "Connection": "close",
        **request.headers,
        "Content-Length": str(len(request.body)),
    }
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name) or not _VISIBLE.fullmatch(value):
            raise ValueError(f"the header {name[:40]!r} cannot be sent")
    if not _TOKEN.fullmatch(request.method):
        raise ValueError("not a method")
    lines = [f"{request.method} {target.path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + request.body


async def read_answer(reader: StreamReader, method: str) -> Answer:
    """Read one answer; what is beyond 64 KB is left unread.

    Raises:
        NotHttp: it is none.
        OSError: the connection broke.
    """
    try:
        status, headers = await _head(reader)
        body = b"" if method == "HEAD" or status in {204, 304} else await _body(reader, headers)
    except (IncompleteReadError, LimitOverrunError, ValueError) as error:
        raise NotHttp("the answer ends or overflows where it must not") from error
    return Answer(status, body, retry_after_s=_retry_after(headers.get("retry-after", "")))


async def _head(reader: StreamReader) -> tuple[int, Mapping[str, str]]:
    for _ in range(INTERIM_MAX):
        head = await reader.readuntil(b"\r\n\r\n")
        first, *rest = head[:-4].split(b"\r\n")
        found = _STATUS.fullmatch(first)
        if len(head) > HEAD_BYTES_MAX or found is None:
            raise NotHttp("not an HTTP status line")
        status = int(found[1])
        if status >= 200:
            rows = (line.decode("latin-1").partition(":") for line in rest)
            return status, {name.strip().lower(): value.strip() for name, _, value in rows}
    raise NotHttp("interim answers without end")


async def _body(reader: StreamReader, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return await _chunks(reader)
    length = headers.get("content-length", "")
    if length.isascii() and length.isdigit():
        return await reader.readexactly(min(int(length), ANSWER_BYTES_MAX))
    return await _to_the_end(reader)


async def _to_the_end(reader: StreamReader) -> bytes:
    found = bytearray()
    while len(found) < ANSWER_BYTES_MAX:
        more = await reader.read(ANSWER_BYTES_MAX - len(found))
        if not more:
            break
        found += more
    return bytes(found)


async def _chunks(reader: StreamReader) -> bytes:
    found = bytearray()
    for _ in range(CHUNKS_MAX):
        line = (await reader.readuntil(b"\r\n")).partition(b";")[0].strip()
        size = int(line, 16)
        if size <= 0:
            break
        found += await reader.readexactly(min(size, ANSWER_BYTES_MAX - len(found)))
        if len(found) >= ANSWER_BYTES_MAX:
            break
        await reader.readexactly(2)
    return bytes(found)


def _retry_after(raw: str) -> int | None:
    """Return the seconds that an answer asks to wait; a date is not honored."""
    if not raw.isascii() or not raw.isdigit() or len(raw) > 9:
        return None
    return min(int(raw), RETRY_AFTER_MAX_S)
