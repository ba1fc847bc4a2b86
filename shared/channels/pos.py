"""Tills: a receipt as the canonical order. What was taken along left the shelves already."""

from shared.contracts.intake import (
    Method,
    Payment,
    PlaceLine,
    PlaceOrder,
    ReceiptLine,
    TillReceipt,
)

CHANNEL = "store"


def connection_of(receipt: TillReceipt) -> str:
    """Return a till's connection: receipt numbers begin anew each business day."""
    return f"{receipt.store}:{receipt.till}:{receipt.business_date}"


def order_of(receipt: TillReceipt) -> PlaceOrder:
    """Translate a receipt: lines to be delivered or collected are routed, the others are done."""
    return PlaceOrder(
        connection=connection_of(receipt),
        reference=receipt.number,
        channel=CHANNEL,
        placed_at=receipt.sold_at,
        currency=receipt.currency,
        customer=receipt.customer,
        ship_to=receipt.ship_to,
        lines=tuple(_line(receipt, line) for line in receipt.lines),
        total=receipt.total,
        tenders=receipt.tenders,
        payment=Payment.PAID,
    )


def _line(receipt: TillReceipt, line: ReceiptLine) -> PlaceLine:
    is_pickup = line.deliver is Method.PICKUP
    return PlaceLine(
        line_id=line.line,
        barcode=line.code,
        title=line.title,
        quantity=line.quantity,
        measure=line.measure,
        unit_price=line.unit_price,
        discount=line.discount,
        tax=line.tax,
        tax_included=line.tax_included,
        method=line.deliver or Method.SHIP,
        pickup_location=(line.pickup_location or receipt.store) if is_pickup else None,
        taken_at=receipt.store if line.deliver is None else None,
    )
