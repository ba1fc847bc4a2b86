"""What people, channels and clocks ask of an order: hold, release, cancel, edit, reroute, reset."""

from collections.abc import Sequence
from datetime import datetime

from shared.flows.closing import reply_by
from shared.flows.context import Flows
from shared.flows.order_command import Applied, apply_command, stages_of
from shared.flows.promise_order import promise_order
from shared.orders import decide as orders
from shared.orders.decide.cancel import Units
from shared.orders.decide.commands import Edit
from shared.tenants.model import Caller


async def cancel(
    flows: Flows,
    caller: Caller,
    order_id: str,
    units: Sequence[Units],
    reason: str,
    now: datetime,
    *,
    is_refunded: bool = True,
    command_id: str | None = None,
) -> Applied:
    """Cancel units, or the whole order when none are named; what is picked is asked for."""
    answer_by = reply_by(await flows.knowledge.of(caller.tenant_id, now), now)
    return await apply_command(
        flows,
        caller,
        order_id,
        lambda order, works, act: orders.cancel(
            *(order, units, stages_of(works), reason, act),
            is_refunded=is_refunded,
            reply_by=answer_by,
        ),
        now,
        command_id=command_id,
    )


async def hold(
    flows: Flows, caller: Caller, order_id: str, reason: str, note: str | None, now: datetime
) -> Applied:
    """Stop everything that has not left the house."""
    return await apply_command(
        flows, caller, order_id, lambda order, _, act: orders.hold(order, reason, note, act), now
    )


async def release(
    flows: Flows, caller: Caller, order_id: str, reason: str | None, now: datetime
) -> Applied:
    """Take a hold off, or all of them."""
    return await apply_command(
        flows, caller, order_id, lambda order, _, act: orders.release(order, reason, act), now
    )


async def edit(flows: Flows, caller: Caller, order_id: str, wanted: Edit, now: datetime) -> Applied:
    """Change an address, contact, service, priority or tags; re-routed where that matters."""
    return await apply_command(
        flows,
        caller,
        order_id,
        lambda order, works, act: orders.edit(order, wanted, stages_of(works), act),
        now,
    )


async def reroute(
    flows: Flows,
    caller: Caller,
    order_id: str,
    now: datetime,
    *,
    only: Sequence[tuple[str, int]] | None = None,
) -> Applied:
    """Send what nobody picked to routing again, and what waits as well."""
    applied = await apply_command(
        flows,
        caller,
        order_id,
        lambda order, works, act: orders.reroute(order, stages_of(works), act, only=only),
        now,
    )
    waiting = await reset(flows, caller, order_id, now, only=only)
    if applied.change or waiting.change:
        return waiting if waiting.change else applied
    # Pending already, and nobody routed it: its event may have been parked.
    order = await promise_order(flows, caller.tenant_id, order_id, now)
    return Applied(order or waiting.order)


async def reset(
    flows: Flows,
    caller: Caller,
    order_id: str,
    now: datetime,
    *,
    only: Sequence[tuple[str, int]] | None = None,
) -> Applied:
    """Send waiting parts to routing with a clean slate."""
    return await apply_command(
        flows, caller, order_id, lambda order, _, act: orders.reset(order, act, only=only), now
    )


async def note(
    flows: Flows,
    caller: Caller,
    order_id: str,
    text: str,
    now: datetime,
    *,
    command_id: str | None = None,
) -> Applied:
    """Write a note beside an order, once."""
    return await apply_command(
        flows,
        caller,
        order_id,
        lambda order, _, act: orders.note(order, text, act),
        now,
        command_id=command_id,
    )
