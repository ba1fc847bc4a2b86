"""The rules of orders: pure functions of an order, a command and an act (who, when).

Each returns a `Change` (the order one version on, its event, exceptions, what it means for
fulfillments), None when it is done already, or raises a refusal. Facts are never refused.
"""

from shared.orders.decide.bundles import goods_of, per_bundle
from shared.orders.decide.bundles import lines_of as bundle_lines
from shared.orders.decide.cancel import (
    Stage,
    Units,
    auto_cancel,
    cancel,
    cancel_unanswered,
    confirm_cancel,
    refuse_cancel,
)
from shared.orders.decide.change import Act, Change, Divided, Removed, part_change
from shared.orders.decide.closing import (
    Closing,
    Outcome,
    close_attempt,
    may_execute,
    queue_preorders,
)
from shared.orders.decide.commands import (
    Edit,
    close_window,
    edit,
    hold,
    link_customer,
    note,
    open_exception,
    reach_version,
    record_refund,
    release,
)
from shared.orders.decide.exceptions import close_exception, closed_event, settled_by
from shared.orders.decide.facts import (
    Item,
    Parcels,
    Receipt,
    deliver,
    hand_over,
    lose,
    receive_return,
    return_to_sender,
    ship,
    void,
)
from shared.orders.decide.intake import (
    accept,
    codes_of,
    fingerprint,
    same_or_refused,
    till_movement_id,
)
from shared.orders.decide.lines import line_id_of
from shared.orders.decide.products import Component, ProductFacts
from shared.orders.decide.refund import (
    Refund,
    counted,
    paid,
    refund_of,
    refundable,
    shipping_paid,
    total_of,
)
from shared.orders.decide.reject import Rejected, RejectPolicy, Work, expire, reject, reroute
from shared.orders.decide.status import (
    all_parts,
    has_open_work,
    loose_takes,
    parts_of,
    parts_to_route,
    preorders_to_queue,
    status_of,
    without_takes,
)
from shared.orders.decide.waiting import assign_sku, reach_release_date, redirect, reset

__all__ = [
    "Act",
    "Change",
    "Closing",
    "Component",
    "Divided",
    "Edit",
    "Item",
    "Outcome",
    "Parcels",
    "ProductFacts",
    "Receipt",
    "Refund",
    "RejectPolicy",
    "Rejected",
    "Removed",
    "Stage",
    "Units",
    "Work",
    "accept",
    "all_parts",
    "assign_sku",
    "auto_cancel",
    "bundle_lines",
    "cancel",
    "cancel_unanswered",
    "close_attempt",
    "close_exception",
    "close_window",
    "closed_event",
    "codes_of",
    "confirm_cancel",
    "counted",
    "deliver",
    "edit",
    "expire",
    "fingerprint",
    "goods_of",
    "hand_over",
    "has_open_work",
    "hold",
    "line_id_of",
    "link_customer",
    "loose_takes",
    "lose",
    "may_execute",
    "note",
    "open_exception",
    "paid",
    "part_change",
    "parts_of",
    "parts_to_route",
    "per_bundle",
    "preorders_to_queue",
    "queue_preorders",
    "reach_release_date",
    "reach_version",
    "receive_return",
    "record_refund",
    "redirect",
    "refund_of",
    "refundable",
    "refuse_cancel",
    "reject",
    "release",
    "reroute",
    "reset",
    "return_to_sender",
    "same_or_refused",
    "settled_by",
    "ship",
    "shipping_paid",
    "status_of",
    "till_movement_id",
    "total_of",
    "void",
    "without_takes",
]
