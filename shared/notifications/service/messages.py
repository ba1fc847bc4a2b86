"""Which messages customers have been sent: one document an event, create-only."""

from contextlib import suppress
from datetime import datetime

from shared.kernel.documents import Container, Create, Documents
from shared.kernel.errors import Exists
from shared.notifications.model import MESSAGES, MessageDocument, MessageKind


async def is_told(store: Documents, tenant_id: str, order_id: str, event_id: str) -> bool:
    """Tell whether the customer has been told of this event."""
    found = await store.get(tenant_id, MESSAGES, order_id, f"message:{event_id}")
    return found is not None


async def remember_told(
    store: Documents,
    tenant_id: str,
    order_id: str,
    *,
    event_id: str,
    kind: MessageKind,
    language: str,
    now: datetime,
) -> None:
    """Note that the message of an event was handed over; once, however often it is noted."""
    body = MessageDocument(kind=kind, event_id=event_id, language=language, at=now)
    with suppress(Exists):
        await store.batch(
            tenant_id,
            Container.ORDERS,
            order_id,
            (Create(MESSAGES, f"message:{event_id}", body),),
        )
