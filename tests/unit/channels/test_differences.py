from datetime import timedelta
from typing import Any

from shared.channels.decide import difference
from shared.channels.model import (
    AwaitPayment,
    CancelOrder,
    CancelUnits,
    Difference,
    EditOrder,
    KnownLine,
    KnownOrder,
    MarkPaid,
)
from shared.contracts.intake import Address, PlaceOrder
from tests.unit.channels.samples import NOW, an_item, translated


def known(**changes: Any) -> KnownOrder:
    usual: dict[str, Any] = {"source_version": NOW, "lines": {"11": KnownLine("1", 2)}}
    return KnownOrder(**(usual | changes))


def newer(*items: dict[str, Any], **changes: Any) -> PlaceOrder:
    return translated(*items, **({"updated_at": "2026-11-22T13:00:00Z"} | changes))


def test_an_older_or_equal_version_is_ignored() -> None:
    assert difference(known(source_version=NOW + timedelta(days=1)), newer()) is None
    order = newer()
    assert difference(known(source_version=order.source_version), order) is None
    assert difference(known(), newer(updated_at=None)) is None


def test_a_version_is_newer_than_none() -> None:
    assert difference(known(source_version=None), newer()) == Difference()


def test_the_same_content_asks_for_nothing() -> None:
    assert difference(known(), newer()) == Difference()


def test_a_cancelled_order_is_cancelled_once() -> None:
    cancelled = newer(cancelled_at="2026-11-22T13:00:00Z")
    assert difference(known(), cancelled) == Difference((CancelOrder("channel"),))
    assert difference(known(is_cancelled=True), cancelled) == Difference()
    assert difference(known(is_cancelled=True), newer()) == Difference((), ("uncancelled",))


def test_payment_that_comes_or_goes_moves_the_hold() -> None:
    assert difference(known(awaits_payment=True), newer()) == Difference((MarkPaid(),))
    unpaid = newer(financial_status="pending")
    assert difference(known(), unpaid) == Difference((AwaitPayment(),))


def test_removed_units_are_cancelled() -> None:
    removed = newer(an_item(current_quantity=1))
    assert difference(known(), removed) == Difference((CancelUnits("11", 1),))
    done = known(lines={"11": KnownLine("1", 2, cancelled=1)})
    assert difference(done, removed) == Difference()


def test_a_lower_quantity_is_a_cancel_and_a_higher_cannot_be_applied() -> None:
    assert difference(known(), newer(an_item(quantity=1))) == Difference((CancelUnits("11", 1),))
    assert difference(known(), newer(an_item(quantity=3))) == Difference(
        (), ("quantity-raised:11",)
    )


def test_a_measure_is_taken_as_accepted() -> None:
    assert difference(known(), newer(an_item(quantity="1.5"))) == Difference()


def test_removed_units_that_left_are_returns_and_no_cancels() -> None:
    lines = {"11": KnownLine("1", 2, out=1)}
    assert difference(known(lines=lines), newer(an_item(current_quantity=0))) == Difference(
        (CancelUnits("11", 1),)
    )
    gone = {"11": KnownLine("1", 2, cancelled=1, out=0)}
    found = difference(known(lines=gone), newer(an_item(quantity=2, current_quantity=0)))
    assert found == Difference((CancelUnits("11", 1),))


def test_more_units_removed_than_we_ever_had_cannot_be_applied() -> None:
    removed = newer(an_item(quantity=3, current_quantity=0))
    assert difference(known(), removed) == Difference(
        (CancelUnits("11", 2),), ("quantity-raised:11", "removed-more-than-open:11")
    )
    gone = known(lines={"11": KnownLine("1", 2, out=2)})
    assert difference(gone, newer(an_item(current_quantity=0))) == Difference()


def test_a_line_that_was_added_or_dropped() -> None:
    two = newer(an_item(), an_item(id=12))
    assert difference(known(), two) == Difference((), ("line-added:12",))
    lines = {"11": KnownLine("1", 2), "12": KnownLine("2", 2, cancelled=1), "13": KnownLine("3", 0)}
    assert difference(known(lines=lines), newer()) == Difference((CancelUnits("12", 1),))


def test_what_others_fulfilled_cannot_be_applied() -> None:
    item = an_item(fulfillment_status="fulfilled", fulfillable_quantity=0)
    assert difference(known(), newer(item)) == Difference((), ("fulfilled-elsewhere:11",))


def test_another_address_is_an_edit() -> None:
    found = difference(known(), newer(shipping_address={"zip": "10117"}, email="a@example.org"))
    assert found is not None
    (edit,) = found.commands
    assert isinstance(edit, EditOrder)
    assert edit.ship_to == Address(postcode="10117")
    assert edit.bill_to is None
    assert edit.customer is not None
