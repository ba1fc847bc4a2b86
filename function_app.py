"""The function app: registers every blueprint; no logic.

Nothing is read or opened here: in Azure a fault at import shows only as "No job functions found".
"""

import azure.functions as func

from functions import (
    catalog,
    channels,
    couriers,
    customers,
    fulfillment,
    insights,
    inventory,
    notifications,
    operations,
    orders,
    returns,
    routing,
    sweeps,
    tenants,
)

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
for blueprint in (
    catalog.bp,
    channels.bp,
    couriers.bp,
    customers.bp,
    fulfillment.bp,
    insights.bp,
    inventory.bp,
    notifications.bp,
    operations.bp,
    orders.bp,
    returns.bp,
    routing.bp,
    sweeps.bp,
    tenants.bp,
):
    app.register_functions(blueprint)
