"""The store in plain memory under the contract of all stores, and beside the embedded one."""

import pytest

from shared.adapters.memory.documents import MemoryDocuments
from shared.kernel.clock import SteppedClock
from tests.contracts.store_contract import START, StoreContract


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(START)


class TestMemory(StoreContract):
    @pytest.fixture
    def store(self, clock: SteppedClock) -> MemoryDocuments:
        return MemoryDocuments(clock=clock)
