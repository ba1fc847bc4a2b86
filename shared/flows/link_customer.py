"""The customer of an order is found or made, and named in the order."""

from datetime import datetime

from shared.contracts.intake import Address, Contact
from shared.customers import service as customers
from shared.customers.model import OrderFacts, keyring_of
from shared.flows.context import Flows
from shared.flows.order_command import apply_command
from shared.orders import decide as orders
from shared.orders import service as order_service
from shared.tenants.model import Caller


async def link_customer(flows: Flows, caller: Caller, order_id: str, now: datetime) -> str | None:
    """Link an order to its customer's one record; None when nobody can be known again by it.

    None too where the order is erased, or names a customer whose record was.
    """
    order = await order_service.get_order(flows.store, caller.tenant_id, order_id)
    if order.customer is None or order.erased_at is not None:
        return None

    async def name(customer_id: str, tier: str | None) -> bool:
        applied = await apply_command(
            flows,
            caller,
            order_id,
            lambda order, _, act: orders.link_customer(order, customer_id, tier, (), act),
            now,
        )
        named = applied.order
        return named.erased_at is None and named.customer_id == customer_id

    known = await flows.knowledge.of(caller.tenant_id, now)
    told = (order.ship_to, order.bill_to)
    return await customers.link(
        flows.store,
        caller.tenant_id,
        Contact(**dict(order.customer)),
        OrderFacts(order_id, tuple(Address(**dict(address)) for address in told if address)),
        ring=keyring_of(known.settings),
        ids=flows.ids,
        name=name,
        now=now,
    )
