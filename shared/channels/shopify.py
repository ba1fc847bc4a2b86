"""Shopify: webhooks in, as the canonical order, refunds and notices (facts: channels 1 and 2).

The body of a webhook is the bare order. Order by `updated_at`, never by arrival.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from shared.channels.model import (
    CancelUnits,
    ChannelCommand,
    Connection,
    Intent,
    Notice,
    Privacy,
    ReceiveUnits,
    Refunded,
    RefundMoney,
    Snapshot,
)
from shared.channels.shopify_lines import Amounts, discount_of, lines_of, tax_of
from shared.channels.shopify_payloads import (
    Key,
    PrivacyRequest,
    ShopAddress,
    ShopOrder,
    ShopRefund,
)
from shared.channels.signatures import is_signed_base64
from shared.channels.texts import clean, country, micro_degrees, whole
from shared.contracts.intake import (
    LINES_MAX,
    Address,
    Contact,
    Payment,
    PlaceOrder,
)
from shared.kernel.errors import TooLarge, Unreadable
from shared.kernel.model import TEXT_MAX, read_json
from shared.kernel.money import Money

CHANNEL: Final = "shopify"
SIGNATURE_HEADER: Final = "x-shopify-hmac-sha256"
ORDER_TOPICS: Final = frozenset({"orders/create", "orders/updated", "orders/cancelled"})
REFUND_TOPIC: Final = "refunds/create"
_PRIVACY: Final = {
    "customers/redact": Privacy.ERASE,
    "customers/data_request": Privacy.TELL,
    "shop/redact": Privacy.ERASE_SHOP,
}
NOTICE_TOPICS: Final = frozenset({*_PRIVACY, "app/uninstalled"})
TAGS_MAX: Final = 50
# Money that is there or promised by the bank; all else, the unknown too, awaits its payment.
_PAID: Final = frozenset({"paid", "authorized", "partially_refunded", "refunded"})
_LATITUDE: Final = 90
_LONGITUDE: Final = 180


def verify(raw: bytes, headers: Mapping[str, str], secrets: Sequence[bytes]) -> bool:
    """Check X-Shopify-Hmac-Sha256 over the raw body; the app's client secret is the key."""
    return is_signed_base64(raw, headers.get(SIGNATURE_HEADER, ""), secrets)


def read(topic: str, raw: bytes, connection: Connection) -> Intent:
    """Return what a webhook asks for; topics that we do not know are only acknowledged.

    Raises:
        Unreadable, Invalid: the body is no such document.
        NotMoney: an amount is finer than its currency.
    """
    if topic in ORDER_TOPICS:
        order = order_of(read_json(ShopOrder, raw), connection)
        if topic == "orders/cancelled":
            order = order.model_copy(update={"cancelled": True})
        return Snapshot(order, is_create=topic == "orders/create")
    if topic == REFUND_TOPIC:
        return refund_of(read_json(ShopRefund, raw), connection)
    if topic in NOTICE_TOPICS:
        return _notice(topic, read_json(PrivacyRequest, raw))
    return Notice(topic)


def order_of(shop: ShopOrder, connection: Connection) -> PlaceOrder:
    """Translate a Shopify order into the canonical one.

    Raises:
        Unreadable: it says neither when it was placed nor in which currency.
        NotMoney: an amount is finer than its currency.
        TooLarge: it has more lines than an order may.
    """
    placed_at = shop.processed_at or shop.created_at
    if placed_at is None or country(shop.currency[:2]) is None:
        raise Unreadable("an order without its date or currency")
    items = shop.line_items or ()
    if len(items) > LINES_MAX:
        raise TooLarge(f"an order of {len(items)} lines; at most {LINES_MAX} are taken")
    shipping = shop.shipping_lines or ()
    codes = [row.code for row in shipping if row.code]
    money = Amounts(shop.currency)
    return PlaceOrder(
        connection=connection.connection_id,
        reference=str(shop.id),
        number=clean(shop.name),
        channel=CHANNEL,
        placed_at=placed_at,
        source_version=shop.updated_at,
        currency=shop.currency,
        customer=_customer(shop),
        ship_to=address_of(shop.shipping_address),
        bill_to=address_of(shop.billing_address),
        lines=tuple(lines_of(shop, items, connection, codes)),
        shipping=money.sum(row.price for row in shipping),
        shipping_discount=money.sum(discount_of(row.discount_allocations) for row in shipping),
        shipping_tax=money.sum(tax_of(row.tax_lines) for row in shipping),
        tip=money.of(shop.total_tip_received),
        total=money.of(shop.total_price),
        tags=_tags(shop.tags),
        shipping_choice=_first(connection.services, codes),
        payment=Payment.PAID if shop.financial_status in _PAID else Payment.UNPAID,
        cancelled=shop.cancelled_at is not None,
        note=clean(shop.note, TEXT_MAX),
    )


