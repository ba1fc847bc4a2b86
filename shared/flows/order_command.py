"""Commands on an order that its fulfillments follow: one batch if-matches both (design 3).

Every command is a pure decision on the order. What it means for the locations' work is derived
from the order's parts afterwards, so that no command can forget it: units that are no longer
reserved leave the work, divided parts take their new names, a hold stops the work and the release
of the last one lets it go on.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeAlias

from shared.flows.context import Flows
from shared.fulfillment import decide as work_rules
from shared.fulfillment import model as work_model
from shared.fulfillment import service as work_service
from shared.fulfillment.decide import ItemNow
from shared.fulfillment.model import ENDED, FULFILLMENT_LIFE, UNPICKED, Fulfillment
from shared.kernel.documents import Documents, Operation, Stored
from shared.kernel.errors import Exists, GuardFailed, NotFound, Refused, Unavailable
from shared.orders import decide as orders
from shared.orders import service as order_service
from shared.orders.decide.cancel import Stage
from shared.orders.decide.change import Act, Change
from shared.orders.model import RESERVED, Order, PartState
from shared.tenants.model import Caller

ATTEMPTS_MAX: Final = 5
STORE: Final = "store"

Works: TypeAlias = Mapping[str, Fulfillment]
Decide: TypeAlias = Callable[[Order, Works, Act], Change | None]


@dataclass(frozen=True, slots=True)
class Follow:
    """How work follows: the row by which emptied work ends, and what else is known of it.

    `replaced` is work that the command itself moved on; `beside` are further documents of the
    batch, made from the change that was decided.
    """

    ends_by: type = work_model.Cancel
    replaced: Callable[[Fulfillment], Fulfillment] | None = None
    beside: Callable[[Change], Sequence[Operation]] | None = None


USUAL: Final = Follow()


@dataclass(frozen=True, slots=True)
class Applied:
    """The order and its locations' work after a command, and what this call changed."""

    order: Order
    change: Change | None = None
    works: Works = field(default_factory=dict)

    def work(self, fulfillment_id: str) -> Fulfillment:
        """Return one location's work.

        Raises:
            NotFound: the order has none of this id.
        """
        return work_of(self.works, fulfillment_id)


async def apply_command(
    flows: Flows,
    caller: Caller,
    order_id: str,
    decide: Decide,
    now: datetime,
    follow: Follow = USUAL,
    *,
    command_id: str | None = None,
) -> Applied:
    """Load, decide, and write the order with the work that follows from it.

    `command_id` makes a command that changes quantities or money happen once.

    Raises:
        NotFound: there is no such order.
        Refused: as `decide` says.
        Unavailable: five others changed it meanwhile.
    """
    told = _Told(decide, follow, command_id)
    for attempt in range(ATTEMPTS_MAX):
        with suppress(GuardFailed, Exists):
            return await _apply(flows, caller, order_id, told, now, is_again=attempt > 0)
    raise Unavailable(f"{order_id} is being changed by others")


@dataclass(frozen=True, slots=True)
class _Told:
    decide: Decide
    follow: Follow
    command_id: str | None


async def _apply(
    flows: Flows, caller: Caller, order_id: str, told: _Told, now: datetime, *, is_again: bool
) -> Applied:
    """Do it once; whether it was done before is asked only when it cannot be done now.

    Raises:
        GuardFailed, Exists: another changed the order, or did the command, meanwhile.
    """
    store, tenant_id = flows.store, caller.tenant_id
    act = Act(tenant_id, now, caller.name)
    stored = await order_service.load(store, tenant_id, order_id)
    # Work is made in the write that counts it: an order that counts none has none.
    is_worked = stored.body.fulfillments > 0
    found = await work_service.of_order(store, tenant_id, order_id) if is_worked else ()
    works = {work.body.fulfillment_id: work.body for work in found}
    unchanged = Applied(stored.body, works=works)
    if is_again and await _is_done(store, tenant_id, order_id, told.command_id):
        return unchanged
    try:
        change = told.decide(stored.body, works, act)
    except Refused:  # of what it was done to there may be nothing left
        if await _is_done(store, tenant_id, order_id, told.command_id):
            return unchanged
        raise
    if change is None:
        return unchanged
    after = _following(found, change, act, told.follow)
    beside = told.follow.beside(change) if told.follow.beside else ()
    await order_service.save(
        *(store, stored, change, act),
        extra=[*_writes(found, after), *beside],
        command_id=told.command_id,
        correlation_id=caller.correlation_id,
    )
    return Applied(change.order, change, works | after)


