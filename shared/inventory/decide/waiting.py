"""Queued demand: waits of order parts, and the sums by pool and pickup location (semantics 4)."""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import Final

from shared.contracts.stock import Unqueue, Wait
from shared.inventory.decide.amounts import Sight
from shared.inventory.model import (
    DEMAND,
    DEMAND_ID,
    WAITS,
    Demand,
    Reserve,
    WaitDocument,
    stamp,
    wait_id,
)
from shared.kernel.conditions import Condition, Increment
from shared.kernel.documents import PATCH_OPERATIONS_MAX, Create, Operation, Patch, Replace, Stored

PRIORITY_MAX: Final = 1_000
NO_PROMISE: Final = "9"  # behind every date


@dataclass(frozen=True, slots=True)
class Close:
    """A part waits no longer: reserved, cancelled, or divided into other parts."""

    order_id: str
    line_id: str
    part: int
    sku: str
    generation: int


WaitChange = Wait | Close


def closed_by(wanted: Reserve) -> tuple[Close, ...]:
    """Return the wait that a reservation covers, if its part was queued."""
    wait = wanted.closes_wait
    if wait is None:
        return ()
    return (Close(wanted.order_id, wanted.line_id, wait.part, wanted.sku, wait.generation),)


def unqueued(task: Unqueue) -> Close:
    """Return the wait that a task takes off the queue."""
    return Close(task.order_id, task.line_id, task.part, task.sku, task.generation)


def changed_wait_id(change: WaitChange) -> str:
    return wait_id(change.order_id, change.line_id, change.part)


def rank_of(wait: Wait) -> str:
    """Return text that sorts as waiters are served: priority, promise, acceptance."""
    promise = NO_PROMISE if wait.promise_by is None else stamp(wait.promise_by)
    return f"{PRIORITY_MAX - wait.priority:04d}|{promise}|{stamp(wait.accepted_at)}"


def latest(changes: Iterable[WaitChange]) -> tuple[WaitChange, ...]:
    """Return the last word on each wait: one batch writes a document once."""
    found: dict[str, WaitChange] = {}
    for change in changes:
        name = changed_wait_id(change)
        if name not in found or change.generation > found[name].generation:
            found[name] = change
    return tuple(found.values())


def wait_document(change: WaitChange) -> WaitDocument:
    """Return the document of a part that nothing was known of."""
    if isinstance(change, Close):
        return WaitDocument(
            order_id=change.order_id,
            line_id=change.line_id,
            part=change.part,
            sku=change.sku,
            generation=change.generation,
            open=False,
        )
    return WaitDocument(
        order_id=change.order_id,
        line_id=change.line_id,
        part=change.part,
        sku=change.sku,
        generation=change.generation,
        open=True,
        quantity=change.quantity,
        pool_id=change.pool_id,
        pickup_location=change.pickup_location,
        priority=change.priority,
        promise_by=None if change.promise_by is None else stamp(change.promise_by),
        accepted_at=stamp(change.accepted_at),
        rank=rank_of(change),
    )


def next_wait(found: WaitDocument | None, change: WaitChange) -> WaitDocument | None:
    """Return the wait after a change; None when a later generation was seen."""
    if found is None:
        return wait_document(change)
    if change.generation <= found.generation:
        return None
    if isinstance(change, Close):
        return found.model_copy(update={"open": False, "generation": change.generation})
    return wait_document(change)


def wait_operations(sight: Sight, changes: Iterable[WaitChange]) -> list[Operation]:
    """Return the writes of waits and of the demand that they add up to."""
    operations: list[Operation] = []
    demand: dict[str, int] = {}
    for change in changes:
        document_id = changed_wait_id(change)
        stored = sight.waits.get(document_id)
        after = next_wait(stored.body if stored else None, change)
        if after is None:
            continue
        _add(demand, after, 1)
        if stored:
            _add(demand, stored.body, -1)
        operations.append(_put_wait(document_id, after, stored))
    if not operations:
        return operations
    return operations + demand_operations({k: by for k, by in demand.items() if by}, sight)


def _add(demand: dict[str, int], wait: WaitDocument, sign: int) -> None:
    if wait.open:
        name = demand_field(wait)
        demand[name] = demand.get(name, 0) + sign * wait.quantity


def demand_field(wait: WaitDocument) -> str:
    """Return where a wait's units are summed: at its pickup location, else in its pool."""
    if wait.pickup_location is not None:
        return f"pickups/{wait.pickup_location}"
    return f"pools/{wait.pool_id}"


def _put_wait(
    document_id: str, body: WaitDocument, stored: Stored[WaitDocument] | None
) -> Operation:
    if stored is None:
        return Create(WAITS, document_id, body)
    return Replace(WAITS, document_id, body, stored.etag)


def demand_operations(by_field: dict[str, int], sight: Sight) -> list[Operation]:
    """Return the write of the sums; the document is made by its first unit."""
    if not by_field:
        return []
    if not sight.has_demand:
        return [Create(DEMAND, DEMAND_ID, first_demand(by_field))]
    increments = [Increment(name, by) for name, by in sorted(by_field.items())]
    when = (Condition("schemaVersion", "eq", DEMAND.version),)
    return [
        Patch(DEMAND, DEMAND_ID, tuple(increments[start : start + PATCH_OPERATIONS_MAX]), when)
        for start in range(0, len(increments), PATCH_OPERATIONS_MAX)
    ]


def first_demand(by_field: dict[str, int]) -> Demand:
    """Return the document that holds these sums."""
    sums: dict[str, dict[str, int]] = {"pools": {}, "pickups": {}}
    for name, by in by_field.items():
        kind, _, entry = name.partition("/")
        sums[kind][entry] = by
    return Demand(pools=sums["pools"], pickups=sums["pickups"])


def is_awaited(demand: Demand, location_id: str, pools: Iterable[str]) -> bool:
    """Tell whether anybody waits whom a location, which is in `pools`, may serve."""
    at_pickup = demand.pickups.get(location_id, 0)
    return at_pickup > 0 or any(demand.pools.get(pool, 0) > 0 for pool in pools)


def is_eligible(wait: WaitDocument, location_id: str, pools: Container[str]) -> bool:
    """Tell whether a location, which is in `pools`, may serve a wait."""
    if wait.pickup_location is not None:
        return wait.pickup_location == location_id
    return wait.pool_id in pools
