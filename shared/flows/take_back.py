"""A fact left less than is promised: unpicked units go elsewhere, picked ones to a person.

Semantics 4. Whoever handles the event may read old versions, and others reserve, pick and ship
meanwhile: so a guarded write asks whether the level is overcommitted, each order decides on itself,
and as long as something on the shelf overdraws the level the event comes again.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from shared.contracts.inventory import StockOvercommitted
from shared.contracts.stock import RejectReason
from shared.flows.context import Flows
from shared.flows.order_command import Follow, Works, apply_command
from shared.fulfillment import model as work_model
from shared.fulfillment import service as work_service
from shared.fulfillment.model import Fulfillment
from shared.inventory import service as inventory
from shared.inventory.decide.overcommitment import Claim, take_back
from shared.kernel.errors import Unavailable
from shared.orders import decide as orders
from shared.orders.decide import Act, Change, Stage, Units
from shared.orders.model import Order, PartState
from shared.tenants.model import Caller, Role

OVERCOMMITTED: Final = "overcommitted"


async def take_back_stock(flows: Flows, event: StockOvercommitted, now: datetime) -> int:
    """Take unpicked reservations back where a fact left too little, and re-route them.

    What is picked already is put before a person. Returns the units still short.

    Raises:
        Unavailable: something on the shelf still overdraws the level; the event is to come again.
    """
    tenant_id, sku, at = event.tenant_id, event.sku, event.location_id
    level = await inventory.overcommitted(flows.store, tenant_id, sku, at, now)
    if level is None:
        return 0
    if not level.reserved:
        return -level.free  # nothing is promised of it; an unlimited SKU's work holds no units
    claims = _claims(await work_service.open_work(flows.store, tenant_id, at), sku)
    choice = take_back(-level.free, claims)
    for claim in choice.taken:
        await _reroute(flows, tenant_id, claim.reservation_id, now)
    for claim in choice.exceptions:
        await _put_before_a_person(flows, event, claim.reservation_id, now)
    if choice.taken and await inventory.overcommitted(flows.store, tenant_id, sku, at, now):
        raise Unavailable(f"{sku} at {at} is still overcommitted")
    # What is reserved and not picked goes first, and may not be in anybody's work yet.
    is_all_seen = sum(claim.quantity for claim in claims) >= level.reserved
    if (choice.still_short or choice.exceptions) and not is_all_seen:
        raise Unavailable(f"{sku} at {at} is reserved for work that is not there yet")
    return choice.still_short


def _claims(works: Sequence[Fulfillment], sku: str) -> list[Claim]:
    return [
        Claim(
            reservation_id=item.reservation_id,
            quantity=item.quantity,
            priority=work.priority,
            promise_by=work.due_by,
            accepted_at=work.created_at,
            is_picked=item.picked > 0 or (work.left or work.status) not in work_model.PICKABLE,
        )
        for work in works
        for item in work.items
        if item.sku == sku
    ]


async def _reroute(flows: Flows, tenant_id: str, reservation_id: str, now: datetime) -> None:
    applied = await apply_command(
        flows,
        _caller(tenant_id),
        work_service.order_of(reservation_id),
        lambda order, works, act: _off_the_shelf(order, works, reservation_id, act),
        now,
        Follow(ends_by=work_model.Reject),
    )
    # Done here as well as by the event's consumer, so that the next look sees free as it is.
    for task in applied.change.event.stock if applied.change else ():
        await inventory.carry_out(flows.store, tenant_id, task, now)


def _off_the_shelf(order: Order, works: Works, reservation_id: str, act: Act) -> Change | None:
    """Send a reservation's part elsewhere, or cancel it where that was asked for (pure)."""
    on_shelf = _on_shelf(works, reservation_id)
    asked = [
        Units(line.line_id, None, part.part)
        for line, part in orders.all_parts(order)
        if (line.line_id, part.part) in on_shelf and part.state is PartState.CANCEL_REQUESTED
    ]
    if asked:
        return orders.confirm_cancel(order, asked, act, effect=RejectReason.OVERCOMMITTED)
    stages = dict.fromkeys(works, Stage.NOT_ACCEPTED)  # accepted or not: it lies on the shelf
    effect = RejectReason.OVERCOMMITTED
    return orders.reroute(order, stages, act, only=on_shelf, effect=effect)


def _on_shelf(works: Works, reservation_id: str) -> list[tuple[str, int]]:
    """Return the part (line, number) of a reservation while nobody has picked it."""
    return [
        (item.line_id, item.part)
        for work in works.values()
        for item in work.items
        if item.reservation_id == reservation_id
        and item.picked == 0
        and (work.left or work.status) in work_model.PICKABLE
    ]


async def _put_before_a_person(
    flows: Flows, event: StockOvercommitted, reservation_id: str, now: datetime
) -> None:
    await apply_command(
        flows,
        _caller(event.tenant_id),
        work_service.order_of(reservation_id),
        lambda order, _, act: orders.open_exception(
            order, OVERCOMMITTED, act, {"sku": event.sku, "location": event.location_id}
        ),
        now,
        command_id=f"overcommitted.{reservation_id}",
    )


def _caller(tenant_id: str) -> Caller:
    return Caller(tenant_id, f"system:{OVERCOMMITTED}", Role.OPERATOR)
