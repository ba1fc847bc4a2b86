"""What must hold once a history has come to rest (facts of reliability); each breach is a line.

Most of it is what `python -m local audit` looks at as well; the rest needs to know what was told.
"""

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import Final

from local.audit.books import Books, read_books
from local.audit.checks import breaches, parked
from local.audit.stock import LEFT
from local.simulate.engine import run_now
from local.simulate.oversold import oversold
from local.simulate.people import Memory
from local.simulate.stage import TENANTS, Stage
from shared.orders.model import Line, Part, PartState

_OFF: Final = frozenset({PartState.CANCELLED, PartState.CANCEL_REQUESTED})

Check = Callable[[Books, Memory], Iterator[str]]


def audit(stage: Stage, memory: Memory) -> list[str]:
    """Return every broken invariant, with its facts."""
    found: list[str] = []
    for tenant_id in TENANTS:
        books = run_now(read_books(stage.store, tenant_id, stage.clock.now()))
        found += breaches(books)
        sold = run_now(oversold(stage.store, tenant_id))
        found += [f"{tenant_id}: oversold: {line}" for line in sold]
        for check in CHECKS:
            found += [f"{tenant_id}: {line}" for line in check(books, memory)]
    for tenant_id in (*TENANTS, "_platform"):
        found += run_now(parked(stage.store, tenant_id))
    return found


def accepted_orders_are_there(books: Books, memory: Memory) -> Iterator[str]:
    """Yield orders that were answered and are gone."""
    there = {order.order_id for order in books.orders}
    for name in sorted(memory.orders.get(books.tenant_id, set()) - there):
        yield f"accepted order {name} is gone"


def facts_are_recorded_once(books: Books, memory: Memory) -> Iterator[str]:
    """Yield movements that nobody told of."""
    told = memory.facts.get(books.tenant_id, {}).keys() | moves_asked_for(books).keys()
    orders = {order.order_id for order in books.orders}
    for sku, movements in books.movements.items():
        for name in sorted({body.movement_id for body in movements} - told):
            if not name.startswith("first.") and name.partition(".")[0] not in orders:
                yield f"{sku} has movement {name} that nobody told of"


def bundles_stay_whole(books: Books, _: Memory) -> Iterator[str]:
    """Yield bundles of which a location, or the list of what is cancelled, has half a one.

    Components that may split stand where they like. A location may have sent half a bundle, which
    is a fact: what is left of it then stands alone.
    """
    for order in books.orders:
        sets = [line for line in order.lines if line.bundle and not line.bundle.may_split]
        for sold in sorted({line.bundle.line for line in sets if line.bundle}):
            lines = [line for line in sets if line.bundle and line.bundle.line == sold]
            if len(set(_bundles(lines, "sent").values())) > 1:
                continue
            for at in sorted({_place(part) for line in lines for part in line.parts}):
                if len(set(_bundles(lines, at).values())) > 1:
                    yield f"order {order.order_id}: half a bundle of line {sold} {at}"


def _bundles(lines: Iterable[Line], at: str) -> dict[str, Fraction]:
    """Return how many bundles each component line has at a place; "sent": has sent from any."""
    return {line.line_id: sum(_shares(line, at), Fraction(0)) for line in lines}


def _shares(line: Line, at: str) -> Iterator[Fraction]:
    for part in line.parts:
        is_there = part.state in LEFT if at == "sent" else _place(part) == at
        if line.bundle and is_there:
            yield Fraction(part.quantity, line.bundle.per_bundle)


def _place(part: Part) -> str:
    return "cancelled" if part.state in _OFF else f"at {part.location_id}"


def moves_follow_their_events(books: Books, _: Memory) -> Iterator[str]:
    """Yield movements that an order's event asked for and stock has not made."""
    made = {body.movement_id for bodies in books.movements.values() for body in bodies}
    for name, sku in sorted(moves_asked_for(books).items()):
        if name not in made:
            yield f"{sku} lacks movement {name} that an event asked for"


def moves_asked_for(books: Books) -> dict[str, str]:
    """Return the SKU of each movement that an order's event names."""
    found: dict[str, str] = {}
    for events in books.events.values():
        for event in events.values():
            tasks = event.data.get("stock", [])
            for task in tasks if isinstance(tasks, list) else []:
                if isinstance(task, dict) and task.get("task") == "move":
                    found[str(task["movement_id"])] = str(task["sku"])
    return found


CHECKS: Final[tuple[Check, ...]] = (
    accepted_orders_are_there,
    facts_are_recorded_once,
    bundles_stay_whole,
    moves_follow_their_events,
)
