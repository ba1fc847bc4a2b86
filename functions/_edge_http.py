"""The way of an HTTP request: limits, credential, role, idempotency, answer, log line."""

import hashlib
import inspect
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any, Final, TypeVar, Unpack, overload

import azure.functions as func
from pydantic import BaseModel

from functions import _edge_log
from functions._edge_call import Call, Reply, encode, headers_of
from functions._edge_problems import CONTENT_TYPE, code_of, problem_of, status_of
from functions._edge_problems import headers_of as problem_headers
from functions._edge_routes import ROUTES, VERSION_PREFIX, Options, Route
from shared.kernel.errors import TooLarge, Unauthenticated
from shared.kernel.model import read_json
from shared.tenants.decide import require
from shared.tenants.idempotency import Kept, claim, command_id, give_up, keep
from shared.tenants.model import Caller
from shared.wiring import World, world

BODY_BYTES_MAX: Final = 1_048_576
REPLAYED: Final = "Idempotency-Replayed"
_CORRELATION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}", re.ASCII)

M = TypeVar("M", bound=BaseModel)
Handler = Callable[[Call[Any]], Awaitable[Reply]]
Trigger = Callable[[func.HttpRequest], Awaitable[func.HttpResponse]]
Reader = Callable[[bytes], Any]


@dataclass(frozen=True, slots=True)
class _Door:
    """A route with what runs behind it."""

    route: Route
    read: Reader | None
    run: Handler


@overload
def http(
    blueprint: func.Blueprint,
    method: str,
    path: str,
    operation: str,
    *,
    body: type[M],
    read: Callable[[bytes], M] | None = None,
    **options: Unpack[Options],
) -> Callable[[Callable[[Call[M]], Awaitable[Reply]]], Trigger]: ...


@overload
def http(
    blueprint: func.Blueprint,
    method: str,
    path: str,
    operation: str,
    *,
    body: None = None,
    read: None = None,
    **options: Unpack[Options],
) -> Callable[[Callable[[Call[None]], Awaitable[Reply]]], Trigger]: ...


def http(
    blueprint: func.Blueprint,
    method: str,
    path: str,
    operation: str,
    *,
    body: type[BaseModel] | None = None,
    read: Reader | None = None,
    **options: Unpack[Options],
) -> Callable[[Handler], Trigger]:
    """Declare an HTTP function under `/api/v1/<path>` (no leading slash, parameters in braces).

    `operation` is a key of `shared.tenants.decide.PERMISSIONS`; `read` reads the body instead of
    its model's own reader; for the rest see `Options`.
    """

    def declare(run: Handler) -> Trigger:
        route = Route(
            method=method,
            path=f"/{VERSION_PREFIX}/{path}",
            operation=operation,
            function=run.__name__,
            tag=run.__module__.rpartition(".")[2],
            summary=(inspect.getdoc(run) or "").partition("\n")[0],
            body=body,
            **options,
        )
        ROUTES.append(route)
        reader = read or (None if body is None else lambda raw: read_json(body, raw))
        trigger = _trigger(_Door(route, reader, run))
        blueprint.route(
            route=route.path[1:], methods=[method], auth_level=func.AuthLevel.ANONYMOUS
        )(trigger)
        return trigger

    return declare


def _trigger(door: _Door) -> Trigger:
    async def trigger(req: func.HttpRequest) -> func.HttpResponse:
        return await _answer(door, req)

    # Not functools.wraps: the registry must see this function's parameters, not the handler's.
    trigger.__name__ = door.run.__name__
    trigger.__qualname__ = door.run.__qualname__
    trigger.__module__ = door.run.__module__
    trigger.__doc__ = door.run.__doc__
    return trigger


async def _answer(door: _Door, req: func.HttpRequest) -> func.HttpResponse:
    started = perf_counter()
    current = world()
    call: Call[Any] = Call(
        request=req,
        body=None,
        raw=req.get_body(),
        now=current.clock.now(),
        correlation_id=_correlation_id(req, current),
    )
    error: Exception | None = None
    try:
        reply = await _admit(door, call, current)
    except Exception as caught:  # noqa: BLE001 - the one place where every error becomes an answer
        error = caught
        reply = _refusal(caught, call)
    status = reply.status or door.route.status
    _log(door.route, call, status, error, perf_counter() - started)
    return func.HttpResponse(
        encode(reply.body),
        status_code=status,
        headers=headers_of(reply, call.correlation_id),
        mimetype=reply.content_type,
    )


