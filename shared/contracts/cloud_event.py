"""CloudEvents 1.0 in JSON: the envelope of every message (design 4).

Extension attributes: `tenantid`, `actor` and `correlationid`. `dataref` (the claim check extension)
names a body that was too large for its message.
"""

from typing import Any, Final, Generic, Literal, TypeVar

from pydantic import BaseModel, Field

from shared.kernel.errors import Fault, Invalid, Unreadable
from shared.kernel.model import (
    Foreign,
    Identifier,
    Instant,
    OwnJson,
    Text,
    parse_json,
    read_json,
    read_own_json,
)

SOURCE: Final = "/orderloom"
D_co = TypeVar("D_co", covariant=True)
B = TypeVar("B", bound=BaseModel)


class Envelope(Foreign):
    """What can be read before it is known what the data is."""

    specversion: Literal["1.0"]
    id: Identifier
    source: Text
    type: Identifier
    tenantid: Identifier
    subject: Text | None = None
    time: Instant | None = None
    correlationid: Identifier | None = None
    actor: Text | None = None
    dataref: Identifier | None = None


class CloudEvent(Envelope, Generic[D_co]):
    """An event with its data read into its model."""

    data: D_co


class AnyEvent(Envelope):
    """An event whose data is looked at by its `type`."""

    data: dict[str, OwnJson] = Field(default_factory=dict)


def read_event(model: type[B], raw: bytes) -> CloudEvent[B]:
    """Read an event whose data is of one model.

    Raises:
        Unreadable: not acceptable JSON.
        Invalid: the envelope or the data do not fit.
    """
    event: CloudEvent[B] = read_json(CloudEvent[model], raw)  # type: ignore[valid-type]  # a parameter at run time
    return event


def read_own_event(model: type[B], raw: bytes) -> CloudEvent[B]:
    """Read an event of ours whose data is of one model: parsed once (see `read_any_event`).

    Raises:
        Invalid: no JSON, or the envelope or the data do not fit.
    """
    event: CloudEvent[B] = read_own_json(CloudEvent[model], raw)  # type: ignore[valid-type]  # a parameter at run time
    return event


def read_any_event(raw: bytes) -> AnyEvent:
    """Read an event of ours whatever its type.

    Nobody but our own relay writes to the topic that these come from, so that they are parsed once
    and not looked through for what foreign JSON may hide.

    Raises:
        Invalid: no JSON, or the envelope does not fit.
    """
    return read_own_json(AnyEvent, raw)


def dataref_of(raw: bytes) -> tuple[str, str] | None:
    """Return tenant and name of the claim check that stands for the data; None without one.

    Raises:
        Unreadable: not acceptable JSON.
        Invalid: not an object, or the envelope does not fit.
    """
    if b'"dataref"' not in raw:  # the usual message is parsed once only
        return None
    parsed: Any = parse_json(raw)
    if not isinstance(parsed, dict):
        raise Invalid([Fault("", "model-type", "a CloudEvent is an object")])
    if parsed.get("dataref") is None:
        return None
    envelope = read_json(Envelope, raw)
    return envelope.tenantid, str(envelope.dataref)


def tenant_of(raw: bytes) -> str:
    """Return the tenant that an event names, as far as it can be read; "" otherwise."""
    try:
        return read_json(Envelope, raw).tenantid
    except (Unreadable, Invalid):
        return ""
