"""Timers: what falls due by itself."""

import azure.functions as func

from functions import _edge_log
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
