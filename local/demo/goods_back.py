"""Goods that come back: with a receipt and without, at a counter and by parcel."""

from collections.abc import Iterator
from typing import Any, Final

from local.demo.scene import INTEGRATION, OPERATOR, Scene
from local.demo.seed import FLOOR
from shared.contracts.returns import (
    DepartReturn,
    Disposition,
    InspectedUnits,
    InspectReturn,
    InspectUnits,
    ReceiveParcel,
    ReceiveReturn,
    RecordReturn,
    ReturnMessage,
)
from shared.kernel.bus import Entity

OUT: Final = frozenset({"shipped", "delivered", "handed-over"})
SHARE: Final = 7  # one of so many orders comes back


async def some_come_back(scene: Scene) -> None:
    """Let some of what was shipped or handed over come back, each in another way."""
    ways = (_over_the_counter, _without_receipt, _by_parcel)
    names = sorted(scene.placed.items())
    returned = 0
    for number, name in names[:: max(1, min(SHARE, len(names) // 3))]:
        shown = await scene.doors.ask(scene.who(OPERATOR), "GET", f"/orders/{name}")
        line = next(_with_customer(scene, shown), None)
        if line is None:
            continue
        await ways[returned % len(ways)](scene, shown, line, number)
        await scene.doors.settled()
        returned += 1
    scene.note("returns", returned)


def _with_customer(scene: Scene, shown: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for line in shown["lines"]:
        product = scene.products.get(line.get("sku", ""))
        is_good = product is not None and product.return_class == "standard"
        if is_good and any(part["state"] in OUT for part in line["parts"]):
            yield line


def _request(shown: dict[str, Any], line: dict[str, Any], reason: str) -> dict[str, Any]:
    units = [{"line_id": line["line_id"], "quantity": 1, "reason": reason}]
    return {"order_id": shown["order_id"], "lines": units}


async def _over_the_counter(
    scene: Scene, shown: dict[str, Any], line: dict[str, Any], number: int
) -> None:
    """With the receipt, at a store that did not sell it."""
    store = scene.retailer.towns[number % len(scene.retailer.towns)].code
    body = _request(shown, line, "wrong-size")
    del body["order_id"]
    body |= {
        "connection": shown["connection"],
        "order_reference": shown["reference"],
        "received": True,
        "location_id": store,
    }
    await _taken_in(scene, body, f"counter-{number}", store, line, Disposition.RESELL)


async def _without_receipt(
    scene: Scene, shown: dict[str, Any], line: dict[str, Any], number: int
) -> None:
    """Found by the customer's e-mail, damaged."""
    store = scene.retailer.towns[(number * 5 + 1) % len(scene.retailer.towns)].code
    email = (shown.get("customer") or {}).get("email")
    asked = {"email": email} if email else {"number": shown["reference"]}
    who = scene.who(FLOOR)
    found = await scene.doors.ask(who, "POST", "/returns:lookup", asked)
    scene.note("orders found without a receipt", int(bool(found["items"])))
    body = _request(shown, line, "defective") | {"received": True, "location_id": store}
    await _taken_in(scene, body, f"no-receipt-{number}", store, line, Disposition.DAMAGED)


async def _taken_in(
    scene: Scene,
    body: dict[str, Any],
    key: str,
    store: str,
    line: dict[str, Any],
    disposition: Disposition,
) -> None:
    made = await scene.doors.attempt(scene.who(FLOOR), "POST", "/returns", body, key=key)
    if made is None:
        return
    looked_at = {
        "batch": "counter-1",
        "location_id": store,
        "units": [{"line_id": line["line_id"], "disposition": disposition.value, "quantity": 1}],
    }
    path = f"/returns/{made['return_id']}"
    await scene.doors.attempt(scene.who(FLOOR), "POST", f"{path}:inspect", looked_at)
    await scene.doors.attempt(scene.who(OPERATOR), "POST", f"{path}:close")


async def _by_parcel(
    scene: Scene, shown: dict[str, Any], line: dict[str, Any], number: int
) -> None:
    """Asked for online, approved, sent to a warehouse that speaks by messages."""
    body = _request(shown, line, "changed-mind")
    who = scene.who(INTEGRATION)
    made = await scene.doors.attempt(who, "POST", "/returns", body, key=f"parcel-{number}")
    if made is None:
        return
    name, house = str(made["return_id"]), scene.retailer.warehouses[0].town.code
    if made["status"] == "requested":
        await scene.doors.attempt(scene.who(OPERATOR), "POST", f"/returns/{name}:approve")
    units = InspectedUnits(line_id=line["line_id"], disposition=Disposition.RESELL, quantity=1)
    steps: tuple[tuple[str, ReturnMessage], ...] = (
        ("departed", DepartReturn(return_id=name)),
        ("received", ReceiveReturn(
            return_id=name, receipt=ReceiveParcel(parcel="p-1", location_id=house)
        )),
        ("inspected", InspectReturn(return_id=name, inspection=InspectUnits(
            batch="b-1", location_id=house, units=(units,)
        ))),
    )  # fmt: skip
    for step, record in steps:
        told = RecordReturn(tenant_id=scene.tenant_id, record=record)
        await scene.doors.put_on(Entity.RETURNS_IN, told, name=f"{name}.{step}")
        await scene.doors.settled()
    await scene.doors.attempt(scene.who(OPERATOR), "POST", f"/returns/{name}:close")
