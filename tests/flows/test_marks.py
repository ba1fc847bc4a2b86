"""Events that nobody would hear of carry no mark, so that filters keep them from subscriptions."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.flows.marks import marks_of
from shared.flows.telling import Telling
from shared.kernel.documents import Container, Create, EventDocument, Kind
from shared.notifications import service
from shared.notifications.model import CONFIG, ENDPOINTS, EndpointDetails
from shared.wiring import embedded_world, telling, use
from tests.unit.edge.door import START

TENANT = "acme"
OPEN_PARTS = [{"line_id": "1", "part": 1, "quantity": 1, "state": "promised"}]


async def marks(told: Telling, event_type: str, **data: Any) -> set[str]:
    return set(await marks_of(told, TENANT, event_type, data, START))


@pytest.fixture
async def told() -> AsyncIterator[Telling]:
    world = embedded_world(in_memory=True)
    with use(world):
        yield telling()
    await world.close()


async def asks(told: Telling, *events: str, is_in_use: bool = True) -> None:
    details = EndpointDetails(url="https://93.184.216.34/hook", events=events)
    made = await service.create_endpoint(told.hooks, TENANT, details, START)
    if not is_in_use:
        await service.set_in_use(told.hooks, TENANT, made.endpoint_id, is_in_use=False)


async def test_an_event_that_nobody_asked_for_has_no_mark(told: Telling) -> None:
    assert await marks(told, "inventory.stock-changed.v1", sku="BOOT") == set()


async def test_an_event_that_an_endpoint_asked_for_is_to_be_told(told: Telling) -> None:
    await asks(told, "availability.changed")
    assert await marks(told, "inventory.stock-changed.v1", sku="BOOT") == {"told"}
    assert await marks(told, "fulfillment.fulfillment-changed.v1") == set()


async def test_an_endpoint_that_is_out_of_use_hears_nothing(told: Telling) -> None:
    await asks(told, "*", is_in_use=False)
    assert await marks(told, "inventory.stock-changed.v1", sku="BOOT") == set()


async def test_what_has_no_public_name_is_told_to_no_endpoint(told: Telling) -> None:
    await asks(told, "*")
    assert await marks(told, "orders.customer-linked.v1", order_id="o_1") == set()


async def test_what_the_customer_is_written_of_is_told_without_any_endpoint(told: Telling) -> None:
    assert await marks(told, "orders.order-accepted.v1", parts=OPEN_PARTS) == {"told"}
    reminder = {"reason": "pickup-reminder"}
    assert await marks(told, "fulfillment.fulfillment-changed.v1", **reminder) == {"told"}


@pytest.mark.parametrize(
    ("channel", "is_written_back"), [("shopify", True), ("web", False), (None, True)]
)
async def test_what_left_is_for_the_channel_that_is_written_back_to(
    told: Telling, channel: str | None, is_written_back: bool
) -> None:
    for event in ("fulfillment.parts-shipped.v1", "fulfillment.parts-handed-over.v1"):
        found = await marks(told, event, channel=channel)
        assert ("written_back" in found) is is_written_back
    assert await marks(told, "orders.parts-reset.v1", channel="shopify") == set()


async def test_whoever_cannot_know_the_endpoints_has_the_event_told() -> None:
    world = embedded_world(in_memory=True)
    with use(world):
        told = telling()
        await world.close()
        assert await marks(told, "inventory.stock-changed.v1", sku="BOOT") == {"told"}


async def test_an_endpoint_that_cannot_be_read_has_the_event_told(told: Telling) -> None:
    """Whoever receives it is parked alone; a relay that stopped would stop every tenant's."""
    unreadable = Kind(Container.MASTER, ENDPOINTS.type, EventDocument)
    body = EventDocument(name="x", at=START, actor="x")
    create = Create(unreadable, "endpoint:broken", body)
    await told.store.batch(TENANT, Container.MASTER, CONFIG, (create,))
    assert await marks(told, "inventory.stock-changed.v1", sku="BOOT") == {"told"}
