"""The reconciler: a SKU's counters against its documents, and against the orders (semantics 4)."""

from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from shared.contracts.stock import Ending, EndReservation
from shared.inventory.decide import ledger as decide
from shared.inventory.decide.amounts import new_level, put_level
from shared.inventory.model import (
    DEMAND,
    DEMAND_ID,
    ENDS,
    LEVELS,
    LOCATIONS_MAX,
    MOVEMENTS,
    RESERVATIONS,
    WAITS,
    Demand,
    Level,
    ReservationDocument,
    WaitDocument,
)
from shared.inventory.service.commit import STOCK
from shared.inventory.service.ending import carry_out
from shared.kernel.documents import (
    Create,
    Document,
    Documents,
    Kind,
    Operation,
    Replace,
    Stored,
    pages,
)
from shared.kernel.errors import Exists, GuardFailed, Unavailable

SNAPSHOTS_MAX: Final = 5
DOCUMENTS_PAGE: Final = 500
PAGES_MAX: Final = 2_000  # a million documents of one SKU
D = TypeVar("D", bound=Document)


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What a SKU's counters and reservations are, against its documents and the orders.

    `unexpected`: open here, but named by no order part. `missing`: the reverse.
    """

    sku: str
    differences: tuple[decide.Difference, ...]
    unexpected: tuple[ReservationDocument, ...]
    missing: tuple[str, ...]
    snapshot: "Snapshot"

    @property
    def is_clean(self) -> bool:
        return not (self.differences or self.unexpected or self.missing)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A SKU's whole partition, read while no counter changed."""

    levels: tuple[Stored[Level], ...]
    demand: Stored[Demand] | None
    entries: tuple[decide.Entry, ...]
    waits: tuple[WaitDocument, ...]

    @property
    def etags(self) -> tuple[str, ...]:
        own = (self.demand.etag,) if self.demand else ()
        return (*own, *(level.etag for level in self.levels))


async def reconcile(
    store: Documents, tenant_id: str, sku: str, expected: Mapping[str, int] | None = None
) -> Reconciliation:
    """Compare a SKU's counters with its documents, and its reservations with the orders'.

    `expected`: quantity by reservation id of every part in sourced or cancel-requested; None
    leaves the orders out.

    Raises:
        Unavailable: its counters changed while they were read, several times; try again later.
    """
    seen = await _snapshot(store, tenant_id, sku)
    bodies = [level.body for level in seen.levels]
    demand = seen.demand.body if seen.demand else Demand()
    open_here = decide.open_reservations(seen.entries)
    known = expected or {}
    return Reconciliation(
        sku,
        (
            *decide.level_differences(bodies, seen.entries),
            *decide.demand_differences(demand, seen.waits),
        ),
        tuple(decide.unexpected(open_here, known)) if expected is not None else (),
        tuple(decide.missing(open_here, known)),
        seen,
    )


async def _snapshot(store: Documents, tenant_id: str, sku: str) -> Snapshot:
    for _ in range(SNAPSHOTS_MAX):
        before = await _counters(store, tenant_id, sku)
        entries: list[decide.Entry] = []
        entries += [item.body async for item in _all(store, tenant_id, MOVEMENTS, sku)]
        entries += [item.body async for item in _all(store, tenant_id, RESERVATIONS, sku)]
        entries += [item.body async for item in _all(store, tenant_id, ENDS, sku)]
        waits = [item.body async for item in _all(store, tenant_id, WAITS, sku)]
        after = await _counters(store, tenant_id, sku)
        if before.etags == after.etags:
            return Snapshot(before.levels, before.demand, tuple(entries), tuple(waits))
    raise Unavailable(f"{sku} changes while it is read")


async def _counters(store: Documents, tenant_id: str, sku: str) -> Snapshot:
    page = await store.query(tenant_id, LEVELS, key=sku, limit=LOCATIONS_MAX)
    demand = await store.get(tenant_id, DEMAND, sku, DEMAND_ID)
    return Snapshot(page.items, demand, (), ())


def _all(store: Documents, tenant_id: str, kind: Kind[D], sku: str) -> AsyncIterator[Stored[D]]:
    return pages(store, tenant_id, kind, pages_max=PAGES_MAX, key=sku, limit=DOCUMENTS_PAGE)


async def repair(
    store: Documents, tenant_id: str, found: Reconciliation, now: datetime
) -> Reconciliation:
    """Make good what was found, by compensation; returns what is left.

    What no order names is released; counters follow the documents, never the reverse. What is
    `missing` is the orders' to plan again.
    """
    for body in found.unexpected:
        task = EndReservation(
            reservation_id=body.reservation_id,
            sku=body.sku,
            location_id=body.location_id,
            quantity=body.quantity,
            ending=Ending.RELEASED,
        )
        await carry_out(store, tenant_id, task, now)
    fresh = await reconcile(store, tenant_id, found.sku)
    for operation in _corrections(fresh):
        with suppress(GuardFailed, Exists):  # it changed meanwhile: the next run looks again
            await store.batch(tenant_id, STOCK, found.sku, (operation,))
    return await reconcile(store, tenant_id, found.sku)


def _corrections(found: Reconciliation) -> list[Operation]:
    seen, places = found.snapshot, {difference.place for difference in found.differences}
    stored = {level.body.location_id: level for level in seen.levels}
    operations: list[Operation] = []
    for place in sorted(places - {"demand"}):
        level = stored.get(place)
        body = level.body if level else new_level(found.sku, place)
        operations.append(put_level(decide.folded_level(body, seen.entries), level))
    if "demand" in places:
        demand = decide.folded_demand(seen.waits)
        operations.append(
            Replace(DEMAND, DEMAND_ID, demand, seen.demand.etag)
            if seen.demand
            else Create(DEMAND, DEMAND_ID, demand)
        )
    return operations
