"""Messages as tills, marketplaces and warehouses put them on our queues."""

import json
from datetime import datetime
from typing import Final

from shared.contracts.base import Contract
from shared.kernel.bus import Message
from shared.kernel.ids import hash_id
from shared.kernel.model import stamp

SOURCE: Final = "/demo"


def inbound(
    queue: str, data: Contract, name: str, at: datetime, *, session: str | None = None
) -> Message:
    """Return the message that tells `data`; its id is the same for the same sender's `name`."""
    content = data.model_dump(mode="json", exclude_none=True)
    tenant_id = str(content["tenant_id"])
    event = {
        "specversion": "1.0",
        "id": hash_id("m", tenant_id, name),
        "source": SOURCE,
        "type": content["type"],
        "tenantid": tenant_id,
        "time": stamp(at),
        "datacontenttype": "application/json",
        "data": content,
    }
    return Message(
        message_id=f"{queue}:{tenant_id}:{event['id']}",
        body=json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode(),
        session_id=f"{tenant_id}:{session}" if session else None,
        subject=str(content["type"]),
    )
