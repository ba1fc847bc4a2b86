"""What may be sold of a product now, with the formula's steps (semantics 3).

An answer has hundreds of steps. They are shown as plain JSON of the views' shape, which takes a
fifth of the time that models of them take; a test reads the answers back as views.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias

from shared.catalog.model import Product, ProductKind, StockMode
from shared.flows.context import Flows
from shared.flows.knowledge import TenantKnowledge
from shared.inventory import service as inventory
from shared.inventory.decide.availability import Ats, Pickup, Sellable, Step, bundles
from shared.inventory.decide.rules import PICKUP, Item
from shared.kernel.errors import Fault, Invalid, NotFound
from shared.kernel.model import Instant, Strict, stamp

Shown: TypeAlias = dict[str, object]


class StepView(Strict):
    """A term of the formula and the rule that set it."""

    name: str
    amount: int
    rule_id: str | None = None


class SellableView(Strict):
    """What one location may sell by the method asked for."""

    location_id: str
    units: int
    free: int
    safety_stock: int
    shortage: int = 0
    on: bool
    steps: tuple[StepView, ...]


class AtsView(Strict):
    """What the channel may show: `in_stock` and `backorderable` add up to `units`."""

    channel: str
    pool_id: str
    units: int
    in_stock: int
    backorderable: int
    on: bool
    steps: tuple[StepView, ...]


class PickupView(Strict):
    """What the named store may promise for pickup: its sellable less its queued pickups."""

    location_id: str
    units: int
    queued: int
    steps: tuple[StepView, ...]


class BundleView(Strict):
    """How many bundles can be made up, each at one location; `components` as they are sellable."""

    units: int
    components: dict[str, int]


class AvailabilityView(Strict):
    """The answer for one product; `unlimited` ones are never counted."""

    sku: str
    method: str
    as_of: Instant
    unlimited: bool = False
    units: int | None = None
    locations: tuple[SellableView, ...] = ()
    ats: AtsView | None = None
    pickup: PickupView | None = None
    bundle: BundleView | None = None


async def available(
    flows: Flows,
    tenant_id: str,
    sku: str,
    now: datetime,
    *,
    method: str,
    channel: str | None = None,
    location_id: str | None = None,
) -> Shown:
    """Return what may be sold: by location, for a channel, or for pickup at a named store.

    The answer is JSON that an `AvailabilityView` reads.

    Raises:
        NotFound: no such product.
        Invalid: no such location.
    """
    known = await flows.knowledge.of(tenant_id, now)
    if location_id is not None and location_id not in known.stock_sites:
        raise Invalid([Fault("/location", "unknown-location", "there is no such location")])
    products = await flows.knowledge.products(tenant_id, [sku], now)
    if sku not in products:
        raise NotFound("product")
    product = products[sku]
    asked = _Asked(flows, known, now, method, channel, location_id)
    if product.stock_mode is StockMode.UNLIMITED or product.kind not in _STOCKED:
        return _answer(sku, method, now, unlimited=True)
    if product.kind is ProductKind.BUNDLE and product.components:
        return await asked.bundle(product)
    return await asked.good(product)


_STOCKED = frozenset({ProductKind.GOOD, ProductKind.BUNDLE})


class _Asked:
    """One question; the parts of its answer."""

    def __init__(
        self,
        flows: Flows,
        known: TenantKnowledge,
        now: datetime,
        method: str,
        channel: str | None,
        location_id: str | None,
    ) -> None:
        self._store, self._known, self._now = flows.store, known, now
        self._knowledge = flows.knowledge
        self._method, self._channel, self._location_id = method, channel, location_id

    async def good(self, product: Product) -> Shown:
        item = _item(product)
        at, ats = await self._sellable(item)
        pickup = await self._pickup(item)
        asked = [row for row in at if self._location_id in {None, row.location_id}]
        return _answer(
            product.sku,
            self._method,
            self._now,
            units=_units(asked, ats, pickup),
            locations=[_sellable(row) for row in asked],
            ats=_ats(ats) if ats else None,
            pickup=_pickup(pickup) if pickup else None,
        )

    async def bundle(self, product: Product) -> Shown:
        """Return the scarcest component's count at each location, summed (semantics 3)."""
        need = {component.sku: component.quantity for component in product.components}
        parts = await self._knowledge.products(self._known.tenant_id, sorted(need), self._now)
        at: dict[str, dict[str, int]] = {}
        sums = dict.fromkeys(need, 0)
        for sku, part in parts.items():
            rows, _ = await self._sellable(_item(part))
            for row in rows:
                if self._location_id in {None, row.location_id}:
                    at.setdefault(row.location_id, {})[sku] = row.units
                    sums[sku] += row.units
        units = bundles(need, at, split=product.components_may_split)
        shown = {"units": units, "components": sums}
        return _answer(product.sku, self._method, self._now, units=units, bundle=shown)

    async def _sellable(self, item: Item) -> tuple[Sequence[Sellable], Ats | None]:
        known, channel = self._known, self._channel
        if channel is not None and self._method != PICKUP:
            ats = await inventory.ats(
                self._store,
                known.tenant_id,
                item,
                tuple(known.stock_sites.values()),
                self._now,
                channel=channel,
                rules=known.stock_rules,
            )
            return ats.locations, ats
        rows = await inventory.availability(
            self._store,
            known.tenant_id,
            item,
            known.stock_sites,
            self._now,
            method=self._method,
            channel=channel,
            rules=known.stock_rules,
        )
        return rows, None

    async def _pickup(self, item: Item) -> Pickup | None:
        if self._method != PICKUP or self._location_id is None:
            return None
        return await inventory.pickup(
            self._store,
            self._known.tenant_id,
            item,
            self._known.stock_sites[self._location_id],
            self._now,
            channel=self._channel,
            rules=self._known.stock_rules,
        )


def _item(product: Product) -> Item:
    return Item(product.sku, frozenset(product.tags), product.category)


def _answer(sku: str, method: str, now: datetime, **known: object) -> Shown:
    usual = {"unlimited": False, "locations": ()}
    told = {name: value for name, value in known.items() if value is not None}
    return {"sku": sku, "method": method, "as_of": stamp(now), **usual, **told}


def _units(shown: Sequence[Sellable], ats: Ats | None, pickup: Pickup | None) -> int | None:
    """Return the one number; for pickup there is none without a named store, never a pool's sum."""
    if pickup is not None:
        return pickup.units
    if len(shown) == 1 and ats is None:
        return shown[0].units
    return ats.units if ats else None


def _steps(steps: Sequence[Step]) -> list[Shown]:
    return [
        {"name": name, "amount": by}
        if rule is None
        else {"name": name, "amount": by, "rule_id": rule}
        for name, by, rule in steps
    ]


def _sellable(row: Sellable) -> Shown:
    return {
        "location_id": row.location_id,
        "units": row.units,
        "free": row.free,
        "safety_stock": row.safety_stock,
        "shortage": row.shortage,
        "on": row.is_on,
        "steps": _steps(row.steps),
    }


def _ats(ats: Ats) -> Shown:
    return {
        "channel": ats.channel,
        "pool_id": ats.pool_id,
        "units": ats.units,
        "in_stock": ats.in_stock,
        "backorderable": ats.backorderable,
        "on": ats.is_on,
        "steps": _steps(ats.steps),
    }


def _pickup(pickup: Pickup) -> Shown:
    queued = {"name": "queued-pickups", "amount": -pickup.queued}
    return {
        "location_id": pickup.at.location_id,
        "units": pickup.units,
        "queued": pickup.queued,
        "steps": [*_steps(pickup.at.steps), queued],
    }
