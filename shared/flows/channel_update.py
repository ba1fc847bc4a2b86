"""A verified webhook becomes commands on its order: legal ones apply, the rest is one exception.

Semantics 9. An event is remembered after its effect: each effect happens once by itself (the
order's id, the version of the channel, the refund's id), so that a crash between repeats nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.channels import decide as channels
from shared.channels import service as channel_service
from shared.channels.model import (
    AwaitPayment,
    CancelOrder,
    CancelUnits,
    ChannelCommand,
    Connection,
    EditOrder,
    Intent,
    KnownLine,
    KnownOrder,
    MarkPaid,
    Notice,
    ReceiveUnits,
    Refunded,
    RefundMoney,
    Snapshot,
)
from shared.channels.service import Received
from shared.contracts.intake import Address as ToldAddress
from shared.contracts.intake import Contact as ToldContact
from shared.contracts.intake import PlaceOrder
from shared.flows.closing import reply_by
from shared.flows.context import Flows
from shared.flows.order_command import Applied, Decide, Works, apply_command, stages_of
from shared.flows.place_order import place_order
from shared.kernel.documents import Container
from shared.kernel.errors import GuardFailed, Refused
from shared.kernel.ids import order_id
from shared.orders import decide as orders
from shared.orders import service as order_service
from shared.orders.decide import Act, Change, Edit, Receipt, Units
from shared.orders.decide.actions import CHANNEL_CHANGE
from shared.orders.model import Address, Contact, Line, Order, PartState
from shared.tenants.model import Caller

PAYMENT: Final = "payment"
_OUT: Final = frozenset(
    {PartState.SHIPPED, PartState.HANDED_OVER, PartState.DELIVERED}
    | {PartState.RETURNED, PartState.LOST}
)
_OFF: Final = frozenset({PartState.CANCELLED, PartState.CANCEL_REQUESTED})


@dataclass(frozen=True, slots=True)
class Webhook:
    """A verified webhook with the connection that it came through and its raw body."""

    received: Received
    connection: Connection
    raw: bytes


async def take_webhook(flows: Flows, caller: Caller, webhook: Webhook, now: datetime) -> str:
    """Do what a webhook tells, once; returns what became of it: done, known or waiting."""
    received, store = webhook.received, flows.store
    if await channel_service.is_known(store, caller.tenant_id, received):
        return "known"
    if not await _apply(flows, caller, received.intent, webhook.connection, now):
        await channel_service.keep_waiting(store, caller.tenant_id, received, webhook.raw)
        # Its order may have come between the look and the keeping: look once more.
        await apply_waiting(flows, caller, received.key, webhook.connection, now)
        return "waiting"
    await channel_service.acknowledge(store, caller.tenant_id, received)
    await apply_waiting(flows, caller, received.key, webhook.connection, now)
    return "done"


async def apply_waiting(
    flows: Flows, caller: Caller, order_key: str, connection: Connection, now: datetime
) -> None:
    """Apply the updates that came before their order, in the order in which they happened."""
    for stored in await channel_service.waiting(flows.store, caller.tenant_id, order_key):
        intent = channel_service.read_again(stored.body, connection)
        if not await _apply(flows, caller, intent, connection, now):
            return
        finish = channel_service.finish_waiting(stored)
        try:
            await flows.store.batch(caller.tenant_id, Container.ORDERS, order_key, (finish,))
        except GuardFailed:
            continue  # another delivery has just finished it


async def _apply(
    flows: Flows, caller: Caller, intent: Intent, connection: Connection, now: datetime
) -> bool:
    """Return False when the order that an update speaks of has not come yet."""
    match intent:
        case Notice():
            return True
        case Snapshot():
            return await _snapshot(flows, caller, intent, now)
        case Refunded():
            return await _refunded(flows, caller, intent, connection, now)


async def _snapshot(flows: Flows, caller: Caller, intent: Snapshot, now: datetime) -> bool:
    newer = intent.order
    name = order_id(caller.tenant_id, newer.connection, newer.reference)
    stored = await order_service.find(flows.store, caller.tenant_id, name)
    if stored is None:
        if intent.is_create:
            await place_order(flows, caller, newer, now)
        return intent.is_create
    asked = channels.difference(known_order(stored.body), newer)
    if asked is None:
        return True
    refused = [*asked.unapplied]
    for command in asked.commands:
        refused += await _attempt(flows, caller, stored.body, command, None, now)
    await _reach_version(flows, caller, name, newer, refused, now)
    return True


async def _refunded(
    flows: Flows, caller: Caller, refund: Refunded, connection: Connection, now: datetime
) -> bool:
    name = order_id(caller.tenant_id, connection.connection_id, refund.reference)
    stored = await order_service.find(flows.store, caller.tenant_id, name)
    if stored is None:
        return False
    seen = stored.body.source_version
    refused: list[str] = []
    for index, command in enumerate(refund.commands):
        if isinstance(command, CancelUnits) and seen is not None and seen >= refund.at:
            continue  # a later version of the order has told us of these units already
        command_id = f"refund.{refund.refund_id}.{index}"
        refused += await _attempt(flows, caller, stored.body, command, command_id, now)
    if refused:
        await _open(flows, caller, name, refused, f"refund.{refund.refund_id}.x", now)
    return True


async def _attempt(
    flows: Flows,
    caller: Caller,
    order: Order,
    command: ChannelCommand,
    command_id: str | None,
    now: datetime,
) -> list[str]:
    """Apply one command; returns what could not be applied, for the exception."""
    decide = decider_of(command, reply_by(await flows.knowledge.of(caller.tenant_id, now), now))
    try:
        await apply_command(flows, caller, order.order_id, decide, now, command_id=command_id)
    except Refused as refusal:
        return [f"{type(command).__name__}:{refusal.code}"]
    return []


def decider_of(command: ChannelCommand, answer_by: datetime | None = None) -> Decide:
    """Return the decision on an order that a channel's command is (pure).

    `answer_by`: until then a location that is asked to cancel should answer.
    """
    if isinstance(command, CancelUnits | CancelOrder):
        return lambda order, works, act: _cancel(order, works, act, command, answer_by)
    return lambda order, works, act: _decide(command, order, works, act)


def _decide(
    command: ReceiveUnits | RefundMoney | EditOrder | MarkPaid | AwaitPayment,
    order: Order,
    works: Works,
    act: Act,
) -> Change | None:
    match command:
        case ReceiveUnits():
            return _receive(order, act, command)
        case RefundMoney(amount=amount):
            return orders.record_refund(order, amount.amount_minor, act)
        case EditOrder() if order.erased_at is not None:
            return None  # the channel may know its customer yet; we no longer do
        case EditOrder():
            return orders.edit(order, _edit(command), stages_of(works), act)
        case MarkPaid():
            return orders.release(order, PAYMENT, act)
        case AwaitPayment():
            return orders.hold(order, PAYMENT, None, act)


def _cancel(
    order: Order,
    works: Works,
    act: Act,
    command: CancelUnits | CancelOrder,
    answer_by: datetime | None,
) -> Change | None:
    units: tuple[Units, ...] = ()
    reason = command.reason if isinstance(command, CancelOrder) else "channel"
    if isinstance(command, CancelUnits):
        units = (Units(_line_id(order, command.channel_line), command.quantity),)
    return orders.cancel(
        *(order, units, stages_of(works), reason, act), is_refunded=False, reply_by=answer_by
    )


def _receive(order: Order, act: Act, command: ReceiveUnits) -> Change | None:
    line_id = _line_id(order, command.channel_line)
    if command.location_id is None:
        detail: dict[str, str | int] = {"line": line_id, "quantity": command.quantity}
        return orders.open_exception(order, "return-location-unknown", act, detail)
    # One receipt of this refund: the movement's id names the version at which it was made.
    name = f"{order.order_id}.c{order.version + 1}"
    receipt = Receipt(name, "received", command.location_id)
    return orders.receive_return(order, receipt, [(line_id, command.quantity)], act)


def _line_id(order: Order, channel_line: str) -> str:
    """Return the line that the channel means; of a bundle's components the one that was sold."""
    found = (line for line in order.lines if line.channel_line == channel_line)
    return next((line.bundle.line if line.bundle else line.line_id for line in found), channel_line)


