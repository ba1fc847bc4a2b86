"""From what is asked for to a return: lines named, exchange checked, policy held (pure)."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.contracts.returns import ExchangeUnits, RequestReturn
from shared.kernel.errors import Fault, Invalid, NotFound
from shared.returns.decide.naming import Named, lines_for, sets_named, shared_out
from shared.returns.decide.policy import (
    Policy,
    SoldLine,
    check_returnable,
    check_there,
    returnable,
)
from shared.returns.model import (
    RETURNS_MAX,
    ExchangeLine,
    Override,
    Return,
    ReturnDiffers,
    ReturnLine,
    ReturnStatus,
    TooMany,
)


@dataclass(frozen=True, slots=True)
class Sale:
    """The order as a request sees it, with the returns that it has."""

    order_id: str
    currency: str
    lines: tuple[SoldLine, ...]
    returns: tuple[Return, ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """The tenant's rules, the usual fee, and whoever asks; `made_by` names the command."""

    policy: Policy
    fee_minor: int
    by: str
    made_by: str


def fingerprint(request: RequestReturn) -> str:
    """Return the hash of what a request says."""
    content = request.model_dump(mode="json", exclude_defaults=True)
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def known(returns: Iterable[Return], request: RequestReturn, made_by: str) -> Return | None:
    """Return the return that this command made already; None when there is none.

    Raises:
        ReturnDiffers: one of this reference says something else.
    """
    for found in returns:
        is_same = request.reference is not None and found.reference == request.reference
        if is_same and found.fingerprint != fingerprint(request):
            raise ReturnDiffers(found.return_id)
        if is_same or found.made_by == made_by:
            return found
    return None


def new_return(
    sale: Sale, request: RequestReturn, named: Sequence[Named], terms: Terms, now: datetime
) -> Return:
    """Return the return that a request becomes, not yet approved.

    Raises:
        Invalid: the exchange has no price, or is for a line that does not come back.
        NotFound: the order has no such line.
        NotReturnable, FinalSale, WindowClosed: as the policy says.
        TooMany: the order has the most returns that it can.
    """
    if len(sale.returns) >= RETURNS_MAX:
        raise TooMany("returns of an order", RETURNS_MAX)
    units = units_by_line(sale, named)
    for line_id, (asked, _) in units.items():
        if request.override is None:
            check_returnable(_line(sale, line_id), asked, sale.returns, terms.policy, now)
        else:
            check_there(_line(sale, line_id), asked, sale.returns)
    fee = terms.fee_minor if request.fee is None else request.fee.amount_minor
    override = request.override and Override(reason=request.override, by=terms.by, at=now)
    lines = tuple(_return_line(_line(sale, name), *asked) for name, asked in units.items())
    return Return(
        return_id=f"{sale.order_id}.r{len(sale.returns) + 1}",
        order_id=sale.order_id,
        version=1,
        status=ReturnStatus.REQUESTED,
        reference=request.reference,
        location_id=request.location_id,
        walk_in=request.received,
        requested_at=now,
        requested_by=terms.by,
        currency=sale.currency,
        lines=lines,
        override=override or None,
        fee_minor=fee,
        exchange=_exchange(request, lines, sale.currency),
        made_by=terms.made_by,
        fingerprint=fingerprint(request),
    )


def units_by_line(sale: Sale, named: Sequence[Named]) -> dict[str, tuple[int, str]]:
    """Return (units, reason) of each line; units of a SKU go to its lines, the first ones first.

    Raises:
        NotFound: no line has it.
    """
    units: dict[str, tuple[int, str]] = {}
    for row in named:
        for line_id, quantity in _lines_of(sale, row, units):
            before = units.get(line_id, (0, row.reason))
            units[line_id] = (before[0] + quantity, before[1])
    return units


def _lines_of(
    sale: Sale, row: Named, taken: Mapping[str, tuple[int, str]]
) -> list[tuple[str, int]]:
    sets = sets_named(sale.lines, row)
    if not sets:
        raise NotFound("line")

    def left(line: SoldLine) -> int:
        return returnable(line, sale.returns) - taken.get(line.line_id, (0, ""))[0]

    return shared_out(sets, row.quantity, left)


def _line(sale: Sale, line_id: str) -> SoldLine:
    return next(line for line in sale.lines if line.line_id == line_id)


