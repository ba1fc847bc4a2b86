"""What a carrier lost is paid back or sent again, one of the two and once (semantics 8)."""

from typing import Final

from shared.contracts.orders import OrderNoted
from shared.kernel.errors import NotAllowed
from shared.orders.decide.change import Act, Change, Cut
from shared.orders.decide.draft import Draft
from shared.orders.decide.refund import counted, refund_of, refundable
from shared.orders.decide.reject import with_refund
from shared.orders.model import Order, Part, PartState

REASON: Final = "lost"
REFUNDED: Final = "lost-refunded"
REPLACED: Final = "lost-replaced"


def refund_lost(order: Order, line_id: str, number: int, act: Act) -> Change | None:
    """Advise to pay a lost part back, never above what may still be paid back.

    None: it is advised already.

    Raises:
        NotFound: no such line.
        NotAllowed: the part is not lost, or was replaced.
    """
    draft = Draft(order, act)
    line, part = draft.line(line_id), draft.find(line_id, number)
    if not _settle(draft, line_id, part, REFUNDED) or part is None:
        return None
    earlier = (p for p in line.parts if p.state is PartState.LOST and p.part < number)
    already = counted(line) + sum(p.quantity for p in earlier)
    refund = min(refund_of(line, already, part.quantity).total_minor, refundable(order))
    changes = {"refunded_minor": order.refunded_minor + refund}
    change = draft.finish(OrderNoted, facts={"reason": REASON}, changes=changes)
    return with_refund(change, refund, act)


def replace_lost(order: Order, line_id: str, number: int, act: Act) -> Change | None:
    """Note that a lost part is sent again; None when that is noted already.

    Raises:
        NotFound: no such line.
        NotAllowed: the part is not lost, or was paid back.
    """
    draft = Draft(order, act)
    draft.line(line_id)
    if not _settle(draft, line_id, draft.find(line_id, number), REPLACED):
        return None
    return draft.finish(OrderNoted, facts={"reason": REASON})


def _settle(draft: Draft, line_id: str, part: Part | None, how: str) -> bool:
    """Mark a lost part with what was done about it; False when it is marked so already."""
    action = "refund" if how == REFUNDED else "replace"
    if part is None or part.state is not PartState.LOST:
        state = part.state if part else "unknown"
        raise NotAllowed("line part", state, action, ("acknowledge",))
    if part.reason == how:
        return False
    if part.reason in {REFUNDED, REPLACED}:
        raise NotAllowed("line part", part.reason, action, ("acknowledge",))
    draft.cut(line_id, part, Cut(part.quantity, (), {"reason": how}))
    return True
