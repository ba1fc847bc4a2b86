"""Fulfilled orders close by themselves once nothing of them can come back (semantics 6, 8)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from shared.catalog.model import Product
from shared.flows.context import Flows
from shared.flows.follow import system
from shared.flows.order_command import apply_command
from shared.flows.returned_goods import policy_of, sold_lines
from shared.flows.rounds import Due, Walk
from shared.kernel.conditions import Condition
from shared.kernel.errors import Outside, Refused
from shared.orders import decide as orders
from shared.orders.model import ORDERS, WITH_CUSTOMER, Order, OrderStatus, Part, PartState
from shared.returns import decide as returns
from shared.returns import service as return_service
from shared.returns.decide import Policy, SoldLine
from shared.returns.model import OPEN, Return
from shared.tenants.model import Settings

LOOKED_AT_MAX: Final = 500  # orders a run; the next one goes on

_FULFILLED: Final = Due(
    "fulfilled",
    ORDERS,
    "day",
    Condition("status", "eq", OrderStatus.FULFILLED.value),
    bound=lambda until: until.astimezone(UTC).date().isoformat(),
)


async def close_orders(flows: Flows, tenant_id: str, now: datetime) -> int:
    """Close the tenant's orders whose return windows are over; returns how many.

    Only orders older than the tenant's own window are looked at.
    """
    settings = (await flows.knowledge.of(tenant_id, now)).settings
    since = now - timedelta(days=settings.return_window_days)
    walk = Walk(flows.store, tenant_id, "close", since)
    rows = await walk.rows(_FULFILLED, LOOKED_AT_MAX)
    await walk.keep()
    closed = 0
    for row in rows:
        closed += await _close(flows, tenant_id, row.body, settings, now)
    return closed


async def _close(
    flows: Flows, tenant_id: str, order: Order, settings: Settings, now: datetime
) -> bool:
    skus = sorted({line.sku for line in order.lines if line.sku})
    products = await flows.knowledge.products(tenant_id, skus, now)
    if not _is_over(order, products, settings, now):
        return False
    try:
        made = await return_service.of_order(flows.store, tenant_id, order.order_id, order.returns)
        if is_coming_back([row.body for row in made]):
            return False
        applied = await apply_command(
            *(flows, system(tenant_id, "close"), order.order_id),
            lambda known, _, act: (
                orders.close_window(known, act)
                if _is_over(known, products, settings, now) and known.returns == order.returns
                else None
            ),
            now,
        )
    except (Refused, Outside):
        return False  # changed at this moment: the next round looks again
    return applied.change is not None


def is_coming_back(made: Sequence[Return]) -> bool:
    """Tell whether a return still expects goods, or is being looked at."""
    return any(found.status in OPEN for found in made)


def _is_over(
    order: Order, products: Mapping[str, Product], settings: Settings, now: datetime
) -> bool:
    return closes_at(order, products, policy_of(order, settings)) <= now


def closes_at(order: Order, products: Mapping[str, Product], policy: Policy) -> datetime:
    """Return the first instant at which nothing of a fulfilled order may come back any more.

    A parcel of which nobody tells the delivery counts from when it was to arrive. What is sold for
    good has no window.
    """
    ends = [order.accepted_at]
    for line, sold in zip(order.lines, sold_lines(order, products), strict=True):
        out = [part for part in line.parts if part.state in WITH_CUSTOMER]
        ends += [_end(part, sold, policy) for part in out if part.out_since is not None]
    return max(ends)


def _end(part: Part, sold: SoldLine, policy: Policy) -> datetime:
    since = part.out_since or datetime.min.replace(tzinfo=UTC)
    if part.state is PartState.SHIPPED and part.arrive_by is not None:
        since = max(since, part.arrive_by)
    days = returns.window_days(sold, policy)
    return since if days is None else returns.window_end(since, days, policy.zone)
