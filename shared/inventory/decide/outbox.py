"""Events of a SKU's partition: its create-only documents are the outbox (design 3)."""

import json
from datetime import datetime
from typing import Any, Final

from shared.contracts.base import Event
from shared.contracts.inventory import StockChanged, StockFreed, StockOvercommitted
from shared.kernel.documents import Change

RESERVED: Final = "reserved"
WHO: Final = ("tenant_id", "occurred_at", "sku", "location_id")
TELLING: Final = frozenset({"reservation", "end", "movement"})  # types; all others tell nothing


def events_of(change: Change) -> tuple[Event, ...]:
    """Return what a change of the stock container tells others; nothing for counters and waits."""
    match change.type:
        case "reservation":
            return _of_reservation(change, json.loads(change.body))
        case "end" | "movement":
            return _of_effect(change, json.loads(change.body))
        case _:
            return ()


def _of_reservation(change: Change, body: dict[str, Any]) -> tuple[Event, ...]:
    if body["void"] or not body["tracked"]:
        return ()
    return (_changed(change, body, RESERVED),)


def _changed(change: Change, body: dict[str, Any], reason: str) -> StockChanged:
    return StockChanged(
        tenant_id=change.tenant_id,
        occurred_at=datetime.fromisoformat(body["at"]),
        sku=body["sku"],
        location_id=body["location_id"],
        reason=reason,
    )


def _of_effect(change: Change, body: dict[str, Any]) -> tuple[Event, ...]:
    facts = body["on_hand"], body["damaged"], body["quality_hold"]
    free = facts[0] - facts[1] - facts[2] if body["effective"] else 0
    is_move = change.type == "movement"
    freed: int = max(0, free) if is_move else body["freed"]
    moved = body["effective"] and any(facts)
    held = not is_move and (body["reserved"] or body["soft_reserved"])
    # A restored parcel whose goods a newer count has seen only takes free units.
    if not (moved or held or freed or body["short"]):
        return ()
    reason = body["reason"] if is_move else body["ending"]
    changed = _changed(change, body, reason)
    who: dict[str, Any] = {name: getattr(changed, name) for name in WHO}
    events: list[Event] = [changed]
    if freed > 0:
        events.append(StockFreed(**who, quantity=freed))
    if body["short"] > 0:
        added = min(body["short"], _fallen(body, free))
        events.append(StockOvercommitted(**who, short=body["short"], added=added))
    return tuple(events)


def _fallen(body: dict[str, Any], goods: int) -> int:
    """Return by how much free fell; what ships takes its promise along, and it stays.

    A restored parcel without effect has only its new reservation, of as many units.
    """
    if not body["effective"] and "movement_id" in body:
        return max(0, int(body["on_hand"]))
    held: int = body.get("reserved", 0) + body.get("soft_reserved", 0)
    return max(0, held - goods)
