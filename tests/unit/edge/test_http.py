import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import azure.functions as func
import pytest

from functions._edge import Call, Reply, http
from functions._edge_http import BODY_BYTES_MAX
from functions._edge_routes import ROUTES
from functions.tenants import create_tenant, read_settings
from shared.kernel.errors import (
    GuardFailed,
    NotAllowed,
    NotFound,
    Refused,
    Unavailable,
)
from shared.kernel.model import Strict
from shared.tenants.model import Role
from shared.wiring import Settings, use, world
from tests.unit.edge.door import TENANT, Door, a_door, a_request, add_tenant, json_of, preferences


class Greeting(Strict):
    text: str


class Hello(Strict):
    said: str
    times: int


class Short(Refused):
    code, status = "short", 409

    def __init__(self, wanted: int) -> None:
        super().__init__("too few")
        self.wanted, self._secret = wanted, "hidden"


SAID: list[str] = []
Answering = Callable[[], Awaitable[Reply]]


def raising(error: Exception) -> Answering:
    async def answer() -> Reply:
        raise error

    return answer


async def just_say() -> Reply:
    return Reply(Hello(said="hello", times=len(SAID)), etag="7")


ANSWER: list[Answering] = [just_say]
bp = func.Blueprint()
before = len(ROUTES)


@http(bp, "POST", "greetings", "orders.place", body=Greeting, status=201, creates=True)
async def greet(call: Call[Greeting]) -> Reply:
    """Say something once."""
    SAID.append(call.command_id)
    return await ANSWER[-1]()


@http(bp, "GET", "greetings/{greeting}", "orders.read")
async def look(call: Call[None]) -> Reply:
    """Look at something."""
    if call.param("greeting") != "mine":
        raise NotFound("greeting")
    call.note(order_id="o_1")
    return await ANSWER[-1]()


@http(bp, "PUT", "greetings/{greeting}", "orders.edit", body=Greeting, if_match=True)
async def change(call: Call[Greeting]) -> Reply:
    """Change something."""
    return Reply({"matched": call.if_match()})


del ROUTES[before:]  # these are of this test only


@pytest.fixture(autouse=True)
def _fresh() -> None:
    SAID.clear()
    ANSWER[:] = [just_say]


async def say(
    door: Door, text: str = "hi", idempotency_key: str = "k-1", **changes: object
) -> func.HttpResponse:
    key = changes.pop("key", door.admin)
    with use(door.world):
        return await greet(
            a_request(
                "POST",
                "/api/v1/greetings",
                key=str(key),
                body={"text": text},
                headers={"Idempotency-Key": idempotency_key, "X-Correlation-Id": "c-9"},
            )
        )


async def get(door: Door, greeting: str = "mine", **headers: str) -> func.HttpResponse:
    key = headers.pop("key", door.admin)
    with use(door.world):
        request = a_request(
            path=f"/api/v1/greetings/{greeting}",
            key=key or None,
            headers={"X-Correlation-Id": "c-9", **headers},
            route={"greeting": greeting},
        )
        return await look(request)


async def test_an_answer_carries_its_etag_correlation_and_security_headers() -> None:
    answer = await get(await a_door())
    assert (answer.status_code, json_of(answer)) == (200, {"said": "hello", "times": 0})
    assert dict(answer.headers) == {
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
        "X-Correlation-Id": "c-9",
        "ETag": '"7"',
    }
    assert answer.mimetype == "application/json"


async def test_a_correlation_id_is_minted_where_none_fits() -> None:
    answer = await get(await a_door(), **{"X-Correlation-Id": "no spaces please"})
    assert answer.headers["X-Correlation-Id"].startswith("q_")


@pytest.mark.parametrize("sent", ["", "Basic abc", "Bearer", "Bearer äö", "Bearer ol_dev_x"])
async def test_without_a_good_credential_the_answer_is_401(sent: str) -> None:
    door = await a_door()
    answer = await get(door, key="", Authorization=sent)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="orderloom"'
    assert json_of(answer)["code"] == "unauthenticated"


async def test_a_role_that_may_not_is_refused_before_its_body_is_read() -> None:
    door = await a_door()
    with use(door.world):
        request = a_request("POST", key=door.keys[Role.READ_ONLY], body=b"not json")
        answer = await greet(request)
    assert (answer.status_code, json_of(answer)["code"]) == (403, "forbidden")
    assert SAID == []


