"""What we tell Shopify when goods leave: a fulfillment against its open fulfillment orders."""

from collections.abc import Mapping, Sequence
from typing import Final

from shared.channels.ports import Shipped
from shared.channels.shopify_payloads import FulfillmentOrder

# Shopify takes no fulfillment for orders in these states.
_CLOSED: Final = frozenset({"closed", "cancelled", "incomplete"})


def fulfillment_body(
    shipped: Shipped, open_orders: Sequence[FulfillmentOrder]
) -> dict[str, object] | None:
    """Return the body of POST fulfillments.json; None when Shopify has none of the units open.

    Units are taken from the fulfillment orders in their order; what Shopify counts as done already
    is left out, so that sending again does no harm.
    """
    left = dict(shipped.units)
    rows: list[dict[str, object]] = []
    for found in open_orders:
        if found.status in _CLOSED:
            continue
        items = _taken(found, left)
        if items:
            rows.append({"fulfillment_order_id": found.id, "fulfillment_order_line_items": items})
    if not rows:
        return None
    return {
        "fulfillment": {
            "line_items_by_fulfillment_order": rows,
            "tracking_info": _tracking(shipped),
            "notify_customer": shipped.notify_customer,
        }
    }


def _taken(found: FulfillmentOrder, left: dict[str, int]) -> list[Mapping[str, object]]:
    items: list[Mapping[str, object]] = []
    for line in found.line_items:
        units = min(left.get(str(line.line_item_id), 0), line.fulfillable_quantity)
        if units > 0:
            left[str(line.line_item_id)] -= units
            items.append({"id": line.id, "quantity": units})
    return items


def _tracking(shipped: Shipped) -> dict[str, object]:
    info: dict[str, object] = {}
    if shipped.carrier:
        info["company"] = shipped.carrier
    if shipped.tracking:
        info["numbers"] = list(shipped.tracking)
    return info
