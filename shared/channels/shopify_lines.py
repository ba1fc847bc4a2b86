"""The lines of a Shopify order: units, prices, discounts and taxes."""

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal

from shared.channels.model import Connection
from shared.channels.shopify_payloads import Amount, ShopLine, ShopOrder, TaxLine
from shared.channels.texts import clean, identifier, measure, whole
from shared.contracts.intake import LINE_ID_MAX, ItemKind, Method, PlaceLine
from shared.kernel.errors import Fault, Invalid
from shared.kernel.money import Money


class Amounts:
    """Amounts of one order, in its currency; never negative, as prices are."""

    def __init__(self, currency: str) -> None:
        self.currency = currency

    def of(self, amount: Decimal | None) -> Money | None:
        if not amount:
            return None
        return Money.parse(self.currency, max(amount, Decimal(0)))

    def sum(self, amounts: Iterable[Decimal]) -> Money | None:
        return self.of(sum(amounts, Decimal(0)))

    def price(self, amount: Decimal) -> Money:
        return self.of(amount) or Money(self.currency, 0)


def lines_of(
    shop: ShopOrder, items: Sequence[ShopLine], connection: Connection, codes: Sequence[str]
) -> Iterable[PlaceLine]:
    """Yield an order's lines; `codes` name its delivery options.

    Raises:
        NotMoney: an amount is finer than its currency.
        Invalid: a quantity is not above 0.
    """
    money = Amounts(shop.currency)
    store = next((connection.pickup_codes[c] for c in codes if c in connection.pickup_codes), None)
    till = _till(shop, connection)
    for item, tax in zip(items, _taxes(shop, items), strict=True):
        yield _line(item, money, tax, store).model_copy(
            update={
                "tax_included": bool(shop.taxes_included),
                "taken_at": till if _is_fulfilled(item) else None,
                "fulfilled": 0 if till else _fulfilled(item),
            }
        )


def _line(item: ShopLine, money: Amounts, tax: Money | None, store: str | None) -> PlaceLine:
    if item.quantity <= 0:
        raise Invalid([Fault("/line_items", "quantity", "an ordered quantity is above 0")])
    sku = identifier(item.sku)
    count = whole(item.quantity)
    is_shipped = item.requires_shipping is not False and not item.gift_card
    gross = (money.price(item.price).amount_minor * item.quantity).to_integral_value(ROUND_HALF_UP)
    discount = money.of(_line_discount(item))
    if discount is not None and discount.amount_minor > gross:
        discount = Money(money.currency, int(gross))
    return PlaceLine(
        line_id=identifier(item.id, LINE_ID_MAX),
        sku=sku,
        alias=None if sku else clean(item.sku),
        title=clean(item.name or item.title),
        kind=_kind(item),
        quantity=count,
        measure=None if count is not None else measure(item.quantity),
        unit_price=money.price(item.price),
        discount=discount,
        tax=tax,
        method=Method.PICKUP if store and is_shipped else Method.SHIP,
        pickup_location=store if is_shipped else None,
        channel_line=str(item.id),
        cancelled=_removed(item),
    )


def _kind(item: ShopLine) -> ItemKind | None:
    if item.gift_card:
        return ItemKind.GIFT_CARD
    return ItemKind.DIGITAL if item.requires_shipping is False else None


def _removed(item: ShopLine) -> int:
    """Return the units that were taken off the order since: refunded, or edited away."""
    current = item.quantity if item.current_quantity is None else item.current_quantity
    return whole(max(Decimal(0), item.quantity - current)) or 0


def _is_fulfilled(item: ShopLine) -> bool:
    return item.fulfillment_status in {"fulfilled", "partial"}


def _fulfilled(item: ShopLine) -> int:
    if not _is_fulfilled(item):
        return 0
    current = item.quantity if item.current_quantity is None else item.current_quantity
    left = item.fulfillable_quantity or Decimal(0)
    return whole(max(Decimal(0), current - left)) or 0


def _till(shop: ShopOrder, connection: Connection) -> str | None:
    """Return our store when the order was rung up at a Shopify till there."""
    if shop.source_name != "pos" or shop.location_id is None:
        return None
    return connection.locations.get(str(shop.location_id))


def discount_of(rows: Iterable[Amount] | None) -> Decimal:
    """Return the sum of discount allocations."""
    return sum((row.amount for row in rows or ()), Decimal(0))


def _line_discount(item: ShopLine) -> Decimal:
    """Return the line's whole share: its allocations hold every discount, `total_discount` not."""
    return discount_of(item.discount_allocations) or item.total_discount or Decimal(0)


def tax_of(rows: Iterable[TaxLine] | None) -> Decimal:
    """Return the sum of tax lines."""
    return sum((row.price for row in rows or ()), Decimal(0))


def _taxes(shop: ShopOrder, items: Sequence[ShopLine]) -> list[Money | None]:
    """Return each line's tax; a tax that is known for the order only is shared by value."""
    money = Amounts(shop.currency)
    own = [tax_of(item.tax_lines) for item in items]
    on_shipping = sum((tax_of(row.tax_lines) for row in shop.shipping_lines or ()), Decimal(0))
    shared = money.of((shop.total_tax or Decimal(0)) - on_shipping)
    if any(own) or shared is None or not items:
        return [money.of(tax) for tax in own]
    values = [max(Decimal(0), i.price * i.quantity - _line_discount(i)) for i in items]
    weights = [int((value * 1000).to_integral_value()) for value in values]
    return [share if share.amount_minor else None for share in shared.split(weights)]
