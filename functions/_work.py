"""What triggers of a location's work share: whose work it is, and who may see it."""

from typing import Any, Final

from functions._edge import Call, Reply
from functions._fulfillment_models import WorkView, work_view
from shared.flows import hand_out
from shared.fulfillment import service
from shared.fulfillment.model import Fulfillment, Status
from shared.kernel.errors import Fault, Invalid
from shared.tenants.decide import may_work_at, own_locations, require
from shared.wiring import flows, store

PICK_PAGES_MAX: Final = 10
PICK_PAGE: Final = 200
QUEUE: Final = {
    "location": "whose work; store staff with one location may leave it out",
    "status": "open, accepted, picking, picked, packed, ready-for-pickup, on-hold, shipped, ...;"
    " without it all that is still to do",
    "order": "instead of a location: all work of one order",
}
PICK_LIST: Final = {
    "location": QUEUE["location"],
    "open": "true: work that nobody has accepted yet, too",
}


async def work_of(call: Call[Any], operation: str) -> Fulfillment:
    """Return the work that the path names, for a caller who may do this where it is done.

    Raises:
        NotFound: there is none of this id.
        Forbidden: it is of another location than the caller's.
    """
    found = await service.get(store(), call.tenant_id, call.param("fulfillment"))
    require(call.caller, operation, found.body.location_id)
    call.note(
        fulfillment_id=found.body.fulfillment_id,
        order_id=found.body.order_id,
        location_id=found.body.location_id,
    )
    return found.body


def shown(call: Call[Any], work: Fulfillment) -> Reply:
    """Return the answer of a command on work."""
    return Reply(work_view(work, call.now))


async def works_of_order(call: Call[Any], order_id: str) -> list[WorkView]:
    """Return an order's work, as far as the caller may see it."""
    found = await service.of_order(store(), call.tenant_id, order_id)
    return [
        work_view(row.body, call.now)
        for row in found
        if may_work_at(call.caller, row.body.location_id)
    ]


def location_asked(call: Call[Any]) -> str:
    """Return the location whose work is asked for; staff of one location need not name it.

    Raises:
        Invalid: none is named.
        Forbidden: it is not the caller's.
    """
    asked, own = call.query("location"), own_locations(call.caller)
    if asked is None and own is not None and len(own) == 1:
        (asked,) = own
    if asked is None:
        raise Invalid([Fault("/location", "location-missing", "name a location")])
    require(call.caller, "fulfillments.search", asked)
    return asked


def status_asked(call: Call[Any]) -> Status | None:
    """Return the status of the query.

    Raises:
        Invalid: there is no such status.
    """
    asked = call.query("status")
    if asked is None:
        return None
    if asked not in set(Status):
        raise Invalid([Fault("/status", "unknown-status", f"one of {', '.join(Status)}")])
    return Status(asked)


async def still_to_do(call: Call[Any], location_id: str) -> list[Fulfillment]:
    """Return a location's open work, most urgent first, a bounded number."""
    found: list[Fulfillment] = []
    cursor: str | None = None
    for _ in range(PICK_PAGES_MAX):
        page = await service.work_queue(
            store(), call.tenant_id, location_id, limit=PICK_PAGE, cursor=cursor
        )
        found += [row.body for row in page.items]
        cursor = page.cursor
        if cursor is None:
            break
    return found


async def answer_cancel(call: Call[Any], operation: str, *, is_confirmed: bool) -> Reply:
    """Answer what was asked to be cancelled, all together."""
    work = await work_of(call, operation)
    answered = await hand_out.answer_cancel(
        flows(), call.caller, work.fulfillment_id, call.now, is_confirmed=is_confirmed
    )
    return shown(call, answered)
