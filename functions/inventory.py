"""Stock: facts told and read, rules, availability, reconciling."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeVar

import azure.functions as func

from functions._edge import Call, Delivery, Reply, http, listing, queue
from functions._edge_routes import Options
from functions._inventory_models import (
    AdjustmentBody,
    CountBody,
    LedgerRow,
    LevelView,
    ReceiptBody,
    ReconcileBody,
    RecordedView,
    RulesBody,
    RulesView,
    SaleBody,
    Told,
    adjustment_of,
    count_of,
    ledger_row,
    level_view,
    receipt_of,
    recorded_view,
    sale_of,
)
from shared.catalog.model import Product
from shared.catalog.service import ImportReport
from shared.contracts.cloud_event import CloudEvent
from shared.contracts.inventory import RecordStock, StockMessage
from shared.flows.offer_stock import AvailabilityView, available
from shared.flows.reconcile_stock import ReconciliationView, reconcile
from shared.flows.tell_stock import Import, as_fed, as_sent, not_ahead, product_told
from shared.flows.tell_stock import import_counts as read_counts
from shared.inventory import service
from shared.kernel.errors import Fault, Forbidden, Invalid, PreconditionFailed
from shared.tenants.decide import require
from shared.tenants.model import Role
from shared.wiring import flows, store

bp = func.Blueprint()
B = TypeVar("B", bound=Told)

LEVELS = {"sku": "one product's levels", "location": "what a location has, by SKU"}
OFFER = {
    "sku": "the product",
    "method": "ship (unless told) or pickup",
    "channel": "what this channel may show, less threshold and queued demand",
    "location": "one location; for pickup the store that is asked about",
}
MOVEMENT: Final[Options] = {"answer": RecordedView, "status": 201, "creates": True}


@http(bp, "POST", "inventory/adjustments", "inventory.adjust", body=AdjustmentBody, **MOVEMENT)
async def adjust_stock(call: Call[AdjustmentBody]) -> Reply:
    """Record that goods came, went, broke or were found, with the reason."""
    return await _record(call, "inventory.adjust", adjustment_of)


@http(bp, "POST", "inventory/counts", "inventory.count", body=CountBody, **MOVEMENT)
async def count_stock(call: Call[CountBody]) -> Reply:
    """Record what was counted; what happened since `as_of` is added to it."""
    return await _record(call, "inventory.count", count_of)


@http(bp, "POST", "inventory/receipts", "inventory.receive", body=ReceiptBody, **MOVEMENT)
async def receive_stock(call: Call[ReceiptBody]) -> Reply:
    """Record that goods came in."""
    return await _record(call, "inventory.receive", receipt_of)


@http(bp, "POST", "inventory/sales", "inventory.sell", body=SaleBody, **MOVEMENT)
async def sell_stock(call: Call[SaleBody]) -> Reply:
    """Record what a till has sold, or taken back; never refused for want of stock."""
    return await _record(call, "inventory.sell", sale_of)


@http(
    bp,
    "POST",
    "inventory/counts:import",
    "levels.import",
    answer=ImportReport,
    creates=True,
)
async def import_counts(call: Call[None]) -> Reply:
    """Record the counts of a CSV file; bad rows are listed, the others are written.

    Columns: sku and location_id (needed), counted or measure, damaged, quality_hold, as_of.
    """
    asked = Import(call.caller, call.command_id, call.now)
    report = await read_counts(flows(), asked, call.raw)
    call.note(count=report.changed)
    return Reply(report)


@queue(bp, "inventory-in", RecordStock, sessions=True)
async def record_stock(delivery: Delivery[CloudEvent[RecordStock]]) -> None:
    """Take in sales, counts, adjustments and receipts: facts, each once by its movement id."""
    told = delivery.event.data
    if told.tenant_id != delivery.tenant_id:
        raise Forbidden("the message speaks for another tenant")
    delivery.note(sku=told.record.sku, location_id=told.record.location_id)
    message = await as_sent(flows(), delivery.tenant_id, told.record, delivery.now)
    await service.record(store(), delivery.tenant_id, message, delivery.now)


@http(
    bp,
    "GET",
    "inventory/levels",
    "levels.read",
    answer=LevelView,
    many=True,
    query=LEVELS,
)
async def list_levels(call: Call[None]) -> Reply:
    """List what is on hand, reserved and free: of one product, or at one location."""
    sku, location_id = call.query("sku"), call.query("location")
    if sku is None and location_id is None:
        raise Invalid([Fault("", "one-filter", "send sku, location or both")])
    if sku is None:
        limit, cursor = call.page()
        rows, behind = await service.levels_at(
            store(), call.tenant_id, location_id or "", limit, cursor
        )
        return Reply(listing([level_view(row) for row in rows], behind))
    found = await service.levels(store(), call.tenant_id, sku, call.now)
    shown = [level_view(row) for row in found if location_id in {None, row.location_id}]
    return Reply(listing(shown, None))


@http(
    bp,
    "GET",
    "inventory/ledger",
    "inventory.ledger",
    answer=LedgerRow,
    many=True,
    query={"sku": "the product (needed)", "location": "the location (needed)"},
)
async def read_ledger(call: Call[None]) -> Reply:
    """List all that happened to a product at a location, with the balances after each row."""
    named = {name: call.query(name) for name in ("sku", "location")}
    faults = [
        Fault(f"/{name}", "missing", "is needed") for name, value in named.items() if value is None
    ]
    if faults:
        raise Invalid(faults)
    limit, cursor = call.page()
    page = await service.ledger(
        store(), call.tenant_id, named["sku"] or "", named["location"] or "", limit, cursor
    )
    return Reply(listing([ledger_row(row) for row in page.rows], page.cursor))


@http(bp, "GET", "inventory/rules", "inventory.rules.read", answer=RulesView)
async def read_stock_rules(call: Call[None]) -> Reply:
    """Show the stock rules in force."""
    found = await service.stock_rules(store(), call.tenant_id)
    view = RulesView(version=found.version, rules=found.rules, pools=found.pools)
    return Reply(view, etag=str(found.version))


@http(
    bp,
    "PUT",
    "inventory/rules",
    "inventory.rules.write",
    body=RulesBody,
    answer=RulesView,
    if_match=True,
)
async def replace_stock_rules(call: Call[RulesBody]) -> Reply:
    """Put stock rules in force; decisions name the version that they used."""
    based_on = call.if_match()
    if not based_on.isascii() or not based_on.isdigit() or len(based_on) > 9:
        raise PreconditionFailed
    body = call.body
    saved = await service.save_stock_rules(
        store(), call.tenant_id, body.rules, body.pools, int(based_on)
    )
    flows().knowledge.forget(call.tenant_id)
    view = RulesView(version=saved.version, rules=saved.rules, pools=saved.pools)
    return Reply(view, etag=str(saved.version))


@http(
    bp,
    "POST",
    "inventory:reconcile",
    "inventory.reconcile",
    body=ReconcileBody,
    answer=ReconciliationView,
)
async def reconcile_stock(call: Call[ReconcileBody]) -> Reply:
    """Compare a product's stock with its documents and with the orders; repair it if asked."""
    body = call.body
    return Reply(
        await reconcile(flows(), call.caller, body.sku, call.now, is_repairing=body.repair)
    )