async def test_a_problem_names_its_type_code_and_instance() -> None:
    ANSWER.append(raising(Short(3)))
    answer = await get(await a_door())
    assert answer.mimetype == "application/problem+json"
    assert json_of(answer) == {
        "type": "urn:orderloom:problem:short",
        "title": "Short",
        "status": 409,
        "detail": "too few",
        "instance": "/api/v1/greetings/mine#c-9",
        "code": "short",
        "facts": {"wanted": 3},
    }


async def test_a_refused_command_names_the_legal_ones() -> None:
    ANSWER.append(raising(NotAllowed("return", "closed", "receive", ("reopen",))))
    answer = await get(await a_door())
    assert json_of(answer)["facts"]["legal"] == ["reopen"]


@pytest.mark.parametrize("error", [Unavailable("locked"), GuardFailed("level:berlin")])
async def test_a_failure_of_the_outside_is_503_and_names_no_internals(error: Exception) -> None:
    ANSWER.append(raising(error))
    answer = await get(await a_door())
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert json_of(answer)["code"] == "unavailable"
    assert b"level" not in answer.get_body()


async def test_a_fault_of_ours_is_500_and_names_no_internals() -> None:
    ANSWER.append(raising(ValueError("jane@example.com at row 7")))
    answer = await get(await a_door())
    assert (answer.status_code, json_of(answer)["code"]) == (500, "internal")
    assert b"jane" not in answer.get_body()


async def test_every_fault_of_a_body_is_listed_with_its_pointer() -> None:
    door = await a_door()
    with use(door.world):
        request = a_request(
            "POST", key=door.admin, body={"txt": 1}, headers={"Idempotency-Key": "k"}
        )
        answer = await greet(request)
    assert answer.status_code == 422
    assert {(row["pointer"], row["code"]) for row in json_of(answer)["errors"]} == {
        ("/text", "missing"),
        ("/txt", "extra-forbidden"),
    }


async def test_a_body_that_is_no_json_is_400() -> None:
    door = await a_door()
    with use(door.world):
        request = a_request("POST", key=door.admin, body=b"{", headers={"Idempotency-Key": "k"})
        answer = await greet(request)
    assert (answer.status_code, json_of(answer)["code"]) == (400, "unreadable")


async def test_a_body_over_1_mib_is_413() -> None:
    door = await a_door()
    with use(door.world):
        answer = await greet(a_request("POST", key=door.admin, body=b" " * (BODY_BYTES_MAX + 1)))
    assert answer.status_code == 413


async def test_foreign_missing_and_impossible_look_the_same() -> None:
    door = await a_door()
    await add_tenant(door, "globex")
    answers = [await get(door, greeting) for greeting in ("other", "a b")]
    bodies = {answer.get_body().replace(b"a b", b"other") for answer in answers}
    assert {answer.status_code for answer in answers} == {404}
    assert len({json.loads(body)["code"] for body in bodies}) == 1


async def test_the_etag_that_was_read_must_be_sent() -> None:
    door = await a_door()
    with use(door.world):
        bare = await change(a_request("PUT", key=door.admin, body={"text": "x"}))
        sent = {"If-Match": '"7"'}
        good = await change(a_request("PUT", key=door.admin, body={"text": "x"}, headers=sent))
    assert (bare.status_code, json_of(bare)["code"]) == (428, "precondition-required")
    assert json_of(good) == {"matched": "7"}


async def test_a_creating_request_needs_its_idempotency_key() -> None:
    door = await a_door()
    with use(door.world):
        answer = await greet(a_request("POST", key=door.admin, body={"text": "x"}))
    assert answer.status_code == 400
    assert SAID == []


async def test_the_same_key_and_body_run_once_and_answer_twice() -> None:
    door = await a_door()
    first, again = await say(door), await say(door)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.get_body() == again.get_body()
    assert again.headers["ETag"] == '"7"'
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(SAID) == 1


async def test_the_same_key_with_another_body_is_422() -> None:
    door = await a_door()
    await say(door, "hi")
    answer = await say(door, "bye")
    assert (answer.status_code, json_of(answer)["code"]) == (422, "idempotency-key-reused")
    assert len(SAID) == 1


async def test_the_same_key_of_another_credential_is_another_command() -> None:
    door = await a_door()
    await say(door)
    await say(door, key=door.keys[Role.OPERATOR])
    assert len(set(SAID)) == 2


async def test_a_repeat_while_the_first_is_in_work_is_409() -> None:
    door = await a_door()
    inner: list[func.HttpResponse] = []

    async def meanwhile() -> Reply:
        ANSWER.append(just_say)
        inner.append(await say(door))
        return await just_say()

    ANSWER.append(meanwhile)
    outer = await say(door)
    assert outer.status_code == 201
    assert (inner[0].status_code, json_of(inner[0])["code"]) == (409, "request-in-flight")


