"""`python -m local audit`: what a data folder's documents must add up to, recomputed."""

import argparse
import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from local.wrong_use import WrongUse

WAIT_MAX_S: Final = 3_600
LISTED_MAX: Final = 200
DATABASE: Final = "orderloom.db"


@dataclass(frozen=True, slots=True)
class Report:
    """What was found wrong, and what still moved, by feed and path."""

    tenants: int
    found: tuple[str, ...]
    moving: dict[str, int]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--data", type=Path, default=Path("data"), metavar="DIR", help="data")
    parser.add_argument(
        "--wait", type=_seconds, default=0, metavar="S", help="wait so long until nothing moves"
    )


def _seconds(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) <= WAIT_MAX_S):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds up to {WAIT_MAX_S}")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Audit every tenant; 1 when something is lost, doubled or oversold, or still moves.

    Raises:
        WrongUse: there is no data, or it cannot be read.
    """
    data: Path = arguments.data
    if not (data / DATABASE).is_file():
        raise WrongUse(f"--data {data} holds no {DATABASE}")
    report = asyncio.run(audit(data, arguments.wait))
    for line in report.found[:LISTED_MAX]:
        print(line)
    if len(report.found) > LISTED_MAX:
        print(f"... and {len(report.found) - LISTED_MAX} more")
    for name, count in sorted(report.moving.items()):
        print(f"not at rest: {count} at {name}")
    is_good = not report.found and not report.moving
    print(f"tenants: {report.tenants}, faults: {len(report.found)}: {'good' if is_good else 'BAD'}")
    return 0 if is_good else 1


async def audit(data: Path, wait_s: int) -> Report:
    """Audit all tenants of a folder, once nothing moves there or the time is over.

    Raises:
        WrongUse: it cannot be read.
    """
    from local.audit.checks import audit_tenant, parked
    from local.audit.rest import at_rest
    from shared.kernel.documents import pages
    from shared.tenants.model import PLATFORM, TENANTS
    from shared.wiring import WrongSettings, embedded_world
    from shared.wiring.backlog import dead

    try:
        world = embedded_world(data)
    except WrongSettings as error:
        raise WrongUse(str(error)) from error
    try:
        moving = await at_rest(world, wait_s)
        names = [row.body.tenant_id async for row in pages(world.store, PLATFORM, TENANTS)]
        found = [f"{count} messages died at {path}" for path, count in (await dead(world)).items()]
        for name in names:
            found += await audit_tenant(world.store, name, world.clock.now())
        found += await parked(world.store, PLATFORM)
        return Report(len(names), tuple(found), moving)
    finally:
        await world.close()
