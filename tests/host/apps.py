"""Small apps for the host's tests: each call makes a fresh one, since an app is indexed once."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import azure.functions as func
import httpx

from local.host.bell import Pace
from local.host.host import Options, RunningHost, running_host
from local.host.host_json import HostSettings
from shared.kernel.bus import Message
from shared.kernel.clock import Clock
from shared.wiring import World, embedded_world

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
FAST = Pace(
    poll_min_s=0.002, poll_max_s=0.01, gather_s=0.0, retry_min_s=0.002, retry_max_s=0.01, stop_s=2.0
)


def an_app() -> func.FunctionApp:
    return func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


def an_app_with(
    route: str, handler: Callable[..., object], *methods: str, name: str = "answer"
) -> func.FunctionApp:
    app = an_app()
    add_route(app, route, handler, *methods, name=name)
    return app


def add_route(
    app: func.FunctionApp,
    route: str,
    handler: Callable[..., object],
    *methods: str,
    name: str = "answer",
) -> None:
    app.function_name(name)(app.route(route=route, methods=list(methods or ("GET",)))(handler))


def a_world(clock: Clock | None = None) -> World:
    return embedded_world(in_memory=True, clock=clock)


def options(**settings: object) -> Options:
    usual: dict[str, object] = {"calls_max": 4, "sessions_max": 4, "session_idle_s": 0.05}
    return Options(pace=FAST, settings=HostSettings(**(usual | settings)), console=None)  # type: ignore[arg-type] # any of its fields


def a_message(message_id: str = "m-1", **changes: object) -> Message:
    usual: dict[str, object] = {"message_id": message_id, "body": b'{"order":"o-17"}'}
    return Message(**(usual | changes))  # type: ignore[arg-type] # any of its fields


@asynccontextmanager
async def hosting(
    app: func.FunctionApp, *, world: World | None = None, chosen: Options | None = None
) -> AsyncIterator[RunningHost]:
    """Run a host in a world of its own, closed at the end."""
    place = world or a_world()
    try:
        async with running_host(app, place, options=chosen or options()) as running:
            yield running
    finally:
        await place.close()


@asynccontextmanager
async def serving(
    app: func.FunctionApp, *, chosen: Options | None = None
) -> AsyncIterator[tuple[RunningHost, httpx.AsyncClient]]:
    """Run a host, with a client of it."""
    async with (
        hosting(app, chosen=chosen) as running,
        httpx.AsyncClient(base_url=running.url) as client,
    ):
        yield running, client
