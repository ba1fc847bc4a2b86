import json
import logging
import random
from datetime import timedelta
from pathlib import Path

import pytest

from functions.operations import health, openapi, sweep_claims
from shared.adapters.embedded.claims import FolderClaims
from shared.inventory.model.documents import SWEEPS, SweepCursor
from shared.kernel.bus import Message
from shared.kernel.clock import SteppedClock
from shared.kernel.documents import Container, Create
from shared.kernel.errors import Unavailable
from shared.wiring import Settings, WrongSettings, embedded_world, settings_from, use, world
from shared.wiring.backlog import backlog, dead
from shared.wiring.logs import JsonLines
from shared.wiring.secrets import secrets_of
from shared.wiring.simulated import memory_world, put_in
from tests.unit.edge.door import START, TENANT, a_door, a_request, json_of


def test_the_defaults_need_no_environment() -> None:
    assert settings_from({"HOME": "/somewhere", "ORDERLOOM_FIXTURES": "x"}) == Settings()


def test_settings_are_read_and_checked() -> None:
    found = settings_from(
        {
            "ORDERLOOM_RATE_PER_S": "5",
            "ORDERLOOM_DATA": "elsewhere",
            "ORDERLOOM_ENVIRONMENT": "live",
        }
    )
    assert (found.rate_per_s, found.data, found.environment) == (5, Path("elsewhere"), "live")
    assert found.outbox_folder == Path("elsewhere/outbox")
    assert settings_from({"ORDERLOOM_OUTBOX": "post"}).outbox_folder == Path("post")


def test_an_unknown_setting_names_the_nearest_known_one() -> None:
    with pytest.raises(WrongSettings) as refused:
        settings_from({"ORDERLOOM_RATE_PER_SECOND": "5"})
    assert refused.value.faults == (
        "ORDERLOOM_RATE_PER_SECOND is no setting; the nearest is ORDERLOOM_RATE_PER_S",
    )


def test_every_wrong_setting_is_named_at_once() -> None:
    with pytest.raises(WrongSettings) as refused:
        settings_from(
            {
                "ORDERLOOM_SYNCHRONOUS": "OFF",
                "ORDERLOOM_IN_FLIGHT_MAX": "0",
                "ORDERLOOM_RATE_PER_S": "many",
                "ORDERLOOM_PEPPER": "abc",
            }
        )
    assert refused.value.faults == (
        "ORDERLOOM_IN_FLIGHT_MAX is a whole number from 1 to 100000",
        "ORDERLOOM_PEPPER is 64 hexadecimal digits",
        "ORDERLOOM_RATE_PER_S is a whole number from 0 to 1000000",
        "ORDERLOOM_SYNCHRONOUS is one of FULL, NORMAL",
    )


