"""One SKU's stock against the orders that hold it; repaired by compensation only (semantics 4)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from shared.flows.context import Flows
from shared.flows.steer_order import reroute
from shared.inventory import service as inventory
from shared.inventory.service import Reconciliation
from shared.kernel.documents import EVENT_KINDS, Container
from shared.kernel.documents import Order as Sorting
from shared.kernel.errors import NotFound
from shared.kernel.model import Strict
from shared.orders import service as order_service
from shared.orders.decide import all_parts
from shared.orders.model import RESERVED, Order, OrderStatus
from shared.orders.service import OrderSearch
from shared.tenants.model import Caller

ORDERS_PAGE: Final = 200
PAGES_MAX: Final = 500
# What an order asks of stock rides on its events: until they are followed the two may differ.
SETTLING: Final = timedelta(minutes=10)
_HOLDING: Final = (OrderStatus.OPEN, OrderStatus.PARTIALLY_FULFILLED, OrderStatus.ON_HOLD)


class DifferenceView(Strict):
    """A counter that is not what its documents add up to; `place`: a location, or `demand`."""

    place: str
    counter: str
    stored: int
    folded: int


class ReconciliationView(Strict):
    """What differs, by reservation id.

    `unexpected` is open here and named by no order part, `missing` the reverse. `settling` may
    still agree by itself: their orders changed within the last ten minutes.
    """

    sku: str
    clean: bool
    differences: tuple[DifferenceView, ...] = ()
    unexpected: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    settling: tuple[str, ...] = ()
    repaired: bool = False


@dataclass(slots=True)
class _Seen:
    """What stock and orders say of each other; the orders of what differs, read again."""

    found: Reconciliation
    settling: list[str] = field(default_factory=list)


async def reconcile(
    flows: Flows, caller: Caller, sku: str, now: datetime, *, is_repairing: bool
) -> ReconciliationView:
    """Compare a SKU's counters with its documents and its reservations with the orders'.

    Repairing releases what no order names, sets counters to what the documents add up to, and
    sends parts whose reservation is missing to routing again.

    Raises:
        NotFound: no such product.
        Unavailable: the SKU changes faster than it can be read.
    """
    if sku not in await flows.knowledge.products(caller.tenant_id, [sku], now):
        raise NotFound("product")
    seen = await _compared(flows, caller.tenant_id, sku, now)
    if not is_repairing or seen.found.is_clean:
        return _view(seen, is_repaired=False)
    for reservation_id in seen.found.missing:
        await _plan_again(flows, caller, reservation_id, now)
    await inventory.repair(flows.store, caller.tenant_id, seen.found, now)
    return _view(await _compared(flows, caller.tenant_id, sku, now), is_repaired=True)


async def _compared(flows: Flows, tenant_id: str, sku: str, now: datetime) -> _Seen:
    expected: dict[str, int] = {}
    async for order in _orders_holding(flows, tenant_id, sku):
        expected |= _reservations(order, sku)
    found = await inventory.reconcile(flows.store, tenant_id, sku, expected)
    named = [*(body.reservation_id for body in found.unexpected), *found.missing]
    settling = [name for name in named if await _is_settling(flows, tenant_id, name, now)]
    left = replace(
        found,
        unexpected=tuple(b for b in found.unexpected if b.reservation_id not in settling),
        missing=tuple(name for name in found.missing if name not in settling),
    )
    return _Seen(left, settling)


async def _orders_holding(flows: Flows, tenant_id: str, sku: str) -> AsyncIterator[Order]:
    for status in _HOLDING:
        cursor: str | None = None
        for _ in range(PAGES_MAX):
            page = await order_service.search(
                flows.store,
                tenant_id,
                OrderSearch(sku=sku, status=status),
                limit=ORDERS_PAGE,
                cursor=cursor,
            )
            for stored in page.items:
                yield stored.body
            cursor = page.cursor
            if cursor is None:
                break


def _reservations(order: Order, sku: str) -> dict[str, int]:
    return {
        part.reservation_id: part.quantity
        for line, part in all_parts(order)
        if line.sku == sku and part.state in RESERVED and part.reservation_id
    }


async def _is_settling(flows: Flows, tenant_id: str, reservation_id: str, now: datetime) -> bool:
    """Tell whether the order changed just now, or a plan of it is being carried out."""
    order_id = reservation_id.partition(".")[0]
    page = await flows.store.query(
        tenant_id,
        EVENT_KINDS[Container.ORDERS],
        key=order_id,
        order=Sorting("at", descending=True),
        limit=1,
    )
    return any(item.body.at > now - SETTLING for item in page.items)


async def _plan_again(flows: Flows, caller: Caller, reservation_id: str, now: datetime) -> None:
    order_id = reservation_id.partition(".")[0]
    order = await order_service.get_order(flows.store, caller.tenant_id, order_id)
    only = [
        (line.line_id, part.part)
        for line, part in all_parts(order)
        if part.reservation_id == reservation_id and part.state in RESERVED
    ]
    if only:
        await reroute(flows, caller, order_id, now, only=only)


def _view(seen: _Seen, *, is_repaired: bool) -> ReconciliationView:
    found = seen.found
    return ReconciliationView(
        sku=found.sku,
        clean=found.is_clean and not seen.settling,
        differences=tuple(
            DifferenceView(place=d.place, counter=d.counter, stored=d.stored, folded=d.folded)
            for d in found.differences
        ),
        unexpected=tuple(body.reservation_id for body in found.unexpected),
        missing=found.missing,
        settling=tuple(seen.settling),
        repaired=is_repaired,
    )