def _first(mapping: Mapping[str, str], codes: Iterable[str]) -> str | None:
    return next((mapping[code] for code in codes if code in mapping), None)


def _customer(shop: ShopOrder) -> Contact | None:
    person = shop.customer
    named = shop.shipping_address or shop.billing_address
    name = _full_name(person.first_name, person.last_name) if person else None
    contact = Contact(
        name=name or (_name(named) if named else None),
        email=clean(shop.email or shop.contact_email or (person.email if person else None)),
        phone=clean(shop.phone or (person.phone if person else None)),
    )
    return None if contact == Contact() else contact


def _full_name(first: str | None, last: str | None) -> str | None:
    return clean(" ".join(part for part in (first, last) if part))


def _name(address: ShopAddress) -> str | None:
    return clean(address.name) or _full_name(address.first_name, address.last_name)


def address_of(address: ShopAddress | None) -> Address | None:
    """Return an address with its coordinates, or None when nothing of it is known."""
    if address is None:
        return None
    lines = (clean(address.address1), clean(address.address2))
    found = Address(
        name=_name(address),
        company=clean(address.company),
        lines=tuple(line for line in lines if line),
        locality=clean(address.city),
        admin_area=clean(address.province_code or address.province),
        postcode=clean(address.zip, 20),
        country=country(address.country_code),
        phone=clean(address.phone),
        lat_e6=micro_degrees(address.latitude, _LATITUDE),
        lon_e6=micro_degrees(address.longitude, _LONGITUDE),
    )
    return None if found == Address() else found


def _tags(tags: str | None) -> tuple[str, ...]:
    found = (clean(tag) for tag in (tags or "").split(","))
    return tuple(dict.fromkeys(tag for tag in found if tag))[:TAGS_MAX]


def refund_of(refund: ShopRefund, connection: Connection) -> Refunded:
    """Translate a refund: `cancel` cancels, `return` and `legacy_restock` receive, else money only.

    Raises:
        NotMoney: an amount is finer than its currency.
    """
    commands: list[ChannelCommand] = []
    for row in refund.refund_line_items or ():
        units = whole(row.quantity)
        if units and row.restock_type == "cancel":
            commands.append(CancelUnits(str(row.line_item_id), units))
        if units and row.restock_type in {"return", "legacy_restock"}:
            place = _location(row.location_id, connection)
            commands.append(ReceiveUnits(str(row.line_item_id), units, place))
    paid: dict[str, Decimal] = {}
    for entry in refund.transactions or ():
        if entry.kind == "refund" and entry.status == "success" and entry.currency:
            paid[entry.currency] = paid.get(entry.currency, Decimal(0)) + entry.amount
    commands += [RefundMoney(Money.parse(code, amount)) for code, amount in paid.items() if amount]
    return Refunded(str(refund.order_id), str(refund.id), refund.created_at, tuple(commands))


def _location(location: Key | None, connection: Connection) -> str | None:
    return connection.locations.get(str(location), connection.default_location)


def _notice(topic: str, request: PrivacyRequest) -> Notice:
    person = request.customer
    orders = (*(request.orders_to_redact or ()), *(request.orders_requested or ()))
    return Notice(
        topic,
        _PRIVACY.get(topic),
        clean(person.email) if person else None,
        clean(person.phone) if person else None,
        tuple(str(order) for order in orders),
    )
