"""A customer's personal data is erased everywhere, step by step (design 3).

How far it came stands in the customer's partition, so that a crash is gone on from by the sweep.
Orders that are not linked yet are named first. Bodies that are kept as they came are looked through
next, while the record and the orders still tell what names the person; then the orders with their
work, returns and letters; then the record; then the old pages of the files. Every step may be
repeated. What stays of an order is what the books need: amounts, lines, country, region and the
postcode's area.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from shared.channels import service as channels
from shared.channels.model import INBOX, Envelope, InboxStatus
from shared.customers import service as customers
from shared.customers.model import (
    ERASURE_ID,
    ERASURES,
    LEFT_MAX,
    CustomerHasOpenOrders,
    Erasure,
    ErasureStage,
)
from shared.flows.context import Flows
from shared.flows.erase_order import erase_orders
from shared.flows.follow import system
from shared.flows.late_orders import Place, name_late_orders
from shared.flows.personal_data import Person, names, person_of, text_of
from shared.kernel.claims import Claims
from shared.kernel.conditions import Condition
from shared.kernel.documents import (
    Container,
    Create,
    Delete,
    Document,
    Documents,
    Kind,
    Operation,
    Replace,
    Stored,
    pages,
)
from shared.kernel.documents import Order as Sorting
from shared.kernel.errors import Exists, NotFound, Outside, Refused, Unavailable, WriteLost
from shared.notifications.model import DELIVERIES, Delivery
from shared.notifications.ports import Messenger
from shared.orders.decide.erase import DONE
from shared.orders.model import ORDERS, Order
from shared.tenants.idempotency import IDEMPOTENCY, KEPT_S, IdempotencyRecord
from shared.tenants.model import Caller
from shared.tenants.parking import PARKED, ParkedMessage

STEPS_AT_ONCE: Final = 60  # what a request does itself; the sweep does the rest
STEPS_OF_SWEEP: Final = 500
SWEPT_MAX: Final = 20  # erases a tenant and run
PAGE: Final = 200
ORDERS_PAGE: Final = 25
D = TypeVar("D", bound=Document)


@dataclass(frozen=True, slots=True)
class Eraser:
    """What erasing stands on. `scrub` empties the files of old pages; False: try again later."""

    flows: Flows
    claims: Claims
    messenger: Messenger
    scrub: Callable[[], Awaitable[bool]]


async def erase_customer(
    eraser: Eraser,
    caller: Caller,
    customer_id: str,
    now: datetime,
    *,
    steps: int | None = None,
) -> Erasure:
    """Begin an erase, or go on with it; what a request has no time (`steps`) for the sweep does.

    Asked again when it is done, it looks once more: orders may have come meanwhile.

    Raises:
        NotFound: there is no such customer.
        CustomerHasOpenOrders: goods are still to be handed out or sent.
        Unavailable: another run is at it.
    """
    store, tenant_id = eraser.flows.store, caller.tenant_id
    found = await customers.get_customer(store, tenant_id, customer_id)
    if found is None:
        raise NotFound("customer")
    more = await name_late_orders(eraser.flows, caller, found.body, now)
    stored = await store.get(tenant_id, ERASURES, f"customer:{customer_id}", ERASURE_ID)
    if stored is None or not stored.body.is_open:
        orders = await _orders(store, tenant_id, customer_id)
        if left := [order.order_id for order in orders if order.status not in DONE]:
            raise CustomerHasOpenOrders(left[:LEFT_MAX])
        fresh = Erasure(customer_id=customer_id, asked_at=now, asked_by=caller.name)
        fresh = _named_up_to(fresh, more) if more else fresh
        stored = await _write(store, tenant_id, fresh, stored)
    return await _go_on(eraser, tenant_id, stored, now, STEPS_AT_ONCE if steps is None else steps)


async def continue_erasures(eraser: Eraser, tenant_id: str, now: datetime) -> int:
    """Go on with what requests began; returns how many came to their end."""
    page = await eraser.flows.store.query(
        tenant_id, ERASURES, where=(Condition("is_open", "eq", value=True),), limit=SWEPT_MAX
    )
    done = 0
    for stored in page.items:
        try:
            after = await _go_on(eraser, tenant_id, stored, now, STEPS_OF_SWEEP)
        except (Refused, Outside):
            continue  # another run is at it, or the outside fails: the next run looks again
        done += not after.is_open
    return done


async def _go_on(
    eraser: Eraser, tenant_id: str, stored: Stored[Erasure], now: datetime, steps: int
) -> Erasure:
    run = _Run(eraser, tenant_id, now, await _person(eraser, tenant_id, stored.body))
    for _ in range(steps):
        if not stored.body.is_open or (after := await run.step(stored.body)) is None:
            break
        stored = await _write(eraser.flows.store, tenant_id, after, stored)
    return stored.body


async def _person(eraser: Eraser, tenant_id: str, state: Erasure) -> Person:
    """Return what names the customer; only looking through bodies asks for it."""
    if state.stage is not ErasureStage.BODIES:
        return Person()
    store = eraser.flows.store
    found = await customers.get_customer(store, tenant_id, state.customer_id)
    orders = await _orders(store, tenant_id, state.customer_id)
    return person_of(found.body, orders) if found else Person()


async def _orders(store: Documents, tenant_id: str, customer_id: str) -> list[Order]:
    where = (Condition("customer_id", "eq", customer_id),)
    return [row.body async for row in pages(store, tenant_id, ORDERS, where=where, limit=PAGE)]


async def _write(
    store: Documents, tenant_id: str, body: Erasure, stored: Stored[Erasure] | None
) -> Stored[Erasure]:
    key = f"customer:{body.customer_id}"
    write: Operation = Create(ERASURES, ERASURE_ID, body)
    if stored is not None:
        write = Replace(ERASURES, ERASURE_ID, body, stored.etag)
    try:
        (etag,) = await store.batch(tenant_id, Container.MASTER, key, (write,))
    except WriteLost as error:
        raise Unavailable("another run erases this customer just now") from error
    return Stored(ERASURE_ID, key, etag, body)


class _Run:
    """The steps of one erase."""

    def __init__(self, eraser: Eraser, tenant_id: str, now: datetime, person: Person) -> None:
        self._eraser, self._tenant_id, self._now = eraser, tenant_id, now
        self._store, self._person = eraser.flows.store, person

    async def step(self, state: Erasure) -> Erasure | None:
        """Do the next step; None when it can only be done later."""
        match state.stage:
            case ErasureStage.LINKS:
                return await self._links(state)
            case ErasureStage.BODIES:
                return await self._bodies(state)
            case ErasureStage.ORDERS:
                return await self._of_orders(state)
            case ErasureStage.CUSTOMER:
                asked = (self._store, self._tenant_id, state.customer_id)
                await customers.erase(*asked, now=self._now)
                return await self._came_meanwhile(_at(state, ErasureStage.FILES))
            case ErasureStage.FILES:
                done = {"is_open": False, "done_at": self._now}
                is_done = await self._eraser.scrub()
                return _at(state, ErasureStage.DONE, **done) if is_done else None
            case ErasureStage.DONE:
                return None

    async def _links(self, state: Erasure) -> Erasure:
        found = await customers.get_customer(self._store, self._tenant_id, state.customer_id)
        if found is None:
            return _at(state, ErasureStage.BODIES)
        asked = (self._eraser.flows, system(self._tenant_id, "erase"), found.body, self._now)
        more = await name_late_orders(*asked, Place(state.step, state.cursor))
        return _named_up_to(state, more) if more else _at(state, ErasureStage.BODIES)

    async def _bodies(self, state: Erasure) -> Erasure:
        scans = (self._inbox, self._parked, self._answers, self._deliveries)
        if state.step < len(scans):
            count, cursor = await scans[state.step](state.cursor)
            step = state.step if cursor else state.step + 1
            found = {"step": step, "cursor": cursor, "bodies": state.bodies + count}
            return state.model_copy(update=found)
        count = await self._eraser.claims.forget(
            self._tenant_id,
            lambda body: names(self._person.marks, body.decode("utf-8", "replace")),
        )
        return _at(state, ErasureStage.ORDERS, bodies=state.bodies + count)

    async def _of_orders(self, state: Erasure) -> Erasure:
        page = await self._store.query(
            self._tenant_id,
            ORDERS,
            where=(Condition("customer_id", "eq", state.customer_id),),
            order=Sorting("accepted_at"),
            limit=ORDERS_PAGE,
            cursor=state.cursor,
        )
        after = await self._erased(state, [row.body for row in page.items])
        after = after.model_copy(update={"cursor": page.cursor})
        return after if page.cursor else _at(after, ErasureStage.CUSTOMER)

    async def _came_meanwhile(self, state: Erasure) -> Erasure:
        """Look at orders that named the customer late; none names an erased record any more."""
        found = await _orders(self._store, self._tenant_id, state.customer_id)
        missed = [o for o in found if o.erased_at is None and o.order_id not in state.left]
        return await self._erased(state, missed)

    async def _erased(self, state: Erasure, found: Sequence[Order]) -> Erasure:
        where = (self._eraser.flows, self._eraser.messenger, self._tenant_id)
        left = (*state.left, *await erase_orders(*where, found, self._now))[:LEFT_MAX]
        return state.model_copy(update={"orders": state.orders + len(found), "left": left})

    async def _inbox(self, cursor: str | None) -> tuple[int, str | None]:
        waiting = (Condition("status", "eq", InboxStatus.WAITING.value),)

        def done(row: Stored[Envelope]) -> Operation | None:
            is_about = names(self._person.marks, row.body.payload)
            return channels.finish_waiting(row) if is_about else None

        return await self._scan(INBOX, done, cursor, waiting)

    async def _parked(self, cursor: str | None) -> tuple[int, str | None]:
        def gone(row: Stored[ParkedMessage]) -> Operation | None:
            text = text_of(row.body.body, is_base64=row.body.is_base64)
            is_about = names(self._person.marks, text)
            return Delete(PARKED, row.id, row.etag) if is_about else None

        return await self._scan(PARKED, gone, cursor)

    async def _answers(self, cursor: str | None) -> tuple[int, str | None]:
        def blank(row: Stored[IdempotencyRecord]) -> Operation | None:
            if not names(self._person.texts, row.body.answer):
                return None
            body = row.body.model_copy(update={"answer": None})
            return Replace(IDEMPOTENCY, row.id, body, row.etag, KEPT_S)

        return await self._scan(IDEMPOTENCY, blank, cursor)

    async def _deliveries(self, cursor: str | None) -> tuple[int, str | None]:
        def gone(row: Stored[Delivery]) -> Operation | None:
            is_about = names(self._person.texts, row.body.payload)
            return Delete(DELIVERIES, row.id, row.etag) if is_about else None

        return await self._scan(DELIVERIES, gone, cursor)

    async def _scan(
        self,
        kind: Kind[D],
        write_of: Callable[[Stored[D]], Operation | None],
        cursor: str | None,
        where: Sequence[Condition] = (),
    ) -> tuple[int, str | None]:
        """Look through a page of stored bodies; returns how many went, and where to go on."""
        page = await self._store.query(
            self._tenant_id, kind, where=tuple(where), limit=PAGE, cursor=cursor
        )
        count = 0
        for row in page.items:
            write = write_of(row)
            if write is None:
                continue
            try:
                await self._store.batch(self._tenant_id, kind.container, row.key, (write,))
            except (Exists, WriteLost):
                raise Unavailable("a stored body is being changed by others") from None
            count += 1
        return count, page.cursor


def _named_up_to(state: Erasure, place: Place) -> Erasure:
    at = {"stage": ErasureStage.LINKS, "step": place.mark, "cursor": place.cursor}
    return state.model_copy(update=at)


def _at(state: Erasure, stage: ErasureStage, **changes: object) -> Erasure:
    fixed: dict[str, object] = {"stage": stage, "step": 0, "cursor": None}
    return state.model_copy(update=fixed | changes)
