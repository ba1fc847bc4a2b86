"""Builders of orders: a usual intake, and orders whose parts stand where a test wants them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

from shared.adapters.embedded.documents import EmbeddedDocuments
from shared.contracts.intake import PlaceLine, PlaceOrder
from shared.kernel.clock import SteppedClock
from shared.kernel.money import Money
from shared.orders import decide
from shared.orders.decide import Act, Change, Closing, Outcome, ProductFacts, Stage, Work
from shared.orders.model import Decision, Order, Part, Pick, Short

NOW: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
ACT: Final = Act("acme", NOW, "key:k1")
BOOT: Final = ProductFacts("BOOT-42", title="Boot")
SOCK: Final = ProductFacts("SOCK-1", title="Sock")
PRODUCTS: Final = {"BOOT-42": BOOT, "SOCK-1": SOCK}


def eur(amount_minor: int) -> Money:
    return Money("EUR", amount_minor)


def a_line(**changes: Any) -> PlaceLine:
    usual = {"line_id": "1", "sku": "BOOT-42", "quantity": 3, "unit_price": eur(1000)}
    wanted = usual | changes
    return PlaceLine.model_validate(
        {k: v for k, v in wanted.items() if v is not None}, strict=False
    )


def an_intake(*lines: PlaceLine, **changes: Any) -> PlaceOrder:
    usual = {
        "connection": "web",
        "reference": "#1001",
        "channel": "web",
        "placed_at": NOW,
        "currency": "EUR",
        "lines": lines or (a_line(),),
    }
    return PlaceOrder.model_validate(usual | changes, strict=False)


def accepted(*lines: PlaceLine, **changes: Any) -> Change:
    return decide.accept(an_intake(*lines, **changes), PRODUCTS, ACT)


def an_order(*lines: PlaceLine, **changes: Any) -> Order:
    return accepted(*lines, **changes).order


def part_of(order: Order, line_id: str = "1", index: int = 0) -> Part:
    return next(line for line in order.lines if line.line_id == line_id).parts[index]


def states(order: Order, line_id: str = "1") -> list[tuple[int, int, str]]:
    """Return (part, quantity, state) of a line's parts."""
    line = next(line for line in order.lines if line.line_id == line_id)
    return [(part.part, part.quantity, part.state.value) for part in line.parts]


def a_pick(order: Order, line_id: str = "1", **changes: Any) -> Pick:
    part = part_of(order, line_id)
    attempt = order.attempts + 1
    number = changes.get("part", part.part)
    usual = {
        "line_id": line_id,
        "source_part": part.part,
        "part": number,
        "sku": "BOOT-42",
        "quantity": part.quantity,
        "location_id": "berlin",
        "reservation_id": f"{order.order_id}.{line_id}.{number}.{attempt}",
        "fulfillment_id": f"{order.order_id}.f1",
        "guard": 0,
    }
    return Pick.model_validate(usual | changes)


def a_short(order: Order, line_id: str = "1", **changes: Any) -> Short:
    part = part_of(order, line_id)
    usual = {
        "line_id": line_id,
        "source_part": part.part,
        "part": part.part,
        "sku": "BOOT-42",
        "quantity": part.quantity,
        "reason": "no-stock",
        "action": "backorder",
    }
    return Short.model_validate(usual | changes)


def a_decision(order: Order, *rows: Pick | Short, **changes: Any) -> Decision:
    usual = {
        "order_id": order.order_id,
        "attempt": order.attempts + 1,
        "first_attempt": 1,
        "decided_at": NOW,
        "rule_set": "default:1",
        "order_version": order.version,
        "picks": tuple(row for row in rows if isinstance(row, Pick)),
        "shorts": tuple(row for row in rows if isinstance(row, Short)),
        "currency": "EUR",
    }
    return Decision.model_validate(usual | changes)


def closed(order: Order, decision: Decision, **outcome: Any) -> Closing:
    won = outcome.pop("won", frozenset(pick.reservation_id for pick in decision.picks))
    closing = decide.close_attempt(order, decision, Outcome(won, **outcome), ACT)
    assert closing is not None
    return closing


def sourced(*lines: PlaceLine, **changes: Any) -> Order:
    """Return an order whose every line was found at berlin."""
    order = an_order(*lines, **changes)
    picks = [a_pick(order, line.line_id) for line in order.lines]
    return closed(order, a_decision(order, *picks)).change.order


def backordered(*lines: PlaceLine, **changes: Any) -> Order:
    order = an_order(*lines, **changes)
    shorts = [a_short(order, line.line_id) for line in order.lines]
    return closed(order, a_decision(order, *shorts)).change.order


def work_of(order: Order) -> Work:
    return Work(f"{order.order_id}.f1", "berlin", "open")


def stages(order: Order, stage: Stage) -> dict[str, Stage]:
    return {f"{order.order_id}.f1": stage}


def told(change: Change) -> str:
    """Return the type of a change's event."""
    return str(change.event.model_dump()["type"])


def done(change: Change | None) -> Change:
    """Return a change that must be there."""
    assert change is not None
    return change


@asynccontextmanager
async def a_store() -> AsyncIterator[EmbeddedDocuments]:
    store = EmbeddedDocuments(":memory:", clock=SteppedClock(NOW), threaded=False)
    try:
        yield store
    finally:
        await store.close()