@http(bp, "GET", "availability", "availability.read", answer=AvailabilityView, query=OFFER)
async def read_availability(call: Call[None]) -> Reply:
    """Say what may be sold of a product now, with the steps of the formula."""
    sku, method = call.query("sku"), call.query("method") or "ship"
    if sku is None:
        raise Invalid([Fault("/sku", "missing", "is needed")])
    if method not in {"ship", "pickup"}:
        raise Invalid([Fault("/method", "unknown-method", "ship or pickup")])
    return Reply(
        await available(
            flows(),
            call.tenant_id,
            sku,
            call.now,
            method=method,
            channel=call.query("channel"),
            location_id=call.query("location"),
        )
    )


async def _record(
    call: Call[B], operation: str, told: Callable[[B, Product, str, datetime], StockMessage]
) -> Reply:
    body: Any = call.body
    require(call.caller, operation, body.location_id)
    call.note(sku=body.sku, location_id=body.location_id)
    product = await product_told(flows(), call.tenant_id, body.sku, body.location_id, call.now)
    message = not_ahead(
        told(body, product, body.movement_id or call.command_id, call.now), call.now
    )
    if call.caller.role is Role.INTEGRATION:  # a system's count is its location's feed
        message = await as_fed(flows(), call.tenant_id, message, call.now)
    recorded = await service.record(store(), call.tenant_id, message, call.now)
    level = await service.level(store(), call.tenant_id, body.sku, body.location_id, call.now)
    return Reply(recorded_view(message.movement_id, recorded, level))
