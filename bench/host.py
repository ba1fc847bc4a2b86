"""What the embedded host costs: CPU per request over a bare uvicorn app, and time to first answer.

Each server runs in a process of its own and its CPU time is read from /proc, so that the client's
is not counted. The bare app reads the body and answers the same JSON.
"""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import azure.functions as func
import uvloop

from local.host.asgi import Front
from local.host.index import index
from local.host.invoke import Runner
from local.host.routes import Router
from local.host.server import Server, listening_socket
from local.host.static import Files

REQUESTS: Final = 6_000
WARM_UP: Final = 600
ROUTES: Final = 80  # about as many as the product has
STARTS: Final = 5
ROOT: Final = Path(__file__).resolve().parents[1]
ANSWER: Final = b'{"order_id":"o_17","status":"open"}'
BODY: Final = b'{"lines":[' + b'{"sku":"BOOT-42","quantity":2},' * 30 + b"{}]}"
GET: Final = (
    b"GET /api/v1/orders/o_17?expand=lines HTTP/1.1\r\nhost: localhost\r\naccept: */*\r\n"
    b"authorization: Bearer ol_dev_acme.k1_secret\r\nuser-agent: bench\r\n\r\n"
)
POST: Final = (
    b"POST /api/v1/orders/o_17:cancel HTTP/1.1\r\nhost: localhost\r\naccept: */*\r\n"
    b"authorization: Bearer ol_dev_acme.k1_secret\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\n\r\n%s" % (len(BODY), BODY)
)
CASES: Final = {"get": GET, "post_1kb": POST}


def row(case: str, metric: str, value: float, unit: str) -> dict[str, object]:
    return {"benchmark": "host", "case": case, "metric": metric, "value": value, "unit": unit}


def run() -> Iterable[dict[str, object]]:
    """Measure both servers by turns, then the start of the real host."""
    for case, request in CASES.items():
        costs = {kind: min(cost_us(kind, request) for _ in range(2)) for kind in ("bare", "host")}
        for kind, cost in costs.items():
            yield row(f"{case}_{kind}", "cpu_per_request", round(cost, 1), "us")
        over = costs["host"] - costs["bare"]
        yield row(case, "cpu_over_bare_uvicorn", round(over, 1), "us")
    with tempfile.TemporaryDirectory() as folder:
        starts = sorted(start_s(folder) for _ in range(STARTS))
    yield row("serve", "start_to_first_answer_p50", round(starts[STARTS // 2], 3), "s")
    yield row("serve", "start_to_first_answer_max", round(starts[-1], 3), "s")


def cost_us(kind: str, request: bytes) -> float:
    with server(kind) as (process, port):
        ask(port, request, WARM_UP)
        before = cpu_s(process.pid)
        ask(port, request, REQUESTS)
        return (cpu_s(process.pid) - before) / REQUESTS * 1e6


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ask(port: int, request: bytes, times: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(times):
            connection.sendall(request)
            answer = b""
            while not answer.endswith(ANSWER):
                received = connection.recv(65_536)
                if not received:
                    raise ConnectionError(answer)
                answer += received


@contextmanager
def server(kind: str) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    process = subprocess.Popen(  # noqa: S603 - our own modules
        [sys.executable, "-m", "bench.host", kind], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        if process.stdout is None:
            raise RuntimeError("no output to read the port from")
        yield process, int(process.stdout.readline())
    finally:
        process.terminate()
        process.communicate()


def start_s(folder: str) -> float:
    began = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 - our own modules
        [sys.executable, "-m", "local", "serve", "--port", "0", "--data", folder],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        if process.stdout is None:
            raise RuntimeError("no output to read the address from")
        port = int(process.stdout.readline().split()[3].rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"GET /api/v1/health HTTP/1.1\r\nhost: localhost\r\n\r\n")
            connection.recv(65_536)
        return time.perf_counter() - began
    finally:
        process.terminate()
        process.communicate()


def bare_app() -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["method"] == "POST":
            while (await receive()).get("more_body"):
                continue
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(ANSWER))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": ANSWER})

    return app


def host_app() -> Any:
    app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

    async def answer(req: func.HttpRequest) -> func.HttpResponse:
        req.get_body()
        return func.HttpResponse(ANSWER, headers={"ETag": '"1"'}, mimetype="application/json")

    def add(name: str, route: str, method: str) -> None:
        app.function_name(name)(app.route(route=route, methods=[method])(answer))

    for number in range(ROUTES):
        add(f"other_{number}", f"v1/other{number}/{{id}}:act", "POST")
    add("cancel_order", "v1/orders/{id}:cancel", "POST")
    add("read_order", "v1/orders/{id}", "GET")
    return Front(Router(index(app)), Runner(), Files(None), "api")


async def serve(kind: str) -> None:
    listening = listening_socket("127.0.0.1", 0)
    server = Server(bare_app() if kind == "bare" else host_app(), stop_s=1)
    task = await server.listen([listening])
    print(listening.getsockname()[1], flush=True)
    await task


if __name__ == "__main__":
    with suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(sys.argv[1]))
