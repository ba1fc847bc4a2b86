"""A web shop that tells of its orders by signed webhooks: twice, out of order, then changed.

Each version of an order is one payload, and each delivery of it goes through the translator and
the inbox that the real door uses.
"""

import base64
import hashlib
import hmac
import json
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from local.simulate.customers import Season
from local.simulate.engine import Pause
from local.simulate.furniture import LOCATIONS
from local.simulate.people import Act, Troupe
from local.simulate.stage import person
from shared.channels.model import Connection
from shared.channels.service import receive
from shared.channels.shopify import CHANNEL
from shared.flows.channel_update import Webhook, take_webhook
from shared.kernel.ids import order_id
from shared.wiring import flows

CONNECTION: Final = Connection(
    connection_id="webshop",
    channel=CHANNEL,
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    locations={str(number): name for number, name in enumerate(LOCATIONS, 1)},
    default_location=LOCATIONS[0],
)
SECRET: Final = b"the shop's own secret"
Body = dict[str, Any]


def tell(
    troupe: Troupe, tenant_id: str, number: int, season: Season, chance: random.Random
) -> None:
    """Let a customer of the web shop order, and the shop tell of it and of what follows."""
    stage, at = troupe.stage, chance.uniform(0.0, season.arrivals_s)
    history = _history(5_000 + number, season.skus, chance, stage.clock.now())
    for index, name in enumerate(("web", "shop")):
        own = random.Random(chance.getrandbits(64))
        told = list(history)
        if own.random() < 0.3:
            own.shuffle(told)
        acts = [_pause(at), *(_deliver(troupe, tenant_id, row, own) for row in told)]
        troupe.play(f"{tenant_id}/webshop-{number}-{index}", stage.processes[name], acts, own)


def _history(
    number: int, skus: Sequence[str], chance: random.Random, now: datetime
) -> list[tuple[str, str, Body]]:
    """Return an order's webhooks: topic, event id and body, as time went on."""
    lines = [
        _line(number, index, chance.choice(skus), chance)
        for index in range(1, chance.randint(1, 2) + 1)
    ]
    body = _order(number, lines, chance, now)
    told = [("orders/create", f"{number}-0", body)]
    if chance.random() < 0.5:
        body = _updated(body, chance, now + timedelta(seconds=20))
        told.append(("orders/updated", f"{number}-1", body))
    if chance.random() < 0.3:
        told.append(("refunds/create", f"{number}-2", _refund(number, lines, chance, now)))
    if chance.random() < 0.15:
        late = now + timedelta(seconds=90)
        cancelled = body | {"updated_at": late.isoformat(), "cancelled_at": late.isoformat()}
        told.append(("orders/cancelled", f"{number}-3", cancelled))
    return told


def _line(number: int, index: int, sku: str, chance: random.Random) -> Body:
    return {
        "id": 10 * number + index,
        "sku": sku,
        "title": "Something warm",
        "quantity": chance.randint(1, 3),
        "price": f"{chance.randrange(5, 90)}.50",
    }


def _order(number: int, lines: list[Body], chance: random.Random, now: datetime) -> Body:
    return {
        "id": number,
        "name": f"#{number}",
        "created_at": now.isoformat(),
        "updated_at": now.isoformat(),
        "currency": "EUR",
        "financial_status": chance.choice(("paid", "paid", "paid", "pending")),
        "line_items": lines,
        "shipping_address": {"country_code": "DE", "zip": f"{chance.randrange(10_000, 99_999)}"},
    }


def _updated(body: Body, chance: random.Random, at: datetime) -> Body:
    """Return the order paid, sent elsewhere, or with fewer units of its first line."""
    change: Mapping[str, Any]
    match chance.randrange(3):
        case 0:
            change = {"financial_status": "paid"}
        case 1:
            change = {"shipping_address": {"country_code": "DE", "zip": "20095"}}
        case _:
            first, *rest = body["line_items"]
            fewer = first | {"current_quantity": first["quantity"] - 1}
            change = {"line_items": [fewer, *rest]}
    return body | dict(change) | {"updated_at": at.isoformat()}


def _refund(number: int, lines: list[Body], chance: random.Random, now: datetime) -> Body:
    row = {
        "line_item_id": lines[0]["id"],
        "quantity": 1,
        "restock_type": chance.choice(("cancel", "return", "no_restock")),
        "location_id": chance.randint(1, len(LOCATIONS)),
    }
    paid = {"kind": "refund", "status": "success", "amount": "1.00", "currency": "EUR"}
    return {
        "id": 7 * number,
        "order_id": number,
        "created_at": (now + timedelta(seconds=60)).isoformat(),
        "refund_line_items": [row],
        "transactions": [paid],
    }


def _pause(seconds: float) -> Act:
    async def act() -> None:
        await Pause(seconds)

    return act


def _deliver(
    troupe: Troupe, tenant_id: str, told: tuple[str, str, Body], chance: random.Random
) -> Act:
    topic, event, body = told
    raw, wait_s = json.dumps(body).encode(), chance.expovariate(1 / 12.0)
    headers = {
        "X-Shopify-Topic": topic,
        "X-Shopify-Event-Id": event,
        "X-Shopify-Hmac-Sha256": _signature(raw),
    }
    caller = person(tenant_id, f"channel:{CONNECTION.connection_id}")

    async def deliver() -> None:
        now = troupe.stage.clock.now()
        received = receive(tenant_id, CONNECTION, raw, headers, [SECRET], now)
        await take_webhook(flows(), caller, Webhook(received, CONNECTION, raw), now)
        if topic == "orders/create":
            name = order_id(tenant_id, CONNECTION.connection_id, str(body["id"]))
            troupe.memory.orders.setdefault(tenant_id, set()).add(name)

    async def act() -> None:
        await Pause(wait_s)
        while not await troupe.give(deliver):  # a channel sends again until it is answered
            await Pause(5.0)

    return act


def _signature(raw: bytes) -> str:
    return base64.b64encode(hmac.new(SECRET, raw, hashlib.sha256).digest()).decode()
