"""Timers: what falls due by itself."""

import azure.functions as func

from functions import _edge_log
from shared.flows.close_orders import close_orders as closing
from shared.flows.reconcile_night import reconcile_tenant
from shared.flows.sweeps import sweep_tenant
from shared.tenants.service import active_tenants
from shared.wiring import clock, flows, store

bp = func.Blueprint()


@bp.timer_trigger(arg_name="timer", schedule="*/20 * * * * *")
async def sweep_due(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the registry wants it
    """Expire, remind, release and cancel what is due, tenant by tenant."""
    async for tenant_id in active_tenants(store()):
        swept = await sweep_tenant(flows(), tenant_id, clock().now())
        if swept.failed:
            _edge_log.write("swept", {"tenant_id": tenant_id, "count": swept.failed})


@bp.timer_trigger(arg_name="timer", schedule="0 41 * * * *")
async def close_orders(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the registry wants it
    """Close fulfilled orders of which nothing can come back any more."""
    async for tenant_id in active_tenants(store()):
        closed = await closing(flows(), tenant_id, clock().now())
        if closed:
            _edge_log.write("closed", {"tenant_id": tenant_id, "count": closed})


@bp.timer_trigger(arg_name="timer", schedule="0 30 2 * * *")
async def reconcile_stock_nightly(timer: func.TimerRequest) -> None:  # noqa: ARG001 - as above
    """Hold every SKU's stock against the orders, and repair by compensation what differs."""
    async for tenant_id in active_tenants(store()):
        differing = await reconcile_tenant(flows(), tenant_id, clock().now())
        _edge_log.write("reconciled", {"tenant_id": tenant_id, "count": differing})
