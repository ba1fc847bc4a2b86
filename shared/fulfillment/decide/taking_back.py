"""Units that leave a location's work: rejected, cancelled, or divided under new names (pure)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from shared.fulfillment import model as m
from shared.fulfillment.decide.work import settled
from shared.fulfillment.model import FULFILLMENT_LIFE, Fulfillment, Item, NotInFulfillment


def without(
    work: Fulfillment, gone: Mapping[tuple[str, int], int], event: type, now: datetime
) -> Fulfillment:
    """Return the work less `gone` units by (line, part); with none left it ends by `event`.

    Units that are in the tote are the last to go.

    Raises:
        NotAllowed: the state allows no rejection or cancel any more.
        NotInFulfillment: more units than the work has.
    """
    end = FULFILLMENT_LIFE.next(work.status, event)
    named = {(item.line_id, item.part): item.quantity for item in work.items}
    for at, units in gone.items():
        if units > named.get(at, 0):
            raise NotInFulfillment(f"line {at[0]}", units)
    items = tuple(_less(item, gone.get((item.line_id, item.part), 0)) for item in work.items)
    left = tuple(item for item in items if item is not None)
    if not left:
        return settled(work, end, now, left=None, pickup_code=None, accept_by=None)
    return settled(work, work.status, now, items=left)


def _less(item: Item, units: int) -> Item | None:
    if units == 0:
        return item
    if units == item.quantity:
        return None
    rest = item.quantity - units
    return item.model_copy(update={"quantity": rest, "picked": min(item.picked, rest)})


def renamed(work: Fulfillment, names: Mapping[tuple[str, int], tuple[int, str]]) -> Fulfillment:
    """Give divided items their new part number and reservation: {(line, part): (part, id)}."""
    items = []
    for item in work.items:
        new = names.get((item.line_id, item.part))
        change = {"part": new[0], "reservation_id": new[1]} if new else {}
        items.append(item.model_copy(update=change))
    return work.model_copy(update={"items": tuple(items)})


def ask_cancel(work: Fulfillment, asked: frozenset[tuple[str, int]], now: datetime) -> Fulfillment:
    """Mark items whose cancelling the location must confirm."""
    return _asked(work, asked, now, is_asked=True)


def refuse_cancel(
    work: Fulfillment, asked: frozenset[tuple[str, int]], now: datetime
) -> Fulfillment:
    return _asked(work, asked, now, is_asked=False)


def _asked(
    work: Fulfillment, asked: frozenset[tuple[str, int]], now: datetime, *, is_asked: bool
) -> Fulfillment:
    items = tuple(
        item.model_copy(update={"cancel_asked": is_asked})
        if (item.line_id, item.part) in asked
        else item
        for item in work.items
    )
    return settled(work, work.status, now, items=items)


def picked_units(works: Sequence[Fulfillment], sku: str) -> int:
    """Return the units of a SKU that are in totes or parcels of these fulfillments."""
    return sum(
        item.picked
        for work in works
        if work.status not in m.ENDED
        for item in work.items
        if item.sku == sku
    )


def has_cancel_asked(work: Fulfillment) -> bool:
    return any(item.cancel_asked for item in work.items)


def asked_items(work: Fulfillment) -> tuple[Item, ...]:
    """Return the items whose cancelling the location has to confirm or refuse."""
    return tuple(item for item in work.items if item.cancel_asked)


def legal_commands(work: Fulfillment) -> tuple[str, ...]:
    """Return what can be asked of this work now, named as in the API's paths."""
    named = {"pick-all": "pick", "open": "", "void": "", "close": "", "expire": "", "resume": ""}
    fits = {"ship": work.method == "ship", "ready": work.method == "pickup"}
    legal = {
        named.get(command, command)
        for command in FULFILLMENT_LIFE.legal(work.status)
        if fits.get(command, True)
    }
    if has_cancel_asked(work):
        legal |= {"confirm-cancel", "refuse-cancel"}
    return tuple(sorted(legal - {"", "hold", "cancel"}))
