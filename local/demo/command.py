"""`python -m local demo`: the host with two seeded retailers and a short day, then it serves."""

import argparse
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

DATA: Final = Path("data") / "demo"
PORT: Final = 7071
ORDERS: Final = 120
ORDERS_MAX: Final = 5_000
SEED_MAX: Final = 10**9
INTERRUPTED: Final = 130
THURSDAY: Final = 3
DAYS_PLAYED: Final = 3


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--once", action="store_true", help="end after the summary")
    parser.add_argument(
        "--port", type=_port, metavar="P", help="default: 7071; with --once a free one"
    )
    parser.add_argument("--data", type=Path, default=DATA, metavar="DIR", help=f"default: {DATA}")
    parser.add_argument("--seed", type=_whole(SEED_MAX), default=1, metavar="N", help="default: 1")
    parser.add_argument(
        "--orders", type=_whole(ORDERS_MAX), default=ORDERS, metavar="N", help="usual orders (120)"
    )
    parser.add_argument(
        "--day", type=_day, metavar="DATE", help="default: a Thursday not long ago (YYYY-MM-DD)"
    )


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) <= 65_535):
        raise argparse.ArgumentTypeError(f"{text!r} is no port from 0 to 65535")
    return int(text)


def _whole(most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and len(text) < 12 and 1 <= int(text) <= most):
            raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to {most}")
        return int(text)

    return parse


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date like 2026-11-12") from None


def usual_day(today: date) -> date:
    """Return the last Thursday that is long enough ago; what is served afterwards is recent."""
    last = today - timedelta(days=DAYS_PLAYED)
    return last - timedelta(days=(last.weekday() - THURSDAY) % 7)


def run(arguments: argparse.Namespace) -> int:
    """Seed, play, print, and serve unless told otherwise; 1 when a line is lost or oversold.

    Raises:
        WrongUse: it cannot begin.
    """
    from local.demo.kept import kept_in
    from local.demo.play import demo
    from local.host.command import check_folder, run_on_uvloop, serve
    from local.host.serving import Serving

    data: Path = arguments.data
    check_folder(data)
    usual = 0 if arguments.once else PORT
    port = usual if arguments.port is None else arguments.port
    day = arguments.day or usual_day(datetime.now(UTC).date())
    kept = kept_in(data, arguments.seed, arguments.orders, day)
    try:
        code = run_on_uvloop(demo(kept, data, port))
    except KeyboardInterrupt:
        sys.stderr.write("\nstopped; another start goes on with what is stored\n")
        return INTERRUPTED
    if arguments.once or code != 0:
        return code
    return run_on_uvloop(serve(Serving("127.0.0.1", port, data, synchronous=None, processes=1)))
