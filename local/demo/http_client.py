"""A small HTTP client for the demo: one connection, JSON, nothing beyond the standard library.

It speaks to the host in the same event loop, where a blocking client would wait for itself.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

HEADER_LINES_MAX: Final = 100
ANSWER_WITHIN_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers in lower case, and the body as it came."""

    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> Any:
        """Return the body as JSON says it."""
        return json.loads(self.raw or b"null")


class Client:
    """Keeps one connection open, and opens it again when the server has closed it."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes = b""
    ) -> Answer:
        """Send one request.

        Raises:
            OSError: the server cannot be reached.
            TimeoutError: it does not answer.
        """
        async with asyncio.timeout(ANSWER_WITHIN_S):
            try:
                return await self._exchange(method, path, headers, body)
            except (ConnectionError, asyncio.IncompleteReadError):
                await self.close()  # an idle connection was closed: once more on a new one
                return await self._exchange(method, path, headers, body)

    async def close(self) -> None:
        """Close the connection."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _exchange(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        head = {"Host": f"{self._host}:{self._port}", "Content-Length": str(len(body)), **headers}
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {head[name]}" for name in head)]
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        await writer.drain()
        return await _read(reader)


async def _read(reader: asyncio.StreamReader) -> Answer:
    status = int((await _line(reader)).split(" ", 2)[1])
    headers: dict[str, str] = {}
    for _ in range(HEADER_LINES_MAX):
        line = await _line(reader)
        if not line:
            break
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return Answer(status, headers, await _chunks(reader))
    return Answer(status, headers, await reader.readexactly(int(headers.get("content-length", 0))))


async def _line(reader: asyncio.StreamReader) -> str:
    raw = await reader.readline()
    if not raw:
        raise ConnectionResetError("closed by the server")
    return raw.decode("latin-1").rstrip("\r\n")


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    found = b""
    while size := int(await _line(reader), 16):
        found += await reader.readexactly(size)
        await _line(reader)
    await _line(reader)
    return found
