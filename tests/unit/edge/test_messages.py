import json
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import azure.functions as func
import pytest

from functions._edge import (
    Delivery,
    queue,
    read_cloud_event,
    settle,
    subscription,
    subscription_of_many,
)
from functions._edge_settlement import (
    FAULT_ATTEMPTS_MAX,
    OUTSIDE_ATTEMPTS_MAX,
    delay_s,
    settlement_of,
)
from functions.operations import discard_parked, list_parked, replay_parked
from shared.contracts.cloud_event import AnyEvent, CloudEvent
from shared.kernel.bus import Complete, Message, Park, Received, RetryCopy
from shared.kernel.errors import Invalid, NotFound, Unavailable
from shared.kernel.model import Strict
from shared.tenants import parking, service
from shared.tenants.model import PLATFORM, Role, TenantStatus
from shared.tenants.parking import ParkedMessage
from shared.tenants.service import Office
from shared.wiring import use
from tests.unit.edge.door import (
    START,
    TENANT,
    Door,
    a_cloud_event,
    a_door,
    a_message,
    a_request,
    add_tenant,
    json_of,
)


class Greet(Strict):
    text: str


SEEN: list[Delivery[Any]] = []
ERRORS: list[Exception] = []
bp = func.Blueprint()


@queue(bp, "orders-in", Greet)
async def greet(delivery: Delivery[CloudEvent[Greet]]) -> None:
    """Greet."""
    SEEN.append(delivery)
    if ERRORS:
        raise ERRORS[-1]


@subscription(bp, "events", "insights")
async def count(delivery: Delivery[AnyEvent]) -> None:
    """Count."""
    SEEN.append(delivery)
    if ERRORS:
        raise ERRORS[-1]


@subscription_of_many(bp, "events", "insights")
async def count_many(deliveries: Sequence[Delivery[AnyEvent]]) -> None:
    """Count together; a poisonous event spoils what it is worked with."""
    SEEN.extend(deliveries)
    for delivery in deliveries:
        if delivery.event.data.get("poison"):
            raise NotFound


@subscription(bp, "events", "routing", Greet)
async def route(delivery: Delivery[CloudEvent[Greet]]) -> None:
    """Route."""
    SEEN.append(delivery)


@pytest.fixture(autouse=True)
def _fresh() -> None:
    SEEN.clear()
    ERRORS.clear()


async def take(door: Door, message: func.ServiceBusMessage) -> None:
    with use(door.world):
        await greet(message)


async def parked(door: Door, tenant_id: str = TENANT) -> Sequence[ParkedMessage]:
    page = await parking.list_parked(door.world.store, tenant_id, limit=50, cursor=None)
    return [row.body for row in page.items]


async def sent(door: Door, path: str = "orders-in") -> Sequence[Received]:
    """Return what waits, scheduled copies included once their time has come."""
    door.clock.advance(timedelta(minutes=10))
    received = list(await door.world.bus.receive(path, 10))
    for one in received:
        await door.world.bus.complete(path, one)
    return received


def again(received: Received) -> func.ServiceBusMessage:
    """Return a message that was sent as a trigger gets it."""
    message = received.message
    return a_message(
        message.body,
        message.message_id,
        session_id=message.session_id,
        subject=message.subject,
        **message.properties,
    )


async def test_a_message_is_worked_for_its_tenant() -> None:
    door = await a_door()
    await take(door, a_message(a_cloud_event({"text": "hi"}, correlationid="c-1")))
    (delivery,) = SEEN
    assert (delivery.tenant_id, delivery.event.data.text) == (TENANT, "hi")
    assert (delivery.caller.name, delivery.caller.role) == ("queue:orders-in", Role.INTEGRATION)
    assert (delivery.caller.correlation_id, delivery.attempt) == ("c-1", 1)
    assert await parked(door) == []
    assert await sent(door) == []


async def test_an_event_of_ours_is_read_whatever_its_type() -> None:
    door = await a_door()
    with use(door.world):
        await count(a_message(a_cloud_event({"any": [1]}, type="orders.order-held.v1")))
    (delivery,) = SEEN
    assert delivery.event.data == {"any": [1]}
    assert (delivery.caller.name, delivery.caller.role) == ("system:insights", Role.OPERATOR)


