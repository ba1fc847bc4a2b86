"""Which ways out a person has of each exception; the commands of the same name settle it."""

from typing import Final

UNKNOWN_SKU: Final = "unknown-sku"
NO_LINES: Final = "order-without-lines"
TOTALS: Final = "totals-mismatch"
FACT_CONFLICT: Final = "fact-conflict"
INTERCEPT: Final = "intercept"
MAX_REJECTS: Final = "max-rejects"
PICKUP_SHORT: Final = "pickup-short"
LOST: Final = "shipment-lost"
ADDRESS_LATE: Final = "address-changed-after-pick"
OVERPAID: Final = "refunded-above-paid"
CANCEL_UNANSWERED: Final = "cancel-unanswered"
CHANNEL_CHANGE: Final = "channel-change-not-applied"
WORK_PARKED: Final = "work-parked"
PRIVACY_REQUEST: Final = "privacy-request"

_COMMON: Final = ("acknowledge",)
_ACTIONS: Final[dict[str, tuple[str, ...]]] = {
    UNKNOWN_SKU: ("assign-sku", "cancel"),
    NO_LINES: ("cancel", *_COMMON),
    TOTALS: ("release", "cancel", *_COMMON),
    INTERCEPT: ("intercepted", "delivered-anyway", *_COMMON),
    MAX_REJECTS: ("reset", "cancel"),
    PICKUP_SHORT: ("ship-to-store", "convert-to-shipment", "another-store", "reset", "cancel"),
    LOST: ("replace", "refund", *_COMMON),
    ADDRESS_LATE: ("intercepted", *_COMMON),
    CANCEL_UNANSWERED: _COMMON,
    WORK_PARKED: ("replayed", *_COMMON),  # closed by the replay of the message that it names
    PRIVACY_REQUEST: ("answered", *_COMMON),
    CHANNEL_CHANGE: ("applied", *_COMMON),
    "unfillable": ("reset", "cancel"),
}


def actions_for(code: str) -> tuple[str, ...]:
    """Return the legal actions; an exception of a code without its own list can be acknowledged."""
    return _ACTIONS.get(code, ("reset", "cancel", *_COMMON))
