"""Returns and the order they are of: both change in one batch of the order's partition.

A return is made under the order's etag, so that two of them never name the same units; receipts
and refunds change the order's parts and its account, and so do they.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from shared.contracts.returns import InspectUnits, ReceivedUnits, ReceiveParcel, RequestReturn
from shared.contracts.stock import Move
from shared.flows.context import Flows
from shared.flows.exchange import place_exchange
from shared.flows.return_command import Sight, Write, apply_to_return, check_place, skus_of
from shared.flows.returned_goods import (
    Step,
    finished,
    policy_of,
    shipping_between,
    sold_lines,
    take_back,
    told,
    worth_between,
)
from shared.kernel.documents import Stored
from shared.kernel.errors import NotAllowed
from shared.kernel.ids import hash_id, order_id
from shared.orders import decide as orders
from shared.orders.decide import Act, Change
from shared.orders.decide.actions import FACT_CONFLICT
from shared.returns import decide as returns
from shared.returns import service as return_service
from shared.returns.decide import Named, Sale, Terms
from shared.returns.model import Inspection, NotInReturn, Receipt, Return
from shared.tenants.decide import require
from shared.tenants.model import Caller

COUNTER: Final = "counter"  # the parcel number of what was taken in when it was asked for


async def request_return(
    flows: Flows, caller: Caller, request: RequestReturn, made_by: str, now: datetime
) -> Return:
    """Register a return, or take one in at a counter; the same command again changes nothing.

    Raises:
        Invalid, NotFound, NotReturnable, FinalSale, WindowClosed, ReturnDiffers: see the rules.
        Forbidden: an override or a fee of one's own, or goods taken in elsewhere than allowed.
    """
    returns.check_request(request)
    require(caller, "returns.request", request.location_id or "")
    if request.received:
        require(caller, "returns.receive", request.location_id)
    if request.override is not None or request.fee is not None:
        require(caller, "returns.approve")
    await check_place(flows, caller, request.location_id, now)
    name = request.order_id or order_id(
        caller.tenant_id, request.connection or "", request.order_reference or ""
    )
    skus = await skus_of(flows, caller, [row.code for row in request.lines], now)
    named = [
        Named(row.line_id, skus.get(row.code or ""), row.quantity, row.reason)
        for row in request.lines
    ]
    mark = f"reference {request.reference}" if request.reference else made_by
    found = await apply_to_return(
        flows, caller, name, lambda sight: _request(sight, request, named, mark), now
    )
    await place_exchange(flows, caller, found, now)
    return found


def _request(
    sight: Sight, request: RequestReturn, named: Sequence[Named], made_by: str
) -> Write | Return:
    order, act, settings = sight.order, sight.act, sight.known.settings
    known = tuple(stored.body for stored in sight.returns)
    made = returns.known(known, request, made_by)
    if made is not None:
        return made
    sale = Sale(order.order_id, order.currency, sold_lines(order, sight.products), known)
    terms = Terms(policy_of(order, settings), settings.return_fee_minor, act.by, made_by)
    made = returns.new_return(sale, request, named, terms, act.now)
    step = _taken_in(sight, made) if request.received else Step(told(order, made, act), made)
    counted = step.change.order.model_copy(update={"returns": order.returns + 1})
    created = step.found.model_copy(update={"version": 1})
    change = replace(step.change, order=counted)
    return Write(created, (return_service.creation(created),), change)


def _taken_in(sight: Sight, made: Return) -> Step:
    """Let a return take its rows to received at once."""
    act = sight.act
    receipt = Receipt(
        parcel=COUNTER,
        location_id=made.location_id or "",
        at=act.now,
        by=act.by,
        lines=returns.expected(made),
    )
    return _received(sight, returns.approve(made) or made, receipt)


def _received(sight: Sight, found: Return, receipt: Receipt) -> Step:
    order, act = sight.order, sight.act
    units = {row.line_id: row.quantity for row in receipt.lines}
    change = take_back(order, found, units, act)
    after = returns.receive(found, receipt, worth_between(order, change.order))
    after = _with_shipping(sight, after, change)
    return finished(order, Step(change, after), returns.receipt_moves(found, receipt), act)


def _with_shipping(sight: Sight, found: Return, change: Change) -> Return:
    due = shipping_between(sight.order, change.order, sight.known.settings)
    return found.model_copy(update={"shipping_minor": found.shipping_minor + due})


async def receive_parcel(
    flows: Flows,
    caller: Caller,
    return_id: str,
    parcel: ReceiveParcel,
    now: datetime,
    *,
    is_fact: bool = False,
) -> Return:
    """Record goods that arrived, once by the parcel's number.

    `is_fact`: told by a till or a 3PL. Stock follows it even where the return does not expect it;
    the return stays as it is then, and the contradiction stands before a person.

    Raises:
        NotFound: no such return, location or line.
        NotAllowed, NotInReturn: it is not expected, and no fact.
    """
    require(caller, "returns.receive", parcel.location_id)
    await check_place(flows, caller, parcel.location_id, now)
    skus = await skus_of(flows, caller, [row.code for row in parcel.lines], now)
    named = [_named(row, skus) for row in parcel.lines]

    def rule(sight: Sight) -> Write | Return:
        stored = sight.find(return_id)
        found = stored.body
        if returns.is_received(found, parcel.parcel):
            return found
        receipt = _receipt(found, parcel, named, sight.act)
        return _recorded(sight, stored, receipt, is_fact=is_fact)

    found = await apply_to_return(flows, caller, return_service.order_of(return_id), rule, now)
    await place_exchange(flows, caller, found, now)
    return found


def _recorded(sight: Sight, stored: Stored[Return], receipt: Receipt, *, is_fact: bool) -> Write:
    try:
        returns.check_receivable(stored.body, receipt)
    except (NotAllowed, NotInReturn):
        if not is_fact:
            raise
        return _conflict(sight, stored.body, receipt)
    step = _received(sight, stored.body, receipt)
    return Write(step.found, (return_service.replacement(stored, step.found),), step.change)


def _named(row: ReceivedUnits, skus: Mapping[str, str]) -> Named:
    return Named(row.line_id, skus.get(row.code or ""), row.quantity)


def _receipt(found: Return, parcel: ReceiveParcel, named: Sequence[Named], act: Act) -> Receipt:
    lines = returns.received_lines(returns.named_in(found, named))
    return Receipt(
        parcel=parcel.parcel,
        location_id=parcel.location_id,
        at=returns.movement_time(parcel.at, act.now),
        by=act.by,
        lines=lines if named else returns.expected(found),
    )


def _conflict(sight: Sight, found: Return, receipt: Receipt) -> Write:
    """Let stock follow a receipt that the return does not expect, once for each of its states."""
    detail: dict[str, str | int] = {
        "fact": "receive-return",
        "id": found.return_id,
        "parcel": receipt.parcel,
        "state": found.status,
        "quantity": sum(row.quantity for row in receipt.lines),
    }
    change = orders.open_exception(sight.order, FACT_CONFLICT, sight.act, detail)
    stock = (*change.event.stock, *returns.receipt_moves(found, receipt))
    event = change.event.model_copy(update={"stock": stock})
    name = hash_id("rc", found.return_id, receipt.parcel, found.status)
    return Write(found, (), replace(change, event=event), command_id=name)


async def inspect_units(
    flows: Flows, caller: Caller, return_id: str, asked: InspectUnits, now: datetime
) -> Return:
    """Record what became of units, once by the batch's number; the last batch advises the refund.

    Raises:
        NotFound, NotAllowed, NotInReturn, NotAllInspected: see the rules.
        Forbidden: who may not approve returns lets nobody keep goods, nor gives up on them.
    """
    require(caller, "returns.inspect", asked.location_id)
    if asked.last or any(row.disposition == "keep" for row in asked.units):
        require(caller, "returns.approve")

    def rule(sight: Sight) -> Write | Return:
        stored = sight.find(return_id)
        if returns.is_looked_at(stored.body, asked.batch):
            return stored.body
        return _inspected(sight, stored, asked)

    found = await apply_to_return(flows, caller, return_service.order_of(return_id), rule, now)
    await place_exchange(flows, caller, found, now)
    return found


def _inspected(sight: Sight, stored: Stored[Return], asked: InspectUnits) -> Write:
    order, act, found = sight.order, sight.act, stored.body
    inspection = Inspection(
        batch=asked.batch,
        location_id=asked.location_id,
        at=act.now,
        by=act.by,
        units=returns.inspected_lines(
            (row.line_id, row.disposition, row.quantity) for row in asked.units
        ),
    )
    kept = returns.kept(inspection)
    change = take_back(order, found, kept, act) if kept else None
    worth = worth_between(order, change.order) if change else {}
    after = returns.inspect(found, inspection, worth, is_last=asked.last)
    moves = returns.inspection_moves(found, inspection)
    if change is None and (after.status == found.status or after.advice is not None):
        return _alone(sight, stored, after, moves)
    if change is None:
        change = told(order, after, act)
    step = finished(order, Step(change, _with_shipping(sight, after, change)), moves, act)
    return Write(step.found, (return_service.replacement(stored, step.found),), step.change)


def _alone(sight: Sight, stored: Stored[Return], after: Return, moves: Sequence[Move]) -> Write:
    event = return_service.event_operation(after, sight.caller, sight.act.now, moves)
    return Write(after, (return_service.replacement(stored, after), event))
