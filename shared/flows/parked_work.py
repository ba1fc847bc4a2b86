"""What routing could not do for an order is an exception of the order until it is done.

A parked event of the routing subscription is stock that did not follow or an order that nobody
sources: whoever looks at the order must see it. A replay that is worked closes the exception.
"""

import re
from datetime import datetime
from typing import Final

from shared.contracts.cloud_event import AnyEvent, read_any_event
from shared.flows.context import Flows
from shared.flows.follow import system
from shared.flows.order_command import apply_command
from shared.kernel.bus import Park
from shared.kernel.conditions import Condition
from shared.kernel.errors import Corrupt, Invalid, NotFound, Unreadable
from shared.kernel.ids import hash_id
from shared.orders import decide as orders
from shared.orders import service as order_service
from shared.orders.decide import Act
from shared.orders.decide.actions import WORK_PARKED
from shared.orders.model import EXCEPTIONS, ExceptionDocument, ExceptionStatus
from shared.tenants.parking import Lot, parked_id_of

ROUTING: Final = "routing"
OPEN_MAX: Final = 200  # exceptions of one order that are looked at
REPLAYED: Final = "replayed"
_REPLAY: Final = re.compile(r"#p[0-9]+", re.ASCII)


def order_of(lot: Lot) -> str | None:
    """Return the order that a message of routing is about; None where it is about stock alone.

    A body that is kept apart may be gone by now: its message still names the order by its session
    (design 4), or the SKU, which no order is found by.
    """
    if lot.subscription != ROUTING:
        return None
    try:
        event: AnyEvent = read_any_event(lot.message.body)
    except (Unreadable, Invalid):
        return None
    named = event.data.get("order_id")
    if event.dataref is not None:
        named = (lot.message.session_id or "").removeprefix(f"{event.tenantid}:")
    return named if isinstance(named, str) and named else None


def is_replay(message_id: str) -> bool:
    """Tell whether an operator has sent the message again."""
    return _REPLAY.search(message_id) is not None


async def tell_parked(flows: Flows, tenant_id: str, lot: Lot, why: Park, now: datetime) -> None:
    """Put parked work before a person, once however often it is parked.

    Raises:
        Unavailable: others change the order; the message comes again.
    """
    order_id = order_of(lot)
    if order_id is None:
        return
    parked_id = parked_id_of(lot)
    if await _open(flows, tenant_id, order_id, parked_id):
        return
    detail: dict[str, str | int] = {"parked": parked_id, "code": why.code}
    try:
        await apply_command(
            flows,
            system(tenant_id, "parked"),
            order_id,
            lambda order, _, act: orders.open_exception(order, WORK_PARKED, act, detail),
            now,
            command_id=hash_id("c", parked_id, lot.message.message_id),
        )
    except (NotFound, Corrupt):
        return  # no order of ours, or none that can be read: the message stands for itself


async def tell_worked(flows: Flows, tenant_id: str, lot: Lot, now: datetime) -> None:
    """Close what parked work had opened: its replay is worked.

    Raises:
        Unavailable: others change the exception; the message comes again.
    """
    order_id = order_of(lot)
    if order_id is None or not is_replay(lot.message.message_id):
        return
    act = Act(tenant_id, now, system(tenant_id, "parked").name)
    for found in await _open(flows, tenant_id, order_id, parked_id_of(lot)):
        await order_service.close_exception(flows.store, found.exception_id, REPLAYED, act)


async def _open(
    flows: Flows, tenant_id: str, order_id: str, parked_id: str
) -> list[ExceptionDocument]:
    page = await flows.store.query(
        tenant_id,
        EXCEPTIONS,
        key=order_id,
        where=(
            Condition("status", "eq", ExceptionStatus.OPEN.value),
            Condition("code", "eq", WORK_PARKED),
        ),
        limit=OPEN_MAX,
    )
    return [row.body for row in page.items if row.body.detail.get("parked") == parked_id]
