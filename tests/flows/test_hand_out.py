"""From the shelf to the customer: what a location does with its work, through its doors."""

from typing import Any

import pytest

from functions import couriers, fulfillment, orders
from shared.contracts.orders import PartsCancelled
from shared.flows.order_command import items_of
from shared.flows.steer_order import cancel
from shared.flows.sweeps import sweep_tenant
from shared.fulfillment import service as work_service
from shared.fulfillment.model import Fulfillment, Status
from shared.orders import life
from shared.orders.decide import Act
from shared.orders.decide.change import Cut
from shared.orders.decide.draft import Draft
from shared.orders.model import Order, PartState
from shared.tenants.model import Role
from tests.builders import TENANT, Answer, Shop, a_line, an_order, states


async def work_for(shop: Shop, quantity: int = 2, **changes: Any) -> tuple[Order, Fulfillment]:
    """Return an order that berlin has to hand out, and its work."""
    await shop.receive("BOOT", "berlin", 5)
    order = await shop.place(an_order(a_line(quantity=quantity, **changes)))
    (work,) = await shop.works(order.order_id)
    return order, work


def at(work: Fulfillment) -> dict[str, str]:
    return {"fulfillment": work.fulfillment_id}


async def packed(shop: Shop, quantity: int = 2) -> tuple[Order, Fulfillment]:
    order, work = await work_for(shop, quantity)
    await shop.call(fulfillment.accept_fulfillment, at(work))
    scans = {"scans": [{"code": "BOOT", "quantity": quantity}]}
    await shop.call(fulfillment.pick_fulfillment, at(work), body=scans)
    await shop.call(fulfillment.pack_fulfillment, at(work), body={})
    return order, work


async def shipped(shop: Shop, quantity: int = 2) -> tuple[Order, str]:
    order, work = await packed(shop, quantity)
    body = {"tracking": ["00340434161094000001"]}
    done = await shop.call(fulfillment.ship_fulfillment, at(work), body=body)
    assert done.status == 200, done.body
    await shop.settle_all()
    return order, f"{work.fulfillment_id}.s1"


async def ready(shop: Shop) -> tuple[Order, Fulfillment]:
    await shop.receive("BOOT", "berlin", 5)
    line = a_line(method="pickup", pickup_location="berlin")
    order = await shop.place(an_order(line))
    (work,) = await shop.works(order.order_id)
    await shop.call(fulfillment.accept_fulfillment, at(work))
    await shop.call(fulfillment.pick_fulfillment, at(work), body={"scans": [{"code": "BOOT"}]})
    await shop.call(fulfillment.pack_fulfillment, at(work), body={})
    done = await shop.call(fulfillment.ready_fulfillment, at(work))
    assert done.status == 200, done.body
    return order, (await work_service.get(shop.world.store, TENANT, work.fulfillment_id)).body


async def test_work_knows_a_part_that_one_change_divides_again_and_again(shop: Shop) -> None:
    order, work = await packed(shop, 3)
    stored = await shop.order(order.order_id)
    draft = Draft(stored, Act(TENANT, shop.clock.now(), "person:ana"))
    for _ in range(2):
        (rest,) = [p for p in draft.parts("1") if p.state is PartState.SOURCED]
        draft.cut("1", rest, Cut(1, (life.AskCancel,)))
    items = items_of(draft.finish(PartsCancelled), work.fulfillment_id)
    assert [(item.was, item.quantity, item.cancel_asked) for item in items] == [
        (1, 1, True),
        (1, 1, True),
        (1, 1, False),
    ]


async def test_packed_parcels_leave_with_the_cheapest_service_and_stock_is_consumed(
    shop: Shop,
) -> None:
    order, shipment_id = await shipped(shop)
    assert states(await shop.order(order.order_id)) == [("1", 2, PartState.SHIPPED)]
    assert await shop.stock("BOOT", "berlin") == (3, 0, 3)
    shown = await shop.call(couriers.read_shipment, {"shipment": shipment_id})
    assert shown.body["service"] == "economy"
    assert shown.body["tracking"] == ["00340434161094000001"]
    assert [row["service"] for row in shown.body["quotes"]] == ["economy", "standard", "express"]


