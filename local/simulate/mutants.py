"""Protocols with one thing wrong each, to show that the simulator would find it.

Each mutant replaces functions of modules while its context stands; what it does wrong is written
out as somebody might really have written it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from functions import _edge_settlement as settlement
from functions._relay import relay
from local.host.change_documents import documents_of
from local.simulate import pumps
from shared.contracts.inventory import StockMessage
from shared.contracts.stock import Ending, EndReservation, Move, StockTask
from shared.flows import promise_order as promise
from shared.inventory import service as inventory
from shared.inventory.decide.amounts import Sight, changed, held
from shared.inventory.decide.reserving import reserve_operations
from shared.inventory.model import (
    LEVELS,
    WAITS,
    Level,
    Lost,
    Outcome,
    Recorded,
    Reserve,
    Reserved,
    Short,
    Won,
    level_id,
    stamp,
    wait_id,
)
from shared.inventory.service import ending
from shared.inventory.service.reserving import reserve
from shared.kernel.bus import Complete, Settlement
from shared.kernel.documents import (
    ChangeBatch,
    Container,
    Documents,
    Feed,
    Operation,
    Patch,
    Replace,
    Stored,
)
from shared.kernel.errors import Exists, WriteLost
from shared.orders import decide as orders
from shared.orders import service as order_service
from shared.orders.decide import Act, Change, Closing, draft
from shared.orders.decide.stock import tasks_of
from shared.orders.model import Order, PartState
from shared.orders.service.writing import save
from shared.orders.work import Decision
from shared.wiring import world

Swap = tuple[object, str, Callable[..., Any]]
TRUE_PERFORM: Final = inventory.perform
TRUE_RECORD: Final = inventory.record
TRUE_DECISION: Final = promise._decision
TRUE_CLOSE: Final = orders.close_attempt


def _fresh() -> str:
    return f"{world().random.getrandbits(32):08x}"


async def _decision_with_fresh_ids(*asked: Any) -> Decision | None:
    """Mint the reservations' ids anew at each delivery."""
    found = await TRUE_DECISION(*asked)
    if found is None:
        return None
    picks = [
        pick.model_copy(update={"reservation_id": f"{pick.reservation_id}-{_fresh()}"})
        for pick in found.picks
    ]
    return found.model_copy(update={"picks": tuple(picks)})


async def _look(store: Documents, tenant_id: str, wanted: Reserve) -> Stored[Level] | None:
    return await store.get(tenant_id, LEVELS, wanted.sku, level_id(wanted.location_id))


async def _sight(store: Documents, tenant_id: str, wanted: Reserve) -> Sight:
    sight, close = Sight(), wanted.closes_wait
    if close is not None:
        name = wait_id(wanted.order_id, wanted.line_id, close.part)
        sight.waits[name] = await store.get(tenant_id, WAITS, wanted.sku, name)
    return sight


async def _reserve_what_was_read(
    store: Documents, tenant_id: str, wanted: Reserve, now: datetime
) -> Reserved:
    """Read the level, reckon, and put the result back over whatever stands there by then."""
    read = await _look(store, tenant_id, wanted)
    if read is None or not wanted.tracked:
        return await reserve(store, tenant_id, wanted, now)
    if read.body.free < wanted.quantity + wanted.guard:
        return Short(wanted.reservation_id, max(0, read.body.free))
    after = changed(read.body, held(wanted.quantity, wanted.hardness, tracked=True))
    sight = await _sight(store, tenant_id, wanted)
    there = await _look(store, tenant_id, wanted) or read
    put = Replace(LEVELS, there.id, after, there.etag)
    return await _written(store, tenant_id, wanted, sight, now, lambda _: put)


async def _reserve_without_guard(
    store: Documents, tenant_id: str, wanted: Reserve, now: datetime
) -> Reserved:
    """Take what the plan has seen there, without looking again."""
    if not wanted.tracked:
        return await reserve(store, tenant_id, wanted, now)
    sight = await _sight(store, tenant_id, wanted)
    return await _written(store, tenant_id, wanted, sight, now, lambda o: o._replace(when=()))


async def _written(
    store: Documents,
    tenant_id: str,
    wanted: Reserve,
    sight: Sight,
    now: datetime,
    instead: Callable[[Patch], Operation],
) -> Reserved:
    operations = [
        instead(operation)
        if isinstance(operation, Patch) and operation.kind == LEVELS
        else operation
        for operation in reserve_operations(wanted, stamp(now), sight)
    ]
    try:
        await store.batch(tenant_id, Container.STOCK, wanted.sku, operations)
    except Exists:
        return await reserve(store, tenant_id, wanted, now)
    except WriteLost:
        return Lost(wanted.reservation_id, "contended")
    return Won(wanted.reservation_id)


