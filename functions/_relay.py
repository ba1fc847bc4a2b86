"""The outbox relay: what the change feed shows becomes messages on `events` (design 4).

Sent before the feed's checkpoint: a crash between sends again under the same ids. What cannot be
sent because of itself is parked, or it would stop everything behind it; any other failure is
raised, and the host tries again without end.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from functions import _edge_log
from shared.contracts.relay import (
    Happening,
    Parcel,
    happening_in_stock,
    happening_of,
    parcel_of,
)
from shared.flows.marks import is_for_anyone, marks_of
from shared.inventory.decide.outbox import TELLING, events_of
from shared.kernel.bus import Entity, Message, Park
from shared.kernel.documents import EVENT_KINDS, Change, Container
from shared.kernel.errors import Corrupt
from shared.kernel.ids import hash_id
from shared.tenants.model import PLATFORM
from shared.tenants.parking import Lot, park
from shared.wiring import World, telling, world

SENT_AT_ONCE_MAX: Final = 100
EVENTS: Final = frozenset({"event"})
RAW_LENGTH_MAX: Final = 200_000  # of an unreadable document that is parked
_AROUND: Final = frozenset({"id", "tenantId", "key", "pk", "type", "ttl"})


async def relay(container: Container, documents: Iterable[Mapping[str, Any]]) -> int:
    """Publish what these documents tell; returns how many events were sent.

    Raises:
        Outside: not known to be sent; send again.
    """
    current = world()
    happenings: list[Happening] = []
    for document in documents:
        telling = TELLING if container is Container.STOCK else EVENTS
        if document.get("type") not in telling:
            continue  # most documents tell nothing: their bodies are not even read
        change = change_of(container, document)
        try:
            happenings.extend(happenings_of(change))
        except (Corrupt, ValueError, KeyError) as error:
            await _park(current, change.tenant_id, _unreadable(change), error)
    parcels = await _pack(current, sorted(happenings, key=lambda happening: happening.order))
    for start in range(0, len(parcels), SENT_AT_ONCE_MAX):
        await _send(current, parcels[start : start + SENT_AT_ONCE_MAX])
    if parcels:
        _edge_log.write("relayed", {"entity": container.value, "count": len(parcels)})
    return len(parcels)


def change_of(container: Container, document: Mapping[str, Any]) -> Change:
    """Return a document of the feed without what the store put around its body (pure).

    A host that has the change itself hands it on as `change`.
    """
    known = getattr(document, "change", None)
    if isinstance(known, Change) and known.body:
        return known
    return Change(
        container=container,
        tenant_id=str(document.get("tenantId", PLATFORM)),
        key=str(document.get("key", "")),
        id=str(document.get("id", "")),
        type=str(document.get("type", "")),
        etag=str(document.get("_etag", "")),
        body=_body_of(document),
    )


def _body_of(document: Mapping[str, Any]) -> bytes:
    body = {
        name: value
        for name, value in document.items()
        if name not in _AROUND and not name.startswith("_")
    }
    return json.dumps(body, separators=(",", ":")).encode()


def happenings_of(change: Change) -> Sequence[Happening]:
    """Return what a change tells: its event document, or the events of a stock document (pure).

    Raises:
        Corrupt, ValueError, KeyError: it cannot be read.
    """
    if change.type == "event":
        body = EVENT_KINDS[change.container].decode(change.body)
        where = change.container, change.tenant_id, change.key, change.id
        return [happening_of(*where, body)]
    if change.container is not Container.STOCK:
        return []
    return [happening_in_stock(change.key, change.id, event) for event in events_of(change)]


async def _pack(current: World, happenings: Iterable[Happening]) -> list[tuple[str, Message]]:
    packed: list[tuple[str, Message]] = []
    now = current.clock.now()
    for happening in happenings:
        about = happening.tenant_id, happening.name, happening.data
        marks = await marks_of(telling(), *about, now)
        if not is_for_anyone(happening.name, happening.data, marks):
            continue
        try:
            parcel = parcel_of(happening, marks)
        except ValueError as error:
            await _park(current, happening.tenant_id, _too_large(happening), error)
            continue
        await _leave_claim(current, happening.tenant_id, parcel)
        packed.append((happening.tenant_id, parcel.message))
    return packed


async def _leave_claim(current: World, tenant_id: str, parcel: Parcel) -> None:
    if parcel.claim_name:
        await current.claims.put(tenant_id, parcel.claim_name, parcel.claim)


async def _send(current: World, parcels: Sequence[tuple[str, Message]]) -> None:
    try:
        await current.bus.send(Entity.EVENTS, [message for _, message in parcels])
    except ValueError as error:
        # The broker takes the batch whole or not at all: find the one that it will never take.
        if len(parcels) > 1:
            for parcel in parcels:
                await _send(current, [parcel])
            return
        tenant_id, message = parcels[0]
        await _park(current, tenant_id, message, error)


async def _park(current: World, tenant_id: str, message: Message, error: Exception) -> None:
    lot = Lot(Entity.EVENTS, "", message.message_id, message)
    why = Park("not-sendable", f"{type(error).__name__}: {error}")
    await park(current.store, tenant_id, lot, why, now=current.clock.now())
    fields: dict[str, object] = {"tenant_id": tenant_id, "message_id": message.message_id}
    _edge_log.write("relay_parked", {**fields, "code": why.code}, error)


def _unreadable(change: Change) -> Message:
    where = hash_id("e", change.container, change.tenant_id, change.key, change.id)
    return Message(
        message_id=f"evt:{change.tenant_id}:{where}",
        body=change.body[:RAW_LENGTH_MAX],
        session_id=f"{change.tenant_id}:{change.key}",
        subject=change.id,
    )


def _too_large(happening: Happening) -> Message:
    """Return what is left of an event that is too large for anything: where it stands."""
    where = {"key": happening.key, "document": happening.document_id, "type": happening.name}
    return Message(
        message_id=f"evt:{happening.tenant_id}:{happening.id}",
        body=json.dumps(where).encode(),
        session_id=f"{happening.tenant_id}:{happening.key}",
        subject=happening.name,
    )