def _correlation_id(req: func.HttpRequest, current: World) -> str:
    sent = str(req.headers.get("X-Correlation-Id", ""))
    return sent if _CORRELATION.fullmatch(sent) else current.ids.new("q")


async def _admit(door: _Door, call: Call[Any], current: World) -> Reply:
    if len(call.raw) > BODY_BYTES_MAX:
        raise TooLarge(f"a body has at most {BODY_BYTES_MAX} bytes")
    if door.route.public:
        _read_body(door, call)
        return await door.run(call)
    current.gate.enter()
    try:
        call.who = await _caller(call, current)
        current.gate.count(call.tenant_id, call.now)
        require(call.who, door.route.operation)
        return await _serve(door, call, current)
    finally:
        current.gate.leave()


async def _caller(call: Call[Any], current: World) -> Caller:
    scheme, _, token = str(call.request.headers.get("Authorization", "")).partition(" ")
    if scheme.lower() != "bearer" or not token.isascii():
        raise Unauthenticated
    return await current.tenants.authenticate(token.strip(), call.now, call.correlation_id)


async def _serve(door: _Door, call: Call[Any], current: World) -> Reply:
    call.take_only(door.route.parameters)
    if door.route.if_match:
        call.if_match()
    key = call.idempotency_key() if door.route.creates else ""
    _read_body(door, call)
    if not door.route.creates:
        return await door.run(call)
    call.command_id = command_id(call.tenant_id, call.caller.name, key)
    fingerprint = _fingerprint(call)
    taken = await claim(current.store, call.tenant_id, call.command_id, fingerprint, now=call.now)
    if isinstance(taken, Kept):
        headers = {**taken.headers, REPLAYED: "true"}
        return Reply(taken.answer.encode(), status=taken.status, headers=headers)
    try:
        reply = await door.run(call)
    except Exception:
        await give_up(current.store, taken)
        raise
    reply = replace(reply, body=encode(reply.body), status=reply.status or door.route.status)
    kept = _kept(reply)
    is_secret = door.route.secret_answer
    await keep(current.store, taken, kept, is_secret=is_secret, now=call.now)
    return reply


def _read_body(door: _Door, call: Call[Any]) -> None:
    if door.read is not None:
        call.body = door.read(call.raw)


def _fingerprint(call: Call[Any]) -> str:
    path = _path_of(call.request)
    head = f"{call.request.method} {path}\n".encode()
    return hashlib.sha256(head + call.raw).hexdigest()


def _kept(reply: Reply) -> Kept:
    headers = dict(reply.headers)
    if reply.etag is not None:
        headers["ETag"] = f'"{reply.etag}"'
    if reply.location is not None:
        headers["Location"] = reply.location
    body = reply.body if isinstance(reply.body, bytes) else b""
    return Kept(reply.status or 200, headers, body.decode())


def _path_of(req: func.HttpRequest) -> str:
    """Return the path of a request's URL, without host and query."""
    url = str(req.url)
    after_host = url.partition("://")[2]
    path = after_host[after_host.find("/") :] if after_host else url
    return path.partition("?")[0]


def _refusal(error: Exception, call: Call[Any]) -> Reply:
    instance = f"{_path_of(call.request)}#{call.correlation_id}"
    return Reply(
        problem_of(error, instance),
        status=status_of(error),
        content_type=CONTENT_TYPE,
        headers=problem_headers(error),
    )


def _log(
    route: Route, call: Call[Any], status: int, error: Exception | None, seconds: float
) -> None:
    fields: dict[str, object] = {
        "tenant_id": call.who.tenant_id if call.who else None,
        "caller": call.who.name if call.who else None,
        "correlation_id": call.correlation_id,
        "operation": route.operation,
        "function": route.function,
        "method": route.method,
        "status": status,
        "outcome": "complete" if error is None else "refused" if status < 500 else "failed",
        "code": code_of(error) if error is not None else None,
        "duration_ms": round(seconds * 1000, 3),
        **call.noted,
    }
    _edge_log.write("http_request", fields, error if status >= 500 else None)
