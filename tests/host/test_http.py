"""HTTP triggers over a socket: what a client of the embedded host sees."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import azure.functions as func
import httpx
import pytest

from local.host.asgi import BODY_BYTES_MAX
from local.host.host import Options
from tests.host.apps import FAST, add_route, an_app, an_app_with, hosting, serving


async def echo(req: func.HttpRequest) -> func.HttpResponse:
    lines = [req.method, req.url, str(dict(req.params)), str(dict(req.route_params))]
    return func.HttpResponse(
        "\n".join([*lines, req.headers.get("x-store", ""), req.get_body().decode()]),
        status_code=201,
        headers={"ETag": '"7"', "X-Store": "berlin"},
        mimetype="application/json",
    )


async def failing(req: func.HttpRequest) -> func.HttpResponse:
    raise RuntimeError(f"no way to {req.url}")


async def ask(app: func.FunctionApp, method: str, path: str, **how: object) -> httpx.Response:
    async with serving(app) as (_, client):
        return await client.request(method, path, **how)  # type: ignore[arg-type] # httpx's own


async def test_a_function_gets_the_request_and_its_answer_is_sent() -> None:
    app = an_app_with("v1/orders/{id}:cancel", echo, "POST")
    path = "/api/v1/orders/o_17%2Fa%20b:cancel?reason=late&reason=fraud&note="
    answer = await ask(app, "POST", path, content="two lines", headers={"X-Store": "munich"})
    method, url, params, route_params, store, body = answer.text.split("\n")
    assert (answer.status_code, answer.headers["etag"]) == (201, '"7"')
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-store"] == "berlin"
    assert (method, store, body) == ("POST", "munich", "two lines")
    assert url.startswith("http://127.0.0.1:")
    assert url.endswith(path)
    assert params == str({"reason": "late,fraud", "note": ""})
    assert route_params == str({"id": "o_17%2Fa b"})


async def test_an_unknown_path_is_a_problem_document() -> None:
    answer = await ask(an_app_with("v1/orders", echo), "GET", "/api/v1/nothing")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "urn:orderloom:problem:not-found",
        "title": "NotFound",
        "status": 404,
        "detail": "there is no such resource",
        "instance": "/api/v1/nothing",
        "code": "not-found",
    }


async def test_another_method_is_refused_with_the_methods_there_are() -> None:
    answer = await ask(an_app_with("v1/orders", echo, "GET", "POST"), "DELETE", "/api/v1/orders")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST")
    assert answer.json()["code"] == "method-not-allowed"


async def test_a_head_is_the_get_without_its_body() -> None:
    answer = await ask(an_app_with("v1/orders", echo), "HEAD", "/api/v1/orders")
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (201, b"", '"7"')
    assert int(answer.headers["content-length"]) > 0


async def test_a_fault_of_a_function_is_a_bare_500() -> None:
    answer = await ask(an_app_with("v1/orders", failing), "GET", "/api/v1/orders")
    assert (answer.status_code, answer.content) == (500, b"")


async def test_what_is_not_an_answer_is_a_bare_500() -> None:
    def number(req: func.HttpRequest) -> func.HttpResponse:
        return len(req.url)  # type: ignore[return-value] # the fault under test

    answer = await ask(an_app_with("v1/orders", number), "GET", "/api/v1/orders")
    assert (answer.status_code, answer.content) == (500, b"")


async def test_a_sync_wrapper_of_an_async_function_fails_when_it_is_called() -> None:
    # It indexes on the platform too, and fails there likewise.
    def wrapped(req: func.HttpRequest) -> func.HttpResponse:
        unawaited = echo(req)
        unawaited.close()
        return unawaited  # type: ignore[return-value] # the fault under test

    answer = await ask(an_app_with("v1/orders", wrapped), "GET", "/api/v1/orders")
    assert (answer.status_code, answer.content) == (500, b"")


async def test_a_sync_function_runs_beside_the_event_loop() -> None:
    def slow(req: func.HttpRequest) -> str:
        return f"hello {req.params['name']}"

    answer = await ask(an_app_with("v1/hello", slow), "GET", "/api/v1/hello?name=ann")
    assert (answer.status_code, answer.text) == (200, "hello ann")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


async def test_a_function_learns_of_its_invocation() -> None:
    async def who(req: func.HttpRequest, context: func.Context) -> str:  # noqa: ARG001 - the trigger
        return f"{context.function_name} {len(context.invocation_id)}"

    answer = await ask(an_app_with("v1/who", who, name="who"), "GET", "/api/v1/who")
    assert answer.text == "who 36"


async def test_a_body_over_the_limit_is_refused_by_its_length_alone() -> None:
    app = an_app_with("v1/orders", echo, "POST")
    async with hosting(app) as running:
        host, port = running.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"POST /api/v1/orders HTTP/1.1\r\nhost: x\r\ncontent-length: 1048577\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()
        assert head.startswith(b"HTTP/1.1 413 ")
        assert running.host.runner.finished == 0


async def test_a_body_without_a_length_is_refused_when_it_passes_the_limit() -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(BODY_BYTES_MAX // 65_536 + 1):
            yield b"x" * 65_536

    app = an_app_with("v1/orders", echo, "POST")
    async with serving(app) as (running, client):
        answer = await client.post("/api/v1/orders", content=endless())
        assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
        assert running.host.runner.finished == 0


async def test_a_body_at_the_limit_is_taken() -> None:
    app = an_app_with("v1/orders", echo, "POST")
    answer = await ask(app, "POST", "/api/v1/orders", content=b"x" * BODY_BYTES_MAX)
    assert answer.status_code == 201


async def test_a_path_that_is_not_text_is_refused() -> None:
    answer = await ask(an_app_with("v1/orders/{id}", echo), "GET", "/api/v1/orders/%ff")
    assert (answer.status_code, answer.json()["code"]) == (400, "unreadable")


async def test_requests_are_answered_side_by_side() -> None:
    both_are_here = asyncio.Event()
    waiting: list[str] = []

    async def meet(req: func.HttpRequest) -> str:
        waiting.append(req.params["name"])
        if len(waiting) == 2:
            both_are_here.set()
        await both_are_here.wait()
        return "met"

    app = an_app_with("v1/meet", meet)
    async with serving(app) as (_, client):
        calls = [client.get("/api/v1/meet", params={"name": name}) for name in ("a", "b")]
        answers = await asyncio.gather(*calls)
    assert [answer.text for answer in answers] == ["met", "met"]
    assert sorted(waiting) == ["a", "b"]


async def test_a_stopping_host_finishes_what_it_took_on_and_takes_nothing_more() -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def slow(req: func.HttpRequest) -> str:  # noqa: ARG001 - the trigger
        begun.set()
        await may_end.wait()
        return "done"

    async with serving(an_app_with("v1/slow", slow)) as (running, client):
        call = asyncio.ensure_future(client.get("/api/v1/slow"))
        await begun.wait()
        stopping = asyncio.ensure_future(running.host.stop())
        _, waiting = await asyncio.wait({stopping}, timeout=0.2)
        assert waiting == {stopping}
        with pytest.raises(httpx.ConnectError):
            async with httpx.AsyncClient() as other:
                await other.get(running.url)
        may_end.set()
        answer = await call
        await stopping
    assert (answer.status_code, answer.text) == (200, "done")


async def test_the_console_is_served_at_the_root(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<h1>board</h1>")
    (tmp_path / "board.js").write_text("fetch('/api/v1/orders')")
    app = an_app()
    add_route(app, "v1/orders", echo)
    chosen = Options(pace=FAST, console=tmp_path)
    async with serving(app, chosen=chosen) as (_, client):
        page, script = await client.get("/"), await client.get("/board.js")
        again = await client.get("/", headers={"If-None-Match": page.headers["etag"]})
        posted, missing = await client.post("/"), await client.get("/other.html")
    assert (page.status_code, page.text) == (200, "<h1>board</h1>")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert (again.status_code, again.content) == (304, b"")
    assert (posted.status_code, posted.headers["allow"]) == (405, "GET, HEAD")
    assert missing.status_code == 404
