"""Fulfillment: a location's work queue, what it does with its work, and its confirmations."""

import azure.functions as func

from functions import _slip
from functions._edge import Call, Delivery, Reply, http, listing, queue
from functions._fulfillment_models import (
    HandOverBody,
    MoveBody,
    PackBody,
    PickBody,
    PickList,
    PickRow,
    RejectBody,
    ShipBody,
    WorkView,
    work_view,
)
from functions._work import (
    PICK_LIST,
    QUEUE,
    answer_cancel,
    location_asked,
    shown,
    status_asked,
    still_to_do,
    work_of,
    works_of_order,
)
from shared.contracts.cloud_event import CloudEvent
from shared.contracts.fulfillment import FulfillmentInbound
from shared.flows import hand_out, move_work, packing_slip, ship_goods, work_told
from shared.flows.book_shipment import tender_of
from shared.flows.pack_goods import pack
from shared.flows.packing_slip import PackingSlip
from shared.fulfillment import decide, service
from shared.fulfillment.model import Status
from shared.kernel.errors import Fault, Forbidden, Invalid
from shared.wiring import flows, store

bp = func.Blueprint()


@http(bp, "GET", "fulfillments", "fulfillments.search", answer=WorkView, many=True, query=QUEUE)
async def list_fulfillments(call: Call[None]) -> Reply:
    """List a location's work, the most urgent first, or all work of an order."""
    order_id = call.query("order")
    if order_id is not None:
        return Reply(listing(await works_of_order(call, order_id), None))
    limit, cursor = call.page()
    page = await service.work_queue(
        store(),
        call.tenant_id,
        location_asked(call),
        status=status_asked(call),
        limit=limit,
        cursor=cursor,
    )
    return Reply(listing([work_view(row.body, call.now) for row in page.items], page.cursor))


@http(
    bp,
    "GET",
    "fulfillments:picklist",
    "fulfillments.search",
    answer=PickList,
    query=PICK_LIST,
)
async def pick_list(call: Call[None]) -> Reply:
    """List what is to be fetched from a location's shelves, by SKU."""
    location_id, wanted = location_asked(call), {Status.ACCEPTED, Status.PICKING}
    if call.flag("open"):
        wanted.add(Status.OPEN)
    works = [work for work in await still_to_do(call, location_id) if work.status in wanted]
    rows = decide.pick_list(works)
    products = await flows().knowledge.products(call.tenant_id, [r.sku for r in rows], call.now)
    shown = tuple(
        PickRow(
            sku=row.sku,
            title=row.title,
            barcodes=products[row.sku].barcodes if row.sku in products else (),
            quantity=row.quantity,
            fulfillments=dict(row.fulfillments),
        )
        for row in rows
    )
    units = sum(row.quantity for row in rows)
    return Reply(PickList(location_id=location_id, units=units, rows=shown))


@http(bp, "GET", "fulfillments/{fulfillment}", "fulfillments.read", answer=WorkView)
async def read_fulfillment(call: Call[None]) -> Reply:
    """Show a location's work with what can be done with it."""
    return Reply(work_view(await work_of(call, "fulfillments.read"), call.now))


@http(
    bp,
    "GET",
    "fulfillments/{fulfillment}/slip",
    "fulfillments.read",
    answer=PackingSlip,
    query={"format": "json (unless told) or html, a page to print"},
)
async def read_packing_slip(call: Call[None]) -> Reply:
    """Show the packing slip."""
    work = await work_of(call, "fulfillments.read")
    slip = await packing_slip.packing_slip(flows(), call.tenant_id, work, call.now)
    asked = call.query("format") or "json"
    if asked not in {"json", "html"}:
        raise Invalid([Fault("/format", "unknown-format", "json or html")])
    if asked == "json":
        return Reply(slip)
    return Reply(_slip.page_of(slip), content_type=_slip.CONTENT_TYPE, headers=_slip.POLICY)


@http(bp, "POST", "fulfillments/{fulfillment}:accept", "fulfillments.accept", answer=WorkView)
async def accept_fulfillment(call: Call[None]) -> Reply:
    """Take work on."""
    work = await work_of(call, "fulfillments.accept")
    return shown(call, await service.accept(store(), call.caller, work.fulfillment_id, call.now))


@http(
    bp,
    "POST",
    "fulfillments/{fulfillment}:reject",
    "fulfillments.reject",
    body=RejectBody,
    answer=WorkView,
    creates=True,
)
async def reject_fulfillment(call: Call[RejectBody]) -> Reply:
    """Give units back with a reason; they are sourced elsewhere."""
    work = await work_of(call, "fulfillments.reject")
    rejected = await hand_out.reject(
        flows(),
        call.caller,
        work.fulfillment_id,
        work_told.rejections_of(call.body.lines),
        call.now,
        otherwise=call.body.reason,
        command_id=call.command_id,
    )
    return shown(call, rejected)


