"""Products and locations over HTTP."""

import json
from collections.abc import AsyncIterator
from typing import Any

import azure.functions as func
import pytest

from functions import catalog
from shared.tenants.model import Role
from shared.wiring import use
from tests.unit.catalog.samples import UPC, a_location, csv
from tests.unit.edge.door import Door, a_door, a_request, close_all, json_of

BOOT = {"sku": "BOOT-42", "name": "Boot", "barcodes": [UPC], "category": "shoes"}
BERLIN: dict[str, Any] = json.loads(a_location().model_dump_json(exclude_none=True))


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    opened = await a_door()
    with use(opened.world):
        yield opened
    await close_all()


def asked(door: Door, method: str = "GET", **request: Any) -> func.HttpRequest:
    key = door.keys[request.pop("role", Role.ADMIN)]
    return a_request(method, "/api/v1/products", key=key, **request)


async def test_a_product_is_added_found_and_replaced_in_the_version_read(door: Door) -> None:
    once = {"Idempotency-Key": "k-1"}
    made = await catalog.create_product(asked(door, "POST", body=BOOT, headers=once))
    assert (made.status_code, made.headers["Location"]) == (201, "/api/v1/products/BOOT-42")
    twice = {"Idempotency-Key": "k-2"}
    again = await catalog.create_product(asked(door, "POST", body=BOOT, headers=twice))
    assert again.status_code == 200
    read = await catalog.read_product(asked(door, route={"sku": "BOOT-42"}))
    etag = read.headers["ETag"]
    assert json_of(read)["version"] == 1
    change = {
        "body": {**BOOT, "active": False},
        "route": {"sku": "BOOT-42"},
        "headers": {"If-Match": etag},
    }
    saved = await catalog.replace_product(asked(door, "PUT", **change))
    late = await catalog.replace_product(asked(door, "PUT", **{**change, "body": BOOT}))
    assert (saved.status_code, json_of(saved)["active"], late.status_code) == (200, False, 412)


async def test_what_is_wrong_with_a_product_is_told_by_its_pointer(door: Door) -> None:
    body = {**BOOT, "step": "0", "barcode_kind": "gtin", "barcodes": ["123"]}
    answer = await catalog.create_product(
        asked(door, "POST", body=body, headers={"Idempotency-Key": "k-1"})
    )
    assert answer.status_code == 422
    pointers = {error["pointer"] for error in json_of(answer)["errors"]}
    assert pointers == {"/step", "/barcodes/0"}
    other = await catalog.replace_product(
        asked(door, "PUT", body=BOOT, route={"sku": "SOCK"}, headers={"If-Match": "x"})
    )
    assert json_of(other)["errors"][0]["code"] == "differs-from-path"
    missing = await catalog.read_product(asked(door, route={"sku": "SOCK"}))
    assert missing.status_code == 404


async def test_products_are_listed_and_found_by_any_code(door: Door) -> None:
    file = csv("sku,name,barcodes,tags", f"A,Boot,{UPC},new", "B,Bag,,", "C,=1,,")
    report = json_of(await catalog.import_products(asked(door, "POST", body=file)))
    assert (report["created"], report["refused"], report["errors"][0]["line"]) == (2, 1, 4)

    async def skus(**query: str) -> list[str]:
        answer = await catalog.search_products(asked(door, role=Role.READ_ONLY, query=query))
        return [item["sku"] for item in json_of(answer)["items"]]

    assert await skus() == ["B", "A"]
    assert await skus(begins="bo", active="true") == ["A"]
    assert await skus(tag="new") == ["A"]
    assert await skus(category="shoes") == []
    assert await skus(code="0" + UPC) == ["A"]
    assert await skus(code="nothing") == []


async def test_a_location_is_added_found_and_replaced(door: Door) -> None:
    made = await catalog.create_location(
        asked(door, "POST", body=BERLIN, headers={"Idempotency-Key": "k-1"})
    )
    assert made.status_code == 201
    read = await catalog.read_location(asked(door, route={"location": "berlin"}))
    change = {**json_of(read), "pickup_enabled": True}
    del change["version"]
    saved = await catalog.replace_location(
        asked(
            door,
            "PUT",
            body=change,
            route={"location": "berlin"},
            headers={"If-Match": read.headers["ETag"]},
        )
    )
    assert json_of(saved)["version"] == 2
    stores = await catalog.search_locations(asked(door, query={"kind": "store"}))
    assert [item["location_id"] for item in json_of(stores)["items"]] == ["berlin"]
    wrong = await catalog.search_locations(asked(door, query={"kind": "shed"}))
    assert wrong.status_code == 422
    missing = await catalog.read_location(asked(door, route={"location": "bonn"}))
    assert missing.status_code == 404


async def test_store_staff_ask_for_the_locations_of_their_own_key(door: Door) -> None:
    for name in ("berlin", "bonn", "kiel"):
        await catalog.create_location(
            asked(
                door,
                "POST",
                body={**BERLIN, "location_id": name},
                headers={"Idempotency-Key": name},
            )
        )

    async def found(role: Role, **query: str) -> list[str]:
        answer = await catalog.search_locations(asked(door, role=role, query=query))
        return [item["location_id"] for item in json_of(answer)["items"]]

    assert await found(Role.ASSOCIATE) == ["berlin", "bonn", "kiel"]
    assert await found(Role.ASSOCIATE, own="true", active="true", kind="store") == ["berlin"]
    assert await found(Role.ASSOCIATE, own="true", active="false") == []
    assert await found(Role.ASSOCIATE, own="true", group="outlets") == []
    assert await found(Role.OPERATOR, own="true") == ["berlin", "bonn", "kiel"]


async def test_locations_are_imported(door: Door) -> None:
    file = csv(
        "location_id;name;kind;country;zone;monday", "bonn;Bonn;store;DE;Europe/Berlin;09:00-18:00"
    )
    report = json_of(await catalog.import_locations(asked(door, "POST", body=file)))
    assert (report["created"], report["errors"]) == (1, [])


async def test_who_may_only_read_changes_nothing(door: Door) -> None:
    for role in (Role.READ_ONLY, Role.ASSOCIATE):
        answer = await catalog.import_products(
            asked(door, "POST", role=role, body=csv("sku,name", "A,Boot"))
        )
        assert answer.status_code == 403
    listed = await catalog.search_products(asked(door))
    assert json_of(listed)["items"] == []
