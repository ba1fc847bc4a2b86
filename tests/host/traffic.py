"""A busy stretch of a retailer's day over every door, by people who remember what was answered.

Who gets no answer asks again with the same key, as a shop or a store's device would, or gives up
and does not know whether it was done. What was answered with success is a promise of ours.
"""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from local.audit.books import Books
from shared.fulfillment.model import Status
from shared.kernel.bus import Message
from shared.kernel.clock import Clock
from shared.kernel.ids import order_id
from shared.orders.model import RESERVED, WITH_CUSTOMER, PartState
from shared.wiring import World
from tests.host.site import TENANT, an_order

SKUS: Final = tuple(f"BOOT-{n}" for n in range(12))
PLACES: Final = ("berlin", "hamburg", "munich")
STOCK: Final = {sku: dict.fromkeys(PLACES, 6) for sku in SKUS}
AGAIN_S: Final = 0.05  # between two tries of a call that was not answered
TRIES_MAX: Final = 100
REASONS: Final = ("no-variance", "mismatch", "damaged", "not-in-stock")
FAULT: Final = 500
# What a cancelled order may come to: what could not be stopped any more has left.
STOPPED: Final = WITH_CUSTOMER | {PartState.CANCELLED, PartState.CANCEL_REQUESTED}
BUSY: Final = frozenset({429, 503})

Act = Callable[[], Awaitable[None]]


@dataclass
class Promises:
    """What was answered with success, and what was asked for whatever came of it."""

    orders: set[str] = field(default_factory=set)
    cancelled: set[str] = field(default_factory=set)
    rejected: set[str] = field(default_factory=set)
    shipped: set[str] = field(default_factory=set)
    movements: set[str] = field(default_factory=set)
    told: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)

    def broken(self, books: Books) -> Iterator[str]:
        """Yield what was promised and is not so, and movements that nobody told of."""
        yield from self.faults
        orders = {order.order_id for order in books.orders}
        yield from (f"order {name} is lost" for name in sorted(self.orders - orders))
        for order, line, part in books.parts():
            name = f"{order.order_id}.{line.line_id}.{part.part} is {part.state}"
            if order.order_id in self.cancelled and part.state not in STOPPED:
                yield f"{name}, the order was cancelled"
            if part.fulfillment_id in self.rejected and part.state in RESERVED:
                yield f"{name} of {part.fulfillment_id}, which was rejected"
        yield from self._work_broken(books)
        there = [body.movement_id for bodies in books.movements.values() for body in bodies]
        yield from (f"movement {n} is lost" for n in sorted(self.movements - set(there)))
        for name, times in sorted(Counter(there).items()):
            is_told = name in self.told or name.startswith("first.")
            if times > 1 or not (is_told or name.partition(".")[0] in orders):
                yield f"movement {name} is there {times} times, told of: {is_told}"

    def _work_broken(self, books: Books) -> Iterator[str]:
        works = {work.fulfillment_id: work for work in books.works}
        for name in sorted(self.shipped):
            if works[name].status not in {Status.SHIPPED, Status.CLOSED}:
                yield f"{name} was shipped and is {works[name].status}"