async def test_a_named_service_is_taken_and_its_rivals_are_kept_beside_it(shop: Shop) -> None:
    _, work = await packed(shop)
    body = {"carrier": "example-de", "service": "express"}
    await shop.call(fulfillment.ship_fulfillment, at(work), body=body)
    route = {"shipment": f"{work.fulfillment_id}.s1"}
    shown = (await shop.call(couriers.read_shipment, route)).body
    assert (shown["service"], len(shown["quotes"])) == ("express", 3)
    kept = next(row for row in shown["quotes"] if row["service"] == "express")
    assert shown["cost"] == {"currency": "EUR", "amount_minor": kept["cost_minor"]}


async def test_a_carrier_without_a_card_takes_the_parcels_too(shop: Shop) -> None:
    _, work = await packed(shop)
    done = await shop.call(fulfillment.ship_fulfillment, at(work), body={"carrier": "bike"})
    assert (done.status, done.body["status"]) == (200, "shipped")


async def test_the_same_partial_shipment_told_twice_leaves_once(shop: Shop) -> None:
    order, work = await packed(shop)
    body = {"units": [{"line_id": "1", "quantity": 1}]}
    first = await shop.call(fulfillment.ship_fulfillment, at(work), body=body, key="part-1")
    again = await shop.call(fulfillment.ship_fulfillment, at(work), body=body, key="part-1")
    await shop.settle_all()
    assert first.body == again.body
    assert sorted(states(await shop.order(order.order_id))) == [
        ("1", 1, PartState.SHIPPED),
        ("1", 1, PartState.SOURCED),
    ]
    assert await shop.stock("BOOT", "berlin") == (4, 1, 3)


async def test_work_that_is_not_packed_does_not_leave(shop: Shop) -> None:
    _, work = await work_for(shop)
    refused = await shop.call(fulfillment.ship_fulfillment, at(work), body={})
    assert (refused.status, refused.code) == (409, "not-allowed")
    assert refused.body["facts"]["legal"] == ["accept", "reject"]


async def test_the_queue_shows_what_is_late_first_and_a_second_page(shop: Shop) -> None:
    await shop.receive("BOOT", "berlin", 9)
    for number in range(3):
        await shop.place(an_order(reference=f"o{number}"))
        shop.later(minutes=1)
    shop.later(days=3)
    page = await shop.call(
        fulfillment.list_fulfillments, query={"location": "berlin", "limit": "2"}
    )
    ages = [(row["urgency"], row["minutes_overdue"] > 0) for row in page.body["items"]]
    assert ages == [("overdue", True), ("overdue", True)]
    query = {"location": "berlin", "limit": "2", "cursor": page.body["next_cursor"]}
    second = await shop.call(fulfillment.list_fulfillments, query=query)
    assert len(second.body["items"]) == 1
    assert second.body["next_cursor"] is None


async def test_work_and_order_are_found_under_the_number_that_the_customer_knows(
    shop: Shop,
) -> None:
    await shop.receive("BOOT", "berlin", 9)
    order = await shop.place(an_order(reference="5100", number="#1001"))
    await shop.place(an_order(reference="5101"))
    queue = await shop.call(fulfillment.list_fulfillments, query={"location": "berlin"})
    assert [row["order_number"] for row in queue.body["items"]] == ["#1001", "5101"]
    page = await shop.call(orders.search_orders, query={"number": "#1001"})
    assert [(row["order_id"], row["number"]) for row in page.body["items"]] == [
        (order.order_id, "#1001")
    ]


async def test_a_queue_without_work_is_an_empty_list(shop: Shop) -> None:
    query = {"location": "hamburg", "status": "open"}
    page = await shop.call(fulfillment.list_fulfillments, query=query)
    assert page.body == {"items": [], "next_cursor": None}


