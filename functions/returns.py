"""Returns: found, asked for, taken in anywhere, inspected, refunded by advice."""

from typing import TypeVar

import azure.functions as func

from functions._edge import Call, Delivery, Reply, http, listing, queue
from shared.contracts.cloud_event import CloudEvent
from shared.contracts.returns import (
    DepartReturn,
    FindOrders,
    InspectReturn,
    InspectUnits,
    ReceiveParcel,
    ReceiveReturn,
    RecordReturn,
    RequestReturn,
    TakeReturn,
)
from shared.flows.accept_return import inspect_units, receive_parcel, request_return
from shared.flows.find_order import Found, find_orders
from shared.kernel.errors import Fault, Forbidden, Invalid
from shared.kernel.model import Identifier, Strict
from shared.returns import service
from shared.returns.model import Return, ReturnDetails, ReturnStatus
from shared.tenants.decide import own_locations, require
from shared.tenants.model import Caller
from shared.wiring import flows, store

bp = func.Blueprint()

SEARCH = {
    "order": "an order's id",
    "status": f"one of {', '.join(ReturnStatus)}",
    "location": "where goods are expected or were taken in",
}
B = TypeVar("B")


class ReasonBody(Strict):
    reason: Identifier


@queue(bp, "returns-in", RecordReturn)
async def receive_returns(delivery: Delivery[CloudEvent[RecordReturn]]) -> None:
    """Take in what tills, channels and 3PLs tell of returns; goods that came are never refused."""
    told = delivery.event.data
    if told.tenant_id != delivery.tenant_id:
        raise Invalid([Fault("/tenant_id", "differs-from-envelope", "the envelope names another")])
    found = await _follow(delivery, told)
    delivery.note(order_id=found.order_id, return_id=found.return_id)


async def _follow(delivery: Delivery[CloudEvent[RecordReturn]], told: RecordReturn) -> Return:
    world, caller, now = flows(), delivery.caller, delivery.now
    match told.record:
        case TakeReturn(request=request):
            return await request_return(world, caller, request, delivery.command_id, now)
        case ReceiveReturn(return_id=name, receipt=parcel):
            return await receive_parcel(world, caller, name, parcel, now, is_fact=True)
        case InspectReturn(return_id=name, inspection=found):
            return await inspect_units(world, caller, name, found, now)
        case DepartReturn(return_id=name):
            return await service.depart(store(), caller, name, now)


@http(bp, "POST", "returns:lookup", "returns.lookup", body=FindOrders, answer=Found)
async def look_up_orders(call: Call[FindOrders]) -> Reply:
    """Find an order for a return, with or without its receipt, and show the whole transaction."""
    return Reply(await find_orders(flows(), call.tenant_id, call.body, call.now))


@http(
    bp,
    "POST",
    "returns",
    "returns.request",
    body=RequestReturn,
    answer=ReturnDetails,
    status=201,
    creates=True,
)
async def create_return(call: Call[RequestReturn]) -> Reply:
    """Ask to return units, or take them in at a counter; with lines out it is an exchange."""
    found = await request_return(flows(), call.caller, call.body, call.command_id, call.now)
    return await _shown(call, found.return_id, place=f"/api/v1/returns/{found.return_id}")


@http(bp, "GET", "returns", "returns.search", answer=ReturnDetails, many=True, query=SEARCH)
async def search_returns(call: Call[None]) -> Reply:
    """List returns, the latest first; all filters must hold."""
    limit, cursor = call.page()
    page = await service.search(
        store(),
        call.tenant_id,
        order_id=call.query("order"),
        status=_status(call),
        location_id=_location(call.caller, call.query("location"), call.query("order")),
        limit=limit,
        cursor=cursor,
    )
    return Reply(listing([service.shown(row.body) for row in page.items], page.cursor))


def _status(call: Call[None]) -> ReturnStatus | None:
    asked = call.query("status")
    if asked is None:
        return None
    if asked not in set(ReturnStatus):
        raise Invalid([Fault("/status", "unknown-status", SEARCH["status"])])
    return ReturnStatus(asked)


def _location(caller: Caller, asked: str | None, order_id: str | None) -> str | None:
    """Return the location to list; an associate sees their own, or all of one order."""
    own = own_locations(caller)
    if own is None or (asked is None and order_id is not None):
        return asked
    if asked is None and len(own) == 1:
        return next(iter(own))
    if asked is None or asked not in own:
        raise Forbidden("name a location of the credential, or an order")
    return asked


@http(bp, "GET", "returns/{return}", "returns.read", answer=ReturnDetails)
async def read_return(call: Call[None]) -> Reply:
    """Show a return with its receipts, its inspections and the refund advised."""
    return await _shown(call, call.param("return"))


@http(bp, "POST", "returns/{return}:approve", "returns.approve", answer=ReturnDetails)
async def approve_return(call: Call[None]) -> Reply:
    """Let the goods come."""
    found = await service.approve(store(), call.caller, call.param("return"), call.now)
    return await _shown(call, found.return_id)


@http(
    bp,
    "POST",
    "returns/{return}:decline",
    "returns.decline",
    body=ReasonBody,
    answer=ReturnDetails,
)
async def decline_return(call: Call[ReasonBody]) -> Reply:
    """Refuse a return that was asked for."""
    name, reason = call.param("return"), call.body.reason
    found = await service.decline(store(), call.caller, name, reason, call.now)
    return await _shown(call, found.return_id)


@http(
    bp,
    "POST",
    "returns/{return}:cancel",
    "returns.cancel",
    body=ReasonBody,
    answer=ReturnDetails,
)
async def cancel_return(call: Call[ReasonBody]) -> Reply:
    """Call a return off before anything came."""
    name, reason = call.param("return"), call.body.reason
    stored = await service.get(store(), call.tenant_id, name)
    require(call.caller, "returns.cancel", stored.body.location_id or "")
    found = await service.cancel(store(), call.caller, name, reason, call.now)
    return await _shown(call, found.return_id)


@http(
    bp,
    "POST",
    "returns/{return}:receive",
    "returns.receive",
    body=ReceiveParcel,
    answer=ReturnDetails,
)
async def receive_return(call: Call[ReceiveParcel]) -> Reply:
    """Record a parcel that came, at any location; the same parcel again changes nothing."""
    name = call.param("return")
    found = await receive_parcel(flows(), call.caller, name, call.body, call.now)
    return await _shown(call, found.return_id)


@http(
    bp,
    "POST",
    "returns/{return}:inspect",
    "returns.inspect",
    body=InspectUnits,
    answer=ReturnDetails,
)
async def inspect_return(call: Call[InspectUnits]) -> Reply:
    """Record what becomes of units; with the last ones the refund is advised."""
    name = call.param("return")
    found = await inspect_units(flows(), call.caller, name, call.body, call.now)
    return await _shown(call, found.return_id)


@http(bp, "POST", "returns/{return}:close", "returns.close", answer=ReturnDetails)
async def close_return(call: Call[None]) -> Reply:
    """End an inspected return."""
    found = await service.close(store(), call.caller, call.param("return"), call.now)
    return await _shown(call, found.return_id)


async def _shown(call: Call[B], return_id: str, place: str | None = None) -> Reply:
    stored = await service.get(store(), call.tenant_id, return_id)
    call.note(return_id=return_id, order_id=stored.body.order_id)
    return Reply(service.shown(stored.body), etag=stored.etag, location=place)
