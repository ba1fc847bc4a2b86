"""What flows know of a tenant: settings, locations, rules, tariffs, at most 30 s old (design 3)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.catalog import service as catalog
from shared.catalog.decide import could_be_sku
from shared.catalog.model import Location, Product
from shared.couriers.decide import CompiledCard, Preference
from shared.couriers.model import Place as CourierPlace
from shared.couriers.model import Site
from shared.couriers.service import CardShelf
from shared.flows.premises import Premises, premises_of
from shared.inventory import service as inventory
from shared.inventory.decide.rules import Site as StockSite
from shared.inventory.decide.rules import pool_of, pools_by_id
from shared.inventory.model import StockRules
from shared.kernel.calendar import calendar_of
from shared.kernel.documents import Documents
from shared.kernel.geo import GeoPoint
from shared.routing import service as routing
from shared.routing.model import ActionKind
from shared.routing.rules import Action, RuleSet
from shared.routing.seeds import by_cost
from shared.tenants import service as tenants
from shared.tenants.model import Settings

KEPT_FOR: Final = timedelta(seconds=30)
TENANTS_KEPT_MAX: Final = 1_000
PRODUCTS_KEPT_MAX: Final = 20_000
EVERYWHERE: Final = "all"
BUILT_IN: Final = by_cost(Action(do=ActionKind.AS_SETTINGS)).model_copy(
    update={"rule_set_id": "built-in", "name": "Built in: least cost", "status": "active"}
)


@dataclass(frozen=True, slots=True)
class TenantKnowledge:
    """One tenant as of `read_at`; decisions record the versions of the rules that they used."""

    tenant_id: str
    read_at: datetime
    settings: Settings
    locations: Mapping[str, Location]
    sites: Mapping[str, Site]
    stock_sites: Mapping[str, StockSite]
    premises: Mapping[str, Premises]
    stock_rules: StockRules
    pools: Mapping[str, frozenset[str]]  # locations by pool
    rule_sets: Mapping[str, RuleSet]  # the active one of each order profile
    cards: tuple[CompiledCard, ...]
    preference: Preference

    def pool_id(self, channel: str) -> str:
        """Return the pool that a channel sells from; "all" where the tenant has named none."""
        pool = pool_of(self.stock_rules, channel)
        return pool.pool_id if pool else EVERYWHERE

    def pool(self, channel: str) -> frozenset[str]:
        """Return the locations that a channel may sell from."""
        return self.pools.get(self.pool_id(channel)) or frozenset(self.locations)

    def local_day(self, location_id: str, now: datetime) -> str:
        """Return a location's own date of an instant."""
        return self.sites[location_id].calendar.local_date(now).isoformat()

    def rule_set(self, profile: str) -> RuleSet:
        """Return the active rule set of an order profile, else the default one's.

        A tenant that has none yet, or whose last one's dates are over, is served by the built-in
        one: an accepted order is never left lying for want of rules.
        """
        return self.rule_sets.get(profile) or self.rule_sets.get("default") or BUILT_IN