async def test_the_command_id_is_the_events_and_not_the_messages() -> None:
    door = await a_door()
    for message_id in ("m-1", "m-1#r1", "other"):
        await take(door, a_message(a_cloud_event({"text": "hi"}), message_id))
    await take(door, a_message(a_cloud_event({"text": "hi"}, id="till-7-00043")))
    assert [delivery.command_id for delivery in SEEN[1:3]] == [SEEN[0].command_id] * 2
    assert SEEN[3].command_id != SEEN[0].command_id


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "unreadable"),
        (b"\xff", "unreadable"),
        ({"specversion": "1.0"}, "invalid"),
        (a_cloud_event({"text": 1}), "invalid"),
        (a_cloud_event({"text": "hi"}, tenantid="nobody"), "unknown-tenant"),
        (a_cloud_event(None, dataref="gone"), "claim-check-missing"),
        ([{"dataref": "x"}], "invalid"),
    ],
)
async def test_what_can_never_be_worked_is_parked_with_its_reason(body: object, code: str) -> None:
    door = await a_door()
    await take(door, a_message(body))
    found = [*await parked(door), *await parked(door, PLATFORM)]
    assert [row.code for row in found] == [code]
    assert SEEN == []
    assert await sent(door) == []


async def test_a_message_of_a_suspended_tenant_is_parked() -> None:
    door = await a_door()
    office = Office(door.world.store, door.world.ids, door.world.tenants)
    await service.set_status(office, TENANT, TenantStatus.SUSPENDED, now=START)
    await take(door, a_message(a_cloud_event({"text": "hi"})))
    assert [row.code for row in await parked(door)] == ["tenant-suspended"]
    assert SEEN == []


async def test_a_refusal_is_parked_under_its_tenant() -> None:
    door = await a_door()
    ERRORS.append(NotFound("product"))
    await take(door, a_message(a_cloud_event({"text": "hi"})))
    (found,) = await parked(door)
    assert (found.code, found.detail) == ("not-found", "there is no such product")
    assert (found.entity, found.message_id, found.times) == ("orders-in", "m-1", 1)


async def test_a_failure_of_the_outside_sends_a_later_copy_under_a_new_id() -> None:
    door = await a_door()
    ERRORS.append(Unavailable("away"))
    await take(door, a_message(a_cloud_event({"text": "hi"}), session_id="acme:1", extra=5))
    assert not await door.world.bus.receive("orders-in", 10)
    (copy,) = await sent(door)
    assert copy.message.message_id == "m-1#r1"
    assert copy.message.session_id == "acme:1"
    assert dict(copy.message.properties) == {
        "original-message-id": "m-1",
        "attempt": 2,
        "extra": 5,
    }
    assert await parked(door) == []


async def test_the_copy_of_a_copy_counts_on_and_keeps_the_original_id() -> None:
    door = await a_door()
    ERRORS.append(Unavailable("away"))
    await take(door, a_message(a_cloud_event({"text": "hi"})))
    (first,) = await sent(door)
    await take(door, again(first))
    (second,) = await sent(door)
    assert second.message.message_id == "m-1#r2"
    assert second.message.properties["original-message-id"] == "m-1"
    assert second.message.properties["attempt"] == 3


async def test_attempts_end_in_the_parking_lot() -> None:
    door = await a_door()
    ERRORS.append(Unavailable("away"))
    await take(door, a_message(a_cloud_event({"text": "hi"}), attempt=OUTSIDE_ATTEMPTS_MAX))
    assert [row.code for row in await parked(door)] == ["attempts-exhausted"]
    assert await sent(door) == []


@pytest.mark.parametrize(
    ("error", "attempt", "expected"),
    [
        (None, 1, Complete()),
        (NotFound("x"), 1, Park("not-found", "there is no such x")),
        (Invalid([]), 1, Park("invalid", "0 fault(s): ")),
        (Unavailable("x"), OUTSIDE_ATTEMPTS_MAX - 1, RetryCopy("unavailable")),
        (Unavailable("x"), OUTSIDE_ATTEMPTS_MAX, Park("attempts-exhausted", "unavailable")),
        (ValueError("jane"), FAULT_ATTEMPTS_MAX - 1, RetryCopy("internal")),
        (ValueError("jane"), FAULT_ATTEMPTS_MAX, Park("internal", "ValueError")),
    ],
)
def test_every_outcome_has_its_settlement(
    error: Exception | None, attempt: int, expected: object
) -> None:
    assert settlement_of(error, attempt) == expected


