"""Returns through their doors: HTTP and the queue `returns-in`."""

from collections.abc import AsyncIterator
from typing import Any

import azure.functions as func
import pytest

from functions.returns import (
    approve_return,
    cancel_return,
    close_return,
    create_return,
    decline_return,
    inspect_return,
    look_up_orders,
    read_return,
    receive_return,
    receive_returns,
    search_returns,
)
from shared.adapters.embedded.faults import Crash
from shared.orders import service as orders
from shared.orders.model import Order
from shared.returns import service
from shared.tenants import parking
from shared.tenants import service as tenants
from shared.tenants.model import Role
from shared.tenants.service import CreateKey
from shared.wiring import office, use
from tests.flows.counter import TENANT, Counter, a_counter, a_line, close_all
from tests.unit.edge.door import a_cloud_event, a_message, a_request, json_of


@pytest.fixture(autouse=True)
async def worlds_are_closed() -> AsyncIterator[None]:
    yield
    await close_all()


async def a_key(counter: Counter, role: Role = Role.OPERATOR, *locations: str) -> str:
    with use(counter.world):
        key = CreateKey(label=role, role=role, locations=locations)
        made = await tenants.create_key(office(), TENANT, key, actor="test", now=counter.now)
    return made.token


async def send(
    counter: Counter, trigger: Any, key: str, return_id: str = "", body: object = None, **more: Any
) -> tuple[int, Any]:
    request = a_request(
        "POST",
        "/api/v1/returns",
        key=key,
        body=body,
        headers={"Idempotency-Key": more.pop("once", "k-1")},
        route={"return": return_id},
        query=more,
    )
    with use(counter.world):
        response: func.HttpResponse = await trigger(request)
    return response.status_code, json_of(response)


def asked(order: Order, quantity: int = 1, **changes: Any) -> dict[str, Any]:
    lines = [{"line_id": "1", "quantity": quantity, "reason": "too-small"}]
    return {"order_id": order.order_id, "lines": lines} | changes


async def tell(counter: Counter, record: dict[str, Any], *, id: str = "till-1") -> None:
    data = {"type": "returns.record-return.v1", "tenant_id": TENANT, "record": record}
    with use(counter.world):
        await receive_returns(a_message(a_cloud_event(data, id=id)))


async def parked(counter: Counter) -> list[str]:
    page = await parking.list_parked(counter.world.store, TENANT, limit=50, cursor=None)
    return [row.body.code for row in page.items]


async def test_a_return_goes_its_way_over_http() -> None:
    counter = await a_counter()
    order = await counter.sold(a_line(quantity=1))
    key = await a_key(counter)
    status, made = await send(counter, create_return, key, body=asked(order))
    name = made["return_id"]
    assert (status, made["status"]) == (201, "requested")
    assert "made_by" not in made
    status, again = await send(counter, create_return, key, body=asked(order))
    assert (status, again["return_id"]) == (201, name)
    assert (await send(counter, approve_return, key, name))[1]["status"] == "approved"
    parcel = {"parcel": "p1", "location_id": "munich"}
    assert (await send(counter, receive_return, key, name, parcel))[1]["status"] == "received"
    units = [{"line_id": "1", "disposition": "resell", "quantity": 1}]
    looked = {"batch": "b1", "location_id": "munich", "units": units}
    _, done = await send(counter, inspect_return, key, name, looked)
    assert (done["status"], done["advice"]["refund_minor"]) == ("inspected", 2500)
    assert (await send(counter, close_return, key, name))[1]["status"] == "closed"
    _, shown = await send(counter, read_return, key, name)
    assert shown["status"] == "closed"
    _, found = await send(counter, search_returns, key, order=order.order_id, status="closed")
    assert [row["return_id"] for row in found["items"]] == [name]


async def test_a_window_that_is_over_is_refused_with_a_stable_code() -> None:
    counter = await a_counter(return_window_days=0)
    order = await counter.sold(a_line(sku="SOCK-1", quantity=1), a_line(line_id="2", quantity=1))
    key = await a_key(counter)
    status, problem = await send(counter, create_return, key, body=asked(order))
    assert (status, problem["code"]) == (409, "final-sale")
    lines = [{"line_id": "2", "quantity": 2, "reason": "x"}]
    status, problem = await send(
        counter, create_return, key, body=asked(order) | {"lines": lines}, once="k-2"
    )
    assert (status, problem["code"]) == (409, "not-returnable")


async def test_returns_are_declined_and_called_off_over_http() -> None:
    counter = await a_counter()
    order = await counter.sold(a_line(quantity=2))
    key = await a_key(counter)
    _, first = await send(counter, create_return, key, body=asked(order))
    _, second = await send(counter, create_return, key, body=asked(order), once="k-2")
    reason = {"reason": "worn"}
    _, declined = await send(counter, decline_return, key, first["return_id"], reason)
    _, cancelled = await send(counter, cancel_return, key, second["return_id"], reason)
    assert (declined["status"], declined["reason"]) == ("declined", "worn")
    assert (cancelled["status"], cancelled["reason"]) == ("cancelled", "worn")


