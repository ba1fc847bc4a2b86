"""The host as users run it, in a process of its own over a seeded folder, and clients for it.

What is charged is the CPU of the server's processes (user and system); clients and the instrument
that waits for what the host does by itself are in this process and are not counted.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from bench._instrument import Instrument
from bench.retailer import Retailer, seed
from shared.wiring import Settings, embedded_world

ROOT: Final = Path(__file__).resolve().parents[1]
HEAD_BYTES_MAX: Final = 65_536


@dataclass(frozen=True, slots=True)
class Serving:
    """A server that answers, and what it serves."""

    pid: int
    port: int
    data: Path
    retailer: Retailer
    started_s: float

    def cpu_s(self) -> float:
        """Return user and system seconds of the server and of its children."""
        return sum(_cpu_s(pid) for pid in (self.pid, *_children(self.pid)))

    def peak_bytes(self) -> int:
        """Return the peak of resident memory, all processes together."""
        return sum(_peak_bytes(pid) for pid in (self.pid, *_children(self.pid)))


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in text.split()]


@contextmanager
def serving(*, processes: int = 1, **retailer: int) -> Iterator[Serving]:
    """Seed a retailer and serve it with durable commits."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        seeded = asyncio.run(_seeded(data, retailer))
        began = perf_counter()
        process = _start(data, processes)
        try:
            if process.stdout is None:
                raise RuntimeError("no output to read the address from")
            port = int(process.stdout.readline().split()[3].rpartition(":")[2])
            yield Serving(process.pid, port, data, seeded, perf_counter() - began)
        finally:
            process.terminate()
            process.communicate()


async def _seeded(data: Path, retailer: dict[str, int]) -> Retailer:
    # Not durable: only the seeding, whose time nobody measures.
    world = embedded_world(settings=Settings(data=data, synchronous="NORMAL"))
    try:
        return await seed(world, **retailer)
    finally:
        await world.close()


def _start(data: Path, processes: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "local", "serve", "--port", "0", "--data", str(data)]
    command += ["--durability", "full", "--processes", str(processes)]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ORDERLOOM_")}
    environment |= {"ORDERLOOM_RATE_PER_S": "0", "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(  # noqa: S603 - our own modules
        command, cwd=ROOT, env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip


class Client:
    """One connection that is kept, with a tenant's key."""

    def __init__(self, port: int, token: str) -> None:
        self._port, self._token = port, token
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(
        self, method: str, path: str, body: object = None, *, key: str | None = None
    ) -> Any:
        """Send a request; return its answer's JSON.

        Raises:
            RuntimeError: it was refused.
        """
        if self._writer is None or self._reader is None:
            self._reader, self._writer = await asyncio.open_connection(
                "127.0.0.1", self._port, limit=16_000_000
            )
        raw = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
        self._writer.write(self._head(method, path, raw, key) + raw)
        head = await self._reader.readuntil(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
        answer = await self._reader.readexactly(_length(head))
        if status >= 400:
            raise RuntimeError(f"{method} {path}: {status} {answer.decode()}")
        return json.loads(answer) if answer else None

    def _head(self, method: str, path: str, raw: bytes, key: str | None) -> bytes:
        lines = [
            f"{method} /api/v1{path} HTTP/1.1",
            "host: localhost",
            f"authorization: Bearer {self._token}",
            f"content-length: {len(raw)}",
        ]
        if raw:
            lines.append("content-type: application/json")
        if key is not None:
            lines.append(f"idempotency-key: {key}")
        return "\r\n".join([*lines, "", ""]).encode()

    def close(self) -> None:
        """Hang up."""
        if self._writer is not None:
            self._writer.close()


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise ValueError("an answer without content-length")


@asynccontextmanager
async def instrument(server: Serving) -> AsyncIterator[Instrument]:
    """Open the instrument on a server's files."""
    opened = Instrument(server.data)
    try:
        yield opened
    finally:
        await opened.close()


@dataclass(frozen=True, slots=True)
class Measured:
    """What a run took: seconds of each call, the whole's, and CPU seconds of the server."""

    each_s: tuple[float, ...]
    wall_s: float
    cpu_s: float

    @property
    def per_s(self) -> float:
        return len(self.each_s) / self.wall_s

    @property
    def cpu_ms(self) -> float:
        return self.cpu_s / len(self.each_s) * 1e3

    def quantile_ms(self, share: float) -> float:
        """Return the time that this share of the calls did not exceed."""
        ordered = sorted(self.each_s)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1e3


async def measure(
    server: Serving,
    seen: Instrument,
    clients: int,
    calls: int,
    call: Callable[..., Awaitable[None]],
) -> Measured:
    """Do `call(client, number)` so often from so many clients; CPU until all of it was worked."""
    numbers = iter(range(calls))
    each: list[float] = []

    async def work() -> None:
        client = Client(server.port, server.retailer.token)
        try:
            for number in numbers:
                began = perf_counter()
                await call(client, number)
                each.append(perf_counter() - began)
        finally:
            client.close()

    await seen.quiet()
    cpu, began = server.cpu_s(), perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(work())
    wall = perf_counter() - began
    await seen.quiet()
    return Measured(tuple(each), wall, server.cpu_s() - cpu)


def rows_of(benchmark: str, case: str, found: Measured, unit: str) -> Iterator[dict[str, object]]:
    """Return a run's rows."""
    for metric, value, of in (
        (f"{unit}s_per_s", found.per_s, "1/s"),
        (f"cpu_per_{unit}", found.cpu_ms, "ms"),
        ("p50", found.quantile_ms(0.5), "ms"),
        ("p95", found.quantile_ms(0.95), "ms"),
    ):
        yield row(benchmark, case, metric, value, of)


def row(benchmark: str, case: str, metric: str, value: float, unit: str) -> dict[str, object]:
    """Return one row as every benchmark prints it."""
    named: dict[str, object] = {"benchmark": benchmark, "case": case, "metric": metric}
    return {**named, "value": round(value, 3), "unit": unit}
