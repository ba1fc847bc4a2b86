"""Many histories with faults end with every invariant held; one seed is one history.

What seeds have found is told plainly in test_found: a seed is another history with every change.
"""

import subprocess
import sys
from collections.abc import Callable

import pytest

from local.simulate.play import play
from local.simulate.trouble import CALM
from tests.simulation.chunks import ORDERS, play_all

SEEDS = 300
CHUNK = 15
ON_BOTH = 24
CALLS = {
    "bus.complete",
    "bus.receive",
    "bus.send",
    "documents.batch",
    "documents.get",
    "documents.query",
    "feed.checkpoint",
    "feed.read",
}


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_every_invariant_holds_after_any_history(first: int) -> None:
    assert play_all(range(first, first + CHUNK)).failures == {}


def test_without_trouble_nothing_goes_wrong() -> None:
    result = play(3, ORDERS, CALM)
    assert result.failures == ()
    assert set(result.points.faults) <= {"clock jump"}


def test_one_seed_is_one_history_in_every_process() -> None:
    code = "from local.simulate.play import play; print(play(5, 10).digest)"
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout.strip()
        for hash_seed in ("1", "2")
    }
    assert digests == {play(5, 10).digest}
    assert play(6, 10).digest not in digests


@pytest.mark.slow
@pytest.mark.parametrize("first", range(2_000, 2_000 + ON_BOTH, 6))
def test_one_seed_is_one_history_on_sqlite_and_in_memory(first: int) -> None:
    for seed in range(first, first + 6):
        in_memory = play(seed, ORDERS, adapters="memory")
        on_sqlite = play(seed, ORDERS, adapters="embedded")
        assert (in_memory.digest, in_memory.steps) == (on_sqlite.digest, on_sqlite.steps)
        assert on_sqlite.failures == ()


def test_every_call_is_crashed_before_and_after_it(
    record_property: Callable[[str, object], None],
) -> None:
    chunk = play_all(range(1_000, 1_008))
    assert set(chunk.passed) == CALLS
    record_property("crashed at", len(chunk.crashed))
    assert set(chunk.crashed) == {(call, side) for call in CALLS for side in ("before", "after")}
