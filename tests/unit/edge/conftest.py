from collections.abc import AsyncIterator

import pytest

from tests.unit.edge.door import close_all


@pytest.fixture(autouse=True)
async def worlds_are_closed() -> AsyncIterator[None]:
    yield
    await close_all()
