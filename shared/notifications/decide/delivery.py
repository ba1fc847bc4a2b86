"""The life of a delivery and of its endpoint: tried by a schedule, ended by an answer (pure)."""

from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from shared.kernel.errors import Fault, Invalid
from shared.kernel.ids import hash_id
from shared.kernel.outbound import Answer
from shared.notifications.decide.events import pattern_faults
from shared.notifications.model import (
    ATTEMPTS_KEPT_MAX,
    DELIVERY_TTL_S,
    Attempt,
    Delivery,
    DeliveryStatus,
    Disabled,
    Endpoint,
    EndpointDetails,
    EndpointStatus,
)

# Standard Webhooks' recommendation: ten tries over 75 hours.
DELAYS_S: Final = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
LEASE: Final = timedelta(seconds=60)  # longer than a call may take
GONE: Final = 410
LOOPBACK: Final = "127.0.0.1"


def check_endpoint(details: EndpointDetails, *, loopback: bool) -> None:
    """Hold an endpoint to what can be called.

    Raises:
        Invalid: a URL that is not https (or, for tries, http to 127.0.0.1), or an unknown event.
    """
    faults = pattern_faults(details.events)
    if not _is_callable(details.url, loopback=loopback):
        faults.insert(0, Fault("/url", "not-https", "an https URL without user and fragment"))
    if faults:
        raise Invalid(faults)


def _is_callable(url: str, *, loopback: bool) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    plain = url.isascii() and url.isprintable() and " " not in url
    if not plain or not parts.hostname or "@" in parts.netloc or parts.fragment:
        return False
    is_try = loopback and parts.scheme == "http" and parts.hostname == LOOPBACK
    return parts.scheme == "https" or is_try


def delivery_id(endpoint_id: str, event_id: str) -> str:
    """Return the id of an event's delivery to an endpoint: an event comes once to each."""
    return hash_id("d", endpoint_id, event_id)


def new_delivery(
    endpoint: Endpoint, event_id: str, name: str, payload: str, now: datetime
) -> Delivery:
    """Return a delivery: tried at once, or by the sweep where the endpoint is failing anyway."""
    return Delivery(
        delivery_id=delivery_id(endpoint.endpoint_id, event_id),
        endpoint_id=endpoint.endpoint_id,
        event_id=event_id,
        event_type=name,
        payload=payload,
        created_at=now,
        next_at=now if endpoint.failing_since else now + LEASE,
    )


def is_tried_at_once(endpoint: Endpoint) -> bool:
    """Tell whether a new delivery is tried with its event: a failing endpoint holds nobody up."""
    return endpoint.failing_since is None


def claimed(delivery: Delivery, now: datetime) -> Delivery | None:
    """Return the delivery as it is put ahead before a try; None when it is not due."""
    if delivery.status is not DeliveryStatus.PENDING or delivery.next_at > now:
        return None
    return delivery.model_copy(update={"next_at": now + LEASE})


def tried(delivery: Delivery, answer: Answer, now: datetime) -> Delivery:
    """Return the delivery after a try: done, put off by the schedule, or failed for good."""
    attempt = Attempt(at=now, status=answer.status, failure=answer.failure)
    tries = delivery.tries + 1
    changes: dict[str, object] = {
        "tries": tries,
        "attempts": (*delivery.attempts, attempt)[-ATTEMPTS_KEPT_MAX:],
    }
    if answer.is_success:
        changes["status"] = DeliveryStatus.DELIVERED
    elif answer.status == GONE or tries > len(DELAYS_S):
        changes["status"] = DeliveryStatus.FAILED
    else:
        wait_s = max(DELAYS_S[tries - 1], answer.retry_after_s or 0)
        changes["next_at"] = now + timedelta(seconds=wait_s)
    return delivery.model_copy(update=changes)


def replayed(delivery: Delivery, now: datetime) -> Delivery:
    """Return a delivery that begins anew, whatever became of it, put ahead for its try."""
    return delivery.model_copy(
        update={"status": DeliveryStatus.PENDING, "next_at": now + LEASE, "tries": 0}
    )


def ttl_s(delivery: Delivery, now: datetime) -> int:
    """Return how long a delivery is still kept."""
    return max(1, DELIVERY_TTL_S - int((now - delivery.created_at).total_seconds()))


def endpoint_after(
    endpoint: Endpoint, delivery: Delivery, answer: Answer, now: datetime
) -> Endpoint | None:
    """Return the endpoint after a try of `delivery`; None when the try changes nothing about it.

    It is disabled by 410, or when a delivery failed for the last time and none succeeded meanwhile.
    """
    if endpoint.status is EndpointStatus.DISABLED:
        return None
    if answer.is_success:
        return None if endpoint.failing_since is None else _with(endpoint, failing_since=None)
    if answer.status == GONE:
        return _with(endpoint, status=EndpointStatus.DISABLED, disabled=Disabled.GONE)
    since = endpoint.failing_since or now
    is_last = delivery.status is DeliveryStatus.FAILED and delivery.tries > len(DELAYS_S)
    if is_last and since <= min(a.at for a in delivery.attempts[-delivery.tries :]):
        return _with(
            endpoint,
            status=EndpointStatus.DISABLED,
            disabled=Disabled.FAILING,
            failing_since=since,
        )
    return None if endpoint.failing_since else _with(endpoint, failing_since=now)


def enabled(endpoint: Endpoint) -> Endpoint | None:
    """Return the endpoint in use again; None when it is."""
    if endpoint.status is EndpointStatus.ACTIVE:
        return None
    changes = {"status": EndpointStatus.ACTIVE, "disabled": None, "failing_since": None}
    return _with(endpoint, **changes)


def disabled(endpoint: Endpoint) -> Endpoint | None:
    """Return the endpoint put out of use by hand; None when it is out of use."""
    if endpoint.status is EndpointStatus.DISABLED:
        return None
    return _with(endpoint, status=EndpointStatus.DISABLED, disabled=Disabled.BY_HAND)


def rotated(endpoint: Endpoint, secret_name: str) -> tuple[Endpoint, tuple[str, ...]]:
    """Return the endpoint with a new secret beside the one before, and the names to forget."""
    names = (secret_name, *endpoint.secrets)
    return _with(endpoint, secrets=names[:2]), names[2:]


def only_newest(endpoint: Endpoint) -> tuple[Endpoint, tuple[str, ...]]:
    """Return the endpoint with its newest secret alone, and the names to forget."""
    return _with(endpoint, secrets=endpoint.secrets[:1]), endpoint.secrets[1:]


def _with(endpoint: Endpoint, **changes: object) -> Endpoint:
    return endpoint.model_copy(update=changes)
