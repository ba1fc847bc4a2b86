"""Commands on orders: load, decide, save; a lost write is decided again."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypeAlias

from shared.contracts.intake import PlaceOrder
from shared.contracts.orders import ExceptionOpened
from shared.contracts.outbox import record
from shared.kernel.conditions import Condition
from shared.kernel.documents import Container, Create, Documents, Operation, Replace, Stored
from shared.kernel.errors import Exists, GuardFailed, NotFound, Refused, Unavailable
from shared.orders import decide
from shared.orders.decide import Act, Change, ProductFacts
from shared.orders.model import ORDERS, ExceptionDocument, Order, PartState
from shared.orders.service.reading import ORDER, get_order, load
from shared.orders.work import COMMANDS, EXCEPTIONS, CommandDone, ExceptionStatus

ATTEMPTS_MAX: Final = 5
OPEN_EXCEPTIONS_READ_MAX: Final = 30  # of one order, when a change may settle some

Decider: TypeAlias = Callable[[Order], Change | None]


def events_of(change: Change, act: Act, correlation_id: str = "") -> tuple[Operation, ...]:
    """Return the creates of a change: its event documents and the exceptions that it opens."""
    version, by = change.order.version, act.by
    operations: list[Operation] = [
        record(
            Container.ORDERS, ORDER, version, change.event, actor=by, correlation_id=correlation_id
        )
    ]
    operations += (
        record(Container.ORDERS, "refund", version, event, actor=by, correlation_id=correlation_id)
        for event in change.also
    )
    for opened in change.opened:
        name = f"exception:{opened.exception_id}"
        operations.append(Create(EXCEPTIONS, name, opened))
        if not isinstance(change.event, ExceptionOpened):
            event = _opened(change, opened)
            operations.append(
                record(Container.ORDERS, name, 1, event, actor=by, correlation_id=correlation_id)
            )
    return tuple(operations)


def _opened(change: Change, opened: ExceptionDocument) -> ExceptionOpened:
    return ExceptionOpened(
        tenant_id=change.event.tenant_id,
        occurred_at=opened.opened_at,
        order_id=change.order.order_id,
        order_version=change.order.version,
        exception_id=opened.exception_id,
        reason=opened.code,
    )


def transition(
    stored: Stored[Order], change: Change, act: Act, correlation_id: str = ""
) -> tuple[Operation, ...]:
    """Return a change's operations: replace under the etag, event documents, exceptions."""
    replace = Replace(ORDERS, ORDER, change.order, stored.etag)
    return (replace, *events_of(change, act, correlation_id))


async def save(
    store: Documents,
    stored: Stored[Order],
    change: Change,
    act: Act,
    *,
    extra: Sequence[Operation] = (),
    command_id: str | None = None,
    correlation_id: str = "",
) -> Stored[Order]:
    """Write one transition as one batch, with what else belongs to it.

    Raises:
        GuardFailed: the order, or a document of `extra`, was changed meanwhile.
        Exists: the command of that id is done already.
    """
    operations = [*transition(stored, change, act, correlation_id), *extra]
    operations += await _settlements(store, stored.body, change, act, correlation_id)
    first = 0
    if command_id is not None:
        done = CommandDone(at=act.now, by=act.by)
        operations.insert(0, Create(COMMANDS, f"cmd:{command_id}", done))
        first = 1
    etags = await store.batch(act.tenant_id, Container.ORDERS, change.order.order_id, operations)
    return Stored(stored.id, stored.key, etags[first], change.order)


async def _settlements(
    store: Documents, before: Order, change: Change, act: Act, correlation_id: str
) -> list[Operation]:
    """Close the exceptions whose parts go on with this change."""
    if not any(part.state is PartState.EXCEPTION for _, part in decide.all_parts(before)):
        return []
    page = await store.query(
        act.tenant_id,
        EXCEPTIONS,
        key=before.order_id,
        where=(Condition("status", "eq", ExceptionStatus.OPEN.value),),
        limit=OPEN_EXCEPTIONS_READ_MAX,
    )
    found = {row.body.exception_id: row for row in page.items}
    closed = decide.settled_by(
        change.order, [row.body for row in page.items], change.event.reason or "cancel", act
    )
    operations: list[Operation] = []
    for row in closed:
        operations += _closing(found[row.exception_id], row, change.order, act, correlation_id)
    return operations


