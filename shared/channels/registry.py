"""Every channel that sends webhooks: one row each."""

from collections.abc import Mapping
from typing import Final

from shared.channels import shopify
from shared.channels.model import Channel, UnknownChannel

_ROWS: Final = (
    Channel(
        name=shopify.CHANNEL,
        verify=shopify.verify,
        read=shopify.read,
        topic_header="x-shopify-topic",
        dedupe_headers=("x-shopify-event-id", "x-shopify-webhook-id"),
        occurred_header="x-shopify-triggered-at",
        topics=shopify.ORDER_TOPICS | shopify.NOTICE_TOPICS | {shopify.REFUND_TOPIC},
    ),
)
REGISTRY: Final[Mapping[str, Channel]] = {row.name: row for row in _ROWS}


def channel(name: str) -> Channel:
    """Return a channel's row.

    Raises:
        UnknownChannel: no channel of that name sends webhooks.
    """
    found = REGISTRY.get(name)
    if found is None:
        raise UnknownChannel(name)
    return found
