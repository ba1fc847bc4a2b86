"""An order without personal data: what is left tells the books, and nobody's name (pure)."""

from typing import Final

from shared.contracts.intake import Address
from shared.contracts.orders import OrderNoted
from shared.orders.decide.change import Act, Change
from shared.orders.decide.draft import Draft
from shared.orders.model import Order, OrderStatus

ERASED: Final = "erased"
GONE: Final = "(erased)"
AREA_LENGTH: Final = 3  # of a postcode: an area, and no street
POSTCODE_LENGTH_MIN: Final = 5  # a shorter one would be told by its first three
DONE: Final = frozenset({OrderStatus.CANCELLED, OrderStatus.FULFILLED, OrderStatus.CLOSED})


def area_of(address: Address | None) -> Address | None:
    """Return what tax needs of an address: country, region, and the area of the postcode.

    An area's area is itself.
    """
    if address is None:
        return None
    postcode = address.postcode or ""
    is_whole = len(postcode) > AREA_LENGTH
    area = postcode[:AREA_LENGTH] if len(postcode) >= POSTCODE_LENGTH_MIN else None
    return Address(
        country=address.country,
        admin_area=address.admin_area,
        postcode=area if is_whole else address.postcode,
    )


def erase(order: Order, act: Act) -> Change | None:
    """Take the personal data out of an order, for good: no edit brings it back.

    None when that is done, or goods are still to go.
    """
    if order.status not in DONE:
        return None
    changes: dict[str, object] = {
        "customer": None,
        "ship_to": area_of(order.ship_to),
        "bill_to": area_of(order.bill_to),
        "notes": tuple(note.model_copy(update={"text": GONE}) for note in order.notes),
        "holds": tuple(hold.model_copy(update={"note": None}) for hold in order.holds),
        "tenders": tuple(tender.model_copy(update={"last4": None}) for tender in order.tenders),
        "lookups": (),
    }
    changes["erased_at"] = order.erased_at or act.now
    if all(getattr(order, name) == value for name, value in changes.items()):
        return None
    return Draft(order, act).finish(OrderNoted, facts={"reason": ERASED}, changes=changes)
