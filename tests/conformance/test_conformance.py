"""Every worked example, a line each: what it came to, and the reading taken."""

import sys

import pytest

from tests.conformance import (  # noqa: F401 - importing them registers their examples
    availability_examples,
    return_examples,
    sourcing_examples,
    stock_examples,
)
from tests.conformance.examples import NOT_YET, RUNNERS, Example, examples


def say(case: Example, came_to: str, reading: str) -> None:
    """Print a line that stands by itself whatever the runner printed before it."""
    sys.stdout.write(f"\n  {case.id:<14} {case.area:<15} {came_to:<5} {reading}\n")


@pytest.mark.parametrize("case", examples(), ids=lambda case: case.id)
async def test_we_answer_what_is_published(case: Example) -> None:
    if case.area in NOT_YET:
        say(case, "-", f"not in this release: {NOT_YET[case.area]}")
        pytest.skip(f"not in this release: {NOT_YET[case.area]}")
    runner = RUNNERS[case.id]
    came_to = "FAIL"
    try:
        answer = await runner.run(case)
        came_to = "pass" if answer.ours == answer.published else "FAIL"
    finally:
        say(case, came_to, runner.reading)
    assert answer.ours == answer.published


def test_every_example_has_a_runner_and_every_runner_an_example() -> None:
    run = {case.id for case in examples() if case.area not in NOT_YET}
    assert set(RUNNERS) == run
