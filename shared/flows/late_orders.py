"""Orders whose linking is under way name their customer before an erase looks for its orders."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.customers.decide import marks_of
from shared.customers.model import Customer, keyring_of
from shared.flows.context import Flows
from shared.flows.link_customer import link_customer
from shared.kernel.conditions import Condition
from shared.orders.model import ORDERS
from shared.tenants.model import Caller

PAGE: Final = 200  # orders that one call names, about


@dataclass(frozen=True, slots=True)
class Place:
    """Where the next call goes on: at which of the customer's identifiers, and on which page."""

    mark: int = 0
    cursor: str | None = None


async def name_late_orders(
    flows: Flows, caller: Caller, customer: Customer, now: datetime, place: Place = Place()
) -> Place | None:
    """Name the customer in a page of orders that tell of them; None when there are no more.

    Raises:
        Unavailable: others change one of them; the same place again finds what is left.
    """
    ring = keyring_of((await flows.knowledge.of(caller.tenant_id, now)).settings)
    found = 0
    for index, mark in enumerate(marks_of(customer)[place.mark :], place.mark):
        page = await flows.store.query(
            caller.tenant_id,
            ORDERS,
            where=(
                Condition("lookups", "contains", mark.hashed(ring)),
                Condition("customer_id", "absent"),
            ),
            limit=PAGE,
            cursor=place.cursor if index == place.mark else None,
        )
        for row in page.items:
            await link_customer(flows, caller, row.body.order_id, now)
        found += len(page.items)
        if page.cursor:
            return Place(index, page.cursor)
        if found >= PAGE:
            return Place(index + 1)
    return None
