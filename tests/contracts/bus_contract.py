"""What every bus must do, embedded or in the cloud: one suite, run over each adapter."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from shared.kernel.bus import MESSAGE_BYTES_MAX, Bus, LockLost, Message, Received

NOON = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)
DEAD = "/$deadletterqueue"
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)

# Lock one minute, three deliveries, a detection window of ten minutes unless the name says more.
TOPOLOGY = """
// The entities that the suite needs, in the emulator's format.
{"UserConfig": {"Namespaces": [{"Name": "sbemulatorns",
  "Queues": [
    {"Name": "plain", "Properties": {
      "DeadLetteringOnMessageExpiration": true, "DefaultMessageTimeToLive": "PT1H",
      "DuplicateDetectionHistoryTimeWindow": "PT10M", "LockDuration": "PT1M",
      "MaxDeliveryCount": 3, "RequiresDuplicateDetection": true, "RequiresSession": false}},
    {"Name": "forgetful", "Properties": {
      "DeadLetteringOnMessageExpiration": false, "LockDuration": "PT1M", "MaxDeliveryCount": 3}},
    {"Name": "in-order", "Properties": {
      "DeadLetteringOnMessageExpiration": true, "LockDuration": "PT1M", "MaxDeliveryCount": 3,
      "RequiresDuplicateDetection": true, "RequiresSession": true}}
  ],
  "Topics": [
    {"Name": "news", "Properties": {
        "DuplicateDetectionHistoryTimeWindow": "PT10M", "RequiresDuplicateDetection": true},
      "Subscriptions": [
        {"Name": "orders", "Properties": {"LockDuration": "PT1M", "MaxDeliveryCount": 3},
          "Rules": [{"Name": "orders", "Properties": {"FilterType": "Sql",
            "SqlFilter": {"SqlExpression": "sys.Label LIKE 'orders.%'"}}}]},
        {"Name": "urgent", "Properties": {"LockDuration": "PT1M", "MaxDeliveryCount": 3},
          "Rules": [{"Name": "urgent", "Properties": {"FilterType": "Sql",
            "SqlFilter": {"SqlExpression": "priority > 5 AND region IN ('north', 'south')"}}}]},
        {"Name": "acme", "Properties": {"LockDuration": "PT1M", "MaxDeliveryCount": 3},
          "Rules": [{"Name": "acme", "Properties": {"FilterType": "Correlation",
            "CorrelationFilter": {"Label": "orders.accepted", "Properties": {"tenant": "acme"}}}}]},
        {"Name": "ordered", "Properties": {
            "LockDuration": "PT1M", "MaxDeliveryCount": 3, "RequiresSession": true},
          "Rules": [{"Name": "stock", "Properties": {"FilterType": "Sql",
            "SqlFilter": {"SqlExpression": "sys.Label LIKE 'stock.%'"}}}]}
      ]}
  ]}]}}
"""


@dataclass(frozen=True, slots=True)
class Stage:
    """A broker with the suite's topology, two clients of it, and its clock."""

    bus: Bus
    other: Bus
    pass_time: Callable[[timedelta], Awaitable[None]]
    now: Callable[[], datetime]


def a_message(message_id: str = "m-1", **changes: object) -> Message:
    usual: dict[str, object] = {"message_id": message_id, "body": message_id.encode()}
    return Message(**(usual | changes))  # type: ignore[arg-type]  # a builder's changes are open


def some_messages(count: int, **changes: object) -> list[Message]:
    return [a_message(f"m-{i}", **changes) for i in range(1, count + 1)]


def ids(received: object) -> list[str]:
    assert isinstance(received, list | tuple)
    return [each.message.message_id for each in received]


async def one(bus: Bus, path: str, session_id: str | None = None) -> Received:
    (received,) = await bus.receive(path, 1, session_id=session_id)
    return received


async def abandon_times(stage: Stage, path: str, times: int) -> None:
    for _ in range(times):
        await stage.bus.abandon(path, await one(stage.bus, path))


async def drain(bus: Bus, path: str, limit: int = 10) -> list[str]:
    found: list[str] = []
    while received := await bus.receive(path, limit):
        for each in received:
            await bus.complete(path, each)
        found += ids(received)
    return found


