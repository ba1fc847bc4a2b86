"""The change feed: four ranges by partition, leased to the readers of a consumer.

As with Cosmos DB's latest-version mode a document comes once, as it is now, in order within its
partition; deletes and documents whose time is over do not come. What is read comes again until it
is checkpointed, and a checkpoint holds only under the lease's epoch, so that a reader that was
thought dead cannot move a position that has another owner. Leases of a process that is gone are
void at once, as the locks of its messages are.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from shared.adapters.embedded.bus_owners import is_known_dead
from shared.adapters.embedded.faults import Faults
from shared.adapters.embedded.opening import outside
from shared.adapters.embedded.rows import RANGES, SHARD_OF, checksum, microseconds
from shared.adapters.embedded.sqlite import Database
from shared.kernel.clock import Clock
from shared.kernel.documents import Change, ChangeBatch, Container

LEASE_US: Final = 15_000_000
RENEW_US: Final = 5_000_000  # a lease is renewed when it is this old

_READ: Final = """SELECT tenant, key, id, type, seq, expires, checksum, body FROM documents
  WHERE shard = ? AND seq > ? AND (expires IS NULL OR expires > ?) ORDER BY seq LIMIT ?"""
_NEWS: Final = """EXISTS(SELECT 1 FROM documents
  WHERE shard = ? AND seq > ? AND (expires IS NULL OR expires > ?))"""
_CLAIM: Final = """INSERT INTO leases VALUES(?, ?, ?, ?, 1, ?, 0)
  ON CONFLICT DO UPDATE SET owner = excluded.owner, epoch = epoch + 1, expires = excluded.expires
  RETURNING epoch, position"""
_PRESENT: Final = """INSERT INTO readers VALUES(?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET expires = excluded.expires"""
_CHECKPOINT: Final = """UPDATE leases SET position = max(position, ?), expires = ?
  WHERE container = ? AND consumer = ? AND range = ? AND owner = ? AND epoch = ?"""
_GIVE_BACK: Final = """UPDATE leases SET owner = '', expires = 0
  WHERE container = ? AND consumer = ? AND owner = ? AND range = ?"""
_RENEW: Final = """UPDATE leases SET expires = ?
  WHERE container = ? AND consumer = ? AND owner = ?"""
_LEASES: Final = """SELECT range, owner, expires, epoch, position FROM leases
  WHERE container = ? AND consumer = ?"""
_ABSENT: Final = "DELETE FROM readers WHERE container = ? AND consumer = ? AND owner = ?"
_BEHIND: Final = """SELECT count(*) FROM documents
  WHERE shard = ? AND seq > ? AND (expires IS NULL OR expires > ?)"""
_POSITIONS: Final = "SELECT container, consumer, range, position FROM leases"
_READERS: Final = "SELECT owner, expires FROM readers WHERE container = ? AND consumer = ?"


@dataclass(slots=True)
class _Lease:
    """A range that this reader holds."""

    epoch: int
    position: int
    is_outstanding: bool = False


class EmbeddedFeed:
    """One reader; not for use by two tasks at once."""

    def __init__(
        self,
        database: Database,
        container: Container,
        consumer: str,
        *,
        owner: str,
        clock: Clock,
        faults: Faults,
    ) -> None:
        self._database, self._container, self._consumer = database, container, consumer
        self._name = str(container)
        self._owner, self._clock, self._faults = owner, clock, faults
        self._leases: dict[int, _Lease] = {}
        self._settled_at = -RENEW_US
        self._first = 0
        self._quiet_at: tuple[int, int] | None = None

    def has_news(self) -> bool:
        """Tell, for a few microseconds, whether reading may find something or leases are due."""
        is_due = not 0 <= microseconds(self._clock.now()) - self._settled_at < RENEW_US
        return is_due or self._quiet_at is None or self._quiet_at != self._database.version()

    async def read(self, limit: int) -> Sequence[ChangeBatch]:
        """Return up to `limit` changes behind the checkpoints of the ranges it holds."""
        if not self.has_news():
            return ()
        detail = (self._name, self._consumer)
        await self._faults.before("feed.read", detail)
        batches = await self._read(limit)
        await self._faults.after("feed.read", detail)
        return batches

    async def checkpoint(self, batch: ChangeBatch) -> bool:
        """Remember a batch as done; False when its range has another owner by now."""
        detail = (self._name, self._consumer, batch.range, batch.position)
        await self._faults.before("feed.checkpoint", detail)
        is_ours = await self._checkpoint(batch)
        await self._faults.after("feed.checkpoint", detail)
        return is_ours

    async def close(self) -> None:
        """Give the ranges back, so that other readers need not wait for the leases to end."""
        await self._database.write(self._leave)
        self._leases, self._settled_at, self._quiet_at = {}, -RENEW_US, None

    async def _read(self, limit: int) -> Sequence[ChangeBatch]:
        now = microseconds(self._clock.now())
        if not 0 <= now - self._settled_at < RENEW_US:
            self._leases = await self._database.write(
                lambda c: self._settle(c, now), is_durable=False
            )
            self._settled_at = now
        version = self._database.version()  # taken before reading: what comes later is news
        batches: list[ChangeBatch] = []
        for number in self._with_news(now):
            if limit > 0 and (batch := self._read_range(number, limit, now)) is not None:
                batches.append(batch)
                limit -= len(batch.changes)
        self._quiet_at = None if batches else version
        return batches

    def _turns(self) -> list[int]:
        """The ranges held, each time beginning with another, so that none starves."""
        held = sorted(self._leases)
        self._first += 1
        start = self._first % max(1, len(held))
        return held[start:] + held[:start]

    def _with_news(self, now: int) -> list[int]:
        """Return those of the turns in which there is something to read, by one statement."""
        turns = self._turns()
        if not turns:
            return []
        base = SHARD_OF[self._container]
        values = [v for r in turns for v in (base + r, self._leases[r].position, now)]
        try:
            found = self._database.reader().execute(_looking(len(turns)), values).fetchone()
        except sqlite3.Error as error:
            raise outside(error) from error
        for number, is_any in zip(turns, found, strict=True):
            self._leases[number].is_outstanding &= bool(is_any)
        return [number for number, is_any in zip(turns, found, strict=True) if is_any]

    def _read_range(self, number: int, limit: int, now: int) -> ChangeBatch | None:
        lease = self._leases[number]
        values = (SHARD_OF[self._container] + number, lease.position, now, limit)
        try:
            rows = self._database.reader().execute(_READ, values).fetchall()
        except sqlite3.Error as error:
            raise outside(error) from error
        lease.is_outstanding = bool(rows)
        if not rows:
            return None
        changes = tuple([_change(self._container, row) for row in rows])
        return ChangeBatch(changes, number, lease.epoch, int(changes[-1].etag))

    async def _checkpoint(self, batch: ChangeBatch) -> bool:
        values = (
            batch.position,
            microseconds(self._clock.now()) + LEASE_US,
            self._name,
            self._consumer,
            batch.range,
            self._owner,
            batch.epoch,
        )
        # Lost at a power cut it only means that these changes come again.
        is_ours = await self._database.write(
            lambda c: c.execute(_CHECKPOINT, values).rowcount == 1, is_durable=False, can_wait=True
        )
        lease = self._leases.get(batch.range)
        if not is_ours:
            self._leases.pop(batch.range, None)
        elif lease is not None:
            lease.position, lease.is_outstanding = max(lease.position, batch.position), False
        return is_ours

    def _settle(self, connection: sqlite3.Connection, now: int) -> dict[int, _Lease]:
        """Renew what is ours, give back what is beyond our share, take what is free."""
        place = (self._name, self._consumer)
        connection.execute(_PRESENT, (*place, self._owner, now + LEASE_US))
        readers, dead = self._look_around(connection, now)
        rows = connection.execute(_LEASES, place).fetchall()
        share = -(-RANGES // readers)
        held = {row[0]: row[3:] for row in rows if row[1] == self._owner}
        mine, given_back = self._shared(list(held), share)
        others = [row for row in rows if row[1] not in {self._owner, *dead}]
        taken = {row[0] for row in others if row[2] > now}
        free = [
            r for r in range(RANGES) if r not in taken and r not in mine and r not in given_back
        ]
        claimed = free[: max(0, share - len(mine))]
        for number in claimed:
            values = (*place, number, self._owner, now + LEASE_US)
            held[number] = connection.execute(_CLAIM, values).fetchone()
        for number in given_back:
            connection.execute(_GIVE_BACK, (*place, self._owner, number))
            del held[number]
        connection.execute(_RENEW, (now + LEASE_US, *place, self._owner))
        return {number: self._held(number, *lease) for number, lease in held.items()}

    def _look_around(self, connection: sqlite3.Connection, now: int) -> tuple[int, set[str]]:
        """Forget the readers who are gone; returns how many there are, and whose process died."""
        place = (self._name, self._consumer)
        rows = connection.execute(_READERS, place).fetchall()
        others = [(owner, expires) for owner, expires in rows if owner != self._owner]
        dead = {owner for owner, _ in others if is_known_dead(owner)}
        gone = dead | {owner for owner, expires in others if expires <= now}
        for owner in gone:
            connection.execute(_ABSENT, (*place, owner))
        return len(rows) - len(gone), dead

    def _shared(self, mine: list[int], share: int) -> tuple[list[int], list[int]]:
        """Divide our ranges into those to keep (what is being worked on first) and to give back."""
        busy = [r for r in mine if r in self._leases and self._leases[r].is_outstanding]
        kept = busy + [r for r in mine if r not in busy][: max(0, share - len(busy))]
        return kept, [r for r in mine if r not in kept]

    def _held(self, number: int, epoch: int, position: int) -> _Lease:
        before = self._leases.get(number)
        is_busy = before is not None and before.epoch == epoch and before.is_outstanding
        return _Lease(epoch, position, is_busy)

    def _leave(self, connection: sqlite3.Connection) -> None:
        place = (self._name, self._consumer, self._owner)
        for number in range(RANGES):
            connection.execute(_GIVE_BACK, (*place, number))
        connection.execute(_ABSENT, place)


@cache
def _looking(ranges: int) -> str:
    return f"SELECT {', '.join([_NEWS] * ranges)}"


def behind(connection: sqlite3.Connection, now: int) -> dict[str, int]:
    """Return how many changes each consumer has still to work, by `<container>/<consumer>`.

    A consumer that is up to date has no entry, nor has one that never read.
    """
    found: dict[str, int] = {}
    for container, consumer, number, position in connection.execute(_POSITIONS).fetchall():
        shard = SHARD_OF[Container(container)] + number
        (count,) = connection.execute(_BEHIND, (shard, position, now)).fetchone()
        if count:
            name = f"{container}/{consumer}"
            found[name] = found.get(name, 0) + count
    return found


def _change(container: Container, row: tuple[Any, ...]) -> Change:
    """Return a row as a change; a corrupt one has no body, so that its reader can park it."""
    tenant, key, id, type, seq, expires, digest, body = row
    place = (str(container), tenant, key, id)
    is_sound = checksum(place, (type, seq, expires), body) == digest
    return Change(container, tenant, key, id, type, str(seq), body if is_sound else b"")
