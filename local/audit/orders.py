"""Invariants of orders and of the work that locations have for them."""

from collections.abc import Iterator
from typing import Final

from local.audit.books import Books
from shared.fulfillment.model import ENDED, Fulfillment
from shared.kernel.ids import order_id
from shared.orders.decide import paid
from shared.orders.decide.actions import OVERPAID
from shared.orders.decide.status import status_of
from shared.orders.model import RESERVED, WAITING, ExceptionStatus, Line, Order, Part, PartState

QUOTES: Final = "q-"  # ids of quotes, which hold stock softly and are no orders
QUEUED_ALWAYS: Final = frozenset({PartState.BACKORDERED, PartState.UNFILLABLE, PartState.EXCEPTION})


def nothing_of_another_tenant(books: Books) -> Iterator[str]:
    """Yield what names orders that are not this tenant's."""
    own = {order.order_id for order in books.orders}
    for order in books.orders:
        if order.order_id != order_id(books.tenant_id, order.connection, order.reference):
            yield f"order {order.order_id} is another tenant's"
    held = {body.order_id for bodies in books.reservations.values() for body in bodies}
    waiting = {body.order_id for bodies in books.waits.values() for body in bodies}
    named = held | waiting | {work.order_id for work in books.works} | set(books.events)
    for name in sorted(named - own):
        if not name.startswith(QUOTES):
            yield f"{name} is named, and is no order of this tenant"


def versions_have_no_gaps(books: Books) -> Iterator[str]:
    """Yield orders of which a version was written without its event."""
    for order in books.orders:
        events = books.events[order.order_id]
        wanted = {f"evt:order:{version}" for version in range(1, order.version + 1)}
        known = {name for name in events if name.startswith("evt:order:")}
        if known != wanted:
            yield f"{order.order_id}: events of versions {sorted(known ^ wanted)} do not fit"


def statuses_fold_from_parts(books: Books) -> Iterator[str]:
    """Yield orders whose status is not what their parts and holds add up to."""
    for order in books.orders:
        if order.status is not status_of(order):
            yield f"{order.order_id} is {order.status}, its parts say {status_of(order)}"


def states_fold_from_events(books: Books) -> Iterator[str]:
    """Yield parts that stand elsewhere than the last event that names them has left them."""
    for order in books.orders:
        told = _told_last(books, order)
        for line in order.lines:
            for part in line.parts:
                last = told.get((line.line_id, part.part))
                if last != (part.quantity, part.state.value):
                    yield (
                        f"{order.order_id}.{line.line_id}.{part.part} is {part.quantity} "
                        f"{part.state}, its events say {last}"
                    )


def _told_last(books: Books, order: Order) -> dict[tuple[str, int], tuple[int, str]]:
    events = books.events[order.order_id]
    told: dict[tuple[str, int], tuple[int, str]] = {}
    for version in range(1, order.version + 1):
        event = events.get(f"evt:order:{version}")
        changed = event.data.get("parts", []) if event else []
        for row in changed if isinstance(changed, list) else []:
            if isinstance(row, dict):
                told[str(row["line_id"]), int(str(row["part"]))] = (
                    int(str(row["quantity"])),
                    str(row["state"]),
                )
    return told


def refunds_are_covered(books: Books) -> Iterator[str]:
    """Yield orders of which more is paid back than was paid, and nobody was told.

    A channel's own refund is a fact: above what was paid it stands before a person.
    """
    told = {row.order_id for row in books.exceptions if row.code == OVERPAID}
    for order in books.orders:
        if order.refunded_minor > paid(order) and order.order_id not in told:
            yield f"{order.order_id}: {order.refunded_minor} back of {paid(order)} paid"


def units_stay_the_same(books: Books) -> Iterator[str]:
    """Yield lines whose parts are not what was ordered."""
    for order in books.orders:
        for line in order.lines:
            units = sum(part.quantity for part in line.parts)
            if units != line.quantity:
                yield f"{order.order_id}.{line.line_id}: {units} of {line.quantity} units"


def every_part_stands_somewhere(books: Books) -> Iterator[str]:
    """Yield parts that nobody works on, that wait for nothing, or that are in no queue."""
    works = {work.fulfillment_id: work for work in books.works}
    told = {
        (row.order_id, row.line_id)
        for row in books.exceptions
        if row.status is ExceptionStatus.OPEN
    }
    for order, line, part in books.parts():
        name = f"{order.order_id}.{line.line_id}.{part.part} {part.state}"
        if part.state in RESERVED:
            work = works.get(part.fulfillment_id or "")
            if work is None or work.status in ENDED or not _has_item(work, line, part):
                yield f"{name}: its work {part.fulfillment_id} is {work.status if work else None}"
        elif part.state in WAITING:
            why = _why_it_waits(order, line, part, is_told=(order.order_id, line.line_id) in told)
            if why is not None:
                yield f"{name}: {why}"


def _has_item(work: Fulfillment, line: Line, part: Part) -> bool:
    return any(
        (item.line_id, item.part, item.quantity, item.reservation_id)
        == (line.line_id, part.part, part.quantity, part.reservation_id)
        for item in work.items
    )


def _why_it_waits(order: Order, line: Line, part: Part, *, is_told: bool) -> str | None:
    """Return what is wrong with a waiting part, or None."""
    if part.state is PartState.PENDING and not order.holds:
        return "nobody routes it"
    if part.state is PartState.EXCEPTION and not is_told:
        return "nobody was told"
    is_known = line.sku is not None
    if part.state in QUEUED_ALWAYS and is_known and not part.queued:
        return "it is not queued"
    return None


def work_is_what_orders_say(books: Books) -> Iterator[str]:
    """Yield open work with items that no order part has."""
    parts = {
        (part.fulfillment_id, line.line_id, part.part): part
        for _, line, part in books.parts()
        if part.state in RESERVED
    }
    for work in books.works:
        if work.status in ENDED:
            continue
        for item in work.items:
            part = parts.get((work.fulfillment_id, item.line_id, item.part))
            if part is None or part.quantity != item.quantity:
                yield f"{work.fulfillment_id} has {item.line_id}.{item.part} that no order has"


CHECKS: Final = (
    nothing_of_another_tenant,
    versions_have_no_gaps,
    statuses_fold_from_parts,
    states_fold_from_events,
    refunds_are_covered,
    units_stay_the_same,
    every_part_stands_somewhere,
    work_is_what_orders_say,
)
