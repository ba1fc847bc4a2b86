"""From the canonical order to the order: what each line becomes on arrival (semantics 6)."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from shared.contracts.intake import Payment, PlaceOrder
from shared.contracts.intake_check import check
from shared.contracts.orders import OrderAccepted
from shared.contracts.stock import Move, StockTask
from shared.kernel.errors import Fault, Invalid
from shared.kernel.ids import hash_id, order_id
from shared.kernel.model import UNITS_MAX, pointer_of
from shared.kernel.quantity import NotACountOfSteps
from shared.orders.decide import actions
from shared.orders.decide.bundles import skus_of
from shared.orders.decide.change import Act, Change
from shared.orders.decide.draft import Draft
from shared.orders.decide.lines import (
    codes_of_line,
    count_of,
    line_id_of,
    lines_of,
    minor,
    product_of,
)
from shared.orders.decide.products import ProductFacts
from shared.orders.decide.refund import total_of
from shared.orders.decide.status import PAYMENT, ROUTED_KINDS, all_parts
from shared.orders.model import (
    HOLDS_MAX,
    LINES_MAX,
    Hold,
    Line,
    Note,
    Order,
    OrderStatus,
    PartState,
    Tender,
)
from shared.orders.refusals import OrderDiffers

_SETTLED: Final = frozenset({PartState.SHIPPED, PartState.CANCELLED}) | {
    PartState.HANDED_OVER,
    PartState.DELIVERED,
}


def codes_of(intake: PlaceOrder) -> tuple[str, ...]:
    """Return every code that names a product, for the catalog to resolve; without repeats."""
    found = (code for line in intake.lines for code in codes_of_line(line))
    return tuple(dict.fromkeys(found))


def fingerprint(intake: PlaceOrder) -> str:
    """Return the hash of what the order says: equal content is the same order sent again.

    The channel's time of its last change is no content; absent and default values are the same.
    """
    return _hash_of(_content(intake))


def _content(intake: PlaceOrder) -> dict[str, Any]:
    return intake.model_dump(mode="json", exclude_defaults=True, exclude={"source_version"})


def _hash_of(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def same_or_refused(stored: Order, intake: PlaceOrder) -> Order:
    """Return the order that exists when the intake repeats it.

    Raises:
        OrderDiffers: it says something else under the same connection and reference.
    """
    if stored.fingerprint != fingerprint(intake):
        raise OrderDiffers(stored.order_id)
    return stored


def accept(
    intake: PlaceOrder,
    products: Mapping[str, ProductFacts],
    act: Act,
    *,
    pool_id: str | None = None,
    lookups: tuple[str, ...] = (),
    customer_tier: str | None = None,
) -> Change:
    """Return the order that an intake becomes; `products` by any code that names them.

    What cannot be sold as it stands is accepted and put before a person: an order without lines,
    an unknown SKU, a total that does not match.

    Raises:
        Invalid: the intake contradicts itself, or a quantity is no whole count of selling steps.
    """
    content = _content(intake)
    check(content)
    order = _order(intake, _lines(intake, products, act), act, _hash_of(content), pool_id, lookups)
    order = order.model_copy(update={"customer_tier": customer_tier})
    draft = Draft(order, act)
    draft.stock += list(_till_movements(order, intake, act))
    _look_at(draft, intake)
    value = sum(line.value_minor for line in order.lines)
    facts = {
        "connection": order.connection,
        "channel": order.channel,
        "currency": order.currency,
        "value_minor": value,
        "lines": len(order.lines),
    }
    return draft.begin(OrderAccepted, facts)


def _lines(intake: PlaceOrder, products: Mapping[str, ProductFacts], act: Act) -> tuple[Line, ...]:
    found = [product_of(line, products) for line in intake.lines]
    counts = _counts(intake, found)
    _check_components(found, counts)
    taken = {line_id_of(intake, index) for index in range(len(intake.lines))}
    return tuple(
        line
        for index, (product, count) in enumerate(zip(found, counts, strict=True))
        for line in lines_of(intake, index, product, count, act.now, taken=taken)
    )


def _counts(intake: PlaceOrder, found: list[ProductFacts | None]) -> list[int]:
    counts, faults = [], []
    for index, (line, product) in enumerate(zip(intake.lines, found, strict=True)):
        try:
            counts.append(count_of(line, product))
        except NotACountOfSteps as error:
            faults.append(Fault(pointer_of(("lines", index, "measure")), error.code, str(error)))
    if faults:
        raise Invalid(faults)
    return counts


def _check_components(found: Sequence[ProductFacts | None], counts: Sequence[int]) -> None:
    """Hold what bundles become to what an order can carry."""
    sizes = [max(1, len(product.components)) if product else 1 for product in found]
    faults = []
    if sum(sizes) > LINES_MAX:
        detail = f"{sum(sizes)} lines with the components of bundles; at most {LINES_MAX}"
        faults.append(Fault("/lines", "too-many-lines", detail))
    for index, (product, quantity) in enumerate(zip(found, counts, strict=True)):
        most = max((c.quantity for c in product.components), default=1) if product else 1
        if quantity * most > UNITS_MAX:
            pointer = pointer_of(("lines", index, "quantity"))
            faults.append(Fault(pointer, "too-many-units", f"more than {UNITS_MAX} of a component"))
    if faults:
        raise Invalid(faults)


def _order(
    intake: PlaceOrder, lines: tuple[Line, ...], act: Act, content_hash: str, pool_id: str | None,
    lookups: tuple[str, ...],
) -> Order:  # fmt: skip
    order = Order(
        order_id=order_id(act.tenant_id, intake.connection, intake.reference),
        version=1,
        connection=intake.connection,
        channel=intake.channel,
        reference=intake.reference,
        number=intake.number,
        fingerprint=content_hash,
        source_version=intake.source_version,
        order_type=intake.order_type,
        placed_at=intake.placed_at,
        accepted_at=act.now,
        currency=intake.currency,
        status=OrderStatus.RECEIVED,
        customer=intake.customer,
        ship_to=intake.ship_to,
        bill_to=intake.bill_to,
        time_zone=intake.time_zone,
        priority=intake.priority,
        tags=intake.tags,
        lines=lines,
        quote_id=intake.quote_id,
        exchange_of=intake.exchange_of,
        pool_id=pool_id,
        skus=skus_of(lines),
        lookups=lookups,
        day=act.now.date().isoformat(),
        cancelled_at=act.now if intake.cancelled else None,
        promise_by=intake.promise_by,
        shipping_choice=intake.shipping_choice,
        notes=(Note(at=act.now, by=act.by, text=intake.note),) if intake.note else (),
    )
    return order.model_copy(update=_amounts(intake) | {"holds": _holds(intake, order, act)})


def _amounts(intake: PlaceOrder) -> dict[str, object]:
    return {
        "shipping_minor": minor(intake.shipping),
        "shipping_tax_minor": minor(intake.shipping_tax),
        "shipping_discount_minor": minor(intake.shipping_discount),
        "tip_minor": minor(intake.tip),
        "total_minor": intake.total.amount_minor if intake.total else None,
        "tenders": tuple(
            Tender(kind=row.kind, amount_minor=row.amount.amount_minor, last4=row.last4)
            for row in intake.tenders
        ),
    }


def _holds(intake: PlaceOrder, order: Order, act: Act) -> tuple[Hold, ...]:
    """Return the holds wished and, unpaid, the payment hold; none where nothing can be stopped."""
    states = {part.state for _, part in all_parts(order)}
    if intake.cancelled or (states and states <= _SETTLED):
        return ()
    wished: dict[str, str | None] = {hold.reason: hold.note for hold in intake.holds}
    if intake.payment is Payment.UNPAID:
        wished = {PAYMENT: None, **wished}
    holds = [Hold(reason=why, at=act.now, by=act.by, note=note) for why, note in wished.items()]
    return tuple(holds[:HOLDS_MAX])


def _till_movements(order: Order, intake: PlaceOrder, act: Act) -> Iterator[StockTask]:
    """Yield what left the shelves at the till, each under its receipt's own number."""
    for line, part in all_parts(order):
        if part.state is PartState.HANDED_OVER and line.sku and line.kind in ROUTED_KINDS:
            yield Move(
                movement_id=till_movement_id(order.connection, order.reference, line.line_id),
                sku=line.sku,
                location_id=part.location_id or "",
                on_hand=-part.quantity,
                at=min(intake.placed_at, act.now),
                reason="sold-at-till",
                order_id=order.order_id,
            )


def till_movement_id(connection: str, receipt: str, line_id: str) -> str:
    """Return the movement of a receipt's line: order and stock message name the same one."""
    return hash_id("till", connection, receipt, line_id)


def _look_at(draft: Draft, intake: PlaceOrder) -> None:
    order = draft.order
    if not order.lines:
        draft.open_exception(actions.NO_LINES)
    told = {
        line_id_of(intake, index): ", ".join(codes_of_line(source))
        for index, source in enumerate(intake.lines)
    }
    for line, part in all_parts(order):
        is_unknown = line.sku is None and line.kind in ROUTED_KINDS
        if is_unknown and part.state in {PartState.EXCEPTION, PartState.HANDED_OVER}:
            code = told[line.line_id]
            detail = {"code_told": code} if code else None
            draft.open_exception(actions.UNKNOWN_SKU, line.line_id, part, detail)
    if order.total_minor is not None:
        gap = order.total_minor - total_of(order)
        # Channels round taxes line by line: a minor unit for each line is their rounding.
        if abs(gap) > max(1, len(intake.lines)):
            draft.open_exception(
                actions.TOTALS, detail={"stated_minor": order.total_minor, "gap_minor": gap}
            )
