"""What other processes do in the tests of the embedded bus; imported by them on spawn."""

import asyncio
from collections.abc import Callable, Coroutine
from multiprocessing.connection import Connection
from typing import Any

from shared.adapters.embedded.bus import EmbeddedBus
from shared.adapters.embedded.bus_topology import read_topology
from shared.kernel.clock import SystemClock
from tests.contracts.bus_contract import TOPOLOGY, a_message


def open_bus(path: str) -> EmbeddedBus:
    return EmbeddedBus(path, read_topology(TOPOLOGY), clock=SystemClock(), synchronous="NORMAL")


def _run(path: str, verb: Callable[[EmbeddedBus], Coroutine[Any, Any, None]]) -> None:
    async def whole() -> None:
        bus = open_bus(path)
        await verb(bus)
        await bus.close()

    asyncio.run(whole())


def compete(path: str, name: str, count: int, line: Connection) -> None:
    """Send `count` messages, then settle whatever comes until all is gone; tell what was settled.

    The parent answers the first word when every process has sent.
    """

    async def verb(bus: EmbeddedBus) -> None:
        for start in range(0, count, 10):
            await bus.send("plain", [a_message(f"{name}-{start + i}") for i in range(10)])
        line.send("sent")
        line.recv()
        settled: list[str] = []
        while received := await bus.receive("plain", 7):
            await asyncio.gather(*(bus.complete("plain", each) for each in received))
            settled += [each.message.message_id for each in received]
        line.send(settled)

    _run(path, verb)


def hold(path: str, line: Connection) -> None:
    """Lock a message and a session, tell so, and wait to be killed."""

    async def verb(bus: EmbeddedBus) -> None:
        received = await bus.receive("plain", 1)
        session_id = await bus.accept_session("in-order")
        await bus.receive("in-order", 1, session_id=session_id)
        line.send((received[0].message.message_id, session_id))
        line.recv()

    _run(path, verb)
