"""Invariants of returns: what came back once, was refunded once, and replaced once."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from local.audit.books import Books
from shared.orders.decide.actions import FACT_CONFLICT
from shared.orders.model import PartState


def units_come_back_once(books: Books) -> Iterator[str]:
    """Yield lines of which returns received more than the order says is back.

    What came back although the order did not expect it stands before a person.
    """
    told = {row.order_id for row in books.exceptions if row.code == FACT_CONFLICT}
    received: Counter[tuple[str, str]] = Counter()
    for found in books.returns:
        for row in found.lines:
            received[found.order_id, row.line_id] += row.received
    back: Counter[tuple[str, str]] = Counter()
    for order, line, part in books.parts():
        if part.state is PartState.RETURNED:
            back[order.order_id, line.line_id] += part.quantity
    for at, units in sorted(received.items()):
        if units > back[at] and at[0] not in told:
            yield f"{'.'.join(at)}: returns received {units} units, {back[at]} are back"


def refunds_are_counted(books: Books) -> Iterator[str]:
    """Yield orders that were refunded less than their returns advised."""
    advised: Counter[str] = Counter()
    for found in books.returns:
        if found.advice is not None:
            advised[found.order_id] += found.advice.credited_minor
    for order in books.orders:
        if order.refunded_minor < advised[order.order_id]:
            yield f"{order.order_id} counts {order.refunded_minor} of {advised[order.order_id]}"


def replacements_are_ordered(books: Books) -> Iterator[str]:
    """Yield exchanges whose replacement nobody has ordered."""
    there = {order.order_id for order in books.orders}
    for found in books.returns:
        name = found.exchange_order_id
        if name is not None and name not in there:
            yield f"{found.return_id} is exchanged for {name}, which is no order"


CHECKS: Final = (units_come_back_once, refunds_are_counted, replacements_are_ordered)
