"""What people and clocks ask of an order as a whole: holds, edits, notes, dates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.contracts.orders import (
    CustomerLinked,
    ExceptionOpened,
    OrderClosed,
    OrderEdited,
    OrderHeld,
    OrderNoted,
    OrderReleased,
    RefundRecorded,
)
from shared.kernel.errors import NotAllowed
from shared.orders import life
from shared.orders.decide import actions
from shared.orders.decide.cancel import Stage
from shared.orders.decide.change import Act, Change, Cut
from shared.orders.decide.draft import Draft
from shared.orders.decide.refund import paid
from shared.orders.decide.reject import take_back
from shared.orders.decide.status import PAYMENT, ROUTED_KINDS, all_parts, has_open_work
from shared.orders.model import (
    HOLDS_MAX,
    NOTES_MAX,
    Address,
    Contact,
    Hold,
    Note,
    Order,
    OrderStatus,
    PartState,
)
from shared.orders.refusals import NoSuchHold, OrderErased, TooManyHolds


def hold(order: Order, reason: str, note: str | None, act: Act) -> Change | None:
    """Stop everything that has not left; None when it is held for this reason already.

    When everything has left it is too late: exception `intercept` opens instead.

    Raises:
        TooManyHolds: the order carries the most that it can.
    """
    if any(known.reason == reason for known in order.holds):
        return None
    draft = Draft(order, act)
    if not has_open_work(order):
        draft.open_exception(actions.INTERCEPT, detail={"reason": reason})
        return draft.finish(OrderNoted, facts={"reason": actions.INTERCEPT})
    if len(order.holds) >= HOLDS_MAX:
        raise TooManyHolds
    held = Hold(reason=reason, at=act.now, by=act.by, note=note)
    return draft.finish(
        OrderHeld, facts={"reason": reason}, changes={"holds": (*order.holds, held)}
    )


def release(order: Order, reason: str | None, act: Act) -> Change | None:
    """Take a hold off, or all without a reason; None when the order has no hold at all.

    With the payment hold gone, what needs no shipping is delivered. After the last one the order
    goes on where it stood: what was sourced still is, what was pending is routed.

    Raises:
        NoSuchHold: it is held, but not for that reason.
    """
    if not order.holds:
        return None
    left = tuple(held for held in order.holds if reason not in {None, held.reason})
    if len(left) == len(order.holds):
        raise NoSuchHold(reason or "")
    draft = Draft(order, act)
    if not any(held.reason == PAYMENT for held in left):
        _grant(draft)
    return draft.finish(OrderReleased, facts={"reason": reason}, changes={"holds": left})


def _grant(draft: Draft) -> None:
    for line, part in all_parts(draft.order):
        if line.kind not in ROUTED_KINDS and part.state is PartState.PENDING:
            draft.cut(line.line_id, part, Cut(part.quantity, (life.Grant,)))


@dataclass(frozen=True, slots=True)
class Edit:
    """What is to be another; None leaves it as it is."""

    ship_to: Address | None = None
    bill_to: Address | None = None
    customer: Contact | None = None
    shipping_choice: str | None = None
    priority: int | None = None
    tags: tuple[str, ...] | None = None


_PERSONAL: Final = frozenset({"customer", "ship_to", "bill_to"})
_REPLANNED: Final = frozenset({"ship_to", "shipping_choice"})


def edit(order: Order, wanted: Edit, stages: Mapping[str, Stage], act: Act) -> Change | None:
    """Change an order; None when it is so already.

    Another address or service takes back what is not picked, to be routed again; what is picked
    stands before a person.

    Raises:
        NotAllowed: it goes elsewhere, and nothing of it is left to be sent there.
        OrderErased: its personal data was erased.
    """
    fields = {name: getattr(wanted, name) for name in Edit.__slots__}
    changes = {
        name: value
        for name, value in fields.items()
        if value is not None and value != getattr(order, name)
    }
    if not changes:
        return None
    if order.erased_at is not None and _PERSONAL & set(changes):
        raise OrderErased
    draft = Draft(order, act)
    if _REPLANNED & set(changes):
        if not has_open_work(order):
            raise NotAllowed("order", order.status, "edit", ("return",))
        for line, part in take_back(draft, stages, reason="edited"):
            draft.open_exception(actions.ADDRESS_LATE, line.line_id, part)
        changes["replan_after"] = order.version + 1
    return draft.finish(OrderEdited, facts={"reason": "edited"}, changes=changes)


def note(order: Order, text: str, act: Act) -> Change:
    """Write a note beside the order; of very many the oldest are let go."""
    written = Note(at=act.now, by=act.by, text=text)
    return Draft(order, act).finish(
        OrderNoted, changes={"notes": (*order.notes, written)[-NOTES_MAX:]}
    )


def link_customer(
    order: Order, customer_id: str, tier: str | None, lookups: Sequence[str], act: Act
) -> Change | None:
    """Name the customer's record, once and for all; None when one is named.

    None of an erased order too: it tells no more whose it was. Who is named stays so also when
    they were erased, so that whoever asks for the erase again finds what is left of theirs.
    """
    if order.erased_at is not None or order.customer_id not in {None, customer_id}:
        return None
    if order.customer_id == customer_id and order.customer_tier == tier:
        return None
    known = tuple(dict.fromkeys((*order.lookups, *lookups)))[:10]
    return Draft(order, act).finish(
        CustomerLinked,
        facts={"customer_id": customer_id},
        changes={"customer_id": customer_id, "customer_tier": tier, "lookups": known},
    )


def record_refund(order: Order, amount_minor: int, act: Act) -> Change:
    """Count what a channel paid back itself; above what was paid it is put before a person."""
    draft = Draft(order, act)
    total = order.refunded_minor + amount_minor
    if total > paid(order):
        detail = {"refunded_minor": total, "paid_minor": paid(order)}
        draft.open_exception(actions.OVERPAID, detail=detail)
    facts = {"refund_minor": amount_minor, "currency": order.currency}
    return draft.finish(RefundRecorded, facts=facts, changes={"refunded_minor": total})


def close_window(order: Order, act: Act) -> Change | None:
    """Close a fulfilled order whose return window is over; None when it is closed.

    Raises:
        NotAllowed: something of it has still to be done.
    """
    if order.closed_at is not None:
        return None
    if order.status is not OrderStatus.FULFILLED:
        raise NotAllowed("order", order.status, "close", ())
    return Draft(order, act).finish(OrderClosed, changes={"closed_at": act.now})


def open_exception(
    order: Order, code: str, act: Act, detail: Mapping[str, str | int] | None = None
) -> Change:
    """Put something about the order before a person."""
    draft = Draft(order, act)
    draft.open_exception(code, detail=detail)
    return draft.finish(
        ExceptionOpened,
        facts={"exception_id": f"{order.order_id}.x{order.exceptions + 1}", "reason": code},
    )


def reach_version(
    order: Order, version: datetime | None, unapplied: Sequence[str], act: Act
) -> Change | None:
    """Note how far the order follows its channel; what could not be applied is one exception.

    None when it has come that far already.
    """
    if version is None or (order.source_version is not None and order.source_version >= version):
        return None
    draft = Draft(order, act)
    if unapplied:
        named = {"unapplied": "; ".join(unapplied)[:1_000]}
        draft.open_exception(actions.CHANNEL_CHANGE, detail=named)
    return draft.finish(
        OrderEdited, facts={"reason": "channel-update"}, changes={"source_version": version}
    )
