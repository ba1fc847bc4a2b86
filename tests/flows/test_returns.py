"""Returns over the embedded store: goods, parts, money and what goes out in exchange."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.contracts.intake import Contact, PlaceTender
from shared.contracts.returns import FindOrders, InspectUnits, ReceiveParcel
from shared.flows.accept_return import inspect_units, receive_parcel
from shared.flows.exchange import place_exchange
from shared.flows.find_order import find_orders
from shared.kernel.errors import Forbidden, Invalid, NotAllowed, NotFound, Unavailable
from shared.orders import service as orders
from shared.orders.model import Order, PartState
from shared.returns import service
from shared.returns.model import (
    FinalSale,
    NotInReturn,
    NotReturnable,
    Return,
    ReturnDiffers,
    ReturnStatus,
    WindowClosed,
)
from shared.tenants.model import Role
from tests.flows.counter import TENANT, Counter, a_counter, a_line, close_all, eur


@pytest.fixture(autouse=True)
async def worlds_are_closed() -> AsyncIterator[None]:
    yield
    await close_all()


def a_parcel(
    parcel: str = "p1", location_id: str = "berlin", *units: tuple[str, int], **changes: Any
) -> ReceiveParcel:
    lines = [{"line_id": line_id, "quantity": quantity} for line_id, quantity in units]
    told = {"parcel": parcel, "location_id": location_id, "lines": lines}
    return ReceiveParcel.model_validate(told | changes, strict=False)


def found(*units: tuple[str, str, int], **changes: Any) -> InspectUnits:
    rows = [{"line_id": a, "disposition": b, "quantity": n} for a, b, n in units]
    usual = {"batch": "b1", "location_id": "berlin", "units": rows}
    return InspectUnits.model_validate(usual | changes, strict=False)


async def receive(
    counter: Counter, made: Return, parcel: ReceiveParcel, *, is_fact: bool = False
) -> Return:
    flows, caller = counter.world.flows, counter.caller()
    return await receive_parcel(flows, caller, made.return_id, parcel, counter.now, is_fact=is_fact)


async def inspect(counter: Counter, made: Return, asked: InspectUnits) -> Return:
    caller = counter.caller()
    return await inspect_units(counter.world.flows, caller, made.return_id, asked, counter.now)


async def approved(counter: Counter, order: Order, *units: tuple[str, int]) -> Return:
    made = await counter.ask(order, *units)
    return await service.approve(counter.world.store, counter.caller(), made.return_id, counter.now)


def states(order: Order) -> list[tuple[int, str]]:
    return [(part.quantity, part.state.value) for line in order.lines for part in line.parts]


async def exceptions(counter: Counter) -> list[str]:
    page = await orders.exceptions(counter.world.store, TENANT)
    return [row.body.code for row in page.items]


async def test_one_good_unit_is_sold_again_and_one_broken_is_written_off() -> None:
    """Medusa's return: bought 2, returned 2, one dismissed: of 2 in stock there are 3."""
    counter = await a_counter(stock=4)
    order = await counter.sold(a_line(quantity=2))
    assert await counter.stock() == (2, 0, 0, 2)
    made = await approved(counter, order, ("1", 2))
    taken = await receive(counter, made, a_parcel())
    await counter.settle(order.order_id)
    assert (taken.status, taken.lines[0].received) == (ReturnStatus.RECEIVED, 2)
    assert await counter.stock() == (4, 2, 0, 2)
    done = await inspect(counter, made, found(("1", "resell", 1), ("1", "write-off", 1)))
    await counter.settle(order.order_id)
    assert done.status is ReturnStatus.INSPECTED
    assert await counter.stock() == (3, 0, 0, 3)
    assert done.advice is not None
    assert done.advice.refund_minor == 5000
    closed = await service.close(counter.world.store, counter.caller(), made.return_id, counter.now)
    assert closed.status is ReturnStatus.CLOSED
    assert states(await counter.order(order.order_id)) == [(2, "returned")]