class Knowledge:
    """Reads and keeps what flows know; one per process."""

    def __init__(self, store: Documents, kept_for: timedelta = KEPT_FOR) -> None:
        self._store, self._kept_for = store, kept_for
        self._shelf = CardShelf(store)
        self._tenants: dict[str, TenantKnowledge] = {}
        self._products: dict[tuple[str, str], tuple[datetime, Product]] = {}

    def forget(self, tenant_id: str) -> None:
        """Read a tenant again at the next question: it was changed through this process."""
        self._tenants.pop(tenant_id, None)
        self._shelf.forget(tenant_id)
        for key in [key for key in self._products if key[0] == tenant_id]:
            del self._products[key]

    async def of(self, tenant_id: str, now: datetime) -> TenantKnowledge:
        """Return what is known of a tenant.

        Raises:
            NotFound: there is no such tenant, or it has no settings.
        """
        kept = self._tenants.get(tenant_id)
        if kept is None or not kept.read_at <= now < kept.read_at + self._kept_for:
            kept = await self._read(tenant_id, now)
            if len(self._tenants) >= TENANTS_KEPT_MAX:
                self._tenants.clear()
            self._tenants[tenant_id] = kept
        return kept

    async def products(
        self, tenant_id: str, skus: Iterable[str], now: datetime
    ) -> dict[str, Product]:
        """Return the products that exist, by SKU; that one does not is never remembered."""
        found: dict[str, Product] = {}
        for sku in skus:
            kept = self._products.get((tenant_id, sku))
            if kept is None or not kept[0] <= now < kept[0] + self._kept_for:
                stored = await catalog.get_product(self._store, tenant_id, sku)
                if stored is None:
                    continue
                if len(self._products) >= PRODUCTS_KEPT_MAX:
                    self._products.clear()
                kept = self._products[tenant_id, sku] = (now, stored.body)
            found[sku] = kept[1]
        return found

    async def named_products(
        self, tenant_id: str, names: Iterable[str], now: datetime
    ) -> dict[str, Product]:
        """Return the products that SKUs, barcodes or aliases name, by those names."""
        asked = list(names)
        found = await self.products(tenant_id, (n for n in asked if could_be_sku(n)), now)
        others = [name for name in asked if name not in found]
        return found | await catalog.find_holders(self._store, tenant_id, others)

    async def _read(self, tenant_id: str, now: datetime) -> TenantKnowledge:
        store = self._store
        settings = (await tenants.read_settings(store, tenant_id)).body
        locations = await catalog.all_locations(store, tenant_id)
        before = self._tenants.get(tenant_id)
        sites = {name: _site(before, name, location) for name, location in locations.items()}
        stock_sites = {name: stock_site_of(location) for name, location in locations.items()}
        stock_rules = await inventory.stock_rules(store, tenant_id)
        return TenantKnowledge(
            tenant_id=tenant_id,
            read_at=now,
            settings=settings,
            locations=locations,
            sites=sites,
            stock_sites=stock_sites,
            premises={
                name: premises_of(location, sites[name].calendar)
                for name, location in locations.items()
            },
            stock_rules=stock_rules,
            pools=pools_by_id(stock_rules, tuple(stock_sites.values())),
            rule_sets=await routing.active_rule_sets(store, tenant_id, now),
            cards=await self._shelf.cards(tenant_id, now),
            preference=Preference(currency=settings.currency),
        )


def _site(before: TenantKnowledge | None, name: str, location: Location) -> Site:
    """Return what was compiled before of a location that is still the document read then."""
    if before is not None and before.locations.get(name) is location:
        return before.sites[name]
    return site_of(location)


def site_of(location: Location) -> Site:
    """Return what the couriers' rules need to know of a location."""
    return Site(
        place=CourierPlace(
            country=location.place.country,
            postcode=location.place.postcode or "",
            point=point_of(location.place.lat_e6, location.place.lon_e6),
        ),
        calendar=calendar_of(location.hours),
        handling_s=60 * location.handling_minutes,
        cutoffs=location.cutoffs,
        pickup_cutoff=location.pickup_cutoff,
    )


def stock_site_of(location: Location) -> StockSite:
    """Return what the stock rules need to know of a location."""
    return StockSite(
        location_id=location.location_id,
        groups=frozenset(location.groups),
        ship_enabled=location.ship_enabled,
        pickup_enabled=location.pickup_enabled,
        fresh_minutes=location.feed_fresh_minutes,
    )


def point_of(lat_e6: int | None, lon_e6: int | None) -> GeoPoint | None:
    """Return coordinates in degrees, when both are known."""
    if lat_e6 is None or lon_e6 is None:
        return None
    return GeoPoint(latitude=lat_e6 / 1e6, longitude=lon_e6 / 1e6)