def test_the_wait_doubles_and_is_capped() -> None:
    assert [delay_s(n, 0.5) for n in (1, 2, 3, 9, 20)] == [1.0, 2.0, 4.0, 256.0, 300.0]
    assert (delay_s(1, 0.0), delay_s(1, 1.0)) == (0.75, 1.25)


async def test_two_subscriptions_that_retry_one_event_send_two_copies() -> None:
    door = await a_door()
    ERRORS.append(Unavailable("away"))
    body = a_cloud_event({"text": "hi"})
    message = a_message(body, session_id="s", subject="orders.order-routed")
    with use(door.world):
        await count(message)
    (copy,) = await sent(door, "events/insights")
    assert copy.message.message_id == "m-1#r1@insights"
    ERRORS.clear()
    SEEN.clear()
    with use(door.world):
        await route(again(copy))
        assert SEEN == []
        await count(again(copy))
    assert len(SEEN) == 1


async def test_a_large_body_is_fetched_from_its_claim_check() -> None:
    door = await a_door()
    whole = a_cloud_event({"text": "large"})
    await door.world.claims.put(TENANT, "claim-1", json.dumps(whole).encode())
    short = {name: value for name, value in whole.items() if name != "data"}
    await take(door, a_message(short | {"dataref": "claim-1"}))
    assert SEEN[0].event.data.text == "large"


async def test_a_claim_check_of_another_tenant_is_not_found() -> None:
    door = await a_door()
    await add_tenant(door, "globex")
    await door.world.claims.put("globex", "claim-1", b"{}")
    await take(door, a_message(a_cloud_event(None, dataref="claim-1")))
    assert [row.code for row in await parked(door)] == ["claim-check-missing"]


async def test_data_that_mentions_a_dataref_is_no_claim_check() -> None:
    door = await a_door()
    await take(door, a_message(a_cloud_event({"text": '"dataref"'})))
    await take(
        door, a_message(b'{"dataref":null,' + json.dumps(a_cloud_event({"text": "x"})).encode()[1:])
    )
    assert [delivery.event.data.text for delivery in SEEN] == ['"dataref"', "x"]


async def test_an_operator_lists_replays_and_discards_what_was_parked() -> None:
    door = await a_door()
    ERRORS.append(NotFound("product"))
    await take(door, a_message(a_cloud_event({"text": "hi"}), attempt=3))
    with use(door.world):
        listed = json_of(await list_parked(a_request(key=door.admin)))["items"]
        route_ = {"parked": listed[0]["parked_id"]}
        replayed = await replay_parked(a_request("POST", key=door.admin, route=route_))
    assert (listed[0]["code"], listed[0]["status"]) == ("not-found", "parked")
    assert "body" not in listed[0]
    assert (json_of(replayed)["status"], json_of(replayed)["replays"]) == ("replayed", 1)
    (copy,) = await sent(door)
    assert copy.message.message_id == "m-1#p1"
    assert dict(copy.message.properties) == {"original-message-id": "m-1"}
    ERRORS.clear()
    await take(door, again(copy))
    assert SEEN[-1].original_id == "m-1"
    with use(door.world):
        gone = await discard_parked(a_request("DELETE", key=door.admin, route=route_))
        missing = await discard_parked(a_request("DELETE", key=door.admin, route=route_))
    assert (gone.status_code, gone.get_body(), missing.status_code) == (204, b"", 404)


async def test_a_replay_that_fails_again_is_parked_once_and_replayed_under_a_next_id() -> None:
    door = await a_door()
    ERRORS.append(NotFound("product"))
    await take(door, a_message(a_cloud_event({"text": "hi"})))
    for number in (1, 2):
        (found,) = await parked(door)
        await parking.replay(door.world.store, door.world.bus, TENANT, found.parked_id)
        (copy,) = await sent(door)
        assert copy.message.message_id == f"m-1#p{number}"
        await take(door, again(copy))
    (found,) = await parked(door)
    assert (found.times, found.replays, found.status) == (3, 2, "parked")


async def test_a_replay_that_meets_an_outage_retries_under_its_own_ids() -> None:
    door = await a_door()
    ERRORS.append(Unavailable("away"))
    message = a_message(a_cloud_event({"text": "hi"}), "m-1#p1", **{"original-message-id": "m-1"})
    await take(door, message)
    (copy,) = await sent(door)
    assert copy.message.message_id == "m-1#p1#r1"