async def _is_done(store: Documents, tenant_id: str, order_id: str, command_id: str | None) -> bool:
    """Tell whether a command was done before; asked only where it could not be done now."""
    if command_id is None:
        return False
    return await order_service.is_done(store, tenant_id, order_id, command_id)


def _following(
    found: Sequence[Stored[Fulfillment]], change: Change, act: Act, follow: Follow
) -> dict[str, Fulfillment]:
    """Return the work that a change of the order changes, as it is then."""
    after = {work.body.fulfillment_id: _after(work.body, change, act, follow) for work in found}
    return {name: work for name, work in after.items() if work is not None}


def _writes(
    found: Sequence[Stored[Fulfillment]], after: Mapping[str, Fulfillment]
) -> list[Operation]:
    return [
        work_service.replacement(work, after[work.body.fulfillment_id])
        for work in found
        if work.body.fulfillment_id in after
    ]


def _after(work: Fulfillment, change: Change, act: Act, follow: Follow) -> Fulfillment | None:
    """Return the work as the order's parts want it; None when it stays as it is."""
    moved = follow.replaced(work) if follow.replaced else work
    if moved.status in ENDED:
        return moved if moved != work else None
    items = items_of(change, moved.fulfillment_id)
    shaped = work_rules.reshaped(moved, items, _ending(moved, follow), act.now) or moved
    if change.order.holds:
        shaped = work_rules.hold(shaped, act.now) or shaped
    else:
        shaped = work_rules.resume(shaped, act.now) or shaped
    if shaped == work:
        return None
    return shaped.model_copy(update={"version": work.version + 1})


def _ending(work: Fulfillment, follow: Follow) -> type:
    """Return the row that ends emptied work; a cancel fits where the wished one does not."""
    allows = FULFILLMENT_LIFE.allows(work.status, follow.ends_by)
    return follow.ends_by if allows else work_model.Cancel


def work_of(works: Works, fulfillment_id: str) -> Fulfillment:
    """Return one of an order's fulfillments.

    Raises:
        NotFound: the order has none of this id.
    """
    if fulfillment_id not in works:
        raise NotFound("fulfillment")
    return works[fulfillment_id]


def items_of(change: Change, fulfillment_id: str) -> tuple[ItemNow, ...]:
    """Return what a fulfillment has to hand out after a change, with the old part numbers."""
    was = {
        (row.line_id, share[0]): row.part
        for row in change.divided
        if row.fulfillment_id == fulfillment_id
        for share in row.shares
    }

    def known_as(line_id: str, part: int) -> int:
        while (line_id, part) in was:  # one change may divide a part again and again
            part = was[line_id, part]
        return part

    return tuple(
        ItemNow(
            line_id=line.line_id,
            part=part.part,
            was=known_as(line.line_id, part.part),
            quantity=part.quantity,
            reservation_id=part.reservation_id or "",
            cancel_asked=part.state is PartState.CANCEL_REQUESTED,
        )
        for line, part in orders.parts_of(change.order, fulfillment_id)
        if part.state in RESERVED
    )


def stages_of(works: Works) -> dict[str, Stage]:
    """Return how far each fulfillment is, as cancelling and editing see it."""
    return {name: stage_of(work) for name, work in works.items()}


def stage_of(work: Fulfillment) -> Stage:
    """A store confirms a cancel at once before it picked; others by message (semantics 6)."""
    status = work.left or work.status
    if status in {work_model.Status.SCHEDULED, work_model.Status.OPEN}:
        return Stage.NOT_ACCEPTED
    if status in UNPICKED and work.location_kind == STORE:
        return Stage.IN_STORE
    return Stage.COMMITTED
