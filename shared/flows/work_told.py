"""What locations tell of their work, by hand or by message, done to the work (semantics 6)."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import assert_never

from shared.contracts.fulfillment import (
    AnswerCancel,
    ConfirmAccepted,
    ConfirmCollected,
    ConfirmPacked,
    ConfirmPicked,
    ConfirmReady,
    ConfirmRejected,
    ConfirmShipped,
    FulfillmentIn,
    LineUnits,
    ParcelTold,
    RejectedUnits,
    ReportTracking,
    Scan,
)
from shared.contracts.stock import RejectReason
from shared.couriers import tracking
from shared.flows import hand_out, ship_goods, track_shipment
from shared.flows.book_shipment import NoService, Wish, tender_of
from shared.flows.context import Flows
from shared.flows.hand_out import Rejection
from shared.flows.pack_goods import pack
from shared.flows.ship_goods import Tender
from shared.fulfillment import service as work_service
from shared.fulfillment.model import CODE_LENGTH, Fulfillment, NotInFulfillment, Parcel
from shared.kernel.errors import Fault, Invalid
from shared.tenants.model import Caller


async def confirm(
    flows: Flows, caller: Caller, told: FulfillmentIn, command_id: str, now: datetime
) -> None:
    """Do what a message of `fulfillment-in` says, once by its command id.

    Raises:
        Refused: as the work stands; the message is parked.
    """
    match told:
        case ConfirmAccepted():
            await work_service.accept(flows.store, caller, told.fulfillment_id, now)
        case ConfirmRejected():
            rows = rejections_of(told.lines)
            await hand_out.reject(
                flows,
                caller,
                told.fulfillment_id,
                rows,
                now,
                otherwise=told.reason,
                command_id=command_id,
            )
        case ConfirmPicked() | ConfirmPacked():
            await _prepared(flows, caller, told, now)
        case ConfirmShipped() | ConfirmReady() | ConfirmCollected():
            await _gone(flows, caller, told, command_id, now)
        case AnswerCancel():
            await hand_out.answer_cancel(
                flows, caller, told.fulfillment_id, now, is_confirmed=told.stopped
            )
        case ReportTracking():
            await _tracked(flows, caller, told, now)
        case _:
            assert_never(told)


async def _prepared(
    flows: Flows, caller: Caller, told: ConfirmPicked | ConfirmPacked, now: datetime
) -> None:
    match told:
        case ConfirmPicked():
            await pick(
                flows,
                caller,
                told.fulfillment_id,
                told.scans,
                now,
                complete=told.complete,
                is_total=True,
            )
        case ConfirmPacked():
            parcels = parcels_of(told.parcels)
            await pack(flows, caller, told.fulfillment_id, parcels, now)


async def _gone(
    flows: Flows,
    caller: Caller,
    told: ConfirmShipped | ConfirmReady | ConfirmCollected,
    command_id: str,
    now: datetime,
) -> None:
    name = told.fulfillment_id
    match told:
        case ConfirmShipped():
            wish = wish_of(told.carrier, told.service, told.parcels, told.tracking, told.units)
            tender = await _tender(flows, caller, name, wish, now)
            await ship_goods.record_shipped(flows, caller, name, tender, now, command_id=command_id)
        case ConfirmReady():
            await ready(flows, caller, name, now)
        case ConfirmCollected():
            await hand_out.record_collected(
                flows, caller, name, told.collector, now, command_id=command_id
            )


async def _tender(
    flows: Flows, caller: Caller, fulfillment_id: str, wish: Wish, now: datetime
) -> Tender:
    """Return the tender of parcels that are gone already, priced where a rate card can."""
    try:
        return await tender_of(flows, caller, fulfillment_id, wish, now)
    except NoService:
        return Tender(parcels=wish.parcels, units=wish.units)


async def _tracked(flows: Flows, caller: Caller, told: ReportTracking, now: datetime) -> None:
    if (told.shipment_id is None) == (told.tracking is None):
        raise Invalid([Fault("/tracking", "one-shipment", "give either shipment_id or tracking")])
    shipment_id = told.shipment_id
    if shipment_id is None:
        found = await tracking.find_shipment(
            flows.store, caller.tenant_id, told.tracking or "", told.carrier
        )
        shipment_id = found.body.shipment_id
    report = track_shipment.Report(track_shipment.FACTS[told.report], told.at)
    await track_shipment.track(flows, caller, shipment_id, report, now)


async def pick(
    flows: Flows,
    caller: Caller,
    fulfillment_id: str,
    scans: Sequence[Scan],
    now: datetime,
    *,
    complete: RejectReason | None = None,
    is_total: bool = False,
    command_id: str = "",
) -> Fulfillment:
    """Put what was scanned into the tote; `complete`: the rest is given back for that reason.

    Raises:
        NotInFulfillment: a code names nothing that is asked for here, or more than is asked.
        NotAllowed: the work is not being picked.
    """
    units = await _units_by_sku(flows, caller.tenant_id, scans, now)
    if units or complete is None:
        await work_service.pick(
            flows.store,
            caller,
            fulfillment_id,
            units,
            now,
            is_total=is_total,
            command_id=command_id,
        )
    if complete is not None:
        return await hand_out.finish_pick(flows, caller, fulfillment_id, complete, now)
    return (await work_service.get(flows.store, caller.tenant_id, fulfillment_id)).body


async def _units_by_sku(
    flows: Flows, tenant_id: str, scans: Sequence[Scan], now: datetime
) -> dict[str, int]:
    products = await flows.knowledge.named_products(tenant_id, {s.code for s in scans}, now)
    units: dict[str, int] = {}
    for scan in scans:
        if scan.code not in products:
            raise NotInFulfillment(scan.code, scan.quantity)
        sku = products[scan.code].sku
        units[sku] = units.get(sku, 0) + scan.quantity
    return units


async def ready(flows: Flows, caller: Caller, fulfillment_id: str, now: datetime) -> Fulfillment:
    """Announce that the customer may come; the code goes to them by message only.

    It can be collected for the tenant's `pickup_expiry_days`, to the end of that day's hours.
    """
    known = await flows.knowledge.of(caller.tenant_id, now)
    work = (await work_service.get(flows.store, caller.tenant_id, fulfillment_id)).body
    until = now + timedelta(days=known.settings.pickup_expiry_days)
    site = known.sites.get(work.location_id)
    closing = site.calendar.next_close(until) if site else None
    code = flows.ids.secret(CODE_LENGTH)
    return await work_service.ready(
        flows.store, caller, fulfillment_id, code, closing or until, now
    )


async def resend_code(
    flows: Flows, caller: Caller, fulfillment_id: str, now: datetime
) -> Fulfillment:
    """Send the customer a new code; the one before opens nothing any more."""
    code = flows.ids.secret(CODE_LENGTH)
    return await work_service.resend_code(flows.store, caller, fulfillment_id, code, now)


def rejections_of(lines: Iterable[RejectedUnits]) -> list[Rejection]:
    """Return rejections as they were told."""
    return [Rejection(line.line_id, line.quantity, line.reason) for line in lines]


def parcels_of(told: Sequence[ParcelTold]) -> tuple[Parcel, ...]:
    """Return parcels as the work keeps them, numbered from 1."""
    return tuple(
        Parcel(
            parcel=number,
            weight_g=parcel.weight_g,
            length_mm=parcel.length_mm,
            width_mm=parcel.width_mm,
            height_mm=parcel.height_mm,
            tracking=parcel.tracking,
            contents=tuple((row.line_id, row.quantity) for row in parcel.contents),
        )
        for number, parcel in enumerate(told, start=1)
    )


def wish_of(
    carrier: str | None,
    service: str | None,
    parcels: Sequence[ParcelTold],
    tracking_numbers: tuple[str, ...],
    units: Sequence[LineUnits],
) -> Wish:
    """Return what a location says of a tender; without units everything leaves."""
    leaving: dict[str, int] = {}
    for row in units:
        leaving[row.line_id] = leaving.get(row.line_id, 0) + row.quantity
    return Wish(carrier, service, parcels_of(parcels), tracking_numbers, leaving or None)