async def test_a_body_that_is_no_text_is_replayed_byte_for_byte() -> None:
    door = await a_door()
    await take(door, a_message(b"\xff\x00"))
    (found,) = await parked(door, PLATFORM)
    await parking.replay(door.world.store, door.world.bus, PLATFORM, found.parked_id)
    (copy,) = await sent(door)
    assert copy.message.body == b"\xff\x00"


async def test_a_parked_message_is_gone_after_7_days() -> None:
    door = await a_door()
    ERRORS.append(NotFound("product"))
    await take(door, a_message(a_cloud_event({"text": "hi"})))
    (found,) = await parked(door)
    door.clock.advance(timedelta(days=7))
    with pytest.raises(NotFound):
        await parking.replay(door.world.store, door.world.bus, TENANT, found.parked_id)


async def test_another_tenants_parked_message_is_missing() -> None:
    door = await a_door()
    other = await add_tenant(door, "globex")
    ERRORS.append(NotFound("product"))
    await take(door, a_message(a_cloud_event({"text": "hi"})))
    (found,) = await parked(door)
    with use(door.world):
        request = a_request("POST", key=other, route={"parked": found.parked_id})
        assert (await replay_parked(request)).status_code == 404
    assert await sent(door) == []


async def test_a_trigger_may_read_and_settle_by_itself() -> None:
    door = await a_door()
    message = a_message(a_cloud_event({"text": "hi"}))

    async def work() -> str:
        return (await read_cloud_event(message, Greet)).data.text

    with use(door.world):
        assert await settle(work(), message, "orders-in") == Complete()


async def test_the_log_line_of_a_message_has_no_body_and_a_fault_has_no_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    door = await a_door()
    ERRORS.append(ValueError("jane@example.com"))
    with caplog.at_level(logging.INFO, "orderloom"):
        await take(door, a_message(a_cloud_event({"text": "5 Elm Street"})))
    record = caplog.records[-1]
    fields = {name: value for name, value in vars(record).items() if name != "exc_info"}
    assert (fields["outcome"], fields["code"], fields["entity"]) == (
        "retry",
        "internal",
        "orders-in",
    )
    assert "Elm" not in str(fields)
    assert record.exc_info is not None


def test_a_message_as_sent_has_a_content_type() -> None:
    assert Message("m", b"").content_type == "application/cloudevents+json"


def event_message(name: str, **properties: Any) -> func.ServiceBusMessage:
    data: dict[str, object] = {"poison": True} if name == "bad" else {}
    event = a_cloud_event(data, id=name, type="orders.order-held.v1")
    return a_message(event, f"m-{name}", **properties)


async def take_many(door: Door, *messages: func.ServiceBusMessage) -> None:
    with use(door.world):
        await count_many(list(messages))


async def test_messages_of_a_batch_are_worked_together() -> None:
    door = await a_door()
    await take_many(door, event_message("one"), event_message("two"))
    assert [delivery.event.id for delivery in SEEN] == ["one", "two"]
    assert await parked(door) == []


async def test_a_batch_that_fails_is_worked_one_by_one_and_settled_each_by_its_outcome() -> None:
    door = await a_door()
    await take_many(door, event_message("one"), event_message("bad"), event_message("two"))
    alone = [delivery.event.id for delivery in SEEN[3:]]
    assert alone == ["one", "bad", "two"]
    (lost,) = await parked(door)
    assert (lost.message_id, lost.code) == ("m-bad", "not-found")


async def test_an_unreadable_message_of_a_batch_is_parked_and_the_others_are_worked() -> None:
    door = await a_door()
    await take_many(door, event_message("one"), a_message(b"{", "m-broken"))
    assert [delivery.event.id for delivery in SEEN] == ["one"]
    assert [row.message_id for row in await parked(door, PLATFORM)] == ["m-broken"]


async def test_a_copy_for_another_subscription_is_left_out_of_a_batch() -> None:
    door = await a_door()
    copy = event_message("two", **{parking.ONLY: "routing"})
    await take_many(door, event_message("one"), copy)
    assert [delivery.event.id for delivery in SEEN] == ["one"]
    await take_many(door, copy, copy)
    assert len(SEEN) == 1
