"""A location's queue: how late work is, where it may go, and what to fetch."""

from datetime import timedelta

import pytest

from shared.fulfillment import decide
from shared.fulfillment.decide.queue import Urgency
from shared.fulfillment.model import HEARD_MAX, Parcel, Status
from tests.unit.fulfillment.samples import NOON, a_fulfillment, an_item

DUE = NOON + timedelta(hours=4)


@pytest.mark.parametrize(
    ("minutes_to_due", "urgency", "overdue"),
    [
        (61, Urgency.ON_TIME, 0),
        (60, Urgency.DUE_SOON, 0),
        (1, Urgency.DUE_SOON, 0),
        (0, Urgency.OVERDUE, 0),
        (-90, Urgency.OVERDUE, 90),
    ],
)
def test_work_is_overdue_at_its_due_time(
    minutes_to_due: int, urgency: Urgency, overdue: int
) -> None:
    now = DUE - timedelta(minutes=minutes_to_due)
    age = decide.ageing(a_fulfillment(), now)
    assert (age.urgency, age.minutes_overdue) == (urgency, overdue)
    assert age.minutes_waiting == 240 - minutes_to_due


def test_work_that_is_over_ages_no_more() -> None:
    done = a_fulfillment(status="shipped", ended_at=NOON + timedelta(minutes=30))
    age = decide.ageing(done, DUE + timedelta(days=2))
    assert (age.urgency, age.minutes_overdue, age.minutes_waiting) == (Urgency.DONE, 0, 30)


@pytest.mark.parametrize(
    ("changes", "can"),
    [
        ({"status": "open"}, True),
        ({"status": "scheduled"}, True),
        ({"status": "accepted", "location_kind": "store"}, True),
        ({"status": "accepted", "location_kind": "3pl"}, False),
        ({"status": "picking", "location_kind": "store"}, False),
        ({"status": "open", "method": "pickup"}, False),
    ],
)
def test_unpicked_parcels_may_move(changes: dict[str, object], *, can: bool) -> None:
    assert decide.can_move(a_fulfillment(**changes)) is can


def test_the_pick_list_leaves_out_what_is_in_the_tote_or_to_be_cancelled() -> None:
    first = a_fulfillment(an_item(quantity=3, picked=1, title="Boot"), status="picking")
    second = a_fulfillment(
        an_item(quantity=2),
        an_item(line_id="2", sku="HAT", cancel_asked=True),
        an_item(line_id="3", sku="BELT", quantity=1, picked=1),
        fulfillment_id="o_9.f1",
    )
    (row,) = decide.pick_list([first, second])
    assert (row.sku, row.title, row.quantity) == ("BOOT-42", "Boot", 4)
    assert row.fulfillments == (("o_7k2.f1", 2), ("o_9.f1", 2))


def test_what_a_shipment_held_is_packed_again_when_it_is_taken_back() -> None:
    item = an_item(part=2, picked=2)
    rest = a_fulfillment(an_item(part=3, quantity=1), status="packed")
    shipped = a_fulfillment(item, status="shipped", ended_at=NOON)
    given_back = a_fulfillment(an_item(part=3), status="cancelled", ended_at=NOON)
    whole = decide.unshipped(shipped, [item], NOON)
    joined = decide.unshipped(rest, [item], NOON)
    opened = decide.unshipped(given_back, [item], NOON)
    assert [(w.status, [i.part for i in w.items], w.ended_at) for w in (whole, joined, opened)] == [
        (Status.PACKED, [2], None),
        (Status.PACKED, [3, 2], None),
        (Status.PACKED, [2], None),
    ]
    assert opened.queue == "berlin|todo"


def test_goods_that_are_gone_were_picked_and_packed() -> None:
    parcel = decide.overtaken(a_fulfillment(status="on-hold", left="open"))
    counter = decide.overtaken(a_fulfillment(method="pickup"))
    over = a_fulfillment(status="cancelled")
    assert (parcel.status, parcel.left, parcel.items[0].picked) == (Status.PACKED, None, 2)
    assert counter.status is Status.READY_FOR_PICKUP
    assert decide.overtaken(over) == over


def test_the_last_commands_are_remembered() -> None:
    work = a_fulfillment()
    for number in range(HEARD_MAX + 1):
        work = decide.heard(work, f"c{number}")
    assert (len(work.heard), work.heard[0]) == (HEARD_MAX, "c1")
    assert decide.heard(work, "") == work


def test_parcels_may_name_a_line_twice_and_no_more_units_than_there_are() -> None:
    work = a_fulfillment(an_item(), an_item(line_id="2", sku="HAT"), status="picked")
    halves = [Parcel(parcel=n, contents=(("1", 1), ("2", 1))) for n in (1, 2)]
    assert decide.pack(work, halves, NOON).parcels == tuple(halves)
