"""Telling others: webhook endpoints with their deliveries, customer messages, channels."""

import azure.functions as func

from functions._edge import Call, Delivery, Reply, http, listing, subscription
from shared.contracts.cloud_event import AnyEvent
from shared.flows.remind import remind_pickups
from shared.flows.tell_channel import tell_channel
from shared.flows.tell_customer import tell_customer
from shared.kernel.errors import Fault, Invalid
from shared.kernel.model import Identifier, Instant, Strict
from shared.notifications import model, service
from shared.notifications.model import Attempt, DeliveryStatus, EndpointDetails
from shared.notifications.service import EndpointView, NewSecret
from shared.tenants.service import active_tenants
from shared.wiring import clock, flows, store, telling

bp = func.Blueprint()

STATUS = {"status": "pending, delivered or failed; all when left out"}


class DeliveryView(Strict):
    """A delivery with its tries; `payload` is what was signed and sent."""

    delivery_id: Identifier
    event_id: Identifier
    event_type: str
    status: DeliveryStatus
    created_at: Instant
    next_at: Instant | None = None
    attempts: tuple[Attempt, ...]
    payload: str


@subscription(bp, "events", "notifications")
async def tell_others(delivery: Delivery[AnyEvent]) -> None:
    """Tell an event to the tenant's endpoints and to the customer whom it concerns."""
    event, hooks, now = delivery.event, telling().hooks, delivery.now
    tenant_id, at = delivery.tenant_id, event.time or now
    await service.tell(hooks, tenant_id, event.id, event.type, at, event.data, now=now)
    await tell_customer(telling(), event, now)


@subscription(bp, "events", "channel-updates", sessions=True)
async def update_channels(delivery: Delivery[AnyEvent]) -> None:
    """Tell the channel that sold it what has left or was handed over."""
    await tell_channel(telling(), delivery.event, delivery.now)


