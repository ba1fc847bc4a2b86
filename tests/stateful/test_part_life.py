"""Random lives of order parts against a plain count of reservations, waits and units gone.

The count follows nothing but the stock tasks of the events; conservation (semantics 4) compares it
with the parts after every step.
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from shared.contracts.intake import Method, PlaceLine, PlaceOrder
from shared.contracts.stock import (
    DivideReservation,
    Ending,
    EndReservation,
    Move,
    Queue,
    RejectReason,
    Restore,
    StockTask,
    Unqueue,
    Wait,
    generation_of_reserve,
)
from shared.kernel.errors import Refused
from shared.kernel.money import Money
from shared.orders import decide
from shared.orders.decide import (
    Act,
    Change,
    Item,
    Outcome,
    Parcels,
    ProductFacts,
    Receipt,
    Rejected,
    RejectPolicy,
    Stage,
    Units,
    Work,
)
from shared.orders.model import (
    ORDERS,
    RESERVED,
    WAITING,
    Address,
    Decision,
    Order,
    OrderStatus,
    Part,
    PartState,
    Pick,
    Short,
)

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
LINES = ("a", "b")
POLICY = RejectPolicy(max_rejects=2, rejection_period_days=1)
GONE = {
    PartState.SHIPPED,
    PartState.HANDED_OVER,
    PartState.DELIVERED,
    PartState.LOST,
    PartState.RETURNED,
}
STOCKED_OUT = [RejectReason.NOT_IN_STOCK, RejectReason.DAMAGED, RejectReason.NO_VARIANCE]
SHORT_ACTIONS = ["queue", "backorder", "exception", "cancel", "next"]


class PlainStock:
    """What stock holds for one order: open reservations, waits by generation, units gone."""

    def __init__(self) -> None:
        self.open: dict[str, int] = {}
        self.waits: dict[tuple[str, int], tuple[int, bool, int]] = {}
        self.gone = 0
        self.used: set[str] = set()

    def reserve(self, reservation_id: str, quantity: int) -> None:
        if reservation_id in self.used:
            raise AssertionError(f"{reservation_id} was used before")
        self.used.add(reservation_id)
        self.open[reservation_id] = quantity

    def close_wait(self, at: tuple[str, int], generation: int) -> None:
        known = self.waits.get(at, (0, False, 0))
        if generation > known[0]:
            self.waits[at] = (generation, False, 0)

    def queue(self, wait: Wait) -> None:
        at = (wait.line_id, wait.part)
        if wait.generation > self.waits.get(at, (0, False, 0))[0]:
            self.waits[at] = (wait.generation, True, wait.quantity)

    def end(self, reservation_id: str, ending: Ending) -> None:
        units = self.open.pop(reservation_id)
        if ending is Ending.CONSUMED:
            self.gone += units

    def follow(self, task: StockTask) -> None:
        match task:
            case EndReservation():
                self.end(task.reservation_id, task.ending)
                if task.wait is not None:
                    self.queue(task.wait)
            case DivideReservation():
                self.divide(task)
            case Queue():
                self.queue(task.wait)
            case Unqueue():
                self.close_wait((task.line_id, task.part), task.generation)
            case Restore():
                self.gone -= task.quantity
                self.reserve(task.reservation_id, task.quantity)
            case Move():
                pass

    def divide(self, task: DivideReservation) -> None:
        if sum(share.quantity for share in task.shares) != self.open[task.reservation_id]:
            raise AssertionError("a division loses units")
        self.end(task.reservation_id, Ending.MOVED)
        for share in task.shares:
            self.reserve(share.reservation_id, share.quantity)
            if share.ending is not None:
                self.end(share.reservation_id, share.ending)
            if share.wait is not None:
                self.queue(share.wait)


class PartLife(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.stock = PlainStock()
        self.now = START
        self.plan: tuple[Decision, frozenset[str], str] | None = None
        self.versions: list[int] = []

    @property
    def act(self) -> Act:
        return Act("acme", self.now, "key:k1")

    @initialize(first=st.integers(1, 5), second=st.integers(1, 5), is_pickup=st.booleans(),
                is_preordered=st.booleans())  # fmt: skip
    def accept(self, first: int, second: int, *, is_pickup: bool, is_preordered: bool) -> None:
        price = Money("EUR", 1000)
        pickup = {"method": Method.PICKUP, "pickup_location": "berlin"} if is_pickup else {}
        release = START + timedelta(days=2) if is_preordered else None
        lines = (
            PlaceLine(line_id="a", sku="BOOT", quantity=first, unit_price=price),
            PlaceLine(
                line_id="b", sku="SOCK", quantity=second, unit_price=price, release_at=release
            ).model_copy(update=pickup),
        )
        intake = PlaceOrder(
            connection="web", reference="1", channel="web", placed_at=START, currency="EUR",
            lines=lines,
        )  # fmt: skip
        products = {sku: ProductFacts(sku) for sku in ("BOOT", "SOCK")}
        change = decide.accept(intake, products, self.act)
        self.order: Order = change.order
        self.versions = [1]
        self.follow(change)

    def follow(self, change: Change) -> None:
        for task in change.event.stock:
            self.stock.follow(task)

    def do(self, command: Callable[[], Change | None], *, is_fact: bool = False) -> None:
        """Run a command; a refusal changes nothing, a fact is never refused."""
        try:
            change = command()
        except Refused:
            if is_fact:
                raise
            return
        if change is None:
            return
        if change.order.version != self.order.version + 1:
            raise AssertionError("versions have no gaps")
        self.order = change.order
        self.versions.append(change.order.version)
        self.follow(change)

    def pick_part(self, data: st.DataObject, usual: Collection[PartState] = ()) -> tuple[str, Part]:
        """Draw a part, three times in four one in a usual state where there is one."""
        rows = self.parts()
        fitting = [row for row in rows if row[1].state in usual]
        if fitting and data.draw(st.integers(0, 3), label="unusual") != 0:
            rows = fitting
        return data.draw(st.sampled_from(rows), label="part")

    def some_of(self, data: st.DataObject, part: Part) -> int:
        return data.draw(st.integers(1, part.quantity), label="units")

    # --- the promise flow ---------------------------------------------------------------------

    @precondition(lambda self: self.plan is None)
    @rule(data=st.data(), is_freed=st.booleans())
    def decide_plan(self, data: st.DataObject, *, is_freed: bool) -> None:
        wanted = decide.parts_to_route(self.order, is_freed=is_freed)
        attempt = self.order.attempts + 1
        picks: list[Pick] = []
        shorts: list[Short] = []
        last: dict[str, int] = {}  # part numbers that this plan gave out, by line
        for line, part in wanted:
            cut = data.draw(st.integers(0, part.quantity - 1), label="divided at")
            number = max(last.get(line.line_id, 0), *(known.part for known in line.parts))
            sizes = [part.quantity] if cut == 0 else [cut, part.quantity - cut]
            last[line.line_id] = number + (len(sizes) if cut else 0)
            for index, units in enumerate(sizes):
                new = part.part if cut == 0 else number + 1 + index
                if data.draw(st.integers(0, 3), label="short") != 0:
                    picks.append(self.a_pick(line.line_id, part, new, units, attempt))
                else:
                    action = data.draw(st.sampled_from(SHORT_ACTIONS), label="action")
                    shorts.append(self.a_short(line.line_id, part, new, units, action))
        won = frozenset(
            pick.reservation_id for pick in picks if data.draw(st.integers(0, 3), label="lost") != 0
        )
        together = (LINES,) if data.draw(st.booleans(), label="together") else ()
        decision = Decision(
            order_id=self.order.order_id, attempt=attempt, first_attempt=attempt,
            decided_at=self.now, rule_set="r:1", order_version=self.order.version,
            picks=tuple(picks), shorts=tuple(shorts), currency="EUR", all_or_nothing=together,
        )  # fmt: skip
        queued = {(line.line_id, part.part) for line, part in wanted if part.queued}
        for pick in picks:
            if pick.reservation_id in won:
                self.stock.reserve(pick.reservation_id, pick.quantity)
                if (pick.line_id, pick.source_part) in queued:
                    generation = generation_of_reserve(attempt)
                    self.stock.close_wait((pick.line_id, pick.source_part), generation)
        lost = data.draw(st.sampled_from(["next", "backorder", "exception"]), label="lost")
        self.plan = (decision, won, lost)

    def a_pick(self, line_id: str, part: Part, new: int, units: int, attempt: int) -> Pick:
        order = self.order
        return Pick(
            line_id=line_id, source_part=part.part, part=new, sku="BOOT", quantity=units,
            location_id="berlin", guard=0,
            reservation_id=f"{order.order_id}.{line_id}.{new}.{attempt}",
            fulfillment_id=f"{order.order_id}.f{order.fulfillments + 1}",
        )  # fmt: skip

    def a_short(self, line_id: str, part: Part, new: int, units: int, action: str) -> Short:
        return Short(
            line_id=line_id, source_part=part.part, part=new, sku="BOOT", quantity=units,
            reason="no-stock", action=action,
        )  # fmt: skip

    @precondition(lambda self: self.plan is not None)
    @rule()
    def close_plan(self) -> None:
        if self.plan is None:
            return
        decision, won, lost = self.plan
        self.plan = None
        closing = decide.close_attempt(self.order, decision, Outcome(won, lost), self.act)
        if closing is None:
            raise AssertionError("an open attempt closes")
        self.do(lambda: closing.change, is_fact=True)
        for reservation_id in closing.ended:
            self.stock.end(reservation_id, Ending.RELEASED)
        again = decide.close_attempt(self.order, decision, Outcome(won, lost), self.act)
        if again is not None:
            raise AssertionError("an attempt closes once")

    @precondition(lambda self: self.plan is None)
    @rule(is_won=st.sampled_from([True, True, False]))
    def source_everything(self, *, is_won: bool) -> None:
        """A whole run of the flow without anybody in between: all is found, or nothing is."""
        wanted = decide.parts_to_route(self.order, is_freed=True)
        attempt = self.order.attempts + 1
        picks = [self.a_pick(li.line_id, p, p.part, p.quantity, attempt) for li, p in wanted]
        decision = Decision(
            order_id=self.order.order_id, attempt=attempt, first_attempt=attempt,
            decided_at=self.now, rule_set="r:1", order_version=self.order.version,
            picks=tuple(picks), currency="EUR",
        )  # fmt: skip
        won = frozenset(pick.reservation_id for pick in picks) if is_won else frozenset()
        for pick, (_, part) in zip(picks, wanted, strict=True):
            if is_won:
                self.stock.reserve(pick.reservation_id, pick.quantity)
            if is_won and part.queued:
                at = (pick.line_id, pick.source_part)
                self.stock.close_wait(at, generation_of_reserve(attempt))
        self.plan = (decision, won, "next")
        self.close_plan()

    # --- commands -----------------------------------------------------------------------------

    @rule(data=st.data(), stage=st.sampled_from(Stage), is_whole=st.booleans())
    def cancel(self, data: st.DataObject, stage: Stage, *, is_whole: bool) -> None:
        line_id, part = self.pick_part(data)
        wanted = (
            () if is_whole and part.quantity == 1 else (Units(line_id, self.some_of(data, part)),)
        )
        stages = self.stages(stage)
        self.do(lambda: decide.cancel(self.order, wanted, stages, "customer", self.act))

    def stages(self, stage: Stage) -> dict[str, Stage]:
        parts = (part for line in self.order.lines for part in line.parts)
        return {part.fulfillment_id: stage for part in parts if part.fulfillment_id}

    @rule(data=st.data(), is_refused=st.booleans())
    def answer_cancel(self, data: st.DataObject, *, is_refused: bool) -> None:
        line_id, part = self.pick_part(data, (PartState.CANCEL_REQUESTED,))
        units = (Units(line_id, self.some_of(data, part), part.part),)
        answer = decide.refuse_cancel if is_refused else decide.confirm_cancel
        self.do(lambda: answer(self.order, units, self.act))

    @rule(data=st.data(), reason=st.sampled_from(STOCKED_OUT), is_twofold=st.booleans())
    def reject(self, data: st.DataObject, reason: RejectReason, *, is_twofold: bool) -> None:
        line_id, part = self.pick_part(data, RESERVED)
        units = self.some_of(data, part)
        rows = [Rejected(line_id, part.part, units, reason)]
        if is_twofold and units < part.quantity:
            rows.append(replace(rows[0], quantity=1, reason=RejectReason.MISMATCH))
        self.do(lambda: decide.reject(self.order, self.work(part), rows, POLICY, self.act))

    def work(self, part: Part) -> Work:
        return Work(part.fulfillment_id or f"{self.order.order_id}.f9", "berlin", "open")

    @rule(data=st.data())
    def expire(self, data: st.DataObject) -> None:
        _, part = self.pick_part(data, RESERVED)
        self.do(lambda: decide.expire(self.order, self.work(part), self.act))

    @rule(stage=st.sampled_from(Stage), street=st.integers(1, 3))
    def edit(self, stage: Stage, street: int) -> None:
        wanted = decide.Edit(ship_to=Address(lines=(f"{street} High Street",)))
        self.do(lambda: decide.edit(self.order, wanted, self.stages(stage), self.act))

    @rule(stage=st.sampled_from(Stage))
    def reroute(self, stage: Stage) -> None:
        self.do(lambda: decide.reroute(self.order, self.stages(stage), self.act))

    @rule()
    def reset(self) -> None:
        self.do(lambda: decide.reset(self.order, self.act))

    @rule(line_id=st.sampled_from(LINES), method=st.sampled_from(Method))
    def redirect(self, line_id: str, method: Method) -> None:
        self.do(lambda: decide.redirect(self.order, line_id, method, "munich", self.act))

    @rule(reason=st.sampled_from(["fraud", "manual"]))
    def hold(self, reason: str) -> None:
        if not self.order.holds:
            self.do(lambda: decide.hold(self.order, reason, None, self.act))

    @precondition(lambda self: self.order.holds)
    @rule()
    def release(self) -> None:
        self.do(lambda: decide.release(self.order, None, self.act))

    @rule(days=st.integers(1, 3))
    def time_goes_on(self, days: int) -> None:
        self.now += timedelta(days=days)
        self.do(lambda: decide.reach_release_date(self.order, self.act))
        self.do(lambda: decide.auto_cancel(self.order, self.act))

    # --- facts --------------------------------------------------------------------------------

    @rule(data=st.data(), fact=st.sampled_from(["ship", "hand-over"]))
    def leaves(self, data: st.DataObject, fact: str) -> None:
        line_id, part = self.pick_part(data, RESERVED)
        items = [Item(line_id, part.part, self.some_of(data, part))]
        work, parcels = self.work(part), Parcels(f"{self.order.order_id}.f1.s1", "berlin")
        if fact == "ship":
            self.do(lambda: decide.ship(self.order, work, parcels, items, self.act), is_fact=True)
        else:
            self.do(lambda: decide.hand_over(self.order, work, items, self.act), is_fact=True)

    @rule(
        data=st.data(),
        fact=st.sampled_from([decide.deliver, decide.lose, decide.return_to_sender, decide.void]),
    )
    def travels(
        self,
        data: st.DataObject,
        fact: Callable[[Order, Parcels, list[Item], Act], Change | None],
    ) -> None:
        line_id, part = self.pick_part(data, GONE)
        items = [Item(line_id, part.part, self.some_of(data, part))]
        parcels = Parcels(f"{self.order.order_id}.f1.s1", "berlin")
        self.do(lambda: fact(self.order, parcels, items, self.act), is_fact=True)

    @rule(line_id=st.sampled_from(LINES), units=st.integers(1, 3))
    def comes_back(self, line_id: str, units: int) -> None:
        receipt = Receipt(f"{self.order.order_id}.r1", "received", "munich")
        self.do(
            lambda: decide.receive_return(self.order, receipt, [(line_id, units)], self.act),
            is_fact=True,
        )

    # --- what must always hold ----------------------------------------------------------------

    def parts(self) -> list[tuple[str, Part]]:
        return [(line.line_id, part) for line in self.order.lines for part in line.parts]

    @invariant()
    def reserved_parts_have_reservations_and_no_others_do(self) -> None:
        planned = self.plan[1] if self.plan else frozenset()
        expected = {
            part.reservation_id: part.quantity for _, part in self.parts() if part.state in RESERVED
        }
        assert {k: v for k, v in self.stock.open.items() if k not in planned} == expected

    @invariant()
    def queued_parts_have_demand_and_no_others_do(self) -> None:
        expected = {
            (line_id, part.part): part.quantity for line_id, part in self.parts() if part.queued
        }
        if self.plan is not None:  # an attempt under way has closed the waits that it covers
            return
        found = {at: units for at, (_, is_open, units) in self.stock.waits.items() if is_open}
        assert found == expected

    @invariant()
    def only_waiting_parts_are_queued(self) -> None:
        always = {PartState.BACKORDERED, PartState.UNFILLABLE, PartState.EXCEPTION}
        for _, part in self.parts():
            assert not part.queued or part.state in WAITING
            assert part.queued or part.state not in always

    @invariant()
    def units_neither_appear_nor_vanish(self) -> None:
        for line in self.order.lines:
            assert sum(part.quantity for part in line.parts) == line.quantity
            assert len({part.part for part in line.parts}) == len(line.parts)
        assert self.stock.gone == sum(p.quantity for _, p in self.parts() if p.state in GONE)

    @invariant()
    def the_order_is_readable_and_its_status_is_a_fold(self) -> None:
        assert ORDERS.decode(ORDERS.encode(self.order)) == self.order
        assert decide.status_of(self.order) is self.order.status
        assert self.versions == list(range(1, self.order.version + 1))
        if self.order.status is OrderStatus.CANCELLED:
            assert all(part.state is PartState.CANCELLED for _, part in self.parts())

    @invariant()
    def never_more_is_paid_back_than_was_paid(self) -> None:
        assert self.order.refunded_minor <= decide.paid(self.order)


PartLife.TestCase.settings = settings(
    max_examples=100,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
test_parts_and_stock_agree_after_any_history = PartLife.TestCase