def _return_line(line: SoldLine, quantity: int, reason: str) -> ReturnLine:
    return ReturnLine(
        line_id=line.line_id,
        sku=line.sku,
        title=line.title,
        quantity=quantity,
        reason=reason,
        tax_included=line.is_tax_included,
        bundle=line.bundle,
    )


def _exchange(
    request: RequestReturn, lines: Sequence[ReturnLine], currency: str
) -> tuple[ExchangeLine, ...]:
    faults: list[Fault] = []
    seen: set[str] = set()
    for index, row in enumerate(request.exchange):
        faults += _faults_of(f"/exchange/{index}", row, lines, currency)
        named = set(lines_for(lines, row.for_line) if row.for_line else ())
        if named & seen:
            faults.append(Fault(f"/exchange/{index}/for_line", "line-twice", "named before"))
        seen |= named
    if request.fee is not None and request.fee.currency != currency:
        faults.append(Fault("/fee/currency", "mixed-currencies", f"the order is in {currency}"))
    if faults:
        raise Invalid(faults)
    return tuple(_exchange_line(request, row) for row in request.exchange)


def _faults_of(
    at: str, row: ExchangeUnits, lines: Sequence[ReturnLine], currency: str
) -> list[Fault]:
    if row.for_line is not None:
        if row.unit_price is not None:
            return [Fault(f"{at}/unit_price", "two-prices", "it goes at the worth of its line")]
        come = lines_for(lines, row.for_line).values()
        if row.quantity > min((line.quantity // per for line, per in come), default=0):
            return [Fault(f"{at}/for_line", "more-than-returned", "so many do not come back")]
        return []
    return _faults_of_price(at, row, currency)


def _faults_of_price(at: str, row: ExchangeUnits, currency: str) -> list[Fault]:
    if row.unit_price is None:
        return [Fault(f"{at}/unit_price", "price-missing", "name a price, or the line it is for")]
    money = (row.unit_price, row.discount, row.tax)
    if any(amount is not None and amount.currency != currency for amount in money):
        return [Fault(f"{at}/unit_price", "mixed-currencies", f"the order is in {currency}")]
    discount = row.discount.amount_minor if row.discount else 0
    if discount > row.unit_price.amount_minor * row.quantity:
        return [Fault(f"{at}/discount", "discount-above-value", "more discount than price")]
    return []


def _exchange_line(request: RequestReturn, row: ExchangeUnits) -> ExchangeLine:
    return ExchangeLine(
        sku=row.sku,
        quantity=row.quantity,
        for_line=row.for_line,
        unit_price_minor=row.unit_price.amount_minor if row.unit_price else None,
        discount_minor=row.discount.amount_minor if row.discount else 0,
        tax_minor=row.tax.amount_minor if row.tax else 0,
        tax_included=row.tax_included,
        taken_at=request.location_id if row.taken else None,
        method=row.method,
        pickup_location=row.pickup_location,
    )


def check_request(request: RequestReturn) -> None:
    """Hold a request to what a schema cannot state.

    Raises:
        Invalid: every fault, each with its JSON pointer and code.
    """
    faults = [*_order_named(request), *_unit_faults(request)]
    needs_place = request.received or any(row.taken for row in request.exchange)
    if needs_place and request.location_id is None:
        faults.append(Fault("/location_id", "location-missing", "goods are taken in somewhere"))
    if any(row.taken for row in request.exchange) and not request.received:
        faults.append(Fault("/exchange", "taken-before-received", "goods go when goods come"))
    for index, row in enumerate(request.exchange):
        if row.method == "pickup" and not (row.pickup_location or row.taken):
            pointer = f"/exchange/{index}/pickup_location"
            faults.append(Fault(pointer, "pickup-without-location", "name the pickup store"))
    if faults:
        raise Invalid(faults)


def _order_named(request: RequestReturn) -> list[Fault]:
    by_reference = request.connection is not None and request.order_reference is not None
    if (request.order_id is not None) != by_reference:
        return []
    detail = "name the order by its id, or by connection and order_reference"
    return [Fault("/order_id", "one-order", detail)]


def _unit_faults(request: RequestReturn) -> list[Fault]:
    return [
        Fault(f"/lines/{index}/line_id", "one-name", "name it by line_id or by code")
        for index, row in enumerate(request.lines)
        if (row.line_id is None) == (row.code is None)
    ]