@bp.timer_trigger(arg_name="timer", schedule="*/10 * * * * *")
async def sweep_deliveries(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the registry wants it
    """Try again what endpoints did not take, tenant by tenant."""
    async for tenant_id in active_tenants(store()):
        await service.sweep(telling().hooks, tenant_id, clock().now())


@bp.timer_trigger(arg_name="timer", schedule="0 */15 * * * *")
async def sweep_reminders(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the registry wants it
    """Remind customers of what waits for them at a store."""
    async for tenant_id in active_tenants(store()):
        await remind_pickups(flows(), tenant_id, clock().now())


@http(
    bp,
    "POST",
    "webhook-endpoints",
    "endpoints.write",
    body=EndpointDetails,
    answer=NewSecret,
    status=201,
    creates=True,
    secret_answer=True,
)
async def create_webhook_endpoint(call: Call[EndpointDetails]) -> Reply:
    """Add an endpoint; its secret is shown this once."""
    made = await service.create_endpoint(telling().hooks, call.tenant_id, call.body, call.now)
    return Reply(made, location=f"/api/v1/webhook-endpoints/{made.endpoint_id}")


@http(bp, "GET", "webhook-endpoints", "endpoints.read", answer=EndpointView, many=True)
async def list_webhook_endpoints(call: Call[None]) -> Reply:
    """List the tenant's endpoints."""
    limit, cursor = call.page()
    page = await service.list_endpoints(store(), call.tenant_id, limit=limit, cursor=cursor)
    return Reply(listing([service.view_of(row.body) for row in page.items], page.cursor))


@http(bp, "GET", "webhook-endpoints/{endpoint}", "endpoints.read", answer=EndpointView)
async def read_webhook_endpoint(call: Call[None]) -> Reply:
    """Show an endpoint."""
    found = await service.get_endpoint(store(), call.tenant_id, call.param("endpoint"))
    return Reply(service.view_of(found.body), etag=found.etag)


@http(
    bp,
    "PUT",
    "webhook-endpoints/{endpoint}",
    "endpoints.write",
    body=EndpointDetails,
    answer=EndpointView,
    if_match=True,
)
async def change_webhook_endpoint(call: Call[EndpointDetails]) -> Reply:
    """Write an endpoint's URL, events and description anew."""
    name, if_match = call.param("endpoint"), call.if_match()
    hooks = telling().hooks
    found = await service.change_endpoint(hooks, call.tenant_id, name, call.body, if_match)
    return Reply(service.view_of(found.body), etag=found.etag)


@http(bp, "DELETE", "webhook-endpoints/{endpoint}", "endpoints.write", status=204)
async def forget_webhook_endpoint(call: Call[None]) -> Reply:
    """Remove an endpoint and its secrets."""
    await service.forget_endpoint(telling().hooks, call.tenant_id, call.param("endpoint"))
    return Reply()


@http(
    bp,
    "POST",
    "webhook-endpoints/{endpoint}:rotate-secret",
    "endpoints.write",
    answer=NewSecret,
    creates=True,
    secret_answer=True,
)
async def rotate_webhook_secret(call: Call[None]) -> Reply:
    """Give an endpoint a new secret, shown this once; the one before signs too until dropped."""
    name = call.param("endpoint")
    return Reply(await service.rotate_secret(telling().hooks, call.tenant_id, name))


@http(
    bp,
    "POST",
    "webhook-endpoints/{endpoint}:drop-old-secret",
    "endpoints.write",
    answer=EndpointView,
)
async def drop_webhook_secret(call: Call[None]) -> Reply:
    """Sign with the newest secret only."""
    name = call.param("endpoint")
    changed = await service.drop_old_secret(telling().hooks, call.tenant_id, name)
    return Reply(service.view_of(changed))


@http(bp, "POST", "webhook-endpoints/{endpoint}:enable", "endpoints.write", answer=EndpointView)
async def enable_webhook_endpoint(call: Call[None]) -> Reply:
    """Put an endpoint in use again; what waits for it goes on."""
    return await _set_in_use(call, is_in_use=True)


@http(bp, "POST", "webhook-endpoints/{endpoint}:disable", "endpoints.write", answer=EndpointView)
async def disable_webhook_endpoint(call: Call[None]) -> Reply:
    """Put an endpoint out of use."""
    return await _set_in_use(call, is_in_use=False)


async def _set_in_use(call: Call[None], *, is_in_use: bool) -> Reply:
    hooks, name = telling().hooks, call.param("endpoint")
    changed = await service.set_in_use(hooks, call.tenant_id, name, is_in_use=is_in_use)
    return Reply(service.view_of(changed))


@http(
    bp,
    "POST",
    "webhook-endpoints/{endpoint}:test",
    "endpoints.replay",
    answer=DeliveryView,
)
async def test_webhook_endpoint(call: Call[None]) -> Reply:
    """Send a `test.sent` event now; shows what came of it."""
    hooks, name = telling().hooks, call.param("endpoint")
    return Reply(_view(await service.send_test(hooks, call.tenant_id, name, call.now)))


@http(
    bp,
    "GET",
    "webhook-endpoints/{endpoint}/deliveries",
    "endpoints.read",
    answer=DeliveryView,
    many=True,
    query=STATUS,
)
async def list_webhook_deliveries(call: Call[None]) -> Reply:
    """List an endpoint's deliveries of the last 7 days, the newest first."""
    limit, cursor = call.page()
    page = await service.deliveries(
        store(),
        call.tenant_id,
        call.param("endpoint"),
        status=_status(call),
        limit=limit,
        cursor=cursor,
    )
    return Reply(listing([_view(row.body) for row in page.items], page.cursor))


def _status(call: Call[None]) -> DeliveryStatus | None:
    raw = call.query("status")
    if raw is not None and raw not in set(DeliveryStatus):
        raise Invalid([Fault("/status", "unknown-status", STATUS["status"])])
    return DeliveryStatus(raw) if raw else None


@http(
    bp,
    "POST",
    "webhook-endpoints/{endpoint}/deliveries/{delivery}:replay",
    "endpoints.replay",
    answer=DeliveryView,
)
async def replay_webhook_delivery(call: Call[None]) -> Reply:
    """Send a delivery again now, whatever became of it; shows what came of it."""
    hooks, names = telling().hooks, (call.param("endpoint"), call.param("delivery"))
    return Reply(_view(await service.replay(hooks, call.tenant_id, *names, call.now)))


def _view(delivery: model.Delivery) -> DeliveryView:
    is_pending = delivery.status is DeliveryStatus.PENDING
    return DeliveryView(
        delivery_id=delivery.delivery_id,
        event_id=delivery.event_id,
        event_type=delivery.event_type,
        status=delivery.status,
        created_at=delivery.created_at,
        next_at=delivery.next_at if is_pending else None,
        attempts=delivery.attempts,
        payload=delivery.payload,
    )
