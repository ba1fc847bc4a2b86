"""The edge: everything between a trigger and the domain, said once.

`http` declares an HTTP function, `queue`, `subscription` and `subscription_of_many` a message
function. A trigger decodes, calls one service or flow, and encodes; credential, role, limits,
idempotency, problem documents, settlement and the log line happen here.
"""

from functions._edge_call import Call, Reply, listing
from functions._edge_http import http
from functions._edge_many import subscription_of_many
from functions._edge_messages import Delivery, queue, read_cloud_event, subscription
from functions._edge_settlement import settle

__all__ = [
    "Call",
    "Delivery",
    "Reply",
    "http",
    "listing",
    "queue",
    "read_cloud_event",
    "settle",
    "subscription",
    "subscription_of_many",
]
