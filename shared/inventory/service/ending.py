"""Do stock tasks: each is one batch, whenever and however often it comes (design 3)."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias, assert_never

from shared.contracts.stock import (
    DivideReservation,
    EndReservation,
    Ending,
    Move,
    Queue,
    RejectReason,
    Restore,
    StockTask,
    Unqueue,
)
from shared.inventory.decide import ending as decide
from shared.inventory.decide.amounts import Sight
from shared.inventory.decide.recording import delta_operations, restore_operations
from shared.inventory.decide.waiting import close_of, wait_operations
from shared.inventory.model import (
    ENDS,
    RESERVATIONS,
    NotReserved,
    NotYetReserved,
    Outcome,
    ReservationDocument,
    end_id,
    reservation_doc,
    stamp,
)
from shared.inventory.service.commit import ATTEMPTS_MAX, STOCK, commit, look_at_level
from shared.inventory.service.reading import happened_after, open_softs
from shared.kernel.documents import Documents, Operation
from shared.kernel.errors import Exists, GuardFailed, Unavailable

Facts: TypeAlias = EndReservation | DivideReservation


async def perform(store: Documents, tenant_id: str, task: StockTask, at: datetime) -> Outcome:
    """Do one stock task of an event; the same task may come twice, late or out of order.

    `at` is when the event occurred: a newer count has seen what happened to the goods then.

    Raises:
        NotYetReserved: it overtook the task that makes its reservation; try again later.
        Unavailable: too many writers of this SKU; try again later.
        SharesDiffer: a division gives out more than there is.
    """
    match task:
        case EndReservation():
            return await end(store, tenant_id, task, at)
        case DivideReservation():
            return await divide(store, tenant_id, task, at)
        case Queue():
            sku, change = task.wait.sku, task.wait
            done = await commit(store, tenant_id, sku, lambda s: wait_operations(s, [change]))
            return Outcome.DONE if done else Outcome.REPEATED
        case Unqueue():
            done = await commit(
                store, tenant_id, task.sku, lambda s: wait_operations(s, [close_of(task)])
            )
            return Outcome.DONE if done else Outcome.REPEATED
        case Move():
            return await _once(store, tenant_id, task.sku, lambda s: delta_operations(task, s)[1])
        case Restore():
            return await restore(store, tenant_id, task)
    assert_never(task)
