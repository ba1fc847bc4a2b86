"""What must hold once a history has come to rest (facts of reliability); each breach is a line."""

from collections.abc import Callable, Iterator
from typing import Final

from local.simulate import audit_stock
from local.simulate.books import Books, read_books
from local.simulate.engine import run_now
from local.simulate.people import Memory
from local.simulate.stage import TENANTS, Stage
from shared.fulfillment.model import ENDED, Fulfillment
from shared.kernel.ids import order_id
from shared.orders.decide import paid
from shared.orders.model import RESERVED, WAITING, ExceptionStatus, Line, Order, Part, PartState
from shared.tenants import parking
from shared.tenants.parking import ParkedStatus

Check = Callable[[Books, Memory], Iterator[str]]
QUEUED_ALWAYS: Final = frozenset(
    {PartState.BACKORDERED, PartState.UNFILLABLE, PartState.EXCEPTION}
)


def audit(stage: Stage, memory: Memory) -> list[str]:
    """Return every broken invariant, with its facts."""
    found: list[str] = []
    for tenant_id in TENANTS:
        books = run_now(read_books(stage.store, tenant_id, stage.clock.now()))
        for check in CHECKS:
            found += [f"{tenant_id}: {line}" for line in check(books, memory)]
    for tenant_id in (*TENANTS, "_platform"):
        found += [f"{tenant_id}: {line}" for line in run_now(_parked(stage, tenant_id))]
    return found


async def _parked(stage: Stage, tenant_id: str) -> list[str]:
    page = await parking.list_parked(stage.store, tenant_id, limit=200, cursor=None)
    return [
        f"a message stays parked: {row.body.subject} {row.body.code} {row.body.detail}"
        for row in page.items
        if row.body.status is ParkedStatus.PARKED
    ]


def accepted_orders_are_there(books: Books, memory: Memory) -> Iterator[str]:
    """Yield orders that were answered and are gone."""
    there = {order.order_id for order in books.orders}
    for name in sorted(memory.orders.get(books.tenant_id, set()) - there):
        yield f"accepted order {name} is gone"


def nothing_of_another_tenant(books: Books, _: Memory) -> Iterator[str]:
    """Yield what names orders that are not this tenant's."""
    own = {order.order_id for order in books.orders}
    for order in books.orders:
        if order.order_id != order_id(books.tenant_id, order.connection, order.reference):
            yield f"order {order.order_id} is another tenant's"
    held = {body.order_id for bodies in books.reservations.values() for body in bodies}
    waiting = {body.order_id for bodies in books.waits.values() for body in bodies}
    named = held | waiting | {work.order_id for work in books.works} | set(books.events)
    for name in sorted(named - own):
        if not name.startswith("q-"):
            yield f"{name} is named, and is no order of this tenant"


def versions_have_no_gaps(books: Books, _: Memory) -> Iterator[str]:
    """Yield orders of which a version was written without its event."""
    for order in books.orders:
        events = books.events[order.order_id]
        wanted = {f"evt:order:{version}" for version in range(1, order.version + 1)}
        known = {name for name in events if name.startswith("evt:order:")}
        if known != wanted:
            yield f"{order.order_id}: events of versions {sorted(known ^ wanted)} do not fit"


def refunds_are_covered(books: Books, _: Memory) -> Iterator[str]:
    """Yield orders of which more is paid back than was paid."""
    for order in books.orders:
        if order.refunded_minor > paid(order):
            yield f"{order.order_id}: {order.refunded_minor} back of {paid(order)} paid"


def units_stay_the_same(books: Books, _: Memory) -> Iterator[str]:
    """Yield lines whose parts are not what was ordered."""
    for order in books.orders:
        for line in order.lines:
            units = sum(part.quantity for part in line.parts)
            if units != line.quantity:
                yield f"{order.order_id}.{line.line_id}: {units} of {line.quantity} units"


def every_part_stands_somewhere(books: Books, _: Memory) -> Iterator[str]:
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


def work_is_what_orders_say(books: Books, _: Memory) -> Iterator[str]:
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


CHECKS: Final[tuple[Check, ...]] = (
    accepted_orders_are_there,
    nothing_of_another_tenant,
    versions_have_no_gaps,
    refunds_are_covered,
    units_stay_the_same,
    every_part_stands_somewhere,
    work_is_what_orders_say,
    *audit_stock.CHECKS,
)
