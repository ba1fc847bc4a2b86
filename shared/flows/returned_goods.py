"""Between orders and returns: what was sold as returns see it, worth, refund advice (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from shared.catalog.model import Product
from shared.contracts.orders import RefundAdvised, ReturnEvent
from shared.contracts.stock import Move
from shared.kernel.ids import order_id as hashed_order_id
from shared.orders import decide as orders
from shared.orders.decide import Act, Change
from shared.orders.decide.draft import Draft
from shared.orders.model import WITH_CUSTOMER, Line, Order, Part, PartState
from shared.returns import decide as returns
from shared.returns.decide import Account, Out, Paid, Policy, SoldLine, Worth
from shared.returns.model import OfBundle, Return, ReturnStatus
from shared.tenants.model import Settings

EXCHANGE: Final = "exchange"  # connection and order type of what goes out instead
STANDARD: Final = "standard"
_BACK: Final = frozenset({PartState.CANCELLED, PartState.RETURNED})


def policy_of(order: Order, settings: Settings) -> Policy:
    """Return the tenant's window by the customer's clock."""
    zone = returns.customer_zone(order.time_zone, settings.time_zone)
    return Policy(settings.return_window_days, zone)


def sold_lines(order: Order, products: Mapping[str, Product]) -> tuple[SoldLine, ...]:
    """Return an order's lines as returns see them; `products` by SKU."""
    return tuple(_sold(line, products) for line in order.lines)


def _sold(line: Line, products: Mapping[str, Product]) -> SoldLine:
    told = line.bundle
    return SoldLine(
        line_id=line.line_id,
        sku=line.sku,
        title=line.title,
        out=tuple(
            Out(part.quantity, _since(part)) for part in line.parts if part.state in WITH_CUSTOMER
        ),
        is_final_sale=line.final_sale,
        return_class=_return_class(line, products),
        is_tax_included=line.tax_included,
        bundle=OfBundle(line=told.line, sku=told.sku, per_bundle=told.per_bundle) if told else None,
    )


def _return_class(line: Line, products: Mapping[str, Product]) -> str:
    """Return a product's class, of a component its bundle's unless that is the usual one."""
    skus = (line.bundle.sku if line.bundle else "", line.sku or "")
    found = (products[sku].return_class for sku in skus if sku in products)
    return next((name for name in found if name != STANDARD), STANDARD)


def _since(part: Part) -> datetime | None:
    """Return when the window began: what is still under way has not begun it.

    Nobody will tell of the delivery of what was fulfilled elsewhere: it counts from its leaving.
    """
    is_under_way = part.state is PartState.SHIPPED and part.reason != "fulfilled-elsewhere"
    return None if is_under_way else part.out_since


def returned_units(line: Line) -> int:
    """Return how many units of a line came back."""
    return sum(part.quantity for part in line.parts if part.state is PartState.RETURNED)


def worth_between(before: Order, after: Order) -> dict[str, Worth]:
    """Return what the units are worth, by line, that came back between two states of an order."""
    worth = {}
    for was, line in zip(before.lines, after.lines, strict=True):
        already = orders.counted(was)
        refund = orders.refund_of(line, already, orders.counted(line) - already)
        worth[line.line_id] = Worth(refund.goods_minor, refund.tax_minor)
    return worth


def shipping_between(before: Order, after: Order, settings: Settings) -> int:
    """Return the shipping that is paid back: by policy, with the last unit of the order."""
    if not settings.refund_shipping or _is_all_back(before) or not _is_all_back(after):
        return 0
    return orders.shipping_paid(after)


def _is_all_back(order: Order) -> bool:
    return all(part.state in _BACK for _, part in orders.all_parts(order))


@dataclass(frozen=True, slots=True)
class Step:
    """The order's change, and the return after it."""

    change: Change
    found: Return


def take_back(order: Order, found: Return, units: Mapping[str, int], act: Act) -> Change:
    """Return the order's change for units that came back, or that the customer keeps."""
    receipt = orders.Receipt(found.return_id, ReturnStatus.RECEIVED, found.location_id or "")
    change = orders.receive_return(order, receipt, tuple(units.items()), act, has_stock=False)
    if change is None:
        raise ValueError(f"{found.return_id}: nothing was named")
    return change


def told(order: Order, found: Return, act: Act) -> Change:
    """Return the order's change for a return that moves no part of it."""
    facts = {"return_id": found.return_id, "status": found.status}
    return Draft(order, act).finish(ReturnEvent, facts=facts)


def finished(order: Order, step: Step, stock: Sequence[Move], act: Act) -> Step:
    """Return the step with its stock tasks, and with the advice once it is due.

    It is due at once for what was taken in at a counter, else when all is inspected. What goes out
    in exchange is due with it.
    """
    change, found = step.change, step.found
    is_due = found.walk_in or found.status is ReturnStatus.INSPECTED
    if is_due and found.advice is None:
        change, found = _advised(order, change, found, act)
    exchange = found.return_id if found.exchange_order_id else None
    event = change.event.model_copy(
        update={
            "status": found.status,
            "stock": (*change.event.stock, *stock),
            "exchange": exchange,
            # So that the event's follower makes sure that the replacement is ordered.
            "route": change.event.route or exchange is not None,
        }
    )
    return Step(replace(change, event=event), found)


def _advised(order: Order, change: Change, found: Return, act: Act) -> tuple[Change, Return]:
    account = Account(
        orders.refundable(order),
        order.refunded_minor,
        tuple(Paid(t.kind, t.amount_minor, t.last4) for t in order.tenders),
    )
    advice = returns.advise(found, account, act.now)
    out = None
    if returns.exchange_lines(found):
        out = hashed_order_id(act.tenant_id, EXCHANGE, found.return_id)
    found = found.model_copy(update={"advice": advice, "exchange_order_id": out})
    refunded = order.refunded_minor + advice.credited_minor
    after = change.order.model_copy(update={"refunded_minor": refunded})
    event = RefundAdvised(
        tenant_id=act.tenant_id,
        occurred_at=act.now,
        order_id=order.order_id,
        order_version=after.version,
        return_id=found.return_id,
        refund_minor=advice.refund_minor,
        currency=order.currency,
    )
    return replace(change, order=after, also=(*change.also, event)), found
