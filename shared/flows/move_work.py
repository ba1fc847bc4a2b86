"""Take unpicked work from a location: to be sourced anew without it, or at a named one."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from shared.flows.context import Flows
from shared.flows.knowledge import TenantKnowledge
from shared.flows.order_command import Decide, Follow, Works, apply_command, stages_of, work_of
from shared.flows.planning import decide_attempt
from shared.flows.tariffs import Wanted
from shared.fulfillment import decide as work_rules
from shared.fulfillment import model as work_model
from shared.fulfillment import service as work_service
from shared.fulfillment.model import Fulfillment, WrongMethod
from shared.kernel.documents import Create, Operation
from shared.kernel.errors import Fault, Invalid, NotAllowed, Refused, Unavailable
from shared.orders import decide as orders
from shared.orders import service as order_service
from shared.orders.decide import Act, Change
from shared.orders.model import Order
from shared.orders.work import DECISIONS, Decision
from shared.routing.rules import InventoryRule, Routing, RuleSet
from shared.tenants.model import Caller

ATTEMPTS_MAX: Final = 5
# A person names the location: the rules of the profile have no say, the stock has.
BY_HAND: Final = RuleSet(
    rule_set_id="by-hand",
    version=1,
    name="Moved by hand",
    routings=(Routing(name="by hand", rules=(InventoryRule(name="the named location"),)),),
)


class NoStockThere(Refused):
    """The named location cannot give all of the work."""

    code, status = "move-target-short", 409

    def __init__(self, location_id: str, sku: str, short: int) -> None:
        super().__init__(f"{location_id} cannot give {short} of {sku}")
        self.location_id, self.sku, self.short = location_id, sku, short


async def move(
    flows: Flows,
    caller: Caller,
    fulfillment_id: str,
    now: datetime,
    *,
    target: str | None = None,
) -> Fulfillment:
    """Take the work back; its location is excluded for the tenant's rejection period.

    With a target its parts are planned there, in the same batch: the decision stands before
    anybody else can plan them. Should its stock be gone when it is reserved, routing finds another.

    Raises:
        NotFound: there is no such work.
        WrongMethod: a pickup stays at its store.
        NotAllowed: it is picked, or in the hands of a 3PL or vendor.
        Invalid: there is no such location, or it is the work's own.
        NoStockThere: the target cannot give all of it.
    """
    known = await flows.knowledge.of(caller.tenant_id, now)
    order_id = work_service.order_of(fulfillment_id)
    for _ in range(ATTEMPTS_MAX):
        order = await order_service.get_order(flows.store, caller.tenant_id, order_id)
        stored = await work_service.of_order(flows.store, caller.tenant_id, order_id)
        works = {row.body.fulfillment_id: row.body for row in stored}
        work = work_of(works, fulfillment_id)
        change = _taken_back(order, works, work, Act(caller.tenant_id, now, caller.name), known)
        decision = await _decision(flows, known, change, work, target, now) if target else None
        applied = await apply_command(
            flows,
            caller,
            order_id,
            _unless_changed(order, works, change),
            now,
            Follow(ends_by=work_model.Cancel, beside=_beside(decision)),
        )
        if applied.change is not None:
            return (await work_service.get(flows.store, caller.tenant_id, fulfillment_id)).body
    raise Unavailable(f"{order_id} is being changed by others")


def _taken_back(
    order: Order, works: Works, work: Fulfillment, act: Act, known: TenantKnowledge
) -> Change:
    if work.method != "ship":
        raise WrongMethod(work.method, "move")
    parts = [(item.line_id, item.part) for item in work.items]
    until = act.now + timedelta(days=known.settings.rejection_period_days)
    change = orders.reroute(order, stages_of(works), act, only=parts, excluded_until=until)
    if change is None or work.status in work_model.ENDED:
        raise NotAllowed("fulfillment", work.status, "move", work_rules.legal_commands(work))
    return change


async def _decision(
    flows: Flows,
    known: TenantKnowledge,
    change: Change,
    work: Fulfillment,
    target: str,
    now: datetime,
) -> Decision:
    """Plan the work's parts at the target alone, as the order will be once they are taken back."""
    if target not in known.locations or target == work.location_id:
        raise Invalid([Fault("/location_id", "unknown-location", "no other location has this id")])
    order = change.order
    products = await flows.knowledge.products(
        known.tenant_id, sorted({item.sku for item in work.items}), now
    )
    named = {(item.line_id, item.part) for item in work.items}
    wanted = [
        Wanted(line, part, products[line.sku])
        for line, part in orders.parts_to_route(order)
        if (line.line_id, part.part) in named and line.sku in products
    ]
    first = order.attempts + 1
    decision = await decide_attempt(
        flows.store, known, order, wanted, first, now, only=target, rules=BY_HAND
    )
    for short in decision.shorts:
        raise NoStockThere(target, short.sku, short.quantity)
    return decision


def _beside(decision: Decision | None) -> Callable[[Change], Sequence[Operation]]:
    """Return the decision's create, beside the change that takes the parts back."""

    def beside(_: Change) -> list[Operation]:
        if decision is None:
            return []
        return [Create(DECISIONS, f"decision:{decision.attempt}", decision)]

    return beside


def _unless_changed(order: Order, works: Works, change: Change) -> Decide:
    """Return the change for an order that stands as it was when the change was made."""
    return lambda seen, at_work, _: change if seen == order and at_work == works else None
