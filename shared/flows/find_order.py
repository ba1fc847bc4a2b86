"""Finding an order for a return, with or without its receipt, and showing the whole transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from shared.catalog.model import Product
from shared.contracts.intake import PlaceOrder
from shared.contracts.returns import FindOrders
from shared.customers.decide import hashes_of_contact, mark
from shared.customers.model import IdentifierKind, keyring_of
from shared.flows.context import Flows
from shared.flows.returned_goods import policy_of, returned_units, sold_lines
from shared.kernel.documents import Page
from shared.kernel.errors import Fault, Invalid
from shared.kernel.model import Instant, Strict
from shared.kernel.money import Money
from shared.orders import decide as orders
from shared.orders import service as order_service
from shared.orders.model import Bundle, Line, Order, Tender
from shared.orders.service import OrderSearch
from shared.returns import decide as returns
from shared.returns import service as return_service
from shared.returns.decide import SoldLine
from shared.returns.model import Return
from shared.tenants.model import Settings

_IDENTIFIERS: Final = {
    "email": IdentifierKind.EMAIL,
    "phone": IdentifierKind.PHONE,
    "loyalty_id": IdentifierKind.LOYALTY,
}
_ONE_OF: Final = ("number", *_IDENTIFIERS, "card", "buyer")


class TransactionLine(Strict):
    """A line as it was sold; `paid` is what its units cost after discounts, with their tax.

    `returnable` counts what may come back now by policy, `with_customer` what an operator could
    still take back; `until` is when the window ends, absent while nothing has arrived.
    """

    line_id: str
    sku: str | None = None
    title: str | None = None
    quantity: int
    unit_price: Money
    discount: Money
    tax: Money
    paid: Money
    returned: int
    in_open_returns: int
    with_customer: int
    returnable: int
    until: Instant | None = None
    bundle: Bundle | None = None


class ReturnRow(Strict):
    return_id: str
    status: str


class Transaction(Strict):
    """An order as somebody at a counter needs it; no name, address or number of the customer."""

    order_id: str
    reference: str
    number: str | None = None
    channel: str
    connection: str
    order_type: str
    status: str
    placed_at: Instant
    paid: Money
    refunded: Money
    tenders: tuple[Tender, ...] = ()
    lines: tuple[TransactionLine, ...]
    returns: tuple[ReturnRow, ...] = ()


class Found(Strict):
    """A page of transactions."""

    items: tuple[Transaction, ...]
    next_cursor: str | None = None


def lookups_of(intake: PlaceOrder, settings: Settings) -> tuple[str, ...]:
    """Return the hashes by which an order is found: its customer's, its cards', its names' (pure).

    Cards and names go with the day of the purchase by the customer's clock.
    """
    addresses = (intake.ship_to, intake.bill_to)
    zone = returns.customer_zone(intake.time_zone, settings.time_zone)
    purchase = returns.hashes_of_purchase(
        settings.lookup_bytes,
        [tender.last4 for tender in intake.tenders],
        [told.name for told in (intake.customer, *addresses) if told is not None],
        intake.placed_at,
        zone,
    )
    customer = hashes_of_contact(intake.customer, keyring_of(settings))
    return tuple(dict.fromkeys((*customer, *purchase)))


async def find_orders(flows: Flows, tenant_id: str, wanted: FindOrders, now: datetime) -> Found:
    """Return the transactions that fit, the latest first.

    Raises:
        Invalid: nothing to find them by, more than one thing, or one that can find nobody.
    """
    known = await flows.knowledge.of(tenant_id, now)
    page = await _orders(flows, tenant_id, wanted, known.settings, now)
    rows = []
    for stored in page.items:
        order = stored.body
        made = await return_service.of_order(flows.store, tenant_id, order.order_id, order.returns)
        products = await flows.knowledge.products(tenant_id, order.skus, now)
        rows.append(transaction(order, [row.body for row in made], products, known.settings, now))
    return Found(items=tuple(rows), next_cursor=page.cursor)


async def _orders(
    flows: Flows, tenant_id: str, wanted: FindOrders, settings: Settings, now: datetime
) -> Page[Order]:
    _check_one(wanted)
    sku = await _sku(flows, tenant_id, wanted.item, now)
    if wanted.item is not None and sku is None:
        return Page(())
    search = OrderSearch(sku=sku, from_day=wanted.from_day, to_day=wanted.to_day)
    if wanted.number is None:
        found = replace(search, lookup=_lookup(wanted, settings))
        return await _page(flows, tenant_id, found, wanted)
    page = await _page(flows, tenant_id, replace(search, reference=wanted.number), wanted)
    if page.items:
        return page
    return await _page(flows, tenant_id, replace(search, number=wanted.number), wanted)


async def _page(
    flows: Flows, tenant_id: str, search: OrderSearch, wanted: FindOrders
) -> Page[Order]:
    return await order_service.search(
        flows.store, tenant_id, search, limit=wanted.limit, cursor=wanted.cursor
    )


async def _sku(flows: Flows, tenant_id: str, item: str | None, now: datetime) -> str | None:
    if item is None:
        return None
    found = await flows.knowledge.named_products(tenant_id, [item], now)
    return found[item].sku if item in found else None


def _check_one(wanted: FindOrders) -> None:
    named = [name for name in _ONE_OF if getattr(wanted, name) is not None]
    if len(named) > 1 or (not named and wanted.item is None):
        detail = f"name one of {', '.join(_ONE_OF)}, or an item"
        raise Invalid([Fault("", "one-clue", detail)])


def _lookup(wanted: FindOrders, settings: Settings) -> str | None:
    """Return the hash of what is known of the customer; None where only the item is named.

    Raises:
        Invalid: what is told could be nobody's.
    """
    key = settings.lookup_bytes
    if wanted.card is not None:
        return returns.card_hash(key, wanted.card.last4, wanted.card.on)
    if wanted.buyer is not None:
        found = returns.name_hash(key, wanted.buyer.name, wanted.buyer.on)
        return found or _nobody("/buyer/name")
    for name, kind in _IDENTIFIERS.items():
        told = getattr(wanted, name)
        if told is not None:
            one = mark(kind, told, settings.country)
            return one.hashed(keyring_of(settings)) if one else _nobody(f"/{name}")
    return None


def _nobody(pointer: str) -> str:
    raise Invalid([Fault(pointer, "not-an-identifier", "it cannot tell who someone is")])


def transaction(
    order: Order,
    made: Sequence[Return],
    products: Mapping[str, Product],
    settings: Settings,
    now: datetime,
) -> Transaction:
    """Return an order as it is shown at a counter (pure)."""
    policy = policy_of(order, settings)
    sold = sold_lines(order, products)
    return Transaction(
        order_id=order.order_id,
        reference=order.reference,
        number=order.number,
        channel=order.channel,
        connection=order.connection,
        order_type=order.order_type,
        status=order.status,
        placed_at=order.placed_at,
        paid=Money(order.currency, orders.paid(order)),
        refunded=Money(order.currency, order.refunded_minor),
        tenders=order.tenders,
        lines=tuple(
            _line(order, line, facts, made, returns.window_of(facts, made, policy, now))
            for line, facts in zip(order.lines, sold, strict=True)
        ),
        returns=tuple(ReturnRow(return_id=row.return_id, status=row.status) for row in made),
    )


def _line(
    order: Order, line: Line, facts: SoldLine, made: Sequence[Return], window: returns.Window
) -> TransactionLine:
    def money(minor: int) -> Money:
        return Money(order.currency, minor)

    return TransactionLine(
        line_id=line.line_id,
        sku=line.sku,
        title=line.title,
        quantity=line.quantity,
        unit_price=money(line.unit_price_minor),
        discount=money(line.discount_minor),
        tax=money(line.tax_minor),
        paid=money(line.value_minor + (0 if line.tax_included else line.tax_minor)),
        returned=returned_units(line),
        in_open_returns=returns.spoken_for(made, line.line_id),
        with_customer=returns.returnable(facts, made),
        returnable=window.units,
        until=window.until,
        bundle=line.bundle,
    )
