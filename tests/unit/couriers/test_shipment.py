"""The life of a shipment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.couriers.shipment import (
    SHIPMENT_LIFE,
    Book,
    CarrierFact,
    Deliver,
    Label,
    Lose,
    Manifest,
    Report,
    ReturnToSender,
    Scan,
    ShipmentCommand,
    ShipmentStatus,
    Trouble,
    Void,
    advance,
    report,
)
from shared.kernel.errors import NotAllowed


def test_a_shipment_is_booked_labelled_manifested_scanned_and_delivered() -> None:
    status = ShipmentStatus.QUOTED
    commands: tuple[ShipmentCommand, ...] = (Book, Label, Manifest)
    for command in commands:
        status = advance(status, command)
    assert status is ShipmentStatus.MANIFESTED
    assert report(status, Scan) == Report(ShipmentStatus.IN_TRANSIT)
    assert report(ShipmentStatus.IN_TRANSIT, Deliver) == Report(ShipmentStatus.DELIVERED)


def test_a_shipment_is_voided_before_the_first_scan_only() -> None:
    voidable = {status for status in ShipmentStatus if SHIPMENT_LIFE.allows(status, Void)}
    assert voidable == {
        ShipmentStatus.QUOTED,
        ShipmentStatus.BOOKED,
        ShipmentStatus.LABELLED,
        ShipmentStatus.MANIFESTED,
    }
    with pytest.raises(NotAllowed) as refused:
        advance(ShipmentStatus.IN_TRANSIT, Void)
    assert refused.value.code == "not-allowed"


def test_after_an_exception_a_scan_puts_it_on_its_way_again() -> None:
    assert report(ShipmentStatus.IN_TRANSIT, Trouble) == Report(ShipmentStatus.EXCEPTION)
    assert report(ShipmentStatus.EXCEPTION, Scan) == Report(ShipmentStatus.IN_TRANSIT)


def test_a_lost_parcel_may_turn_up_and_a_delivered_one_come_back() -> None:
    assert report(ShipmentStatus.IN_TRANSIT, Lose) == Report(ShipmentStatus.LOST)
    assert report(ShipmentStatus.LOST, Deliver) == Report(ShipmentStatus.DELIVERED)
    assert report(ShipmentStatus.DELIVERED, ReturnToSender) == Report(
        ShipmentStatus.RETURNED_TO_SENDER
    )


def test_a_report_that_has_no_row_is_kept_as_a_conflict_and_never_refused() -> None:
    assert report(ShipmentStatus.VOIDED, Scan) == Report(ShipmentStatus.VOIDED, conflicts=True)
    assert report(ShipmentStatus.DELIVERED, Scan) == Report(
        ShipmentStatus.DELIVERED, conflicts=True
    )


def test_the_same_report_again_is_no_conflict() -> None:
    assert report(ShipmentStatus.DELIVERED, Deliver) == Report(ShipmentStatus.DELIVERED)


facts: st.SearchStrategy[CarrierFact] = st.sampled_from(
    [Scan, Trouble, Deliver, Lose, ReturnToSender]
)
commands: st.SearchStrategy[ShipmentCommand] = st.sampled_from([Book, Label, Manifest, Void])


@given(st.lists(st.one_of(facts.map(lambda f: (f, None)), commands.map(lambda c: (None, c)))))
def test_whatever_happens_a_scanned_parcel_is_never_voided_and_a_final_state_stays(
    history: list[tuple[CarrierFact | None, ShipmentCommand | None]],
) -> None:
    status, was_seen = ShipmentStatus.QUOTED, False
    for fact, command in history:
        before = status
        if fact is not None:
            answer = report(status, fact)
            status = answer.status
            was_seen = was_seen or status is not before
            assert status is before or not answer.conflicts
        elif command is not None and SHIPMENT_LIFE.allows(status, command):
            status = advance(status, command)
            assert not was_seen
        if not SHIPMENT_LIFE.legal(before):
            assert status is before
