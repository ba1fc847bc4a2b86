"""One retailer's day as it is played: its doors, its teams, and the orders placed so far."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final, assert_never

from local.demo import paper
from local.demo.agenda import Agenda
from local.demo.doors import Doors
from local.demo.floor import Floor
from local.demo.retailers import Level
from local.demo.seed import SHOP
from local.demo.shape import Retailer
from local.demo.shopping import Door, Want
from shared.catalog.model import LocationDetails, ProductDetails
from shared.contracts.intake import PlaceOrder, ReceiveOrder, ReceiveReceipt
from shared.kernel.bus import Entity
from shared.kernel.ids import order_id
from shared.tenants.model import Role

OPERATOR: Final = Role.OPERATOR.value
INTEGRATION: Final = Role.INTEGRATION.value
ADMIN: Final = Role.ADMIN.value
READER: Final = Role.READ_ONLY.value
MINUTE: Final = timedelta(minutes=1)


@dataclass(slots=True)
class Scene:
    """What the day of one retailer needs; `opens_at` is when its first order comes."""

    doors: Doors
    agenda: Agenda
    retailer: Retailer
    floor: Floor
    day: date
    opens_at: datetime
    rng: random.Random
    products: Mapping[str, ProductDetails]
    places: Mapping[str, LocationDetails]
    barcodes: Mapping[str, str]
    stock: Mapping[str, Sequence[Level]]
    placed: dict[int, str] = field(default_factory=dict)  # order ids by the want's number
    noted: dict[str, int] = field(default_factory=dict)

    @property
    def tenant_id(self) -> str:
        return self.retailer.tenant_id

    def who(self, role: str) -> tuple[str, str]:
        """Return a caller of this tenant."""
        return self.tenant_id, role

    def note(self, what: str, count: int = 1) -> None:
        """Count something for the summary."""
        self.noted[what] = self.noted.get(what, 0) + count

    def after(self, minutes: float) -> datetime:
        """Return the instant so many minutes from now."""
        return self.agenda.now + MINUTE * minutes


async def place(scene: Scene, want: Want, **changes: Any) -> str:
    """Send an order through its door; returns its id."""
    doors, retailer, tenant_id = scene.doors, scene.retailer, scene.tenant_id
    found: str
    match want.door:
        case Door.SHOP:
            body = paper.shop_order(retailer, want)
            event_id = f"{tenant_id}-{want.reference}-create"
            await doors.shopify(tenant_id, "orders/create", body, event_id=event_id)
            found = order_id(tenant_id, SHOP, str(paper.shop_id(want)))
        case Door.APP:
            order = paper.canonical(retailer, want, **changes)
            found = await post_order(scene, order)
        case Door.MARKETPLACE:
            order = paper.canonical(retailer, want, **changes)
            told = ReceiveOrder(tenant_id=tenant_id, order=order)
            await doors.put_on(Entity.ORDERS_IN, told, name=want.reference)
            found = order_id(tenant_id, order.connection, order.reference)
        case Door.TILL:
            receipt = paper.receipt(retailer, want, scene.day, scene.barcodes)
            sold = ReceiveReceipt(tenant_id=tenant_id, receipt=receipt)
            await doors.put_on(Entity.ORDERS_IN, sold, name=want.reference)
            till = f"{receipt.store}:{receipt.till}:{receipt.business_date}"
            found = order_id(tenant_id, till, receipt.number)
        case _:
            assert_never(want.door)
    scene.placed[want.number] = found
    await doors.settled()
    return found


async def post_order(scene: Scene, order: PlaceOrder) -> str:
    """Post the canonical order; returns its id."""
    body = order.model_dump(mode="json", exclude_none=True)
    key = f"{order.connection}-{order.reference}"
    who = scene.who(INTEGRATION)
    shown = await scene.doors.ask(who, "POST", "/orders", body, key=key)
    return str(shown["order_id"])


async def look(scene: Scene, name: str) -> dict[str, Any]:
    """Return an order as the API shows it."""
    shown: dict[str, Any] = await scene.doors.ask(scene.who(READER), "GET", f"/orders/{name}")
    return shown
