"""The simulator finds every protocol that has one thing wrong."""

import pytest

from local.simulate.mutants import MUTANTS, mutated
from local.simulate.play import play
from tests.simulation.chunks import ORDERS

SEEDS_MAX = 40


@pytest.mark.parametrize("name", MUTANTS)
def test_a_protocol_with_one_thing_wrong_breaks_an_invariant(name: str) -> None:
    with mutated(name):
        killed = next((s for s in range(SEEDS_MAX) if play(s, ORDERS).failures), None)
    assert killed is not None, f"{name} survives {SEEDS_MAX} seeds"


def test_there_are_ten_of_them() -> None:
    assert len(MUTANTS) == 10
