"""One start of the demo: seed and day the first time, the stored state ever after."""

import os
import random
import secrets
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from local.demo.agenda import Agenda, Told
from local.demo.day import dawn, play
from local.demo.doors import Doors
from local.demo.http_client import Client
from local.demo.kept import Kept
from local.demo.look import where_to_look
from local.demo.progress import Progress
from local.demo.retailers import RETAILERS, products_of
from local.demo.seed import pass_opening_over, plant
from local.demo.summary import Verdict, accounts, audited, summary_of
from local.host.host import HOST_JSON, Host, Options, running_host
from local.host.host_json import read_host_json
from local.host.server import listening_socket
from local.wrong_use import WrongUse
from shared.kernel.clock import Clock, SteppedClock
from shared.kernel.ids import SortableIds
from shared.tenants.service import Office
from shared.wiring import Settings, World, WrongSettings, embedded_world, settings_from
from shared.wiring.logs import log_as_json

ADDRESS: Final = "127.0.0.1"
SECRET_BYTES: Final = 24


async def demo(kept: Kept, data: Path, port: int) -> int:
    """Play the day or go on after it, then say where to look; 0 when the accounts are right.

    Raises:
        WrongUse: a setting, the data or the port is unusable.
    """
    listening_socket(ADDRESS, port).close()  # a port that is taken is said before the work
    settings = _settings(data)
    if kept.stage in {"begun", "done"}:
        code = await _go_on(kept, settings)
    else:
        code = await _first(kept, settings)
    print(where_to_look(kept, settings, f"http://{ADDRESS}:{port}"), flush=True)
    return code


def _settings(data: Path) -> Settings:
    try:
        settings = settings_from(os.environ)
    except WrongSettings as error:
        raise WrongUse(str(error)) from error
    log_as_json("WARNING" if settings.log_level == "INFO" else settings.log_level)
    return replace(settings, data=data)


async def _first(kept: Kept, settings: Settings) -> int:
    """Seed, play the day under a stepped clock, and print what came of it."""
    started = time.perf_counter()
    progress, clock = Progress(sys.stderr), SteppedClock(dawn(kept.day))
    # The day is invented: a power cut may cost its last moments, and it is played faster so.
    world = _world(replace(settings, synchronous="NORMAL"), clock, random.Random(kept.seed))
    try:
        await _seed(world, kept, progress)
        async with _opened(world, kept, options=_stepped()) as (doors, host):
            kept.reach("begun")
            played = await play(doors, _agenda(clock, host, progress), kept.day)
            progress.end()
            verdict = await audited(world)
            text = await summary_of(world, played, verdict)
            kept.reach("done", text)
    finally:
        await world.close()
    print(text)
    took = time.perf_counter() - started
    print(f"Played in {took:.1f} s with {doors.count} calls and messages through the doors.")
    return 0 if verdict.is_good and played.journey.is_complete else 1


def _agenda(clock: SteppedClock, host: Host, progress: Progress) -> Agenda:
    told: Told = lambda done, whole, at: progress.show(  # noqa: E731 - a callback in one place
        "day", done, whole, f"{at:%a %H:%M} UTC"
    )
    return Agenda(clock, host, told)


def _world(settings: Settings, clock: Clock | None, rng: random.Random | None) -> World:
    try:
        return embedded_world(settings=settings, clock=clock, rng=rng, threaded=rng is None)
    except WrongSettings as error:
        raise WrongUse(str(error)) from error


async def _seed(world: World, kept: Kept, progress: Progress) -> None:
    """Put both retailers in; keys and secrets are never drawn from the seed."""
    office = Office(world.store, SortableIds(world.clock), world.tenants)
    whole = sum(len(products_of(retailer)) for retailer in RETAILERS)
    done = 0

    def told(count: int) -> None:
        nonlocal done
        done += count
        progress.show("seed", done, whole, "products")

    for retailer in RETAILERS:
        kept.secrets.setdefault(retailer.tenant_id, secrets.token_hex(SECRET_BYTES))
        await plant(office, retailer, kept, world.clock.now(), told)
    await pass_opening_over(world.store)
    progress.end()
    kept.reach("open")


def _stepped() -> Options:
    """Return options in which no session is held: its lock would not outlive a clock's step."""
    return Options(settings=replace(read_host_json(HOST_JSON), session_idle_s=0.0))


@asynccontextmanager
async def _opened(
    world: World, kept: Kept, options: Options | None = None
) -> AsyncIterator[tuple[Doors, Host]]:
    """Run the host on a free port, with its doors."""
    from function_app import app

    async with running_host(app, world, options=options) as running:
        address, _, port = running.url.removeprefix("http://").partition(":")
        client = Client(address, int(port))
        try:
            await running.host.settled()
            yield (
                Doors(
                    client=client,
                    bus=world.bus,
                    clock=world.clock,
                    kept=kept,
                    store=world.store,
                    outbox=world.settings.outbox_folder,
                    settled=running.host.settled,
                ),
                running.host,
            )
        finally:
            await client.close()


async def _go_on(kept: Kept, settings: Settings) -> int:
    """Let come to rest what the last start left, and hold the stored state to account."""
    is_whole = kept.stage == "done"
    how = "was played to its end" if is_whole else "was interrupted"
    print(f"The demo day of {kept.day} (seed {kept.seed}) {how}; going on with what is stored.")
    world = _world(settings, None, None)
    try:
        async with _opened(world, kept):
            pass  # it opens once the world is at rest
        verdict: Verdict = await audited(world)
    finally:
        await world.close()
    if is_whole:
        print(f"Its summary was:\n\n{kept.summary}")
    print("The stored state now:\n" + accounts(verdict))
    return 0 if verdict.is_good else 1
