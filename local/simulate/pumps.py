"""What runs all the time: relays over a bad feed, and consumers of the routing subscription.

The functions are those that Azure runs; here they are driven as a host drives them: a batch of
changes is checkpointed after the relay has returned, a message is completed after its function has.
A consumer that crashes leaves its messages locked; they come again when the lock has run out.
"""

import logging
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from functions._relay import relay
from functions.orders import receive_orders
from functions.routing import follow_events
from local.host.change_documents import documents_of
from local.host.messages import message_of
from local.simulate.engine import FOREVER_S, Pause, run_now
from local.simulate.stage import WORKERS, Process, Stage
from shared.kernel.bus import LockLost, Received
from shared.kernel.documents import ChangeBatch, Container, Feed
from shared.kernel.errors import Outside
from shared.wiring.simulated import AdversarialFeed

ROUTING: Final = "events/routing"
ORDERS_IN: Final = "orders-in"
RELAYED_AT_ONCE: Final = 60
TAKEN_AT_ONCE: Final = 3
LATE_S: Final = 10.0  # until a feed that was late is asked again without further news
AGAIN: Final = 0.1  # of reads: they bring a batch once more
FURNITURE_AT_ONCE: Final = 500
RESTART_S: Final = 2.0
AGAIN_S: Final = 1.0
Start = Callable[[], None]
WORKED: Final = {ROUTING: follow_events, ORDERS_IN: receive_orders}  # by path
RELAYED: Final = (Container.ORDERS, Container.STOCK)
OUTAGE_CHANCE: Final = 0.3  # of a seed: the relay is away for some minutes
BELLS: Final = {container: f"changed {container}" for container in Container}


def feed_bell(container: Container) -> str:
    """Return what is rung when something in a container is to be relayed."""
    return BELLS[container]


class FaultsOfOurs(logging.Handler):
    """Collects what the functions log as faults of ours: none is ever expected."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Remember one."""
        error = record.exc_info[1] if record.exc_info else None
        self.seen.append(f"{record.getMessage()}: {error!r}")


