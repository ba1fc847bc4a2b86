"""Reading the canonical order: every fault of an input is listed at once.

Faults of form come from the model, faults of sense are looked for in the raw JSON, so that one kind
does not hide the other.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from pydantic import ValidationError

from shared.contracts.intake import MEASURE, Method, PlaceOrder
from shared.kernel.errors import Fault, Invalid
from shared.kernel.model import FAULTS_MAX, INTEGER_MAX, faults_of, parse_json, pointer_of


def read_place_order(raw: bytes) -> PlaceOrder:
    """Read the canonical order from foreign JSON.

    Raises:
        Unreadable: not acceptable JSON.
        Invalid: every fault of form and sense, each with its JSON pointer and code.
    """
    found = parse_json(raw)
    order: PlaceOrder | None = None
    faults: tuple[Fault, ...] = ()
    try:
        order = PlaceOrder.model_validate_json(raw)
    except ValidationError as error:
        faults = faults_of(error)
    faults = (*faults, *contradictions(found))[:FAULTS_MAX]
    if order is None or faults:
        raise Invalid(faults)
    return order


def check(content: Mapping[str, Any]) -> None:
    """Hold the JSON of an order that was made in code, by a translator, to the same sense.

    Raises:
        Invalid: every fault, each with its JSON pointer and code.
    """
    faults = tuple(contradictions(content))[:FAULTS_MAX]
    if faults:
        raise Invalid(faults)


def contradictions(order: Any) -> Iterator[Fault]:
    """Find what a schema cannot state; whatever has not its proper form is passed over."""
    if not isinstance(order, dict):
        return
    yield from _currencies(order, order.get("currency"), ())
    lines = order.get("lines")
    seen: set[str] = set()
    for index, line in enumerate(lines if isinstance(lines, list) else []):
        if not isinstance(line, dict):
            continue
        line_id = line.get("line_id") or str(index + 1)
        if isinstance(line_id, str):
            if line_id in seen:
                yield _fault(index, "line_id", "duplicate-line-id", "another line has this id")
            seen.add(line_id)
        yield from _of_line(index, line)


def _currencies(value: Any, currency: Any, path: tuple[str | int, ...]) -> Iterator[Fault]:
    entries: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        entries = value.items()
    elif isinstance(value, list):
        entries = enumerate(value)
    if path and isinstance(value, dict) and "amount_minor" in value:
        found = value.get("currency")
        if isinstance(found, str) and isinstance(currency, str) and found != currency:
            pointer = pointer_of((*path, "currency"))
            yield Fault(pointer, "mixed-currencies", f"the order is in {currency[:3]}")
    for key, inner in entries:
        if isinstance(inner, dict | list):
            yield from _currencies(inner, currency, (*path, key))


def _of_line(index: int, line: dict[str, Any]) -> Iterator[Fault]:
    if line.get("method") == Method.PICKUP and not line.get("pickup_location"):
        yield _fault(index, "pickup_location", "pickup-without-location", "name the pickup store")
    quantity, measure = line.get("quantity"), line.get("measure")
    if (quantity is None) == (measure is None):
        yield _fault(index, "quantity", "one-quantity", "give either quantity or measure")
    if isinstance(quantity, int) and quantity > 0:
        done = _number(line, "fulfilled") + _number(line, "cancelled")
        if done > quantity:
            yield _fault(index, "fulfilled", "more-than-ordered", "more units done than ordered")
    if _amount(line, "discount") > _value(line):
        yield _fault(index, "discount", "discount-above-value", "more discount than price")


def _value(line: dict[str, Any]) -> Decimal:
    quantity: Any = line.get("quantity") or line.get("measure")
    if not isinstance(quantity, int) and not re.fullmatch(MEASURE, str(quantity), re.ASCII):
        return Decimal(INTEGER_MAX)  # an unreadable quantity is a fault of its own
    return (_amount(line, "unit_price") * Decimal(quantity)).to_integral_value(ROUND_HALF_UP)


def _amount(line: dict[str, Any], name: str) -> int:
    money = line.get(name)
    return _number(money, "amount_minor") if isinstance(money, dict) else 0


def _number(found: dict[str, Any], name: str) -> int:
    value = found.get(name)
    return value if isinstance(value, int) else 0


def _fault(index: int, name: str, code: str, detail: str) -> Fault:
    return Fault(pointer_of(("lines", index, name)), code, detail)
