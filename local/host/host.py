"""The host: an app's functions, indexed once, with everything that triggers them."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import azure.functions as func

from local.host.asgi import Front
from local.host.bell import Pace
from local.host.change_feed import FeedPump
from local.host.host_json import HostSettings, read_host_json
from local.host.index import SERVICE_BUS, Indexed, RefusedFunction, index
from local.host.invoke import LOGGER, Runner
from local.host.pump import Pump
from local.host.routes import Router
from local.host.server import Server, listening_socket
from local.host.service_bus import QueuePump, Station, path_of
from local.host.sessions import SessionPump
from local.host.static import Files
from local.host.timers import TimerPump
from shared.kernel.documents import Container
from shared.wiring import World, use

ROOT: Final = Path(__file__).resolve().parents[2]
CONSOLE: Final = ROOT / "console"
HOST_JSON: Final = ROOT / "host.json"
SETTLE_ROUNDS_MAX: Final = 10_000

_log = logging.getLogger(LOGGER)


@dataclass(frozen=True, slots=True)
class Options:
    """How a host is run.

    Attributes:
        pace: how patient its pumps are.
        settings: of host.json; by default the project's.
        console: the folder of the files at `/`.
        is_pumping: False serves HTTP only.
    """

    pace: Pace = field(default_factory=Pace)
    settings: HostSettings | None = None
    console: Path | None = CONSOLE
    is_pumping: bool = True


class Host:
    """Runs an app's functions in a world; `start` and `stop` once each.

    Raises:
        RefusedFunction: Azure would not run one of them, or nothing here can feed it.
        WrongUse: host.json cannot be honored.
    """

    def __init__(self, app: func.FunctionApp, world: World, options: Options | None = None) -> None:
        self._options = options or Options()
        self._world = world
        settings = self._options.settings or read_host_json(HOST_JSON)
        self.functions = index(app)
        self.runner = Runner()
        files = Files(self._options.console)
        self.front = Front(Router(self.functions), self.runner, files, settings.route_prefix)
        station = Station(world.bus, world.clock, self.runner, settings, self._options.pace)
        pumping = self.functions if self._options.is_pumping else ()
        self.pumps: tuple[Pump, ...] = tuple(
            pump for each in pumping if (pump := _pump(world, station, each)) is not None
        )
        self._server: Server | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._is_stopping = False

    async def start(self, listening: socket.socket) -> None:
        """Serve HTTP on a bound socket and start the pumps.

        Raises:
            RefusedFunction: a function listens on a queue or subscription that does not exist.
        """
        for function in self.functions if self._options.is_pumping else ():
            if function.kind == SERVICE_BUS:
                await self._check_path(function)
        self._listen_to_world()
        self._server = Server(self.front, stop_s=self._options.pace.stop_s)
        self._tasks.append(await self._server.listen([listening]))
        loop = asyncio.get_running_loop()
        self._tasks.extend(loop.create_task(self._keep_running(pump)) for pump in self.pumps)

    async def stop(self) -> None:
        """Take nothing more on, finish what runs within the bound, give back leases and locks."""
        self._is_stopping = True
        self._hush_world()
        for pump in self.pumps:
            pump.stop()
        if self._server is not None:
            self._server.close()
        if self._tasks:
            # One second more than the server gives itself, so that it can end by its own bound.
            _, late = await asyncio.wait(self._tasks, timeout=self._options.pace.stop_s + 1)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        self.runner.close()

    def ring(self) -> None:
        """Let every pump look at once; after a stepped clock was moved, say."""
        for pump in self.pumps:
            pump.ring()

    async def settled(self) -> None:
        """Return when nothing runs and no pump finds anything: the world is quiet at this time.

        What is scheduled for later stays so. Only this process is looked at.
        """
        for _ in range(SETTLE_ROUNDS_MAX):
            before = self.runner.finished
            polls = {pump: pump.empty_polls for pump in self.pumps}
            while any(pump.empty_polls == polls[pump] or pump.is_busy for pump in self.pumps):
                self.ring()
                await asyncio.sleep(0.001)
            if self.runner.in_work == 0 and self.runner.finished == before:
                return
        raise TimeoutError("the world does not become quiet: something triggers itself")

    async def _check_path(self, function: Indexed) -> None:
        try:
            await self._world.bus.peek(path_of(function), 1)
        except ValueError as error:
            raise RefusedFunction(function.name, str(error)) from error

    async def _keep_running(self, pump: Pump) -> None:
        """Run a pump until it is stopped; a fault of ours in it must not end it for good."""
        while not self._is_stopping:
            try:
                await pump.run()
            except Exception:  # noqa: BLE001 - the last resort: said, and tried again
                _log.exception("pump_failed", extra={"function": pump.name})
                await asyncio.sleep(self._options.pace.retry_max_s)

    def _listen_to_world(self) -> None:
        self._changes().append(self._on_change)
        self._sends().append(self._on_send)

    def _hush_world(self) -> None:
        with contextlib.suppress(ValueError):
            self._changes().remove(self._on_change)
        with contextlib.suppress(ValueError):
            self._sends().remove(self._on_send)

    def _changes(self) -> list[Callable[[Container], None]]:
        """The store's listeners to news; a store that has none is polled, as is all else."""
        found: list[Callable[[Container], None]] = getattr(self._world.store, "on_news", [])
        return found

    def _sends(self) -> list[Callable[[frozenset[str]], None]]:
        """The bus's listeners; a bus that has none is polled."""
        found: list[Callable[[frozenset[str]], None]] = getattr(self._world.bus, "on_send", [])
        return found

    def _on_change(self, container: Container) -> None:
        for pump in self.pumps:
            if isinstance(pump, FeedPump) and pump.container is container:
                pump.ring()

    def _on_send(self, paths: frozenset[str]) -> None:
        for pump in self.pumps:
            if isinstance(pump, SessionPump) and pump.path in paths:
                pump.ring_for(paths)
            elif isinstance(pump, QueuePump) and pump.path in paths:
                pump.ring_sent()


def _pump(world: World, station: Station, function: Indexed) -> Pump | None:
    match function.kind:
        case "serviceBusTrigger" if function.is_set("is_sessions_enabled"):
            return SessionPump(station, function)
        case "serviceBusTrigger":
            return QueuePump(station, function)
        case "cosmosDBTrigger":
            return FeedPump(world.store, station.runner, function, station.pace)
        case "timerTrigger":
            return TimerPump(world.store, world.clock, station.runner, function, station.pace)
        case _:
            return None


@dataclass(frozen=True, slots=True)
class RunningHost:
    """A host that serves; `url` is without a slash at its end."""

    host: Host
    url: str


@contextlib.asynccontextmanager
async def running_host(
    app: func.FunctionApp,
    world: World,
    *,
    port: int = 0,
    address: str = "127.0.0.1",
    options: Options | None = None,
) -> AsyncIterator[RunningHost]:
    """Run a host in this process for a while, in the given world; port 0 takes a free one.

    Raises:
        RefusedFunction, WrongUse: see `Host` and `listening_socket`.
    """
    with use(world):
        host = Host(app, world, options)
        listening = listening_socket(address, port)
        found = listening.getsockname()[1]
        try:
            await host.start(listening)
            yield RunningHost(host, f"http://{address}:{found}")
        finally:
            await host.stop()
            listening.close()
