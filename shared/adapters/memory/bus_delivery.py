"""What lies on the lanes of the bus in memory: deliveries and sessions, with their locks.

Instants are microseconds, as the embedded bus keeps them.
"""

from dataclasses import dataclass, field
from typing import TypeAlias

from shared.adapters.embedded.bus_rows import instant, lock_token
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
    enqueued_at: int
    expires_at: int | None = None
    count: int = 0
    locked_until: int | None = None
    reason: str | None = None
    detail: str | None = None

    def is_free(self, now: int) -> bool:
        return self.locked_until is None or self.locked_until <= now

    def is_expired(self, now: int) -> bool:
        return self.expires_at is not None and self.expires_at <= now

    def shown(self, count: int, locked_until: int | None) -> Received:
        """Return what is handed out; `locked_until` None: it is peeked at."""
        is_locked = locked_until is not None
        return Received(
            self.message,
            self.number,
            count,
            instant(self.enqueued_at),
            lock_token(self.number, count) if is_locked else "",
            None if locked_until is None else instant(locked_until),
            self.reason,
            self.detail,
        )


Deliveries: TypeAlias = dict[int, Delivery]


@dataclass(slots=True, eq=False)
class Session:
    """There is one while it is held or has messages."""

    deliveries: Deliveries = field(default_factory=dict)
    held_until: int | None = None

    def is_free(self, now: int) -> bool:
        return self.held_until is None or self.held_until <= now

    def has_next(self) -> bool:
        return any(each.locked_until is None for each in self.deliveries.values())
