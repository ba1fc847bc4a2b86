"""A location's capacity: taken conditionally, a day at a time, like stock and before it.

As with reservations, what is given back spends its id, also when it was never taken: whoever still
executes a decision that is closed finds its takes spent.
"""

from typing import Final

from shared.catalog.model import CAPACITY, CAPACITY_TAKES, CapacityDay, CapacityTake
from shared.kernel.conditions import Condition, Increment
from shared.kernel.documents import Container, Create, Documents, Operation, Patch, Replace
from shared.kernel.errors import Exists, GuardFailed, Missing, Unavailable

ATTEMPTS_MAX: Final = 5


def _key(location_id: str) -> str:
    return f"location:{location_id}"


async def take(
    store: Documents,
    tenant_id: str,
    location_id: str,
    day: str,
    *,
    fulfillment_id: str,
    units: int,
    limit: int,
) -> bool:
    """Take capacity for a fulfillment; a limit of n admits exactly n. False when it is full.

    Taking twice for one fulfillment takes once; after it was given back, not again.
    """
    claim = Create(
        CAPACITY_TAKES,
        f"cap:{fulfillment_id}",
        CapacityTake(fulfillment_id=fulfillment_id, day=day, units=units),
    )
    share = _share_of_day(day, units, limit)
    for _ in range(ATTEMPTS_MAX):
        try:
            await store.batch(tenant_id, Container.MASTER, _key(location_id), (claim, share))
        except Missing:
            if units > limit:
                return False
            share = _first_of_day(location_id, day, units)
        except Exists as error:
            if error.index == 0:
                return await is_taken(store, tenant_id, location_id, fulfillment_id)
            share = _share_of_day(day, units, limit)  # another took the day's first share
        except GuardFailed:
            return await is_taken(store, tenant_id, location_id, fulfillment_id)
        else:
            return True
    raise Unavailable(f"capacity of {location_id} on {day} is contended")


def _share_of_day(day: str, units: int, limit: int) -> Operation:
    fits = Condition("taken", "le", limit - units)
    return Patch(CAPACITY, f"capacity:{day}", (Increment("taken", units),), (fits,))


def _first_of_day(location_id: str, day: str, units: int) -> Operation:
    body = CapacityDay(location_id=location_id, day=day, taken=units)
    return Create(CAPACITY, f"capacity:{day}", body)


async def is_taken(store: Documents, tenant_id: str, location_id: str, fulfillment_id: str) -> bool:
    """Return whether a fulfillment holds capacity here."""
    found = await store.get(tenant_id, CAPACITY_TAKES, _key(location_id), f"cap:{fulfillment_id}")
    return found is not None and found.body.units > 0


async def give_back(
    store: Documents, tenant_id: str, location_id: str, fulfillment_id: str, *, keep: int = 0
) -> bool:
    """Return a fulfillment's share to its day; False when there was none, and never will be.

    `keep`: what of it was used, and stays.
    """
    name = f"cap:{fulfillment_id}"
    for _ in range(ATTEMPTS_MAX):
        claim = await store.get(tenant_id, CAPACITY_TAKES, _key(location_id), name)
        if claim is not None and claim.body.units <= keep:
            return False
        left = keep if claim is not None else 0
        spent = CapacityTake(
            fulfillment_id=fulfillment_id, day=claim.body.day if claim else "", units=left
        )
        back: tuple[Operation, ...] = (Create(CAPACITY_TAKES, name, spent),)
        if claim is not None:
            day, units = f"capacity:{claim.body.day}", claim.body.units - left
            back = (
                Replace(CAPACITY_TAKES, name, spent, claim.etag),
                Patch(CAPACITY, day, (Increment("taken", -units),)),
            )
        try:
            await store.batch(tenant_id, Container.MASTER, _key(location_id), back)
        except (Exists, GuardFailed, Missing):
            continue
        return claim is not None
    raise Unavailable(f"capacity of {location_id} is contended")


async def taken(store: Documents, tenant_id: str, location_id: str, day: str) -> int:
    """Return what is taken of a day, in the location's capacity unit."""
    found = await store.get(tenant_id, CAPACITY, _key(location_id), f"capacity:{day}")
    return found.body.taken if found else 0
