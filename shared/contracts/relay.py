"""From event documents to messages (design 4): ids, sessions, and what filters look at."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from pydantic import JsonValue
from pydantic_core import to_json

from shared.contracts.base import Event, short_name
from shared.contracts.cloud_event import SOURCE
from shared.contracts.outbox import event_id
from shared.kernel.bus import MESSAGE_BYTES_MAX, Message, Property
from shared.kernel.claims import CLAIM_BYTES_FROM, CLAIM_BYTES_MAX
from shared.kernel.documents import Container, EventDocument

TENANT: Final = "tenant"
STOCK: Final = "stock"
ROUTE: Final = "route"
TOLD: Final = "told"
WRITTEN_BACK: Final = "written_back"
TYPE: Final = "type"


class Happening(NamedTuple):
    """An event to publish: where it was written, and what it says."""

    container: Container
    tenant_id: str
    key: str
    document_id: str
    name: str
    at: datetime
    data: Mapping[str, JsonValue]
    actor: str = ""
    correlation_id: str = ""

    @property
    def id(self) -> str:
        """The same however often it is relayed."""
        return event_id(self.container, self.tenant_id, self.key, self.document_id)

    @property
    def order(self) -> tuple[str, str, str, int]:
        """What the relay sorts by: partition, document, version as a number."""
        document, _, version = self.document_id.rpartition(":")
        if not version.isdecimal():
            return self.tenant_id, self.key, self.document_id, 0
        return self.tenant_id, self.key, document, int(version)


class Parcel(NamedTuple):
    """A message, and the claim check that it names when its body was too large."""

    message: Message
    claim_name: str = ""
    claim: bytes = b""


def happening_of(
    container: Container, tenant_id: str, key: str, document_id: str, body: EventDocument
) -> Happening:
    """Return what an event document tells."""
    return Happening(
        container,
        tenant_id,
        key,
        document_id,
        body.name,
        body.at,
        body.data,
        body.actor,
        body.correlation_id,
    )


def happening_in_stock(key: str, document_id: str, event: Event) -> Happening:
    """Return what a create-only document of stock tells: at most one event of each name."""
    data = event.model_dump(mode="json", exclude_none=True)
    name = str(data.pop("type"))
    return Happening(
        Container.STOCK,
        event.tenant_id,
        key,
        f"{document_id}#{name}",
        name,
        event.occurred_at,
        data,
    )


def parcel_of(happening: Happening, marks: Iterable[str] = ()) -> Parcel:
    """Return the message of an event, with marks that filters look at beside its own.

    Raises:
        ValueError: it is beyond what even a claim check may hold.
    """
    name = happening.id  # a hash: once an event
    envelope = _envelope(happening, name)
    body = to_json({**envelope, "data": dict(happening.data)})
    if len(body) <= CLAIM_BYTES_FROM:
        return Parcel(_message(happening, name, body, marks))
    if len(body) > CLAIM_BYTES_MAX:
        raise ValueError(f"an event of {len(body)} bytes")
    short = to_json({**envelope, "dataref": name})
    return Parcel(_message(happening, name, short, marks), name, body)


def _envelope(happening: Happening, name: str) -> dict[str, Any]:
    envelope: dict[str, Any] = {
        "specversion": "1.0",
        "id": name,
        "source": SOURCE,
        "type": happening.name,
        "subject": happening.key,
        "time": happening.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "tenantid": happening.tenant_id,
    }
    if happening.actor:
        envelope["actor"] = happening.actor
    if happening.correlation_id:
        envelope["correlationid"] = happening.correlation_id
    return envelope


def _message(happening: Happening, name: str, body: bytes, marks: Iterable[str]) -> Message:
    if len(body) > MESSAGE_BYTES_MAX:
        raise ValueError(f"a message of {len(body)} bytes")
    properties: dict[str, Property] = {TENANT: happening.tenant_id, TYPE: happening.name}
    for mark in (STOCK, ROUTE):
        if happening.data.get(mark):
            properties[mark] = True
    properties |= dict.fromkeys(marks, True)
    return Message(
        message_id=f"evt:{happening.tenant_id}:{name}",
        body=body,
        session_id=f"{happening.tenant_id}:{_session(happening)}",
        subject=short_name(happening.name),
        correlation_id=happening.correlation_id or None,
        properties=properties,
    )


def _session(happening: Happening) -> str:
    """Return the order, else the SKU, else the partition that the event is about."""
    for name in ("order_id", "sku"):
        value = happening.data.get(name)
        if isinstance(value, str) and value:
            return value
    return happening.key
