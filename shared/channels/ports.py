"""What only a channel's own API can do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from shared.channels.model import Connection


@dataclass(frozen=True, slots=True)
class Shipped:
    """Units that left, by the channel's line id."""

    reference: str
    shipment_id: str
    units: Mapping[str, int]
    carrier: str | None = None
    tracking: tuple[str, ...] = ()
    notify_customer: bool = True


class FulfillmentWriteBack(Protocol):
    async def ship(self, tenant_id: str, connection: Connection, shipped: Shipped) -> bool:
        """Tell the channel that units left; False when it counts them as done already.

        Sending the same shipment again must do no harm.

        Raises:
            Unavailable: the channel cannot be reached, or asks to come later.
        """
        ...


def token_name(connection_id: str) -> str:
    """Return the vault's name of a connection's access token to its channel's API."""
    return f"connection:{connection_id}:access-token"
