"""Deliveries: made once an event and endpoint, tried at once and then by the sweep.

A try first puts the delivery ahead under its etag, then calls, then writes what came of it: of two
sweeps one calls, and a process that dies in between leaves a delivery that is tried again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import JsonValue

from shared.kernel.conditions import Condition
from shared.kernel.documents import (
    Container,
    Create,
    Documents,
    Order,
    Page,
    Replace,
    Stored,
)
from shared.kernel.errors import Exists, GuardFailed, Missing, NotFound, Unavailable
from shared.kernel.model import stamp
from shared.kernel.outbound import Answer, Request
from shared.notifications.decide import delivery as decide
from shared.notifications.decide.events import PUBLIC, TEST, payload_of
from shared.notifications.decide.signature import headers_of
from shared.notifications.model import (
    DELIVERIES,
    DELIVERY_TTL_S,
    Delivery,
    DeliveryStatus,
    Endpoint,
    EndpointDisabled,
    EndpointStatus,
)
from shared.notifications.service.endpoints import Hooks, get_endpoint, update_endpoint
from shared.notifications.service.hearing import listeners

SWEPT_MAX: Final = 20  # deliveries of one endpoint, a sweep
SWEPT_FAILING_MAX: Final = 2  # of one that fails: enough to notice that it is back
ATTEMPTS_MAX: Final = 5


@dataclass(frozen=True, slots=True)
class _Try:
    """A delivery that was put ahead, with the endpoint that it goes to."""

    endpoint: Endpoint
    stored: Stored[Delivery]


async def tell(
    hooks: Hooks,
    tenant_id: str,
    event_id: str,
    event_type: str,
    at: datetime,
    data: Mapping[str, JsonValue],
    *,
    now: datetime,
) -> int:
    """Tell an event to every endpoint that asked for it, once; returns to how many it is new."""
    name = PUBLIC.get(event_type)
    if name is None:
        return 0
    wanting = await listeners(hooks.shelf, tenant_id, name, now)
    if not wanting:
        return 0
    payload = payload_of(name, at, data)
    made = [
        (endpoint, await _create(hooks, tenant_id, endpoint, event_id, name, payload, now=now))
        for endpoint in wanting
    ]
    fresh = [_Try(endpoint, stored) for endpoint, stored in made if stored is not None]
    at_once = [row for row in fresh if decide.is_tried_at_once(row.endpoint)]
    await _call(hooks, tenant_id, at_once, now)
    return len(fresh)


async def _create(
    hooks: Hooks,
    tenant_id: str,
    endpoint: Endpoint,
    event_id: str,
    name: str,
    payload: str,
    *,
    now: datetime,
) -> Stored[Delivery] | None:
    """Keep a delivery; None when the event has one already."""
    delivery = decide.new_delivery(endpoint, event_id, name, payload, now)
    key, document_id = _key(endpoint.endpoint_id), _id(delivery.delivery_id)
    create = Create(DELIVERIES, document_id, delivery, DELIVERY_TTL_S)
    try:
        (etag,) = await hooks.store.batch(tenant_id, Container.MASTER, key, (create,))
    except Exists:
        return None
    return Stored(document_id, key, etag, delivery)


async def sweep(hooks: Hooks, tenant_id: str, now: datetime) -> int:
    """Try what is due, a bounded number for each endpoint; returns how many were tried."""
    claimed: list[_Try] = []
    for endpoint in await hooks.shelf.of(tenant_id, now):
        if endpoint.status is EndpointStatus.DISABLED:
            continue
        limit = SWEPT_FAILING_MAX if endpoint.failing_since else SWEPT_MAX
        for stored in await _due(hooks.store, tenant_id, endpoint.endpoint_id, limit, now):
            ahead = await _put_ahead(hooks, tenant_id, stored, now)
            if ahead is not None:
                claimed.append(_Try(endpoint, ahead))
    await _call(hooks, tenant_id, claimed, now)
    return len(claimed)


async def _due(
    store: Documents, tenant_id: str, endpoint_id: str, limit: int, now: datetime
) -> Sequence[Stored[Delivery]]:
    page = await store.query(
        tenant_id,
        DELIVERIES,
        key=_key(endpoint_id),
        where=(
            Condition("status", "eq", DeliveryStatus.PENDING.value),
            Condition("next_at", "le", stamp(now)),
        ),
        order=Order("next_at"),
        limit=limit,
    )
    return page.items


async def _put_ahead(
    hooks: Hooks, tenant_id: str, stored: Stored[Delivery], now: datetime
) -> Stored[Delivery] | None:
    ahead = decide.claimed(stored.body, now)
    if ahead is None:
        return None
    try:
        return await _replace(hooks.store, tenant_id, stored, ahead, now)
    except (GuardFailed, Missing):
        return None  # another sweep tries it


async def _call(hooks: Hooks, tenant_id: str, tries: Sequence[_Try], now: datetime) -> None:
    requests = [await _request(hooks, tenant_id, row, now) for row in tries]
    answers = await hooks.outbound.call_all(requests) if requests else ()
    for row, answer in zip(tries, answers, strict=True):
        await _write_down(hooks, tenant_id, row, answer, now)


async def _request(hooks: Hooks, tenant_id: str, row: _Try, now: datetime) -> Request:
    delivery = row.stored.body
    found = [await hooks.vault.get(tenant_id, name) for name in row.endpoint.secrets]
    secrets = [secret.decode("ascii") for secret in found if secret is not None]
    body = delivery.payload.encode()
    headers = headers_of(secrets, delivery.event_id, now, body)
    return Request("POST", row.endpoint.url, headers, body)


async def _write_down(
    hooks: Hooks, tenant_id: str, row: _Try, answer: Answer, now: datetime
) -> None:
    after = decide.tried(row.stored.body, answer, now)
    try:
        await _replace(hooks.store, tenant_id, row.stored, after, now)
    except (GuardFailed, Missing):
        return  # it was replayed or taken up again meanwhile: that try counts
    if decide.endpoint_after(row.endpoint, after, answer, now) is None:
        return
    try:
        await update_endpoint(
            hooks,
            tenant_id,
            row.endpoint.endpoint_id,
            lambda endpoint: decide.endpoint_after(endpoint, after, answer, now),
        )
    except NotFound:
        return  # it was removed meanwhile


async def deliveries(
    store: Documents,
    tenant_id: str,
    endpoint_id: str,
    *,
    status: DeliveryStatus | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Delivery]:
    """Return an endpoint's deliveries of the last 7 days, the newest first.

    Raises:
        NotFound: there is no such endpoint.
    """
    await get_endpoint(store, tenant_id, endpoint_id)
    where = () if status is None else (Condition("status", "eq", status.value),)
    return await store.query(
        tenant_id,
        DELIVERIES,
        key=_key(endpoint_id),
        where=where,
        order=Order("created_at", descending=True),
        limit=limit,
        cursor=cursor,
    )


async def replay(
    hooks: Hooks, tenant_id: str, endpoint_id: str, delivery_id: str, now: datetime
) -> Delivery:
    """Send a delivery again, whatever became of it; returns what came of the try.

    Raises:
        NotFound: there is no such endpoint or delivery.
        EndpointDisabled: it is out of use.
        Unavailable: it is being tried at this moment.
    """
    endpoint = await _in_use(hooks, tenant_id, endpoint_id)
    key, document_id = _key(endpoint_id), _id(delivery_id)
    stored = await hooks.store.get(tenant_id, DELIVERIES, key, document_id)
    if stored is None:
        raise NotFound("delivery")
    try:
        again = decide.replayed(stored.body, now)
        ahead = await _replace(hooks.store, tenant_id, stored, again, now)
    except (GuardFailed, Missing):
        raise Unavailable(f"{delivery_id} is being tried") from None
    return await _tried_now(hooks, tenant_id, _Try(endpoint, ahead), now)


async def send_test(hooks: Hooks, tenant_id: str, endpoint_id: str, now: datetime) -> Delivery:
    """Send a `test.sent` event; returns what came of it.

    Raises:
        NotFound: there is no such endpoint.
        EndpointDisabled: it is out of use.
    """
    endpoint = await _in_use(hooks, tenant_id, endpoint_id)
    event_id = hooks.ids.new("e")
    payload = payload_of(TEST, now, {})
    stored = await _create(hooks, tenant_id, endpoint, event_id, TEST, payload, now=now)
    if stored is None:
        raise Unavailable(f"{event_id} has been sent already")
    return await _tried_now(hooks, tenant_id, _Try(endpoint, stored), now)


async def _in_use(hooks: Hooks, tenant_id: str, endpoint_id: str) -> Endpoint:
    endpoint = (await get_endpoint(hooks.store, tenant_id, endpoint_id)).body
    if endpoint.status is EndpointStatus.DISABLED:
        raise EndpointDisabled
    return endpoint


async def _tried_now(hooks: Hooks, tenant_id: str, row: _Try, now: datetime) -> Delivery:
    await _call(hooks, tenant_id, [row], now)
    found = await hooks.store.get(tenant_id, DELIVERIES, row.stored.key, row.stored.id)
    return row.stored.body if found is None else found.body


async def _replace(
    store: Documents, tenant_id: str, stored: Stored[Delivery], after: Delivery, now: datetime
) -> Stored[Delivery]:
    replace = Replace(DELIVERIES, stored.id, after, stored.etag, decide.ttl_s(after, now))
    (etag,) = await store.batch(tenant_id, Container.MASTER, stored.key, (replace,))
    return Stored(stored.id, stored.key, etag, after)


def _key(endpoint_id: str) -> str:
    return f"endpoint:{endpoint_id}"


def _id(delivery_id: str) -> str:
    return f"delivery:{delivery_id}"