def _edit(command: EditOrder) -> Edit:
    return Edit(
        ship_to=Address(**dict(command.ship_to)) if command.ship_to else None,
        bill_to=Address(**dict(command.bill_to)) if command.bill_to else None,
        customer=Contact(**dict(command.customer)) if command.customer else None,
    )


async def _reach_version(
    flows: Flows,
    caller: Caller,
    name: str,
    newer: PlaceOrder,
    refused: Sequence[str],
    now: datetime,
) -> Applied:
    return await apply_command(
        flows,
        caller,
        name,
        lambda order, _, act: orders.reach_version(order, newer.source_version, refused, act),
        now,
    )


async def _open(
    flows: Flows,
    caller: Caller,
    name: str,
    refused: Sequence[str],
    command_id: str,
    now: datetime,
) -> None:
    await apply_command(
        flows,
        caller,
        name,
        lambda order, _, act: orders.open_exception(
            order, CHANNEL_CHANGE, act, {"unapplied": "; ".join(refused)[:1_000]}
        ),
        now,
        command_id=command_id,
    )


def known_order(order: Order) -> KnownOrder:
    """Return an order as the channel's rules compare it with a newer version (pure)."""
    return KnownOrder(
        source_version=order.source_version,
        lines={
            line.channel_line: _known_line(order, line) for line in order.lines if line.channel_line
        },
        ship_to=ToldAddress(**dict(order.ship_to)) if order.ship_to else None,
        bill_to=ToldAddress(**dict(order.bill_to)) if order.bill_to else None,
        customer=ToldContact(**dict(order.customer)) if order.customer else None,
        awaits_payment=any(hold.reason == PAYMENT for hold in order.holds),
        is_cancelled=order.cancelled_at is not None,
    )


def _known_line(order: Order, line: Line) -> KnownLine:
    """Return a line as the channel sold it: a bundle of which anything is off or out is."""
    lines = orders.goods_of(orders.bundle_lines(order.lines, line.line_id) or (line,))

    def units(states: frozenset[PartState]) -> int:
        found = [sum(p.quantity for p in row.parts if p.state in states) for row in lines]
        return max(-(-n // orders.per_bundle(row)) for n, row in zip(found, lines, strict=True))

    name = line.bundle.line if line.bundle else line.line_id
    ordered = line.bundle.quantity if line.bundle else line.quantity
    return KnownLine(name, ordered, cancelled=units(_OFF), out=units(_OUT))
