"""What a person must decide, and the key figures."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

import azure.functions as func

from functions._edge import Call, Delivery, Reply, http, listing, subscription_of_many
from shared.contracts.cloud_event import AnyEvent
from shared.flows.act_on_exception import Wanted, act_on_exception, offered
from shared.flows.fold_insights import fold_events
from shared.insights import service
from shared.insights.decide import ages_of, figures_of
from shared.insights.model import Dimension, Group, KpiReport, OpenExceptions
from shared.kernel.documents import PAGE_MAX
from shared.kernel.errors import Fault, Invalid
from shared.kernel.model import Identifier, Instant, Strict
from shared.orders import service as orders
from shared.orders.model import ExceptionDocument, ExceptionStatus
from shared.wiring import flows, store

bp = func.Blueprint()

DAYS_USUAL: Final = 7
EXCEPTION_QUERY = {
    "status": "open (unless told) or closed",
    "code": "the reason, exactly",
    "location": "a location's own",
}
KPI_QUERY = {
    "from": "the first day (UTC), 6 days before `to` unless told",
    "to": "the last day (UTC), today unless told",
    "by": "channel or location: their shares beside the whole",
}


class ExceptionView(Strict):
    """Work that a person must decide, its age, and the actions that settle it."""

    exception_id: str
    status: ExceptionStatus
    code: str
    subject: str
    order_id: str | None = None
    order_number: str | None = None
    line_id: str | None = None
    part: int | None = None
    location_id: str | None = None
    sku: str | None = None
    opened_at: Instant
    age_s: int
    closed_at: Instant | None = None
    closed_by: str | None = None
    detail: dict[str, str | int] = {}
    actions: tuple[str, ...]


class ActBody(Strict):
    """One of its actions; `sku` goes with assign-sku, `location_id` with another-store."""

    action: Identifier
    sku: Identifier | None = None
    location_id: Identifier | None = None


@subscription_of_many(bp, "events", "insights")
async def fold_insights(deliveries: Sequence[Delivery[AnyEvent]]) -> None:
    """Count events."""
    now = max(delivery.now for delivery in deliveries)
    await fold_events(flows(), [delivery.event for delivery in deliveries], now)


@http(
    bp,
    "GET",
    "exceptions",
    "exceptions.read",
    answer=ExceptionView,
    many=True,
    query=EXCEPTION_QUERY,
)
async def list_exceptions(call: Call[None]) -> Reply:
    """List what a person must decide, the oldest first."""
    limit, cursor = call.page()
    page = await orders.exceptions(
        store(),
        call.tenant_id,
        status=_status(call),
        code=call.query("code"),
        location_id=call.query("location"),
        limit=limit,
        cursor=cursor,
    )
    return Reply(listing([_view(row.body, call.now) for row in page.items], page.cursor))


def _status(call: Call[None]) -> ExceptionStatus:
    raw = call.query("status") or ExceptionStatus.OPEN.value
    if raw not in set(ExceptionStatus):
        raise Invalid([Fault("/status", "unknown-status", "open or closed")])
    return ExceptionStatus(raw)


@http(
    bp,
    "POST",
    "exceptions/{exception}:act",
    "exceptions.act",
    body=ActBody,
    answer=ExceptionView,
)
async def settle_exception(call: Call[ActBody]) -> Reply:
    """Settle an exception by one of its actions; asking again changes nothing."""
    wanted = Wanted(call.body.action, call.body.sku, call.body.location_id)
    name = call.param("exception")
    settled = await act_on_exception(flows(), call.caller, name, wanted, call.now)
    call.note(order_id=settled.order_id)
    return Reply(_view(settled, call.now))


def _view(found: ExceptionDocument, now: datetime) -> ExceptionView:
    until = found.closed_at or now
    shown = found.model_dump(exclude={"schemaVersion", "actions"})
    age_s = max(0, int((until - found.opened_at).total_seconds()))
    return ExceptionView.model_validate({**shown, "age_s": age_s, "actions": offered(found)})


@http(bp, "GET", "kpis", "kpis.read", answer=KpiReport, query=KPI_QUERY)
async def read_kpis(call: Call[None]) -> Reply:
    """Show the key figures of some days, each with its numerator and denominator."""
    first, last = _days(call)
    dimension = _dimension(call)
    whole = await service.totals(store(), call.tenant_id, first, last)
    groups: tuple[Group, ...] = ()
    if dimension is not None:
        parts = await service.totals_by(store(), call.tenant_id, dimension, first, last)
        groups = tuple(Group(name=name, figures=figures_of(row)) for name, row in parts.items())
    return Reply(
        KpiReport(
            first_day=first.isoformat(),
            last_day=last.isoformat(),
            figures=figures_of(whole),
            groups=groups,
            exceptions=await _open_exceptions(call),
        )
    )


async def _open_exceptions(call: Call[None]) -> OpenExceptions:
    page = await orders.exceptions(store(), call.tenant_id, limit=PAGE_MAX)
    opened = [row.body.opened_at for row in page.items]
    return ages_of(opened, call.now, is_more=page.cursor is not None)


def _dimension(call: Call[None]) -> Dimension | None:
    raw = call.query("by")
    if raw is None:
        return None
    if raw not in {Dimension.CHANNEL, Dimension.LOCATION}:
        raise Invalid([Fault("/by", "unknown-dimension", "channel or location")])
    return Dimension(raw)


def _days(call: Call[None]) -> tuple[date, date]:
    last = _day(call, "to") or call.now.astimezone(UTC).date()
    first = _day(call, "from") or last - timedelta(days=DAYS_USUAL - 1)
    if not 0 <= (last - first).days < service.DAYS_MAX:
        detail = f"1 to {service.DAYS_MAX} days, the first not after the last"
        raise Invalid([Fault("/from", "out-of-bounds", detail)])
    return first, last


def _day(call: Call[None], name: str) -> date | None:
    raw = call.query(name)
    if raw is None:
        return None
    try:
        return date.fromisoformat(raw)
    except ValueError:
        raise Invalid([Fault(f"/{name}", "not-a-date", "YYYY-MM-DD")]) from None
