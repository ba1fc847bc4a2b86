"""Events that the routing consumer follows, from data that was parsed before."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError
from pydantic_core import from_json

from shared.contracts.following import follow_up_of
from shared.contracts.inventory import StockFreed
from shared.contracts.orders import OrderAccepted, OrderWork
from shared.contracts.outbox import record
from shared.contracts.stock import Ending, EndReservation
from shared.kernel.documents import EVENT_KINDS, Container

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
TASK = EndReservation(
    reservation_id="r1", sku="BOOT", location_id="berlin", quantity=2, ending=Ending.RELEASED
)
ACCEPTED = OrderAccepted(
    tenant_id="acme",
    occurred_at=NOW,
    order_id="o_1",
    order_version=3,
    connection="web",
    channel="web",
    currency="EUR",
    value_minor=100,
    lines=1,
    stock=(TASK,),
    route=True,
)


def test_what_an_order_asks_for_is_what_its_event_said() -> None:
    kind = EVENT_KINDS[Container.ORDERS]
    written = kind.encode(record(Container.ORDERS, "order", 3, ACCEPTED, actor="web").body)
    told = kind.decode(written)
    assert follow_up_of(told.name, told.data) == OrderWork(
        tenant_id="acme",
        occurred_at=NOW,
        order_id="o_1",
        order_version=3,
        stock=(TASK,),
        route=True,
    )


def test_freed_units_are_what_their_event_said() -> None:
    freed = StockFreed(tenant_id="acme", occurred_at=NOW, sku="B", location_id="x", quantity=2)
    data = from_json(freed.model_dump_json(exclude={"type"}))
    assert follow_up_of("inventory.stock-freed.v1", data) == freed


def test_an_event_that_asks_for_nothing_is_not_followed() -> None:
    assert follow_up_of("catalog.product-changed.v1", {"sku": "B"}) is None


def test_an_event_that_does_not_fit_is_told_of() -> None:
    with pytest.raises(ValidationError):
        follow_up_of("orders.order-held.v1", {"stock": [], "order_id": "o_1"})
