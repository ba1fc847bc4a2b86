"""The life of a delivery and of its endpoint."""

from datetime import timedelta

import pytest

from shared.kernel.errors import Invalid
from shared.kernel.outbound import Answer, CallFailure
from shared.notifications.decide import delivery as decide
from shared.notifications.model import DeliveryStatus, Disabled, EndpointStatus
from tests.unit.notifications.samples import NOW, a_delivery, an_endpoint, details

FAILED, DONE = Answer(500), Answer(204)


@pytest.mark.parametrize(
    "url",
    [
        *("http://shop.example/h", "ftp://shop.example", "https:///xx", "https://u:p@shop.example"),
        *("https://shop.example/#x", "https://shop.example:99999/", "https://zoë.example/"),
        *("http://127.0.0.1/", "https://shop.example/a b"),
    ],
)
def test_only_a_plain_https_url_is_an_endpoint(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        decide.check_endpoint(details(url=url, events=("*", "nothing")), loopback=False)
    assert [fault.pointer for fault in refused.value.faults] == ["/url", "/events/1"]


def test_this_machine_is_an_endpoint_only_where_tries_are_allowed() -> None:
    decide.check_endpoint(details(url="http://127.0.0.1:9/x"), loopback=True)
    decide.check_endpoint(details(url="https://shop.example:8443/x?y=1"), loopback=False)
    with pytest.raises(Invalid):
        decide.check_endpoint(details(url="http://10.0.0.1/x"), loopback=True)


def test_a_delivery_is_tried_ten_times_over_three_days_and_then_failed() -> None:
    delivery, now, waits = a_delivery(), NOW, []
    for _ in range(10):
        delivery = decide.tried(delivery, FAILED, now)
        waits.append(int((delivery.next_at - now).total_seconds()))
        now = delivery.next_at
    assert waits[:9] == [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]
    assert (delivery.status, delivery.tries) == (DeliveryStatus.FAILED, 10)


def test_an_answer_may_ask_for_more_time_than_the_schedule_gives() -> None:
    later = decide.tried(a_delivery(), Answer(503, retry_after_s=60), NOW)
    assert later.next_at == NOW + timedelta(seconds=60)


def test_a_try_is_kept_with_what_was_answered_or_why_there_was_no_answer() -> None:
    once = decide.tried(a_delivery(), Answer(0, failure=CallFailure.TIMED_OUT), NOW)
    twice = decide.tried(once, DONE, NOW)
    assert [(a.status, a.failure) for a in twice.attempts] == [(0, "timed-out"), (204, None)]
    assert twice.status is DeliveryStatus.DELIVERED


def test_only_what_is_due_is_tried_and_a_try_puts_it_ahead() -> None:
    due = a_delivery(next_at=NOW)
    assert decide.claimed(due, NOW) == due.model_copy(update={"next_at": NOW + decide.LEASE})
    assert decide.claimed(due, NOW - timedelta(seconds=1)) is None
    assert decide.claimed(decide.tried(due, DONE, NOW), NOW + timedelta(days=1)) is None


def test_a_redirect_is_no_success() -> None:
    assert decide.tried(a_delivery(), Answer(302), NOW).status is DeliveryStatus.PENDING


def test_a_replay_begins_the_schedule_anew() -> None:
    failed = decide.tried(a_delivery(tries=9), FAILED, NOW)
    again = decide.replayed(failed, NOW)
    assert (again.status, again.tries) == (DeliveryStatus.PENDING, 0)
    assert decide.tried(again, FAILED, NOW).next_at == NOW + timedelta(seconds=5)


def test_a_delivery_is_forgotten_seven_days_after_it_was_made() -> None:
    assert decide.ttl_s(a_delivery(), NOW + timedelta(days=1)) == 6 * 86_400
    assert decide.ttl_s(a_delivery(), NOW + timedelta(days=8)) == 1


def test_a_failing_endpoint_is_marked_once_and_cleared_by_a_success() -> None:
    after = decide.tried(a_delivery(), FAILED, NOW)
    failing = decide.endpoint_after(an_endpoint(), after, FAILED, NOW)
    assert failing is not None
    assert failing.failing_since == NOW
    assert not decide.is_tried_at_once(failing)
    assert decide.new_delivery(failing, "e_2", "x", "{}", NOW).next_at == NOW
    assert decide.endpoint_after(failing, after, FAILED, NOW) is None
    cleared = decide.endpoint_after(failing, after, DONE, NOW)
    assert cleared == an_endpoint()
    assert decide.endpoint_after(an_endpoint(), after, DONE, NOW) is None


def test_an_endpoint_that_is_gone_gets_nothing_more() -> None:
    after = decide.tried(a_delivery(), Answer(410), NOW)
    gone = decide.endpoint_after(an_endpoint(), after, Answer(410), NOW)
    assert after.status is DeliveryStatus.FAILED
    assert gone is not None
    assert (gone.status, gone.disabled) == (EndpointStatus.DISABLED, Disabled.GONE)
    assert decide.endpoint_after(gone, after, DONE, NOW) is None


def test_an_endpoint_is_disabled_when_a_delivery_failed_for_good_and_none_succeeded() -> None:
    delivery, now = a_delivery(), NOW
    for _ in range(10):
        delivery = decide.tried(delivery, FAILED, now)
        now = delivery.next_at
    silent = decide.endpoint_after(an_endpoint(failing_since=NOW), delivery, FAILED, now)
    assert silent is not None
    assert silent.disabled is Disabled.FAILING
    # It took something else in between: only this delivery is the trouble.
    alive = an_endpoint(failing_since=NOW + timedelta(hours=1))
    assert decide.endpoint_after(alive, delivery, FAILED, now) is None


def test_an_endpoint_is_put_out_of_use_and_back_by_hand() -> None:
    out = decide.disabled(an_endpoint())
    assert out is not None
    assert out.disabled is Disabled.BY_HAND
    assert decide.disabled(out) is None
    assert decide.enabled(out) == an_endpoint()
    assert decide.enabled(an_endpoint()) is None


def test_two_secrets_sign_while_they_are_rotated_and_never_three() -> None:
    once, gone = decide.rotated(an_endpoint(), "secret_2")
    assert (once.secrets, gone) == (("secret_2", "secret_1"), ())
    twice, gone = decide.rotated(once, "secret_3")
    assert (twice.secrets, gone) == (("secret_3", "secret_2"), ("secret_1",))
    last, gone = decide.only_newest(twice)
    assert (last.secrets, gone) == (("secret_3",), ("secret_2",))
