"""What a carrier lost is paid back: advice, like any other refund (semantics 8)."""

from shared.contracts.orders import OrderNoted
from shared.kernel.errors import NotAllowed
from shared.orders.decide.change import Act, Change
from shared.orders.decide.draft import Draft
from shared.orders.decide.refund import counted, refund_of, refundable
from shared.orders.decide.reject import with_refund
from shared.orders.model import Order, PartState

REASON = "lost"


def refund_lost(order: Order, line_id: str, number: int, act: Act) -> Change:
    """Advise to pay a lost part back, never above what may still be paid back.

    Raises:
        NotFound: no such line.
        NotAllowed: the part is not lost.
    """
    draft = Draft(order, act)
    line, part = draft.line(line_id), draft.find(line_id, number)
    if part is None or part.state is not PartState.LOST:
        state = part.state if part else "unknown"
        raise NotAllowed("line part", state, "refund", ("acknowledge",))
    earlier = (p for p in line.parts if p.state is PartState.LOST and p.part < number)
    already = counted(line) + sum(p.quantity for p in earlier)
    refund = min(refund_of(line, already, part.quantity).total_minor, refundable(order))
    changes = {"refunded_minor": order.refunded_minor + refund}
    change = draft.finish(OrderNoted, facts={"reason": REASON}, changes=changes)
    return with_refund(change, refund, act)