async def test_store_staff_see_and_touch_only_the_work_of_their_store(shop: Shop) -> None:
    await shop.receive("BOOT", "hamburg", 1)
    order = await shop.place()
    (work,) = await shop.works(order.order_id)
    staff, hamburg = Role.ASSOCIATE, {"location": "hamburg"}
    own = await shop.call(fulfillment.list_fulfillments, role=staff)
    foreign = await shop.call(fulfillment.list_fulfillments, query=hamburg, role=staff)
    shown = await shop.call(fulfillment.read_fulfillment, at(work), role=staff)
    taken = await shop.call(fulfillment.accept_fulfillment, at(work), role=staff)
    assert (own.status, own.body["items"]) == (200, [])
    assert [a.status for a in (foreign, shown, taken)] == [403, 403, 403]


async def test_rejected_units_go_to_another_store_and_the_shelf_is_emptied(shop: Shop) -> None:
    order, work = await work_for(shop)
    await shop.receive("BOOT", "hamburg", 5)
    body = {"reason": "not-in-stock"}
    done = await shop.call(fulfillment.reject_fulfillment, at(work), body=body)
    await shop.settle_all()
    assert done.body["status"] == "rejected"
    order = await shop.order(order.order_id)
    assert [p.location_id for line in order.lines for p in line.parts] == ["hamburg"]
    assert await shop.stock("BOOT", "berlin") == (0, 0, 0)


async def test_a_rejection_of_work_that_was_taken_away_leaves_what_is_elsewhere_by_now(
    shop: Shop,
) -> None:
    order, work = await work_for(shop)
    await shop.receive("BOOT", "hamburg", 5)
    moved = await shop.call(fulfillment.move_fulfillment, at(work), body={})
    await shop.settle_all()
    assert moved.body["status"] == "cancelled"
    late = await shop.call(
        fulfillment.reject_fulfillment, at(work), body={"reason": "not-in-stock"}
    )
    assert (late.status, late.code) == (409, "not-allowed")
    (part,) = (await shop.order(order.order_id)).lines[0].parts
    assert (part.state, part.location_id) == (PartState.SOURCED, "hamburg")
    assert await shop.stock("BOOT", "berlin") == (5, 0, 5)


async def test_units_rejected_twice_under_one_key_are_given_back_once(shop: Shop) -> None:
    _, work = await work_for(shop, 3)
    body = {"lines": [{"line_id": "1", "quantity": 1, "reason": "damaged"}]}
    await shop.call(fulfillment.reject_fulfillment, at(work), body=body, key="r-1")
    again = await shop.call(fulfillment.reject_fulfillment, at(work), body=body, key="r-1")
    assert [item["quantity"] for item in again.body["items"]] == [2]


async def test_a_scan_told_twice_counts_once_and_a_wrong_one_is_refused(shop: Shop) -> None:
    _, work = await work_for(shop)
    await shop.call(fulfillment.accept_fulfillment, at(work))
    scan = {"scans": [{"code": "BOOT"}]}
    await work_service.pick(
        shop.world.store, shop.caller, work.fulfillment_id, {"BOOT": 1}, shop.clock.now(),
        command_id="scan-1",
    )  # fmt: skip
    again = await work_service.pick(
        shop.world.store, shop.caller, work.fulfillment_id, {"BOOT": 1}, shop.clock.now(),
        command_id="scan-1",
    )  # fmt: skip
    assert (again.status, again.items[0].picked) == (Status.PICKING, 1)
    whole = await shop.call(fulfillment.pick_fulfillment, at(work), body=scan)
    assert whole.body["status"] == "picked"
    wrong = {"scans": [{"code": "4006381333931"}]}
    refused = await shop.call(fulfillment.pick_fulfillment, at(work), body=wrong)
    assert (refused.status, refused.code) == (409, "not-in-fulfillment")


async def test_a_short_pick_gives_the_rest_back_and_goes_on(shop: Shop) -> None:
    order, work = await work_for(shop, 3)
    await shop.receive("BOOT", "hamburg", 5)
    await shop.call(fulfillment.accept_fulfillment, at(work))
    body = {"scans": [{"code": "BOOT", "quantity": 2}], "complete": "not-in-stock"}
    done = await shop.call(fulfillment.pick_fulfillment, at(work), body=body)
    await shop.settle_all()
    assert done.body["status"] == "picked"
    found = await shop.works(order.order_id)
    assert [(w.location_id, sum(i.quantity for i in w.items)) for w in found] == [
        ("berlin", 2),
        ("hamburg", 1),
    ]
    assert await shop.stock("BOOT", "berlin") == (2, 2, 0)