async def test_an_associate_sees_and_does_what_is_of_their_location() -> None:
    counter = await a_counter()
    order = await counter.sold(a_line(quantity=2))
    berlin = await a_key(counter, Role.ASSOCIATE, "berlin")
    both = await a_key(counter, Role.ASSOCIATE, "berlin", "hamburg")
    munich = await a_key(counter, Role.ASSOCIATE, "munich")
    _, made = await send(counter, create_return, berlin, body=asked(order, location_id="berlin"))
    name = made["return_id"]
    for key, query, seen in (
        (berlin, {}, 1),
        (munich, {}, 0),
        (munich, {"order": order.order_id}, 1),
        (both, {"location": "berlin"}, 1),
    ):
        _, page = await send(counter, search_returns, key, **query)
        assert len(page["items"]) == seen
    for key, query in ((both, {}), (munich, {"location": "berlin"})):
        assert (await send(counter, search_returns, key, **query))[0] == 403
    reason = {"reason": "x"}
    assert (await send(counter, cancel_return, munich, name, reason))[0] == 403
    assert (await send(counter, approve_return, berlin, name))[0] == 403
    assert (await send(counter, cancel_return, berlin, name, reason))[0] == 200


async def test_an_unknown_status_is_refused() -> None:
    counter = await a_counter()
    status, problem = await send(counter, search_returns, await a_key(counter), status="lost")
    assert (status, problem["errors"][0]["code"]) == (422, "unknown-status")


async def test_an_order_is_looked_up_with_a_body() -> None:
    counter = await a_counter()
    order = await counter.sold()
    key = await a_key(counter, Role.ASSOCIATE, "munich")
    status, page = await send(counter, look_up_orders, key, body={"number": "#1001"})
    assert status == 200
    assert [row["order_id"] for row in page["items"]] == [order.order_id]


async def test_a_till_and_a_3pl_tell_of_a_return() -> None:
    counter = await a_counter()
    order = await counter.sold(a_line(quantity=1))
    by_reference = {
        "connection": "web",
        "order_reference": "#1001",
        "reference": "till-7/42",
        "lines": [{"code": "BOOT-42", "quantity": 1, "reason": "too-small"}],
    }
    for number in range(2):
        await tell(counter, {"kind": "take", "request": by_reference}, id=f"till-{number}")
    name = f"{order.order_id}.r1"
    await service.approve(counter.world.store, counter.caller(), name, counter.now)
    await tell(counter, {"kind": "depart", "return_id": name}, id="carrier-1")
    receipt = {"parcel": "p1", "location_id": "hamburg"}
    for sender in ("till", "3pl"):
        record = {"kind": "receive", "return_id": name, "receipt": receipt}
        await tell(counter, record, id=f"{sender}-9")
    units = [{"line_id": "1", "disposition": "damaged", "quantity": 1}]
    looked = {"batch": "b1", "location_id": "hamburg", "units": units}
    await tell(counter, {"kind": "inspect", "return_id": name, "inspection": looked}, id="3pl-10")
    await counter.settle(order.order_id, times=2)
    stored = await service.get(counter.world.store, TENANT, name)
    assert (stored.body.status, len(stored.body.receipts)) == ("inspected", 1)
    assert await counter.stock(location_id="hamburg") == (11, 0, 1, 10)
    assert (await counter.order(order.order_id)).returns == 1
    assert await parked(counter) == []


async def test_a_message_that_names_another_tenant_inside_is_parked() -> None:
    counter = await a_counter()
    data = {
        "type": "returns.record-return.v1",
        "tenant_id": "other",
        "record": {"kind": "depart", "return_id": "o_1.r1"},
    }
    with use(counter.world):
        await receive_returns(a_message(a_cloud_event(data)))
    assert await parked(counter) == ["invalid"]


class DiesAtTheSecondWrite:
    """Armed, the process dies instead of writing a second batch."""

    def __init__(self) -> None:
        self.left: int | None = None

    async def before(self, call: str, detail: object) -> None:  # noqa: ARG002 - the protocol names it
        if call == "documents.batch" and self.left is not None:
            if self.left == 0:
                raise Crash
            self.left -= 1

    async def after(self, call: str, detail: object) -> None:
        """Let it pass."""


async def test_an_exchange_that_broke_off_is_ordered_by_its_event() -> None:
    faults = DiesAtTheSecondWrite()
    counter = await a_counter(faults=faults)
    order = await counter.sold(a_line(quantity=1))
    out = {"sku": "BOOT-42", "quantity": 1, "for_line": "1", "taken": True}
    faults.left = 1
    with pytest.raises(Crash):
        await counter.ask(order, ("1", 1), received=True, location_id="berlin", exchange=[out])
    faults.left = None
    wanted = orders.OrderSearch(connection="exchange")
    assert (await orders.search(counter.world.store, TENANT, wanted)).items == ()
    await counter.settle(order.order_id, times=2)
    (row,) = (await orders.search(counter.world.store, TENANT, wanted)).items
    assert row.body.exchange_of == f"{order.order_id}.r1"
    assert (await counter.order(order.order_id)).refunded_minor == 2500
