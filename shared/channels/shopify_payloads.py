"""Shopify's webhook bodies, as far as we read them; numbers come as strings, floats or integers."""

from datetime import datetime
from decimal import Decimal

from pydantic import AwareDatetime

from shared.kernel.model import Foreign

Key = int | str


class Amount(Foreign):
    amount: Decimal = Decimal(0)


class TaxLine(Foreign):
    price: Decimal = Decimal(0)


class ShopLine(Foreign):
    id: Key
    sku: str | None = None
    title: str | None = None
    name: str | None = None
    quantity: Decimal
    current_quantity: Decimal | None = None
    fulfillable_quantity: Decimal | None = None
    fulfillment_status: str | None = None
    price: Decimal = Decimal(0)
    total_discount: Decimal | None = None
    discount_allocations: tuple[Amount, ...] | None = None
    tax_lines: tuple[TaxLine, ...] | None = None
    gift_card: bool | None = None
    requires_shipping: bool | None = None


class ShopShipping(Foreign):
    price: Decimal = Decimal(0)
    code: str | None = None
    discount_allocations: tuple[Amount, ...] | None = None
    tax_lines: tuple[TaxLine, ...] | None = None


class ShopAddress(Foreign):
    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    address1: str | None = None
    address2: str | None = None
    city: str | None = None
    province: str | None = None
    province_code: str | None = None
    zip: str | None = None
    country_code: str | None = None
    phone: str | None = None
    latitude: Decimal | None = None
    longitude: Decimal | None = None


class ShopCustomer(Foreign):
    email: str | None = None
    phone: str | None = None
    first_name: str | None = None
    last_name: str | None = None


class ShopOrder(Foreign):
    id: Key
    name: str | None = None
    created_at: AwareDatetime | None = None
    processed_at: AwareDatetime | None = None
    updated_at: AwareDatetime | None = None
    cancelled_at: datetime | None = None
    currency: str
    email: str | None = None
    contact_email: str | None = None
    phone: str | None = None
    note: str | None = None
    tags: str | None = None
    source_name: str | None = None
    location_id: Key | None = None
    financial_status: str | None = None
    taxes_included: bool | None = None
    total_tax: Decimal | None = None
    total_price: Decimal | None = None
    total_tip_received: Decimal | None = None
    customer: ShopCustomer | None = None
    shipping_address: ShopAddress | None = None
    billing_address: ShopAddress | None = None
    line_items: tuple[ShopLine, ...] | None = None
    shipping_lines: tuple[ShopShipping, ...] | None = None


class RefundLine(Foreign):
    line_item_id: Key
    quantity: Decimal
    restock_type: str | None = None
    location_id: Key | None = None


class Transaction(Foreign):
    kind: str | None = None
    status: str | None = None
    amount: Decimal = Decimal(0)
    currency: str | None = None


class ShopRefund(Foreign):
    id: Key
    order_id: Key
    created_at: AwareDatetime
    refund_line_items: tuple[RefundLine, ...] | None = None
    transactions: tuple[Transaction, ...] | None = None


class PrivacyRequest(Foreign):
    """customers/data_request, customers/redact and shop/redact."""

    customer: ShopCustomer | None = None
    orders_to_redact: tuple[Key, ...] | None = None
    orders_requested: tuple[Key, ...] | None = None


class FulfillmentOrderLine(Foreign):
    id: Key
    line_item_id: Key
    fulfillable_quantity: int = 0


class FulfillmentOrder(Foreign):
    id: Key
    status: str | None = None
    line_items: tuple[FulfillmentOrderLine, ...] = ()