async def test_the_pick_list_sums_a_sku_over_all_work(shop: Shop) -> None:
    await shop.receive("BOOT", "berlin", 9)
    names = []
    for number in range(2):
        order = await shop.place(an_order(a_line(quantity=2), reference=f"o{number}"))
        (work,) = await shop.works(order.order_id)
        await shop.call(fulfillment.accept_fulfillment, at(work))
        names.append(work.fulfillment_id)
    found = await shop.call(fulfillment.pick_list, query={"location": "berlin"})
    assert found.body["units"] == 4
    (row,) = found.body["rows"]
    assert (row["sku"], row["fulfillments"]) == ("BOOT", dict.fromkeys(names, 2))


async def test_the_packing_slip_is_escaped(shop: Shop) -> None:
    _, work = await work_for(shop, title="<b>Boot</b>")
    query = {"format": "html"}
    page = await shop.call(fulfillment.read_packing_slip, at(work), query=query)
    assert b"&lt;b&gt;Boot&lt;/b&gt;" in page.body
    assert b"80331 Munich" in page.body
    slip = (await shop.call(fulfillment.read_packing_slip, at(work))).body
    assert (slip["recipient"], slip["lines"][0]["quantity"]) == ("Ada Example", 2)


async def test_the_pickup_code_opens_and_is_shown_to_nobody(shop: Shop) -> None:
    order, work = await ready(shop)
    shown = await shop.call(fulfillment.read_fulfillment, at(work))
    assert work.pickup_code is not None
    assert "pickup_code" not in shown.body
    wrong = await shop.call(fulfillment.hand_over_fulfillment, at(work), body={"code": "zzzzzzzz"})
    assert (wrong.status, wrong.code) == (409, "wrong-pickup-code")
    body = {"code": work.pickup_code, "collector": "Bob"}
    done = await shop.call(fulfillment.hand_over_fulfillment, at(work), body=body)
    await shop.settle_all()
    assert (done.body["status"], done.body["collector"]) == ("handed-over", "Bob")
    assert states(await shop.order(order.order_id)) == [("1", 1, PartState.HANDED_OVER)]
    assert await shop.stock("BOOT", "berlin") == (4, 0, 4)


async def test_a_pickup_code_locks_after_as_many_wrong_ones_as_the_tenant_allows(
    shop: Shop,
) -> None:
    _, work = await ready(shop)
    refused = [
        await shop.call(fulfillment.hand_over_fulfillment, at(work), body={"code": "zzzzzzzz"})
        for _ in range(6)
    ]
    assert [answer.code for answer in refused] == [
        *["wrong-pickup-code"] * 5,
        "pickup-code-locked",
    ]


async def test_a_code_sent_again_replaces_the_one_before(shop: Shop) -> None:
    _, work = await ready(shop)
    await shop.call(fulfillment.resend_pickup_code, at(work))
    old = {"code": work.pickup_code}
    refused = await shop.call(fulfillment.hand_over_fulfillment, at(work), body=old)
    assert refused.code == "wrong-pickup-code"


async def test_a_pickup_waits_to_the_end_of_the_last_days_hours(shop: Shop) -> None:
    _, work = await ready(shop)
    assert work.pickup_expires_at is not None
    assert work.pickup_expires_at.isoformat() == "2026-11-09T19:00:00+00:00"


async def test_a_voided_shipment_is_packed_again_with_its_stock(shop: Shop) -> None:
    order, shipment_id = await shipped(shop)
    done = await shop.call(couriers.void_shipment, {"shipment": shipment_id})
    await shop.settle_all()
    assert done.body["status"] == "voided"
    assert states(await shop.order(order.order_id)) == [("1", 2, PartState.SOURCED)]
    (work,) = await shop.works(order.order_id)
    assert (work.status, [i.picked for i in work.items]) == (Status.PACKED, [2])
    assert await shop.stock("BOOT", "berlin") == (5, 2, 3)
    again = await shop.call(fulfillment.ship_fulfillment, at(work), body={})
    await shop.settle_all()
    assert again.body["shipments"] == [shipment_id, f"{work.fulfillment_id}.s2"]
    assert await shop.stock("BOOT", "berlin") == (3, 0, 3)


