"""Worlds of these tests are closed behind them."""

from collections.abc import AsyncIterator

import pytest

from tests.builders import Shop, a_shop


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    """A retailer of two stores, with a boot and no stock."""
    made = await a_shop()
    yield made
    await made.close()
