"""Builders of stock: a store with one clock, messages and tasks of usual content."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from shared.adapters.embedded.documents import EmbeddedDocuments
from shared.contracts.inventory import Adjustment, Count, Receipt, Sale
from shared.contracts.stock import EndReservation, Restore, Wait
from shared.inventory import service as inventory
from shared.inventory.model import Hardness, Level, Outcome, Recorded, Reserve
from shared.kernel.clock import SteppedClock
from shared.kernel.documents import Documents

NOW: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
TENANT: Final = "acme"
SKU: Final = "BOOT-42"


def minutes(count: int) -> datetime:
    """Return a time so many minutes from now."""
    return NOW + timedelta(minutes=count)


@asynccontextmanager
async def a_store() -> AsyncIterator[EmbeddedDocuments]:
    store = EmbeddedDocuments(":memory:", clock=SteppedClock(NOW), threaded=False)
    try:
        yield store
    finally:
        await store.close()


def a_level(**changes: Any) -> Level:
    usual = {"sku": SKU, "location_id": "berlin", "on_hand": 10}
    return Level.model_validate(usual | changes)


def a_reserve(**changes: Any) -> Reserve:
    usual: dict[str, Any] = {
        "reservation_id": "o_7k2.1.1.1",
        "sku": SKU,
        "location_id": "berlin",
        "quantity": 2,
        "order_id": "o_7k2",
        "line_id": "1",
        "part": 1,
    }
    return Reserve(**(usual | changes))


def a_quote(**changes: Any) -> Reserve:
    usual = {
        "reservation_id": "q_5.1",
        "hardness": Hardness.SOFT,
        "expires_at": minutes(10),
        "order_id": "q_5",
    }
    return a_reserve(**(usual | changes))


def an_end(**changes: Any) -> EndReservation:
    usual = {
        "reservation_id": "o_7k2.1.1.1",
        "sku": SKU,
        "location_id": "berlin",
        "quantity": 2,
        "ending": "released",
    }
    return EndReservation.model_validate(usual | changes, strict=False)


def a_wait(**changes: Any) -> Wait:
    usual = {
        "order_id": "o_7k2",
        "line_id": "1",
        "part": 1,
        "sku": SKU,
        "quantity": 2,
        "pool_id": "web",
        "accepted_at": NOW,
        "generation": 3,
    }
    return Wait.model_validate(usual | changes)


def a_receipt(**changes: Any) -> Receipt:
    usual = {
        "movement_id": "receipt-1",
        "sku": SKU,
        "location_id": "berlin",
        "quantity": 10,
        "at": minutes(-60),
    }
    return Receipt.model_validate(usual | changes)


def a_sale(**changes: Any) -> Sale:
    usual = {
        "movement_id": "till-1",
        "sku": SKU,
        "location_id": "berlin",
        "quantity": 1,
        "at": NOW,
    }
    return Sale.model_validate(usual | changes)


def an_adjustment(**changes: Any) -> Adjustment:
    usual = {
        "movement_id": "adjustment-1",
        "sku": SKU,
        "location_id": "berlin",
        "at": NOW,
        "reason": "found",
    }
    return Adjustment.model_validate(usual | changes)


def a_count(**changes: Any) -> Count:
    usual = {
        "movement_id": "count-1",
        "sku": SKU,
        "location_id": "berlin",
        "counted": 10,
        "as_of": NOW,
    }
    return Count.model_validate(usual | changes)


async def stocked(store: Documents, quantity: int = 10, location_id: str = "berlin") -> None:
    """Receive units an hour ago."""
    message = a_receipt(
        movement_id=f"receipt-{location_id}", quantity=quantity, location_id=location_id
    )
    assert await inventory.record(store, TENANT, message, NOW) == Recorded(Outcome.DONE)


async def level(store: Documents, location_id: str = "berlin") -> dict[str, int]:
    """Return what is not zero of a level as stored."""
    page, _ = await inventory.levels_at(store, TENANT, location_id, 10)
    names = ("on_hand", "damaged", "quality_hold", "reserved", "soft_reserved", "free")
    return {name: getattr(page[0], name) for name in names if getattr(page[0], name)}


async def is_clean(store: Documents) -> bool:
    """Tell whether all counters are what the documents add up to."""
    return (await inventory.reconcile(store, TENANT, SKU)).is_clean


def a_restore(**changes: Any) -> Restore:
    usual = {
        "reservation_id": "o_7k2.1.1.2",
        "was": "o_7k2.1.1.1",
        "order_id": "o_7k2",
        "line_id": "1",
        "part": 1,
        "sku": SKU,
        "location_id": "berlin",
        "quantity": 2,
        "at": minutes(5),
    }
    return Restore.model_validate(usual | changes)
