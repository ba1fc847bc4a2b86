"""Commands that a return shares with its order: one batch if-matches both (design 3)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from shared.catalog.model import Product
from shared.flows.context import Flows
from shared.flows.knowledge import TenantKnowledge
from shared.kernel.documents import Container, Operation, Stored
from shared.kernel.errors import Exists, GuardFailed, NotFound, Unavailable
from shared.orders import service as order_service
from shared.orders.decide import Act, Change
from shared.orders.model import Order
from shared.returns import service as return_service
from shared.returns.model import Return
from shared.tenants.model import Caller

ATTEMPTS_MAX: Final = 5


@dataclass(frozen=True, slots=True)
class Sight:
    """An order with its returns, as read for one attempt; `products` by SKU."""

    order: Order
    returns: tuple[Stored[Return], ...]
    products: Mapping[str, Product]
    known: TenantKnowledge
    act: Act
    caller: Caller

    def find(self, return_id: str) -> Stored[Return]:
        """Return one of the order's returns.

        Raises:
            NotFound: it has none of this id.
        """
        for stored in self.returns:
            if stored.body.return_id == return_id:
                return stored
        raise NotFound("return")


@dataclass(frozen=True, slots=True)
class Write:
    """What a rule comes to; without a change of the order `beside` is written alone.

    `command_id` makes what leaves no trace in the return happen once.
    """

    found: Return
    beside: tuple[Operation, ...]
    change: Change | None = None
    command_id: str | None = None


Rule: TypeAlias = Callable[[Sight], Write | Return]


async def apply_to_return(
    flows: Flows, caller: Caller, order_id: str, rule: Rule, now: datetime
) -> Return:
    """Load order and returns, decide, write; a return from the rule means it was done already.

    Raises:
        NotFound: no such order.
        Refused: as the rule says.
        Unavailable: five others changed them meanwhile.
    """
    store, tenant_id = flows.store, caller.tenant_id
    known = await flows.knowledge.of(tenant_id, now)
    act = Act(tenant_id, now, caller.name)
    for _ in range(ATTEMPTS_MAX):
        stored = await order_service.load(store, tenant_id, order_id)
        order = stored.body
        found = await return_service.of_order(store, tenant_id, order_id, order.returns)
        products = await flows.knowledge.products(tenant_id, order.skus, now)
        write = rule(Sight(order, found, products, known, act, caller))
        if isinstance(write, Return):
            return write
        try:
            await _save(flows, stored, write, act, caller)
        except (GuardFailed, Exists):
            continue
        return write.found
    raise Unavailable(f"{order_id} is being changed by others")


async def _save(
    flows: Flows, stored: Stored[Order], write: Write, act: Act, caller: Caller
) -> None:
    store, tenant_id = flows.store, caller.tenant_id
    if write.change is None:
        await store.batch(tenant_id, Container.ORDERS, stored.key, write.beside)
        return
    name = write.command_id
    if name and await order_service.is_done(store, tenant_id, stored.body.order_id, name):
        return
    await order_service.save(
        store,
        stored,
        write.change,
        act,
        extra=write.beside,
        command_id=name,
        correlation_id=caller.correlation_id,
    )


async def skus_of(
    flows: Flows, caller: Caller, codes: Iterable[str | None], now: datetime
) -> dict[str, str]:
    """Return the SKU of each code (SKU, alias or barcode) that the catalog knows."""
    asked = [code for code in codes if code]
    found = await flows.knowledge.named_products(caller.tenant_id, asked, now)
    return {code: product.sku for code, product in found.items()}


async def check_place(flows: Flows, caller: Caller, location_id: str | None, now: datetime) -> None:
    """Hold a named location to those that there are.

    Raises:
        NotFound: there is none of this id.
    """
    known = await flows.knowledge.of(caller.tenant_id, now)
    if location_id is not None and location_id not in known.locations:
        raise NotFound("location")
