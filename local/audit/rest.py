"""Waiting until nothing moves in a data folder any more."""

import asyncio
from typing import Final

from shared.wiring import World
from shared.wiring.backlog import backlog

LOOK_EVERY_S: Final = 0.25
# What moves between the two databases may be missed by one look, never by several.
QUIET_LOOKS: Final = 4


async def at_rest(world: World, wait_s: float) -> dict[str, int]:
    """Return what still moves when it has come to rest, or when the time is over: empty is rest."""
    quiet, looks = 0, max(QUIET_LOOKS, round(wait_s / LOOK_EVERY_S))
    moving = await backlog(world)
    for _ in range(looks):
        quiet = 0 if moving else quiet + 1
        if quiet == QUIET_LOOKS:
            break
        await asyncio.sleep(LOOK_EVERY_S)
        moving = await backlog(world)
    return moving