def test_secrets_are_made_once_and_kept_for_nobody_else_to_read(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data")
    first = secrets_of(settings)
    assert secrets_of(settings) == first
    assert (tmp_path / "data" / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert (len(first.pepper), len(first.platform_key)) == (32, 47)
    assert repr(first) == "Secrets(...)"


def test_secrets_of_the_settings_win(tmp_path: Path) -> None:
    both = Settings(data=tmp_path, pepper="ab" * 32, platform_key="p" * 40)
    assert secrets_of(both).pepper == b"\xab" * 32
    assert not (tmp_path / "secrets.json").exists()
    one = Settings(data=tmp_path, platform_key="p" * 40)
    assert secrets_of(one).platform_key == "p" * 40
    assert (tmp_path / "secrets.json").exists()


def test_unreadable_secrets_are_told_and_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text("{}")
    with pytest.raises(WrongSettings, match=r"secrets\.json"):
        secrets_of(Settings(data=tmp_path))


async def test_a_world_on_disk_continues_with_its_stored_state(tmp_path: Path) -> None:
    first = embedded_world(tmp_path / "data", clock=SteppedClock(START), threaded=False)
    await first.claims.put(TENANT, "c", b"body")
    await first.close()
    second = embedded_world(tmp_path / "data", clock=SteppedClock(START), threaded=False)
    assert await second.claims.get(TENANT, "c") == b"body"
    assert second.secrets == first.secrets
    await second.close()


async def test_one_seed_draws_the_same_ids_and_secrets() -> None:
    drawn = []
    for _ in range(2):
        made = embedded_world(in_memory=True, clock=SteppedClock(START), rng=random.Random(3))
        drawn.append((made.ids.new("o"), made.secrets.platform_key))
        await made.close()
    assert drawn[0] == drawn[1]


async def test_the_world_in_use_is_put_back_after_a_fault() -> None:
    outer, inner = await a_door(), await a_door()
    with use(outer.world):
        with pytest.raises(ZeroDivisionError), use(inner.world):
            _ = 1 / 0
        assert world() is outer.world


async def test_another_world_is_put_in_within_a_use_which_puts_the_first_back() -> None:
    first, second = await a_door(), await a_door()
    with use(first.world):
        put_in(second.world)
        assert world() is second.world
        put_in(first.world)
    with use(second.world):
        with use(first.world):
            put_in(first.world)
        assert world() is second.world


async def test_what_waits_is_counted_and_what_died_apart() -> None:
    found = (await a_door()).world
    await found.bus.send("orders-in", [Message("m-1", b"{}"), Message("m-2", b"{}")])
    assert await backlog(found) == {"orders-in": 2}
    (first,) = await found.bus.receive("orders-in", 1)
    await found.bus.dead_letter("orders-in", first, "bad", "no such SKU")
    assert await backlog(found) == {"orders-in": 1}
    assert await dead(found) == {"orders-in/$deadletterqueue": 1}


async def test_what_waits_in_plain_memory_is_counted_as_well() -> None:
    clock = SteppedClock(START)
    found = memory_world(settings=Settings(), clock=clock, rng=random.Random(1))
    feed = found.store.feed(Container.MASTER, "reader")
    await feed.read(1)
    await found.store.batch(TENANT, Container.MASTER, "k", [Create(SWEEPS, "sweep", SweepCursor())])
    await found.bus.send("orders-in", [Message("m-1", b"{}")])
    assert await backlog(found) == {"master/reader": 1, "orders-in": 1}
    (first,) = await found.bus.receive("orders-in", 1)
    await found.bus.dead_letter("orders-in", first, "bad", "no such SKU")
    assert await dead(found) == {"orders-in/$deadletterqueue": 1}
    await found.close()


async def test_claim_checks_in_a_folder_expire_and_are_swept(tmp_path: Path) -> None:
    clock = SteppedClock(START)
    claims = FolderClaims(tmp_path, clock)
    await claims.put(TENANT, "../../etc/passwd", b"body")
    await claims.put(TENANT, "../../etc/passwd", b"another")
    assert await claims.get(TENANT, "../../etc/passwd") == b"body"
    assert await claims.get("globex", "../../etc/passwd") is None
    clock.advance(timedelta(days=7))
    assert await claims.get(TENANT, "../../etc/passwd") is None
    assert await claims.sweep() == 1
    assert await claims.sweep() == 0


async def test_a_folder_that_cannot_be_used_is_a_failure_of_the_outside(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    claims = FolderClaims(tmp_path / "file", SteppedClock(START))
    with pytest.raises(Unavailable):
        await claims.put(TENANT, "c", b"body")
    with pytest.raises(Unavailable):
        await claims.get(TENANT, "c")


async def test_a_body_beyond_the_bound_is_a_fault_of_ours(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="4000001 bytes"):
        await FolderClaims(tmp_path, SteppedClock(START)).put(TENANT, "c", b"x" * 4_000_001)


async def test_health_is_ready_when_store_and_bus_answer() -> None:
    door = await a_door()
    with use(door.world):
        answer = await health(a_request())
    assert answer.status_code == 200
    assert json_of(answer) == {
        "alive": True,
        "ready": True,
        "store": "ok",
        "bus": "ok",
        "at": json_of(answer)["at"],
    }


class AwayBus:
    async def peek(self, path: str, limit: int) -> None:
        raise Unavailable(f"{path} {limit}")


async def test_health_is_not_ready_without_the_bus() -> None:
    door = await a_door()
    door.world.bus = AwayBus()  # type: ignore[assignment]  # is peeked at only
    with use(door.world):
        answer = await health(a_request())
    assert (answer.status_code, json_of(answer)["bus"]) == (503, "away")
    assert json_of(answer)["alive"] is True


async def test_the_description_of_the_api_needs_no_credential() -> None:
    door = await a_door()
    with use(door.world):
        answer = await openapi(a_request())
    assert json_of(answer)["openapi"] == "3.1.0"


async def test_the_sweep_of_claim_checks_runs_as_a_timer() -> None:
    door = await a_door()
    await door.world.claims.put(TENANT, "c", b"body")
    door.clock.advance(timedelta(days=7))
    with use(door.world):
        await sweep_claims(None)
    assert await door.world.claims.sweep() == 0


def a_record(**fields: object) -> logging.LogRecord:
    record = logging.LogRecord("orderloom", logging.INFO, "file", 1, "http_request", None, None)
    vars(record).update(fields)
    return record


def test_a_log_line_holds_listed_fields_only() -> None:
    line = json.loads(
        JsonLines().format(
            a_record(tenant_id="acme", email="jane@example.com", code="", status=200)
        )
    )
    line.pop("at")
    assert line == {"level": "INFO", "event": "http_request", "tenant_id": "acme", "status": 200}


def test_a_log_line_names_a_faults_place_and_not_its_text() -> None:
    record = a_record()
    try:
        int("jane@example.com")
    except ValueError as error:
        record.exc_info = (ValueError, error, error.__traceback__)
    text = JsonLines().format(record)
    assert "jane" not in text
    assert json.loads(text)["fault"] == "ValueError"
    assert "test_wiring.py" in text


def test_a_long_value_is_cut() -> None:
    assert len(json.loads(JsonLines().format(a_record(sku="x" * 999)))["sku"]) == 200
