"""Invariants of stock, queued demand and capacity at the end of a history."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from local.audit.books import Books
from local.audit.orders import QUOTES
from shared.contracts.stock import Ending
from shared.couriers.shipment import ShipmentStatus
from shared.fulfillment.model import ENDED, PICKABLE, Status
from shared.inventory.decide.ledger import open_reservations
from shared.inventory.model import Hardness, Level, stamp
from shared.orders.model import WITH_CUSTOMER, ExceptionStatus, PartState

OVERCOMMITTED: Final = "overcommitted"
UNRESERVED: Final = "shipped-unreserved"
VOIDED: Final = "shipment-voided"
LEFT: Final = WITH_CUSTOMER | {PartState.RETURNED, PartState.LOST}
NOT_DONE: Final = frozenset({Status.REJECTED, Status.CANCELLED, Status.EXPIRED})


def counters_fold_from_documents(books: Books) -> Iterator[str]:
    """Yield counters that differ from their documents, and reservations from the orders' parts."""
    for sku, found in books.found.items():
        for row in found.differences:
            yield f"{sku}@{row.place} {row.counter} is {row.stored}, its documents say {row.folded}"
        for body in found.unexpected:
            if not body.order_id.startswith(QUOTES):
                yield f"{sku}@{body.location_id} {body.reservation_id} is open and no part has it"
        for name in found.missing:
            yield f"{sku} {name} is a part's and not open"


def demand_is_what_waits(books: Books) -> Iterator[str]:
    """Yield queued demand that is not exactly that of the waiting parts."""
    wanted = {
        (order.order_id, line.line_id, part.part): part.quantity
        for order, line, part in books.parts()
        if part.queued and line.sku is not None
    }
    queued = {
        (body.order_id, body.line_id, body.part): body.quantity
        for bodies in books.waits.values()
        for body in bodies
        if body.open
    }
    for at in sorted(wanted.keys() | queued.keys()):
        if wanted.get(at) != queued.get(at):
            yield f"{'.'.join(map(str, at))} waits {wanted.get(at)}, queued {queued.get(at)}"


def nothing_is_oversold(books: Books) -> Iterator[str]:
    """Yield levels below zero that no fact explains, or that nobody looks after."""
    for sku, levels in books.levels.items():
        for level in levels:
            if level.free < 0 and not _is_explained(books, sku, level):
                yield f"{sku}@{level.location_id} free is {level.free} and no fact says why"
            elif level.free < 0 and level.reserved:
                yield from _not_taken_back(books, sku, level)


def _is_explained(books: Books, sku: str, level: Level) -> bool:
    """Tell whether a movement or an ending was told that took more than there was."""
    of_level = [
        body.short for body in books.movements[sku] if body.location_id == level.location_id
    ]
    of_level += [body.short for body in books.ends[sku] if body.location_id == level.location_id]
    return any(short > 0 for short in of_level)


def _not_taken_back(books: Books, sku: str, level: Level) -> Iterator[str]:
    """Yield unpicked reservations of an overcommitted level: they should be elsewhere by now.

    Of what is picked, as much as is short must stand before a person; but for parcels that were
    taken back before their first scan: what is in them is there.
    """
    back = {body.movement_id for body in books.movements[sku] if body.reason == VOIDED}
    told = {
        row.order_id
        for row in books.exceptions
        if row.code == OVERCOMMITTED and row.status is ExceptionStatus.OPEN
    }
    untold, covered = 0, 0
    for work in books.works:
        if work.location_id != level.location_id or work.status in ENDED:
            continue
        is_on_shelf = (work.left or work.status) in PICKABLE
        for item in work.items:
            if item.sku != sku or item.reservation_id in back:
                continue
            if is_on_shelf and item.picked == 0:
                yield f"{sku}@{level.location_id} is overcommitted by {work.fulfillment_id}"
            elif work.order_id in told:
                covered += item.quantity
            else:
                untold += item.quantity
    if untold and covered < -level.free:
        yield f"{sku}@{level.location_id}: {-level.free} short, told of {covered} of the picked"


def goods_leave_once(books: Books) -> Iterator[str]:
    """Yield SKUs and locations from which other units left than orders say."""
    said, left = _units_out(books), _units_gone(books)
    for at in sorted(said.keys() | left.keys()):
        is_counted = all(body.tracked for body in books.reservations.get(at[0], ()))
        if is_counted and said[at] != left[at]:
            yield f"{'@'.join(at)}: {said[at]} units left, stock knows of {left[at]}"


def _units_out(books: Books) -> Counter[tuple[str, str]]:
    """Return what orders say has left; what a till handed over is a movement of its own."""
    said: Counter[tuple[str, str]] = Counter()
    for _, line, part in books.parts():
        if part.state in LEFT and part.reservation_id and part.location_id and line.sku:
            said[line.sku, part.location_id] += part.quantity
    return said


def _units_gone(books: Books) -> Counter[tuple[str, str]]:
    gone: Counter[tuple[str, str]] = Counter()
    for sku, movements in books.movements.items():
        held = {body.reservation_id: body.quantity for body in books.reservations[sku]}
        for end in books.ends[sku]:
            if end.ending is Ending.CONSUMED:
                gone[sku, end.location_id] += end.quantity
        for body in movements:
            if body.reason == UNRESERVED:
                gone[sku, body.location_id] -= body.on_hand
            elif body.reason == VOIDED:  # of untracked goods only the reservation tells how many
                units = held.get(body.movement_id, body.on_hand)
                gone[sku, body.location_id] -= units
    return gone


def soft_reservations_end(books: Books) -> Iterator[str]:
    """Yield soft reservations whose time is over and that still hold units."""
    for sku, bodies in books.reservations.items():
        for name, body in open_reservations([*bodies, *books.ends[sku]]).items():
            is_over = body.expires_at is not None and body.expires_at <= stamp(books.now)
            if body.hardness is Hardness.SOFT and is_over:
                yield f"{sku} {name} is over and holds {body.quantity}"


def _sent(books: Books) -> Counter[str]:
    """Return the units that are out by fulfillment: they keep their share of a day."""
    left: Counter[str] = Counter()
    for tender in books.shipments:
        if tender.status is not ShipmentStatus.VOIDED:
            left[tender.fulfillment_id] += sum(item.quantity for item in tender.items)
    return left


def capacity_is_what_work_takes(books: Books) -> Iterator[str]:
    """Yield days whose counter is not the sum of their takes, and takes of no work."""
    works = {work.fulfillment_id: work for work in books.works}
    left = _sent(books)
    for location_id, takes in books.takes.items():
        sums: Counter[str] = Counter()
        for take in takes:
            if not take.units:
                continue  # given back, or spent before it came
            sums[take.day] += take.units
            work = works.get(take.fulfillment_id)
            is_undone = work is None or work.status in NOT_DONE
            if is_undone and take.units > left[take.fulfillment_id]:
                status = work.status if work else "missing"
                yield f"{location_id} gives capacity to {take.fulfillment_id}, which is {status}"
        for day in books.days[location_id]:
            if day.taken != sums.pop(day.day, 0):
                yield f"{location_id} {day.day} counts {day.taken}, its takes do not"
        for name in sums:
            yield f"{location_id} {name} has takes and no counter"


CHECKS: Final = (
    counters_fold_from_documents,
    demand_is_what_waits,
    nothing_is_oversold,
    goods_leave_once,
    soft_reservations_end,
    capacity_is_what_work_takes,
)
