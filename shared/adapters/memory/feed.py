"""The change feed of plain memory: ranges by partition, leased to the readers of a consumer.

What a reader gets, and when a lease is taken, lost or shared, is as the embedded feed says; the
number of commits, which quiet readers go by, moves with leases and checkpoints, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice

from shared.adapters.embedded.faults import Faults
from shared.adapters.embedded.feed import LEASE_US, RENEW_US
from shared.adapters.embedded.rows import RANGES, SHARD_OF, microseconds
from shared.adapters.memory.rows import Row, Rows, Shard
from shared.adapters.memory.writes import Writer
from shared.kernel.clock import Clock
from shared.kernel.documents import Change, ChangeBatch, Container


@dataclass(slots=True)
class _Lease:
    """A range of a consumer: who holds it and until when, and what was worked."""

    owner: str
    expires: int
    epoch: int = 1
    position: int = 0


@dataclass(slots=True)
class _Consumer:
    """What the readers of one consumer share."""

    leases: dict[int, _Lease] = field(default_factory=dict)
    readers: dict[str, int] = field(default_factory=dict)  # until when each is known to live


class Leases:
    """Of every consumer of every container."""

    def __init__(self) -> None:
        self._consumers: dict[tuple[Container, str], _Consumer] = {}

    def of(self, container: Container, consumer: str) -> _Consumer:
        return self._consumers.setdefault((container, consumer), _Consumer())

    def behind(self, rows: Rows, now: int) -> dict[str, int]:
        """Return how many changes each consumer has still to work; none: no entry."""
        found: dict[str, int] = {}
        for (container, consumer), state in sorted(self._consumers.items()):
            counts = [
                sum(1 for _ in rows.shards[SHARD_OF[container] + number].behind(at.position, now))
                for number, at in state.leases.items()
            ]
            if any(counts):
                found[f"{container}/{consumer}"] = sum(counts)
        return found


@dataclass(slots=True)
class _Held:
    """A range that this reader believes to hold."""

    epoch: int
    position: int
    is_outstanding: bool = False


class MemoryFeed:
    """One reader; not for use by two tasks at once."""

    def __init__(
        self,
        shared: tuple[Rows, Writer, _Consumer],
        container: Container,
        consumer: str,
        *,
        owner: str,
        clock: Clock,
        faults: Faults,
    ) -> None:
        rows, self._writer, self._shared = shared
        base = SHARD_OF[container]
        self._shards: list[Shard] = rows.shards[base : base + RANGES]
        self._container, self._consumer, self._name = container, consumer, str(container)
        self._owner, self._clock, self._faults = owner, clock, faults
        self._held: dict[int, _Held] = {}
        self._settled_at = -RENEW_US
        self._first = 0
        self._quiet_at: int | None = None

    def has_news(self) -> bool:
        """Tell whether reading may find something or leases are due."""
        return self._quiet_at != self._writer.commits or self._is_due(self._now())

    async def read(self, limit: int) -> Sequence[ChangeBatch]:
        """Return up to `limit` changes behind the checkpoints of the ranges it holds."""
        if not self.has_news():
            return ()
        detail = (self._name, self._consumer)
        await self._faults.before("feed.read", detail)
        batches = self._read(limit)
        await self._faults.after("feed.read", detail)
        return batches

    async def checkpoint(self, batch: ChangeBatch) -> bool:
        """Remember a batch as done; False when its range has another owner by now."""
        detail = (self._name, self._consumer, batch.range, batch.position)
        await self._faults.before("feed.checkpoint", detail)
        is_ours = self._checkpoint(batch)
        await self._faults.after("feed.checkpoint", detail)
        return is_ours

    async def close(self) -> None:
        """Give the ranges back, so that other readers need not wait for the leases to end."""
        self._writer.run(self._leave)
        self._held, self._settled_at, self._quiet_at = {}, -RENEW_US, None

    def _now(self) -> int:
        return microseconds(self._clock.now())

    def _is_due(self, now: int) -> bool:
        return not 0 <= now - self._settled_at < RENEW_US

    def _read(self, limit: int) -> Sequence[ChangeBatch]:
        now = self._now()
        if self._is_due(now):
            self._held = self._writer.run(lambda: self._settle(now))
            self._settled_at = now
        self._writer.check_open()
        batches: list[ChangeBatch] = []
        for number in self._turns():
            held = self._held[number]
            found = list(islice(self._shards[number].behind(held.position, now), max(limit, 1)))
            if not found:
                held.is_outstanding = False
            elif limit > 0:
                held.is_outstanding = True
                batches.append(self._batch(number, held.epoch, found))
                limit -= len(found)
        self._quiet_at = None if batches else self._writer.commits
        return batches

    def _turns(self) -> list[int]:
        """The ranges held, each time beginning with another, so that none starves."""
        numbers = sorted(self._held)
        self._first += 1
        start = self._first % max(1, len(numbers))
        return numbers[start:] + numbers[:start]

    def _batch(self, number: int, epoch: int, rows: list[Row]) -> ChangeBatch:
        changes = [
            Change(self._container, tenant_id, key, id, row.kind.type, row.etag, row.raw)
            for row in rows
            for _, tenant_id, key, id in (row.place,)
        ]
        return ChangeBatch(tuple(changes), number, epoch, rows[-1].seq)

    def _checkpoint(self, batch: ChangeBatch) -> bool:
        ends = self._now() + LEASE_US
        is_ours = self._writer.run(lambda: self._advance(batch, ends))
        held = self._held.get(batch.range)
        if not is_ours:
            self._held.pop(batch.range, None)
        elif held is not None:
            held.position, held.is_outstanding = max(held.position, batch.position), False
        return is_ours

    def _advance(self, batch: ChangeBatch, ends: int) -> bool:
        lease = self._shared.leases.get(batch.range)
        if lease is None or lease.owner != self._owner or lease.epoch != batch.epoch:
            return False
        lease.position, lease.expires = max(lease.position, batch.position), ends
        return True

    def _settle(self, now: int) -> dict[int, _Held]:
        """Renew what is ours, give back what is beyond our share, take what is free."""
        leases, readers, me = self._shared.leases, self._shared.readers, self._owner
        readers[me] = now + LEASE_US
        for owner in [one for one, ends in readers.items() if one != me and ends <= now]:
            del readers[owner]
        share = -(-RANGES // len(readers))
        mine = sorted(number for number, lease in leases.items() if lease.owner == me)
        kept, given_back = self._divided(mine, share)
        for number in given_back:
            leases[number].owner, leases[number].expires = "", 0
        free = [
            number
            for number in range(RANGES)
            if number not in mine and (number not in leases or leases[number].expires <= now)
        ]
        for number in free[: max(0, share - len(kept))]:
            self._claim(number)
            kept.append(number)
        for number in kept:
            leases[number].expires = now + LEASE_US
        return {number: self._taken(number, leases[number]) for number in kept}

    def _claim(self, number: int) -> None:
        lease = self._shared.leases.get(number)
        if lease is None:
            self._shared.leases[number] = _Lease(self._owner, 0)
        else:
            lease.owner, lease.epoch = self._owner, lease.epoch + 1

    def _divided(self, mine: list[int], share: int) -> tuple[list[int], list[int]]:
        """Divide our ranges into those to keep (what is being worked on first) and to give back."""
        busy = [n for n in mine if n in self._held and self._held[n].is_outstanding]
        kept = busy + [n for n in mine if n not in busy][: max(0, share - len(busy))]
        return kept, [n for n in mine if n not in kept]

    def _taken(self, number: int, lease: _Lease) -> _Held:
        before = self._held.get(number)
        is_busy = before is not None and before.epoch == lease.epoch and before.is_outstanding
        return _Held(lease.epoch, lease.position, is_busy)

    def _leave(self) -> None:
        for lease in self._shared.leases.values():
            if lease.owner == self._owner:
                lease.owner, lease.expires = "", 0
        self._shared.readers.pop(self._owner, None)
