"""Goods that go out for goods that came back: a return and an order, the order made once."""

from contextlib import suppress
from datetime import datetime
from typing import Final

from shared.contracts.intake import Address, Contact, PlaceLine, PlaceOrder, PlaceTender
from shared.flows.context import Flows
from shared.flows.place_order import place_order
from shared.flows.returned_goods import EXCHANGE
from shared.kernel.money import Money
from shared.orders import service as order_service
from shared.orders.model import Order
from shared.orders.refusals import OrderDiffers
from shared.returns import decide as returns
from shared.returns import service as return_service
from shared.returns.model import Advice, ExchangeLine, Return
from shared.tenants.model import Caller

CREDIT: Final = "exchange-credit"  # paid with what came back
CHARGE: Final = "exchange-charge"  # what it costs more


async def place_exchange(flows: Flows, caller: Caller, found: Return, now: datetime) -> None:
    """Order what goes out for a return, once its refund is advised; again it is there already."""
    if found.exchange_order_id is None or found.advice is None:
        return
    store, tenant_id = flows.store, caller.tenant_id
    if await order_service.find(store, tenant_id, found.exchange_order_id) is not None:
        return
    order = await order_service.get_order(store, tenant_id, found.order_id)
    with suppress(OrderDiffers):  # another call made it first, and the customer moved meanwhile
        await place_order(flows, caller, intake_of(order, found, found.advice), now)


async def follow_exchange(flows: Flows, caller: Caller, return_id: str, now: datetime) -> None:
    """Make sure that what goes out for a return is ordered, whatever broke off before."""
    stored = await return_service.get(flows.store, caller.tenant_id, return_id)
    await place_exchange(flows, caller, stored.body, now)


def intake_of(order: Order, found: Return, advice: Advice) -> PlaceOrder:
    """Return the order of what goes out: to the same customer, of the same channel (pure)."""
    total = Money(order.currency, advice.exchange_minor)
    return PlaceOrder(
        connection=EXCHANGE,
        reference=found.return_id,
        number=order.known_as,
        channel=order.channel,
        order_type=EXCHANGE,
        placed_at=advice.at,
        currency=order.currency,
        customer=Contact(**dict(order.customer)) if order.customer else None,
        ship_to=Address(**dict(order.ship_to)) if order.ship_to else None,
        bill_to=Address(**dict(order.bill_to)) if order.bill_to else None,
        time_zone=order.time_zone,
        lines=tuple(_line(order, line) for line in returns.exchange_lines(found)),
        total=total,
        tenders=_tenders(order, advice),
        priority=order.priority,
        exchange_of=found.return_id,
    )


def _tenders(order: Order, advice: Advice) -> tuple[PlaceTender, ...]:
    credit = min(advice.credited_minor, advice.exchange_minor)
    rows = ((CREDIT, credit), (CHARGE, advice.exchange_minor - credit))
    return tuple(
        PlaceTender(kind=kind, amount=Money(order.currency, minor)) for kind, minor in rows if minor
    )


def _line(order: Order, out: ExchangeLine) -> PlaceLine:
    def money(minor: int) -> Money:
        return Money(order.currency, minor)

    return PlaceLine(
        sku=out.sku,
        quantity=out.quantity,
        unit_price=money(out.unit_price_minor or 0),
        discount=money(out.discount_minor),
        tax=money(out.tax_minor),
        tax_included=out.tax_included,
        method=out.method,
        pickup_location=out.pickup_location,
        taken_at=out.taken_at,
    )
