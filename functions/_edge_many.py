"""Functions of many messages: worked together, and one by one when that fails.

On the platform a batch is settled as a whole. So that no message suffers for another, whatever
fails together is tried alone, and each is then settled by its own outcome; what was done twice by
that is done once by its inbox.
"""

from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter
from typing import Any, List  # noqa: UP035 - the platform knows typing.List, not list

import azure.functions as func

from functions import _edge_log
from functions._edge_messages import CONNECTION, Delivery, Reader, delivery_of, is_for, work
from shared.contracts.cloud_event import AnyEvent, read_any_event

WorkMany = Callable[[Sequence[Delivery[AnyEvent]]], Awaitable[object]]
ManyTrigger = Callable[[List[func.ServiceBusMessage]], Awaitable[None]]  # noqa: UP006 - see the import


def subscription_of_many(
    blueprint: func.Blueprint, topic: str, name: str
) -> Callable[[WorkMany], ManyTrigger]:
    """Declare a function that works messages of a topic's subscription together, in any order."""

    def declare(run: WorkMany) -> ManyTrigger:
        trigger = _trigger(topic, name, run)
        blueprint.service_bus_topic_trigger(
            arg_name="messages",
            topic_name=topic,
            subscription_name=name,
            connection=CONNECTION,
            cardinality=func.Cardinality.MANY,
        )(trigger)
        return trigger

    return declare


def _trigger(topic: str, name: str, run: WorkMany) -> ManyTrigger:
    async def run_alone(delivery: Delivery[Any]) -> None:
        await run((delivery,))

    run_alone.__name__ = run.__name__
    reader = Reader(topic, name, read_any_event, run_alone)

    async def trigger(messages: List[func.ServiceBusMessage]) -> None:  # noqa: UP006 - see the import
        mine = [message for message in messages if is_for(reader, message)]
        if len(mine) > 1 and await _is_done(reader, run, mine):
            return
        for message in mine:
            await work(reader, message)

    trigger.__name__ = run.__name__
    trigger.__qualname__ = run.__qualname__
    trigger.__module__ = run.__module__
    trigger.__doc__ = run.__doc__
    return trigger


async def _is_done(
    reader: Reader, run: WorkMany, messages: Sequence[func.ServiceBusMessage]
) -> bool:
    started = perf_counter()
    fields: dict[str, object] = {"function": reader.run.__name__, "entity": reader.name}
    try:
        await run([await delivery_of(reader, message, {}) for message in messages])
    except Exception as error:  # noqa: BLE001 - each is tried alone, and settled by what comes of it
        fields |= {"count": len(messages), "code": type(error).__name__}
        _edge_log.write("messages_apart", fields)
        return False
    seconds = perf_counter() - started
    fields |= {"count": len(messages), "outcome": "complete"}
    _edge_log.write("messages", fields | {"duration_ms": round(seconds * 1000, 3)})
    return True