@http(
    bp,
    "POST",
    "fulfillments/{fulfillment}:pick",
    "fulfillments.pick",
    body=PickBody,
    answer=WorkView,
    creates=True,
)
async def pick_fulfillment(call: Call[PickBody]) -> Reply:
    """Put what was scanned into the tote; `complete` gives the rest back."""
    work, body = await work_of(call, "fulfillments.pick"), call.body
    picked = await work_told.pick(
        flows(),
        call.caller,
        work.fulfillment_id,
        body.scans,
        call.now,
        complete=body.complete,
        is_total=body.total,
        command_id=call.command_id,
    )
    return shown(call, picked)


@http(
    bp,
    "POST",
    "fulfillments/{fulfillment}:pack",
    "fulfillments.pack",
    body=PackBody,
    answer=WorkView,
)
async def pack_fulfillment(call: Call[PackBody]) -> Reply:
    """Close the parcels."""
    work = await work_of(call, "fulfillments.pack")
    parcels = work_told.parcels_of(call.body.parcels)
    packed = await pack(flows(), call.caller, work.fulfillment_id, parcels, call.now)
    return shown(call, packed)


@http(
    bp,
    "POST",
    "fulfillments/{fulfillment}:ship",
    "fulfillments.ship",
    body=ShipBody,
    answer=WorkView,
    creates=True,
)
async def ship_fulfillment(call: Call[ShipBody]) -> Reply:
    """Hand packed parcels to a carrier; without a service the cheapest in time is chosen."""
    work, body = await work_of(call, "fulfillments.ship"), call.body
    wish = work_told.wish_of(body.carrier, body.service, body.parcels, body.tracking, body.units)
    tender = await tender_of(flows(), call.caller, work.fulfillment_id, wish, call.now)
    shipped = await ship_goods.ship(
        flows(), call.caller, work.fulfillment_id, tender, call.now, command_id=call.command_id
    )
    return shown(call, shipped)


@http(bp, "POST", "fulfillments/{fulfillment}:ready", "fulfillments.ready", answer=WorkView)
async def ready_fulfillment(call: Call[None]) -> Reply:
    """Announce that the customer may come; they get a code by message."""
    work = await work_of(call, "fulfillments.ready")
    return shown(call, await work_told.ready(flows(), call.caller, work.fulfillment_id, call.now))


@http(
    bp,
    "POST",
    "fulfillments/{fulfillment}:resend-code",
    "fulfillments.resend-code",
    answer=WorkView,
)
async def resend_pickup_code(call: Call[None]) -> Reply:
    """Send the customer a new code."""
    work = await work_of(call, "fulfillments.resend-code")
    again = await work_told.resend_code(flows(), call.caller, work.fulfillment_id, call.now)
    return shown(call, again)


@http(
    bp,
    "POST",
    "fulfillments/{fulfillment}:handover",
    "fulfillments.handover",
    body=HandOverBody,
    answer=WorkView,
)
async def hand_over_fulfillment(call: Call[HandOverBody]) -> Reply:
    """Give the goods to whoever shows the code."""
    work, body = await work_of(call, "fulfillments.handover"), call.body
    given = await hand_out.hand_over(
        flows(), call.caller, work.fulfillment_id, body.code, body.collector, call.now
    )
    return shown(call, given)


@http(
    bp,
    "POST",
    "fulfillments/{fulfillment}:move",
    "fulfillments.move",
    body=MoveBody,
    answer=WorkView,
)
async def move_fulfillment(call: Call[MoveBody]) -> Reply:
    """Take unpicked work to another location, a named one or whichever routing finds."""
    work, target = await work_of(call, "fulfillments.move"), call.body.location_id
    moved = await move_work.move(flows(), call.caller, work.fulfillment_id, call.now, target=target)
    return shown(call, moved)


@http(
    bp,
    "POST",
    "fulfillments/{fulfillment}:confirm-cancel",
    "fulfillments.confirm-cancel",
    answer=WorkView,
)
async def confirm_cancel(call: Call[None]) -> Reply:
    """Say that what was asked to be cancelled was stopped."""
    return await answer_cancel(call, "fulfillments.confirm-cancel", is_confirmed=True)


@http(
    bp,
    "POST",
    "fulfillments/{fulfillment}:refuse-cancel",
    "fulfillments.refuse-cancel",
    answer=WorkView,
)
async def refuse_cancel(call: Call[None]) -> Reply:
    """Say that what was asked to be cancelled cannot be stopped any more."""
    return await answer_cancel(call, "fulfillments.refuse-cancel", is_confirmed=False)


@queue(bp, "fulfillment-in", FulfillmentInbound)
async def receive_confirmations(delivery: Delivery[CloudEvent[FulfillmentInbound]]) -> None:
    """Take in what stores, 3PLs, vendors and carriers confirm."""
    told = delivery.event.data.root
    if told.tenant_id != delivery.tenant_id:
        raise Forbidden("the message speaks for another tenant")
    await work_told.confirm(flows(), delivery.caller, told, delivery.command_id, delivery.now)
