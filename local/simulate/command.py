"""`python -m local simulate`: many seeds on all cores, with a summary of what went wrong."""

import argparse
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from local.simulate.mutants import MUTANTS, mutated
from local.simulate.play import Result, play
from local.simulate.stage import Adapters
from local.wrong_use import WrongUse

ORDERS: Final = 20
SEEDS: Final = 100
FAILED_SHOWN_MAX: Final = 20
CHUNK: Final = 4  # seeds that a process is handed at once


@dataclass(slots=True)
class Summary:
    """What many seeds came to."""

    seeds: int = 0
    orders: int = 0
    cpu_s: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    crashed: Counter[tuple[str, str]] = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)
    failed: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def add(self, result: Result) -> None:
        """Count a seed in."""
        self.seeds += 1
        self.orders += result.orders
        self.cpu_s += result.cpu_s
        self.faults.update(result.points.faults)
        self.crashed.update(result.points.crashed)
        self.passed.update(result.points.passed)
        if result.failures:
            self.failed[result.seed] = result.failures

    @property
    def ms_an_order(self) -> float:
        return 1000 * self.cpu_s / max(1, self.orders)

    def uncovered(self) -> list[str]:
        """Return the calls that were made and never crashed on one side of them."""
        wanted = ((call, side) for call in self.passed for side in ("before", "after"))
        return sorted(f"{call} {side}" for call, side in wanted if not self.crashed[call, side])


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how many seeds are played")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first seed")
    parser.add_argument("--orders", type=int, default=ORDERS, help="orders of each seed")
    parser.add_argument(
        "--adapters",
        choices=("memory", "embedded"),
        default="memory",
        help="what is played over: plain memory, or SQLite; one seed has one history on both",
    )
    parser.add_argument("--mutant", help=f"a protocol with one fault: {', '.join(MUTANTS)}")
    parser.add_argument("--trace", type=int, default=0, help="last lines of a seed's trace")


def run(arguments: argparse.Namespace) -> int:
    """Play the seeds; 1 when an invariant of any of them is broken."""
    if arguments.seeds < 1 or arguments.orders < 1:
        raise WrongUse("at least one seed and one order are needed")
    if arguments.mutant is not None and arguments.mutant not in MUTANTS:
        raise WrongUse(f"there is no mutant {arguments.mutant!r}; there are: {', '.join(MUTANTS)}")
    summary = Summary()
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    one = partial(
        _one,
        orders=arguments.orders,
        mutant=arguments.mutant,
        keep=arguments.trace,
        adapters=arguments.adapters,
    )
    for result in _results(one, seeds):
        summary.add(result)
        _tell(result, summary, arguments.seeds)
    _sum_up(summary)
    return 1 if summary.failed else 0


def _one(seed: int, *, orders: int, mutant: str | None, keep: int, adapters: Adapters) -> Result:
    with mutated(mutant):
        return play(seed, orders, keep=keep, adapters=adapters)


def _results(one: "partial[Result]", seeds: range) -> Iterator[Result]:
    if len(seeds) == 1:
        yield one(seeds[0])
        return
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(one, seeds, chunksize=CHUNK)


def _tell(result: Result, summary: Summary, seeds: int) -> None:
    if result.trace:
        print("\n".join(result.trace))
    if result.failures and len(summary.failed) <= FAILED_SHOWN_MAX:
        print(f"seed {result.seed} {result.digest}")
        print("\n".join(f"    {line}" for line in result.failures))
    if seeds == 1:
        print(f"seed {result.seed} {result.digest}: {result.steps} steps")
    elif summary.seeds % 100 == 0:
        print(f"{summary.seeds} of {seeds} seeds, {len(summary.failed)} failed", flush=True)


def _sum_up(summary: Summary) -> None:
    print(f"{summary.seeds} seeds, {summary.orders} orders, {summary.ms_an_order:.1f} ms an order")
    print(f"faults: {_counted(summary.faults.items())}")
    print(f"calls: {_counted(summary.passed.items())}")
    points = len(summary.passed) * 2
    uncovered = summary.uncovered()
    print(f"crashed at {points - len(uncovered)} of {points} fault points {' '.join(uncovered)}")
    named = ", ".join(str(seed) for seed in sorted(summary.failed))
    print(f"{len(summary.failed)} seeds failed{': ' if named else ''}{named}")


def _counted(rows: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(rows))
