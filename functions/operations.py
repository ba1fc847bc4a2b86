"""Health, the outbox relays, what was parked, and housekeeping."""

from pathlib import Path
from typing import Any, Final

import azure.functions as func

from functions._edge import Call, Reply, http, listing
from functions._health import Health, look
from functions._relay import relay
from shared.kernel.documents import Container
from shared.kernel.errors import NotFound
from shared.tenants import parking
from shared.tenants.parking import ParkedView
from shared.wiring import bus, claims, store

bp = func.Blueprint()

DATABASE: Final = "orderloom"
OPENAPI_FILE: Final = Path(__file__).resolve().parents[1] / "docs" / "openapi.json"
FEED: Final[dict[str, Any]] = {
    "arg_name": "documents",
    "connection": "COSMOS",
    "database_name": DATABASE,
    "lease_container_name": "leases",
    "create_lease_container_if_not_exists": False,
    "start_from_beginning": True,
    "feed_poll_delay": 1_000,
    "max_items_per_invocation": 100,
}
# Finite retries would pass events over: the feed's checkpoint moves on behind the last one.
WITHOUT_END: Final[dict[str, Any]] = {
    "strategy": "fixed_delay",
    "max_retry_count": "-1",
    "delay_interval": "00:00:05",
}


@bp.retry(**WITHOUT_END)
@bp.cosmos_db_trigger(container_name="orders", lease_container_prefix="relay-orders", **FEED)
async def relay_orders(documents: func.DocumentList) -> None:
    """Publish the events of orders, fulfillments and returns."""
    await relay(Container.ORDERS, documents)


@bp.retry(**WITHOUT_END)
@bp.cosmos_db_trigger(container_name="stock", lease_container_prefix="relay-stock", **FEED)
async def relay_stock(documents: func.DocumentList) -> None:
    """Publish what reservations, endings and movements tell."""
    await relay(Container.STOCK, documents)


@bp.retry(**WITHOUT_END)
@bp.cosmos_db_trigger(container_name="master", lease_container_prefix="relay-master", **FEED)
async def relay_master(documents: func.DocumentList) -> None:
    """Publish the events of products, locations and customers."""
    await relay(Container.MASTER, documents)


@bp.timer_trigger(arg_name="timer", schedule="0 17 * * * *")
async def sweep_claims(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the registry wants it
    """Remove large bodies whose 7 days are over."""
    await claims().sweep()


@http(bp, "GET", "health", "health", answer=Health, public=True)
async def health(call: Call[None]) -> Reply:
    """Tell whether this process is ready: its store and its bus answer."""
    found = await look(call.now)
    return Reply(found, status=200 if found.ready else 503)


@http(bp, "GET", "openapi.json", "openapi", public=True)
async def openapi(call: Call[None]) -> Reply:  # noqa: ARG001 - every handler takes its call
    """Describe this API in OpenAPI 3.1."""
    if not OPENAPI_FILE.exists():
        raise NotFound("description")
    return Reply(OPENAPI_FILE.read_bytes())


@http(bp, "GET", "parked", "parked.read", answer=ParkedView, many=True)
async def list_parked(call: Call[None]) -> Reply:
    """List messages that could not be worked, newest first, with the reason of each."""
    limit, cursor = call.page()
    page = await parking.list_parked(store(), call.tenant_id, limit=limit, cursor=cursor)
    return Reply(listing([parking.view_of(row.body) for row in page.items], page.cursor))


@http(bp, "POST", "parked/{parked}:replay", "parked.replay", answer=ParkedView)
async def replay_parked(call: Call[None]) -> Reply:
    """Send a parked message again."""
    again = await parking.replay(store(), bus(), call.tenant_id, call.param("parked"))
    return Reply(parking.view_of(again))


@http(bp, "DELETE", "parked/{parked}", "parked.replay", status=204)
async def discard_parked(call: Call[None]) -> Reply:
    """Forget a parked message."""
    await parking.discard(store(), call.tenant_id, call.param("parked"))
    return Reply()