async def test_a_partial_shipment_that_is_voided_joins_the_rest_again(shop: Shop) -> None:
    order, work = await packed(shop, 3)
    body = {"units": [{"line_id": "1", "quantity": 1}]}
    await shop.call(fulfillment.ship_fulfillment, at(work), body=body)
    await shop.settle_all()
    await shop.call(couriers.void_shipment, {"shipment": f"{work.fulfillment_id}.s1"})
    await shop.settle_all()
    (work,) = await shop.works(order.order_id)
    assert (work.status, sorted(i.quantity for i in work.items)) == (Status.PACKED, [1, 2])
    assert await shop.stock("BOOT", "berlin") == (5, 3, 2)


async def test_a_scanned_shipment_is_not_taken_back(shop: Shop) -> None:
    _, shipment_id = await shipped(shop)
    route = {"shipment": shipment_id}
    await shop.call(couriers.track_a_shipment, route, body={"report": "scanned"})
    refused = await shop.call(couriers.void_shipment, route)
    assert (refused.status, refused.code) == (409, "not-allowed")


@pytest.mark.parametrize(
    ("report", "state", "stock"),
    [
        ("delivered", PartState.DELIVERED, (3, 0, 3)),
        ("lost", PartState.LOST, (3, 0, 3)),
        ("returned-to-sender", PartState.RETURNED, (5, 0, 3)),
    ],
)
async def test_what_the_carrier_reports_becomes_the_parts_state(
    shop: Shop, report: str, state: PartState, stock: tuple[int, int, int]
) -> None:
    order, shipment_id = await shipped(shop)
    route = {"shipment": shipment_id}
    await shop.call(couriers.track_a_shipment, route, body={"report": report})
    done = await shop.call(couriers.track_a_shipment, route, body={"report": report})
    await shop.settle_all()
    assert done.body["status"] == report
    assert states(await shop.order(order.order_id)) == [("1", 2, state)]
    assert await shop.stock("BOOT", "berlin") == stock


async def test_a_late_scan_of_a_delivered_parcel_is_old_news_and_a_newer_one_a_conflict(
    shop: Shop,
) -> None:
    order, shipment_id = await shipped(shop)
    route, before = {"shipment": shipment_id}, shop.clock.now().isoformat()
    shop.later(hours=1)
    await shop.call(couriers.track_a_shipment, route, body={"report": "delivered"})
    late = {"report": "scanned", "at": before}
    await shop.call(couriers.track_a_shipment, route, body=late)
    assert (await shop.order(order.order_id)).exceptions == 0
    shop.later(hours=1)
    for _ in range(2):
        await shop.call(couriers.track_a_shipment, route, body={"report": "scanned"})
    assert (await shop.order(order.order_id)).exceptions == 1


async def test_moved_work_is_sourced_elsewhere(shop: Shop) -> None:
    order, work = await work_for(shop)
    await shop.receive("BOOT", "hamburg", 5)
    done = await shop.call(fulfillment.move_fulfillment, at(work), body={})
    await shop.settle_all()
    assert done.body["status"] == "cancelled"
    order = await shop.order(order.order_id)
    assert [p.location_id for line in order.lines for p in line.parts] == ["hamburg"]
    assert await shop.stock("BOOT", "berlin") == (5, 0, 5)


async def moved_to(shop: Shop, work: Fulfillment, location_id: str) -> Answer:
    body = {"location_id": location_id}
    return await shop.call(fulfillment.move_fulfillment, at(work), body=body)


async def test_work_moves_to_the_named_location_where_stock_is(shop: Shop) -> None:
    order, work = await work_for(shop)
    await shop.receive("BOOT", "hamburg", 2)
    assert (await moved_to(shop, work, "hamburg")).status == 200
    await shop.settle_all()
    order = await shop.order(order.order_id)
    assert states(order) == [("1", 2, PartState.SOURCED)]
    assert await shop.stock("BOOT", "hamburg") == (2, 2, 0)
    assert await shop.stock("BOOT", "berlin") == (5, 0, 5)


