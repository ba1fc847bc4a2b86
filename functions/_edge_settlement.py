"""Settlement by value: done, a scheduled copy under a new id, or parked (design 4, style 15).

A Python trigger cannot dead-letter, and raising burns ten deliveries in seconds: a failure of the
outside completes the message and sends a scheduled copy under a NEW id, since the broker would drop
the same one as a duplicate; a refusal is parked. Only when neither can be written does the trigger
raise, and the broker keeps the message.
"""

import re
from collections.abc import Awaitable
from datetime import datetime, timedelta
from time import perf_counter
from typing import Final

import azure.functions as func

from functions import _edge_log
from functions._edge_problems import code_of
from shared.contracts.cloud_event import tenant_of
from shared.flows.parked_work import ROUTING, is_replay, tell_parked, tell_worked
from shared.kernel.bus import Complete, Message, Park, Property, RetryCopy, Settlement
from shared.kernel.errors import Outside, Refused
from shared.tenants.model import PLATFORM
from shared.tenants.parking import ATTEMPT, ONLY, ORIGINAL, Lot, park
from shared.wiring import world

OUTSIDE_ATTEMPTS_MAX: Final = 20  # about 50 minutes
FAULT_ATTEMPTS_MAX: Final = 5
DELAY_FIRST_S: Final = 1.0
DELAY_MAX_S: Final = 300.0
CONTENT_TYPE: Final = "application/cloudevents+json"
_RETRY_MARK: Final = re.compile(r"#r[0-9]{1,3}(@[A-Za-z0-9-]+)?\Z", re.ASCII)


async def settle(
    work: Awaitable[object],
    message: func.ServiceBusMessage,
    entity: str,
    reader: str = "",
    noted: dict[str, object] | None = None,
) -> Settlement:
    """Await the work and settle the message by its outcome: done, a later copy, or parked.

    `reader` is the subscription on a topic, or the queue itself.

    Raises:
        Outside: neither a copy nor a parked message could be written: the broker keeps this one.
    """
    started, fields = perf_counter(), {} if noted is None else noted
    error: Exception | None = None
    try:
        await work
    except Exception as caught:  # noqa: BLE001 - the one place where errors become settlements
        error = caught
    try:
        attempt = attempt_of(message)
        settlement = settlement_of(error, attempt)
        subscription_name = "" if reader in {"", entity} else reader
        if not _is_simply_done(settlement, subscription_name, message):
            lot = Lot(entity, subscription_name, original_id_of(message), message_of(message))
            await _settle(settlement, lot, attempt)
        if error is not None or _edge_log.is_on():
            _log(fields, message.message_id, settlement, error, perf_counter() - started)
        return settlement
    finally:
        # It knows this frame, which knows it: all that the message's work had read would stay.
        error = None


def _is_simply_done(
    settlement: Settlement, subscription_name: str, message: func.ServiceBusMessage
) -> bool:
    """Tell whether nothing is left to do but to complete it: the usual message."""
    if type(settlement) is not Complete:
        return False
    return subscription_name != ROUTING or not is_replay(message.message_id)


def settlement_of(error: Exception | None, attempt: int) -> Settlement:
    """Say what becomes of a message (pure); `attempt` counts its copies from 1."""
    match error:
        case None:
            return Complete()
        case Refused():
            return Park(error.code, str(error))
        case Outside() if attempt < OUTSIDE_ATTEMPTS_MAX:
            return RetryCopy(error.code)
        case Outside():
            return Park("attempts-exhausted", error.code)
        case _ if attempt < FAULT_ATTEMPTS_MAX:
            return RetryCopy("internal")
        case _:
            return Park("internal", type(error).__name__)


async def _settle(settlement: Settlement, lot: Lot, attempt: int) -> None:
    current = world()
    now = current.clock.now()
    match settlement:
        case Complete():
            if lot.subscription == ROUTING:
                await tell_worked(current.flows, tenant_of(lot.message.body), lot, now)
        case RetryCopy():
            delay = timedelta(seconds=delay_s(attempt, current.random.random()))
            await current.bus.send(lot.entity, [retry_copy(lot, attempt, now + delay)])
        case Park():
            # Whoever it is of may look at it; what names no tenant of ours is the platform's.
            named = tenant_of(lot.message.body)
            known = await current.tenants.tenant(named, now) if named else None
            owner = PLATFORM if known is None else known.tenant_id
            await park(current.store, owner, lot, settlement, now=now)
            if known is not None:
                await tell_parked(current.flows, owner, lot, settlement, now)


def delay_s(attempt: int, chance: float) -> float:
    """Return how long the copy behind an attempt waits: doubling, capped, and spread by chance."""
    return float(min(DELAY_MAX_S, DELAY_FIRST_S * 2 ** (attempt - 1)) * (0.75 + chance / 2))


def retry_copy(lot: Lot, attempt: int, at: datetime) -> Message:
    """Return the scheduled copy behind an attempt (pure).

    Its id names the subscription too: two subscriptions that retry one event send two copies.
    """
    mark = f"#r{attempt}" + (f"@{lot.subscription}" if lot.subscription else "")
    properties: dict[str, Property] = {
        **lot.message.properties,
        ORIGINAL: lot.original_id,
        ATTEMPT: attempt + 1,
    }
    if lot.subscription:
        properties[ONLY] = lot.subscription
    return lot.message._replace(
        message_id=_RETRY_MARK.sub("", lot.message.message_id) + mark,
        properties=properties,
        scheduled_at=at,
    )


def properties_of(message: func.ServiceBusMessage) -> dict[str, Property]:
    """Return a message's own properties; hosts hand them out under either name."""
    found = {**(message.user_properties or {}), **(message.application_properties or {})}
    return {
        str(name): value
        for name, value in found.items()
        if isinstance(value, str | int | bool | float)
    }


def property_of(message: func.ServiceBusMessage, name: str) -> Property | None:
    """Return one of a message's own properties; None without it."""
    for named in (message.application_properties, message.user_properties):
        found = named.get(name) if named else None
        if isinstance(found, str | int | bool | float):
            return found
    return None


def original_id_of(message: func.ServiceBusMessage) -> str:
    """Return the id of the first copy: what inboxes and parked messages go by."""
    return str(property_of(message, ORIGINAL) or message.message_id)


def attempt_of(message: func.ServiceBusMessage) -> int:
    """Return which copy this is, from 1."""
    found = str(property_of(message, ATTEMPT))
    return max(1, int(found)) if found.isdecimal() else 1


def message_of(message: func.ServiceBusMessage) -> Message:
    """Return a received message as it would be sent."""
    return Message(
        message_id=message.message_id,
        body=message.get_body(),
        session_id=message.session_id,
        subject=message.subject or message.label,
        correlation_id=message.correlation_id,
        content_type=message.content_type or CONTENT_TYPE,
        properties=properties_of(message),
    )


def _log(
    fields: dict[str, object],
    message_id: str,
    settlement: Settlement,
    error: Exception | None,
    seconds: float,
) -> None:
    is_fault = error is not None and not isinstance(error, Refused | Outside)
    line = {
        **fields,
        "message_id": message_id,
        "outcome": {Complete: "complete", RetryCopy: "retry", Park: "parked"}[type(settlement)],
        "code": code_of(error) if error is not None else None,
        "duration_ms": round(seconds * 1000, 3),
    }
    _edge_log.write("message", line, error if is_fault else None)
