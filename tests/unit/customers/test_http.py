"""Customers over HTTP."""

from collections.abc import AsyncIterator
from typing import Any

import azure.functions as func
import pytest

from functions import customers
from shared.contracts.intake import Contact
from shared.customers import service
from shared.customers.model import OrderFacts, keyring_of
from shared.tenants.model import Role
from shared.wiring import ids, store, tenants, use
from tests.unit.edge.door import START, TENANT, Door, a_door, a_request, close_all, json_of


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    opened = await a_door()
    with use(opened.world):
        yield opened
    await close_all()


def asked(door: Door, method: str = "GET", **request: Any) -> func.HttpRequest:
    key = door.keys[request.pop("role", Role.OPERATOR)]
    return a_request(method, "/api/v1/customers", key=key, **request)


async def ada() -> str:
    settings = await tenants().settings(TENANT, START)
    contact = Contact(name="Ada", email="ada@example.com", phone="030 123456")
    facts = OrderFacts("o_1")

    async def named(*_: object) -> bool:
        return True

    linked = await service.link(
        *(store(), TENANT, contact, facts),
        ring=keyring_of(settings),
        ids=ids(),
        name=named,
        now=START,
    )
    assert linked is not None
    return linked


@pytest.mark.parametrize("query", [{"email": "ADA@example.com"}, {"phone": "+49 30 123456"}])
async def test_a_customer_is_found_by_what_tells_who_they_are(
    door: Door, query: dict[str, str]
) -> None:
    customer_id = await ada()
    found = json_of(await customers.search_customers(asked(door, query=query)))
    assert [item["customer_id"] for item in found["items"]] == [customer_id]
    nobody = await customers.search_customers(asked(door, query={"loyalty_id": "VIP-7"}))
    assert json_of(nobody)["items"] == []


async def test_a_search_names_exactly_one_identifier(door: Door) -> None:
    for query in ({}, {"email": "a@b.de", "phone": "030 123456"}):
        answer = await customers.search_customers(asked(door, query=query))
        assert answer.status_code == 422


async def test_a_customer_is_changed_in_the_version_read(door: Door) -> None:
    route = {"customer": await ada()}
    read = await customers.read_customer(asked(door, route=route))
    change = {
        "body": {"tier": "gold"},
        "route": route,
        "headers": {"If-Match": read.headers["ETag"]},
    }
    saved = await customers.change_customer(asked(door, "PATCH", **change))
    late = await customers.change_customer(asked(door, "PATCH", **change))
    assert (json_of(saved)["tier"], json_of(saved)["version"]) == ("gold", 2)
    assert late.status_code == 412
    missing = await customers.read_customer(asked(door, route={"customer": "c_none"}))
    assert missing.status_code == 404


async def test_store_staff_do_not_see_customers(door: Door) -> None:
    route = {"customer": await ada()}
    answer = await customers.read_customer(asked(door, role=Role.ASSOCIATE, route=route))
    assert answer.status_code == 403
