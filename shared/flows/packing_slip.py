"""What lies in the parcel: the work's lines with the address that they go to."""

from datetime import datetime

from shared.flows.context import Flows
from shared.fulfillment.model import Fulfillment
from shared.kernel.model import Instant, Strict
from shared.orders import service as order_service
from shared.orders.model import Address, Order


class SlipLine(Strict):
    line_id: str
    sku: str
    title: str | None = None
    quantity: int
    ordered: int


class SlipParcel(Strict):
    parcel: int
    tracking: str | None = None
    weight_g: int = 0


class PackingSlip(Strict):
    """A packing slip; without prices, since the parcel may be a gift."""

    fulfillment_id: str
    order_id: str
    number: str
    placed_at: Instant
    printed_at: Instant
    sender: str
    sender_address: tuple[str, ...] = ()
    method: str
    recipient: str | None = None
    address: tuple[str, ...] = ()
    lines: tuple[SlipLine, ...]
    parcels: tuple[SlipParcel, ...] = ()
    others: int = 0  # lines of the order that come from elsewhere, or at another time


async def packing_slip(
    flows: Flows, tenant_id: str, work: Fulfillment, now: datetime
) -> PackingSlip:
    """Return the slip of a location's work.

    Raises:
        NotFound: there is no such order.
    """
    known = await flows.knowledge.of(tenant_id, now)
    order = await order_service.get_order(flows.store, tenant_id, work.order_id)
    sender = known.locations.get(work.location_id)
    return PackingSlip(
        fulfillment_id=work.fulfillment_id,
        order_id=order.order_id,
        number=order.known_as,
        placed_at=order.placed_at,
        printed_at=now,
        sender=sender.name if sender else work.location_id,
        sender_address=_sender(sender.place.lines, sender.place.postcode, sender.place.locality)
        if sender
        else (),
        method=work.method,
        recipient=_recipient(order),
        address=_address(order.ship_to) if work.method == "ship" else (),
        lines=_lines(work, order),
        parcels=tuple(
            SlipParcel(parcel=p.parcel, tracking=p.tracking, weight_g=p.weight_g)
            for p in work.parcels
        ),
        others=len(order.lines) - len({item.line_id for item in work.items}),
    )


def _lines(work: Fulfillment, order: Order) -> tuple[SlipLine, ...]:
    units: dict[str, int] = {}
    for item in work.items:
        units[item.line_id] = units.get(item.line_id, 0) + item.quantity
    return tuple(
        SlipLine(
            line_id=line.line_id,
            sku=line.sku or "",
            title=line.title,
            quantity=units[line.line_id],
            ordered=line.quantity,
        )
        for line in order.lines
        if line.line_id in units
    )


def _recipient(order: Order) -> str | None:
    named = order.ship_to.name if order.ship_to else None
    return named or (order.customer.name if order.customer else None)


def _address(to: Address | None) -> tuple[str, ...]:
    if to is None:
        return ()
    town = " ".join(part for part in (to.postcode, to.locality) if part)
    rows = (to.company, *to.lines, town, to.admin_area, to.country)
    return tuple(row for row in rows if row)


def _sender(lines: tuple[str, ...], postcode: str | None, locality: str | None) -> tuple[str, ...]:
    town = " ".join(part for part in (postcode, locality) if part)
    return tuple(row for row in (*lines, town) if row)