@pytest.mark.parametrize(
    ("disposition", "stock"),
    [
        ("resell", (10, 0, 0, 10)),
        ("damaged", (10, 0, 1, 9)),
        ("return-to-vendor", (9, 0, 0, 9)),
        ("write-off", (9, 0, 0, 9)),
    ],
)
async def test_the_disposition_decides_the_stock(disposition: str, stock: tuple[int, ...]) -> None:
    counter = await a_counter()
    order = await counter.sold(a_line(quantity=1))
    made = await counter.ask(order, ("1", 1), received=True, location_id="berlin")
    await inspect(counter, made, found(("1", disposition, 1)))
    await counter.settle(order.order_id, times=3)
    assert await counter.stock() == stock


async def test_what_was_bought_online_is_taken_back_in_any_store() -> None:
    counter = await a_counter()
    order = await counter.sold(a_line(quantity=2))
    associate = counter.caller(Role.ASSOCIATE, "munich")
    made = await counter.ask(order, ("1", 1), by=associate, received=True, location_id="munich")
    await counter.settle(order.order_id)
    assert (made.return_id, made.version) == (f"{order.order_id}.r1", 1)
    assert (made.status, made.walk_in) == (ReturnStatus.RECEIVED, True)
    assert await counter.stock(location_id="munich") == (11, 1, 0, 10)
    assert await counter.stock() == (8, 0, 0, 8)
    after = await counter.order(order.order_id)
    assert (after.returns, after.refunded_minor) == (1, 2500)
    assert sorted(states(after)) == [(1, "handed-over"), (1, "returned")]


async def test_an_associate_takes_goods_in_at_their_own_location_only() -> None:
    counter = await a_counter()
    order = await counter.sold()
    associate = counter.caller(Role.ASSOCIATE, "munich")
    for location_id in ("berlin", None):
        with pytest.raises(Forbidden):
            await counter.ask(order, ("1", 1), by=associate, location_id=location_id)
    assert (await counter.order(order.order_id)).returns == 0


async def test_goods_are_taken_in_at_locations_that_there_are() -> None:
    counter = await a_counter()
    order = await counter.sold()
    with pytest.raises(NotFound):
        await counter.ask(order, ("1", 1), received=True, location_id="atlantis")


async def test_the_same_command_makes_one_return() -> None:
    counter = await a_counter()
    order = await counter.sold()
    first = await counter.ask(order, ("1", 1), made_by="c-1")
    again = await counter.ask(order, ("1", 1), made_by="c-1")
    assert again == first
    assert (await counter.order(order.order_id)).returns == 1


async def test_a_reference_names_one_return_whoever_sends_it() -> None:
    counter = await a_counter()
    order = await counter.sold()
    first = await counter.ask(order, ("1", 1), reference="till-7/42")
    again = await counter.ask(order, ("1", 1), reference="till-7/42")
    assert again == first
    with pytest.raises(ReturnDiffers):
        await counter.ask(order, ("1", 2), reference="till-7/42")
    assert (await counter.order(order.order_id)).returns == 1


async def test_a_unit_is_named_by_one_open_return_only() -> None:
    counter = await a_counter()
    order = await counter.sold(a_line(quantity=2))
    first = await counter.ask(order, ("1", 2))
    with pytest.raises(NotReturnable) as refused:
        await counter.ask(order, ("1", 1))
    assert (refused.value.asked, refused.value.possible) == (1, 0)
    await service.decline(
        counter.world.store, counter.caller(), first.return_id, "worn", counter.now
    )
    assert (await counter.ask(order, ("1", 2))).return_id == f"{order.order_id}.r2"


async def test_what_never_left_is_not_returned() -> None:
    counter = await a_counter()
    order = await counter.sold(a_line(taken_at=None, quantity=2, fulfilled=1))
    with pytest.raises(NotReturnable):
        await counter.ask(order, ("1", 2))
    assert (await counter.ask(order, ("1", 1))).lines[0].quantity == 1


class Rival:
    """Does something else just before the next batches of one partition are written."""

    def __init__(self) -> None:
        self.moves: list[Callable[[], Awaitable[object]]] = []
        self.key = ""
        self.is_moving = False

    async def before(self, call: str, detail: object) -> None:
        is_it = call == "documents.batch" and self.key in repr(detail)
        if is_it and self.moves and not self.is_moving:
            self.is_moving = True
            await self.moves.pop()()
            self.is_moving = False

    async def after(self, call: str, detail: object) -> None:
        """Let it pass."""


