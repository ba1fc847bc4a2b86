"""Asks the same of Microsoft's worker and of our host, and prints both answers as JSON.

Runs in a process of its own: an app's functions can be asked for once in its life, so the worker's
index is made first and its functions are handed to our host.
"""

import asyncio
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import azure.functions as func
import httpx
from azure.functions.meta import Datum

from local.host.host import Options, running_host
from local.host.index import HTTP, SERVICE_BUS, Indexed, index
from local.host.messages import metadata_of, metadata_of_many
from local.host.service_bus import takes_many
from shared.kernel.bus import Received
from shared.wiring import clock, use
from shared.wiring.world import World, embedded_world
from tests.host.apps import a_message
from tests.host.worker_runtime import WorkerRuntime

ROOT = Path(__file__).resolve().parents[2]
# Both answers carry the moment they were made.
CORRELATION = {"x-correlation-id": "c-compare"}
TENANT = {
    "tenant_id": "acme", "name": "Acme", "currency": "EUR", "country": "DE",
    "zone": "Europe/Berlin",
}  # fmt: skip


async def main(data: Path) -> None:
    world = embedded_world(data)
    with use(world):
        worker = await WorkerRuntime.of(ROOT)
        app = sys.modules["function_app"].app
        _let_it_be_indexed_again(app)
        functions = index(app)
        report = {
            "worker_functions": sorted(worker.bindings),
            "host_functions": sorted(each.name for each in functions),
            "answers": await compare(worker, app, world),
            "invoked": [await invoke(worker, each) for each in functions if each.kind != HTTP],
        }
    await world.close()
    sys.stdout.write(json.dumps(report) + "\n")


def _let_it_be_indexed_again(app: func.FunctionApp) -> None:
    """Forget the names that the first indexing noted; only here two indexes are wanted."""
    app.functions_bindings = {}


def requests(
    platform_key: str,
) -> list[tuple[str, str, str, dict[str, str], dict[str, str], bytes]]:
    """Return (function, method, path, route parameters, headers, body)."""
    key = {"authorization": f"Bearer {platform_key}", "idempotency-key": "k-1"}
    body = json.dumps(TENANT).encode()
    me = "/api/v1/tenants/me/settings"
    return [
        ("openapi", "GET", "/api/v1/openapi.json", {}, {}, b""),
        ("read_settings", "GET", me, {}, {}, b""),
        ("read_settings", "GET", f"{me}?x=1&y=", {}, {"authorization": "Bearer ol_x"}, b""),
        ("list_tenants", "GET", "/api/v1/tenants", {}, {}, b""),
        ("list_tenants", "GET", "/api/v1/tenants?limit=1", {}, key, b""),
        ("create_tenant", "POST", "/api/v1/tenants", {}, {}, body),
        ("create_tenant", "POST", "/api/v1/tenants", {}, key, b"{"),
        ("suspend_tenant", "POST", "/api/v1/tenants/o:suspend", {"tenant": "o"}, key, b""),
        ("replay_parked", "POST", "/api/v1/parked/p_1:replay", {"parked": "p_1"}, key, b""),
    ]


async def compare(worker: WorkerRuntime, app: func.FunctionApp, world: World) -> list[list[object]]:
    found: list[list[object]] = []
    options = Options(console=None, is_pumping=False)
    async with (
        running_host(app, world, options=options) as running,
        httpx.AsyncClient(base_url=running.url) as client,
    ):
        for function, method, path, params, headers, body in requests(world.secrets.platform_key):
            sent = client.build_request(method, path, headers=headers | CORRELATION, content=body)
            ours = await client.send(sent)
            theirs = await worker.http(
                function,
                method=method,
                url=str(sent.url),
                headers={name.lower(): value for name, value in sent.headers.items()},
                params=params,
                body=body,
            )
            found.append([
                f"{method} {path}",
                _shown(ours.status_code, dict(ours.headers), ours.content),
                _shown(*theirs),
            ])  # fmt: skip
    return found


def _shown(status: int, headers: dict[str, str], body: bytes) -> list[Any]:
    # The server adds these two, whoever runs the function.
    kept = {
        name: value for name, value in headers.items() if name not in {"date", "content-length"}
    }
    return [status, kept, body.decode()]


async def invoke(worker: WorkerRuntime, function: Indexed) -> list[object]:
    """Invoke a function that is not of HTTP with what its trigger gives when there is little."""
    if function.kind == SERVICE_BUS:
        received = Received(a_message("m-1", body=b"not an event"), 1, 1, clock().now(), "token")
        datum, metadata = Datum(received.message.body, "bytes"), metadata_of(received)
        if takes_many(function):
            bodies = SimpleNamespace(bytes=(received.message.body,) * 2)
            datum = Datum(bodies, "collection_bytes")
            metadata = metadata_of_many([received] * 2)
    elif function.kind == "timerTrigger":
        datum, metadata = Datum('{"IsPastDue":false}', "json"), {}
    else:
        datum, metadata = Datum("[]", "json"), {}
    is_done, _ = await worker.invoke(function.name, datum, metadata)
    return [function.name, is_done, function.kind]


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
