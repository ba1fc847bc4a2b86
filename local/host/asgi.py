"""The HTTP front: an ASGI application over the HTTP functions and the console's files."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, TypeAlias
from urllib.parse import unquote

from local.host.http_objects import (
    Headers,
    NotDecodable,
    answer_of,
    headers_of,
    parts_of,
    request_of,
)
from local.host.invoke import LOGGER, Runner
from local.host.problems import CONTENT_TYPE, problem
from local.host.routes import Endpoint, Router, Values, allowed_header
from local.host.static import Files

BODY_BYTES_MAX: Final = 1_048_576
DRAINED_BYTES_MAX: Final = 16 * BODY_BYTES_MAX
BODILESS: Final = frozenset({204, 304})

Scope: TypeAlias = MutableMapping[str, Any]
Event: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Event]]
Send: TypeAlias = Callable[[Event], Awaitable[None]]
Answer: TypeAlias = tuple[int, Headers, bytes]

_log = logging.getLogger(LOGGER)


class _Gone(Exception):
    """The client went away before its request was whole."""


class Front:
    """Answers every request; the functions' own errors are a bare 500, as on the platform."""

    def __init__(self, router: Router, runner: Runner, files: Files, route_prefix: str) -> None:
        self._router, self._runner, self._files = router, runner, files
        self._prefix = f"/{route_prefix}/" if route_prefix else "/"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise NotImplementedError(f"no {scope['type']} here")
        try:
            status, headers, body = await self._answer(scope, receive)
        except _Gone:
            return
        if status not in BODILESS:
            headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        path = scope["raw_path"].decode("ascii")
        if not path.startswith(self._prefix):
            return self._file(scope, path)
        try:
            parts = parts_of(path[len(self._prefix) :])
        except NotDecodable as error:
            return _problem(400, "unreadable", "Unreadable", str(error), path)
        endpoint, values, allowed = self._router.find(scope["method"], parts)
        if endpoint is None:
            if allowed or self._prefix != "/":
                return _not_found(path, allowed)
            return self._file(scope, path)
        return await self._invoke(endpoint, values, scope, receive)

    async def _invoke(
        self, endpoint: Endpoint, values: Values, scope: Scope, receive: Receive
    ) -> Answer:
        headers = headers_of(scope["headers"])
        path = scope["raw_path"].decode("ascii")
        if (refusal := _refuse_length(headers, path)) is not None:
            return refusal
        body = await _read(headers, receive)
        if body is None:
            return _too_large(path, is_closing=True)
        method = scope["method"]
        if method == "HEAD" and "HEAD" not in endpoint.methods:
            method = "GET"
        try:
            request = request_of(scope, method, headers, values, body)
        except NotDecodable as error:
            return _problem(400, "unreadable", "Unreadable", str(error), path)
        try:
            return answer_of(await self._runner.call(endpoint.function, request))
        except asyncio.CancelledError:
            raise
        except Exception:  # noqa: BLE001 - a failed invocation is a bare 500, as on the platform
            _log.exception("invocation_failed", extra={"function": endpoint.function.name})
            return 500, [], b""

    def _file(self, scope: Scope, path: str) -> Answer:
        found = self._files.find(unquote(path))
        if found is None:
            return _not_found(path, set())
        if scope["method"] not in {"GET", "HEAD"}:
            return _not_found(path, {"GET"})
        sent = headers_of(scope["headers"]).get("if-none-match", "")
        if found.etag.decode() in sent:
            return 304, found.headers(), b""
        return 200, found.headers(), found.content


async def _read(headers: dict[str, str], receive: Receive) -> bytes | None:
    """Return the body; None when it grows beyond the limit, which a sent length did not say."""
    if "content-length" not in headers and "transfer-encoding" not in headers:
        return b""
    body = b""
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise _Gone
        body += bytes(event.get("body", b""))
        if len(body) > BODY_BYTES_MAX:
            return None
        if not event.get("more_body", False):
            return body


def _refuse_length(headers: dict[str, str], path: str) -> Answer | None:
    """Refuse by the length alone, before anything of the body is read."""
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdecimal()):
        return _problem(400, "unreadable", "Unreadable", "Content-Length is no number", path)
    if int(length) <= BODY_BYTES_MAX:
        return None
    # A client that hears of it only after sending all must not find the connection reset.
    return _too_large(path, is_closing=int(length) > DRAINED_BYTES_MAX)


def _too_large(path: str, *, is_closing: bool) -> Answer:
    detail = f"a body has at most {BODY_BYTES_MAX} bytes"
    status, headers, body = _problem(413, "too-large", "TooLarge", detail, path)
    return status, [*headers, (b"connection", b"close")] if is_closing else headers, body


def _not_found(path: str, allowed: set[str]) -> Answer:
    if not allowed:
        return _problem(404, "not-found", "NotFound", "there is no such resource", path)
    header = allowed_header(allowed)
    detail = f"this resource answers {header}"
    status, headers, body = _problem(405, "method-not-allowed", "MethodNotAllowed", detail, path)
    return status, [*headers, (b"allow", header.encode())], body


def _problem(status: int, code: str, title: str, detail: str, path: str) -> Answer:
    return status, [(b"content-type", CONTENT_TYPE)], problem(status, code, title, detail, path)
