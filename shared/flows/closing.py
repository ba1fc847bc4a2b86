"""What an attempt's end means for stock and locations: values of the closing batch (pure)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from shared.contracts.stock import Ending, EndReservation
from shared.flows.knowledge import TenantKnowledge
from shared.fulfillment.decide import queue_of
from shared.fulfillment.model import Fulfillment, Item, Status
from shared.orders.decide import Change, Closing
from shared.orders.model import Order
from shared.orders.work import Decision, Pick


def with_endings(closing: Closing, decision: Decision) -> Change:
    """Add to the event the ending of every reservation that the decision minted and nobody keeps.

    Also of those that were not won: releasing them voids their ids, so that another delivery that
    still executes this decision finds them taken.
    """
    kept = {pick.reservation_id for pick in closing.sourced}
    tasks = tuple(
        EndReservation(
            reservation_id=pick.reservation_id,
            sku=pick.sku,
            location_id=pick.location_id,
            quantity=pick.quantity,
            ending=Ending.RELEASED,
        )
        for pick in decision.picks
        if pick.reservation_id not in kept
    )
    if not tasks:
        return closing.change
    event = closing.change.event
    whole = event.model_copy(update={"stock": (*event.stock, *tasks)})
    return replace(closing.change, event=whole)


def auto_cancel_at(known: TenantKnowledge, now: datetime) -> datetime | None:
    """Return when units that wait from now on are given up, if the tenant says so."""
    days = known.settings.auto_cancel_days
    return None if days is None else now + timedelta(days=days)


def reply_by(known: TenantKnowledge, now: datetime) -> datetime:
    """Return when a location that is asked to cancel now should have answered."""
    return now + timedelta(minutes=known.settings.cancel_reply_minutes)


def fulfillments_of(
    known: TenantKnowledge, order: Order, sourced: Sequence[Pick], attempt: int, now: datetime
) -> tuple[Fulfillment, ...]:
    """Return the work that the sourced picks give to locations, one for each minted id."""
    by_id: dict[str, list[Pick]] = {}
    for pick in sourced:
        by_id.setdefault(pick.fulfillment_id, []).append(pick)
    return tuple(_fulfillment(known, order, picks, attempt, now) for picks in by_id.values())


def _fulfillment(
    known: TenantKnowledge, order: Order, picks: Sequence[Pick], attempt: int, now: datetime
) -> Fulfillment:
    first = picks[0]
    lines = {line.line_id: line for line in order.lines}
    location = known.locations[first.location_id]
    calendar = known.sites[first.location_id].calendar
    handled = calendar.add_open_time(now, timedelta(minutes=location.handling_minutes))
    accepted = calendar.add_open_time(now, timedelta(minutes=known.settings.accept_by_minutes))
    due = first.ship_by or first.ready_by or handled or now
    return Fulfillment(
        fulfillment_id=first.fulfillment_id,
        order_id=order.order_id,
        order_number=order.known_as,
        version=1,
        location_id=first.location_id,
        location_kind=location.kind,
        method=lines[first.line_id].method,
        status=Status.OPEN,
        queue=queue_of(first.location_id, Status.OPEN),
        items=tuple(_item(pick, lines[pick.line_id].title) for pick in picks),
        created_at=now,
        due_by=due,
        accept_by=accepted,
        due_at=accepted,
        priority=order.priority,
        attempt=attempt,
        service=first.service,
        cost_minor=first.cost_minor,
        currency=order.currency,
        capacity_day=first.capacity_day,
        capacity_units=first.capacity_units if first.capacity_day else 0,
    )


def _item(pick: Pick, title: str | None) -> Item:
    return Item(
        line_id=pick.line_id,
        part=pick.part,
        sku=pick.sku,
        quantity=pick.quantity,
        reservation_id=pick.reservation_id,
        title=title,
    )
