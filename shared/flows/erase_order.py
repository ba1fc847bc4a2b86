"""One order, its work and its returns without personal data: one batch (design 3)."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from shared.flows.context import Flows
from shared.flows.follow import system
from shared.flows.order_command import Follow, Works, apply_command
from shared.fulfillment.model import Fulfillment
from shared.kernel.documents import Operation, Replace, Stored
from shared.kernel.errors import Unavailable
from shared.notifications.ports import Messenger
from shared.orders import service as order_service
from shared.orders.decide import Act, Change
from shared.orders.decide.erase import DONE, GONE, erase
from shared.orders.model import Order
from shared.returns import service as return_service
from shared.returns.model import RETURNS, Return


async def erase_order(flows: Flows, tenant_id: str, order_id: str, now: datetime) -> bool:
    """Take the personal data out of an order; False when its goods are still to go.

    Raises:
        NotFound: there is no such order.
        Unavailable: others change it; try again.
    """
    order = await order_service.get_order(flows.store, tenant_id, order_id)
    made = await return_service.of_order(flows.store, tenant_id, order_id, order.returns)
    seen = order.returns

    def decide(known: Order, _: Works, act: Act) -> Change | None:
        if known.returns != seen:
            raise Unavailable(f"a return of {order_id} was made just now")
        return erase(known, act)

    follow = Follow(replaced=without_person, beside=lambda _: _returns(made))
    applied = await apply_command(flows, system(tenant_id, "erase"), order_id, decide, now, follow)
    return applied.order.erased_at is not None and applied.order.status in DONE


async def erase_orders(
    flows: Flows, messenger: Messenger, tenant_id: str, found: Iterable[Order], now: datetime
) -> list[str]:
    """Erase orders and their letters; returns those whose goods are still to go.

    Raises:
        Unavailable: others change one of them; try again.
    """
    left = []
    for order in found:
        if not await erase_order(flows, tenant_id, order.order_id, now):
            left.append(order.order_id)
        await messenger.forget(tenant_id, order.order_id)
    return left


def without_person(work: Fulfillment) -> Fulfillment:
    """Return work without who collects it and by which code (pure)."""
    if work.collector is None and work.pickup_code is None:
        return work
    return work.model_copy(update={"collector": None, "pickup_code": None})


def return_without_person(body: Return) -> Return:
    """Return a return without the card's digits and what an operator wrote (pure)."""
    advice, override = body.advice, body.override
    if advice is not None:
        tenders = tuple(t.model_copy(update={"last4": None}) for t in advice.tenders)
        advice = advice.model_copy(update={"tenders": tenders})
    if override is not None:
        override = override.model_copy(update={"reason": GONE})
    return body.model_copy(update={"advice": advice, "override": override})


def _returns(made: Sequence[Stored[Return]]) -> list[Operation]:
    return [
        Replace(RETURNS, row.id, blank, row.etag)
        for row in made
        if (blank := return_without_person(row.body)) != row.body
    ]
