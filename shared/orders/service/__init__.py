"""Orders in the store: load, decide, save. No rule stands here."""

from shared.orders.service.apart import close_apart, open_apart
from shared.orders.service.reading import (
    OrderSearch,
    decisions,
    exceptions,
    find,
    get_order,
    load,
    search,
    timeline,
)
from shared.orders.service.writing import (
    Placed,
    change_order,
    close_exception,
    events_of,
    is_done,
    place,
    save,
    transition,
)

__all__ = [
    "OrderSearch",
    "Placed",
    "change_order",
    "close_apart",
    "close_exception",
    "decisions",
    "events_of",
    "exceptions",
    "find",
    "get_order",
    "is_done",
    "load",
    "open_apart",
    "place",
    "save",
    "search",
    "timeline",
    "transition",
]
