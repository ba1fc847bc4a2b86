"""Sending in memory: duplicate detection, fan-out over subscriptions, schedules and replays.

What makes something visible returns the paths that now have more to receive.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from heapq import heapify, heappop, heappush
from itertools import islice
from typing import NamedTuple, TypeAlias

from shared.adapters.embedded.bus_rows import DEAD_LETTERS
from shared.adapters.embedded.bus_rules import (
    ACTIVATED_MAX,
    FORGET_EVERY,
    Outgoing,
    lines_of,
    replayed,
    session_mark,
)
from shared.adapters.embedded.bus_topology import Destination, Topology
from shared.adapters.memory.bus_delivery import Delivery, Numbers
from shared.adapters.memory.bus_lane import Lane
from shared.kernel.bus import Message

Known: TypeAlias = tuple[str, str]
"""A destination and a message id."""


class Scheduled(NamedTuple):
    """A message that waits for its time; ordered by that, then by its number."""

    due: datetime
    number: int
    destination: Destination
    message: Message
    lanes: list[Lane]


class Post:
    """Every lane, what is scheduled for them, and which message ids are known.

    Attributes:
        lanes: by path, those of dead letters too.
    """

    def __init__(self, topology: Topology) -> None:
        self._numbers = Numbers()
        self.lanes = _lanes(topology, self._numbers)
        self._scheduled: list[Scheduled] = []  # a heap
        self._known: dict[Known, datetime] = {}  # until when; what was sent last stands last

    def is_due(self, now: datetime) -> bool:
        """Tell whether a scheduled message is to be made visible."""
        return bool(self._scheduled) and self._scheduled[0].due <= now

    def next_due(self) -> datetime | None:
        """Return when the next scheduled message becomes visible or the next lock runs out."""
        due = [each.next_due() for each in self.lanes.values() if each.locked or each.sessions]
        if self._scheduled:
            due.append(self._scheduled[0].due)
        return min([each for each in due if each is not None], default=None)

    def backlog(self) -> dict[str, int]:
        """Return how many messages each path holds; scheduled ones under `<entity>/$scheduled`."""
        held = {path: len(each.deliveries) for path, each in self.lanes.items() if each.deliveries}
        return held | Counter(f"{each.destination.name}/$scheduled" for each in self._scheduled)

    def send(self, destination: Destination, batch: Sequence[Outgoing], now: datetime) -> set[str]:
        """Deliver or schedule a batch, without the message ids that are already known."""
        fresh = batch
        if destination.duplicate_window is not None:
            until = now + destination.duplicate_window
            fresh = [each for each in batch if self._is_new(destination, each.message, now, until)]
        if not fresh:
            return set()
        number = self._numbers.take(len(fresh))
        if destination.duplicate_window is not None and number % FORGET_EVERY < len(fresh):
            self._forget(now, 2 * max(FORGET_EVERY, len(fresh)))
        visible = []
        for each in fresh:  # those that must wait get the first numbers
            due = each.message.scheduled_at
            if due is None or due <= now:
                visible.append(each)
                continue
            heappush(self._scheduled, self._scheduling(destination, each, due, number))
            number += 1
        touched: set[str] = set()
        for place, each in enumerate([each for each in visible if each.lines], number):
            touched |= _deliver(self._lanes_of(each), _kept(each.message), place, now)
        return touched

    def _scheduling(
        self, destination: Destination, each: Outgoing, due: datetime, number: int
    ) -> Scheduled:
        return Scheduled(
            due.astimezone(UTC), number, destination, _kept(each.message), self._lanes_of(each)
        )

    def _lanes_of(self, each: Outgoing) -> list[Lane]:
        return [self.lanes[line.path] for line in each.lines]

    def _is_new(
        self, destination: Destination, message: Message, now: datetime, until: datetime
    ) -> bool:
        known, name = self._known, (destination.name, message.message_id)
        if known.get(name, now) > now:
            return False
        known.pop(name, None)
        known[name] = until
        return True

    def _forget(self, now: datetime, limit: int) -> None:
        """Drop old message ids, twice as many as come in: there are as many as a window has."""
        oldest = islice(self._known.items(), limit)
        for name in [name for name, until in oldest if until <= now]:
            del self._known[name]

    def activate(self, now: datetime) -> set[str]:
        """Make the scheduled messages visible whose time has come, under new sequence numbers."""
        touched: set[str] = set()
        for _ in range(ACTIVATED_MAX):
            if not self.is_due(now):
                break
            each = heappop(self._scheduled)
            if each.lanes:
                touched |= _deliver(each.lanes, each.message, self._numbers.take(), each.due)
        return touched

    def cancel(self, name: str, message_id: str, now: datetime) -> bool:
        """Take back a scheduled message whose time has not come."""
        kept = [
            each
            for each in self._scheduled
            if each.due <= now
            or (each.destination.name, each.message.message_id) != (name, message_id)
        ]
        is_taken = len(kept) < len(self._scheduled)
        if is_taken:
            heapify(kept)
            self._scheduled = kept
        return is_taken

    def replay(
        self, destination: Destination, lane: Lane, numbers: Iterable[int], now: datetime
    ) -> int:
        """Send dead letters of a lane to it again, all or none; return how many were there.

        Raises:
            ValueError: one of them has no id left.
        """
        dead, known = lane.dead, dict(self._known)
        if dead is None:
            return 0
        letters = dead.some_free(numbers, now)
        try:
            again = [self._again(destination, each.message, now) for each in letters]
        except ValueError:
            self._known = known
            raise
        for letter, each in zip(letters, again, strict=True):
            _deliver([lane], _kept(each.message), self._numbers.take(), now)
            dead.remove(letter)
        return len(letters)

    def _again(self, destination: Destination, message: Message, now: datetime) -> Outgoing:
        if destination.duplicate_window is None:
            return replayed(message, lambda _copy: True)
        until = now + destination.duplicate_window
        return replayed(message, lambda copy: self._is_new(destination, copy, now, until))


def _kept(message: Message) -> Message:
    """Return a message that its sender cannot change any more; its times are in UTC."""
    due = message.scheduled_at
    return Message(
        message.message_id,
        message.body,
        message.session_id,
        message.subject,
        message.correlation_id,
        message.content_type,
        dict(message.properties),
        None if due is None else due.astimezone(UTC),
        message.ttl_s,
    )


def _deliver(
    lanes: Iterable[Lane], message: Message, number: int, enqueued_at: datetime
) -> set[str]:
    """Put a message on its lanes."""
    touched: set[str] = set()
    for lane in lanes:
        ends = lane.expiry(message, enqueued_at)
        lane.add(Delivery(number, message, enqueued_at, ends))
        touched.add(lane.line.path)
        if lane.line.requires_session:
            touched.add(session_mark(lane.line.path, message.session_id or ""))
    return touched


def _lanes(topology: Topology, numbers: Numbers) -> dict[str, Lane]:
    lanes: dict[str, Lane] = {}
    lines = lines_of(topology)
    for destination in topology.destinations.values():
        for line in destination.lines:
            ends = [ttl for ttl in (destination.ttl, line.ttl) if ttl is not None]
            lane = lanes[line.path] = Lane(line, numbers, ttl=min(ends, default=None))
            dead = lines[line.path + DEAD_LETTERS]
            lane.dead = lanes[dead.path] = Lane(dead, numbers, living=lane)
    return lanes
