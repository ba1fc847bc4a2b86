"""What only the outside can do: carry a message to a customer."""

from typing import Protocol

from shared.notifications.model import CustomerMessage


class Messenger(Protocol):
    async def send(self, message: CustomerMessage) -> None:
        """Hand a message over; the same message id again must do no harm.

        Raises:
            Unavailable: it is not known to be handed over; try again.
        """
        ...

    async def forget(self, tenant_id: str, order_id: str) -> int:
        """Remove what is kept of an order's messages; returns how many."""
        ...
