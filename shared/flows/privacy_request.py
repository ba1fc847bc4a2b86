"""What a channel asks for a person's sake: an erase begins here; what only people can do waits.

The channel is answered at once: the erase is written down, and the sweep does it. Where goods are
still to go out, or the person's data is to be told to them, or a whole shop is to be forgotten, an
exception names the request, our customers and our orders, and nothing of the person.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from shared.channels import service as channel_service
from shared.channels.model import Notice, Privacy
from shared.channels.service import Received
from shared.contracts.intake import Contact
from shared.customers import service as customers
from shared.customers.model import CustomerHasOpenOrders, keyring_of
from shared.flows.erase_customer import Eraser, erase_customer
from shared.flows.erase_order import erase_orders
from shared.flows.link_customer import link_customer
from shared.kernel.errors import NotFound, Unavailable
from shared.kernel.ids import hash_id, order_id
from shared.orders import service as order_service
from shared.orders.decide import Act
from shared.orders.decide.actions import PRIVACY_REQUEST
from shared.orders.decide.exceptions import apart
from shared.orders.model import Order
from shared.tenants.model import Caller

REFERENCES_MAX: Final = 100  # orders that a request names and we look at
NAMED_MAX: Final = 20  # customers, and orders, that an exception names


@dataclass(frozen=True, slots=True)
class _Concerned:
    """Whom a request is about; `alone` are orders of theirs by which nobody is known again."""

    customers: dict[str, None] = field(default_factory=dict)
    alone: list[Order] = field(default_factory=list)


async def take_notice(
    eraser: Eraser, caller: Caller, received: Received, notice: Notice, now: datetime
) -> str:
    """Do what a notice asks, once; returns what became of it: done, known or noted.

    Raises:
        Unavailable: others change what it is about; the channel sends it again.
    """
    store = eraser.flows.store
    if await channel_service.is_known(store, caller.tenant_id, received):
        return "known"
    outcome = "noted"
    match notice.privacy:
        case None:
            pass
        case Privacy.ERASE:
            outcome = await _erase(eraser, caller, received, notice, now)
        case Privacy.TELL:
            about = await _concerned(eraser, caller, received, notice, now)
            orders = [order.order_id for order in about.alone]
            await _ask(eraser, caller, received, list(about.customers), orders, now)
        case Privacy.ERASE_SHOP:
            await _ask(eraser, caller, received, (), (), now)
    await channel_service.acknowledge(store, caller.tenant_id, received)
    return outcome


async def _erase(
    eraser: Eraser, caller: Caller, received: Received, notice: Notice, now: datetime
) -> str:
    about = await _concerned(eraser, caller, received, notice, now)
    held: list[str] = []
    alone = (caller.tenant_id, about.alone, now)
    left = await erase_orders(eraser.flows, eraser.messenger, *alone)
    for customer_id in about.customers:
        try:
            await erase_customer(eraser, caller, customer_id, now, steps=0)
        except CustomerHasOpenOrders as refused:
            held.append(customer_id)
            left += refused.orders
        except NotFound:  # an order names them, and their record is written at this moment
            raise Unavailable(f"{customer_id} is being linked") from None
    if held or left or len(notice.references) > REFERENCES_MAX:
        await _ask(eraser, caller, received, held, left, now)
        return "noted"
    return "done"


async def _concerned(
    eraser: Eraser, caller: Caller, received: Received, notice: Notice, now: datetime
) -> _Concerned:
    """Find whom a request is about: by the e-mail (else the phone) and by the orders it names.

    A phone may be a household's: it tells who somebody is only where nothing else does.
    """
    flows, tenant_id = eraser.flows, caller.tenant_id
    ring = keyring_of((await flows.knowledge.of(tenant_id, now)).settings)
    contact = Contact(email=notice.email, phone=None if notice.email else notice.phone)
    known = await customers.known_customer(flows.store, tenant_id, contact, ring=ring)
    about = _Concerned()
    if known is not None:
        about.customers[known.customer_id] = None
    for reference in notice.references[:REFERENCES_MAX]:
        name = order_id(tenant_id, received.envelope.connection, reference)
        stored = await order_service.find(flows.store, tenant_id, name)
        if stored is None:
            continue
        customer_id = stored.body.customer_id or await link_customer(flows, caller, name, now)
        if customer_id is not None:
            about.customers[customer_id] = None
        elif stored.body.erased_at is None:
            about.alone.append(stored.body)
    return about


async def _ask(
    eraser: Eraser,
    caller: Caller,
    received: Received,
    concerned: Sequence[str],
    orders: Sequence[str],
    now: datetime,
) -> None:
    envelope, tenant_id = received.envelope, caller.tenant_id
    detail: dict[str, str | int] = {"topic": envelope.topic}
    if concerned:
        detail["customers"] = " ".join(concerned[:NAMED_MAX])
    if orders:
        detail["orders"] = " ".join(orders[:NAMED_MAX])
    name = hash_id("x", tenant_id, envelope.connection, envelope.dedupe_key)
    act = Act(tenant_id, now, caller.name)
    opened = apart(name, PRIVACY_REQUEST, envelope.connection, detail, act)
    await order_service.open_apart(eraser.flows.store, tenant_id, opened)