def _closing(
    stored: Stored[ExceptionDocument],
    closed: ExceptionDocument,
    order: Order,
    act: Act,
    correlation_id: str,
) -> tuple[Operation, ...]:
    event = decide.closed_event(closed, order, act)
    return (
        Replace(EXCEPTIONS, stored.id, closed, stored.etag),
        record(Container.ORDERS, stored.id, 2, event, actor=act.by, correlation_id=correlation_id),
    )


async def change_order(
    store: Documents,
    order_id: str,
    decider: Decider,
    act: Act,
    *,
    command_id: str | None = None,
    correlation_id: str = "",
) -> Order:
    """Run one command that touches the order alone; returns the order as it stands then.

    `command_id` makes a command that changes quantities or money happen once.

    Raises:
        NotFound: no such order.
        Refused: as the decider says.
        Unavailable: others changed it at every attempt.
    """
    for attempt in range(ATTEMPTS_MAX):
        with suppress(GuardFailed, Exists):
            return await _change_order(
                *(store, order_id, decider, act),
                command_id=command_id,
                correlation_id=correlation_id,
                is_again=attempt > 0,
            )
    raise Unavailable(f"{order_id} is being changed by others")


async def _change_order(
    store: Documents,
    order_id: str,
    decider: Decider,
    act: Act,
    *,
    command_id: str | None,
    correlation_id: str,
    is_again: bool,
) -> Order:
    """Do it once; whether it was done before is asked only when it cannot be done now."""
    stored = await load(store, act.tenant_id, order_id)
    if is_again and await _is_repeated(store, act, order_id, command_id):
        return stored.body
    try:
        change = decider(stored.body)
    except Refused:  # of what it was done to there may be nothing left
        if await _is_repeated(store, act, order_id, command_id):
            return stored.body
        raise
    if change is None:
        return stored.body
    saved = await save(
        *(store, stored, change, act), command_id=command_id, correlation_id=correlation_id
    )
    return saved.body


async def _is_repeated(store: Documents, act: Act, order_id: str, command_id: str | None) -> bool:
    return command_id is not None and await is_done(store, act.tenant_id, order_id, command_id)


async def is_done(store: Documents, tenant_id: str, order_id: str, command_id: str) -> bool:
    """Tell whether a command of this id was done on this order."""
    return await store.get(tenant_id, COMMANDS, order_id, f"cmd:{command_id}") is not None


@dataclass(frozen=True, slots=True)
class Placed:
    """`is_new` False: the same order was here already."""

    order: Order
    is_new: bool


async def place(
    store: Documents,
    intake: PlaceOrder,
    products: Mapping[str, ProductFacts],
    act: Act,
    *,
    pool_id: str | None = None,
    lookups: tuple[str, ...] = (),
    customer_tier: str | None = None,
    correlation_id: str = "",
) -> Placed:
    """Accept an order, once however often it comes.

    Raises:
        Invalid: the intake contradicts itself.
        OrderDiffers: an order of this connection and reference says something else.
    """
    change = decide.accept(
        *(intake, products, act), pool_id=pool_id, lookups=lookups, customer_tier=customer_tier
    )
    order = change.order
    operations = (Create(ORDERS, ORDER, order), *events_of(change, act, correlation_id))
    try:
        await store.batch(act.tenant_id, Container.ORDERS, order.order_id, operations)
    except Exists:
        stored = await load(store, act.tenant_id, order.order_id)
        return Placed(decide.same_or_refused(stored.body, intake), is_new=False)
    return Placed(order, is_new=True)


async def close_exception(
    store: Documents, exception_id: str, action: str, act: Act, correlation_id: str = ""
) -> ExceptionDocument:
    """Close an order's exception by one of its legal actions, once.

    Raises:
        NotFound: no such exception.
        NotALegalAction, ExceptionClosed: see decide.close_exception.
    """
    order_id = exception_id.split(".", maxsplit=1)[0]
    for _ in range(ATTEMPTS_MAX):
        name = f"exception:{exception_id}"
        stored = await store.get(act.tenant_id, EXCEPTIONS, order_id, name)
        if stored is None:
            raise NotFound("exception")
        closed = decide.close_exception(stored.body, action, act)
        if closed is None:
            return stored.body
        order = await get_order(store, act.tenant_id, order_id)
        try:
            operations = _closing(stored, closed, order, act, correlation_id)
            await store.batch(act.tenant_id, Container.ORDERS, order_id, operations)
        except (GuardFailed, Exists):
            continue
        return closed
    raise Unavailable(f"{exception_id} is being changed by others")
