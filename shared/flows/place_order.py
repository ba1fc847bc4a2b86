"""An order of any door becomes one document: names resolved, lookups hashed, then accepted."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from shared.catalog.model import Product, ProductKind
from shared.contracts.intake import PlaceOrder
from shared.customers import service as customers
from shared.customers.model import keyring_of
from shared.flows.context import Flows
from shared.flows.find_order import lookups_of
from shared.kernel.errors import Fault, Invalid
from shared.orders import decide as orders
from shared.orders import service as order_service
from shared.orders.decide import Act, Component, ProductFacts
from shared.orders.model import ItemKind
from shared.orders.service import Placed
from shared.tenants.model import Caller, Settings


async def place_order(flows: Flows, caller: Caller, intake: PlaceOrder, now: datetime) -> Placed:
    """Accept an order, once however often and through whatever door it comes.

    Raises:
        Invalid: the intake contradicts itself; every fault is named.
        OrderDiffers: an order of this connection and reference says something else.
    """
    known = await flows.knowledge.of(caller.tenant_id, now)
    return await order_service.place(
        flows.store,
        intake,
        await facts_of(flows, caller.tenant_id, orders.codes_of(intake), now),
        Act(caller.tenant_id, now, caller.name),
        pool_id=known.pool_id(intake.channel),
        lookups=lookups_of(intake, known.settings),
        customer_tier=await _tier_of(flows, caller.tenant_id, intake, known.settings),
        correlation_id=caller.correlation_id,
    )


async def place_canonical(
    flows: Flows, caller: Caller, intake: PlaceOrder, now: datetime
) -> Placed:
    """Accept an order of a system that speaks our own form, and so knows our locations.

    A channel does not: there, goods to be collected nowhere are an exception of the order.

    Raises:
        Invalid: a line is to be collected where there is no location; as `place_order` beside.
        OrderDiffers: an order of this connection and reference says something else.
    """
    known = await flows.knowledge.of(caller.tenant_id, now)
    faults = [
        Fault(f"/lines/{index}/pickup_location", "unknown-location", "there is no such location")
        for index, line in enumerate(intake.lines)
        if line.pickup_location is not None and line.pickup_location not in known.locations
    ]
    if faults:
        raise Invalid(faults)
    return await place_order(flows, caller, intake, now)


async def _tier_of(
    flows: Flows, tenant_id: str, intake: PlaceOrder, settings: Settings
) -> str | None:
    """Return what the customer is to the retailer: rules ask for it before the order is linked."""
    if intake.customer is None:
        return None
    ring = keyring_of(settings)
    found = await customers.known_customer(flows.store, tenant_id, intake.customer, ring=ring)
    return found.tier if found else None


async def facts_of(
    flows: Flows, tenant_id: str, codes: Iterable[str], now: datetime
) -> dict[str, ProductFacts]:
    """Return what accepting must know of the products that SKUs, aliases or barcodes name."""
    found = await flows.knowledge.named_products(tenant_id, codes, now)
    held = {part.sku for product in found.values() for part in product.components}
    inside = await flows.knowledge.products(tenant_id, sorted(held), now)
    return {code: product_facts(product, inside) for code, product in found.items()}


def product_facts(product: Product, inside: Mapping[str, Product]) -> ProductFacts:
    """Return a product as orders see it; `inside` are the products that bundles hold (pure).

    A bundle that holds a product that is not there, or by now a bundle, is one without components.
    """
    parts = [(inside.get(held.sku), held.quantity) for held in product.components]
    whole = tuple(
        Component(product_facts(part, {}), quantity)
        for part, quantity in parts
        if part is not None and part.kind is not ProductKind.BUNDLE
    )
    return ProductFacts(
        sku=product.sku,
        kind=ItemKind(product.kind.value),
        step=Decimal(product.step),
        title=product.name,
        price=product.price,
        components=whole if len(whole) == len(parts) else (),
        may_split=product.components_may_split,
    )