class BusContract:
    """Subclasses give the fixture `stage`."""

    # -- queues --------------------------------------------------------------------------------

    async def test_a_message_arrives_as_it_was_sent(self, stage: Stage) -> None:
        sent = a_message(
            body=b"\x00\xff{}",
            session_id="s",
            subject="orders.accepted",
            correlation_id="c-1",
            content_type="application/json",
            properties={"tenant": "acme", "attempt": 2, "is_late": False, "share": 0.5, "q": "é'%"},
            ttl_s=90,
        )
        await stage.bus.send("plain", [sent])
        received = await one(stage.bus, "plain")
        assert received.message == sent
        assert received.delivery_count == 1
        assert received.enqueued_at == stage.now()
        assert received.locked_until == stage.now() + MINUTE

    async def test_messages_come_in_the_order_of_sending(self, stage: Stage) -> None:
        await stage.bus.send("plain", some_messages(5))
        await stage.other.send("plain", [a_message("m-6")])
        received = await stage.bus.receive("plain", 10)
        assert ids(received) == ["m-1", "m-2", "m-3", "m-4", "m-5", "m-6"]
        numbers = [each.sequence_number for each in received]
        assert numbers == sorted(set(numbers))

    async def test_a_limit_leaves_the_rest_for_others(self, stage: Stage) -> None:
        await stage.bus.send("plain", some_messages(3))
        assert ids(await stage.bus.receive("plain", 2)) == ["m-1", "m-2"]
        assert ids(await stage.other.receive("plain", 2)) == ["m-3"]
        assert list(await stage.bus.receive("plain", 2)) == []

    async def test_an_empty_queue_gives_nothing(self, stage: Stage) -> None:
        assert list(await stage.bus.receive("plain", 10)) == []

    async def test_a_completed_message_never_comes_again(self, stage: Stage) -> None:
        await stage.bus.send("plain", [a_message()])
        await stage.bus.complete("plain", await one(stage.bus, "plain"))
        await stage.pass_time(2 * MINUTE)
        assert list(await stage.bus.receive("plain", 1)) == []
        assert list(await stage.bus.peek("plain", 1)) == []

    async def test_a_message_is_settled_once(self, stage: Stage) -> None:
        await stage.bus.send("plain", [a_message()])
        received = await one(stage.bus, "plain")
        await stage.bus.complete("plain", received)
        with pytest.raises(LockLost):
            await stage.bus.complete("plain", received)
        with pytest.raises(LockLost):
            await stage.bus.dead_letter("plain", received, "late", "")

    async def test_an_abandoned_message_comes_back_in_its_place(self, stage: Stage) -> None:
        await stage.bus.send("plain", some_messages(3))
        first = await one(stage.bus, "plain")
        await stage.bus.abandon("plain", first)
        again = await stage.other.receive("plain", 10)
        assert ids(again) == ["m-1", "m-2", "m-3"]
        assert [each.delivery_count for each in again] == [2, 1, 1]
        with pytest.raises(LockLost):
            await stage.bus.abandon("plain", first)

    async def test_a_lock_ends_at_its_instant_and_the_late_worker_is_told(
        self, stage: Stage
    ) -> None:
        await stage.bus.send("plain", [a_message()])
        late = await one(stage.bus, "plain")
        await stage.pass_time(MINUTE - SECOND)
        assert list(await stage.other.receive("plain", 1)) == []
        await stage.pass_time(SECOND)
        taken = await one(stage.other, "plain")
        assert taken.delivery_count == 2
        with pytest.raises(LockLost):
            await stage.bus.complete("plain", late)
        with pytest.raises(LockLost):
            await stage.bus.abandon("plain", late)
        await stage.other.complete("plain", taken)
        assert list(await stage.bus.peek("plain", 1)) == []

    async def test_a_lock_that_ran_out_is_lost_although_nobody_took_the_message(
        self, stage: Stage
    ) -> None:
        await stage.bus.send("plain", [a_message()])
        late = await one(stage.bus, "plain")
        await stage.pass_time(MINUTE)
        with pytest.raises(LockLost):
            await stage.bus.complete("plain", late)
        with pytest.raises(LockLost):
            await stage.bus.renew("plain", late)
        assert (await one(stage.bus, "plain")).delivery_count == 2

    async def test_a_renewed_lock_lasts_from_the_renewal(self, stage: Stage) -> None:
        await stage.bus.send("plain", [a_message()])
        received = await one(stage.bus, "plain")
        await stage.pass_time(40 * SECOND)
        assert await stage.bus.renew("plain", received) == stage.now() + MINUTE
        await stage.pass_time(40 * SECOND)
        assert list(await stage.other.receive("plain", 1)) == []
        await stage.bus.complete("plain", received)

    async def test_a_foreign_token_settles_nothing(self, stage: Stage) -> None:
        await stage.bus.send("plain", [a_message()])
        received = await one(stage.bus, "plain")
        with pytest.raises(LockLost):
            await stage.bus.complete("plain", received._replace(lock_token="0" * 32))
        (peeked,) = await stage.bus.peek("plain", 1)
        with pytest.raises(LockLost):
            await stage.bus.complete("plain", peeked)
        await stage.bus.complete("plain", received)

    async def test_what_is_locked_is_locked_for_every_worker(self, stage: Stage) -> None:
        await stage.bus.send("plain", some_messages(40))
        seen: list[str] = []
        for bus in (stage.bus, stage.other) * 4:
            seen += ids(await bus.receive("plain", 5))
        assert sorted(seen) == sorted(f"m-{i}" for i in range(1, 41))

    async def test_the_backlog_of_an_outage_drains_in_order(self, stage: Stage) -> None:
        for start in range(0, 200, 50):
            await stage.bus.send("plain", [a_message(f"m-{start + i:03}") for i in range(50)])
        await stage.pass_time(30 * MINUTE)
        assert await drain(stage.other, "plain", 32) == [f"m-{i:03}" for i in range(200)]

    # -- what is refused -----------------------------------------------------------------------

    async def test_unknown_names_are_refused(self, stage: Stage) -> None:
        with pytest.raises(ValueError, match="nowhere"):
            await stage.bus.send("nowhere", [a_message()])
        with pytest.raises(ValueError, match="news/nobody"):
            await stage.bus.receive("news/nobody", 1)
        with pytest.raises(ValueError, match="news"):
            await stage.bus.receive("news", 1)
        with pytest.raises(ValueError, match="news/orders"):
            await stage.bus.send("news/orders", [a_message()])

    async def test_a_batch_with_one_message_too_large_sends_nothing(self, stage: Stage) -> None:
        large = a_message("large", body=b"x" * (MESSAGE_BYTES_MAX + 1))
        with pytest.raises(ValueError, match="256000"):
            await stage.bus.send("plain", [a_message("small"), large])
        assert list(await stage.bus.receive("plain", 10)) == []
        await stage.bus.send("plain", [a_message("small")])
        assert ids(await stage.bus.receive("plain", 10)) == ["small"]

    async def test_properties_count_towards_the_size(self, stage: Stage) -> None:
        full = a_message(body=b"x" * (MESSAGE_BYTES_MAX - 100), properties={"note": "n" * 200})
        with pytest.raises(ValueError, match="256000"):
            await stage.bus.send("plain", [full])

    async def test_ids_have_the_brokers_length(self, stage: Stage) -> None:
        for wrong in ("", "x" * 129):
            with pytest.raises(ValueError, match="1 to 128"):
                await stage.bus.send("plain", [a_message(wrong)])
            with pytest.raises(ValueError, match="1 to 128"):
                await stage.bus.send("in-order", [a_message(session_id=wrong)])
        await stage.bus.send("plain", [a_message("x" * 128)])

    async def test_a_property_is_text_a_number_or_true_or_false(self, stage: Stage) -> None:
        with pytest.raises(ValueError, match="property tags"):
            await stage.bus.send("plain", [a_message(properties={"tags": ["a"]})])

    async def test_a_time_to_live_is_at_least_a_second(self, stage: Stage) -> None:
        with pytest.raises(ValueError, match="at least 1 s"):
            await stage.bus.send("plain", [a_message(ttl_s=0)])

    async def test_an_empty_batch_is_nothing_to_do(self, stage: Stage) -> None:
        await stage.bus.send("plain", [])
        assert list(await stage.bus.receive("plain", 1)) == []

    async def test_a_batch_has_an_end(self, stage: Stage) -> None:
        with pytest.raises(ValueError, match="1000"):
            await stage.bus.send("plain", some_messages(1001))

    async def test_asking_for_no_message_is_wrong(self, stage: Stage) -> None:
        with pytest.raises(ValueError, match="at least one"):
            await stage.bus.receive("plain", 0)

    # -- duplicates ----------------------------------------------------------------------------

    async def test_a_known_id_is_dropped_inside_the_window(self, stage: Stage) -> None:
        await stage.bus.send("plain", [a_message("m-1", body=b"first")])
        await stage.pass_time(10 * MINUTE - SECOND)
        await stage.other.send("plain", [a_message("m-1", body=b"second"), a_message("m-2")])
        received = await stage.bus.receive("plain", 10)
        assert [each.message.body for each in received] == [b"first", b"m-2"]

    async def test_a_known_id_is_dropped_although_it_was_completed(self, stage: Stage) -> None:
        await stage.bus.send("plain", [a_message()])
        assert await drain(stage.bus, "plain") == ["m-1"]
        await stage.bus.send("plain", [a_message()])
        assert await drain(stage.bus, "plain") == []

    async def test_a_known_id_is_news_once_the_window_is_over(self, stage: Stage) -> None:
        await stage.bus.send("plain", [a_message()])
        await stage.pass_time(10 * MINUTE)
        await stage.bus.send("plain", [a_message()])
        assert ids(await stage.bus.receive("plain", 10)) == ["m-1", "m-1"]
        await stage.pass_time(10 * MINUTE - SECOND)
        await stage.bus.send("plain", [a_message()])
        assert len(await stage.bus.peek("plain", 10)) == 2

    async def test_one_id_twice_in_a_batch_is_one_message(self, stage: Stage) -> None:
        await stage.bus.send("plain", [a_message(), a_message()])
        assert ids(await stage.bus.receive("plain", 10)) == ["m-1"]

    async def test_ids_are_compared_within_one_entity_only(self, stage: Stage) -> None:
        await stage.bus.send("plain", [a_message()])
        await stage.bus.send("in-order", [a_message(session_id="s")])
        await stage.bus.send("forgetful", [a_message()])
        await stage.bus.send("forgetful", [a_message()])
        assert await drain(stage.bus, "plain") == ["m-1"]
        assert await drain(stage.bus, "forgetful") == ["m-1", "m-1"]  # it detects none

    # -- dead letters --------------------------------------------------------------------------

    async def test_poison_alone_is_a_dead_letter_after_its_last_delivery(
        self, stage: Stage
    ) -> None:
        await stage.bus.send("plain", [a_message("poison"), a_message("sound")])
        await abandon_times(stage, "plain", 3)
        assert await drain(stage.bus, "plain") == ["sound"]
        (dead,) = await stage.bus.peek("plain" + DEAD, 10)
        assert dead.message.message_id == "poison"
        assert dead.dead_letter_reason == "MaxDeliveryCountExceeded"

    async def test_locks_that_run_out_count_as_deliveries(self, stage: Stage) -> None:
        await stage.bus.send("plain", [a_message()])
        for count in (1, 2, 3):
            assert (await one(stage.bus, "plain")).delivery_count == count
            await stage.pass_time(MINUTE)
        (dead,) = await stage.bus.peek("plain" + DEAD, 10)
        assert dead.dead_letter_reason == "MaxDeliveryCountExceeded"
        assert list(await stage.bus.receive("plain", 1)) == []

    async def test_a_dead_letter_carries_its_reason_and_its_message(self, stage: Stage) -> None:
        sent = a_message(subject="orders.accepted", properties={"tenant": "acme"})
        await stage.bus.send("plain", [sent])
        await stage.bus.dead_letter("plain", await one(stage.bus, "plain"), "bad", "no such SKU")
        assert list(await stage.bus.receive("plain", 1)) == []
        dead = await one(stage.other, "plain" + DEAD)
        assert (dead.dead_letter_reason, dead.dead_letter_detail) == ("bad", "no such SKU")
        assert dead.message == sent
        await stage.other.complete("plain" + DEAD, dead)
        assert list(await stage.bus.peek("plain" + DEAD, 1)) == []

    async def test_a_dead_letter_cannot_die_again(self, stage: Stage) -> None:
        await stage.bus.send("plain", [a_message()])
        await stage.bus.dead_letter("plain", await one(stage.bus, "plain"), "bad", "")
        path = "plain" + DEAD
        with pytest.raises(ValueError, match="no dead-letter queue"):
            await stage.bus.dead_letter(path, await one(stage.bus, path), "worse", "")
        await stage.pass_time(timedelta(days=3))
        await abandon_times(stage, path, 9)
        assert ids(await stage.bus.peek(path, 10)) == ["m-1"]

    async def test_a_replayed_dead_letter_has_a_new_id_and_knows_its_old_one(
        self, stage: Stage
    ) -> None:
        await stage.bus.send("plain", [a_message(properties={"tenant": "acme"}), a_message("m-2")])
        for _ in range(2):
            await stage.bus.dead_letter("plain", await one(stage.bus, "plain"), "bad", "")
        dead = await stage.bus.peek("plain" + DEAD, 10)
        assert await stage.bus.replay("plain" + DEAD, [dead[0].sequence_number, 999_999]) == 1
        again = await one(stage.bus, "plain")
        assert again.message.message_id == "m-1#p1"
        assert again.message.properties == {"tenant": "acme", "original-message-id": "m-1"}
        assert (again.delivery_count, again.message.body) == (1, b"m-1")
        assert again.dead_letter_reason is None
        assert ids(await stage.bus.peek("plain" + DEAD, 10)) == ["m-2"]

    async def test_every_replay_of_a_message_has_another_id(self, stage: Stage) -> None:
        copy = a_message("m-1#r2", properties={"original-message-id": "m-1"})
        await stage.bus.send("plain", [copy])
        for wanted in ("m-1#r2#p1", "m-1#r2#p2"):
            await stage.bus.dead_letter("plain", await one(stage.bus, "plain"), "bad", "")
            (dead,) = await stage.bus.peek("plain" + DEAD, 10)
            assert await stage.bus.replay("plain" + DEAD, [dead.sequence_number]) == 1
            (again,) = await stage.bus.peek("plain", 10)
            assert again.message.message_id == wanted
            assert again.message.properties["original-message-id"] == "m-1"

    async def test_two_dead_letters_of_one_id_are_both_replayed(self, stage: Stage) -> None:
        for _ in range(2):
            await stage.bus.send("forgetful", [a_message()])
            await stage.bus.send("plain", [a_message()])
            await stage.bus.dead_letter("plain", await one(stage.bus, "plain"), "bad", "")
            await stage.pass_time(10 * MINUTE)
        dead = await stage.bus.peek("plain" + DEAD, 10)
        assert await stage.bus.replay("plain" + DEAD, [d.sequence_number for d in dead]) == 2
        assert ids(await stage.bus.receive("plain", 10)) == ["m-1#p1", "m-1#p2"]

    # -- time to live --------------------------------------------------------------------------

    async def test_an_expired_message_is_a_dead_letter_where_the_entity_keeps_it(
        self, stage: Stage
    ) -> None:
        await stage.bus.send("plain", [a_message("short", ttl_s=30), a_message("long")])
        await stage.pass_time(30 * SECOND)
        assert ids(await stage.bus.peek("plain", 10)) == ["long"]
        (dead,) = await stage.bus.peek("plain" + DEAD, 10)
        assert dead.message.message_id == "short"
        assert dead.dead_letter_reason == "TTLExpiredException"
        assert await drain(stage.bus, "plain") == ["long"]

    async def test_receiving_passes_over_what_has_expired(self, stage: Stage) -> None:
        await stage.bus.send("plain", [a_message("short", ttl_s=30), a_message("long")])
        await stage.pass_time(30 * SECOND)
        assert await drain(stage.bus, "plain") == ["long"]
        assert ids(await stage.bus.receive("plain" + DEAD, 10)) == ["short"]

    async def test_an_expired_message_is_dropped_where_nobody_keeps_it(self, stage: Stage) -> None:
        await stage.bus.send("forgetful", [a_message(ttl_s=30)])
        await stage.pass_time(30 * SECOND)
        assert list(await stage.bus.receive("forgetful", 1)) == []
        assert list(await stage.bus.receive("forgetful" + DEAD, 1)) == []

    async def test_the_time_to_live_of_an_entity_is_the_longest(self, stage: Stage) -> None:
        await stage.bus.send("plain", [a_message("usual"), a_message("longer", ttl_s=7_200)])
        await stage.pass_time(timedelta(hours=1))
        assert list(await stage.bus.receive("plain", 10)) == []
        assert ids(await stage.bus.receive("plain" + DEAD, 10)) == ["usual", "longer"]

    async def test_a_locked_message_can_be_completed_after_its_end(self, stage: Stage) -> None:
        await stage.bus.send("plain", [a_message(ttl_s=30)])
        received = await one(stage.bus, "plain")
        await stage.pass_time(45 * SECOND)
        await stage.bus.complete("plain", received)
        assert list(await stage.bus.peek("plain" + DEAD, 1)) == []

    async def test_a_message_that_expired_under_its_lock_does_not_come_back(
        self, stage: Stage
    ) -> None:
        await stage.bus.send("plain", [a_message(ttl_s=30)])
        received = await one(stage.bus, "plain")
        await stage.pass_time(45 * SECOND)
        await stage.bus.abandon("plain", received)
        assert list(await stage.bus.receive("plain", 1)) == []
        assert ids(await stage.bus.peek("plain" + DEAD, 1)) == ["m-1"]

    # -- scheduled -----------------------------------------------------------------------------

    async def test_a_scheduled_message_is_hidden_until_its_time(self, stage: Stage) -> None:
        due = stage.now() + 5 * MINUTE
        await stage.bus.send("plain", [a_message(scheduled_at=due), a_message("at-once")])
        assert await drain(stage.bus, "plain") == ["at-once"]
        assert list(await stage.bus.peek("plain", 10)) == []
        await stage.pass_time(5 * MINUTE - SECOND)
        assert list(await stage.bus.receive("plain", 10)) == []
        await stage.pass_time(3 * SECOND)
        received = await one(stage.other, "plain")
        assert (received.delivery_count, received.enqueued_at) == (1, due)
        assert received.message.scheduled_at == due

    async def test_scheduled_messages_come_by_time_and_before_what_is_sent_later(
        self, stage: Stage
    ) -> None:
        now = stage.now()
        late = a_message("late", scheduled_at=now + 2 * MINUTE)
        early = a_message("early", scheduled_at=now + MINUTE)
        await stage.bus.send("plain", [late, early])
        await stage.pass_time(3 * MINUTE)
        await stage.bus.send("plain", [a_message("sent")])
        assert await drain(stage.bus, "plain") == ["early", "late", "sent"]

    async def test_a_time_that_has_passed_is_now(self, stage: Stage) -> None:
        await stage.bus.send("plain", [a_message(scheduled_at=stage.now() - MINUTE)])
        assert await drain(stage.bus, "plain") == ["m-1"]

    async def test_a_scheduled_message_is_taken_back(self, stage: Stage) -> None:
        due = stage.now() + MINUTE
        await stage.bus.send("plain", [a_message(scheduled_at=due)])
        assert await stage.other.cancel_scheduled("plain", "m-1") is True
        assert await stage.bus.cancel_scheduled("plain", "m-1") is False
        await stage.pass_time(2 * MINUTE)
        assert list(await stage.bus.receive("plain", 1)) == []

    async def test_a_scheduled_message_is_not_taken_back_after_it_fired(self, stage: Stage) -> None:
        await stage.bus.send("plain", [a_message(scheduled_at=stage.now() + MINUTE)])
        await stage.pass_time(MINUTE)
        assert await stage.bus.cancel_scheduled("plain", "m-1") is False
        assert await drain(stage.bus, "plain") == ["m-1"]
        assert await stage.bus.cancel_scheduled("plain", "m-1") is False

    async def test_a_scheduled_id_is_known_at_once(self, stage: Stage) -> None:
        await stage.bus.send("plain", [a_message(scheduled_at=stage.now() + MINUTE)])
        await stage.bus.send("plain", [a_message()])
        assert list(await stage.bus.receive("plain", 1)) == []

    async def test_a_scheduled_message_lives_from_its_time_on(self, stage: Stage) -> None:
        late = a_message(scheduled_at=stage.now() + 5 * MINUTE, ttl_s=60)
        await stage.bus.send("plain", [late])
        await stage.pass_time(6 * MINUTE - SECOND)
        assert ids(await stage.bus.peek("plain", 1)) == ["m-1"]
        await stage.pass_time(SECOND)
        assert list(await stage.bus.receive("plain", 1)) == []

    # -- looking -------------------------------------------------------------------------------

    async def test_peeking_takes_nothing_and_goes_on_behind_a_number(self, stage: Stage) -> None:
        await stage.bus.send("plain", some_messages(4))
        locked = await one(stage.bus, "plain")
        first = await stage.other.peek("plain", 2)
        assert ids(first) == ["m-1", "m-2"]
        assert [each.lock_token for each in first] == ["", ""]
        rest = await stage.other.peek("plain", 10, after=first[-1].sequence_number)
        assert ids(rest) == ["m-3", "m-4"]
        await stage.bus.complete("plain", locked)
        assert ids(await stage.bus.receive("plain", 10)) == ["m-2", "m-3", "m-4"]

    # -- topics --------------------------------------------------------------------------------

    async def test_an_event_reaches_the_subscriptions_that_want_it(self, stage: Stage) -> None:
        accepted = a_message(
            "e-1",
            subject="orders.accepted",
            properties={"tenant": "acme", "priority": 9, "region": "north"},
        )
        foreign = a_message("e-2", subject="orders.accepted", properties={"tenant": "other"})
        urgent = a_message(
            "e-3", subject="returns.received", properties={"priority": 6, "region": "south"}
        )
        await stage.bus.send("news", [accepted, foreign, urgent])
        assert await drain(stage.bus, "news/orders") == ["e-1", "e-2"]
        assert await drain(stage.bus, "news/urgent") == ["e-1", "e-3"]
        assert await drain(stage.bus, "news/acme") == ["e-1"]

    async def test_an_event_that_nobody_wants_is_gone(self, stage: Stage) -> None:
        await stage.bus.send("news", [a_message(subject="weather.sunny")])
        for name in ("orders", "urgent", "acme"):
            assert list(await stage.bus.peek(f"news/{name}", 1)) == []

    async def test_subscriptions_settle_apart(self, stage: Stage) -> None:
        event = a_message(subject="orders.accepted", properties={"tenant": "acme"})
        await stage.bus.send("news", [event])
        await stage.bus.complete("news/orders", await one(stage.bus, "news/orders"))
        other = await one(stage.bus, "news/acme")
        assert (other.message, other.delivery_count) == (event, 1)
        await stage.bus.dead_letter("news/acme", other, "bad", "")
        assert ids(await stage.bus.peek("news/acme" + DEAD, 1)) == ["m-1"]
        assert list(await stage.bus.peek("news/orders" + DEAD, 1)) == []

    async def test_a_topic_drops_known_ids_for_all_subscriptions(self, stage: Stage) -> None:
        event = a_message(subject="orders.accepted", properties={"tenant": "acme"})
        await stage.bus.send("news", [event])
        await stage.bus.send("news", [event])
        assert await drain(stage.bus, "news/orders") == ["m-1"]
        assert await drain(stage.bus, "news/acme") == ["m-1"]

    async def test_a_scheduled_event_reaches_its_subscriptions_when_it_is_due(
        self, stage: Stage
    ) -> None:
        due = stage.now() + MINUTE
        event = a_message(
            subject="orders.accepted", properties={"tenant": "acme"}, scheduled_at=due
        )
        lost = a_message("e-2", subject="weather.sunny", scheduled_at=due)
        await stage.bus.send("news", [event, lost])
        assert list(await stage.bus.receive("news/orders", 1)) == []
        await stage.pass_time(MINUTE)
        assert await drain(stage.bus, "news/acme") == ["m-1"]
        assert await drain(stage.bus, "news/orders") == ["m-1"]

    async def test_a_dead_event_is_replayed_where_it_died(self, stage: Stage) -> None:
        event = a_message(subject="orders.accepted", properties={"tenant": "acme"})
        await stage.bus.send("news", [event])
        await stage.bus.dead_letter("news/acme", await one(stage.bus, "news/acme"), "bad", "")
        (dead,) = await stage.bus.peek("news/acme" + DEAD, 1)
        assert await stage.bus.replay("news/acme" + DEAD, [dead.sequence_number]) == 1
        assert await drain(stage.bus, "news/acme") == ["m-1#p1"]

    # -- sessions ------------------------------------------------------------------------------

    async def test_a_session_is_held_by_one_and_comes_in_order(self, stage: Stage) -> None:
        await stage.bus.send("in-order", some_messages(3, session_id="a"))
        assert await stage.bus.accept_session("in-order") == "a"
        assert await stage.other.accept_session("in-order") is None
        received = await stage.bus.receive("in-order", 2, session_id="a")
        assert ids(received) == ["m-1", "m-2"]
        assert [each.locked_until for each in received] == [stage.now() + MINUTE] * 2
        assert ids(await stage.bus.receive("in-order", 2, session_id="a")) == ["m-3"]
        assert list(await stage.bus.receive("in-order", 2, session_id="a")) == []

    async def test_free_sessions_are_given_in_turn(self, stage: Stage) -> None:
        for name in ("b", "a", "c"):
            await stage.bus.send("in-order", [a_message(f"m-{name}", session_id=name)])
        assert await stage.bus.accept_session("in-order") == "b"
        assert await stage.other.accept_session("in-order") == "a"
        assert await stage.other.accept_session("in-order") == "c"
        assert await stage.other.accept_session("in-order") is None

    async def test_a_session_without_messages_is_not_given(self, stage: Stage) -> None:
        assert await stage.bus.accept_session("in-order") is None
        await stage.bus.send("in-order", [a_message(session_id="a")])
        assert await stage.bus.accept_session("in-order") == "a"
        await stage.bus.complete("in-order", await one(stage.bus, "in-order", "a"))
        await stage.bus.release_session("in-order", "a")
        assert await stage.bus.accept_session("in-order") is None

    async def test_a_session_that_gets_messages_again_is_given_again(self, stage: Stage) -> None:
        await stage.bus.send("in-order", [a_message("m-1", session_id="a")])
        assert await stage.bus.accept_session("in-order") == "a"
        await stage.bus.complete("in-order", await one(stage.bus, "in-order", "a"))
        await stage.other.send("in-order", [a_message("m-2", session_id="a")])
        await stage.bus.release_session("in-order", "a")
        assert await stage.other.accept_session("in-order") == "a"
        assert (await one(stage.other, "in-order", "a")).message.message_id == "m-2"

    async def test_order_in_a_session_survives_an_abandoned_message(self, stage: Stage) -> None:
        await stage.bus.send("in-order", some_messages(2, session_id="a"))
        assert await stage.bus.accept_session("in-order") == "a"
        await stage.bus.abandon("in-order", await one(stage.bus, "in-order", "a"))
        again = await stage.bus.receive("in-order", 5, session_id="a")
        assert ids(again) == ["m-1", "m-2"]
        assert [each.delivery_count for each in again] == [2, 1]

    async def test_a_session_must_be_held_to_receive(self, stage: Stage) -> None:
        await stage.bus.send("in-order", [a_message(session_id="a")])
        with pytest.raises(LockLost):
            await stage.bus.receive("in-order", 1, session_id="a")

    async def test_sessions_are_where_the_topology_has_them(self, stage: Stage) -> None:
        with pytest.raises(ValueError, match="session"):
            await stage.bus.send("in-order", [a_message()])
        with pytest.raises(ValueError, match="session"):
            await stage.bus.receive("in-order", 1)
        with pytest.raises(ValueError, match="session"):
            await stage.bus.receive("plain", 1, session_id="a")
        with pytest.raises(ValueError, match="session"):
            await stage.bus.accept_session("plain")
        with pytest.raises(ValueError, match="session"):
            await stage.bus.send("news", [a_message(subject="stock.freed")])

    async def test_a_lost_session_gives_its_messages_to_the_next_holder(self, stage: Stage) -> None:
        await stage.bus.send("in-order", some_messages(2, session_id="a"))
        assert await stage.bus.accept_session("in-order") == "a"
        late = await one(stage.bus, "in-order", "a")
        await stage.pass_time(MINUTE)
        with pytest.raises(LockLost):
            await stage.bus.complete("in-order", late)
        with pytest.raises(LockLost):
            await stage.bus.receive("in-order", 1, session_id="a")
        assert await stage.other.accept_session("in-order") == "a"
        taken = await stage.other.receive("in-order", 5, session_id="a")
        assert ids(taken) == ["m-1", "m-2"]
        assert [each.delivery_count for each in taken] == [2, 1]
        with pytest.raises(LockLost):
            await stage.bus.complete("in-order", late)
        for each in taken:
            await stage.other.complete("in-order", each)

    async def test_renewing_a_message_renews_its_session(self, stage: Stage) -> None:
        await stage.bus.send("in-order", some_messages(2, session_id="a"))
        assert await stage.bus.accept_session("in-order") == "a"
        first = await one(stage.bus, "in-order", "a")
        await stage.pass_time(40 * SECOND)
        assert await stage.bus.renew("in-order", first) == stage.now() + MINUTE
        await stage.pass_time(40 * SECOND)
        assert await stage.other.accept_session("in-order") is None
        await stage.bus.complete("in-order", first)
        assert ids(await stage.bus.receive("in-order", 5, session_id="a")) == ["m-2"]

    async def test_a_lost_session_cannot_be_renewed(self, stage: Stage) -> None:
        await stage.bus.send("in-order", [a_message(session_id="a")])
        assert await stage.bus.accept_session("in-order") == "a"
        received = await one(stage.bus, "in-order", "a")
        await stage.bus.abandon("in-order", received)
        with pytest.raises(LockLost):
            await stage.bus.renew("in-order", received)
        again = await one(stage.bus, "in-order", "a")
        await stage.pass_time(MINUTE)
        with pytest.raises(LockLost):
            await stage.bus.renew("in-order", again)

    async def test_a_released_session_goes_on_with_what_was_not_settled(self, stage: Stage) -> None:
        await stage.bus.send("in-order", some_messages(3, session_id="a"))
        assert await stage.bus.accept_session("in-order") == "a"
        received = await stage.bus.receive("in-order", 2, session_id="a")
        await stage.bus.complete("in-order", received[0])
        await stage.bus.release_session("in-order", "a")
        with pytest.raises(LockLost):
            await stage.bus.complete("in-order", received[1])
        assert await stage.other.accept_session("in-order") == "a"
        rest = await stage.other.receive("in-order", 5, session_id="a")
        assert ids(rest) == ["m-2", "m-3"]

    async def test_releasing_a_session_that_is_lost_harms_nobody(self, stage: Stage) -> None:
        await stage.bus.release_session("in-order", "a")
        await stage.bus.send("in-order", [a_message(session_id="a")])
        assert await stage.bus.accept_session("in-order") == "a"
        await stage.bus.release_session("in-order", "b")
        assert ids(await stage.bus.receive("in-order", 5, session_id="a")) == ["m-1"]

    async def test_a_released_session_waits_behind_the_others(self, stage: Stage) -> None:
        for name in ("a", "b"):
            await stage.bus.send("in-order", [a_message(f"m-{name}", session_id=name)])
        assert await stage.bus.accept_session("in-order") == "a"
        await stage.bus.release_session("in-order", "a")
        assert await stage.bus.accept_session("in-order") == "b"

    async def test_poison_inside_a_session_lets_the_session_go_on(self, stage: Stage) -> None:
        await stage.bus.send("in-order", [a_message("poison", session_id="a")])
        await stage.bus.send("in-order", [a_message("sound", session_id="a")])
        assert await stage.bus.accept_session("in-order") == "a"
        for _ in range(3):
            await stage.bus.abandon("in-order", await one(stage.bus, "in-order", "a"))
        assert (await one(stage.bus, "in-order", "a")).message.message_id == "sound"
        dead = await one(stage.bus, "in-order" + DEAD)
        assert dead.message == a_message("poison", session_id="a")
        assert dead.dead_letter_reason == "MaxDeliveryCountExceeded"

    async def test_poison_that_costs_the_session_each_time_dies_too(self, stage: Stage) -> None:
        await stage.bus.send("in-order", [a_message("poison", session_id="a")])
        for _ in range(3):
            assert await stage.bus.accept_session("in-order") == "a"
            await one(stage.bus, "in-order", "a")
            await stage.pass_time(MINUTE)
        assert await stage.bus.accept_session("in-order") is None
        assert ids(await stage.bus.peek("in-order" + DEAD, 5)) == ["poison"]

    async def test_a_session_whose_messages_expired_is_not_given(self, stage: Stage) -> None:
        await stage.bus.send("in-order", [a_message(session_id="a", ttl_s=10)])
        await stage.pass_time(10 * SECOND)
        assert await stage.bus.accept_session("in-order") is None
        assert ids(await stage.bus.peek("in-order" + DEAD, 5)) == ["m-1"]

    async def test_a_replayed_message_joins_its_session_again(self, stage: Stage) -> None:
        await stage.bus.send("in-order", [a_message(session_id="a")])
        assert await stage.bus.accept_session("in-order") == "a"
        await stage.bus.dead_letter("in-order", await one(stage.bus, "in-order", "a"), "bad", "")
        await stage.bus.release_session("in-order", "a")
        (dead,) = await stage.bus.peek("in-order" + DEAD, 5)
        assert await stage.bus.replay("in-order" + DEAD, [dead.sequence_number]) == 1
        assert await stage.bus.accept_session("in-order") == "a"
        assert (await one(stage.bus, "in-order", "a")).message.message_id == "m-1#p1"

    async def test_a_subscription_has_sessions_where_it_asks_for_them(self, stage: Stage) -> None:
        events = [
            a_message(f"e-{i}", subject="stock.freed", session_id=f"s-{i % 2}") for i in range(4)
        ]
        await stage.bus.send("news", events)
        assert await stage.bus.accept_session("news/ordered") == "s-0"
        assert ids(await stage.bus.receive("news/ordered", 9, session_id="s-0")) == ["e-0", "e-2"]
