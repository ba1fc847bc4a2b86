"""The function app: registers every blueprint; no logic.

Nothing is read or opened here: in Azure a fault at import shows only as "No job functions found".
"""

import azure.functions as func

from functions import (
    catalog,
    channels,
    customers,
    operations,
    orders,
    routing,
    sweeps,
    tenants,
)

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
for blueprint in (
    catalog.bp,
    channels.bp,
    customers.bp,
    operations.bp,
    orders.bp,
    routing.bp,
    sweeps.bp,
    tenants.bp,
):
    app.register_functions(blueprint)
