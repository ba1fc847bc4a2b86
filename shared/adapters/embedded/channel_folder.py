"""What a channel would be told, as files: for connections without credentials."""

import asyncio
import json
import re
from pathlib import Path
from typing import Final

from shared.channels.model import Connection
from shared.channels.ports import Shipped
from shared.kernel.errors import Unavailable

_SAFE: Final = re.compile(r"[^0-9A-Za-z_.-]+")


class FolderWriteBack:
    """One file a shipment: `<folder>/<tenant>/<connection>/<shipment>.json`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def ship(self, tenant_id: str, connection: Connection, shipped: Shipped) -> bool:
        """Write what would be asked of the channel, once (see `FulfillmentWriteBack`)."""
        names = (tenant_id, connection.connection_id, f"{shipped.shipment_id}.json")
        path = self._folder.joinpath(*(_SAFE.sub("-", name) for name in names))
        try:
            return await asyncio.to_thread(_write, path, connection, shipped)
        except OSError as error:
            raise Unavailable("the outbox folder cannot be written") from error


def _write(path: Path, connection: Connection, shipped: Shipped) -> bool:
    if path.exists():
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    body = {
        "channel": connection.channel,
        "domain": connection.domain,
        "order": shipped.reference,
        "shipment": shipped.shipment_id,
        "units_by_line": dict(shipped.units),
        "tracking_info": {"company": shipped.carrier, "numbers": list(shipped.tracking)},
        "notify_customer": shipped.notify_customer,
    }
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    draft.replace(path)
    return True


class NoWriteBack:
    """Tells nobody: worlds that are in memory only."""

    async def ship(self, tenant_id: str, connection: Connection, shipped: Shipped) -> bool:  # noqa: ARG002 - the port's
        """Let it go."""
        return False