@pytest.mark.parametrize(("winner", "loser"), [("berlin", "munich"), ("munich", "berlin")])
async def test_two_stores_take_in_the_same_unit_at_once_and_one_wins(
    winner: str, loser: str
) -> None:
    rival = Rival()
    counter = await a_counter(faults=rival)
    order = await counter.sold(a_line(quantity=1))
    rival.key = order.order_id
    rival.moves = [lambda: counter.ask(order, ("1", 1), received=True, location_id=winner)]
    with pytest.raises(NotReturnable):
        await counter.ask(order, ("1", 1), received=True, location_id=loser)
    await counter.settle(order.order_id)
    before = {"berlin": 9, "munich": 10}
    assert await counter.stock(location_id=winner) == (before[winner] + 1, 1, 0, before[winner])
    assert await counter.stock(location_id=loser) == (before[loser], 0, 0, before[loser])
    after = await counter.order(order.order_id)
    assert (after.returns, after.refunded_minor) == (1, 2500)


async def test_two_stores_tell_of_the_same_unit_at_once_and_one_is_a_conflict() -> None:
    rival = Rival()
    counter = await a_counter(faults=rival)
    order = await counter.sold(a_line(quantity=1))
    made = await approved(counter, order, ("1", 1))
    rival.key = order.order_id
    first = a_parcel("berlin-1", "berlin", ("1", 1))
    rival.moves = [lambda: receive(counter, made, first, is_fact=True)]
    after = await receive(counter, made, a_parcel("munich-1", "munich", ("1", 1)), is_fact=True)
    assert [receipt.parcel for receipt in after.receipts] == ["berlin-1"]
    assert await exceptions(counter) == ["fact-conflict"]
    assert states(await counter.order(order.order_id)) == [(1, "returned")]


async def test_who_never_gets_a_turn_is_told_to_come_again() -> None:
    rival = Rival()
    counter = await a_counter(faults=rival)
    order = await counter.sold(a_line(quantity=20), a_line(line_id="2", quantity=1))
    rival.key = order.order_id
    rival.moves = [lambda: counter.ask(order, ("1", 1)) for _ in range(5)]
    with pytest.raises(Unavailable):
        await counter.ask(order, ("2", 1))
    assert (await counter.order(order.order_id)).returns == 5


async def test_two_approvals_at_once_are_one() -> None:
    rival = Rival()
    counter = await a_counter(faults=rival)
    order = await counter.sold()
    made = await counter.ask(order, ("1", 1))
    store, caller = counter.world.store, counter.caller()
    rival.key = order.order_id
    rival.moves = [lambda: service.approve(store, caller, made.return_id, counter.now)]
    again = await service.approve(store, caller, made.return_id, counter.now)
    assert (again.status, again.version) == (ReturnStatus.APPROVED, 2)


async def test_a_return_that_is_not_to_be_seen_yet_stops_another_one() -> None:
    counter = await a_counter()
    order = await counter.sold()
    with pytest.raises(Unavailable):
        await service.of_order(counter.world.store, TENANT, order.order_id, 1)


async def test_what_is_not_there_is_not_found() -> None:
    counter = await a_counter()
    order = await counter.sold()
    await counter.ask(order, ("1", 1))
    made = await counter.ask(order, ("1", 1))
    gone = made.model_copy(update={"return_id": f"{order.order_id}.r9"})
    with pytest.raises(NotFound):
        await receive(counter, gone, a_parcel())
    with pytest.raises(NotFound):
        await service.get(counter.world.store, TENANT, gone.return_id)
    second = await service.approve(
        counter.world.store, counter.caller(), made.return_id, counter.now
    )
    assert (await receive(counter, second, a_parcel())).return_id == made.return_id


async def test_a_receipt_told_twice_is_one() -> None:
    counter = await a_counter()
    order = await counter.sold(a_line(quantity=2))
    made = await approved(counter, order, ("1", 2))
    first = await receive(counter, made, a_parcel("p1", "berlin", ("1", 1)), is_fact=True)
    again = await receive(counter, made, a_parcel("p1", "berlin", ("1", 1)), is_fact=True)
    await counter.settle(order.order_id, times=2)
    assert again == first
    assert await counter.stock() == (9, 1, 0, 8)
    second = await receive(counter, made, a_parcel("p2", "munich"))
    assert second.lines[0].received == 2
    assert [row.quantity for receipt in second.receipts for row in receipt.lines] == [1, 1]


