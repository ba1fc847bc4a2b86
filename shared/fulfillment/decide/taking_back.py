"""Work whose items change because their order parts did: taken back, divided, or gone (pure)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.fulfillment import model as m
from shared.fulfillment.decide.work import settled
from shared.fulfillment.model import FULFILLMENT_LIFE, Fulfillment, Item


@dataclass(frozen=True, slots=True)
class ItemNow:
    """An item as its order part stands now; `was` is the part number that the work knows."""

    line_id: str
    part: int
    was: int
    quantity: int
    reservation_id: str
    cancel_asked: bool = False


def reshaped(
    work: Fulfillment, items: Sequence[ItemNow], event: type, now: datetime, **changes: object
) -> Fulfillment | None:
    """Return the work with `items` left of it; with none left it ends by `event`.

    Units in the tote stay with the items that go on, those to be cancelled come last. Ended work
    keeps its last items, for the record. None when nothing is different.

    Raises:
        NotAllowed: nothing is left, and the state does not allow that.
    """
    if not items:
        status = FULFILLMENT_LIFE.next(work.status, event)
        gone = {"left": None, "pickup_code": None, "accept_by": None}
        return settled(work, status, now, **gone | changes)
    new = tuple(_items(work, items))
    if new == work.items and not changes:
        return None
    return settled(work, work.status, now, items=new, **changes)


def _items(work: Fulfillment, items: Sequence[ItemNow]) -> Iterable[Item]:
    known = {(item.line_id, item.part): item for item in work.items}
    in_tote = {at: item.picked for at, item in known.items()}
    for now in sorted(items, key=lambda item: item.cancel_asked):
        at = (now.line_id, now.was)
        if at not in known:
            continue
        picked = min(in_tote[at], now.quantity)
        in_tote[at] -= picked
        yield known[at].model_copy(
            update={
                "part": now.part,
                "quantity": now.quantity,
                "reservation_id": now.reservation_id,
                "cancel_asked": now.cancel_asked,
                "picked": picked,
            }
        )


def picked_units(works: Iterable[Fulfillment], skus: Iterable[str]) -> Mapping[str, int]:
    """Return the units that are in totes or parcels of these fulfillments, by SKU."""
    picked = dict.fromkeys(skus, 0)
    for work in works:
        for item in work.items if work.status not in m.ENDED else ():
            if item.sku in picked:
                picked[item.sku] += item.picked
    return picked


def asked_items(work: Fulfillment) -> tuple[Item, ...]:
    """Return the items whose cancelling the location has to confirm or refuse."""
    return tuple(item for item in work.items if item.cancel_asked)


def legal_commands(work: Fulfillment) -> tuple[str, ...]:
    """Return what can be asked of this work now, named as in the API's paths."""
    named = {
        "pick-all": "pick",
        "hand-over": "handover",
        "open": "",
        "void": "",
        "close": "",
        "expire": "",
        "resume": "",
    }
    fits = {"ship": work.method == "ship", "ready": work.method == "pickup"}
    legal = {
        named.get(command, command)
        for command in FULFILLMENT_LIFE.legal(work.status)
        if fits.get(command, True)
    }
    if asked_items(work):
        legal |= {"confirm-cancel", "refuse-cancel"}
    if work.status is m.Status.READY_FOR_PICKUP:
        legal |= {"resend-code"}
    return tuple(sorted(legal - {"", "hold", "cancel"}))
