"""The bus contract over the bus in memory, and that it tells the embedded bus's histories."""

from collections.abc import AsyncIterator

import pytest

from shared.adapters.embedded.bus_topology import read_topology
from shared.adapters.memory.bus import MemoryBus
from shared.kernel.clock import SteppedClock
from tests.contracts.bus_contract import NOON, TOPOLOGY, BusContract, Stage
from tests.contracts.test_embedded_bus import a_stage


class TestMemoryBus(BusContract):
    @pytest.fixture
    async def stage(self) -> AsyncIterator[Stage]:
        clock = SteppedClock(NOON)
        bus = MemoryBus(read_topology(TOPOLOGY), clock=clock)
        yield a_stage(bus, bus, clock)
        await bus.close()
