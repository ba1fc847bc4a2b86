"""What is paid back for units that the customer does not get or gives back (semantics 8)."""

from dataclasses import dataclass
from typing import Final

from shared.kernel.money import cumulative_share
from shared.orders.decide.status import PAYMENT
from shared.orders.model import Line, Order, PartState

_COUNTED: Final = frozenset({PartState.CANCELLED, PartState.RETURNED})


@dataclass(frozen=True, slots=True)
class Refund:
    """Minor units; `tax_minor` comes on top unless prices include tax."""

    goods_minor: int
    tax_minor: int
    is_tax_included: bool = False

    @property
    def total_minor(self) -> int:
        return self.goods_minor + (0 if self.is_tax_included else self.tax_minor)


def counted(line: Line) -> int:
    """Return the line's units that were cancelled or came back: their value is spoken for."""
    return sum(part.quantity for part in line.parts if part.state in _COUNTED)


def refund_of(line: Line, already: int, quantity: int) -> Refund:
    """Return A(already + q) − A(already): the worth of the next q units, tax apart."""
    goods = cumulative_share(line.value_minor, already + quantity, line.quantity)
    tax = cumulative_share(line.tax_minor, already + quantity, line.quantity)
    return Refund(
        goods - cumulative_share(line.value_minor, already, line.quantity),
        tax - cumulative_share(line.tax_minor, already, line.quantity),
        line.tax_included,
    )


def shipping_paid(order: Order) -> int:
    """Return what shipping cost the customer, with its tax where prices are without."""
    is_included = any(line.tax_included for line in order.lines)
    tax = 0 if is_included else order.shipping_tax_minor
    return max(0, order.shipping_minor - order.shipping_discount_minor) + tax


def total_of(order: Order) -> int:
    """Return what the order adds up to: lines, taxes, shipping and tip."""
    lines = sum(
        line.value_minor + (0 if line.tax_included else line.tax_minor) for line in order.lines
    )
    return lines + shipping_paid(order) + order.tip_minor


def paid(order: Order) -> int:
    """Return what was paid: the tenders, else the total unless payment is still awaited."""
    if order.tenders:
        return sum(tender.amount_minor for tender in order.tenders)
    if any(hold.reason == PAYMENT for hold in order.holds):
        return 0
    return total_of(order) if order.total_minor is None else order.total_minor


def refundable(order: Order) -> int:
    """Return what may still be paid back."""
    return max(0, paid(order) - order.refunded_minor)


def refund_of_cancelled(before: Order, after: Order) -> int:
    """Return the advice for what was cancelled between two states of an order.

    With the last unit the shipping and the tip are paid back too.
    """
    total = 0
    for was, line in zip(before.lines, after.lines, strict=True):
        already, now = counted(was), counted(line)
        if now != already:
            total += refund_of(line, already, now - already).total_minor
    if all(p.state is PartState.CANCELLED for line in after.lines for p in line.parts):
        total += shipping_paid(after) + after.tip_minor
    return min(total, refundable(before))