async def test_a_second_receipt_of_a_unit_is_refused_at_a_counter() -> None:
    counter = await a_counter()
    order = await counter.sold(a_line(quantity=1))
    made = await approved(counter, order, ("1", 1))
    await receive(counter, made, a_parcel("p1"))
    with pytest.raises(NotInReturn):
        await receive(counter, made, a_parcel("p2", "munich", ("1", 1)))
    with pytest.raises(NotInReturn):
        await receive(counter, made, a_parcel("p3", "munich"))


async def test_stock_follows_a_receipt_that_the_return_does_not_expect() -> None:
    counter = await a_counter()
    order = await counter.sold(a_line(quantity=1))
    made = await approved(counter, order, ("1", 1))
    await receive(counter, made, a_parcel("p1"))
    late = a_parcel("p2", "munich", ("1", 1))
    await receive(counter, made, late, is_fact=True)
    await counter.settle(order.order_id)
    after = await receive(counter, made, late, is_fact=True)
    await counter.settle(order.order_id)
    assert await exceptions(counter) == ["fact-conflict"]
    assert len(after.receipts) == 1
    assert await counter.stock(location_id="munich") == (11, 1, 0, 10)


async def test_goods_that_come_before_the_approval_count_once() -> None:
    counter = await a_counter()
    order = await counter.sold(a_line(quantity=1))
    made = await counter.ask(order, ("1", 1))
    with pytest.raises(NotAllowed):
        await receive(counter, made, a_parcel())
    early = await receive(counter, made, a_parcel(), is_fact=True)
    assert early.status is ReturnStatus.REQUESTED
    await counter.settle(order.order_id)
    assert await counter.stock() == (10, 1, 0, 9)
    await service.approve(counter.world.store, counter.caller(), made.return_id, counter.now)
    taken = await receive(counter, made, a_parcel())
    await counter.settle(order.order_id)
    assert taken.status is ReturnStatus.RECEIVED
    assert await counter.stock() == (10, 1, 0, 9)


async def test_a_return_by_mail_departs_and_arrives() -> None:
    counter = await a_counter()
    order = await counter.sold(a_line(quantity=1))
    made = await approved(counter, order, ("1", 1))
    store, caller = counter.world.store, counter.caller()
    await service.depart(store, caller, made.return_id, counter.now)
    gone = await service.depart(store, caller, made.return_id, counter.now)
    assert (gone.status, gone.version) == (ReturnStatus.IN_TRANSIT, 3)
    taken = await receive(counter, made, a_parcel())
    assert taken.status is ReturnStatus.RECEIVED
    with pytest.raises(NotAllowed) as refused:
        await service.cancel(store, caller, made.return_id, "changed-mind", counter.now)
    assert refused.value.legal == ("inspect", "inspect-units", "receive")


async def test_goods_may_be_kept_and_refunded_by_whoever_may_approve() -> None:
    counter = await a_counter()
    order = await counter.sold(a_line(quantity=2))
    made = await approved(counter, order, ("1", 2))
    keep = found(("1", "keep", 2))
    associate = counter.caller(Role.ASSOCIATE, "berlin")
    with pytest.raises(Forbidden):
        await inspect_units(counter.world.flows, associate, made.return_id, keep, counter.now)
    done = await inspect(counter, made, keep)
    await counter.settle(order.order_id)
    assert done.status is ReturnStatus.INSPECTED
    assert done.advice is not None
    assert done.advice.refund_minor == 5000
    assert await counter.stock() == (8, 0, 0, 8)
    assert states(await counter.order(order.order_id)) == [(2, "returned")]


async def test_a_batch_told_twice_is_inspected_once() -> None:
    counter = await a_counter()
    order = await counter.sold(a_line(quantity=2))
    made = await approved(counter, order, ("1", 2))
    await receive(counter, made, a_parcel())
    first = await inspect(counter, made, found(("1", "damaged", 1)))
    again = await inspect(counter, made, found(("1", "damaged", 1)))
    await counter.settle(order.order_id, times=2)
    assert again == first
    assert (first.status, first.advice) == (ReturnStatus.RECEIVED, None)
    assert await counter.stock() == (10, 1, 1, 8)
    done = await inspect(counter, made, found(("1", "resell", 1), batch="b2"))
    assert done.status is ReturnStatus.INSPECTED


