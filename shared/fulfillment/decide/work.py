"""What a location may do with its work, as pure functions of the fulfillment and the command."""

import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final

from shared.fulfillment import model as m
from shared.fulfillment.model import (
    FULFILLMENT_LIFE,
    CodeLocked,
    Fulfillment,
    Item,
    NotInFulfillment,
    Parcel,
    Status,
    WrongCode,
    WrongMethod,
)
from shared.kernel.errors import NotAllowed

_DONE: Final = "done"
_TODO: Final = "todo"


def queue_of(location_id: str, status: Status) -> str:
    """Return the work queue's key: what is still to do at a location, and what is over."""
    return f"{location_id}|{_DONE if status in m.ENDED else _TODO}"


def todo_queue(location_id: str) -> str:
    return f"{location_id}|{_TODO}"


def due_at(work: Fulfillment) -> datetime | None:
    """Return when nobody's answer or nobody's coming ends the work; None: it waits for neither."""
    if work.status is Status.OPEN:
        return work.accept_by
    return work.pickup_expires_at if work.status is Status.READY_FOR_PICKUP else None


def moved(work: Fulfillment, event: type, now: datetime, **changes: object) -> Fulfillment:
    """Return the work after `event`, one version on.

    Raises:
        NotAllowed: the table has no such row.
    """
    return settled(work, FULFILLMENT_LIFE.next(work.status, event), now, **changes)


def settled(work: Fulfillment, status: Status, now: datetime, **changes: object) -> Fulfillment:
    """Return the work in `status`, one version on, with its queue key and due date kept true."""
    fixed: dict[str, object] = {
        "status": status,
        "version": work.version + 1,
        "queue": queue_of(work.location_id, status),
    }
    if status in m.ENDED and work.ended_at is None:
        fixed["ended_at"] = now
    after = work.model_copy(update=fixed | changes)
    due = due_at(after)
    return after if due == after.due_at else after.model_copy(update={"due_at": due})


def open_up(work: Fulfillment, now: datetime) -> Fulfillment:
    return moved(work, m.Open, now)


def accept(work: Fulfillment, now: datetime) -> Fulfillment | None:
    """Take the work on; None when it was taken on already."""
    if work.status is Status.ACCEPTED:
        return None
    return moved(work, m.Accept, now, accepted_at=now, accept_by=None)


def pick(work: Fulfillment, picks: Mapping[str, int], now: datetime) -> Fulfillment:
    """Put `picks` (units by SKU) into the tote, on top of what is in it already.

    Raises:
        NotInFulfillment: a SKU that is not asked for, or more of it than is asked.
    """
    left = dict(picks)
    items = []
    for item in work.items:
        taken = min(left.get(item.sku, 0), item.quantity - item.picked)
        if taken > 0:
            left[item.sku] -= taken
        items.append(item.model_copy(update={"picked": item.picked + max(taken, 0)}))
    for sku, excess in left.items():
        if excess:
            raise NotInFulfillment(sku, excess)
    is_whole = all(item.picked == item.quantity for item in items)
    return moved(work, m.PickAll if is_whole else m.Pick, now, items=tuple(items))


def heard(work: Fulfillment, command_id: str) -> Fulfillment:
    """Remember a command whose repetition would count twice; the oldest are forgotten."""
    if not command_id:
        return work
    return work.model_copy(update={"heard": (*work.heard, command_id)[-m.HEARD_MAX :]})


def shortages(work: Fulfillment) -> tuple[Item, ...]:
    """Return the items that are not wholly in the tote."""
    return tuple(item for item in work.items if item.picked < item.quantity)


def finish_pick(work: Fulfillment, now: datetime) -> Fulfillment:
    """Close picking after the short units were rejected: what is left is picked whole."""
    return moved(work, m.PickAll, now)


def weighed(parcels: Sequence[Parcel], weights_g: Mapping[str, int]) -> tuple[Parcel, ...]:
    """Return the parcels, those that nobody weighed as heavy as their units (grams by line)."""
    return tuple(
        parcel
        if parcel.weight_g
        else parcel.model_copy(
            update={"weight_g": sum(weights_g.get(line, 0) * n for line, n in parcel.contents)}
        )
        for parcel in parcels
    )


def pack(
    work: Fulfillment,
    parcels: Sequence[Parcel],
    now: datetime,
    weights_g: Mapping[str, int] = MappingProxyType({}),
) -> Fulfillment:
    """Close the parcels; without any, everything is in one. `weights_g`: of a line's unit.

    Raises:
        NotInFulfillment: a parcel names a line or a number of units that is not in this work.
    """
    asked: dict[str, int] = {}
    for item in work.items:
        asked[item.line_id] = asked.get(item.line_id, 0) + item.quantity
    packed: dict[str, int] = {}
    for parcel in parcels:
        for line_id, units in parcel.contents:
            packed[line_id] = packed.get(line_id, 0) + units
            if packed[line_id] > asked.get(line_id, 0):
                raise NotInFulfillment(f"line {line_id}", units)
    whole = tuple(parcels) or (Parcel(parcel=1, contents=tuple(sorted(asked.items()))),)
    return moved(work, m.Pack, now, parcels=weighed(whole, weights_g), packed_at=now)


