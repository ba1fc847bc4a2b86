"""What lies on the lanes of the bus in memory: deliveries and sessions, with their locks."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from shared.adapters.embedded.bus_rows import lock_token
from shared.kernel.bus import Message, Received


@dataclass(slots=True)
class Numbers:
    """Sequence numbers of all lanes; they are never given out twice."""

    last: int = 0

    def take(self, count: int = 1) -> int:
        """Take so many; return the first."""
        first = self.last + 1
        self.last += count
        return first


@dataclass(slots=True, eq=False)
class Delivery:
    """A message on one lane."""

    number: int
    message: Message
    enqueued_at: datetime
    expires_at: datetime | None = None
    count: int = 0
    reason: str | None = None
    detail: str | None = None

    def is_expired(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now

    def seen(self) -> Received:
        """Return what is shown to who takes nothing."""
        return self._shown("", None)

    def taken(self, locked_until: datetime | None) -> Received:
        """Return what is handed out under a lock, once that is counted."""
        return self._shown(lock_token(self.number, self.count), locked_until)

    def _shown(self, token: str, locked_until: datetime | None) -> Received:
        return Received(
            self.message,
            self.number,
            self.count,
            self.enqueued_at,
            token,
            locked_until,
            self.reason,
            self.detail,
        )


Deliveries: TypeAlias = dict[int, Delivery]


@dataclass(slots=True, eq=False)
class Session:
    """There is one while it is held or has messages."""

    deliveries: Deliveries = field(default_factory=dict)
    held_until: datetime | None = None

    def is_free(self, now: datetime) -> bool:
        return self.held_until is None or self.held_until <= now
