"""Put a retailer into a store: tenant, keys, locations, products, rules, cards, opening stock.

Every step may be repeated: what stands already is left as it is.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from local.demo.kept import Kept
from local.demo.retailers import (
    Level,
    locations_of,
    opening_stock,
    products_of,
    stock_rules_of,
)
from local.demo.shape import Retailer
from shared.catalog import service as catalog
from shared.contracts.inventory import Count
from shared.couriers import service as couriers
from shared.couriers.seeds import example_de_card, example_us_card
from shared.inventory import service as inventory
from shared.inventory.decide.amounts import Deltas
from shared.inventory.decide.recording import count_operations
from shared.inventory.model import stamp
from shared.kernel.documents import Container, Documents, Operation
from shared.kernel.errors import Exists, PreconditionFailed
from shared.routing import service as routing
from shared.routing.model import RuleSetImmutable
from shared.routing.seeds import by_cost, store_first
from shared.tenants import service as tenants
from shared.tenants.model import Preferences, Role, TenantExists
from shared.tenants.service import CreateKey, CreateTenant, Office

OPENED_BEFORE: Final = timedelta(hours=8)  # the counts were made the night before
COUNTS_A_BATCH: Final = 40  # two documents each, below the store's hundred
FEED_PAGE: Final = 1_000
FEED_PAGES_MAX: Final = 10_000
PICKUP_EXPIRY_DAYS: Final = 1
STOCK_RELAY: Final = "relay-stock"  # the outbox relay's own place in the feed
SHOP: Final = "shop"  # the connection of the web shop
SAME_DAY: Final = "same-day"  # orders of this type go to stores first
FLOOR: Final = "floor"  # the key of the day's store and warehouse teams

Progress = Callable[[int], None]


async def plant(
    office: Office, retailer: Retailer, kept: Kept, now: datetime, progress: Progress
) -> None:
    """Seed one retailer; `progress` is told how many products came in."""
    store, tenant_id = office.store, retailer.tenant_id
    await _tenant(office, retailer, kept, now)
    places = locations_of(retailer, now.date())
    for location in places:
        await catalog.put_location(store, tenant_id, location)
    await _keys(office, retailer, kept, [place.location_id for place in places], now)
    for product in products_of(retailer):
        await catalog.put_product(store, tenant_id, product, now=now)
        progress(1)
    await _rules(store, retailer)
    counted_at = now - OPENED_BEFORE
    for levels in opening_stock(retailer, kept.seed).values():
        await open_levels(store, tenant_id, levels, counted_at)


async def _tenant(office: Office, retailer: Retailer, kept: Kept, now: datetime) -> None:
    command = CreateTenant(
        tenant_id=retailer.tenant_id,
        preferences=Preferences(
            name=retailer.name,
            currency=retailer.currency,
            country=retailer.country,
            time_zone=retailer.zone,
            languages=retailer.languages,
            pickup_expiry_days=PICKUP_EXPIRY_DAYS,
            pickup_reminder_days=1,
            default_service=retailer.default_service,
        ),
        admin_label="demo: admin",
    )
    with suppress(TenantExists):
        made = await tenants.create_tenant(office, command, now=now)
        kept.remember(retailer.tenant_id, Role.ADMIN.value, made.admin_key.token)


async def _keys(
    office: Office, retailer: Retailer, kept: Kept, places: Sequence[str], now: datetime
) -> None:
    wanted: dict[str, tuple[Role, tuple[str, ...]]] = {
        role.value: (role, ())
        for role in (Role.ADMIN, Role.OPERATOR, Role.INTEGRATION, Role.READ_ONLY)
    }
    wanted[Role.ASSOCIATE.value] = (Role.ASSOCIATE, (retailer.home,))
    wanted[FLOOR] = (Role.ASSOCIATE, tuple(places))
    for name, (role, locations) in wanted.items():
        if kept.token(retailer.tenant_id, name) is not None:
            continue
        command = CreateKey(label=f"demo: {name}", role=role, locations=locations)
        made = await tenants.create_key(office, retailer.tenant_id, command, actor="demo", now=now)
        kept.remember(retailer.tenant_id, name, made.token)


async def _rules(store: Documents, retailer: Retailer) -> None:
    tenant_id = retailer.tenant_id
    card = example_us_card() if retailer.country == "US" else example_de_card()
    await couriers.create_rate_card(tenant_id, store, card)
    same_day = store_first().model_copy(update={"profile": SAME_DAY})
    for rule_set in (by_cost(), same_day):
        with suppress(PreconditionFailed, Exists, RuleSetImmutable):  # it is there
            await routing.save_draft(store, tenant_id, rule_set)
        with suppress(RuleSetImmutable):
            await routing.activate(store, tenant_id, rule_set.rule_set_id, rule_set.version)
    if (await inventory.stock_rules(store, tenant_id)).version == 0:
        rules, pools = stock_rules_of(retailer)
        await inventory.save_stock_rules(store, tenant_id, rules, pools, 0)


async def open_levels(
    store: Documents, tenant_id: str, levels: Sequence[Level], counted_at: datetime
) -> None:
    """Record the first counts of a SKU, all of its locations in one batch."""
    for start in range(0, len(levels), COUNTS_A_BATCH):
        operations: list[Operation] = []
        for level in levels[start : start + COUNTS_A_BATCH]:
            count = Count(
                movement_id=f"opening.{level.location_id}",
                sku=level.sku,
                location_id=level.location_id,
                counted=level.units,
                as_of=counted_at,
            )
            operations += count_operations(count, stamp(counted_at), None, Deltas())[1]
        with suppress(Exists):  # they were counted by an earlier start
            await store.batch(tenant_id, Container.STOCK, levels[0].sku, operations)


async def pass_opening_over(store: Documents) -> int:
    """Move the outbox relay behind the opening stock; returns how many documents that were.

    A first load is no news: nobody waits for goods yet, and no channel shows any. Told one by one,
    seven thousand counts would be the day's main traffic.
    """
    feed = store.feed(Container.STOCK, STOCK_RELAY)
    passed = 0
    try:
        for _ in range(FEED_PAGES_MAX):
            batches = await feed.read(FEED_PAGE)
            if not batches:
                break
            for batch in batches:
                await feed.checkpoint(batch)
                passed += len(batch.changes)
    finally:
        await feed.close()
    return passed