async def test_what_never_came_is_let_go_with_the_last_batch() -> None:
    counter = await a_counter()
    order = await counter.sold(a_line(quantity=2))
    made = await approved(counter, order, ("1", 2))
    await receive(counter, made, a_parcel("p1", "berlin", ("1", 1)))
    done = await inspect(counter, made, found(("1", "resell", 1), last=True))
    assert (done.status, done.lines[0].received) == (ReturnStatus.INSPECTED, 1)
    assert done.advice is not None
    assert done.advice.refund_minor == 2500
    assert (await counter.ask(order, ("1", 1))).lines[0].quantity == 1


async def test_the_window_ends_with_the_day_in_the_customers_zone() -> None:
    counter = await a_counter()
    order = await counter.sold(a_line(quantity=2), time_zone="America/New_York")
    # Handed over on November 2; December 2 ends in New York at 05:00 UTC.
    counter.clock.move_to(datetime(2026, 12, 3, 4, 59, 59, tzinfo=UTC))
    await counter.ask(order, ("1", 1))
    counter.clock.advance(timedelta(seconds=1))
    with pytest.raises(WindowClosed) as refused:
        await counter.ask(order, ("1", 1))
    assert refused.value.until == datetime(2026, 12, 3, 5, tzinfo=UTC)


async def test_without_a_zone_of_the_customer_the_window_ends_by_the_tenants() -> None:
    counter = await a_counter()
    order = await counter.sold(a_line(quantity=1), time_zone="Mars/Olympus")
    counter.clock.move_to(datetime(2026, 12, 2, 22, 59, 59, tzinfo=UTC))
    asked = await counter.ask(order, ("1", 1))
    store, caller = counter.world.store, counter.caller()
    await service.cancel(store, caller, asked.return_id, "changed-mind", counter.now)
    counter.clock.advance(timedelta(seconds=1))
    with pytest.raises(WindowClosed):
        await counter.ask(order, ("1", 1))


async def test_an_operator_takes_back_with_a_reason_what_the_policy_refuses() -> None:
    counter = await a_counter()
    order = await counter.sold(a_line(sku="SOCK-1", quantity=1))
    with pytest.raises(FinalSale):
        await counter.ask(order, ("1", 1))
    with pytest.raises(Forbidden):
        await counter.ask(
            order, ("1", 1), by=counter.caller(Role.INTEGRATION), override="faulty seam"
        )
    made = await counter.ask(order, ("1", 1), override="faulty seam")
    assert made.override is not None
    assert (made.override.reason, made.override.by) == ("faulty seam", "key:operator")


async def test_a_class_of_products_has_a_window_of_its_own() -> None:
    counter = await a_counter()
    order = await counter.sold(a_line(sku="HAT-7", quantity=1))
    counter.clock.advance(timedelta(days=9))
    with pytest.raises(WindowClosed):
        await counter.ask(order, ("1", 1))


async def test_the_fee_comes_off_and_the_shipping_comes_back_with_the_last_unit() -> None:
    counter = await a_counter(refund_shipping=True, return_fee_minor=300)
    order = await counter.sold(
        a_line(quantity=3, unit_price=eur(1000), discount=eur(100), tax=eur(551)),
        shipping=eur(490),
        tenders=(
            PlaceTender(kind="card", amount=eur(2941), last4="4242"),
            PlaceTender(kind="gift-card", amount=eur(1000)),
        ),
    )
    at: dict[str, Any] = {"received": True, "location_id": "berlin"}
    first = await counter.ask(order, ("1", 2), **at)
    last = await counter.ask(order, ("1", 1), fee=eur(0), **at)
    assert first.advice is not None
    assert last.advice is not None
    assert (first.advice.goods_minor, first.advice.tax_minor) == (1934, 368)
    assert (first.advice.fee_minor, first.advice.shipping_minor) == (300, 0)
    assert [(row.kind, row.amount_minor) for row in first.advice.tenders] == [
        ("gift-card", 1000),
        ("card", 1002),
    ]
    assert (last.advice.goods_minor, last.advice.tax_minor) == (966, 183)
    assert (last.advice.shipping_minor, last.advice.refund_minor) == (490, 1639)
    assert (await counter.order(order.order_id)).refunded_minor == 2002 + 1639