@dataclass
class Crowd:
    """People who act until they are told to stop; each then ends what they have begun."""

    client: httpx.AsyncClient
    world: World  # its bus is how tills and stores send messages
    clock: Clock
    chance: random.Random
    promises: Promises
    is_over: bool = False
    count: int = 0

    async def play(self) -> None:
        """Play until `is_over`."""
        acts: tuple[Act, ...] = (*[self.shop] * 4, *[self.work] * 3, self.tell, self.send)
        await asyncio.gather(*(self._keep_on(act) for act in acts))

    async def _keep_on(self, act: Act) -> None:
        while not self.is_over:
            await act()

    def _name(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    async def ask(self, path: str, body: object, key: str) -> httpx.Response | None:
        """Post until it is answered; None when the caller has lost patience meanwhile."""
        patience = self.chance.choice((2, TRIES_MAX))
        for _ in range(patience):
            try:
                answer = await self.client.post(path, json=body, headers={"Idempotency-Key": key})
            except httpx.TransportError:
                await pause(AGAIN_S)
                continue
            verb = path.rpartition(":")[2] if ":" in path else path
            self.promises.answers[f"{verb} {answer.status_code}"] += 1
            if answer.status_code == FAULT:
                self.promises.faults.append(f"{path}: {answer.text}")
            if not _is_for_later(answer):
                return answer
            await pause(AGAIN_S)
        return None

    async def shop(self) -> None:
        """Order; sometimes post it twice at once, sometimes cancel it."""
        reference, sku = self._name("B"), self.chance.choice(SKUS)
        pickup = {"method": "pickup", "pickup_location": self.chance.choice(PLACES)}
        line = pickup if self.chance.random() < 0.2 else {}
        body = an_order(reference, sku, self.chance.randint(1, 2), line=line)
        tries = [
            self.ask("/orders", body, f"{reference}.{n}")
            for n in range(self.chance.choice((1, 1, 2)))
        ]
        placed = [answer for answer in await asyncio.gather(*tries) if answer is not None]
        names = {answer.json()["order_id"] for answer in placed if answer.is_success}
        self.promises.orders |= names
        for name in names if self.chance.random() < 0.3 else ():
            answer = await self.ask(f"/orders/{name}:cancel", {}, f"cancel.{name}")
            if answer is not None and answer.is_success:
                self.promises.cancelled.add(name)

    async def work(self) -> None:
        """Take a location's most urgent open work on, and ship it or give it back."""
        place = self.chance.choice(PLACES)
        try:
            query = {"location": place, "status": "open", "limit": "5"}
            found = await self.client.get("/fulfillments", params=query)
        except httpx.TransportError:
            await pause(AGAIN_S)
            return
        works = found.json()["items"] if found.is_success else []
        if not works:
            await pause(AGAIN_S)
            return
        chosen = self.chance.choice(works)
        if self.chance.random() < 0.25:
            await self._reject(chosen["fulfillment_id"])
        else:
            await self._hand_out(chosen)

    async def _reject(self, name: str) -> None:
        body = {"reason": self.chance.choice(REASONS)}
        answer = await self.ask(f"/fulfillments/{name}:reject", body, f"reject.{name}")
        if answer is not None and answer.is_success:
            self.promises.rejected.add(name)

    async def _hand_out(self, work: Mapping[str, Any]) -> None:
        name, order = work["fulfillment_id"], work["order_id"]
        scans = [{"code": item["sku"], "quantity": item["quantity"]} for item in work["items"]]
        last = "ready" if work["method"] == "pickup" else "ship"
        picked = {"scans": scans, "total": True}
        for verb, body in (("accept", {}), ("pick", picked), ("pack", {}), (last, {})):
            answer = await self.ask(f"/fulfillments/{name}:{verb}", body, f"{verb}.{name}")
            if answer is None or not answer.is_success:
                return
        if last == "ship":
            self.promises.shipped.add(name)
        elif self.chance.random() < 0.7:
            told = {"fulfillment_id": name, "collector": "Ada"}
            await self._put("fulfillment-in", "fulfillment.confirm-collected.v1", told, order)

    async def tell(self) -> None:
        """Tell over HTTP what happened to stock."""
        path, body = self._fact()
        self.promises.told.add(body["movement_id"])
        answer = await self.ask(f"/inventory/{path}", body, body["movement_id"])
        if answer is not None and answer.is_success:
            self.promises.movements.add(body["movement_id"])

    def _fact(self) -> tuple[str, dict[str, Any]]:
        where = {"sku": self.chance.choice(SKUS), "location_id": self.chance.choice(PLACES)}
        about = {"movement_id": self._name("m-"), **where}
        match self.chance.randrange(8):
            case 0 | 1 | 2:
                return "sales", about | {"quantity": 1}
            case 3 | 4 | 5:
                return "receipts", about | {"quantity": self.chance.randint(1, 3)}
            case 6:
                return "adjustments", about | {"on_hand": -1, "reason": "theft"}
            case _:
                return "counts", about | {"counted": self.chance.randint(3, 9)}

    async def send(self) -> None:
        """Send an order or a sale as a message; what the bus has taken is a promise."""
        if self.chance.random() < 0.5:
            reference = self._name("Q")
            order = an_order(reference, self.chance.choice(SKUS))
            await self._put("orders-in", "orders.receive-order.v1", {"order": order}, reference)
            self.promises.orders.add(order_id(TENANT, "webshop", reference))
        else:
            at = f"{self.clock.now():%Y-%m-%dT%H:%M:%S.%fZ}"
            where = {"sku": self.chance.choice(SKUS), "location_id": self.chance.choice(PLACES)}
            name = self._name("q-m-")
            self.promises.told.add(name)
            record = {"kind": "sale", "movement_id": name, "quantity": 1, "at": at, **where}
            session = f"{TENANT}:{where['sku']}"
            data = {"record": record}
            await self._put("inventory-in", "inventory.record-stock.v1", data, name, session)
            self.promises.movements.add(name)
        await pause(2 * AGAIN_S)

    async def _put(
        self, queue: str, type_: str, data: Mapping[str, Any], name: str, session: str | None = None
    ) -> None:
        event = {
            "specversion": "1.0",
            "id": f"{type_}.{name}",
            "source": "/tests",
            "type": type_,
            "tenantid": TENANT,
            "data": {"type": type_, "tenant_id": TENANT, **data},
        }
        message = Message(f"{type_}.{name}", json.dumps(event).encode(), session_id=session)
        await self.world.bus.send(queue, [message])


def _is_for_later(answer: httpx.Response) -> bool:
    """Tell an answer that asks for patience from one that says what became of the call."""
    if answer.status_code in BUSY:
        return True
    return answer.status_code == 409 and answer.json()["code"] == "request-in-flight"


async def pause(seconds: float) -> None:
    """Let others act for a moment; nothing is waited for."""
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), seconds)
