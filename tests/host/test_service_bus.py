"""Service Bus triggers: completed on return, abandoned on an exception, in order in a session."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, List  # noqa: UP035 - the platform knows typing.List, not list

import azure.functions as func
import pytest
from azure.functions.meta import Datum

from local.host.bell import Bell, Pace
from local.host.index import RefusedFunction, index
from local.host.locks import LockKeeper
from local.host.messages import message_of, messages_of, metadata_of, metadata_of_many
from local.host.service_bus import path_of
from shared.kernel.bus import Entity, Received
from shared.kernel.clock import SteppedClock
from tests.host.apps import NOON, a_message, a_world, an_app, hosting, options

FIELDS = (
    "application_properties", "content_type", "correlation_id", "dead_letter_error_description",
    "dead_letter_reason", "dead_letter_source", "delivery_count", "enqueued_sequence_number",
    "enqueued_time_utc", "expires_at_utc", "label", "locked_until", "lock_token", "message_id",
    "partition_key", "reply_to", "reply_to_session_id", "scheduled_enqueue_time_utc",
    "sequence_number", "session_id", "state", "subject", "time_to_live", "to",
    "transaction_partition_key", "user_properties", "metadata",
)  # fmt: skip


def a_received(**changes: object) -> Received:
    message = a_message(
        session_id="acme:o-17",
        subject="orders.order-accepted.v1",
        correlation_id="c-1",
        properties={"stock": True, "tenant": "acme", "attempt": 2},
        scheduled_at=NOON + timedelta(seconds=5, microseconds=17),
        ttl_s=30,
    )
    usual: dict[str, object] = {
        "message": message,
        "sequence_number": 42,
        "delivery_count": 1,
        "enqueued_at": NOON,
        "lock_token": "token",
        "locked_until": NOON + timedelta(seconds=30),
    }
    return Received(**(usual | changes))  # type: ignore[arg-type] # any of its fields


def decoded(data: Datum, metadata: Mapping[str, Datum]) -> Any:
    return (
        func.get_binding_registry().get("serviceBusTrigger").decode(data, trigger_metadata=metadata)
    )


def fields_of(message: func.ServiceBusMessage) -> dict[str, object]:
    return {name: getattr(message, name) for name in FIELDS} | {"body": message.get_body()}


@pytest.mark.parametrize("received", [a_received(), a_received(message=a_message(), lock_token="")])
def test_a_message_is_what_the_platforms_converter_makes(received: Received) -> None:
    theirs = decoded(Datum(received.message.body, "bytes"), metadata_of(received))
    ours = message_of(received)
    assert type(ours) is type(theirs)
    assert fields_of(ours) == fields_of(theirs)


def test_a_batch_of_messages_is_what_the_platforms_converter_makes() -> None:
    class Bodies:
        bytes = (b"one", b"two")

    batch = [
        a_received(message=a_message("m-1", body=b"one", session_id="s")),
        a_received(message=a_message("m-2", body=b"two", session_id="s"), delivery_count=2),
    ]
    theirs = decoded(Datum(Bodies, "collection_bytes"), metadata_of_many(batch))
    simple = [name for name in FIELDS if name != "time_to_live"]
    for one, other in zip(messages_of(batch), theirs, strict=True):
        assert one.get_body() == other.get_body()
        assert [getattr(one, name) for name in simple] == [getattr(other, name) for name in simple]


def test_metadata_carries_only_strings_and_json() -> None:
    datums = [*metadata_of(a_received()).values(), *metadata_of_many([a_received()]).values()]
    assert {(datum.type, type(datum.value)) for datum in datums} == {("string", str), ("json", str)}


class Inbox:
    """What a function was given; `fails` says for how many messages it raises first."""

    def __init__(self, *, fails: int = 0) -> None:
        self.seen: list[tuple[str, int]] = []
        self.fails = fails

    def take(self, message: func.ServiceBusMessage) -> None:
        self.seen.append((message.message_id, message.delivery_count or 0))
        if len(self.seen) <= self.fails:
            raise RuntimeError("not this time")

    def queue(self, name: str, *, is_sessions_enabled: bool = False) -> func.FunctionApp:
        app = an_app()

        @app.service_bus_queue_trigger(
            arg_name="message",
            queue_name=name,
            connection="SERVICEBUS",
            is_sessions_enabled=is_sessions_enabled,
        )
        async def take(message: func.ServiceBusMessage) -> None:
            self.take(message)

        return app


async def test_a_message_is_completed_when_its_function_returns() -> None:
    inbox, world = Inbox(), a_world()
    async with hosting(inbox.queue("orders-in"), world=world) as running:
        await world.bus.send(Entity.ORDERS_IN, [a_message("m-1"), a_message("m-2")])
        await running.host.settled()
        assert sorted(inbox.seen) == [("m-1", 1), ("m-2", 1)]
        assert await world.bus.peek("orders-in", 10) == []


async def test_a_message_is_abandoned_when_its_function_raises_and_comes_again() -> None:
    inbox, world = Inbox(fails=2), a_world()
    async with hosting(inbox.queue("orders-in"), world=world) as running:
        await world.bus.send(Entity.ORDERS_IN, [a_message()])
        await running.host.settled()
        assert inbox.seen == [("m-1", 1), ("m-1", 2), ("m-1", 3)]


async def test_a_poisonous_message_is_a_dead_letter_after_its_last_delivery() -> None:
    inbox, world = Inbox(fails=1_000), a_world()
    async with hosting(inbox.queue("orders-in"), world=world) as running:
        await world.bus.send(Entity.ORDERS_IN, [a_message()])
        await running.host.settled()
        (dead,) = await world.bus.peek("orders-in/$deadletterqueue", 10)
    assert inbox.seen == [("m-1", count) for count in range(1, dead.delivery_count + 1)]
    assert dead.dead_letter_reason == "MaxDeliveryCountExceeded"


async def test_a_subscription_is_fed_from_its_topic() -> None:
    inbox, world, app = Inbox(), a_world(), an_app()

    @app.service_bus_topic_trigger(
        arg_name="message",
        topic_name="events",
        subscription_name="insights",
        connection="SERVICEBUS",
    )
    async def fold(message: func.ServiceBusMessage) -> None:
        inbox.take(message)

    (found,) = index(app)
    assert path_of(found) == "events/insights"
    an_event = a_message(session_id="acme:o-17", subject="orders.order-accepted")
    async with hosting(app, world=world) as running:
        await world.bus.send(Entity.EVENTS, [an_event])
        await running.host.settled()
    assert inbox.seen == [("m-1", 1)]


async def test_no_more_messages_are_in_work_at_once_than_host_json_allows() -> None:
    world, app = a_world(), an_app()
    may_end = asyncio.Event()
    at_once: list[int] = []
    in_work = 0

    @app.service_bus_queue_trigger(
        arg_name="message", queue_name="orders-in", connection="SERVICEBUS"
    )
    async def take(message: func.ServiceBusMessage) -> None:  # noqa: ARG001 - the trigger
        nonlocal in_work
        in_work += 1
        at_once.append(in_work)
        if in_work == 2:
            may_end.set()
        await may_end.wait()
        in_work -= 1

    async with hosting(app, world=world, chosen=options(calls_max=2)) as running:
        await world.bus.send(Entity.ORDERS_IN, [a_message(f"m-{n}") for n in range(6)])
        await running.host.settled()
    assert (len(at_once), max(at_once)) == (6, 2)


async def test_many_messages_are_one_invocation() -> None:
    world, app = a_world(), an_app()
    batches: list[list[str]] = []

    @app.service_bus_queue_trigger(
        arg_name="messages", queue_name="orders-in", connection="SERVICEBUS", cardinality="many"
    )
    async def take(messages: List[func.ServiceBusMessage]) -> None:  # noqa: UP006 - see the import
        batches.append([message.message_id for message in messages])

    async with hosting(app, world=world) as running:
        await world.bus.send(Entity.ORDERS_IN, [a_message("m-1"), a_message("m-2")])
        await running.host.settled()
    assert batches == [["m-1", "m-2"]]


async def test_a_function_of_many_waits_for_more_as_long_as_host_json_says() -> None:
    world, app = a_world(), an_app()
    batches: list[list[str]] = []
    is_called = asyncio.Event()

    @app.service_bus_queue_trigger(
        arg_name="messages", queue_name="orders-in", connection="SERVICEBUS", cardinality="many"
    )
    async def take(messages: List[func.ServiceBusMessage]) -> None:  # noqa: UP006 - see the import
        batches.append([message.message_id for message in messages])
        is_called.set()

    patient = replace(options(batch_min=3, batch_wait_s=600.0), pace=Pace(poll_min_s=600.0))
    async with hosting(app, world=world, chosen=patient) as running:
        await running.host.settled()
        for name in ("m-1", "m-2"):
            await world.bus.send(Entity.ORDERS_IN, [a_message(name)])
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(is_called.wait(), 0.05)
        await world.bus.send(Entity.ORDERS_IN, [a_message("m-3")])
        await asyncio.wait_for(is_called.wait(), 5.0)
    assert batches == [["m-1", "m-2", "m-3"]]


async def test_a_session_is_worked_in_order_and_sessions_side_by_side() -> None:
    inbox, world = Inbox(fails=1), a_world()
    messages = [
        a_message(f"{name}-{number}", session_id=f"acme:{name}")
        for number in (1, 2, 3)
        for name in ("BOOT", "SOCK")
    ]
    app = inbox.queue("inventory-in", is_sessions_enabled=True)
    async with hosting(app, world=world) as running:
        await world.bus.send(Entity.INVENTORY_IN, messages)
        await running.host.settled()
    done = [message_id for message_id, _ in inbox.seen[1:]]
    for name in ("BOOT", "SOCK"):
        ours = [each for each in done if each.startswith(name)]
        assert ours == [f"{name}-1", f"{name}-2", f"{name}-3"]
    assert len(inbox.seen) == 7


async def test_more_sessions_than_places_are_all_served() -> None:
    inbox, world = Inbox(), a_world()
    messages = [a_message(f"m-{n}", session_id=f"acme:{n}") for n in range(12)]
    app = inbox.queue("inventory-in", is_sessions_enabled=True)
    chosen = options(sessions_max=3, session_idle_s=30.0)
    async with hosting(app, world=world, chosen=chosen) as running:
        await world.bus.send(Entity.INVENTORY_IN, messages)
        await running.host.settled()
    assert len(inbox.seen) == 12


async def test_a_held_session_gets_its_next_message_without_being_accepted_again() -> None:
    inbox, world = Inbox(), a_world()
    app = inbox.queue("inventory-in", is_sessions_enabled=True)
    async with hosting(app, world=world, chosen=options(session_idle_s=30.0)) as running:
        for number in range(3):
            message = a_message(f"m-{number}", session_id="acme:BOOT")
            await world.bus.send(Entity.INVENTORY_IN, [message])
            await running.host.settled()
        assert await world.bus.accept_session("inventory-in") is None
    assert [each for each, _ in inbox.seen] == ["m-0", "m-1", "m-2"]


async def test_the_lock_of_a_long_work_is_renewed_until_it_is_let_go() -> None:
    clock = SteppedClock(NOON)
    world = a_world(clock)
    await world.bus.send(Entity.ORDERS_IN, [a_message()])
    (received,) = await world.bus.receive("orders-in", 1)
    assert received.locked_until == NOON + timedelta(minutes=1)
    clock.advance(timedelta(seconds=59.9))
    keeper = LockKeeper(world.bus, "orders-in", clock, until_s=300)
    keeper.keep(received)
    for _ in range(500):
        if keeper.renewals:
            break
        await Bell().wait(0.01)
    clock.advance(timedelta(seconds=59))
    keeper.let_go()
    await world.bus.complete("orders-in", received)
    assert (keeper.renewals, await world.bus.peek("orders-in", 10)) == (1, [])
    await world.close()


async def test_a_lock_is_not_renewed_beyond_the_bound() -> None:
    world = a_world()
    await world.bus.send(Entity.ORDERS_IN, [a_message()])
    (received,) = await world.bus.receive("orders-in", 1)
    keeper = LockKeeper(world.bus, "orders-in", world.clock, until_s=1)
    keeper.keep(received)
    assert not keeper.is_pending
    await world.close()


async def test_a_queue_that_does_not_exist_is_refused_at_the_start() -> None:
    with pytest.raises(RefusedFunction, match="there is no queue or subscription nothing"):
        async with hosting(Inbox().queue("nothing")):
            pass
