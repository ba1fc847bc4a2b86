"""The customer's side of the outbox folder: the code of a pickup stands in the message."""

from pathlib import Path
from typing import Final

from local.demo.doors import Doors
from shared.fulfillment import service as work_service
from shared.notifications.decide.texts import PHRASES
from shared.notifications.model import MessageKind

LABELS: Final = tuple(phrases.code for phrases in PHRASES.values())


def codes_in(folder: Path) -> tuple[str, ...]:
    """Return the pickup codes of an order's messages."""
    found = []
    for page in sorted(folder.glob(f"{MessageKind.READY.value}-*.txt")):
        for line in page.read_text(encoding="utf-8").splitlines():
            label, _, value = line.partition(": ")
            if label in LABELS and value:
                found.append(value.strip())
    return tuple(found)


async def code_for(doors: Doors, tenant_id: str, fulfillment_id: str) -> str:
    """Return the code that the customer was sent; who gave no address asks at the counter."""
    folder = doors.outbox / tenant_id / work_service.order_of(fulfillment_id)
    codes = codes_in(folder) if folder.is_dir() else ()
    if len(codes) == 1:
        return codes[0]
    work = await work_service.get(doors.store, tenant_id, fulfillment_id)
    return work.body.pickup_code or ""