async def test_one_of_two_is_exchanged_in_another_store_like_for_like() -> None:
    counter = await a_counter()
    order = await counter.sold(a_line(quantity=2, discount=eur(1), tax=eur(797)))
    made = await counter.ask(
        order,
        ("1", 1),
        received=True,
        location_id="munich",
        exchange=[{"sku": "BOOT-42", "quantity": 1, "for_line": "1", "taken": True}],
    )
    await counter.settle(order.order_id)
    assert made.advice is not None
    assert made.exchange_order_id is not None
    assert (made.advice.credited_minor, made.advice.refund_minor) == (2899, 0)
    out = await counter.order(made.exchange_order_id)
    assert (out.order_type, out.connection, out.reference) == (
        "exchange",
        "exchange",
        made.return_id,
    )
    assert out.exchange_of == made.return_id
    assert [(t.kind, t.amount_minor) for t in out.tenders] == [("exchange-credit", 2899)]
    assert states(out) == [(1, "handed-over")]
    await counter.settle(out.order_id)
    assert await counter.stock(location_id="munich") == (10, 1, 0, 9)
    assert await exceptions(counter) == []


async def test_what_an_exchange_costs_more_is_charged() -> None:
    counter = await a_counter()
    order = await counter.sold(a_line(quantity=1))
    made = await counter.ask(
        order,
        ("1", 1),
        received=True,
        location_id="berlin",
        exchange=[{"sku": "HAT-7", "quantity": 1, "unit_price": eur(3000)}],
    )
    assert made.advice is not None
    assert made.advice.refund_minor == -500
    out = await counter.order(made.exchange_order_id or "")
    assert [(t.kind, t.amount_minor) for t in out.tenders] == [
        ("exchange-credit", 2500),
        ("exchange-charge", 500),
    ]
    assert out.lines[0].parts[0].state is PartState.PENDING


async def test_an_exchange_by_mail_goes_out_once_the_goods_were_looked_at() -> None:
    counter = await a_counter()
    order = await counter.sold(a_line(quantity=1))
    made = await counter.ask(
        order, ("1", 1), exchange=[{"sku": "HAT-7", "quantity": 1, "unit_price": eur(2000)}]
    )
    assert made.exchange_order_id is None
    store, caller = counter.world.store, counter.caller()
    await service.approve(store, caller, made.return_id, counter.now)
    await receive(counter, made, a_parcel())
    done = await inspect(counter, made, found(("1", "resell", 1)))
    assert done.advice is not None
    assert done.advice.refund_minor == 500
    assert (await counter.order(done.exchange_order_id or "")).exchange_of == made.return_id


async def test_the_event_of_an_exchange_changes_nothing_more() -> None:
    counter = await a_counter()
    order = await counter.sold(a_line(quantity=1))
    made = await counter.ask(
        order,
        ("1", 1),
        received=True,
        location_id="berlin",
        exchange=[{"sku": "BOOT-42", "quantity": 1, "for_line": "1", "taken": True}],
    )
    events = await counter.events(order.order_id)
    ((name, event),) = [row for row in events if "exchange" in row[1].data]
    assert (name, event.data["exchange"]) == ("evt:order:2", made.return_id)
    assert event.data["route"] is True
    await counter.settle(order.order_id, times=2)
    await place_exchange(counter.world.flows, counter.caller(), made, counter.now)
    page = await orders.search(
        counter.world.store, TENANT, orders.OrderSearch(connection="exchange")
    )
    assert len(page.items) == 1


async def test_an_exchange_needs_a_price_and_a_line_that_comes_back() -> None:
    counter = await a_counter()
    order = await counter.sold(a_line(quantity=1))
    for out, code in (
        ({"sku": "HAT-7", "quantity": 1}, "price-missing"),
        ({"sku": "HAT-7", "quantity": 2, "for_line": "1"}, "more-than-returned"),
        ({"sku": "HAT-7", "quantity": 1, "for_line": "9"}, "more-than-returned"),
    ):
        with pytest.raises(Invalid) as refused:
            await counter.ask(order, ("1", 1), received=True, location_id="berlin", exchange=[out])
        assert [fault.code for fault in refused.value.faults] == [code]
    assert (await counter.order(order.order_id)).returns == 0


