"""What lies in the parcel: the work's lines with the address that they go to."""

from collections.abc import Mapping
from datetime import datetime

from shared.flows.context import Flows
from shared.fulfillment.model import Fulfillment
from shared.kernel.model import Instant, Strict
from shared.orders import service as order_service
from shared.orders.decide.bundles import Sold, as_sold
from shared.orders.model import Address, Order


class SlipPart(Strict):
    line_id: str
    sku: str
    title: str | None = None
    quantity: int
    ordered: int


class SlipLine(SlipPart):
    """What was bought; of a bundle whole ones are counted, and what is here of it stands below."""

    components: tuple[SlipPart, ...] = ()


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
    others: int = 0  # of what was bought: what comes from elsewhere, or at another time


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
    lines = _lines(work, order)
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
        lines=lines,
        parcels=tuple(
            SlipParcel(parcel=p.parcel, tracking=p.tracking, weight_g=p.weight_g)
            for p in work.parcels
        ),
        others=len(as_sold(order, _ordered(order))) - len(lines),
    )


def _lines(work: Fulfillment, order: Order) -> tuple[SlipLine, ...]:
    units: dict[str, int] = {}
    for item in work.items:
        units[item.line_id] = units.get(item.line_id, 0) + item.quantity
    ordered = _ordered(order)
    return tuple(_line(sold, units, ordered) for sold in as_sold(order, units))


def _ordered(order: Order) -> dict[str, int]:
    return {line.line_id: line.quantity for line in order.lines}


def _line(sold: Sold, units: Mapping[str, int], ordered: Mapping[str, int]) -> SlipLine:
    rows = tuple(
        SlipPart(
            line_id=line.line_id,
            sku=line.sku or "",
            title=line.title,
            quantity=units[line.line_id],
            ordered=ordered[line.line_id],
        )
        for line in sold.lines
    )
    if sold.bundle is None:
        return SlipLine(**dict(rows[0]))
    return SlipLine(
        line_id=sold.bundle.line,
        sku=sold.bundle.sku,
        title=sold.bundle.title,
        quantity=sold.whole,
        ordered=sold.bundle.quantity,
        components=rows,
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