async def test_a_named_location_without_the_stock_is_refused_and_nothing_moves(
    shop: Shop,
) -> None:
    order, work = await work_for(shop)
    await shop.receive("BOOT", "hamburg", 1)
    refused = await moved_to(shop, work, "hamburg")
    assert (refused.status, refused.code) == (409, "move-target-short")
    assert (await moved_to(shop, work, "mars")).code == "invalid"
    assert await shop.order(order.order_id) == order


async def test_picked_work_does_not_move(shop: Shop) -> None:
    _, work = await packed(shop)
    refused = await moved_to(shop, work, "hamburg")
    assert (refused.status, refused.code) == (409, "not-allowed")


async def test_a_third_party_ships_what_it_never_accepted(shop: Shop) -> None:
    order, work = await work_for(shop)
    data = {"fulfillment_id": work.fulfillment_id, "carrier": "bike", "tracking": ["B-1"]}
    for event_id in ("m-1", "m-1", "m-2"):
        await shop.deliver(
            fulfillment.receive_confirmations, "fulfillment.confirm-shipped.v1", data, event_id
        )
    await shop.settle_all()
    assert states(await shop.order(order.order_id)) == [("1", 2, PartState.SHIPPED)]
    (work,) = await shop.works(order.order_id)
    assert (work.status, work.shipments) == (Status.SHIPPED, 1)
    assert await shop.stock("BOOT", "berlin") == (3, 0, 3)


async def test_a_carrier_knows_its_own_number_only(shop: Shop) -> None:
    order, _ = await shipped(shop)
    data = {"tracking": "00340434161094000001", "report": "delivered", "at": "2026-11-03T10:00:00Z"}
    await shop.deliver(fulfillment.receive_confirmations, "fulfillment.report-tracking.v1", data)
    assert states(await shop.order(order.order_id)) == [("1", 2, PartState.DELIVERED)]


async def test_goods_collected_at_the_stores_own_desk_are_handed_over(shop: Shop) -> None:
    order, work = await ready(shop)
    data = {"fulfillment_id": work.fulfillment_id, "collector": "Bob"}
    await shop.deliver(fulfillment.receive_confirmations, "fulfillment.confirm-collected.v1", data)
    await shop.settle_all()
    assert states(await shop.order(order.order_id)) == [("1", 1, PartState.HANDED_OVER)]


async def test_what_left_a_location_that_had_given_it_away_is_put_before_a_person(
    shop: Shop,
) -> None:
    order, work = await work_for(shop)
    await shop.receive("BOOT", "hamburg", 5)
    await shop.call(fulfillment.move_fulfillment, at(work), body={})
    await shop.settle_all()
    data = {"fulfillment_id": work.fulfillment_id, "carrier": "bike"}
    for _ in range(2):
        await shop.deliver(
            fulfillment.receive_confirmations, "fulfillment.confirm-shipped.v1", data
        )
    await shop.settle_all()
    found = await shop.order(order.order_id)
    assert states(found) == [("1", 2, PartState.SOURCED)]
    assert found.exceptions == 1
    assert await shop.stock("BOOT", "berlin") == (3, 0, 3)
    assert await shop.stock("BOOT", "hamburg") == (5, 2, 3)


async def test_a_location_that_is_silent_about_a_cancel_is_an_exception(shop: Shop) -> None:
    await shop.receive("BOOT", "berlin", 1)
    order = await shop.place()
    (work,) = await shop.works(order.order_id)
    await shop.call(fulfillment.accept_fulfillment, at(work))
    await shop.call(fulfillment.pick_fulfillment, at(work), body={"scans": [{"code": "BOOT"}]})
    await cancel(shop.world.flows, shop.caller, order.order_id, (), "customer", shop.clock.now())
    await sweep_tenant(shop.world.flows, TENANT, shop.later(minutes=239))
    assert (await shop.order(order.order_id)).exceptions == 0
    await sweep_tenant(shop.world.flows, TENANT, shop.later(minutes=1))
    await sweep_tenant(shop.world.flows, TENANT, shop.later(minutes=1))
    asked = await shop.order(order.order_id)
    assert (asked.exceptions, states(asked)) == (1, [("1", 1, PartState.CANCEL_REQUESTED)])
