"""A usual return and a usual sale; a test names only what matters."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from shared.contracts.returns import RequestReturn
from shared.returns.decide import Out, Policy, Sale, SoldLine, Terms
from shared.returns.model import Inspection, Receipt, Return

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
POLICY = Policy(30, BERLIN)
TERMS = Terms(POLICY, 0, "key:k1", "c-1")


def a_return(**changes: Any) -> Return:
    usual = {
        "return_id": "o_7k2.r1",
        "order_id": "o_7k2",
        "version": 1,
        "status": "approved",
        "requested_at": NOON,
        "requested_by": "key:k1",
        "currency": "EUR",
        "lines": [{"line_id": "1", "sku": "BOOT-42", "quantity": 2, "reason": "too-small"}],
        "made_by": "c-1",
        "fingerprint": "f",
    }
    return Return.model_validate(usual | changes, strict=False)


def a_receipt(*units: tuple[str, int], **changes: Any) -> Receipt:
    lines = [{"line_id": at, "quantity": n} for at, n in units or (("1", 2),)]
    usual = {"parcel": "p1", "location_id": "berlin", "at": NOON, "by": "k", "lines": lines}
    return Receipt.model_validate(usual | changes, strict=False)


def an_inspection(*units: tuple[str, str, int], **changes: Any) -> Inspection:
    rows = [{"line_id": at, "disposition": what, "quantity": n} for at, what, n in units]
    usual = {"batch": "b1", "location_id": "berlin", "at": NOON, "by": "k", "units": rows}
    return Inspection.model_validate(usual | changes, strict=False)


def a_sold_line(**changes: Any) -> SoldLine:
    usual: dict[str, Any] = {
        "line_id": "1",
        "sku": "BOOT-42",
        "title": "Boot",
        "out": (Out(2, NOON),),
    }
    return SoldLine(**(usual | changes))


def a_sale(*lines: SoldLine, returns: tuple[Return, ...] = ()) -> Sale:
    return Sale("o_7k2", "EUR", lines or (a_sold_line(),), returns)


def a_request(**changes: Any) -> RequestReturn:
    usual = {
        "order_id": "o_7k2",
        "lines": [{"line_id": "1", "quantity": 1, "reason": "too-small"}],
    }
    return RequestReturn.model_validate(usual | changes, strict=False)
