"""A person settles an exception: its action is done, then the exception closes (semantics 6).

Acting again is harmless: each action is idempotent by state or by a command id made of the
exception and the action, and what was done before a crash is closed by the next try.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from shared.contracts.intake import ItemKind, Method, PlaceLine, PlaceOrder
from shared.flows import steer_order
from shared.flows.context import Flows
from shared.flows.order_command import apply_command
from shared.flows.place_order import facts_of, place_order
from shared.kernel.errors import Fault, Invalid, NotFound
from shared.kernel.ids import hash_id
from shared.kernel.money import Money
from shared.orders import decide as orders
from shared.orders import service as order_service
from shared.orders.decide import Act, Units
from shared.orders.decide.lost import refund_lost, replace_lost
from shared.orders.model import (
    EXCEPTIONS,
    ExceptionDocument,
    ExceptionStatus,
    Line,
    Order,
    PartState,
)
from shared.orders.refusals import NotALegalAction
from shared.tenants.model import Caller

REPLACEMENT: Final = "replacement"  # connection and type of the order that replaces lost goods
# One needs a transfer between locations, which there is no command for; the other is what the
# replay of a parked message does by itself.
NOT_OFFERED: Final = frozenset({"ship-to-store", "replayed"})
_REDIRECTED: Final = "redirected"
# The reason under which an action's own change has closed the exception already.
_CLOSES_AS: Final = {
    "assign-sku": "sku-assigned",
    "convert-to-shipment": _REDIRECTED,
    "another-store": _REDIRECTED,
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person chose; `sku` for assign-sku, `location_id` for another-store."""

    action: str
    sku: str | None = None
    location_id: str | None = None


@dataclass(frozen=True, slots=True)
class _Case:
    flows: Flows
    caller: Caller
    found: ExceptionDocument
    order_id: str
    wanted: Wanted
    now: datetime

    @property
    def command_id(self) -> str:
        return hash_id("c", self.caller.tenant_id, self.found.exception_id, self.wanted.action)

    def line_id(self) -> str:
        """Return the line that the exception is about.

        Raises:
            NotALegalAction: it is about the order as a whole.
        """
        if self.found.line_id is None:
            raise NotALegalAction(self.wanted.action, ("acknowledge",))
        return self.found.line_id


_Act: TypeAlias = Callable[[_Case], Awaitable[object]]


def offered(found: ExceptionDocument) -> tuple[str, ...]:
    """Return the actions that settle an exception; a closed one has none."""
    if found.status is ExceptionStatus.CLOSED:
        return ()
    return tuple(action for action in found.actions if action not in NOT_OFFERED)


async def act_on_exception(
    flows: Flows, caller: Caller, exception_id: str, wanted: Wanted, now: datetime
) -> ExceptionDocument:
    """Do what a person chose and close the exception; once, however often it is asked.

    Raises:
        NotFound: no such exception.
        NotALegalAction: its code has no such way out; names those that it has.
        ExceptionClosed: another action has closed it.
        Refused: as the action's own command says.
    """
    found = await _load(flows, caller, exception_id)
    if found.status is ExceptionStatus.CLOSED and _was(found, wanted.action):
        return found
    if found.status is ExceptionStatus.OPEN:
        if wanted.action not in offered(found):
            raise NotALegalAction(wanted.action, offered(found))
        order_id = found.order_id or exception_id.partition(".")[0]
        act = _ACTS.get(wanted.action)
        if act is not None:
            await act(_Case(flows, caller, found, order_id, wanted, now))
        again = await _load(flows, caller, exception_id)
        if again.status is ExceptionStatus.CLOSED:
            return again  # by the change itself
    act_of = Act(caller.tenant_id, now, caller.name)
    if found.order_id is None:
        return await order_service.close_apart(flows.store, exception_id, wanted.action, act_of)
    return await order_service.close_exception(
        flows.store, exception_id, wanted.action, act_of, caller.correlation_id
    )


def _was(found: ExceptionDocument, action: str) -> bool:
    return found.detail.get("action") in {action, _CLOSES_AS.get(action, action)}


async def _load(flows: Flows, caller: Caller, exception_id: str) -> ExceptionDocument:
    key = exception_id.partition(".")[0]
    found = await flows.store.get(caller.tenant_id, EXCEPTIONS, key, f"exception:{exception_id}")
    if found is None:
        raise NotFound("exception")
    return found.body


async def _reset(case: _Case) -> None:
    """Send the line's waiting parts to routing again; of the whole order without a line."""
    only = None
    if case.found.line_id is not None:
        order = await _order(case)
        line = _line(order, case.found.line_id)
        stands = {PartState.EXCEPTION, PartState.BACKORDERED, PartState.UNFILLABLE}
        only = [(line.line_id, part.part) for part in line.parts if part.state in stands]
        if not only:
            return
    await steer_order.reset(case.flows, case.caller, case.order_id, case.now, only=only)


