"""Write locations."""

from contextlib import suppress

from shared.catalog.decide import check_location, is_same_location, location_of
from shared.catalog.model import LOCATIONS, Location, LocationDetails, LocationExists
from shared.catalog.service.reading import get_location
from shared.catalog.service.saved import ATTEMPTS_MAX, Outcome, Saved
from shared.kernel.documents import Container, Create, Documents, Operation, Replace, Stored
from shared.kernel.errors import NotFound, PreconditionFailed, Unavailable, WriteLost


async def create_location(
    store: Documents, tenant_id: str, told: LocationDetails
) -> Saved[Location]:
    """Write a new location; told again in the same words it is the same location.

    Raises:
        Invalid: every fault of it.
        LocationExists: there is one of that id with other contents.
    """
    for _ in range(ATTEMPTS_MAX):
        stored = await get_location(store, tenant_id, told.location_id)
        if stored is not None and not is_same_location(told, stored.body):
            raise LocationExists(told.location_id)
        with suppress(WriteLost):
            return await save_location(store, tenant_id, told, stored)
    raise Unavailable(f"location {told.location_id} is contended")


async def replace_location(
    store: Documents, tenant_id: str, told: LocationDetails, *, if_match: str
) -> Saved[Location]:
    """Write the location over the version that the caller read; it is ended by `active`.

    Raises:
        NotFound: there is no such location.
        PreconditionFailed: it was changed since.
        Invalid: every fault of it.
    """
    stored = await get_location(store, tenant_id, told.location_id)
    if stored is None:
        raise NotFound("location")
    if stored.etag != if_match:
        raise PreconditionFailed
    try:
        return await save_location(store, tenant_id, told, stored)
    except WriteLost as error:
        raise PreconditionFailed from error


async def put_location(store: Documents, tenant_id: str, told: LocationDetails) -> Saved[Location]:
    """Write the location whatever stood there before: seeds and full feeds.

    Raises:
        Invalid: every fault of it.
    """
    for _ in range(ATTEMPTS_MAX):
        stored = await get_location(store, tenant_id, told.location_id)
        with suppress(WriteLost):
            return await save_location(store, tenant_id, told, stored)
    raise Unavailable(f"location {told.location_id} is contended")


async def save_location(
    store: Documents,
    tenant_id: str,
    told: LocationDetails,
    stored: Stored[Location] | None,
) -> Saved[Location]:
    """Write the location over the version given; nothing is written when it says the same.

    Raises:
        Invalid: every fault of it.
        WriteLost: it is another version by now.
    """
    if stored is not None and is_same_location(told, stored.body):
        return Saved(Outcome.UNCHANGED, stored)
    check_location(told)
    body = location_of(told, stored.body if stored else None)
    operation: Operation = (
        Replace(LOCATIONS, "location", body, stored.etag)
        if stored
        else Create(LOCATIONS, "location", body)
    )
    key = f"location:{told.location_id}"
    (etag,) = await store.batch(tenant_id, Container.MASTER, key, [operation])
    outcome = Outcome.CHANGED if stored else Outcome.CREATED
    return Saved(outcome, Stored("location", key, etag, body))
