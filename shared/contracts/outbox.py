"""Events as documents: written in the batch of the change that they tell of (design 3)."""

from functools import lru_cache
from typing import Final

from shared.contracts.base import Event
from shared.kernel.documents import EVENT_KINDS, Container, Create, EventDocument
from shared.kernel.ids import hash_id

IDS_KEPT: Final = 1_024  # a relay asks for each several times in a row


def record(
    container: Container,
    document_id: str,
    version: int,
    event: Event,
    *,
    actor: str,
    correlation_id: str = "",
) -> Create[EventDocument]:
    """Return the create of `evt:<document id>:<version>`; a second writer of a version gets 409."""
    data = event.model_dump(mode="json", exclude_none=True)
    name = data.pop("type")
    body = EventDocument(
        name=name, at=event.occurred_at, actor=actor, correlation_id=correlation_id, data=data
    )
    return Create(EVENT_KINDS[container], f"evt:{document_id}:{version}", body)


@lru_cache(maxsize=IDS_KEPT)
def event_id(container: Container, tenant_id: str, key: str, document_id: str) -> str:
    """Return the id under which an event is published, the same however often it is relayed."""
    return hash_id("e", container, tenant_id, key, document_id)