@dataclass(slots=True)
class Pumps:
    """The relays and consumers of a stage; `faults` are exceptions that nobody expects."""

    stage: Stage
    feeds: dict[Container, Feed] = field(default_factory=dict)
    good_feeds: dict[Container, Feed] = field(default_factory=dict)
    changed: dict[Container, int] = field(default_factory=dict)  # how often so far
    faults: list[str] = field(default_factory=list)
    relay_away_s: tuple[float, float] = (0.0, 0.0)

    def open(self) -> None:
        """Open the feeds, behind what tenants were furnished with: that is long published.

        Nobody waits for goods yet, so that nobody would do anything about it.
        """
        for container in RELAYED:
            feed = self.stage.store.feed(container, f"relay-{container.value}")
            self.good_feeds[container] = feed
            run_now(_pass_by(feed))

    def start(self) -> None:
        """Start them all, and wake them by the store's and the bus's announcements."""
        stage, chance = self.stage, self.stage.chance
        news = getattr(stage.base.store, "on_news")  # noqa: B009 - no part of the port
        news.append(self._changed)
        sends = getattr(stage.base.bus, "on_send")  # noqa: B009 - no part of the port
        sends.append(self._ring)
        if chance.random() < OUTAGE_CHANCE:
            begin = chance.uniform(0.0, 150.0)
            self.relay_away_s = (begin, begin + chance.uniform(60.0, 400.0))
        for container in RELAYED:
            self.feeds[container] = AdversarialFeed(self.good_feeds[container], chance, again=AGAIN)
            self._relay(container)
        for name in WORKERS:
            self._consumer(ROUTING, name, stage.processes[name])
        self._consumer(ORDERS_IN, WORKERS[0], stage.processes[WORKERS[0]])

    def _changed(self, container: Container) -> None:
        self.changed[container] = self.changed.get(container, 0) + 1
        self.stage.engine.ring(feed_bell(container))

    def _ring(self, paths: Set[str]) -> None:
        """Wake one consumer of each path: whoever leaves something behind wakes the next."""
        for path in WORKED:
            if path in paths:
                self.stage.engine.ring_for_one(path)

    def calm(self) -> None:
        """Read the feeds as they are: what was brought twice has been brought twice."""
        self.feeds = dict(self.good_feeds)

    def _relay(self, container: Container) -> None:
        process = self.stage.processes["relay"]
        self.stage.engine.start(
            f"relay-{container.value}",
            self._relaying(container),
            process.enter,
            lambda _, crash: self._again(crash, process, lambda: self._relay(container)),
            after_s=RESTART_S,
        )

    def _consumer(self, path: str, name: str, process: Process) -> None:
        self.stage.engine.start(
            f"{path}@{name}",
            self._consuming(path, process),
            process.enter,
            lambda _, crash: self._again(
                crash, process, lambda: self._consumer(path, name, process)
            ),
            after_s=RESTART_S,
        )

    def _again(self, crash: BaseException | None, process: Process, start: Start) -> None:
        if crash is not None:
            process.restart()
        start()

    async def _relaying(self, container: Container) -> None:
        engine = self.stage.engine
        while True:
            begin, end = self.relay_away_s
            if begin <= engine.seconds < end:
                await Pause(end - engine.seconds)
            feed, changed = self.feeds[container], self.changed.get(container)
            try:
                batches = await feed.read(RELAYED_AT_ONCE)
                if batches:
                    await deliver(feed, container, batches)
            except Outside:
                await Pause(AGAIN_S)
                continue
            if self.changed.get(container) == changed and not is_full(batches):
                await Pause(LATE_S if is_late(feed) else FOREVER_S, feed_bell(container))
                await Pause(AGAIN_S)

    async def _consuming(self, path: str, process: Process) -> None:
        bus = process.base.bus
        has_news = getattr(bus, "has_news")  # noqa: B009 - as above
        while True:
            if not has_news(path):
                await self._wait_for_message(path)
                continue
            try:
                received = await bus.receive(path, TAKEN_AT_ONCE)
            except Outside:
                await Pause(AGAIN_S)
                continue
            if received and has_news(path):
                self.stage.engine.ring_for_one(path)
            for message in received:
                await self._work(path, process, message)

    async def _wait_for_message(self, path: str) -> None:
        due = run_now(getattr(self.stage.base.bus, "next_due")())  # noqa: B009 - as above
        seconds = FOREVER_S
        if due is not None:
            # What is due already is another path's, or is being received.
            seconds = (due - self.stage.clock.now()) / timedelta(seconds=1)
            seconds = seconds if seconds > 0 else AGAIN_S
        await Pause(seconds, path)

    async def _work(self, path: str, process: Process, received: Received) -> None:
        trouble = self.stage.trouble
        if self.stage.chance.random() < trouble.rates.lost:
            trouble.points.faults["lost"] += 1
            return  # comes again when its lock has run out
        try:
            await WORKED[path](message_of(received))
            await process.base.bus.complete(path, received)
        except (LockLost, Outside):
            return


def is_full(batches: Sequence[ChangeBatch]) -> bool:
    """Tell whether there may be more behind what was read."""
    return sum(len(batch.changes) for batch in batches) >= RELAYED_AT_ONCE


def is_late(feed: Feed) -> bool:
    """Tell whether a feed that brought nothing may have something nevertheless."""
    return isinstance(feed, AdversarialFeed) and feed.was_late


async def _pass_by(feed: Feed) -> None:
    while batches := await feed.read(FURNITURE_AT_ONCE):
        for batch in batches:
            await feed.checkpoint(batch)


async def deliver(feed: Feed, container: Container, batches: Sequence[ChangeBatch]) -> None:
    """Publish what changed, then remember that it was: in this order."""
    changes = [change for batch in batches for change in batch.changes]
    await relay(container, documents_of(changes))
    for batch in batches:
        await feed.checkpoint(batch)
