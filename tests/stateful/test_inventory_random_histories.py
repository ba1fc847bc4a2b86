"""Random histories of one SKU against a plain model: late, doubled and overtaking tasks."""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from shared.adapters.embedded.documents import EmbeddedDocuments
from shared.contracts.inventory import Adjustment, Count, Receipt, Sale
from shared.contracts.stock import (
    DivideReservation,
    Ending,
    EndReservation,
    Queue,
    RejectReason,
    Restore,
    Share,
    StockTask,
    Unqueue,
    Wait,
)
from shared.inventory import service as inventory
from shared.inventory.model import (
    ClosesWait,
    Hardness,
    Lost,
    NotYetReserved,
    Outcome,
    Reserve,
    Short,
    Won,
)
from shared.kernel.clock import SteppedClock
from tests.stateful.stock_model import Held, Paper, Triple

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
LOCATIONS = st.sampled_from(["berlin", "paris"])
QUANTITIES = st.integers(1, 6)
PARTS = st.integers(1, 3)
T = TypeVar("T")


def now(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run what never waits: the embedded store without threads answers at once."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    raise AssertionError("it waited")


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


class StockHistory(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.clock = SteppedClock(START)
        self.store = EmbeddedDocuments(":memory:", clock=self.clock, threaded=False)
        self.paper = Paper()
        self.minute = 1_000  # the present; every minute is used once, so that no times tie
        self.number = 0
        self.replays: list[tuple[Callable[[], object], object]] = []

    def teardown(self) -> None:
        now(self.store.close())

    def tick(self) -> int:
        self.minute += 1
        return self.minute

    def name(self) -> str:
        self.number += 1
        return f"o_1.1.1.{self.number}"

    def past(self, back: int) -> int:
        """Return a time up to 30 minutes ago that nothing else has."""
        self.number += 1
        return self.tick() - back

    def do(self, task: StockTask, minute: int) -> Outcome:
        self.replays.append((lambda: self.again(task, minute), None))
        return now(inventory.perform(self.store, "acme", task, at(minute)))

    def again(self, task: StockTask, minute: int) -> None:
        outcome = now(inventory.perform(self.store, "acme", task, at(minute)))
        assert outcome is not Outcome.VOIDED
        assert outcome is not Outcome.DONE

    def opened(self, data: st.DataObject, *, soft: bool | None = None) -> str | None:
        names = [
            name
            for name, held in self.paper.held.items()
            if held.state == "open" and (soft is None or held.is_soft is soft)
        ]
        return data.draw(st.sampled_from(names)) if names else None

    @rule(location=LOCATIONS, quantity=QUANTITIES, guard=st.integers(0, 2), part=PARTS | st.none())
    def reserve(self, location: str, quantity: int, guard: int, part: int | None) -> None:
        name, minute = self.name(), self.tick()
        closes = ClosesWait(part, 2 * self.number) if part else None
        wanted = Reserve(
            name, "BOOT", location, quantity, "o_1", "1", 1, guard=guard, closes_wait=closes
        )
        free = self.paper.free(location)
        answer = now(inventory.reserve(self.store, "acme", wanted, at(minute)))
        if free >= quantity + guard and location in self.paper.shelves:
            assert answer == Won(name)
            self.paper.held[name] = Held(location, quantity)
        else:
            self.check_short(answer, location, quantity, guard, minute)
        if isinstance(answer, Won):
            if closes:
                self.paper.unqueue(closes.part, closes.generation)
            self.replays.append((lambda: self.reserve_again(wanted), None))

    def check_short(
        self, answer: object, location: str, quantity: int, guard: int, minute: int
    ) -> None:
        """Short, unless expired soft reservations were in the way: they end in the same write."""
        stale = [
            h
            for h in self.paper.held.values()
            if h.state == "open"
            and h.location == location
            and h.expires_at is not None
            and h.expires_at <= minute
        ]
        free = self.paper.free(location) + sum(h.quantity for h in stale)
        if isinstance(answer, Won):
            assert free >= quantity + guard
            for held in stale:
                held.state = "expired"
            self.paper.held[answer.reservation_id] = Held(location, quantity)
        else:
            assert isinstance(answer, Short)
            assert answer.available == max(0, free - guard)
            assert answer.available < quantity

    def reserve_again(self, wanted: Reserve) -> None:
        answer = now(inventory.reserve(self.store, "acme", wanted, at(self.minute)))
        is_open = self.paper.held[wanted.reservation_id].state == "open"
        assert isinstance(answer, Won if is_open else Lost)

    @rule(location=LOCATIONS, quantity=QUANTITIES, lasts=st.integers(1, 8))
    def quote(self, location: str, quantity: int, lasts: int) -> None:
        name, minute = f"q_{self.name()}", self.tick()
        wanted = Reserve(
            name,
            "BOOT",
            location,
            quantity,
            "q_1",
            "1",
            1,
            hardness=Hardness.SOFT,
            expires_at=at(minute + lasts),
        )
        before = set(self.stale(location, minute))
        answer = now(inventory.reserve(self.store, "acme", wanted, at(minute)))
        if isinstance(answer, Won):
            if self.paper.free(location) < quantity:
                for stale in before:
                    self.paper.held[stale].state = "expired"
            assert self.paper.free(location) >= quantity
            self.paper.held[name] = Held(location, quantity, True, minute + lasts)

    def stale(self, location: str | None, minute: int) -> list[str]:
        return [
            name
            for name, h in self.paper.held.items()
            if h.state == "open"
            and h.location in (location or h.location)
            and h.expires_at is not None
            and h.expires_at <= minute
        ]

    @rule()
    def sweep(self) -> None:
        minute = self.tick()
        stale = self.stale(None, minute)
        ended = now(inventory.expire(self.store, "acme", at(minute)))
        assert set(ended) == set(stale)
        for name in stale:
            self.paper.held[name].state = "expired"

    @rule(data=st.data(), location=LOCATIONS | st.none(), quantity=QUANTITIES)
    def exchange(self, data: st.DataObject, location: str | None, quantity: int) -> None:
        """Harden a quote, or move a reservation to another location."""
        old = self.opened(data)
        if old is None:
            return
        held, minute, name = self.paper.held[old], self.tick(), self.name()
        there = location or held.location
        wanted = Reserve(name, "BOOT", there, quantity, "o_1", "1", 1)
        if held.expires_at is not None and held.expires_at <= minute:
            return
        change = inventory.harden if held.is_soft else inventory.move
        back = held.quantity if there == held.location else 0
        enough = self.paper.free(there) + back >= quantity and there in self.paper.shelves
        answer = now(change(self.store, "acme", old, wanted, at(minute)))
        if enough or quantity <= back:
            assert answer == Won(name)
            held.state = "hardened" if held.is_soft else "moved"
            self.paper.held[name] = Held(there, quantity)
            self.replays.append((lambda: self.reserve_again(wanted), None))
        else:
            assert isinstance(answer, Short)

    @rule(
        data=st.data(),
        consumed=st.booleans(),
        effect=st.sampled_from([None, *RejectReason]),
        part=PARTS | st.none(),
        back=st.integers(0, 30),
    )
    def end(
        self,
        data: st.DataObject,
        consumed: bool,
        effect: RejectReason | None,
        part: int | None,
        back: int,
    ) -> None:
        name = self.opened(data, soft=False)
        if name is None:
            return
        held, minute = self.paper.held[name], self.past(back)
        how = Ending.CONSUMED if consumed else Ending.RELEASED
        task = EndReservation(
            reservation_id=name,
            sku="BOOT",
            location_id=held.location,
            quantity=held.quantity,
            ending=how,
            effect=None if consumed else effect,
            wait=self.wait(part, held.quantity) if part and not consumed else None,
            picked_units=1,
        )
        assert self.do(task, minute) is Outcome.DONE
        held.state = how.value
        self.follow(task.effect, how, held, minute)
        self.follow_wait(task.wait)

    def follow(self, effect: RejectReason | None, how: Ending, held: Held, minute: int) -> None:
        q = held.quantity
        facts: dict[object, Triple] = {
            RejectReason.MISMATCH: (-q, 0, 0),
            RejectReason.DAMAGED: (0, q, 0),
            RejectReason.WORN_DISPLAY: (0, q, 0),
        }
        if how is Ending.CONSUMED:
            self.paper.fact(held.location, minute, (-q, 0, 0))
        elif effect is RejectReason.NOT_IN_STOCK:
            self.paper.empty(held.location, minute, 1)
        elif effect in facts:
            self.paper.fact(held.location, minute, facts[effect])

    def wait(self, part: int, quantity: int) -> Wait:
        self.number += 1
        return Wait(
            order_id="o_1",
            line_id="1",
            part=part,
            sku="BOOT",
            quantity=quantity,
            pool_id="all",
            accepted_at=START,
            generation=2 * self.number + 1,
        )

    def follow_wait(self, wait: Wait | None) -> None:
        if wait:
            self.paper.queue(wait.part, wait.generation, wait.quantity)

    @rule(location=LOCATIONS, quantity=QUANTITIES, part=PARTS | st.none())
    def end_before_it_came(self, location: str, quantity: int, part: int | None) -> None:
        name, minute = self.name(), self.tick()
        task = EndReservation(
            reservation_id=name,
            sku="BOOT",
            location_id=location,
            quantity=quantity,
            ending=Ending.CONSUMED,
        )
        try:
            now(inventory.perform(self.store, "acme", task, at(minute)))
            raise AssertionError("nothing was there to consume")
        except NotYetReserved:
            pass
        wait = self.wait(part, quantity) if part else None
        released = task.model_copy(update={"ending": Ending.RELEASED, "wait": wait})
        assert self.do(released, minute) is Outcome.VOIDED
        self.follow_wait(wait)
        late = Reserve(name, "BOOT", location, quantity, "o_1", "1", 1)
        answer = now(inventory.reserve(self.store, "acme", late, at(minute)))
        assert answer == Lost(name, "void")

    @rule(data=st.data(), endings=st.lists(st.sampled_from([None, "c", "r", "v"]), min_size=1))
    def divide(self, data: st.DataObject, endings: list[str | None]) -> None:
        """Divide a reservation; `v`: a later task has released that share before it came."""
        old = self.opened(data, soft=False)
        if old is None:
            return
        held, minute = self.paper.held[old], self.tick()
        hows = {"c": Ending.CONSUMED, "r": Ending.RELEASED}
        shares = []
        for sign in endings[: held.quantity]:
            name = self.name()
            self.paper.held[name] = Held(held.location, 1)
            ending = hows.get(sign or "")
            if sign == "v":
                self.void(name, held.location, minute)
            if ending:
                self.paper.held[name].state = ending.value
                self.follow(None, ending, self.paper.held[name], minute)
            shares.append(
                Share(
                    reservation_id=name,
                    line_id="1",
                    part=1,
                    quantity=1,
                    ending=ending,
                )
            )
        task = DivideReservation(
            reservation_id=old,
            order_id="o_1",
            sku="BOOT",
            location_id=held.location,
            shares=tuple(shares),
        )
        assert self.do(task, minute) is Outcome.DONE
        held.state = "moved"

    def void(self, name: str, location: str, minute: int) -> None:
        self.paper.held[name].state = "void"
        task = EndReservation(
            reservation_id=name,
            sku="BOOT",
            location_id=location,
            quantity=1,
            ending=Ending.RELEASED,
        )
        assert self.do(task, minute) is Outcome.VOIDED

    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        names = [n for n, h in self.paper.held.items() if h.state == "consumed"]
        if not names:
            return
        was, minute, name = data.draw(st.sampled_from(names)), self.tick(), self.name()
        held = self.paper.held[was]
        task = Restore(
            reservation_id=name,
            was=was,
            order_id="o_1",
            line_id="1",
            part=1,
            sku="BOOT",
            location_id=held.location,
            quantity=held.quantity,
            at=at(minute),
        )
        assert self.do(task, minute) is Outcome.DONE
        held.state = "restored"
        self.paper.fact(held.location, minute, (held.quantity, 0, 0))
        self.paper.held[name] = Held(held.location, held.quantity)

    @rule(
        location=LOCATIONS,
        kind=st.sampled_from(["receipt", "sale", "adjustment"]),
        quantity=st.integers(1, 12),
        back=st.integers(0, 30),
    )
    def delta(self, location: str, kind: str, quantity: int, back: int) -> None:
        name, minute = self.name(), self.past(back)
        message, fact = self.delta_message(kind, name, location, quantity, minute)
        seen = self.paper.shelf(location).has_seen(minute)
        self.paper.move(name, location, minute, fact)
        found = now(inventory.record(self.store, "acme", message, at(self.minute)))
        assert found.effective is not seen
        free = self.paper.free(location)
        took = not seen and fact[0] < 0
        assert found.short == (max(0, -free) if took else 0)
        self.replays.append((lambda: self.record_again(message), None))

    def delta_message(
        self, kind: str, name: str, location: str, quantity: int, minute: int
    ) -> tuple[Receipt | Sale | Adjustment, Triple]:
        found = Adjustment(
            movement_id=name,
            sku="BOOT",
            location_id=location,
            on_hand=1,
            damaged=1,
            quality_hold=-1,
            at=at(minute),
            reason="found",
        )
        who = found.model_dump(include={"movement_id", "sku", "location_id", "at"})
        if kind == "receipt":
            return Receipt(**who, quantity=quantity), (quantity, 0, 0)
        if kind == "sale":
            return Sale(**who, quantity=quantity), (-quantity, 0, 0)
        return found, (1, 1, -1)

    def record_again(self, message: Receipt | Sale | Adjustment | Count) -> None:
        found = now(inventory.record(self.store, "acme", message, at(self.minute)))
        assert found.outcome is Outcome.REPEATED

    @rule(
        location=LOCATIONS,
        counted=st.integers(0, 15),
        damaged=st.integers(0, 2),
        back=st.integers(0, 30),
    )
    def count(self, location: str, counted: int, damaged: int, back: int) -> None:
        name, minute = self.name(), self.past(back)
        message = Count(
            movement_id=name,
            sku="BOOT",
            location_id=location,
            counted=counted,
            damaged=damaged,
            as_of=at(minute),
        )
        shelf = self.paper.shelf(location)
        is_newer = shelf.as_of is None or minute >= shelf.as_of
        shelf.count(minute, (counted, damaged, 0))
        found = now(inventory.record(self.store, "acme", message, at(self.minute)))
        assert found.effective is is_newer
        self.replays.append((lambda: self.record_again(message), None))

    @rule(part=PARTS, quantity=QUANTITIES, back=st.integers(0, 8))
    def queue(self, part: int, quantity: int, back: int) -> None:
        wait = self.wait(part, quantity)
        late = wait.model_copy(update={"generation": max(1, wait.generation - back)})
        self.do(Queue(wait=late), self.tick())
        self.follow_wait(late)

    @rule(part=PARTS, back=st.integers(0, 8))
    def unqueue(self, part: int, back: int) -> None:
        self.number += 1
        generation = max(1, 2 * self.number - back)
        task = Unqueue(sku="BOOT", order_id="o_1", line_id="1", part=part, generation=generation)
        self.do(task, self.tick())
        self.paper.unqueue(part, generation)

    @rule(data=st.data())
    def redelivery(self, data: st.DataObject) -> None:
        """Any earlier call comes again: nothing changes, which the invariants check."""
        if self.replays:
            again, _ = data.draw(st.sampled_from(self.replays))
            again()

    @invariant()
    def counters_are_as_on_paper(self) -> None:
        found = now(inventory.reconcile(self.store, "acme", "BOOT"))
        assert found.differences == ()
        stored = {
            item.body.location_id: item.body.model_dump(
                include={
                    "on_hand",
                    "damaged",
                    "quality_hold",
                    "reserved",
                    "soft_reserved",
                    "free",
                }
            )
            for item in found.snapshot.levels
        }
        on_paper = {name: dict(c) for name, c in self.paper.counters().items() if any(c.values())}
        assert {name: c for name, c in stored.items() if any(c.values())} == on_paper

    @invariant()
    def queued_demand_is_as_on_paper(self) -> None:
        demand = now(inventory.demand(self.store, "acme", "BOOT"))
        assert sum(demand.pools.values()) == self.paper.queued()


StockHistory.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
test_random_histories_of_a_sku_are_as_on_paper = StockHistory.TestCase
