"""What is to be paid back, to the cent; Orderloom advises, payment systems execute."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.kernel.money import cumulative_share
from shared.returns.decide.naming import lines_for
from shared.returns.model import Advice, ExchangeLine, Return, TenderRefund

ORIGINAL: Final = "original"
_FIRST: Final = "gift-card"


@dataclass(frozen=True, slots=True)
class Paid:
    """One tender as the order has it."""

    kind: str
    amount_minor: int
    last4: str | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """What was paid for the order, what was paid back of it, and what still may be."""

    refundable_minor: int
    refunded_minor: int
    tenders: tuple[Paid, ...] = ()


def advise(found: Return, account: Account, now: datetime) -> Advice:
    """Return the advice for what is back: its worth and the shipping, less the fee."""
    goods = sum(line.goods_minor for line in found.lines)
    tax = sum(line.tax_minor for line in found.lines)
    on_top = sum(line.tax_minor for line in found.lines if not line.tax_included)
    gross = goods + on_top + found.shipping_minor
    fee = min(found.fee_minor, gross)
    credited = min(gross - fee, account.refundable_minor)
    exchange = exchange_total(exchange_lines(found))
    back = max(0, credited - exchange)
    return Advice(
        goods_minor=goods,
        tax_minor=tax,
        shipping_minor=found.shipping_minor,
        fee_minor=fee,
        credited_minor=credited,
        exchange_minor=exchange,
        refund_minor=credited - exchange,
        tenders=tuple(spread(back, account.refunded_minor, account.tenders)),
        at=now,
    )


def spread(amount: int, refunded: int, tenders: Sequence[Paid]) -> Iterator[TenderRefund]:
    """Yield what goes back to each tender, gift cards first, each up to what it paid.

    What was refunded before went the same way.
    """
    skipped = refunded
    for tender in sorted(tenders, key=lambda row: row.kind != _FIRST):
        gone = min(skipped, tender.amount_minor)
        skipped -= gone
        share = min(amount, tender.amount_minor - gone)
        amount -= share
        if share:
            yield TenderRefund(kind=tender.kind, last4=tender.last4, amount_minor=share)
    if amount:
        yield TenderRefund(kind=ORIGINAL, amount_minor=amount)


def exchange_lines(found: Return) -> tuple[ExchangeLine, ...]:
    """Return what goes out with its prices; like for like at the worth of what came back.

    Of a line that did not come back whole no more goes out like for like than came.
    """
    priced = (_priced(found, line) for line in found.exchange)
    return tuple(line for line in priced if line is not None)


def _priced(found: Return, out: ExchangeLine) -> ExchangeLine | None:
    if out.for_line is None:
        return out
    came = tuple(lines_for(found.lines, out.for_line).values())
    units = min(out.quantity, *(line.received // per for line, per in came))
    if not units:
        return None
    goods = sum(cumulative_share(row.goods_minor, units * per, row.received) for row, per in came)
    tax = sum(cumulative_share(row.tax_minor, units * per, row.received) for row, per in came)
    unit = -(-goods // units)
    return out.model_copy(
        update={
            "quantity": units,
            # The price of a unit is rounded up, and what that is too much is a discount.
            "unit_price_minor": unit,
            "discount_minor": unit * units - goods,
            "tax_minor": tax,
            "tax_included": came[0][0].tax_included,
        }
    )


def exchange_total(lines: Sequence[ExchangeLine]) -> int:
    """Return what priced lines cost the customer."""
    return sum(
        (line.unit_price_minor or 0) * line.quantity
        - line.discount_minor
        + (0 if line.tax_included else line.tax_minor)
        for line in lines
    )
