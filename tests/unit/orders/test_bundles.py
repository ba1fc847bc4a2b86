"""A bundle is sold as one line, handled as its components, and never left half (adr 0011)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.intake import ItemKind
from shared.contracts.stock import Move, RejectReason
from shared.kernel.errors import Invalid, NotAllowed
from shared.kernel.money import Money
from shared.orders import decide
from shared.orders.decide import (
    Change,
    Component,
    ProductFacts,
    Rejected,
    RejectPolicy,
    Stage,
    Units,
    Work,
)
from shared.orders.model import RESERVED, Method, Order, Part, PartState
from shared.orders.refusals import NotSoMany
from tests.unit.orders.samples import (
    ACT,
    BOOT,
    NOW,
    PRODUCTS,
    SOCK,
    a_decision,
    a_line,
    a_pick,
    a_short,
    an_intake,
    closed,
    eur,
    stages,
    states,
    work_of,
)

NOT_IN_STOCK = RejectReason.NOT_IN_STOCK
POLICY = RejectPolicy(max_rejects=3, rejection_period_days=7)
PENDING, SOURCED = "pending", "sourced"


def a_set(*components: Component, **changes: Any) -> ProductFacts:
    """Return a set of a boot and two socks."""
    usual = {"kind": ItemKind.BUNDLE, "title": "The set", "components": components or TWO_KINDS}
    return ProductFacts("SET", **(usual | changes))


TWO_KINDS = (Component(BOOT, 1), Component(SOCK, 2))
SPLITS = {"SET": a_set(may_split=True)}


def sold(quantity: int = 3, products: dict[str, ProductFacts] | None = None, **line: Any) -> Order:
    """Return an order for sets at 20.00."""
    known = PRODUCTS | {"SET": a_set()} | (products or {})
    told = a_line(**({"sku": "SET", "quantity": quantity, "unit_price": eur(2000)} | line))
    return decide.accept(an_intake(told), known, ACT).order


def in_work(order: Order) -> Order:
    """Return the order with every line found at berlin."""
    picks = [
        a_pick(order, line.line_id, sku=line.sku)
        for line in order.lines
        if line.kind is ItemKind.GOOD
    ]
    return closed(order, a_decision(order, *picks)).change.order


def rejected(order: Order, line_id: str, quantity: int, **changes: Any) -> Order:
    part = next(line for line in order.lines if line.line_id == line_id).parts[0]
    told = Rejected(line_id, part.part, quantity, RejectReason.NOT_IN_STOCK, **changes)
    return decide.reject(order, work_of(order), [told], POLICY, ACT).order


def test_a_sold_set_becomes_a_line_of_each_component() -> None:
    order = sold(3)
    assert [(line.line_id, line.sku, line.quantity) for line in order.lines] == [
        ("1~1", "BOOT-42", 3),
        ("1~2", "SOCK-1", 6),
    ]
    bundle = order.lines[1].bundle
    assert bundle is not None
    assert bundle.model_dump() == {
        "line": "1",
        "sku": "SET",
        "title": "The set",
        "quantity": 3,
        "per_bundle": 2,
        "may_split": False,
    }


def test_components_travel_together_unless_the_product_says_that_they_may_split() -> None:
    assert {line.group for line in sold().lines} == {"1~"}
    assert {line.group for line in sold(products=SPLITS).lines} == {None}
    assert {line.group for line in sold(group="all").lines} == {"all"}


def test_an_order_is_found_by_the_set_and_by_what_is_in_it() -> None:
    assert sold().skus == ("BOOT-42", "SOCK-1", "SET")


def test_components_take_no_id_that_another_line_has() -> None:
    lines = (a_line(sku="SET"), a_line(line_id="1~1", sku="SOCK-1"))
    order = decide.accept(an_intake(*lines), PRODUCTS | {"SET": a_set()}, ACT).order
    assert [line.line_id for line in order.lines] == ["1~2", "1~3", "1~1"]


def test_value_and_tax_are_divided_by_list_prices_to_the_cent() -> None:
    boot = ProductFacts("BOOT-42", price=eur(6000))
    sock = ProductFacts("SOCK-1", price=eur(1000))
    parts = (Component(boot, 1), Component(sock, 2))
    order = sold(1, {"SET": a_set(*parts)}, unit_price=eur(6999), discount=eur(500), tax=eur(1001))
    assert [line.value_minor for line in order.lines] == [4874, 1625]
    assert [line.tax_minor for line in order.lines] == [751, 250]


@pytest.mark.parametrize("price", [None, Money("USD", 6000)])
def test_without_list_prices_in_the_orders_currency_components_are_worth_the_same(
    price: Money | None,
) -> None:
    parts = (Component(ProductFacts("BOOT-42", price=price), 1), Component(SOCK, 2))
    order = sold(1, {"SET": a_set(*parts)}, unit_price=eur(2001))
    assert [line.value_minor for line in order.lines] == [1001, 1000]


amounts = st.integers(0, 10**7)


@given(
    st.lists(st.tuples(st.integers(1, 9), st.none() | amounts), min_size=1, max_size=8),
    st.integers(1, 40),
    amounts,
    st.integers(0, 100),
    amounts,
)
def test_components_are_worth_what_the_set_was_sold_for(
    held: list[tuple[int, int | None]], quantity: int, price: int, percent: int, tax: int
) -> None:
    parts = tuple(
        Component(ProductFacts(f"P{n}", price=None if p is None else eur(p)), count)
        for n, (count, p) in enumerate(held)
    )
    discount = price * quantity * percent // 100
    known = {"SET": a_set(*parts)}
    order = sold(quantity, known, unit_price=eur(price), discount=eur(discount), tax=eur(tax))
    assert sum(line.value_minor for line in order.lines) == price * quantity - discount
    assert sum(line.tax_minor for line in order.lines) == tax
    assert min(line.value_minor for line in order.lines) >= 0
    assert [line.quantity for line in order.lines] == [quantity * count for count, _ in held]


def test_a_set_whose_components_are_not_known_waits_for_a_person() -> None:
    known = {"SET": ProductFacts("SET", kind=ItemKind.BUNDLE, title="The set")}
    change = decide.accept(an_intake(a_line(sku="SET")), known, ACT)
    assert states(change.order) == [(1, 3, "exception")]
    assert [row.code for row in change.opened] == ["unknown-sku"]
    assert (change.order.lines[0].sku, change.order.lines[0].title) == (None, "The set")


def test_a_person_says_that_a_line_is_a_set_and_its_components_are_routed() -> None:
    opened = decide.accept(an_intake(a_line(sku="SET")), {}, ACT)
    change = decide.assign_sku(opened.order, "1", a_set(), ACT)
    assert change is not None
    assert states(change.order, "1~1") == [(1, 3, PENDING)]
    assert states(change.order, "1~2") == [(1, 6, PENDING)]
    assert sum(line.value_minor for line in change.order.lines) == 3000
    assert change.order.skus == ("BOOT-42", "SOCK-1", "SET")
    assert change.event.route
    (settled,) = decide.settled_by(change.order, opened.opened, "sku-assigned", ACT)
    assert settled.line_id == "1"
    assert decide.assign_sku(change.order, "1", a_set(), ACT) is None


def test_more_components_than_an_order_can_carry_are_refused() -> None:
    parts = tuple(Component(ProductFacts(f"P{n}"), 1) for n in range(50))
    lines = [a_line(line_id=str(n), sku="SET") for n in range(5)]
    with pytest.raises(Invalid) as refused:
        decide.accept(an_intake(*lines), {"SET": a_set(*parts)}, ACT)
    assert [fault.code for fault in refused.value.faults] == ["too-many-lines"]


def test_more_units_of_a_component_than_can_be_counted_are_refused() -> None:
    with pytest.raises(Invalid) as refused:
        sold(600_000_000, unit_price=eur(0))
    assert [fault.pointer for fault in refused.value.faults] == ["/lines/0/quantity"]


def test_a_set_that_the_till_handed_out_takes_its_components_off_the_shelf() -> None:
    known = PRODUCTS | {"SET": a_set()}
    change = decide.accept(an_intake(a_line(sku="SET", taken_at="berlin")), known, ACT)
    moves = [task for task in change.event.stock if isinstance(task, Move)]
    assert [(move.sku, move.on_hand) for move in moves] == [("BOOT-42", -3), ("SOCK-1", -6)]
    assert len({move.movement_id for move in moves}) == 2


def test_sets_that_left_or_were_cancelled_elsewhere_count_by_component() -> None:
    order = sold(3, fulfilled=1, cancelled=1)
    assert states(order, "1~1") == [(1, 1, "shipped"), (2, 1, "cancelled"), (3, 1, PENDING)]
    assert states(order, "1~2") == [(1, 2, "shipped"), (2, 2, "cancelled"), (3, 2, PENDING)]


def test_cancelling_a_set_by_the_line_that_was_sold_cancels_its_components() -> None:
    change = decide.cancel(sold(3), [Units("1", 1)], {}, "channel", ACT)
    assert change is not None
    assert states(change.order, "1~1") == [(2, 1, "cancelled"), (3, 2, PENDING)]
    assert states(change.order, "1~2") == [(2, 2, "cancelled"), (3, 4, PENDING)]


def test_cancelling_one_sock_cancels_the_set_that_it_is_of() -> None:
    change = decide.cancel(sold(3), [Units("1~2", 1)], {}, "customer", ACT)
    assert change is not None
    assert cancelled(change.order) == {"1~1": 1, "1~2": 2}
    assert getattr(change.event, "refund_minor", None) == 2000


def cancelled(order: Order) -> dict[str, int]:
    off = {PartState.CANCELLED, PartState.CANCEL_REQUESTED}
    return {
        line.line_id: sum(p.quantity for p in line.parts if p.state in off) for line in order.lines
    }


def test_components_named_together_are_of_the_same_sets() -> None:
    change = decide.cancel(sold(3), [Units("1~1", 2), Units("1~2", 3)], {}, "customer", ACT)
    assert change is not None
    assert cancelled(change.order) == {"1~1": 2, "1~2": 4}


def test_all_of_a_set_is_cancelled_without_a_number() -> None:
    change = decide.cancel(sold(3), [Units("1")], {}, "customer", ACT)
    assert change is not None
    assert change.order.status == "cancelled"
    with pytest.raises(NotSoMany):
        decide.cancel(change.order, [Units("1")], {}, "customer", ACT)


def test_more_sets_than_there_are_are_not_cancelled() -> None:
    with pytest.raises(NotSoMany) as refused:
        decide.cancel(sold(3), [Units("1", 4)], {}, "customer", ACT)
    assert (refused.value.line_id, refused.value.asked, refused.value.possible) == ("1", 4, 3)


def test_a_location_is_asked_for_all_of_a_set() -> None:
    order = in_work(sold(2))
    committed = stages(order, Stage.COMMITTED)
    change = decide.cancel(order, [Units("1~2", 2)], committed, "customer", ACT)
    assert change is not None
    assert states(change.order, "1~1") == [(2, 1, "cancel-requested"), (3, 1, SOURCED)]
    assert states(change.order, "1~2") == [(2, 2, "cancel-requested"), (3, 2, SOURCED)]


def test_what_was_granted_without_shipping_stands_in_no_cancels_way() -> None:
    guide = Component(ProductFacts("GUIDE", kind=ItemKind.DIGITAL), 1)
    order = sold(2, {"SET": a_set(*TWO_KINDS, guide)})
    assert states(order, "1~3") == [(1, 2, "delivered")]
    change = decide.cancel(order, [Units("1", 2)], {}, "customer", ACT)
    assert change is not None
    assert cancelled(change.order) == {"1~1": 2, "1~2": 4, "1~3": 0}


def test_a_component_that_is_given_up_takes_its_set_along() -> None:
    order = sold(1)
    rows = [a_short(order, line.line_id, sku=line.sku) for line in order.lines]
    waiting = closed(order, a_decision(order, *rows), auto_cancel_at=NOW).change.order
    only = waiting.lines[1].parts[0].model_copy(update={"auto_cancel_at": None})
    lines = (waiting.lines[0], waiting.lines[1].model_copy(update={"parts": (only,)}))
    due = waiting.model_copy(update={"lines": lines})
    change = decide.auto_cancel(due, ACT)
    assert change is not None
    assert cancelled(change.order) == {"1~1": 1, "1~2": 2}


def test_a_component_whose_set_has_left_already_is_cancelled_alone() -> None:
    order = in_work(sold(1, SPLITS))
    boot = decide.Item("1~1", 1, 1)
    parcels = decide.Parcels(f"{order.order_id}.f1.s1", "berlin")
    shipped = decide.ship(order, work_of(order), parcels, [boot], ACT)
    assert shipped is not None
    shelf = stages(order, Stage.NOT_ACCEPTED)
    with pytest.raises(NotSoMany):
        decide.cancel(shipped.order, [Units("1", 1)], shelf, "customer", ACT)
    change = decide.cancel(shipped.order, [Units("1~2", 2)], shelf, "customer", ACT)
    assert change is not None
    assert cancelled(change.order) == {"1~1": 0, "1~2": 2}
    rest = decide.cancel(shipped.order, [Units("1")], shelf, "customer", ACT)
    assert rest is not None
    assert cancelled(rest.order) == {"1~1": 0, "1~2": 2}


def test_a_missing_sock_brings_the_whole_set_back() -> None:
    order = rejected(in_work(sold(3)), "1~2", 1)
    assert states(order, "1~1") == [(2, 1, PENDING), (3, 2, SOURCED)]
    assert states(order, "1~2") == [(2, 1, PENDING), (3, 1, PENDING), (4, 4, SOURCED)]
    back = [part for line in order.lines for part in line.parts if part.state == PENDING]
    assert {part.excluded for part in back} == {("berlin",)}
    assert [part.reason for part in back] == ["no-variance", "not-in-stock", "no-variance"]
    assert {part.rejects for part in back} == {1}


def test_components_that_may_split_are_rejected_alone() -> None:
    order = rejected(in_work(sold(3, SPLITS)), "1~2", 1)
    assert states(order, "1~1") == [(1, 3, SOURCED)]


def test_sets_told_whole_are_rejected_as_told() -> None:
    order = in_work(sold(2))
    rows = [Rejected(line.line_id, 1, line.quantity, RejectReason.DAMAGED) for line in order.lines]
    change = decide.reject(order, work_of(order), rows, POLICY, ACT)
    assert [states(change.order, at) for at in ("1~1", "1~2")] == [
        [(1, 2, PENDING)],
        [(1, 4, PENDING)],
    ]


def test_a_set_rejected_too_often_stands_before_a_person_and_goes_on_as_one() -> None:
    order = in_work(sold(1))
    once = RejectPolicy(max_rejects=1, rejection_period_days=7)
    told = [Rejected("1~1", 1, 1, RejectReason.DAMAGED)]
    given_up = decide.reject(order, work_of(order), told, once, ACT)
    assert [row.line_id for row in given_up.opened] == ["1~1", "1~2"]
    change = decide.reset(given_up.order, ACT, only=[("1~2", 1)])
    assert change is not None
    assert [line.parts[0].state for line in change.order.lines] == [PENDING, PENDING]
    assert len(decide.settled_by(change.order, given_up.opened, "reset", ACT)) == 2


@pytest.mark.parametrize(("products", "sock"), [(None, "exception"), (SPLITS, PENDING)])
def test_a_set_of_which_one_thing_was_rejected_too_often_stands_before_a_person_whole(
    products: dict[str, ProductFacts] | None, sock: str
) -> None:
    order = in_work(sold(1, products))
    boots, socks = order.lines
    often = boots.parts[0].model_copy(update={"rejects": 2})
    lines = (boots.model_copy(update={"parts": (often,)}), socks)
    order = order.model_copy(update={"lines": lines})
    told = [Rejected(at, 1, 1, RejectReason.DAMAGED) for at in ("1~1", "1~2")]
    change = decide.reject(order, work_of(order), told, POLICY, ACT)
    assert states(change.order, "1~1") == [(1, 1, "exception")]
    assert {state for _, _, state in states(change.order, "1~2") if state != SOURCED} == {sock}


def test_what_is_rerouted_takes_its_set_along() -> None:
    order = in_work(sold(1))
    shelf = stages(order, Stage.NOT_ACCEPTED)
    change = decide.reroute(order, shelf, ACT, only=[("1~2", 1)])
    assert change is not None
    assert [line.parts[0].state for line in change.order.lines] == [PENDING, PENDING]
    apart = in_work(sold(1, SPLITS))
    change = decide.reroute(apart, shelf, ACT, only=[("1~2", 1)])
    assert change is not None
    assert [line.parts[0].state for line in change.order.lines] == [SOURCED, PENDING]


def test_a_set_is_redirected_as_one() -> None:
    order = sold(1, method="pickup", pickup_location="berlin")
    rows = [a_short(order, at, sku=at, action="exception") for at in ("1~1", "1~2")]
    waiting = closed(order, a_decision(order, *rows)).change.order
    change = decide.redirect(waiting, "1~2", Method.SHIP, None, ACT)
    assert [line.method for line in change.order.lines] == ["ship", "ship"]
    picks = [a_pick(change.order, "1~1", sku="BOOT-42", part=2, source_part=2)]
    half = closed(change.order, a_decision(change.order, *picks)).change.order
    with pytest.raises(NotAllowed):
        decide.redirect(half, "1~2", Method.SHIP, None, ACT)


def test_a_set_that_comes_back_is_received_by_component() -> None:
    order = in_work(sold(2))
    items = [decide.Item(line.line_id, 1, line.quantity) for line in order.lines]
    parcels = decide.Parcels(f"{order.order_id}.f1.s1", "berlin")
    shipped = decide.ship(order, work_of(order), parcels, items, ACT)
    assert shipped is not None
    receipt = decide.Receipt(f"{order.order_id}.c9", "received", "berlin")
    change = decide.receive_return(shipped.order, receipt, [("1", 1)], ACT)
    assert change is not None
    assert states(change.order, "1~1") == [(2, 1, "returned"), (3, 1, "shipped")]
    assert states(change.order, "1~2") == [(2, 2, "returned"), (3, 2, "shipped")]
    moves = [task for task in change.event.stock if isinstance(task, Move)]
    assert [(move.sku, move.on_hand, move.quality_hold) for move in moves] == [
        ("BOOT-42", 1, 1),
        ("SOCK-1", 2, 2),
    ]


steps = st.lists(
    st.tuples(
        st.sampled_from(("source", "cancel", "set", "reject", "reroute", "confirm", "reset")),
        st.sampled_from(("1~1", "1~2", "1~3")),
        st.integers(1, 7),
        st.sampled_from(Stage),
    ),
    max_size=12,
)


@given(st.integers(1, 6), steps)
def test_whatever_happens_sets_are_cancelled_and_sourced_whole(
    quantity: int, taken: list[tuple[str, str, int, Stage]]
) -> None:
    cup = ProductFacts("CUP")
    order = sold(quantity, {"SET": a_set(*TWO_KINDS, Component(cup, 3))})
    for step, line_id, units, stage in taken:
        order = after(order, step, line_id, units, stage)
        assert broken_sets(order) == []
        assert units_of(order) == [line.quantity for line in order.lines]


def after(order: Order, step: str, line_id: str, units: int, stage: Stage) -> Order:
    """Return the order after a step; as it was where the step is not possible."""
    try:
        change = taken_step(order, step, line_id, units, stage)
    except NotSoMany:
        return order
    return change.order if change else order


def taken_step(order: Order, step: str, line_id: str, units: int, stage: Stage) -> Change | None:
    if step in {"cancel", "set"}:
        wanted = [Units("1" if step == "set" else line_id, units)]
        return decide.cancel(order, wanted, stages(order, stage), "customer", ACT)
    if step in {"reject", "reroute"}:
        return given_back(order, line_id, units, is_rejected=step == "reject")
    if step == "source":
        return sourced(order)
    return answered(order) if step == "confirm" else reset_one(order)


def given_back(order: Order, line_id: str, units: int, *, is_rejected: bool) -> Change | None:
    line = next(line for line in order.lines if line.line_id == line_id)
    work = [part for part in line.parts if part.state in RESERVED]
    if not work:
        return None
    if not is_rejected:
        shelf = stages(order, Stage.NOT_ACCEPTED)
        return decide.reroute(order, shelf, ACT, only=[(line_id, work[-1].part)])
    told = Rejected(line_id, work[0].part, min(units, work[0].quantity), NOT_IN_STOCK)
    about = Work(work[0].fulfillment_id or "", work[0].location_id or "", "open")
    return decide.reject(order, about, [told], POLICY, ACT)


def answered(order: Order) -> Change | None:
    rows = [
        Units(line.line_id, part.quantity, part.part)
        for line, part in decide.all_parts(order)
        if part.state is PartState.CANCEL_REQUESTED
    ]
    return decide.confirm_cancel(order, rows, ACT) if rows else None


def reset_one(order: Order) -> Change | None:
    rows = [(line.line_id, p.part) for line, p in decide.all_parts(order) if stands(p)]
    return decide.reset(order, ACT, only=rows[:1])


def stands(part: Part) -> bool:
    return part.state is PartState.EXCEPTION


def sourced(order: Order) -> Change | None:
    """Source what is pending, all of it in one new fulfillment."""
    name = f"{order.order_id}.f{order.fulfillments + 1}"
    picks = [
        a_pick(order, line.line_id).model_copy(
            update={
                "sku": line.sku,
                "source_part": part.part,
                "part": part.part,
                "quantity": part.quantity,
                "reservation_id": f"{order.order_id}.{line.line_id}.{part.part}.{order.attempts}",
                "fulfillment_id": name,
            }
        )
        for line, part in decide.all_parts(order)
        if part.state is PartState.PENDING
    ]
    return closed(order, a_decision(order, *picks)).change if picks else None


def broken_sets(order: Order) -> list[dict[str, int]]:
    """Return the units by component line wherever they stand and are no whole sets."""
    places: dict[tuple[str | None, str], dict[str, int]] = {}
    for line, part in decide.all_parts(order):
        there = places.setdefault((part.fulfillment_id, part.state), {})
        there[line.line_id] = there.get(line.line_id, 0) + part.quantity
    return [
        units
        for units in places.values()
        if units != {f"1~{per}": per * units.get("1~1", 0) for per in (1, 2, 3)}
    ]


def units_of(order: Order) -> list[int]:
    return [sum(part.quantity for part in line.parts) for line in order.lines]


def test_what_one_location_was_to_give_of_sets_fails_together_and_the_rest_stands() -> None:
    order = sold(3)
    rows = [
        a_pick(
            order,
            line.line_id,
            sku=line.sku,
            part=number,
            source_part=1,
            quantity=sets * decide.per_bundle(line),
            fulfillment_id=f"{order.order_id}.{name}",
        )
        for number, sets, name in ((2, 2, "f1"), (3, 1, "f2"))
        for line in order.lines
    ]
    planned = a_decision(order, *rows, bundles=(("1~1", "1~2"),))
    won = frozenset(row.reservation_id for row in rows[:3])
    closing = closed(order, planned, won=won)
    assert states(closing.change.order, "1~1") == [(2, 2, SOURCED), (3, 1, PENDING)]
    assert states(closing.change.order, "1~2") == [(2, 4, SOURCED), (3, 2, PENDING)]
    assert closing.ended == (rows[2].reservation_id,)
