"""Usual products and locations, and files of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from shared.adapters.embedded.documents import EmbeddedDocuments
from shared.catalog.model import LocationDetails, Product, ProductDetails
from shared.kernel.clock import SteppedClock

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
TENANT = "acme"
EAN = "4006381333931"
UPC = "036000291452"


def a_product(**changes: Any) -> ProductDetails:
    usual: dict[str, Any] = {"sku": "BOOT-42", "name": "Boot, size 42"}
    return ProductDetails.model_validate(usual | changes, strict=False)


def stored_product(**changes: Any) -> Product:
    return Product(**dict(a_product(**changes)))


def a_location(**changes: Any) -> LocationDetails:
    usual: dict[str, Any] = {
        "location_id": "berlin",
        "name": "Berlin",
        "kind": "store",
        "place": {"country": "DE", "postcode": "10115"},
        "hours": {
            "zone": "Europe/Berlin",
            "weekly": {"monday": [{"opens": "09:00", "closes": "18:00"}]},
        },
    }
    return LocationDetails.model_validate(usual | changes, strict=False)


def csv(*lines: str) -> bytes:
    return "\n".join(lines).encode()


@asynccontextmanager
async def an_empty_store() -> AsyncIterator[EmbeddedDocuments]:
    opened = EmbeddedDocuments(":memory:", clock=SteppedClock(NOW), threaded=False)
    try:
        yield opened
    finally:
        await opened.close()
