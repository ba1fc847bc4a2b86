"""The life of a line part: states, events and the table that joins them (semantics 6)."""

from enum import StrEnum
from typing import Final

from shared.kernel.machine import Machine


class PartState(StrEnum):
    """Where a part of a line stands.

    In-fulfillment is derived: a sourced part whose fulfillment is accepted or further (design 3).
    """

    PENDING = "pending"
    PREORDERED = "preordered"
    BACKORDERED = "backordered"
    UNFILLABLE = "unfillable"
    EXCEPTION = "exception"
    SOURCED = "sourced"
    CANCEL_REQUESTED = "cancel-requested"
    SHIPPED = "shipped"
    HANDED_OVER = "handed-over"
    DELIVERED = "delivered"
    LOST = "lost"
    RETURNED = "returned"
    CANCELLED = "cancelled"


WAITING: Final = frozenset(
    {
        PartState.PENDING,
        PartState.PREORDERED,
        PartState.BACKORDERED,
        PartState.UNFILLABLE,
        PartState.EXCEPTION,
    }
)
RESERVED: Final = frozenset({PartState.SOURCED, PartState.CANCEL_REQUESTED})
WITH_CUSTOMER: Final = frozenset({PartState.SHIPPED, PartState.HANDED_OVER, PartState.DELIVERED})
ENDED: Final = frozenset(
    {PartState.DELIVERED, PartState.HANDED_OVER, PartState.LOST, PartState.RETURNED}
    | {PartState.CANCELLED, PartState.SHIPPED}
)


# The events of a part; one class a row of the table, named as in refusals.
class Route: ...


class NoLocation: ...


class Backorder: ...


class Reject: ...


class GiveUp: ...


class Reset: ...


class Ship: ...


class HandOver: ...


class Void: ...


class Deliver: ...


class Lose: ...


class ReturnToSender: ...


class Cancel: ...


class AskCancel: ...


class ConfirmCancel: ...


class RefuseCancel: ...


class Expire: ...


class ReleaseDate: ...


class Preorder: ...


class ReceiveReturn: ...


class Grant: ...


_S = PartState
_WAITING_ROWS: Final[dict[type, PartState]] = {
    Cancel: _S.CANCELLED,
    Route: _S.SOURCED,
    GiveUp: _S.EXCEPTION,
}
PART_LIFE: Final = Machine(
    "line part",
    *(_S.PENDING, _S.PREORDERED, _S.EXCEPTION, _S.HANDED_OVER, _S.SHIPPED, _S.CANCELLED),
    _S.DELIVERED,
    edges={
        _S.PENDING: {
            **_WAITING_ROWS,
            NoLocation: _S.UNFILLABLE,
            Backorder: _S.BACKORDERED,
            Grant: _S.DELIVERED,  # digital goods, once no payment hold stands
        },
        _S.PREORDERED: {Cancel: _S.CANCELLED, ReleaseDate: _S.PENDING},
        _S.BACKORDERED: {**_WAITING_ROWS, NoLocation: _S.UNFILLABLE, Reset: _S.PENDING},
        _S.UNFILLABLE: {**_WAITING_ROWS, Backorder: _S.BACKORDERED, Reset: _S.PENDING},
        # Goods that are known only now may have their release date still ahead.
        _S.EXCEPTION: {Cancel: _S.CANCELLED, Reset: _S.PENDING, Preorder: _S.PREORDERED},
        _S.SOURCED: {
            Reject: _S.PENDING,
            Ship: _S.SHIPPED,
            HandOver: _S.HANDED_OVER,
            Cancel: _S.CANCELLED,
            AskCancel: _S.CANCEL_REQUESTED,
            Expire: _S.CANCELLED,
        },
        _S.CANCEL_REQUESTED: {
            ConfirmCancel: _S.CANCELLED,
            RefuseCancel: _S.SOURCED,
            Ship: _S.SHIPPED,
            HandOver: _S.HANDED_OVER,
        },
        _S.SHIPPED: {
            Void: _S.SOURCED,
            Deliver: _S.DELIVERED,
            Lose: _S.LOST,
            ReturnToSender: _S.RETURNED,
            ReceiveReturn: _S.RETURNED,
        },
        _S.DELIVERED: {ReceiveReturn: _S.RETURNED},
        _S.HANDED_OVER: {ReceiveReturn: _S.RETURNED},
        _S.LOST: {},
        _S.RETURNED: {},
        _S.CANCELLED: {},
    },
)
