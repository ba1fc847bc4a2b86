"""kill -9 at random moments of a busy stretch: nothing that was answered is lost or doubled."""

import asyncio
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from shared.kernel.clock import SystemClock
from shared.wiring import embedded_world
from tests.host.site import (
    ENVIRONMENT,
    ROOT,
    Host,
    a_retailer,
    audited,
    customers,
    settings_of,
    start,
)
from tests.host.test_command import run
from tests.host.traffic import STOCK, Crowd, Promises, pause

pytestmark = [pytest.mark.slow, pytest.mark.crash]
REST_S = 120  # locks and leases of the dead, and the delays of what failed meanwhile
SEED = 20_261_122
IN_MID_DAY = (4, 36)  # how many of the day's 40 orders have come
DEMO = ("demo", "--once", "--orders", "40", "--data")
DEADLINE_S = 240.0


@dataclass
class Stretch:
    """A host under traffic; `restart` gives it back after a death, on its port."""

    host: Host
    crowd: Crowd
    chance: random.Random
    restart: Callable[[], Host]

    async def busy(self, least_s: float, most_s: float) -> None:
        await pause(self.chance.uniform(least_s, most_s))


@asynccontextmanager
async def a_busy_stretch(
    data: Path, promises: Promises, seed: int, processes: int
) -> AsyncIterator[Stretch]:
    """Let a crowd act on a host; at the end of the block it ends what it has begun."""
    token = await a_retailer(data, STOCK)
    host = start(data, processes=processes)
    world = embedded_world(settings=settings_of(data))
    try:
        async with customers(host, token) as client:
            chance = random.Random(seed)
            people = random.Random(chance.getrandbits(64))
            crowd = Crowd(client, world, SystemClock(), people, promises)

            def restart() -> Host:
                return start(data, processes=processes, port=host.port)

            stretch = Stretch(host, crowd, chance, restart)
            playing = asyncio.create_task(crowd.play())
            try:
                yield stretch
            finally:
                crowd.is_over = True
                await playing
                host = stretch.host
    finally:
        await world.close()


async def test_a_host_killed_again_and_again_keeps_what_it_has_answered(
    tmp_path: Path, crashes: int
) -> None:
    promises = Promises()
    async with a_busy_stretch(tmp_path, promises, SEED, 1) as stretch:
        for _ in range(crashes):
            await stretch.busy(0.3, 3.0)
            stretch.host.kill()
            stretch.host = await asyncio.to_thread(stretch.restart)
        await stretch.busy(0.5, 0.5)
    books = await audited(tmp_path, REST_S)
    stretch.host.kill()
    sys.stdout.write(f"{crashes} crashes: {dict(promises.answers)}\n")
    assert list(promises.broken(books)) == []
    assert promises.orders


async def test_a_process_of_several_may_die_while_the_others_go_on(
    tmp_path: Path, crashes: int
) -> None:
    promises = Promises()
    async with a_busy_stretch(tmp_path, promises, SEED + 1, 4) as stretch:
        for _ in range(crashes):
            await stretch.busy(0.3, 3.0)
            os.kill(stretch.chance.choice(stretch.host.children), signal.SIGKILL)
        await stretch.busy(0.5, 0.5)
    books = await audited(tmp_path, REST_S)
    stretch.host.kill()
    assert list(promises.broken(books)) == []
    assert promises.orders


def stage_of(data: Path) -> str:
    try:
        return str(json.loads((data / "demo.json").read_text("utf-8"))["stage"])
    except (OSError, ValueError):
        return ""


def orders_in(data: Path) -> int:
    query = "SELECT count(*) FROM documents WHERE container = 'orders' AND type = 'order'"
    with closing(sqlite3.connect(f"file:{data}/orderloom.db?mode=ro", uri=True)) as database:
        return int(database.execute(query).fetchone()[0])


def until(condition: Callable[[], bool]) -> None:
    """Look again and again until a condition holds.

    Raises:
        TimeoutError: it never does.
    """
    clock, begun = SystemClock(), SystemClock().now()
    while not condition():
        if (clock.now() - begun).total_seconds() > DEADLINE_S:
            raise TimeoutError
        threading.Event().wait(0.01)


def killed_demo(data: Path, moment: Callable[[], bool]) -> None:
    """Run the demo, and kill it when the moment has come or when it has ended."""
    process = subprocess.Popen(
        [sys.executable, "-m", "local", *DEMO, str(data)],
        cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until(lambda: process.poll() is not None or moment())
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the demo's folder as it is when its day is about to begin."""
    data: Path = tmp_path_factory.mktemp("demo") / "data"
    killed_demo(data, lambda: stage_of(data) != "")
    assert stage_of(data) == "open"
    return data


def test_a_demo_killed_in_mid_day_goes_on_and_adds_up(
    tmp_path: Path, seeded: Path, crashes: int
) -> None:
    chance = random.Random(SEED)
    for number in range(crashes):
        data, moment = tmp_path / f"day-{number}", chance.randint(*IN_MID_DAY)
        shutil.copytree(seeded, data)
        killed_demo(data, partial(_has_come, data, moment))
        assert stage_of(data) == "begun"
        again = run(*DEMO, str(data), timeout=DEADLINE_S)
        assert (again.returncode, "was interrupted" in again.stdout) == (0, True), again.stdout
        checked = run("audit", "--data", str(data), "--wait", "60", timeout=DEADLINE_S)
        assert checked.stdout == "tenants: 2, faults: 0: good\n"
        shutil.rmtree(data)


def _has_come(data: Path, moment: int) -> bool:
    return orders_in(data) >= moment