async def _cancel(case: _Case) -> None:
    """Cancel the part that the exception is about; the line, or the order, without one."""
    found = case.found
    units = [Units(found.line_id, part=found.part)] if found.line_id else []
    await steer_order.cancel(
        case.flows,
        case.caller,
        case.order_id,
        units,
        "cancel",
        case.now,
        command_id=case.command_id,
    )


async def _release(case: _Case) -> None:
    await steer_order.release(case.flows, case.caller, case.order_id, None, case.now)


async def _assign_sku(case: _Case) -> None:
    sku, line_id = case.wanted.sku, case.line_id()
    if sku is None:
        raise Invalid([Fault("/sku", "missing", "name the product")])
    facts = await facts_of(case.flows, case.caller.tenant_id, [sku], case.now)
    if sku not in facts or not facts[sku].is_sellable:
        detail = "no product, or no whole bundle, has this SKU, barcode or alias"
        raise Invalid([Fault("/sku", "unknown-sku", detail)])
    await apply_command(
        case.flows,
        case.caller,
        case.order_id,
        lambda order, _, act: orders.assign_sku(order, line_id, facts[sku], act),
        case.now,
    )


async def _redirect(case: _Case, method: Method, location_id: str | None) -> None:
    line_id = case.line_id()
    await apply_command(
        case.flows,
        case.caller,
        case.order_id,
        lambda order, _, act: orders.redirect(order, line_id, method, location_id, act),
        case.now,
        command_id=case.command_id,
    )


async def _convert(case: _Case) -> None:
    order = await _order(case)
    if order.ship_to is None:
        raise Invalid([Fault("/action", "no-address", "the order has no address to ship to")])
    await _redirect(case, Method.SHIP, None)


async def _another_store(case: _Case) -> None:
    store = case.wanted.location_id
    known = await case.flows.knowledge.of(case.caller.tenant_id, case.now)
    place = known.locations.get(store or "")
    if store is None or place is None or not place.pickup_enabled:
        raise Invalid([Fault("/location_id", "no-pickup-store", "name a store with pickup")])
    await _redirect(case, Method.PICKUP, store)


async def _replace(case: _Case) -> None:
    """Order the lost units anew, at no price."""
    line_id, number = case.line_id(), case.found.part or 1
    await apply_command(
        case.flows,
        case.caller,
        case.order_id,
        lambda order, _, act: replace_lost(order, line_id, number, act),
        case.now,
    )
    order = await _order(case)
    line = _line(order, line_id)
    part = next((part for part in line.parts if part.part == case.found.part), None)
    units = part.quantity if part else line.quantity
    intake = _replacement(order, line, units, case.found.exception_id)
    await place_order(case.flows, case.caller, intake, case.now)


def _replacement(order: Order, line: Line, units: int, reference: str) -> PlaceOrder:
    free = Money(order.currency, 0)
    return PlaceOrder(
        connection=REPLACEMENT,
        reference=reference,
        number=f"{order.known_as[:190]}-R",
        channel=order.channel,
        order_type=REPLACEMENT,
        placed_at=order.placed_at,
        currency=order.currency,
        customer=order.customer,
        ship_to=order.ship_to,
        time_zone=order.time_zone,
        priority=order.priority,
        lines=(
            PlaceLine(
                line_id=line.bundle.line if line.bundle else line.line_id,
                sku=line.sku,
                title=line.title,
                kind=ItemKind(line.kind),
                quantity=units,
                unit_price=free,
            ),
        ),
        total=free,
    )


async def _refund(case: _Case) -> None:
    line_id, number = case.line_id(), case.found.part or 1
    await apply_command(
        case.flows,
        case.caller,
        case.order_id,
        lambda order, _, act: refund_lost(order, line_id, number, act),
        case.now,
        command_id=case.command_id,
    )


async def _order(case: _Case) -> Order:
    return await order_service.get_order(case.flows.store, case.caller.tenant_id, case.order_id)


def _line(order: Order, line_id: str) -> Line:
    found = next((line for line in order.lines if line.line_id == line_id), None)
    if found is None:
        raise NotFound("line")
    return found


# The others (acknowledge, applied, intercepted, delivered-anyway) only close: it was done outside.
_ACTS: Final[dict[str, _Act]] = {
    "reset": _reset,
    "cancel": _cancel,
    "release": _release,
    "assign-sku": _assign_sku,
    "convert-to-shipment": _convert,
    "another-store": _another_store,
    "replace": _replace,
    "refund": _refund,
}