def ready(work: Fulfillment, code: str, expires_at: datetime, now: datetime) -> Fulfillment:
    """Tell the customer to come; `code` is what they show.

    Raises:
        WrongMethod: it is shipped, not collected.
    """
    if work.method != "pickup":
        raise WrongMethod(work.method, "ready")
    return moved(
        work,
        m.Ready,
        now,
        pickup_code=code,
        code_tries=0,
        ready_at=work.ready_at or now,
        pickup_expires_at=expires_at,
    )


def resend_code(work: Fulfillment, code: str, now: datetime) -> Fulfillment:
    """Replace the code and unlock it; the expiry stays.

    Raises:
        NotAllowed: it is not ready for pickup.
    """
    if work.status is not Status.READY_FOR_PICKUP:
        raise NotAllowed(
            "fulfillment", work.status, "resend-code", FULFILLMENT_LIFE.legal(work.status)
        )
    return settled(work, work.status, now, pickup_code=code, code_tries=0)


def wrong_try(work: Fulfillment, now: datetime) -> Fulfillment:
    """Count a wrong code; the shell saves it before it answers the refusal."""
    return settled(work, work.status, now, code_tries=work.code_tries + 1)


def code_fits(work: Fulfillment, code: str, tries_max: int) -> bool:
    """Compare in constant time, forgiving case, spaces and hyphens.

    Raises:
        CodeLocked: as many wrong codes were tried as the tenant allows.
    """
    if work.code_tries >= tries_max:
        raise CodeLocked
    tidy = code.strip().replace("-", "").replace(" ", "").lower()
    return hmac.compare_digest(tidy.encode(), (work.pickup_code or "").encode())


def wrong_code(work: Fulfillment, tries_max: int) -> WrongCode:
    return WrongCode(max(0, tries_max - work.code_tries - 1))


def hand_over(work: Fulfillment, collector: str | None, now: datetime) -> Fulfillment:
    """The goods are with the customer or their proxy."""
    return moved(work, m.HandOver, now, collector=collector, pickup_code=None)


def ship(work: Fulfillment, parcels: Sequence[Parcel], now: datetime) -> Fulfillment:
    """The parcels are with the carrier.

    Raises:
        WrongMethod: it waits for its customer.
    """
    if work.method != "ship":
        raise WrongMethod(work.method, "ship")
    return moved(work, m.Ship, now, parcels=tuple(parcels), shipments=work.shipments + 1)


def void_shipment(work: Fulfillment, items: Sequence[Item], now: datetime) -> Fulfillment:
    """The tender was taken back before its first scan: the parcels stand packed again."""
    return moved(work, m.Void, now, items=tuple(items), ended_at=None)


def unshipped(work: Fulfillment, items: Sequence[Item], now: datetime) -> Fulfillment:
    """Return the work with the items of a tender that was taken back: packed, as they left.

    Work that has ended otherwise since, because the rest of it was given back, is open again.
    """
    if work.status is Status.SHIPPED:
        return void_shipment(work, items, now)
    if work.status in m.ENDED:
        return settled(work, Status.PACKED, now, items=tuple(items), ended_at=None)
    return settled(work, work.status, now, items=(*work.items, *items))


def overtaken(work: Fulfillment) -> Fulfillment:
    """Return work as it stood before it left, whatever the location had told of it."""
    if work.status in m.ENDED:
        return work
    items = tuple(item.model_copy(update={"picked": item.quantity}) for item in work.items)
    done = Status.PACKED if work.method == "ship" else Status.READY_FOR_PICKUP
    return work.model_copy(update={"status": done, "left": None, "items": items})


def hold(work: Fulfillment, now: datetime) -> Fulfillment | None:
    """Stop the work; None when it is stopped or over already."""
    if not FULFILLMENT_LIFE.allows(work.status, m.Hold):
        return None
    return moved(work, m.Hold, now, left=work.status)


def resume(work: Fulfillment, now: datetime) -> Fulfillment | None:
    """Go on in the state that the hold left; None when it is not on hold."""
    if work.status is not Status.ON_HOLD or work.left is None:
        return None
    return settled(work, work.left, now, left=None)


def expire(work: Fulfillment, now: datetime) -> Fulfillment:
    """Nobody came: the goods go back on the shelf."""
    return moved(work, m.Expire, now, pickup_code=None)


def in_tote(work: Fulfillment) -> dict[str, int]:
    """Return what was picked so far, units by SKU."""
    units: dict[str, int] = {}
    for item in work.items:
        if item.picked:
            units[item.sku] = units.get(item.sku, 0) + item.picked
    return units


def additional(work: Fulfillment, total: Mapping[str, int]) -> dict[str, int]:
    """Return what is to be added to the tote so that it holds `total`.

    Raises:
        NotInFulfillment: the tote holds more already.
    """
    held = in_tote(work)
    more = {sku: units - held.get(sku, 0) for sku, units in total.items()}
    for sku, units in more.items():
        if units < 0:
            raise NotInFulfillment(sku, -units)
    return more
