"""Endpoints, deliveries and messages in the store: load, decide, save. No rule stands here."""

from shared.notifications.service.delivering import (
    deliveries,
    replay,
    send_test,
    sweep,
    tell,
)
from shared.notifications.service.endpoints import (
    EndpointView,
    Hooks,
    NewSecret,
    Shelf,
    change_endpoint,
    create_endpoint,
    drop_old_secret,
    forget_endpoint,
    get_endpoint,
    list_endpoints,
    rotate_secret,
    set_in_use,
    view_of,
)
from shared.notifications.service.hearing import is_heard
from shared.notifications.service.messages import is_told, remember_told

__all__ = [
    "EndpointView",
    "Hooks",
    "NewSecret",
    "Shelf",
    "change_endpoint",
    "create_endpoint",
    "deliveries",
    "drop_old_secret",
    "forget_endpoint",
    "get_endpoint",
    "is_heard",
    "is_told",
    "list_endpoints",
    "remember_told",
    "replay",
    "rotate_secret",
    "send_test",
    "set_in_use",
    "sweep",
    "tell",
    "view_of",
]
