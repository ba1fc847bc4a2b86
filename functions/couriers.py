"""Couriers: rate cards, quotes, promises, and the life of a shipment."""

import azure.functions as func

from functions._edge import Call, Reply, http, listing
from functions._fulfillment_models import (
    RateBody,
    RateView,
    ShipmentView,
    TrackBody,
    rate_view,
    shipment_view,
)
from shared.couriers import service, tracking
from shared.couriers.cards import RateCard
from shared.couriers.tender import Shipment
from shared.flows import book_shipment, promise_quote, track_shipment
from shared.flows.book_shipment import RateQuestion
from shared.flows.promise_quote import AskPromise, PromiseView
from shared.flows.tariffs import place_of_address
from shared.flows.work_told import parcels_of
from shared.kernel.errors import Fault, Invalid
from shared.kernel.hours import zone_of
from shared.tenants.decide import may_work_at, require
from shared.wiring import flows, store

bp = func.Blueprint()

BY_NUMBER = {
    "order": "all shipments of one order",
    "tracking": "a carrier's number: the latest shipment that has it",
}


@http(bp, "GET", "couriers/cards", "couriers.read", answer=RateCard, many=True)
async def list_rate_cards(call: Call[None]) -> Reply:
    """List the rate cards."""
    limit, cursor = call.page()
    page = await service.page_of_cards(call.tenant_id, store(), limit=limit, cursor=cursor)
    return Reply(listing([row.body for row in page.items], page.cursor))


@http(
    bp,
    "POST",
    "couriers/cards",
    "couriers.write",
    body=RateCard,
    answer=RateCard,
    status=201,
    creates=True,
)
async def create_rate_card(call: Call[RateCard]) -> Reply:
    """Add a rate card."""
    etag = await service.create_rate_card(call.tenant_id, store(), call.body)
    flows().knowledge.forget(call.tenant_id)
    return Reply(call.body, etag=etag, location=f"/api/v1/couriers/cards/{call.body.card_id}")


@http(bp, "GET", "couriers/cards/{card}", "couriers.read", answer=RateCard)
async def read_rate_card(call: Call[None]) -> Reply:
    """Show a rate card."""
    found = await service.get_rate_card(call.tenant_id, store(), call.param("card"))
    return Reply(found.body, etag=found.etag)


@http(
    bp,
    "PUT",
    "couriers/cards/{card}",
    "couriers.write",
    body=RateCard,
    answer=RateCard,
    if_match=True,
)
async def replace_rate_card(call: Call[RateCard]) -> Reply:
    """Write a rate card anew."""
    if call.body.card_id != call.param("card"):
        raise Invalid([Fault("/card_id", "differs-from-path", "the path names another one")])
    etag = await service.replace_rate_card(call.tenant_id, store(), call.body, call.if_match())
    flows().knowledge.forget(call.tenant_id)
    return Reply(call.body, etag=etag)


@http(bp, "POST", "promises", "promises.quote", body=AskPromise, answer=PromiseView)
async def quote_promise(call: Call[AskPromise]) -> Reply:
    """Say what a cart would be promised now; nothing is held."""
    return Reply(await promise_quote.promise(flows(), call.caller, call.body, call.now))


@http(
    bp,
    "POST",
    "promises:reserve",
    "promises.reserve",
    body=AskPromise,
    answer=PromiseView,
    status=201,
    creates=True,
)
async def reserve_promise(call: Call[AskPromise]) -> Reply:
    """Promise a cart and hold its units until the quote ends; an order takes them by `quote_id`."""
    held = await promise_quote.hold_promise(
        flows(), call.caller, call.body, promise_quote.quote_id_of(call.command_id), call.now
    )
    return Reply(held)


@http(bp, "POST", "shipments:rate", "shipments.rate", body=RateBody, answer=RateView)
async def rate_shipment(call: Call[RateBody]) -> Reply:
    """Quote parcels with every service, the best first."""
    body = call.body
    require(call.caller, "shipments.rate", body.location_id)
    settings = (await flows().knowledge.of(call.tenant_id, call.now)).settings
    question = RateQuestion(
        location_id=body.location_id,
        destination=place_of_address(body.destination, settings.country),
        parcels=tuple(
            book_shipment.as_told(parcel, is_hazmat=body.hazmat)
            for parcel in parcels_of(body.parcels)
        ),
        promise_by=body.promise_by,
        zone=_zone(body.time_zone),
    )
    return Reply(rate_view(await book_shipment.rate(flows(), call.tenant_id, question, call.now)))


@http(
    bp,
    "GET",
    "shipments",
    "shipments.read",
    answer=ShipmentView,
    many=True,
    query=BY_NUMBER,
)
async def list_shipments(call: Call[None]) -> Reply:
    """List an order's shipments, or find the one of a tracking number."""
    order_id, number = call.query("order"), call.query("tracking")
    if (order_id is None) == (number is None):
        raise Invalid([Fault("", "one-filter", "send one of order and tracking")])
    if number is not None:
        found = await tracking.find_shipments(store(), call.tenant_id, number)
        return Reply(listing(_visible(call, [row.body for row in found]), None))
    limit, cursor = call.page()
    page = await tracking.shipments_of(
        store(), call.tenant_id, order_id or "", limit=limit, cursor=cursor
    )
    return Reply(listing(_visible(call, [row.body for row in page.items]), page.cursor))


@http(bp, "GET", "shipments/{shipment}", "shipments.read", answer=ShipmentView)
async def read_shipment(call: Call[None]) -> Reply:
    """Show a shipment with the quotes that it was chosen among."""
    found = await _shipment(call, "shipments.read")
    return Reply(shipment_view(found))


@http(bp, "POST", "shipments/{shipment}:void", "shipments.void", answer=ShipmentView)
async def void_shipment(call: Call[None]) -> Reply:
    """Take a shipment back before its first scan: its goods are packed again."""
    found = await _shipment(call, "shipments.void")
    voided = await track_shipment.void(flows(), call.caller, found.shipment_id, call.now)
    return Reply(shipment_view(voided))


@http(
    bp,
    "POST",
    "shipments/{shipment}:track",
    "shipments.track",
    body=TrackBody,
    answer=ShipmentView,
)
async def track_a_shipment(call: Call[TrackBody]) -> Reply:
    """Record what the carrier reports."""
    found = await _shipment(call, "shipments.track")
    fact = track_shipment.FACTS[call.body.report]
    told = track_shipment.Report(fact, call.body.at or call.now)
    tracked = await track_shipment.track(flows(), call.caller, found.shipment_id, told, call.now)
    return Reply(shipment_view(tracked))


async def _shipment(call: Call[None] | Call[TrackBody], operation: str) -> Shipment:
    found = await tracking.get_shipment(store(), call.tenant_id, call.param("shipment"))
    require(call.caller, operation, found.body.location_id)
    call.note(shipment_id=found.body.shipment_id, order_id=found.body.order_id)
    return found.body


def _visible(call: Call[None], found: list[Shipment]) -> list[ShipmentView]:
    return [shipment_view(row) for row in found if may_work_at(call.caller, row.location_id)]


def _zone(name: str | None) -> str | None:
    """Return a time zone's name once it is known to be one."""
    if name is None:
        return None
    try:
        zone_of(name)
    except ValueError as error:
        raise Invalid([Fault("/time_zone", "unknown-zone", "not an IANA time zone")]) from error
    return name
