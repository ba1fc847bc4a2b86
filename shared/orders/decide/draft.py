"""One transition of an order in the making: the only place where parts change state."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from shared.contracts.orders import OrderEvent, PartChange
from shared.contracts.stock import StockTask
from shared.kernel.errors import NotFound
from shared.orders.decide.actions import actions_for
from shared.orders.decide.change import Act, Change, Cut, Divided, Removed, part_change
from shared.orders.decide.status import (
    due_at,
    is_routed,
    parts_to_route,
    preorders_to_queue,
    status_of,
)
from shared.orders.decide.stock import reservation_id, tasks_of
from shared.orders.model import (
    PART_LIFE,
    PARTS_MAX,
    RESERVED,
    WAITING,
    WITH_CUSTOMER,
    ExceptionDocument,
    ExceptionStatus,
    Line,
    Order,
    Part,
    PartState,
)
from shared.orders.refusals import NotSoMany, TooManyParts

# A batch has 100 operations; an exception is two of them. Further ones are counted in the last.
OPENED_MAX: Final = 20
_ALWAYS_QUEUED: Final = frozenset(
    {PartState.BACKORDERED, PartState.UNFILLABLE, PartState.EXCEPTION}
)
_UNASSIGNED: Final[dict[str, object]] = dict.fromkeys(
    ("location_id", "fulfillment_id", "reservation_id", "ship_by", "arrive_by", "ready_by")
)


class Draft:
    """Collects the changes of one transition; `finish` makes the order, its event and the rest."""

    def __init__(self, order: Order, act: Act) -> None:
        self.order, self.act = order, act
        self.stock: list[StockTask] = []
        self._parts = {line.line_id: {p.part: p for p in line.parts} for line in order.lines}
        self._lines = {line.line_id: line for line in order.lines}
        self._touched: dict[tuple[str, int], None] = {}
        self._opened: list[ExceptionDocument] = []
        self._removed: list[Removed] = []
        self._divided: list[Divided] = []

    def line(self, line_id: str) -> Line:
        """Return a line as it was when the transition began.

        Raises:
            NotFound: the order has no such line.
        """
        if line_id not in self._lines:
            raise NotFound("line")
        return self._lines[line_id]

    def has_line(self, line_id: str) -> bool:
        return line_id in self._lines

    def edit_line(self, line_id: str, **changes: object) -> None:
        self._lines[line_id] = self.line(line_id).model_copy(update=changes)

    def replace_line(self, line_id: str, lines: Sequence[Line]) -> None:
        """Put lines in the place of one that no stock was asked for: its SKU was not known."""
        rows = [[known] if known.line_id != line_id else lines for known in self._lines.values()]
        self._lines = {line.line_id: line for row in rows for line in row}
        self._parts = {
            line.line_id: self._parts.get(line.line_id) or {p.part: p for p in line.parts}
            for line in self._lines.values()
        }

    def parts(self, line_id: str) -> tuple[Part, ...]:
        self.line(line_id)
        return tuple(self._parts[line_id].values())

    def find(self, line_id: str, number: int) -> Part | None:
        return self._parts.get(line_id, {}).get(number)

    def next_number(self, line_id: str) -> int:
        """Return a part number that the line has never had."""
        return max(part.part for part in self.parts(line_id)) + 1

    @property
    def is_empty(self) -> bool:
        return not (self._touched or self._opened or self.stock)

    def cut(self, line_id: str, part: Part, *cuts: Cut) -> tuple[Part, ...]:
        """Move units of a part along the table; returns the part of each cut.

        Raises:
            NotAllowed: the table has no such row.
            NotSoMany: more units than the part has.
            TooManyParts: the line cannot be divided further.
        """
        asked = sum(cut.units for cut in cuts)
        if asked > part.quantity:
            raise NotSoMany(line_id, asked, part.quantity)
        states = [self._after(part, cut) for cut in cuts]
        rest = part.quantity - asked
        if rest == 0 and len(cuts) == 1 and cuts[0].number in {0, part.part}:
            new = self._moved(line_id, part, cuts[0], states[0], part.part)
            self._put(line_id, part, (new,), cuts)
            return (new,)
        return self._divide(line_id, part, cuts, states)

    def _after(self, part: Part, cut: Cut) -> PartState:
        state = part.state
        for event in cut.events:
            state = PART_LIFE.next(state, event)
        return state

    def _divide(
        self, line_id: str, part: Part, cuts: Sequence[Cut], states: Sequence[PartState]
    ) -> tuple[Part, ...]:
        known = self._parts[line_id]
        if len(known) + len(cuts) > PARTS_MAX:
            raise TooManyParts(line_id)
        number = max(*known, *(cut.number for cut in cuts)) + 1
        new: list[Part] = []
        for cut, state in zip(cuts, states, strict=True):
            new.append(self._moved(line_id, part, cut, state, cut.number or number))
            number += not cut.number
        rest = part.quantity - sum(cut.units for cut in cuts)
        left = [self._rest(line_id, part, number, rest)] if rest else []
        self._put(line_id, part, (*new, *left), cuts)
        return tuple(new)

    def _rest(self, line_id: str, part: Part, number: int, quantity: int) -> Part:
        changes: dict[str, object] = {"part": number, "quantity": quantity}
        if part.state in RESERVED:
            changes["reservation_id"] = reservation_id(self.order, line_id, number)
        return part.model_copy(update=changes)

    def _moved(self, line_id: str, part: Part, cut: Cut, state: PartState, number: int) -> Part:
        changes: dict[str, object] = {"part": number, "quantity": cut.units, "state": state}
        if state in RESERVED and (number != part.part or part.state not in RESERVED):
            changes["reservation_id"] = reservation_id(self.order, line_id, number)
        elif state in WAITING and part.state in RESERVED:
            changes |= _UNASSIGNED
        elif state is PartState.CANCELLED:
            changes["reservation_id"] = None
        changes["queued"] = self._is_queued(line_id, part, state)
        if state in WITH_CUSTOMER and state is not part.state:
            changes["out_since"] = self.act.now
        return part.model_copy(update=changes | dict(cut.changes))

    def _is_queued(self, line_id: str, part: Part, state: PartState) -> bool:
        if not is_routed(self.line(line_id)):
            return False
        if state in _ALWAYS_QUEUED:
            return True
        return state in WAITING and (part.queued or part.state in RESERVED)

    def _put(self, line_id: str, old: Part, new: Sequence[Part], cuts: Sequence[Cut]) -> None:
        parts = self._parts[line_id]
        del parts[old.part]
        parts |= {part.part: part for part in new}
        self._parts[line_id] = dict(sorted(parts.items()))
        self._touched.pop((line_id, old.part), None)
        self._touched |= dict.fromkeys((line_id, part.part) for part in new)
        line = self.line(line_id)
        self.stock += tasks_of(self.order, self.act.now, line, old, new, cuts)
        if old.state in RESERVED and old.fulfillment_id is not None:
            self._note_fulfillment(line_id, old, new, old.fulfillment_id)

    def _note_fulfillment(
        self, line_id: str, old: Part, new: Sequence[Part], fulfillment_id: str
    ) -> None:
        gone = sum(part.quantity for part in new if part.state not in RESERVED)
        if gone:
            self._removed.append(Removed(fulfillment_id, line_id, old.part, gone))
        shares = tuple(
            (part.part, part.quantity, part.reservation_id or "")
            for part in new
            if part.state in RESERVED
        )
        if shares and len(new) > 1:
            self._divided.append(Divided(fulfillment_id, line_id, old.part, shares))

    def open_exception(
        self,
        code: str,
        line_id: str | None = None,
        part: Part | None = None,
        detail: Mapping[str, str | int] | None = None,
    ) -> None:
        """Put work before a person; its id counts on from the order's last."""
        if len(self._opened) >= OPENED_MAX:
            last = self._opened[-1]
            more = int(last.detail.get("more", 0)) + 1
            self._opened[-1] = last.model_copy(update={"detail": last.detail | {"more": more}})
            return
        number = self.order.exceptions + len(self._opened) + 1
        line = self._lines.get(line_id) if line_id else None
        self._opened.append(
            ExceptionDocument(
                exception_id=f"{self.order.order_id}.x{number}",
                status=ExceptionStatus.OPEN,
                code=code,
                subject=self.order.order_id,
                order_id=self.order.order_id,
                order_number=self.order.known_as,
                line_id=line_id,
                part=part.part if part else None,
                location_id=part.location_id if part else None,
                sku=line.sku if line else None,
                opened_at=self.act.now,
                detail=dict(detail or {}),
                actions=actions_for(code),
            )
        )

    def lines(self) -> tuple[Line, ...]:
        changed = {line_id for line_id, _ in self._touched}
        return tuple(
            line.model_copy(update={"parts": tuple(self._parts[line.line_id].values())})
            if line.line_id in changed
            else line
            for line in self._lines.values()
        )

    def begin(self, make: Callable[..., OrderEvent], facts: Mapping[str, object]) -> Change:
        """Return the order as it is first written, all its parts told of."""
        self._touched = {
            (line_id, n): None for line_id, parts in self._parts.items() for n in parts
        }
        return self.finish(make, facts=facts, changes={"version": self.order.version})

    def finish(
        self,
        make: Callable[..., OrderEvent],
        *,
        facts: Mapping[str, object] | None = None,
        route: bool | None = None,
        changes: Mapping[str, object] | None = None,
    ) -> Change:
        """Return the order one version on, with the event that tells of it.

        `facts` are the event's own fields, `changes` the order's. Unless `route` says so, the event
        asks for routing when a touched part is waiting for it, or the last hold was released.
        """
        fixed: dict[str, object] = {
            "version": self.order.version + 1,
            "lines": self.lines(),
            "exceptions": self.order.exceptions + len(self._opened),
        }
        order = self.order.model_copy(update=fixed | dict(changes or {}))
        order = order.model_copy(update={"status": status_of(order), "due_at": due_at(order)})
        event = make(
            tenant_id=self.act.tenant_id,
            occurred_at=self.act.now,
            order_id=order.order_id,
            order_version=order.version,
            parts=tuple(self._part_changes()),
            stock=tuple(self.stock),
            route=self._asks_for_routing(order) if route is None else route,
            **(facts or {}),
        )
        return Change(order, event, tuple(self._opened), tuple(self._removed), tuple(self._divided))

    def _asks_for_routing(self, order: Order) -> bool:
        is_freed = bool(self.order.holds) and not order.holds
        wanted = (*parts_to_route(order), *preorders_to_queue(order))
        return any(is_freed or (line.line_id, part.part) in self._touched for line, part in wanted)

    def _part_changes(self) -> list[PartChange]:
        rows = ((self._lines[at[0]], self._parts[at[0]][at[1]]) for at in self._touched)
        return [part_change(line, part) for line, part in rows]
