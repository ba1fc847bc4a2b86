"""What events add to the counters."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import JsonValue

from shared.insights.decide import needs_order, split_tally, tally_of
from shared.insights.model import Beside, OrderFacts, PartFacts, ShipmentFacts, Tally

ACCEPTED_AT = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
AT = ACCEPTED_AT + timedelta(hours=2)
SHIPPED = "fulfillment.parts-shipped.v1"
ROUTED = "orders.order-routed.v1"


def a_part(**changes: JsonValue) -> dict[str, JsonValue]:
    usual: dict[str, JsonValue] = {"line_id": "1", "part": 1, "quantity": 2, "state": "pending"}
    return usual | changes


def an_order(*, is_split: bool = False, **promises: datetime) -> Beside:
    part = PartFacts(**promises, fulfillment_id="o_1.f1")
    facts = OrderFacts("o_1", "2026-11-02", "web", ACCEPTED_AT, is_split, {("1", 1): part})
    return Beside(order=facts)


def tally(event_type: str, beside: Beside | None = None, **data: JsonValue) -> Tally | None:
    return tally_of(event_type, AT, data, beside or Beside())


def counts(event_type: str, beside: Beside | None = None, **data: JsonValue) -> dict[str, int]:
    found = tally(event_type, beside, **data)
    return found.counts if found else {}


def test_an_accepted_order_counts_what_is_still_to_be_done() -> None:
    done = a_part(line_id="2", state="handed-over")
    found = tally("orders.order-accepted.v1", channel="web", parts=[a_part(), done])
    assert found == Tally({"orders": 1, "lines": 1, "units_ordered": 2}, "web")


def test_a_tills_sale_and_an_event_without_parts_count_nothing() -> None:
    assert tally("orders.order-accepted.v1", parts=[a_part(state="handed-over")]) is None
    assert tally("orders.order-accepted.v1") is None
    assert tally("orders.order-held.v1", parts=[a_part()]) is None


def test_the_first_attempt_counts_lines_that_it_sourced_whole() -> None:
    parts: list[JsonValue] = [
        a_part(state="sourced", location_id="berlin", fulfillment_id="f1"),
        a_part(line_id="2", state="sourced", location_id="bonn", fulfillment_id="f2"),
        a_part(line_id="2", part=2, state="backordered"),
        a_part(line_id="3", state="preordered"),
    ]
    found = tally(ROUTED, an_order(), attempt=1, parts=parts)
    assert found is not None
    assert found.counts == {"lines_assigned": 2, "lines_planned": 2, "lines_sourced_first": 1}
    assert found.by_location == {"berlin": {"lines_assigned": 1}, "bonn": {"lines_assigned": 1}}
    again = counts(ROUTED, an_order(), attempt=2, parts=parts)
    assert again == {"lines_assigned": 2}


def test_a_split_order_is_counted_on_the_day_of_its_acceptance() -> None:
    assert split_tally(ROUTED, an_order(is_split=True)) == Tally({"orders_split": 1}, "web")
    assert split_tally(ROUTED, an_order()) is None
    assert split_tally(SHIPPED, an_order(is_split=True)) is None
    assert split_tally(ROUTED, Beside()) is None


def test_rejected_lines_count_unless_we_took_them_back_ourselves() -> None:
    rejected = "fulfillment.parts-rejected.v1"
    parts: list[JsonValue] = [a_part(), a_part(part=2), "no part"]
    found = tally(rejected, reason="damaged", location_id="berlin", parts=parts)
    assert found == Tally({"lines_rejected": 1}, None, {"berlin": {"lines_rejected": 1}})
    assert tally(rejected, reason="overcommitted", parts=parts) is None


@pytest.mark.parametrize(("late_s", "kept"), [(0, 1), (1, 0)])
def test_a_promise_is_kept_to_the_second(late_s: int, kept: int) -> None:
    due = AT - timedelta(seconds=late_s)
    shipped = counts(SHIPPED, an_order(ship_by=due), parts=[a_part(state="shipped")])
    ready = counts(
        "fulfillment.ready-for-pickup.v1", an_order(ready_by=due), fulfillment_id="o_1.f1"
    )
    arrived = counts(
        "fulfillment.shipment-changed.v1",
        an_order(arrive_by=due),
        parts=[a_part(state="delivered")],
    )
    assert (shipped["promises_due"], shipped.get("promises_kept", 0)) == (1, kept)
    assert (ready["promises_due"], ready.get("promises_kept", 0)) == (1, kept)
    assert (arrived["arrivals_due"], arrived.get("arrivals_kept", 0)) == (1, kept)


def test_a_shipment_counts_units_hours_cost_distance_parcels_and_saving() -> None:
    beside = Beside(an_order().order, ShipmentFacts("EUR", 490, 1, 690, 12_500))
    parts: list[JsonValue] = [a_part(state="shipped"), a_part(line_id="2", state="shipped")]
    found = counts(SHIPPED, beside, location_id="berlin", parts=parts)
    assert found == {
        "units_shipped": 4,
        "shipments": 1,
        "ship_s": 7_200,
        "cost_minor.EUR": 490,
        "parcels": 1,
        "parcels_saved": 1,
        "courier_saving_minor.EUR": 200,
        "distance_m": 12_500,
        "distances": 1,
    }


def test_what_is_not_known_of_a_shipment_is_left_out() -> None:
    beside = Beside(an_order().order, ShipmentFacts("EUR", 490, 2))
    found = counts(SHIPPED, beside, parts=[a_part(state="shipped")])
    assert found == {
        "units_shipped": 2,
        "shipments": 1,
        "ship_s": 7_200,
        "cost_minor.EUR": 490,
        "parcels": 2,
    }
    assert counts(SHIPPED, parts=[a_part(state="shipped")]) == {"units_shipped": 2, "shipments": 1}


def test_a_voided_shipments_units_are_taken_back_since_they_will_ship_again() -> None:
    found = counts("fulfillment.shipment-changed.v1", parts=[a_part(state="sourced")])
    assert found == {"units_shipped": -2}


def test_pickups_count_as_ready_once_and_as_shipped_when_handed_over() -> None:
    ready = "fulfillment.ready-for-pickup.v1"
    assert counts(ready, an_order()) == {"pickups_ready": 1, "ready_s": 7_200}
    assert counts(ready, an_order(), resend=True) == {}
    assert counts(ready) == {"pickups_ready": 1}
    handed = counts("fulfillment.parts-handed-over.v1", parts=[a_part(state="handed-over")])
    assert handed == {"units_shipped": 2}


def test_returns_count_from_the_request_to_the_refund() -> None:
    assert counts("returns.return-changed.v1", status="requested") == {"returns_requested": 1}
    assert counts("returns.return-changed.v1", status="received") == {}
    refund = "returns.refund-advised.v1"
    asked = Beside(requested_at=AT - timedelta(days=1))
    assert counts(refund, asked) == {"returns_refunded": 1, "return_s": 86_400}
    assert counts(refund) == {}


def test_shortages_cancelled_units_and_exceptions_are_counted() -> None:
    short = tally("inventory.stock-overcommitted.v1", short=4, added=3, location_id="berlin")
    assert short == Tally({"shortage_units": 3}, None, {"berlin": {"shortage_units": 3}})
    cancelled = counts("orders.parts-cancelled.v1", parts=[a_part(state="cancelled")])
    assert cancelled == {"units_cancelled": 2}
    assert counts("orders.exception-opened.v1") == {"exceptions_opened": 1}


def test_fields_of_another_type_count_as_nothing() -> None:
    odd = a_part(part="x", quantity=None, location_id=7, state="sourced")
    assert counts(ROUTED, an_order(), attempt="1", parts=[odd]) == {}
    assert counts("inventory.stock-overcommitted.v1", added="3") == {}


def test_only_events_that_need_their_order_read_it() -> None:
    assert needs_order(SHIPPED)
    assert not needs_order("orders.order-accepted.v1")
    assert not needs_order("fulfillment.fulfillment-changed.v1")