@pytest.mark.parametrize("error", [Short(1), Unavailable("x"), ValueError("x")])
async def test_what_did_not_succeed_may_be_sent_again_at_once(error: Exception) -> None:
    door = await a_door()
    ANSWER.append(raising(error))
    assert (await say(door)).status_code >= 400
    ANSWER.append(just_say)
    assert (await say(door)).status_code == 201
    assert SAID[0] == SAID[1]


async def test_a_claim_that_a_crash_left_is_taken_over_after_a_minute() -> None:
    door = await a_door()

    async def crash() -> Reply:
        raise KeyboardInterrupt

    ANSWER.append(crash)
    with pytest.raises(KeyboardInterrupt):
        await say(door)
    ANSWER.append(just_say)
    assert (await say(door)).status_code == 409
    door.clock.advance(timedelta(seconds=60))
    assert (await say(door)).status_code == 201
    assert SAID[0] == SAID[1]


async def test_a_key_is_free_again_after_a_day() -> None:
    door = await a_door()
    await say(door, "hi")
    door.clock.advance(timedelta(hours=24))
    assert (await say(door, "bye")).status_code == 201


async def test_an_answer_with_a_secret_is_not_kept() -> None:
    door = await a_door()
    body = {
        "tenant_id": "globex",
        "preferences": json.loads(preferences().model_dump_json()),
    }
    answers = []
    for _ in range(2):
        request = a_request(
            "POST",
            key=door.world.secrets.platform_key,
            body=body,
            headers={"Idempotency-Key": "k"},
        )
        with use(door.world):
            answers.append(await create_tenant(request))
    assert [answer.status_code for answer in answers] == [201, 409]
    assert json_of(answers[1])["code"] == "answer-not-repeatable"


async def test_one_tenants_rate_is_limited_and_the_others_is_not_touched() -> None:
    door = await a_door(settings=replace(Settings(), rate_per_s=1, rate_burst=2))
    other = await add_tenant(door, "globex")
    statuses = [(await get(door)).status_code for _ in range(3)]
    answer = await get(door)
    assert statuses == [200, 200, 429]
    assert (answer.headers["Retry-After"], json_of(answer)["code"]) == ("1", "too-many-requests")
    assert (await get(door, key=other)).status_code == 200
    door.clock.advance(timedelta(seconds=1))
    assert (await get(door)).status_code == 200


async def test_without_a_limit_nothing_is_counted() -> None:
    door = await a_door(settings=replace(Settings(), rate_per_s=0, rate_burst=1))
    assert {(await get(door)).status_code for _ in range(5)} == {200}


async def test_what_is_beyond_the_bound_is_shed_with_503() -> None:
    door = await a_door(settings=replace(Settings(), in_flight_max=1))
    inner: list[func.HttpResponse] = []

    async def meanwhile() -> Reply:
        ANSWER.append(just_say)
        inner.append(await get(door))
        return await just_say()

    ANSWER.append(meanwhile)
    assert (await get(door)).status_code == 200
    assert (inner[0].status_code, inner[0].headers["Retry-After"]) == (503, "1")
    assert (await get(door)).status_code == 200


async def test_a_suspended_tenant_is_refused_by_name() -> None:
    door = await a_door()
    with use(door.world):
        from functions.tenants import suspend_tenant

        request = a_request("POST", key=door.world.secrets.platform_key, route={"tenant": TENANT})
        assert (await suspend_tenant(request)).status_code == 200
        answer = await read_settings(a_request(key=door.admin))
    assert (answer.status_code, json_of(answer)["code"]) == (403, "tenant-suspended")


async def test_the_log_line_has_facts_and_nothing_of_the_body(
    caplog: pytest.LogCaptureFixture,
) -> None:
    door = await a_door()
    with caplog.at_level(logging.INFO, "orderloom"):
        await say(door, "jane@example.com, 5 Elm Street")
    record = caplog.records[-1]
    assert record.message == "http_request"
    fields = vars(record)
    assert (fields["tenant_id"], fields["operation"], fields["outcome"], fields["status"]) == (
        TENANT,
        "orders.place",
        "complete",
        201,
    )
    assert "jane" not in str(fields)
    assert "Elm" not in str(fields)


async def test_outside_of_use_no_world_of_a_test_is_left() -> None:
    door = await a_door()
    with use(door.world):
        assert world() is door.world
