"""The way of a message: envelope, tenant, work; settled by its outcome (`_edge_settlement`)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Generic, TypeVar, overload

import azure.functions as func
from pydantic import BaseModel

from functions._edge_settlement import attempt_of, original_id_of, property_of, settle
from shared.contracts.cloud_event import (
    AnyEvent,
    CloudEvent,
    Envelope,
    dataref_of,
    read_any_event,
    read_event,
    read_own_event,
)
from shared.kernel.errors import Refused
from shared.kernel.ids import hash_id
from shared.tenants.model import Caller, Role
from shared.tenants.parking import ONLY
from shared.wiring import World, world

CONNECTION: Final = "SERVICEBUS"

M = TypeVar("M", bound=BaseModel)
E_co = TypeVar("E_co", bound=Envelope, covariant=True)


class ClaimMissing(Refused):
    """The body of a message waits nowhere (any more)."""

    code, status = "claim-check-missing", 422


class UnknownTenant(Refused):
    code, status = "unknown-tenant", 422

    def __init__(self) -> None:
        super().__init__("the message's tenant is unknown")


@dataclass(slots=True)
class Delivery(Generic[E_co]):
    """A message whose tenant is known and active, with its event read.

    `command_id` is the same however often and under whatever message id the event comes.
    """

    event: E_co
    caller: Caller
    now: datetime
    entity: str
    original_id: str
    attempt: int
    noted: dict[str, object] = field(default_factory=dict)

    @property
    def tenant_id(self) -> str:
        """The tenant of the event."""
        return self.caller.tenant_id

    @property
    def command_id(self) -> str:
        """The inbox key of what this message asks for."""
        return hash_id("c", self.tenant_id, self.event.source, self.event.id)

    def note(self, **fields: object) -> None:
        """Add listed fields to the message's log line (`shared.wiring.logs.FIELDS`)."""
        self.noted |= fields


Work = Callable[[Delivery[Any]], Awaitable[object]]
MessageTrigger = Callable[[func.ServiceBusMessage], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Reader:
    """A queue, or a topic's subscription, with what runs behind it."""

    entity: str
    subscription: str
    read: Callable[[bytes], Envelope]
    run: Work

    @property
    def name(self) -> str:
        return self.subscription or self.entity


def queue(
    blueprint: func.Blueprint, entity: str, model: type[M], *, sessions: bool = False
) -> Callable[[Callable[[Delivery[CloudEvent[M]]], Awaitable[object]]], MessageTrigger]:
    """Declare a function that works the messages of a queue; their data is of one model."""

    def declare(run: Callable[[Delivery[CloudEvent[M]]], Awaitable[object]]) -> MessageTrigger:
        trigger = _trigger(Reader(entity, "", lambda raw: read_event(model, raw), run))
        blueprint.service_bus_queue_trigger(
            arg_name="message",
            queue_name=entity,
            connection=CONNECTION,
            is_sessions_enabled=sessions,
        )(trigger)
        return trigger

    return declare


@overload
def subscription(
    blueprint: func.Blueprint,
    topic: str,
    name: str,
    model: type[M],
    *,
    sessions: bool = False,
) -> Callable[[Callable[[Delivery[CloudEvent[M]]], Awaitable[object]]], MessageTrigger]: ...


@overload
def subscription(
    blueprint: func.Blueprint,
    topic: str,
    name: str,
    model: None = None,
    *,
    sessions: bool = False,
) -> Callable[[Callable[[Delivery[AnyEvent]], Awaitable[object]]], MessageTrigger]: ...


def subscription(
    blueprint: func.Blueprint,
    topic: str,
    name: str,
    model: type[BaseModel] | None = None,
    *,
    sessions: bool = False,
) -> Callable[[Work], MessageTrigger]:
    """Declare a function that works a topic's subscription; without a model any event of ours."""

    def declare(run: Work) -> MessageTrigger:
        read: Callable[[bytes], Envelope] = (
            read_any_event if model is None else lambda raw: read_own_event(model, raw)
        )
        trigger = _trigger(Reader(topic, name, read, run))
        blueprint.service_bus_topic_trigger(
            arg_name="message",
            topic_name=topic,
            subscription_name=name,
            connection=CONNECTION,
            is_sessions_enabled=sessions,
        )(trigger)
        return trigger

    return declare


def _trigger(reader: Reader) -> MessageTrigger:
    async def trigger(message: func.ServiceBusMessage) -> None:
        if is_for(reader, message):
            await work(reader, message)

    trigger.__name__ = reader.run.__name__
    trigger.__qualname__ = reader.run.__qualname__
    trigger.__module__ = reader.run.__module__
    trigger.__doc__ = reader.run.__doc__
    return trigger


def is_for(reader: Reader, message: func.ServiceBusMessage) -> bool:
    """Tell whether a message is not a copy for another subscription of the topic."""
    return property_of(message, ONLY) in {None, reader.subscription}


async def work(reader: Reader, message: func.ServiceBusMessage) -> None:
    """Work a message and settle it by its outcome."""
    noted: dict[str, object] = {"function": reader.run.__name__, "entity": reader.name}

    async def run() -> None:
        await reader.run(await delivery_of(reader, message, noted))

    await settle(run(), message, reader.entity, reader.name, noted)


async def delivery_of(
    reader: Reader, message: func.ServiceBusMessage, noted: dict[str, object]
) -> Delivery[Any]:
    """Return a message with its event read and its tenant known to be active.

    Raises:
        Refused: it cannot be worked.
    """
    current = world()
    event = reader.read(await _body(message, current))
    now = current.clock.now()
    noted |= {"tenant_id": event.tenantid, "message_type": event.type}
    if await current.tenants.tenant(event.tenantid, now) is None:
        raise UnknownTenant
    await current.tenants.active(event.tenantid, now)
    correlation_id = event.correlationid or message.correlation_id or event.id
    is_intake = not reader.subscription
    noted["correlation_id"] = correlation_id
    return Delivery(
        event=event,
        caller=Caller(
            event.tenantid,
            f"{'queue' if is_intake else 'system'}:{reader.name}",
            Role.INTEGRATION if is_intake else Role.OPERATOR,
            correlation_id=correlation_id,
        ),
        now=now,
        entity=reader.entity,
        original_id=original_id_of(message),
        attempt=attempt_of(message),
        noted=noted,
    )


async def _body(message: func.ServiceBusMessage, current: World) -> bytes:
    raw = message.get_body()
    reference = dataref_of(raw)
    if reference is None:
        return raw
    claimed = await current.claims.get(*reference)
    if claimed is None:
        raise ClaimMissing("the body that the message names is not there")
    return claimed


async def read_cloud_event(message: func.ServiceBusMessage, model: type[M]) -> CloudEvent[M]:
    """Read a message's event, from its claim check if it has one.

    Raises:
        Unreadable, Invalid: it does not fit.
        ClaimMissing: its body is not there.
    """
    return read_event(model, await _body(message, world()))
