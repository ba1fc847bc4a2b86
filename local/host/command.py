"""`python -m local serve`: the embedded host over a data folder."""

import argparse
import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal

from local.host.serving import Serving, announcement
from local.wrong_use import WrongUse

PORT: Final = 7071
PROCESSES_MAX: Final = 64
STDIN: Final = 0


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--port", type=_port, default=PORT, metavar="P", help="default: 7071")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--data", type=Path, default=Path("data"), metavar="DIR", help="data")
    parser.add_argument(
        "--durability",
        choices=("full", "normal"),
        help="full survives a power cut (default); normal may lose the last commits at one",
    )
    parser.add_argument(
        "--processes", type=_processes, default=1, metavar="N", help="share the port among N"
    )
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) <= 65_535):
        raise argparse.ArgumentTypeError(f"{text!r} is no port from 0 to 65535")
    return int(text)


def _processes(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= PROCESSES_MAX):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to {PROCESSES_MAX}")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT.

    Raises:
        WrongUse: it cannot begin.
    """
    durability: str | None = arguments.durability
    synchronous: Literal["FULL", "NORMAL"] | None = None
    if durability is not None:
        synchronous = "FULL" if durability == "full" else "NORMAL"
    serving = Serving(
        host=arguments.host,
        port=arguments.port,
        data=arguments.data,
        synchronous=synchronous,
        processes=arguments.processes,
        is_child=arguments.child,
    )
    check_folder(serving.data)
    if serving.processes > 1:
        from local.host.supervisor import supervise

        return run_on_uvloop(supervise(serving))
    return run_on_uvloop(serve(serving))


def run_on_uvloop(main: Coroutine[object, object, int]) -> int:
    """Run a coroutine to its end on uvloop; on asyncio's own loop where there is none."""
    factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    if sys.platform != "win32":
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main)


def check_folder(data: Path) -> None:
    """Make the data folder if need be.

    Raises:
        WrongUse: it is no folder, or nothing can be written into it.
    """
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WrongUse(f"--data {data} cannot be made: {error.strerror}") from error
    if not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        raise WrongUse(f"--data {data} cannot be written to")


async def serve(serving: Serving) -> int:
    """Serve in this process.

    Raises:
        WrongUse: the port is taken, a setting or the data is unusable, a function is refused.
    """
    listening = _listening(serving)
    from local.host.host import Host
    from local.host.index import RefusedFunction
    from shared.wiring import WrongSettings, embedded_world, settings_from, use
    from shared.wiring.logs import log_as_json

    try:
        settings = replace(settings_from(os.environ), data=serving.data)
        if serving.synchronous is not None:
            settings = replace(settings, synchronous=serving.synchronous)
        log_as_json(settings.log_level)
        world = embedded_world(settings=settings)
        from function_app import app

        with use(world):
            host = Host(app, world)
            try:
                await host.start(listening)
                await _until_stopped(serving, listening)
            finally:
                await host.stop()
                await world.close()
    except (WrongSettings, RefusedFunction) as error:
        raise WrongUse(str(error)) from error
    finally:
        listening.close()
    return 0


def _listening(serving: Serving) -> socket.socket:
    from local.host.server import listening_socket

    return listening_socket(serving.host, serving.port, is_shared=serving.is_child)


async def _until_stopped(serving: Serving, listening: socket.socket) -> None:
    """Say where we are, then wait for a signal, or for the end of who started us."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop, stopped)
    if serving.is_child:
        loop.add_reader(STDIN, _end_with_parent, stopped)
    print(announcement(serving, listening.getsockname()[1]), flush=True)
    await stopped.wait()
    if serving.is_child:
        loop.remove_reader(STDIN)


def _stop(stopped: asyncio.Event) -> None:
    if stopped.is_set():
        os._exit(130)  # asked twice: the databases bear it
    stopped.set()


def _end_with_parent(stopped: asyncio.Event) -> None:
    """The supervisor never writes: what can be read is the end of its pipe, and of it."""
    if not os.read(STDIN, 1):
        stopped.set()
