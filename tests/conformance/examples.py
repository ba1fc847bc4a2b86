"""The worked examples of conformance.json, and who runs each of them.

A runner returns what our functions answer beside what the source publishes, both read from the
example itself. Where the example's prose leaves a reading open, the runner names the one taken.
"""

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

FILE: Final = Path(__file__).with_name("conformance.json")
NOT_YET: Final = {"atp": "time-phased ATP"}  # areas that this release does not answer


@dataclass(frozen=True, slots=True)
class Example:
    """One worked example: what is given, what is done, what the source answers."""

    id: str
    area: str
    given: Any
    when: Any
    then: Any


@dataclass(frozen=True, slots=True)
class Answer:
    """What we answer and what is published; the example passes when they are equal."""

    ours: object
    published: object


Run = Callable[[Example], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Runner:
    run: Run
    reading: str


RUNNERS: Final[dict[str, Runner]] = {}


def example(*ids: str, reading: str = "as written") -> Callable[[Run], Run]:
    """Register who runs examples, and how their prose was read."""

    def register(run: Run) -> Run:
        for name in ids:
            if name in RUNNERS:
                raise ValueError(f"{name} has two runners")
            RUNNERS[name] = Runner(run, reading)
        return run

    return register


def _document() -> Any:
    return json.loads(FILE.read_bytes())


def examples() -> tuple[Example, ...]:
    return tuple(
        Example(row["id"], row["area"], row["given"], row["when"], row["then"])
        for row in _document()["examples"]
    )


def given(name: str) -> Any:
    """Return one of the data sets that several examples share."""
    return _document()["fixtures"][name]


def steps(quantity: float) -> int:
    """Return a quantity of the source as whole counts of a half step."""
    doubled = quantity * 2
    if doubled != int(doubled):
        raise ValueError(f"{quantity} is no multiple of a half")
    return int(doubled)


def numbers(text: str) -> list[int]:
    """Return the whole numbers of a line of prose."""
    return [int(found) for found in re.findall(r"\d+", text)]
