"""Several host processes on one port and one data folder: started, watched, stopped together.

Each child binds the port itself (SO_REUSEPORT) and the kernel divides the connections. A child that
crashes is started again and the others do not notice. If the supervisor itself dies, its children
find their standard input closed and stop.
"""

import asyncio
import contextlib
import signal
import sys
from asyncio.subprocess import PIPE, Process
from typing import Final

from local.host.bell import Patience
from local.host.server import listening_socket
from local.host.serving import Serving, announcement

RESTART_MIN_S: Final = 0.1
RESTART_MAX_S: Final = 5.0
STEADY_S: Final = 10.0  # a child that lived this long may be restarted at once again
STOP_S: Final = 15.0


class _Flock:
    """The children of a supervisor."""

    def __init__(self, serving: Serving, port: int) -> None:
        self._serving, self._port = serving, port
        self._processes: set[Process] = set()
        self._ready = 0
        self.all_ready = asyncio.Event()
        self.stopping = asyncio.Event()
        self.exit_code = 0

    async def keep_one(self) -> None:
        """Run one child, again and again, until all stop.

        One that ends before it ever answered has said why; another would end likewise.
        """
        loop = asyncio.get_running_loop()
        waits = Patience(RESTART_MIN_S, RESTART_MAX_S)
        is_first = True
        while not self.stopping.is_set():
            began = loop.time()
            code, has_answered = await self._run_child()
            if is_first and not has_answered and not self.stopping.is_set():
                self.exit_code = code
                self.stopping.set()
            is_first = False
            if loop.time() - began > STEADY_S:
                waits.reset()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), waits.next())

    async def _run_child(self) -> tuple[int, bool]:
        """Return a child's exit code, and whether it came to answer requests."""
        process = await asyncio.create_subprocess_exec(*self._command(), stdin=PIPE, stdout=PIPE)
        self._processes.add(process)
        has_answered = False
        try:
            if process.stdout is not None:
                has_answered = bool(await process.stdout.readline())
            self._ready += has_answered
            if self._ready == self._serving.processes:
                self.all_ready.set()
            code = await process.wait()
        finally:
            self._processes.discard(process)
        if has_answered and not self.stopping.is_set():
            sys.stderr.write(f"a host process ended with code {code}; another is started\n")
        return code, has_answered

    def _command(self) -> list[str]:
        serving = self._serving
        durability = serving.synchronous.lower() if serving.synchronous else ""
        return [
            *(sys.executable, "-m", "local", "serve", "--child"),
            *("--host", serving.host, "--port", str(self._port), "--data", str(serving.data)),
            *(("--durability", durability) if durability else ()),
        ]

    def terminate(self) -> None:
        """Ask the children to end."""
        self.stopping.set()
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()

    def kill(self) -> None:
        """End the children that did not."""
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError):
                process.kill()


async def supervise(serving: Serving) -> int:
    """Run the children until SIGTERM or SIGINT, or until one finds that it cannot begin.

    Raises:
        WrongUse: the port is taken.
    """
    # Without sharing first: another host on this port would let itself be shared unnoticed.
    probe = listening_socket(serving.host, serving.port)
    port = int(probe.getsockname()[1])
    probe.close()
    reserved = listening_socket(serving.host, port, is_shared=True)
    flock = _Flock(serving, port)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, flock.terminate)
    keepers = [loop.create_task(flock.keep_one()) for _ in range(serving.processes)]
    announcer = loop.create_task(_announce(flock, serving, port))
    try:
        await flock.stopping.wait()
        flock.terminate()
        _, late = await asyncio.wait(keepers, timeout=STOP_S)
        if late:
            flock.kill()
            await asyncio.wait(late)
    finally:
        announcer.cancel()
        reserved.close()
    return flock.exit_code


async def _announce(flock: _Flock, serving: Serving, port: int) -> None:
    await flock.all_ready.wait()
    print(f"{announcement(serving, port)}, in {serving.processes} processes", flush=True)