async def _save_over(
    store: Documents, stored: Stored[Order], change: Change, act: Act, **rest: Any
) -> Stored[Order]:
    """Put the order back over whatever stands there by now, as its next version."""
    there = await order_service.load(store, act.tenant_id, stored.body.order_id)
    version = there.body.version + 1
    order = change.order.model_copy(update={"version": version})
    event = change.event.model_copy(update={"order_version": version})
    return await save(store, there, replace(change, order=order, event=event), act, **rest)


async def _save_in_two(
    store: Documents, stored: Stored[Order], change: Change, act: Act, **rest: Any
) -> Stored[Order]:
    """Write the order first and its event afterwards."""
    later: list[Operation] = []

    class Parted:
        """Keeps the events back."""

        async def batch(
            self, tenant_id: str, container: Container, key: str, operations: Sequence[Operation]
        ) -> tuple[str, ...]:
            later.extend(o for o in operations if o.id.startswith("evt:order:"))
            now = [o for o in operations if not o.id.startswith("evt:order:")]
            return await store.batch(tenant_id, container, key, now)

        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

    parted: Any = Parted()
    saved = await save(parted, stored, change, act, **rest)
    await store.batch(act.tenant_id, Container.ORDERS, saved.key, later)
    return saved


async def _checkpoint_first(
    feed: Feed, container: Container, batches: Sequence[ChangeBatch]
) -> None:
    """Remember the changes as published, then publish them."""
    for batch in batches:
        await feed.checkpoint(batch)
    changes = [change for batch in batches for change in batch.changes]
    await relay(container, documents_of(changes))


def _always_complete(error: Exception | None, attempt: int) -> Settlement:  # noqa: ARG001
    """Whatever happened, the message is done."""
    return Complete()


async def _perform_each_time(
    store: Documents, tenant_id: str, task: StockTask, at: datetime
) -> Outcome:
    """Record goods that leave or come under a new id each time."""
    if isinstance(task, Move):
        task = task.model_copy(update={"movement_id": f"{task.movement_id}-{_fresh()}"})
    if isinstance(task, EndReservation) and task.ending is Ending.CONSUMED:
        done = await TRUE_PERFORM(store, tenant_id, task, at)
        if done is Outcome.REPEATED:
            return await ending._consumed_anyway(store, tenant_id, task, at)
        return done
    return await TRUE_PERFORM(store, tenant_id, task, at)


async def _record_each_time(
    store: Documents, tenant_id: str, message: StockMessage, now: datetime
) -> Recorded:
    """Record a fact under a new id each time it is told."""
    name = f"{message.movement_id}-{_fresh()}"
    again = message.model_copy(update={"movement_id": name})
    return await TRUE_RECORD(store, tenant_id, again, now)


def _forget_cancelled(*asked: Any) -> list[StockTask]:
    """Ask nothing of stock for parts that are cancelled."""
    new = asked[4]
    if any(part.state is PartState.CANCELLED for part in new):
        return []
    return tasks_of(*asked)


def _close_uncounted(order: Order, *asked: Any) -> Closing | None:
    """Close an attempt without counting it."""
    closing = TRUE_CLOSE(order, *asked)
    if closing is None:
        return None
    kept = closing.change.order.model_copy(update={"attempts": order.attempts})
    return replace(closing, change=replace(closing.change, order=kept))


MUTANTS: Final[dict[str, tuple[Swap, ...]]] = {
    "no-reservation-id": ((promise, "_decision", _decision_with_fresh_ids),),
    "read-modify-write": ((inventory, "reserve", _reserve_what_was_read),),
    "no-etag": ((order_service, "save", _save_over),),
    "event-outside-the-batch": ((order_service, "save", _save_in_two),),
    "checkpoint-before-send": ((pumps, "deliver", _checkpoint_first),),
    "check-then-act": ((inventory, "reserve", _reserve_without_guard),),
    "swallowed-error": ((settlement, "settlement_of", _always_complete),),
    "no-inbox": (
        (inventory, "perform", _perform_each_time),
        (inventory, "record", _record_each_time),
    ),
    "forgotten-release": ((draft, "tasks_of", _forget_cancelled),),
    "lost-attempt-counter": ((orders, "close_attempt", _close_uncounted),),
}


@contextmanager
def mutated(name: str | None) -> Iterator[None]:
    """Put a mutant in for a while; None: the true code.

    Raises:
        KeyError: there is no such mutant.
    """
    swaps = MUTANTS[name] if name is not None else ()
    true = [(place, attribute, getattr(place, attribute)) for place, attribute, _ in swaps]
    try:
        for place, attribute, wrong in swaps:
            setattr(place, attribute, wrong)
        yield
    finally:
        for place, attribute, right in true:
            setattr(place, attribute, right)
