"""The HTTP server: uvicorn on uvloop and httptools, stopped by its host and not by signals."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Iterator
from typing import Final

import uvicorn

from local.host.asgi import Front
from local.wrong_use import WrongUse

BACKLOG: Final = 2_048
KEEP_ALIVE_S: Final = 30
TICK_S: Final = 1.0  # how often the Date header is made


def listening_socket(host: str, port: int, *, is_shared: bool = False) -> socket.socket:
    """Return a bound socket; port 0 takes a free one.

    Args:
        host: an address of this machine.
        port: to listen on.
        is_shared: other processes listen on the same port, and the kernel divides connections.

    Raises:
        WrongUse: the address is taken, not ours, or the port is not allowed.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_shared:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        found.bind((host, port))
    except OSError as error:
        found.close()
        raise WrongUse(_why(error, host, port)) from error
    found.setblocking(False)  # noqa: FBT003 - the standard library's signature
    return found


def _why(error: OSError, host: str, port: int) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"port {port} on {host} is taken; another one: --port {port + 1}"
        case errno.EACCES:
            return f"port {port} needs more rights; use one above 1023"
        case _:
            return f"cannot listen on {host}:{port}: {error.strerror}"


class Server(uvicorn.Server):
    """uvicorn without its signal handlers and without its ten wake-ups a second."""

    def __init__(self, front: Front, *, stop_s: float) -> None:
        super().__init__(
            uvicorn.Config(
                front,
                http="httptools",
                ws="none",
                lifespan="off",
                access_log=False,
                log_config=None,
                server_header=False,
                proxy_headers=False,
                backlog=BACKLOG,
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=max(1, round(stop_s)),
            )
        )
        self._ready = asyncio.Event()
        self._ended = asyncio.Event()

    async def listen(self, sockets: list[socket.socket]) -> "asyncio.Task[None]":
        """Begin to serve; return the task that ends after `close`."""
        task = asyncio.get_running_loop().create_task(self.serve(sockets))
        ready = asyncio.get_running_loop().create_task(self._ready.wait())
        await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        return task

    def close(self) -> None:
        """Stop accepting; requests in work are finished within the bound."""
        self.should_exit = True
        self._ended.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then tell so."""
        await super().startup(sockets)
        await self.on_tick(0)
        self._ready.set()

    async def main_loop(self) -> None:
        """Renew the Date header each second until closed."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), TICK_S)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the command; a host in a test must not take them."""
        yield
