"""What each line of an intake becomes: its product, its count, its price and its first parts."""

from collections.abc import Container, Iterator, Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from shared.contracts.intake import ItemKind, Payment, PlaceLine, PlaceOrder
from shared.kernel.money import Money
from shared.kernel.quantity import NotACountOfSteps, Step
from shared.orders.decide import actions
from shared.orders.decide.bundles import component_lines, per_bundle
from shared.orders.decide.products import ProductFacts
from shared.orders.decide.status import ROUTED_KINDS
from shared.orders.model import WITH_CUSTOMER, Line, Part, PartState


def codes_of_line(line: PlaceLine) -> Iterator[str]:
    """Yield the codes that name a line's product, the most certain first."""
    for code in (line.sku, line.alias, line.barcode):
        if code is not None:
            yield code


def product_of(line: PlaceLine, products: Mapping[str, ProductFacts]) -> ProductFacts | None:
    """Return the product that a line names, or None when no code is known."""
    return next((products[code] for code in codes_of_line(line) if code in products), None)


def count_of(line: PlaceLine, product: ProductFacts | None) -> int:
    """Return the line's count of selling steps.

    Raises:
        NotACountOfSteps: its measure is no whole number of them, or less than is done already.
    """
    if line.quantity is not None:
        return line.quantity
    step = Step(product.step) if product else Step()
    count = step.count(line.measure or "")
    if count < max(1, line.fulfilled + line.cancelled):
        raise NotACountOfSteps(line.measure or "", step.size)
    return count


def minor(money: Money | None) -> int:
    """Return an amount in minor units, 0 when there is none."""
    return money.amount_minor if money else 0


def lines_of(
    intake: PlaceOrder,
    index: int,
    product: ProductFacts | None,
    count: int,
    now: datetime,
    *,
    taken: Container[str] = (),
) -> tuple[Line, ...]:
    """Return what a line becomes, with its first parts: one line, or one for each component.

    A bundle that is not sellable stands as an unknown SKU does. `taken` are the ids of all lines.
    """
    source = intake.lines[index]
    sold = _sold(intake, index, product, count)
    lines: tuple[Line, ...] = (sold,)
    if product is not None and product.components:
        lines = component_lines(sold, product, intake.currency, taken)
    return tuple(
        line.model_copy(update={"parts": tuple(_parts(intake, source, line, now))})
        for line in lines
    )


def line_id_of(intake: PlaceOrder, index: int) -> str:
    """Return a line's id: its position, from 1, where none was told."""
    return intake.lines[index].line_id or str(index + 1)


def _sold(intake: PlaceOrder, index: int, product: ProductFacts | None, count: int) -> Line:
    source = intake.lines[index]
    unit, discount = _prices(source, count)
    kind = source.kind or (product.kind if product else ItemKind.GOOD)
    return Line(
        line_id=line_id_of(intake, index),
        sku=product.sku if product and product.is_sellable else None,
        title=source.title or (product.title if product else None),
        kind=product.kind if product else kind,
        quantity=count,
        unit_price_minor=unit,
        discount_minor=discount,
        tax_minor=minor(source.tax),
        tax_included=source.tax_included,
        method=source.method,
        pickup_location=source.pickup_location,
        group=source.group,
        release_at=source.release_at,
        promise_by=source.promise_by,
        channel_line=source.channel_line,
        final_sale=source.final_sale or bool(product and product.final_sale),
    )


def _prices(line: PlaceLine, count: int) -> tuple[int, int]:
    """Return the price of a selling step and the line's discount.

    A price per unit of sale need not divide into steps: the step's is rounded up, and what that is
    too much is taken off again as discount, so that the line's value is exact.
    """
    discount = minor(line.discount)
    if line.measure is None:
        return line.unit_price.amount_minor, discount
    exact = Decimal(line.measure) * line.unit_price.amount_minor
    gross = int(exact.to_integral_value(ROUND_HALF_UP))
    unit = -(-gross // count)
    return unit, discount + unit * count - gross


def _parts(intake: PlaceOrder, source: PlaceLine, line: Line, now: datetime) -> Iterator[Part]:
    gone, off = source.fulfilled * per_bundle(line), source.cancelled * per_bundle(line)
    open_units = line.quantity - gone - off
    rows = [
        (gone, PartState.SHIPPED, "fulfilled-elsewhere"),
        (off, PartState.CANCELLED, "cancelled-elsewhere"),
        (open_units, *_arrival(intake, source, line, now)),
    ]
    kept = [row for row in rows if row[0]]
    for number, (units, state, reason) in enumerate(kept, start=1):
        is_taken = state is PartState.HANDED_OVER
        yield Part(
            part=number,
            quantity=units,
            state=state,
            reason=reason,
            location_id=source.taken_at if is_taken else None,
            out_since=min(intake.placed_at, now) if state in WITH_CUSTOMER else None,
        )


def _arrival(
    intake: PlaceOrder, source: PlaceLine, line: Line, now: datetime
) -> tuple[PartState, str | None]:
    """Return the first state of a line's open units, and why where it is not the usual one."""
    if source.taken_at is not None:
        return PartState.HANDED_OVER, "sold-at-till"
    if intake.cancelled:
        return PartState.CANCELLED, "cancelled-elsewhere"
    if line.kind not in ROUTED_KINDS:
        is_paid = intake.payment is Payment.PAID
        return (PartState.DELIVERED if is_paid else PartState.PENDING), None
    if line.sku is None:
        return PartState.EXCEPTION, actions.UNKNOWN_SKU
    if is_preordered(line.release_at, now):
        return PartState.PREORDERED, None
    return PartState.PENDING, None


def is_preordered(release_at: datetime | None, now: datetime) -> bool:
    """Tell whether goods are sold before they may be sent."""
    return release_at is not None and release_at > now
