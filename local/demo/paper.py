"""The papers that the doors take: Shopify's bodies, canonical orders, till receipts (pure)."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from local.demo.doors import at_text
from local.demo.shape import Retailer
from local.demo.shopping import Item, Person, Want
from shared.contracts.intake import (
    Address,
    Contact,
    Method,
    Payment,
    PlaceLine,
    PlaceOrder,
    PlaceTender,
    ReceiptLine,
    TillReceipt,
)
from shared.kernel.money import Money

SHOP_IDS_FROM: Final = 5_100_000_000_000  # as long as Shopify's own
BASIS: Final = 10_000


def major(minor: int) -> str:
    """Return minor units as Shopify writes them; both demo currencies have two decimals."""
    return f"{Decimal(minor) / 100:.2f}"


def tax_minor(retailer: Retailer, value_minor: int) -> int:
    """Return a line's tax: on top of the price, or the share that is in it."""
    if retailer.tax_included:
        return value_minor * retailer.tax_bp // (BASIS + retailer.tax_bp)
    return value_minor * retailer.tax_bp // BASIS


def total_minor(retailer: Retailer, want: Want) -> int:
    """Return what the customer pays."""
    on_top = 0 if retailer.tax_included else sum(_tax(retailer, item) for item in want.items)
    return want.value_minor + on_top + want.shipping_minor


def _tax(retailer: Retailer, item: Item) -> int:
    return tax_minor(retailer, item.price_minor * item.quantity)


def shop_id(want: Want) -> int:
    return SHOP_IDS_FROM + want.number


def shop_line_id(want: Want, item: Item) -> int:
    return (SHOP_IDS_FROM + want.number) * 10 + int(item.line_id)


def shop_order(
    retailer: Retailer,
    want: Want,
    *,
    updated_at: datetime | None = None,
    is_paid: bool | None = None,
) -> dict[str, Any]:
    """Return the body of an order webhook, written by us after Shopify's published fields."""
    paid = (not want.is_unpaid) if is_paid is None else is_paid
    first, _, last = want.person.name.partition(" ")
    pickup = next((item.pickup for item in want.items if item.pickup), None)
    shipping: dict[str, Any] = {
        "code": f"pickup-{pickup}" if pickup else "standard",
        "title": "Pickup" if pickup else "Standard",
        "price": major(want.shipping_minor),
        "discount_allocations": [],
        "tax_lines": [],
    }
    return {
        "id": shop_id(want),
        "name": f"#{want.reference}",
        "created_at": at_text(want.at),
        "processed_at": at_text(want.at),
        "updated_at": at_text(updated_at or want.at),
        "cancelled_at": None,
        "currency": retailer.currency,
        "email": want.person.email,
        "phone": want.person.phone,
        "financial_status": "paid" if paid else "pending",
        "taxes_included": retailer.tax_included,
        "total_price": major(total_minor(retailer, want)),
        "tags": "demo",
        "source_name": "web",
        "customer": {"email": want.person.email, "first_name": first, "last_name": last},
        "shipping_address": None if pickup else _shop_address(retailer, want.person),
        "line_items": [_shop_line(retailer, want, item) for item in want.items],
        "shipping_lines": [shipping],
    }


def _shop_address(retailer: Retailer, person: Person) -> dict[str, Any]:
    return {
        "name": person.name,
        "address1": person.street,
        "city": person.town.name,
        "province_code": person.town.region,
        "zip": person.town.postcode,
        "country_code": retailer.country,
        "phone": person.phone,
        "latitude": person.lat,
        "longitude": person.lon,
    }


def _shop_line(retailer: Retailer, want: Want, item: Item) -> dict[str, Any]:
    return {
        "id": shop_line_id(want, item),
        "sku": item.sku,
        "title": item.title,
        "quantity": item.quantity,
        "current_quantity": item.quantity,
        "fulfillable_quantity": item.quantity,
        "price": major(item.price_minor),
        "requires_shipping": True,
        "gift_card": False,
        "discount_allocations": [],
        "tax_lines": [{"price": major(_tax(retailer, item)), "title": "Tax"}],
    }


def shop_refund(want: Want, item: Item, units: int, at: datetime) -> dict[str, Any]:
    """Return the body of refunds/create for units that are taken off the order."""
    return {
        "id": SHOP_IDS_FROM * 2 + want.number,
        "order_id": shop_id(want),
        "created_at": at_text(at),
        "refund_line_items": [
            {
                "line_item_id": shop_line_id(want, item),
                "quantity": units,
                "restock_type": "cancel",
                "location_id": None,
            }
        ],
        "transactions": [],
    }


def canonical(retailer: Retailer, want: Want, **changes: Any) -> PlaceOrder:
    """Return the order as the API and `orders-in` take it."""
    total = Money(retailer.currency, total_minor(retailer, want))
    usual: dict[str, Any] = {
        "connection": f"{want.door}-1",
        "reference": want.reference,
        "channel": want.door.value,
        "placed_at": want.at,
        "currency": retailer.currency,
        "customer": contact(want.person),
        "ship_to": address(retailer, want.person),
        "lines": tuple(_line(retailer, item) for item in want.items),
        "shipping": Money(retailer.currency, want.shipping_minor),
        "total": total,
        "tenders": (PlaceTender(kind="card", amount=total, last4=f"{4000 + want.number:04d}"),),
        "tags": ("demo",),
        "priority": want.priority,
        "payment": Payment.UNPAID if want.is_unpaid else Payment.PAID,
    }
    return PlaceOrder(**(usual | changes))


def _line(retailer: Retailer, item: Item) -> PlaceLine:
    return PlaceLine(
        line_id=item.line_id,
        sku=item.sku,
        title=item.title,
        quantity=item.quantity,
        unit_price=Money(retailer.currency, item.price_minor),
        tax=Money(retailer.currency, _tax(retailer, item)),
        tax_included=retailer.tax_included,
        method=Method.PICKUP if item.pickup else Method.SHIP,
        pickup_location=item.pickup,
    )


def contact(person: Person) -> Contact:
    """Return how an order knows its customer."""
    return Contact(
        name=person.name, email=person.email, phone=person.phone, loyalty_id=person.loyalty_id
    )


def address(retailer: Retailer, person: Person) -> Address:
    """Return where a person lives."""
    return Address(
        name=person.name,
        lines=(person.street,),
        locality=person.town.name,
        admin_area=person.town.region,
        postcode=person.town.postcode,
        country=retailer.country,
        phone=person.phone,
        lat_e6=round(person.lat * 1_000_000),
        lon_e6=round(person.lon * 1_000_000),
    )


def receipt(retailer: Retailer, want: Want, day: date, barcodes: Mapping[str, str]) -> TillReceipt:
    """Return a till's receipt: the first line is taken along, further ones are sent home."""
    lines = tuple(
        ReceiptLine(
            line=item.line_id,
            code=barcodes[item.sku],
            title=item.title,
            quantity=item.quantity,
            unit_price=Money(retailer.currency, item.price_minor),
            tax=Money(retailer.currency, _tax(retailer, item)),
            tax_included=retailer.tax_included,
            deliver=None if index == 0 else Method.SHIP,
        )
        for index, item in enumerate(want.items)
    )
    total = Money(retailer.currency, total_minor(retailer, want))
    return TillReceipt(
        store=want.store or retailer.home,
        till="till-1",
        business_date=day.isoformat(),
        number=want.reference,
        sold_at=want.at,
        currency=retailer.currency,
        customer=contact(want.person),
        ship_to=address(retailer, want.person),
        lines=lines,
        total=total,
        tenders=(PlaceTender(kind="cash", amount=total),),
    )
