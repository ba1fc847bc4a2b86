"""A bundle is sold as one line and handled as its components, a line each (docs/adr/0011)."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice
from typing import Final

from shared.kernel.money import split_minor
from shared.orders.decide.products import Component, ProductFacts
from shared.orders.decide.status import is_routed
from shared.orders.model import Bundle, Line, Order, PartState

MARK: Final = "~"


def component_lines(
    sold: Line, product: ProductFacts, currency: str, taken: Container[str]
) -> tuple[Line, ...]:
    """Return a sold bundle as lines of its components, without parts.

    Value and tax are divided by list prices, evenly where one is not known in the order's currency;
    both sum to the sold line's. `taken` are ids that other lines of the order have.
    """
    weights = _weights(product.components, currency)
    values = split_minor(sold.value_minor, weights)
    discounts = split_minor(sold.discount_minor, weights)
    taxes = split_minor(sold.tax_minor, weights)
    names = (f"{sold.line_id}{MARK}{n}" for n in count(1))
    free = islice((name for name in names if name not in taken), len(product.components))
    rows = zip(free, product.components, values, discounts, taxes, strict=True)
    return tuple(
        _component_line(sold, name, product, component).model_copy(
            update=_amounts(sold.quantity * component.quantity, value, discount)
            | {"tax_minor": tax}
        )
        for name, component, value, discount, tax in rows
    )


def _weights(components: Sequence[Component], currency: str) -> list[int]:
    prices = [
        component.product.price.amount_minor * component.quantity
        for component in components
        if component.product.price is not None and component.product.price.currency == currency
    ]
    return prices if len(prices) == len(components) else [1] * len(components)


def _amounts(units: int, value: int, discount: int) -> dict[str, int]:
    """Return a unit's price, rounded up, and with the discount what that is too much."""
    unit = -(-(value + discount) // units)
    return {"unit_price_minor": unit, "discount_minor": unit * units - value}


def _component_line(sold: Line, name: str, product: ProductFacts, component: Component) -> Line:
    bundle = Bundle(
        line=sold.line_id,
        sku=product.sku,
        title=sold.title,
        quantity=sold.quantity,
        per_bundle=component.quantity,
        may_split=product.may_split,
    )
    part = component.product
    return sold.model_copy(
        update={
            "line_id": name,
            "sku": part.sku,
            "title": part.title,
            "kind": part.kind,
            "quantity": sold.quantity * component.quantity,
            "group": sold.group or (None if product.may_split else group_of(bundle)),
            "final_sale": sold.final_sale or part.final_sale,
            "bundle": bundle,
        }
    )


def group_of(bundle: Bundle) -> str:
    """Return the group in which a bundle's lines travel together."""
    return f"{bundle.line}{MARK}"


def skus_of(lines: Iterable[Line]) -> tuple[str, ...]:
    """Return what an order is found by: the SKUs of its lines and of the bundles they are of."""
    found = [line.sku for line in lines] + [line.bundle.sku for line in lines if line.bundle]
    return tuple(dict.fromkeys(sku for sku in found if sku))


def lines_of(lines: Iterable[Line], line_id: str) -> tuple[Line, ...]:
    """Return the lines of the bundle that was sold as this line, or that this line is of."""
    known = tuple(lines)
    own = next((line for line in known if line.line_id == line_id), None)
    sold = line_id if own is None else own.bundle and own.bundle.line
    return tuple(line for line in known if line.bundle and line.bundle.line == sold)


def companions(order: Order, line: Line) -> tuple[Line, ...]:
    """Return the lines that a line travels with: those of its bundle, unless they may split."""
    if line.bundle is None or line.bundle.may_split:
        return (line,)
    return lines_of(order.lines, line.line_id)


def with_companions(
    order: Order, named: Iterable[tuple[str, int]], states: Container[PartState]
) -> list[tuple[str, int]]:
    """Return parts (line, number) with those in such a state of what they travel with, there."""
    known = set(named)
    rows = [(line, part) for line in order.lines for part in line.parts]
    there = {
        (other.line_id, part.fulfillment_id, part.state)
        for line, part in rows
        if (line.line_id, part.part) in known and part.state in states
        for other in companions(order, line)
    }
    return [
        (line.line_id, part.part)
        for line, part in rows
        if (line.line_id, part.part) in known
        or (line.line_id, part.fulfillment_id, part.state) in there
    ]


def units_of(order: Order, line_id: str, quantity: int) -> tuple[tuple[str, int], ...]:
    """Return units by line: of a bundle's sold line those of its components, else as told."""
    if any(line.line_id == line_id for line in order.lines):
        return ((line_id, quantity),)
    rows = lines_of(order.lines, line_id)
    named = tuple((row.line_id, quantity * per_bundle(row)) for row in rows)
    return named or ((line_id, quantity),)


def goods_of(lines: Sequence[Line]) -> tuple[Line, ...]:
    """Return the lines that leave a shelf; all of them where none does."""
    return tuple(line for line in lines if is_routed(line)) or tuple(lines)


@dataclass(frozen=True, slots=True)
class Sold:
    """What the customer bought of some units: a line, or a bundle with its lines of them.

    `whole`: how many are complete by these units; none where the rest lies or goes elsewhere.
    """

    bundle: Bundle | None
    lines: tuple[Line, ...]
    whole: int


def as_sold(order: Order, units: Mapping[str, int]) -> tuple[Sold, ...]:
    """Return units by line as what was bought, in the order's own sequence."""
    rows: dict[str, list[Line]] = {}
    for line in order.lines:
        rows.setdefault(line.bundle.line if line.bundle else line.line_id, []).append(line)
    return tuple(
        Sold(
            found[0].bundle,
            tuple(line for line in found if units.get(line.line_id)),
            min(units.get(line.line_id, 0) // per_bundle(line) for line in goods_of(found)),
        )
        for found in rows.values()
        if any(units.get(line.line_id) for line in found)
    )


def per_bundle(line: Line) -> int:
    """Return how many units of a line one bundle holds; 1 where it is no component."""
    return line.bundle.per_bundle if line.bundle else 1
