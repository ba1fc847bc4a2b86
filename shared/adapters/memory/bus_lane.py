"""One queue, subscription or dead-letter queue in memory: its messages, locks and sessions.

Sequence numbers only grow, so whatever is put in last belongs last: a dict's own order is the
order of receipt, and that of the sessions' waiting. Locks that ran out are found when somebody
looks, by the clock of that moment: it may have been set back.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

from shared.adapters.embedded.bus_rows import lock_token
from shared.adapters.embedded.bus_rules import (
    DETAIL_CHARS_MAX,
    EXHAUSTED,
    EXPIRED,
    EXPIRED_DETAIL,
    SESSIONS_LOOKED_AT_MAX,
    TIDIED_MAX,
    exhausted_detail,
    lost,
    session_lost,
)
from shared.adapters.embedded.bus_topology import Line
from shared.adapters.memory.bus_delivery import Deliveries, Delivery, Numbers, Session
from shared.kernel.bus import Message, Received

FOREVER: Final = datetime.max.replace(tzinfo=UTC)


class Lane:
    """What stands on a line, in order.

    Attributes:
        locked: until when each locked message is, also if that has passed; FOREVER for one of a
            session, which is held for as long as the session is.
        dead: where dead letters go; None on a dead-letter queue, whose `living` is the other way.
    """

    def __init__(
        self,
        line: Line,
        numbers: Numbers,
        *,
        ttl: timedelta | None = None,
        living: "Lane | None" = None,
    ) -> None:
        self.line, self.living = line, living
        self.dead: Lane | None = None
        self.deliveries: Deliveries = {}
        self.locked: dict[int, datetime] = {}
        self.sessions: dict[str, Session] = {}
        self._numbers, self._lock, self._ttl = numbers, line.lock, ttl

    # -- what is there -------------------------------------------------------------------------

    def has_free(self, now: datetime) -> bool:
        """Tell whether a message is free, expired ones too; on a line of sessions, a session."""
        if self.line.requires_session:
            return any(each.is_free(now) for each in self.sessions.values())
        locked = self.locked
        return len(self.deliveries) > len(locked) or (bool(locked) and min(locked.values()) <= now)

    def has_next(self, session: Session) -> bool:
        """Tell whether a held session has more to receive."""
        return any(number not in self.locked for number in session.deliveries)

    def next_due(self) -> datetime | None:
        """Return when the first lock ends, or ended."""
        if not self.line.requires_session:
            return min(self.locked.values(), default=None)
        ends = [each.held_until for each in self.sessions.values() if each.held_until is not None]
        return min(ends, default=None)

    def visible(self, after: int, limit: int, now: datetime) -> list[Received]:
        """Return what stands behind a sequence number, locked or not, unless it expired."""
        seen = (
            each
            for each in self.deliveries.values()
            if each.number > after and not (each.is_expired(now) and self._is_free(each, now))
        )
        return [each.seen() for each in islice(seen, limit)]

    def some_free(self, numbers: Iterable[int], now: datetime) -> list[Delivery]:
        """Return those of these messages that are there and free, each once."""
        found = [self.deliveries.get(number) for number in dict.fromkeys(numbers)]
        return [each for each in found if each is not None and self._is_free(each, now)]

    def has_ended(self, now: datetime) -> bool:
        """Tell whether something is to be buried although nobody receives."""
        return any(self._is_ended(each, now) for each in self.deliveries.values())

    def _is_free(self, each: Delivery, now: datetime) -> bool:
        until = self.locked.get(each.number)
        return until is None or until <= now

    def _is_over(self, each: Delivery, now: datetime) -> bool:
        return each.is_expired(now) or each.count >= self.line.deliveries_max

    def _is_ended(self, each: Delivery, now: datetime) -> bool:
        return self._is_over(each, now) and self._is_free(each, now)

    # -- in and out ----------------------------------------------------------------------------

    def expiry(self, message: Message, enqueued_at: datetime) -> datetime | None:
        """Return when a message ends; the entity's own time to live is the longest there is."""
        limits = [] if self._ttl is None else [self._ttl]
        if message.ttl_s is not None:
            limits.append(timedelta(seconds=message.ttl_s))
        return enqueued_at + min(limits) if limits else None

    def add(self, delivery: Delivery) -> None:
        """Put a message last."""
        self.deliveries[delivery.number] = delivery
        if self.line.requires_session:
            name = delivery.message.session_id or ""
            self.sessions.setdefault(name, Session()).deliveries[delivery.number] = delivery

    def remove(self, delivery: Delivery) -> None:
        """Take a message out; its session stays until that is looked at."""
        del self.deliveries[delivery.number]
        self.locked.pop(delivery.number, None)
        if self.line.requires_session:
            del self.sessions[delivery.message.session_id or ""].deliveries[delivery.number]

    def free(self, delivery: Delivery) -> None:
        """Give a message back to its place."""
        self.locked.pop(delivery.number, None)

    @property
    def dead_letters(self) -> "Lane":
        """Where this lane's dead letters go."""
        if self.dead is None:
            raise AssertionError(f"{self.line.path} has no dead letters: its own stay")
        return self.dead

    def bury(self, delivery: Delivery, reason: str, detail: str) -> None:
        """Move a message to the dead letters."""
        self.remove(delivery)
        self.dead_letters.add(
            Delivery(
                self._numbers.take(),
                delivery.message,
                delivery.enqueued_at,
                count=delivery.count,
                reason=reason[:DETAIL_CHARS_MAX],
                detail=detail[:DETAIL_CHARS_MAX],
            )
        )

    def bury_if_exhausted(self, delivery: Delivery) -> bool:
        """Bury what was delivered for the last time."""
        is_exhausted = delivery.count >= self.line.deliveries_max
        if is_exhausted:
            self.bury(delivery, EXHAUSTED, exhausted_detail(delivery.count))
        return is_exhausted

    def tidy(self, now: datetime) -> None:
        """Bury what ended although nobody receives."""
        ended = (each for each in self.deliveries.values() if self._is_ended(each, now))
        for each in list(islice(ended, TIDIED_MAX)):
            self._end(each, now)

    def _end(self, delivery: Delivery, now: datetime) -> None:
        """Take a message out that expired or was delivered too often."""
        if not delivery.is_expired(now):
            self.bury_if_exhausted(delivery)
        elif self.line.keeps_expired:
            self.bury(delivery, EXPIRED, EXPIRED_DETAIL)
        else:
            self.remove(delivery)

    # -- locks ---------------------------------------------------------------------------------

    def receive(self, limit: int, now: datetime) -> list[Received]:
        """Lock the next messages in order; clear away what expired or was delivered too often."""
        until = now + self._lock
        found = self._next_free(self.deliveries, limit, now)
        return self._taken(found, until, until)

    def receive_from(self, session: Session, limit: int, now: datetime) -> list[Received]:
        """Lock the next messages of a held session, as `receive` does, for as long as it is."""
        found = self._next_free(session.deliveries, limit, now)
        return self._taken(found, FOREVER, session.held_until)

    def _taken(
        self, found: list[Delivery], locked_until: datetime, said: datetime | None
    ) -> list[Received]:
        for each in found:
            each.count += 1
            self.locked[each.number] = locked_until
        return [each.taken(said) for each in found]

    def _next_free(self, deliveries: Deliveries, limit: int, now: datetime) -> list[Delivery]:
        """Return up to `limit` free and living messages, in order; bury the others on the way."""
        found: list[Delivery] = []
        ended: list[Delivery] = []
        locked = self.locked
        for each in deliveries.values():
            if locked.get(each.number, now) > now:
                continue
            (ended if self._is_over(each, now) else found).append(each)
            if len(found) == limit or len(ended) == TIDIED_MAX:
                break
        for each in ended:
            self._end(each, now)
        return found

    def held(self, received: Received, now: datetime) -> Delivery:
        """Return what was received; a message of a session is held only while that is.

        Raises:
            LockLost: it is not held any more.
        """
        number, count = received.sequence_number, received.delivery_count
        if received.lock_token != lock_token(number, count):
            raise lost(self.line, received)
        if self.line.requires_session:
            self.held_session(received.message.session_id or "", now)
        each = self.deliveries.get(number)
        if each is None or each.count != count or self._is_free(each, now):
            raise lost(self.line, received)
        return each

    def complete(self, batch: Sequence[Received], now: datetime) -> None:
        """Settle messages, all or none.

        Raises:
            LockLost: one of them is not held any more.
        """
        done: Deliveries = {}
        for received in batch:
            each = self.held(received, now)
            if each.number in done:
                raise lost(self.line, received)
            done[each.number] = each
        for each in done.values():
            self.remove(each)

    def renew(self, received: Received, now: datetime) -> datetime:
        """Lengthen the lock of a message, or of its session; return its new end.

        Raises:
            LockLost: it is not held any more.
        """
        number, until = self.held(received, now).number, now + self._lock
        if self.line.requires_session:
            self.sessions[received.message.session_id or ""].held_until = until
        else:
            self.locked[number] = until
        return until

    # -- sessions ------------------------------------------------------------------------------

    def held_session(self, name: str, now: datetime) -> Session:
        """Return a session that is held.

        Raises:
            LockLost: it is not held any more.
        """
        session = self.sessions.get(name)
        if session is None or session.is_free(now):
            raise session_lost(self.line, name)
        return session

    def accept_session(self, now: datetime) -> str | None:
        """Hold the free session that has waited longest and has a message to receive."""
        free = ((name, each) for name, each in self.sessions.items() if each.is_free(now))
        for name, session in list(islice(free, SESSIONS_LOOKED_AT_MAX)):
            self._free_messages(session)
            if self._next_free(session.deliveries, 1, now):
                session.held_until = now + self._lock
                return name
            self._forget_if_empty(name, session)
        return None

    def release_session(self, name: str) -> bool:
        """Give a session back, behind those that wait; False when it was not held any more."""
        self._numbers.take()  # its place, which nobody has if there is no such session
        session = self.sessions.get(name)
        if session is None or session.held_until is None:
            return False
        session.held_until = None
        self.sessions[name] = self.sessions.pop(name)
        self._free_messages(session)
        self._forget_if_empty(name, session)
        return True

    def _free_messages(self, session: Session) -> None:
        for number in session.deliveries:
            self.locked.pop(number, None)

    def _forget_if_empty(self, name: str, session: Session) -> None:
        if not session.deliveries:
            del self.sessions[name]