async def test_units_are_named_by_barcode_too() -> None:
    counter = await a_counter()
    order = await counter.sold(
        a_line(quantity=1), a_line(line_id="2", quantity=2, unit_price=eur(1000))
    )
    lines = [{"code": "barcode-BOOT-42", "quantity": 2, "reason": "too-small"}]
    made = await counter.ask(order, lines=lines)
    assert [(line.line_id, line.quantity) for line in made.lines] == [("1", 1), ("2", 1)]
    store, caller = counter.world.store, counter.caller()
    await service.approve(store, caller, made.return_id, counter.now)
    scanned = a_parcel(lines=[{"code": "BOOT-42", "quantity": 2}])
    taken = await receive(counter, made, scanned)
    assert [line.received for line in taken.lines] == [1, 1]
    with pytest.raises(NotFound):
        await counter.ask(order, lines=[{"code": "?", "quantity": 1, "reason": "x"}])


BUYER = Contact(name="Åsa Märtens", email="Asa@Example.com", phone="030 1234567", loyalty_id="L-9")


@pytest.mark.parametrize(
    "clue",
    [
        {"number": "#1001"},
        {"number": "4711"},
        {"email": "asa@example.com"},
        {"phone": "+49 30 1234567"},
        {"loyalty_id": "L-9"},
        {"card": {"last4": "4242", "on": "2026-11-02"}},
        {"buyer": {"name": "martens, asa", "on": "2026-11-02"}},
        {"item": "barcode-BOOT-42"},
        {"item": "BOOT-42", "from_day": "2026-11-01", "to_day": "2026-11-30"},
    ],
)
async def test_an_order_is_found_without_its_receipt(clue: dict[str, object]) -> None:
    counter = await a_counter()
    order = await counter.sold(
        a_line(quantity=2, discount=eur(500), tax=eur(718)),
        number="4711",
        customer=BUYER,
        tenders=(PlaceTender(kind="card", amount=eur(5218), last4="4242"),),
    )
    await counter.ask(order, ("1", 1), received=True, location_id="berlin")
    wanted = FindOrders.model_validate(clue, strict=False)
    page = await find_orders(counter.world.flows, TENANT, wanted, counter.now)
    (shown,) = page.items
    (line,) = shown.lines
    assert shown.order_id == order.order_id
    assert (line.paid, line.returned, line.returnable) == (eur(5218), 1, 1)
    assert line.until == datetime(2026, 12, 2, 23, tzinfo=UTC)
    assert (shown.paid, shown.refunded) == (eur(5218), eur(2609))
    assert "Märtens" not in shown.model_dump_json()


@pytest.mark.parametrize(
    "clue",
    [
        {"number": "#9"},
        {"email": "bert@example.com"},
        {"card": {"last4": "4242", "on": "2026-11-03"}},
        {"buyer": {"name": "Märtens", "on": "2026-11-02"}},
        {"item": "nothing"},
        {"number": "#1001", "item": "HAT-7"},
    ],
)
async def test_another_clue_finds_nothing(clue: dict[str, object]) -> None:
    counter = await a_counter()
    await counter.sold(
        a_line(),
        customer=BUYER,
        tenders=(PlaceTender(kind="card", amount=eur(5000), last4="4242"),),
    )
    wanted = FindOrders.model_validate(clue, strict=False)
    assert (await find_orders(counter.world.flows, TENANT, wanted, counter.now)).items == ()


@pytest.mark.parametrize(
    ("clue", "code"),
    [
        ({}, "one-clue"),
        ({"number": "1", "email": "a@b.de"}, "one-clue"),
        ({"email": "nobody"}, "not-an-identifier"),
        ({"buyer": {"name": "--", "on": "2026-11-02"}}, "not-an-identifier"),
    ],
)
async def test_one_clue_is_needed_that_can_be_somebodys(clue: dict[str, object], code: str) -> None:
    counter = await a_counter()
    wanted = FindOrders.model_validate(clue, strict=False)
    with pytest.raises(Invalid) as refused:
        await find_orders(counter.world.flows, TENANT, wanted, counter.now)
    assert [fault.code for fault in refused.value.faults] == [code]
