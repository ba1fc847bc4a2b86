"""kill -9 at random moments of a busy stretch: nothing that was answered is lost or doubled."""

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.kernel.clock import SystemClock
from shared.wiring import embedded_world
from tests.host.site import Host, a_retailer, audited, customers, settings_of, start
from tests.host.traffic import STOCK, Crowd, Promises, pause

pytestmark = [pytest.mark.slow, pytest.mark.crash]
REST_S = 120  # locks and leases of the dead, and the delays of what failed meanwhile
SEED = 20_261_122


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
